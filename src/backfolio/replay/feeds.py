"""backtrader feeds whose lines are arrays, not bars loaded one by one.

backtrader's own loading of a pandas frame is most of a naive run's time. Here
a line's buffer is an array of the whole window, so nothing is loaded; and in a
run of targets only the clock advances, whatever the number of symbols.
"""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np

from backfolio.money import MILLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.bars import Bars

UNIX_EPOCH_NUMBER = 719_163
"""backtrader counts days from 0001-01-01 as matplotlib once did; this is 1970-01-01."""


def session_numbers(sessions: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return sessions as backtrader's day numbers, float64 (sessions,)."""
    return sessions.astype("datetime64[D]").astype(np.int64).astype(np.float64) + UNIX_EPOCH_NUMBER


class ClockFeed(bt.feed.DataBase):  # type: ignore[misc]
    """A feed of sessions alone: the one thing that advances in a run of targets."""

    params = (("numbers", None),)

    def start(self) -> None:
        """Hand backtrader the day numbers; it measures a feed by its first line, so all are this one."""
        super().start()
        self._numbers = self.p.numbers.tolist()
        self._line = self.lines.datetime
        self._line.array = array("d", self._numbers)
        self.lines.lines = [self._line] * len(self.lines.lines)

    def preload(self) -> None:
        """Do nothing: the line is there."""
        self.home()

    def advance(self, size: int = 1, datamaster: Any = None, ticks: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002
        """Advance the one line, without backtrader's intraday ticks, which no session has."""
        self._line.advance(size)

    def advance_peek(self) -> float:
        """Return the next session's number, infinity after the last."""
        following = self._line.lencount
        return self._numbers[following] if following < len(self._numbers) else math.inf


class SymbolFeed(bt.feed.DataBase):  # type: ignore[misc]
    """One symbol's raw prices (CNY) on every session of the window.

    In a suspension the bar is flat at the last close and has no volume; before
    the listing it is NaN. All feeds have every session, so a late listing
    delays nobody's ``next()``. ``adj_*`` lines hold prices adjusted by factors
    known at the time, for signals; orders trade at raw prices.
    """

    lines = ("adj_open", "adj_high", "adj_low", "adj_close")
    params = (("bars", None), ("column", 0))

    def start(self) -> None:
        """Put arrays behind the lines."""
        super().start()
        for name, values in _lines(self.p.bars, self.p.column).items():
            getattr(self.lines, name).array = array("d", np.ascontiguousarray(values).tobytes())

    def preload(self) -> None:
        """Do nothing: the lines are there."""
        self.home()

    def move_to(self, row: int) -> None:
        """Stand on a session, for a feed that does not advance by itself."""
        for line in self.itersize():
            line.lencount = row + 1
            line.idx = row


def symbol_feed(bars: Bars, column: int) -> SymbolFeed:
    """Return the feed of one symbol, named by it."""
    made: Any = SymbolFeed(bars=bars, column=column, name=bars.symbols[column])
    return made  # type: ignore[no-any-return]


def _lines(bars: Bars, column: int) -> dict[str, NDArray[np.float64]]:
    traded = bars.traded[:, column]
    mark = bars.mark[:, column]
    last = np.where(mark > 0, mark / MILLS, np.nan)
    factor = bars.factor[:, column]
    prices = {
        name: np.where(traded, getattr(bars, name)[:, column] / MILLS, last)
        for name in ("open", "high", "low", "close")
    }
    return {
        **prices,
        **{f"adj_{name}": values * factor for name, values in prices.items()},
        "volume": bars.volume[:, column].astype(np.float64),
        "openinterest": np.zeros(len(traded)),
        "datetime": session_numbers(bars.sessions),
    }
