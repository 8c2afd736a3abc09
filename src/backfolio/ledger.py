"""`Ledger`: everything that happened, the same whichever engine made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Fill(NamedTuple):
    """One order's trade in one session; money in mills."""

    session: int
    """Row of `Ledger.sessions`."""
    symbol: int
    """Column of `Ledger.symbols`."""
    side: str
    """"buy" or "sell"."""
    shares: int
    price: int
    commission: int
    stamp_duty: int
    transfer_fee: int
    dividend_tax: int
    reason: str
    """"target", "order" (a plain backtrader strategy) or the exit that fired."""


class Refusal(NamedTuple):
    """An order, or the part of one, that the market would not trade."""

    session: int
    symbol: int
    side: str
    shares: int
    reason: str
    """One of `ashare.REFUSALS`."""


@dataclass(frozen=True, eq=False)
class Ledger:
    """Fills, refusals and the account after every session.

    Parameters
    ----------
    sessions
        ``datetime64[D]``, (sessions,).
    symbols
        Sorted.
    fills, refusals
        In the order in which they happened.
    cash, equity
        int64 mills, (sessions,), after the close.
    positions
        int64 shares, sessions x symbols, after the close.
    mark
        int64 mills, sessions x symbols: the price each position is valued at.
    start_cash
        Mills before the first session.
    dividends
        int64 mills, (sessions,): cash paid by corporate actions.
    """

    sessions: NDArray[np.datetime64]
    symbols: tuple[str, ...]
    fills: tuple[Fill, ...]
    refusals: tuple[Refusal, ...]
    cash: NDArray[np.int64]
    equity: NDArray[np.int64]
    positions: NDArray[np.int64]
    mark: NDArray[np.int64]
    start_cash: int
    dividends: NDArray[np.int64]

    def __post_init__(self) -> None:
        for array in (self.cash, self.equity, self.positions, self.mark, self.dividends):
            array.setflags(write=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ledger):
            return NotImplemented
        return self.first_difference(other) == ""

    __hash__ = None  # type: ignore[assignment]  # compared by value, never a key

    def first_difference(self, other: Ledger) -> str:
        """Say in one line where two ledgers first differ; "" if they are equal."""
        if self.symbols != other.symbols or not np.array_equal(self.sessions, other.sessions):
            return "the ledgers cover other symbols or sessions"
        for name in ("fills", "refusals"):
            ours, theirs = getattr(self, name), getattr(other, name)
            for row, (one, two) in enumerate(zip(ours, theirs, strict=False)):
                if one != two:
                    return f"{name}[{row}]: {one} != {two}"
            if len(ours) != len(theirs):
                return f"{name}: {len(ours)} rows != {len(theirs)} rows"
        for name in ("positions", "cash", "dividends", "equity"):
            ours, theirs = getattr(self, name), getattr(other, name)
            if not np.array_equal(ours, theirs):
                at = tuple(int(k) for k in np.argwhere(ours != theirs)[0])
                return f"{name}{list(at)} ({self.sessions[at[0]]}): {ours[at]} != {theirs[at]}"
        return ""

    def returns(self) -> NDArray[np.float64]:
        """Return daily returns of equity as float64 (sessions,); the first on starting cash."""
        return daily_returns(self.equity, self.start_cash)


def daily_returns(equity: NDArray[np.int64], cash: int) -> NDArray[np.float64]:
    """Return daily returns of an account, float64 (sessions,): the first on `cash`, 0 once it is worth nothing."""
    before = np.concatenate(([cash], equity[:-1])).astype(np.float64)
    return np.divide(equity, before, out=np.ones(len(equity)), where=before > 0) - 1.0
