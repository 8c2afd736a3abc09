"""`History`: all that was known, as frames of sessions x symbols, for a thesis to read.

Signals use adjusted prices, fills use raw ones: the two stand apart, as
``history.adjusted.close`` and ``history.raw.close``, and nothing mixes them.
Row ``s`` of every frame holds only what was known when a decision after the
close of session ``s`` is made: bars up to and including ``s``, and catalysts
known before 09:15 (Asia/Shanghai) of the session after it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from backfolio.errors import UsageError, did_you_mean
from backfolio.history.clock import as_day, decision_rows, kinds_asked, session_at, whole_sessions, window_rows
from backfolio.history.groups import Groups, cut_to
from backfolio.history.kept import Kept
from backfolio.history.labelled import Frame
from backfolio.history.prices import AdjustedPrices, RawPrices, floats, returns_over
from backfolio.sheets import EVERYONE

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.catalysts import Catalyst
    from backfolio.history.clock import Day
    from backfolio.universe import Universe

Counted = Literal["latest", "highest"]
"""Which of several fresh catalysts a strength is of."""


class Touch(NamedTuple):
    """A catalyst, the row on which a decision can first use it, and whom it touches."""

    catalyst: Catalyst
    row: int
    """Row of the decision; the first open that can act on it is that of ``row + 1``."""
    columns: tuple[int, ...]
    """Columns of the symbols, ascending; never empty."""


@dataclass(frozen=True, eq=False, repr=False, init=False)
class History:
    """Bars, catalysts and universe, and every frame a thesis may ask of them.

    Every frame has the sessions as index and the symbols as columns. Frames
    share memory that cannot be written: ``frame.copy()`` gives one that can.

    Parameters
    ----------
    bars
        Cut to the universe's symbols.
    catalysts
        Each id once, in any order.
    universe
        None = every symbol of the bars, on every session, and no segment but "*".
    benchmark
        Symbol of an index in the bars, or None.

    Attributes
    ----------
    bars
        What the frames are made from.
    events
        The catalysts, sorted by (known_at, id); also those that touch nothing here.
    universe
        As given.
    benchmark_symbol
        As given.
    absent
        The universe's symbols that have no bars.

    Raises
    ------
    UsageError
        If no symbol of the universe has bars, the benchmark is no index of the
        bars, or an id stands twice.
    """

    bars: Bars
    events: tuple[Catalyst, ...]
    universe: Universe | None
    benchmark_symbol: str | None
    absent: tuple[str, ...]

    def __init__(
        self,
        bars: Bars,
        catalysts: Iterable[Catalyst] = (),
        universe: Universe | None = None,
        benchmark: str | None = None,
    ) -> None:
        events = tuple(sorted(catalysts, key=lambda catalyst: (catalyst.known_at, catalyst.id)))
        for name, times in Counter(catalyst.id for catalyst in events).items():
            if times > 1:
                message = f"{times} catalysts have the id {name!r}: rename or drop one"
                raise UsageError(message)
        if benchmark is not None and benchmark not in bars.index_close:
            known = ", ".join(sorted(bars.index_close)) or "none"
            message = (
                f"benchmark {benchmark!r} is not an index of this data{did_you_mean(benchmark, bars.index_close)}: "
                f"choose one of it ({known}), or none"
            )
            raise UsageError(message)
        absent: tuple[str, ...] = ()
        if universe is not None:
            bars, absent = cut_to(universe, bars)
        self._set(bars=bars, events=events, universe=universe, benchmark_symbol=benchmark, absent=absent)

    def __repr__(self) -> str:
        days = f"{self.bars.sessions[0]} to {self.bars.sessions[-1]}" if len(self.bars.sessions) else "empty"
        rows, columns = self.bars.shape
        return f"History({days}, {rows} sessions x {columns} symbols, {len(self.events)} catalysts)"

    @property
    def sessions(self) -> pd.DatetimeIndex:
        """Every session, without a time zone."""
        return self._sessions.view()  # who names it names no other

    @property
    def columns(self) -> pd.Index[str]:
        """Every symbol, sorted, as the columns of every frame."""
        return self._columns.view()

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol, sorted."""
        return self.bars.symbols

    @property
    def raw(self) -> RawPrices:
        """Prices as printed; what fills use."""
        return RawPrices(partial(self._frame, adjusted=False))

    @property
    def adjusted(self) -> AdjustedPrices:
        """Prices made comparable across ex-dates; what signals use."""
        return AdjustedPrices(partial(self._frame, adjusted=True))

    @property
    def members(self) -> pd.DataFrame:
        """Who belongs to the universe, bool."""
        return self._as_frame(self._members)

    @property
    def segments(self) -> Groups:
        """Who belongs to each segment, bool, as in ``history.segments["cpu"]``."""
        names = self.universe.segments if self.universe else ()
        return Groups(names, lambda name: self._as_frame(self._segment(name)))

    @property
    def routes(self) -> Groups:
        """Who takes each technical route, bool, as in ``history.routes["gpgpu"]``."""
        names = self.universe.routes if self.universe else ()
        return Groups(names, lambda name: self._as_frame(self._memo(("route", name), lambda: self._route(name))))

    @property
    def tradable(self) -> pd.DataFrame:
        """Who has a bar on the session and belongs to the universe, bool."""
        return self._as_frame(self._memo("tradable", lambda: self.bars.traded & self._members))

    @property
    def benchmark(self) -> pd.Series[float] | None:
        """Closes of the benchmark in points, on the sessions; NaN = no bar."""
        if self.benchmark_symbol is None:
            return None
        closes = self.bars.index_close[self.benchmark_symbol]
        return pd.Series(closes, index=self.sessions, name=self.benchmark_symbol, copy=False)

    def returns(self, n: int = 1) -> pd.DataFrame:
        """Return over the last `n` sessions, as a fraction of the adjusted close.

        A suspended name keeps its last close. NaN until a symbol has closed
        `n` sessions earlier, and once it is delisted.

        Raises
        ------
        UsageError
            If `n` is not a whole number from 1.
        """
        span = whole_sessions("returns(n)", n)
        return self._as_frame(
            self._memo(("returns", span), lambda: returns_over(self.bars, self._adjusted_closes(), span))
        )

    def catalysts(self, *kinds: str, within: int = 1) -> pd.DataFrame:
        """Tell where a catalyst is fresh, bool.

        True on the decision row of a catalyst and the ``within - 1`` rows after
        it, for each symbol that it touches: its own, or the members of its
        segment on the decision row. The decision row is the session before the
        first one whose open could act on it.

        Parameters
        ----------
        kinds
            Of `backfolio.catalysts.KINDS`; none = all.
        within
            Sessions for which a catalyst stays fresh.

        Raises
        ------
        UsageError
            If a kind is unknown or `within` is not a whole number from 1.
        """
        wanted, rows = kinds_asked(kinds, within)
        return self._as_frame(self._memo(("catalysts", wanted, rows), lambda: self._freshness(wanted, rows)))

    def strength(self, *kinds: str, within: int = 1, of: Counted = "latest") -> pd.DataFrame:
        """Return the strength of a fresh catalyst; 0 where none is fresh.

        Parameters
        ----------
        kinds, within
            As in `catalysts`.
        of
            Which one counts where several are fresh: the "latest" (of two on
            one decision row the one larger in size), or the one of the
            "highest" strength.

        Raises
        ------
        UsageError
            As in `catalysts`, or if `of` is neither of the two.
        """
        wanted, rows = kinds_asked(kinds, within)
        if of not in get_args(Counted):
            near = did_you_mean(of, get_args(Counted)) if isinstance(of, str) else ""
            message = f"of is {of!r}{near}: use {', '.join(get_args(Counted))}"
            raise UsageError(message)
        return self._as_frame(self._memo(("strength", of, wanted, rows), lambda: self._strengths(wanted, rows, of)))

    def touches(self, first: int = 0, stop: int | None = None) -> tuple[Touch, ...]:
        """Return which catalysts a decision on rows ``first:stop`` could first use, in order of `events`.

        A catalyst that touches no symbol of this history is left out.
        """
        end = len(self.bars.sessions) if stop is None else stop
        return tuple(touch for touch in self._touches if first <= touch.row < end)

    def until(self, session: Day, *, share: bool = False) -> History:
        """Return what was known after the close of `session` (or of the last session before it).

        Later bars, index closes and catalysts are gone; a later delisting or
        change of membership is unknown. Symbols stay as columns.

        Parameters
        ----------
        share
            Cut frames that were asked of this history already, instead of
            making them anew: the same, for no row depends on a later one.

        Raises
        ------
        UsageError
            If `session` is before the first or after the last session.
        """
        day = as_day(session)
        days = self.bars.sessions
        stop = int(np.searchsorted(days, day, side="right"))
        if stop == 0 or day > days[-1]:
            message = f"no bars on {day}: choose a session from {days[0]} to {days[-1]}"
            raise UsageError(message)
        last = days[stop - 1]
        cut = self.bars.rows(0, stop)
        unknown = np.where(cut.delisted > last, np.datetime64("NaT", "D"), cut.delisted)
        known = tuple(event for event, row in zip(self.events, self._decision_rows, strict=True) if row < stop)
        past = History.__new__(History)
        past._set(  # noqa: SLF001  the same class
            bars=replace(cut, delisted=unknown),
            events=known,
            universe=None if self.universe is None else self.universe.until(last),
            benchmark_symbol=self.benchmark_symbol,
            absent=self.absent,
        )
        if share:
            past.__dict__["_kept"] = self.__dict__["_kept"].rows(stop)
        return past

    def window(self, start: Day | None = None, end: Day | None = None) -> tuple[int, int]:
        """Return (first row, stop row) of the sessions from `start` to `end`, both included.

        None is the first or the last session.

        Raises
        ------
        UsageError
            If the bars do not cover the window, or no session lies in it.
        """
        return window_rows(self.bars.sessions, start, end)

    def _set(self, **values: object) -> None:
        self.__dict__.update(values)
        self.__dict__["_kept"] = Kept()

    def _memo(self, key: Hashable, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        kept: Kept = self.__dict__["_kept"]
        return kept.array(key, make)

    def _as_frame(self, array: NDArray[Any]) -> pd.DataFrame:
        # all is new each time, so that adding a column or naming an index leaves the next frame alone
        return Frame(array, index=self.sessions, columns=self.columns, copy=False)

    def _frame(self, name: str, *, adjusted: bool) -> pd.DataFrame:
        return self._as_frame(self._memo((name, adjusted), lambda: floats(self.bars, name, adjusted=adjusted)))

    def _adjusted_closes(self) -> NDArray[np.float64]:
        return self._memo(("close", True), lambda: floats(self.bars, "close", adjusted=True))

    @cached_property
    def _sessions(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.bars.sessions).as_unit("ns")

    @cached_property
    def _columns(self) -> pd.Index[str]:
        # pandas cuts an index of its own strings anew for every `where`, which took half of its time
        return pd.Index(list(self.bars.symbols), dtype=object)

    @cached_property
    def _members(self) -> NDArray[np.bool_]:
        return self._segment(EVERYONE)

    def _segment(self, segment: str) -> NDArray[np.bool_]:
        return self._memo(("segment", segment), lambda: self._inside(segment, self.bars.sessions))

    def _inside(self, segment: str, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        if self.universe is not None:
            return self.universe.segment_mask(segment, days, self.bars.symbols)
        return np.full((len(days), len(self.bars.symbols)), segment == EVERYONE)

    def _route(self, route: str) -> NDArray[np.bool_]:
        if self.universe is not None:
            return self.universe.route_mask(route, self.bars.sessions, self.bars.symbols)
        return np.zeros(self.bars.shape, dtype=np.bool_)

    @cached_property
    def _decision_rows(self) -> list[int]:
        return decision_rows(self.bars.sessions, [event.known_at for event in self.events])

    @cached_property
    def _touches(self) -> tuple[Touch, ...]:
        """Every event that touches a column here, those before the first row included."""
        column_of = {symbol: column for column, symbol in enumerate(self.bars.symbols)}
        found = []
        for event, row in zip(self.events, self._decision_rows, strict=True):
            if row >= len(self.bars.sessions):
                continue
            if event.segment:
                columns = self._members_on(event.segment, row)
            else:
                columns = sorted(column_of[symbol] for symbol in event.symbols if symbol in column_of)
            if columns:
                found.append(Touch(event, row, tuple(columns)))
        return tuple(found)

    def _members_on(self, segment: str, row: int) -> list[int]:
        inside = self._segment(segment)
        if row < 0:
            before = np.array([session_at(self.bars.sessions, row)], dtype="datetime64[D]")
            inside, row = self._inside(segment, before), 0
        return [int(column) for column in np.flatnonzero(inside[row])]

    def _fresh(self, kinds: tuple[str, ...], within: int) -> list[tuple[Touch, slice]]:
        """Return what touches a row here while it is fresh, and on which rows, in order of `events`."""
        wanted = (touch for touch in self._touches if touch.catalyst.kind in kinds and touch.row + within > 0)
        return [(touch, slice(max(touch.row, 0), touch.row + within)) for touch in wanted]

    def _freshness(self, kinds: tuple[str, ...], within: int) -> NDArray[np.bool_]:
        result = np.zeros(self.bars.shape, dtype=np.bool_)
        for touch, rows in self._fresh(kinds, within):
            result[rows, _across(touch.columns)] = True
        return result

    def _strengths(self, kinds: tuple[str, ...], within: int, of: Counted) -> NDArray[np.float64]:
        result = np.zeros(self.bars.shape)
        fresh = self._fresh(kinds, within)
        # each paints over those before it: later rows and on one row the larger, or the higher
        if of == "latest":
            fresh.sort(key=lambda one: (one[0].row, abs(one[0].catalyst.strength)))
        else:
            fresh.sort(key=lambda one: one[0].catalyst.strength)
        for touch, rows in fresh:
            result[rows, _across(touch.columns)] = touch.catalyst.strength
        return result


def _across(columns: tuple[int, ...]) -> slice | list[int]:
    """Return columns as an index; side by side they are a slice, which is written in a tenth of the time."""
    return slice(columns[0], columns[-1] + 1) if columns[-1] - columns[0] < len(columns) else list(columns)
