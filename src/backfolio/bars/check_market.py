"""The rules that need the whole market in place: limits, and factors that jump."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio import ashare
from backfolio.bars.actions import previous_rows
from backfolio.bars.cells import text_of
from backfolio.bars.check import TICK_NOISE
from backfolio.bars.faults import Fault, where
from backfolio.bars.frames import OUTSIDE_LIMITS
from backfolio.bars.rows import PRICES
from backfolio.money import MILLS, cny_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.bars.rows import BarRows
    from backfolio.bars.sides import Actions

JUMP: Final = 1e-3
"""Fraction by which a factor may move without a corporate action: rounding of the vendor."""

VENDOR_LIMITS: Final = "vendor_limits"
FACTOR_JUMP: Final = "factor_jump"
"""Kinds of the faults below."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """The market as placed so far: sessions x symbols, and which rows went into it.

    Parameters
    ----------
    rows
        The table of bars.
    held
        Rows of it that are bars of the market, ascending.
    traded, given, up, down, limit_state
        As in `Bars`; `given` is the reference price of the data, 0 = none.
    """

    rows: BarRows
    held: NDArray[np.intp]
    traded: NDArray[np.bool_]
    given: NDArray[np.int64]
    up: NDArray[np.int64]
    down: NDArray[np.int64]
    limit_state: NDArray[np.int8]

    def cells(self, grid: NDArray[Any]) -> NDArray[Any]:
        """Return what a grid holds for each row of `held`."""
        return grid[self.rows.session[self.held], self.rows.symbol[self.held]]


def inside_limits(market: Placed, looked_at: NDArray[np.bool_]) -> tuple[Fault, Fault]:
    """Every price of a bar lies within the limits of its session.

    A bar whose reference price is the close of a bar that broke this rule is
    not judged: one wrong close would count twice.

    Parameters
    ----------
    market
        As it was before any limit was lifted.
    looked_at
        bool, sessions x symbols: bars that are right whatever the limits say.

    Returns
    -------
    refused, passed
        Bars outside their limits that nobody looked at, and those that somebody did.
    """
    rows, held = market.rows, market.held
    limited = market.cells(market.limit_state) == ashare.LIMITED
    up, down = market.cells(market.up), market.cells(market.down)
    wrong = np.zeros(len(held), dtype=np.bool_)
    for name in PRICES:
        price = rows.mills[name][held]
        wrong |= (price > up) | (price < down)
    wrong &= limited
    passed = wrong & market.cells(looked_at)
    wrong &= ~passed
    if wrong.any():
        broken = np.zeros(market.traded.shape, dtype=np.bool_)
        broken[rows.session[held[wrong]], rows.symbol[held[wrong]]] = True
        last = previous_rows(market.traded)
        before = np.full_like(last, -1)
        before[1:] = last[:-1]
        follows = np.take_along_axis(broken, np.maximum(before, 0), axis=0) & (before >= 0) & (market.given == 0)
        wrong &= ~market.cells(follows)

    def value(row: int) -> str:
        at = rows.session[row], rows.symbol[row]
        low, high = int(market.down[at]), int(market.up[at])
        out = [name for name in PRICES if not low <= rows.mills[name][row] <= high]
        prices = ", ".join(f"{name} {cny_text(int(rows.mills[name][row]))}" for name in out)
        return f"{rows.bar(row)} {prices}, limits {cny_text(low)} to {cny_text(high)}"

    rule = "no price lies outside the limits of its session"
    remedy = (
        "correct it; an ex-date needs pre_close or a row in ex_rights, a share under risk warning is_st = 1, "
        "a new listing its row in listings"
    )
    refused, looked = (Fault("bars", held[mask], value, rule, remedy, OUTSIDE_LIMITS) for mask in (wrong, passed))
    return refused, looked


def vendor_limits_agree(market: Placed) -> Iterator[Fault]:
    """Limit prices of a vendor are those that the rules give, where there is a limit."""
    rows, held = market.rows, market.held
    limited = market.cells(market.limit_state) == ashare.LIMITED
    for name, grid in (("up_limit", market.up), ("down_limit", market.down)):
        if name not in rows.values:
            continue
        ours = market.cells(grid)
        theirs = rows.values[name][held]
        wrong = limited & (np.abs(theirs - ours / MILLS) > TICK_NOISE)

        def value(row: int, name: str = name, grid: NDArray[np.int64] = grid) -> str:
            computed = cny_text(int(grid[rows.session[row], rows.symbol[row]]))
            return f"{rows.bar(row)} {name} {text_of(rows.values[name][row])}, computed {computed}"

        yield Fault(
            "bars",
            held[wrong],
            value,
            "a vendor's limit price is that of the exchange's rules",
            "check pre_close, is_st and the listing date; without a limit price of your own leave the column out",
            VENDOR_LIMITS,
        )


def factor_explained(market: Placed, actions: Actions) -> Iterator[Fault]:
    """Factors move only where a reference price or a corporate action says why.

    Otherwise the drop of an ex-date would be read as a fall of the price.
    """
    rows = market.rows
    if "factor" not in rows.values:
        return
    held = market.held[rows.values["factor"][market.held] > 0]
    session, symbol = rows.session[held], rows.symbol[held]
    factor = np.full(market.traded.shape, np.nan)
    factor[session, symbol] = rows.values["factor"][held]
    before = np.full(market.traded.shape, -1, dtype=np.intp)
    before[1:] = previous_rows(~np.isnan(factor))[:-1]
    since = before[session, symbol]
    ratio = factor[session, symbol] / factor[np.maximum(since, 0), symbol]
    jumps = where((since >= 0) & (np.abs(ratio - 1) > JUMP) & (market.given[session, symbol] == 0))
    seen = np.zeros(market.traded.shape, dtype=np.int32)
    seen[actions.session, actions.symbol] = 1
    np.cumsum(seen, axis=0, out=seen)
    jumps = jumps[seen[session[jumps], symbol[jumps]] == seen[since[jumps], symbol[jumps]]]

    def value(row: int) -> str:
        was = factor[before[rows.session[row], rows.symbol[row]], rows.symbol[row]]
        return f"{rows.bar(row)} factor {text_of(rows.values['factor'][row])} after {text_of(was)}"

    yield Fault(
        "bars",
        held[jumps],
        value,
        f"a factor that moves by more than {JUMP:.1%} has its ex-date in the data",
        "give pre_close on that date, or a row in ex_rights",
        FACTOR_JUMP,
    )
