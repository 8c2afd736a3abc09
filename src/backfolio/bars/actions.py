"""Reference price, mark and adjustment factor: what corporate actions do to prices.

The reference price is the exchange's: the previous close, or on an ex-date
``(previous close - cash) / (1 + shares)``, half up to the fen. Source: Trading
Rules of the Shanghai and Shenzhen exchanges, 2023 revision, on ex-rights and
ex-dividend prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio.bars.faults import Fault, where
from backfolio.bars.sides import RATIO_UNIT
from backfolio.money import FEN, MILLS, PER_SHARE, cny_text, half_up_ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.bars.sides import Actions

BY_HAND: Final = "import"
"""The source of rows that somebody brought in: who corrects a host must be heard."""

SOURCES: Final = (BY_HAND, "sina", "eastmoney", "cninfo")
"""Whose word on a corporate action counts where several tell it: the first of these (see `bars.events`)."""

UNITS_A_MILL: Final = PER_SHARE // MILLS


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Sessions x symbols arrays of `Bars` that corporate actions shape."""

    reference: NDArray[np.int64]
    mark: NDArray[np.int64]
    factor: NDArray[np.float64]
    cash_per_share: NDArray[np.int64]
    share_ratio: NDArray[np.int64]
    ratio_only: NDArray[np.bool_]


def previous_rows(held: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return, sessions x symbols, the last session up to and including each at which `held`; -1 before."""
    at = np.where(held, np.arange(len(held), dtype=np.intp)[:, None], -1)
    return np.maximum.accumulate(at, axis=0, out=at)


def shifted(array: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each session's value of the session before; 0 in the first."""
    before = np.zeros_like(array)
    before[1:] = array[:-1]
    return before


def ex_price(before: Any, cash: Any, shares: Any, ratio: Any) -> NDArray[np.int64]:  # noqa: ANN401  see Parameters
    """Return the reference price of an ex-date in mills; 0 where nothing is left of the price.

    Parameters
    ----------
    before
        Previous close, int64 mills. All parameters are numbers, or arrays of
        one shape.
    cash, shares, ratio
        As in `Actions`; where `ratio` is not 0 it alone counts.
    """
    left = np.maximum(before * UNITS_A_MILL - cash, 0)
    split = half_up_ratio(left, MILLS, PER_SHARE + shares, FEN)
    price: NDArray[np.int64] = np.where(ratio > 0, half_up_ratio(before, ratio, RATIO_UNIT, FEN), split)
    return price


def settle(
    traded: NDArray[np.bool_],
    close: NDArray[np.int64],
    given: NDArray[np.int64],
    actions: Actions,
    dead: NDArray[np.bool_],
) -> tuple[Settled, list[Fault]]:
    """Work out what `Bars` says of reference prices and corporate actions.

    Parameters
    ----------
    traded, close
        As in `Bars`.
    given
        int64 mills, sessions x symbols: reference price in the data; 0 = none.
    actions
        Corporate actions on these sessions and symbols.
    dead
        bool, sessions x symbols: delisted.
    """
    at = (actions.session, actions.symbol)
    last = previous_rows(traded)
    mark = np.where(last >= 0, np.take_along_axis(close, np.maximum(last, 0), axis=0), 0)
    mark[dead] = 0
    reference = np.zeros_like(close)
    alive = ~dead[at]
    # In a halt an ex-date moves the mark, which later ex-dates of the halt start from: one by one.
    for k in where(~traded[at] & alive & (last[at] >= 0)).tolist():
        session, symbol = int(actions.session[k]), int(actions.symbol[k])
        moved = ex_price(mark[session - 1, symbol], actions.cash[k], actions.shares[k], actions.ratio[k])
        reference[session, symbol] = moved
        until = session + int(np.argmax(np.append(traded[session:, symbol], True)))
        mark[session:until, symbol] = moved
    mark[dead] = 0
    before = shifted(mark)
    np.copyto(reference, np.where(given > 0, given, before), where=traded)
    before_action = np.where(alive, before[at], 0)
    worked_out = where(traded[at] & (given[at] == 0) & (before_action > 0))
    reference[actions.session[worked_out], actions.symbol[worked_out]] = ex_price(
        before_action[worked_out], actions.cash[worked_out], actions.shares[worked_out], actions.ratio[worked_out]
    )
    fault = Fault(
        "ex_rights",
        np.sort(actions.row[(before_action > 0) & (reference[at] <= 0)]),
        lambda row: _too_much(actions, before_action, row),
        "a corporate action leaves a price of at least 0.01 CNY",
        "give CNY for one share held, not for ten",
    )
    return _settled(before, mark, reference, actions, before_action > 0), [fault]


def _settled(
    before: NDArray[np.int64],
    mark: NDArray[np.int64],
    reference: NDArray[np.int64],
    actions: Actions,
    acting: NDArray[np.bool_],
) -> Settled:
    session, symbol = actions.session[acting], actions.symbol[acting]
    by_ratio = actions.ratio[acting] > 0
    changed = (before > 0) & (reference > 0) & (reference != before)
    ratio_only = changed.copy()
    ratio_only[session, symbol] = by_ratio
    cash = np.zeros_like(before)
    shares = np.zeros_like(before)
    cash[session, symbol] = actions.cash[acting]
    shares[session, symbol] = actions.shares[acting]
    step = np.ones(before.shape, dtype=np.float64)
    step[changed] = before[changed] / reference[changed]
    factor = np.cumprod(step, axis=0, dtype=np.float64)
    return Settled(reference, mark, factor, cash, shares, ratio_only)


def _too_much(actions: Actions, before: NDArray[np.int64], row: int) -> str:
    k = int(np.flatnonzero(actions.row == row)[0])
    paid = f"cash {actions.cash[k] / PER_SHARE:g}, shares {actions.shares[k] / PER_SHARE:g}"
    ratio = f"ratio {actions.ratio[k] / RATIO_UNIT:g}"
    return f"{ratio if actions.ratio[k] else paid} on a previous close of {cny_text(int(before[k]))}"
