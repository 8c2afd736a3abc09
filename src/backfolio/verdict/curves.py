"""`Curves`: the daily returns of many trials, made of their equity a few trials at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.errors import UsageError
from backfolio.metrics.ratios import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

CHUNK: Final = 256
"""Trials read at once: a few MB of returns, whatever the number of trials."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Equity of trials that finished, which may lie in a file.

    Parameters
    ----------
    equity
        int64 mills, (trials, sessions), at least one of each; a ``np.memmap``
        is read in chunks.
    start_cash
        int64 mills, (trials,), above 0: what the first return starts from.
    chunk
        Trials read at once.

    Raises
    ------
    UsageError
        If the two do not belong together, or there is nothing in them.
    """

    equity: Integers
    start_cash: Integers
    chunk: int = CHUNK

    def __post_init__(self) -> None:
        if self.equity.ndim != 2 or not self.equity.size:  # noqa: PLR2004
            message = f"equity has the shape {self.equity.shape}: give trials x sessions, at least one of each"
            raise UsageError(message)
        if self.start_cash.shape != self.equity.shape[:1]:
            message = (
                f"start cash has the shape {self.start_cash.shape}: give one amount for each of {len(self)} trials"
            )
            raise UsageError(message)
        if not (self.start_cash > 0).all():
            message = f"start cash is {self.start_cash.min()} mills at the least: give amounts above 0"
            raise UsageError(message)

    def __len__(self) -> int:
        return len(self.equity)

    @property
    def sessions(self) -> int:
        """Length of every curve."""
        return int(self.equity.shape[1])

    def returns(self, first: int, stop: int) -> Floats:
        """Return the simple daily returns of the trials from `first` on and before `stop`, (trials, sessions).

        An account that is worth nothing stays so: its return is 0.
        """
        after = np.asarray(self.equity[first:stop], dtype=np.float64)
        before = np.empty_like(after)
        before[:, 0] = self.start_cash[first:stop]
        before[:, 1:] = after[:, :-1]
        ratio = np.ones_like(after)
        np.divide(after, before, out=ratio, where=before > 0.0)
        return np.subtract(ratio, 1.0, out=ratio)

    def chunks(self) -> Iterator[tuple[slice, Floats]]:
        """Yield all returns, some trials at a time: their rows, and (trials, sessions)."""
        for first in range(0, len(self), self.chunk):
            rows = slice(first, min(first + self.chunk, len(self)))
            yield rows, self.returns(rows.start, rows.stop)


def daily_sharpe(curves: Curves) -> Floats:
    """Return the Sharpe ratio of every trial a session, (trials,); NaN where a curve has no spread.

    The definition of `metrics.ratios.sharpe` with a risk-free rate of 0, not
    annualised.
    """
    ratios = np.full(len(curves), np.nan)
    for rows, returns in curves.chunks():
        moving = moves(returns)
        chosen = returns[moving]
        if chosen.size:
            ratios[rows][moving] = chosen.mean(axis=1) / chosen.std(axis=1, ddof=1)
    return ratios


def moves(returns: Floats) -> Flags:
    """Tell which rows of returns, (trials, sessions), have a spread: all others are constant up to rounding."""
    return np.asarray(np.ptp(returns, axis=1) > ROUNDING)
