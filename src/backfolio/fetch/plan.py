"""`Ask`: what a fetch is asked for; and which sessions that means today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare, calendar
from backfolio.errors import SymbolError, UsageError, did_you_mean
from backfolio.source.akshare.daily import last_finished

if TYPE_CHECKING:
    import datetime as dt

    from backfolio.universe import Universe

OVERLAP: Final = 5
"""Sessions fetched again before the last one held, so that a host's change of history shows."""

SAMPLE: Final = 20
"""Sessions that a second host is asked for, and sessions until it is asked again."""

FACTS_KEPT: Final = 5
"""Sessions for which corporate actions, factors and names are not asked again where the bars show no ex-date."""

MARKET_KEPT: Final = 20
"""The same for the whole market: its hosts give some 500 symbols a day."""

FIRST: Final = np.datetime64("2018-01-02", "D")
"""First session wanted of what is new, where the user names none."""

LATE: Final = 3
"""Days for which a day's ratings are asked again: some come in late."""

INDEXES: Final = ("000300.SH", "000905.SH", "000852.SH", "000688.SH", "000001.SH", "399001.SZ", "399006.SZ")
"""Indexes worth asking for: named where another is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """What a fetch is asked for.

    Parameters
    ----------
    symbols
        As in ``688256.SH``.
    indexes
        As in ``000688.SH``.
    since
        First date wanted, ``datetime64[D]``; NaT = what was asked for before,
        and of what is new, from `FIRST` on.
    until
        Last date wanted, ``datetime64[D]``; NaT = up to the last session that
        is over.
    ratings
        Whether analysts' ratings are wanted: of the whole market, day by day,
        and of the symbols.
    universe
        Its members are wanted, and who they are is kept.
    all_market
        Whether every share that the exchanges list or have delisted is wanted.
    full
        Whether to ask for all of it, whatever is there.

    Raises
    ------
    UsageError
        If nothing is asked for, or the dates are the wrong way round.
    SymbolError
        If a symbol belongs to no board.
    """

    symbols: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    since: np.datetime64 = np.datetime64("NaT", "D")  # noqa: RUF009  a constant
    until: np.datetime64 = np.datetime64("NaT", "D")  # noqa: RUF009  a constant
    ratings: bool = False
    universe: Universe | None = None
    all_market: bool = False
    full: bool = False

    def __post_init__(self) -> None:
        for symbol in self.symbols:
            ashare.board_of(symbol)
        for index in self.indexes:
            if _is_share(index):
                near = next((f" (did you mean {one!r}?)" for one in INDEXES if one[:6] == index[:6]), "")
                message = f"index {index!r} is a share{near}: ask for it with --symbols; an index is as in 000300.SH"
                raise UsageError(message)
            code, _, exchange = index.partition(".")
            if len(code) != 6 or not code.isdigit() or exchange not in {"SH", "SZ"}:  # noqa: PLR2004  digits of a code
                message = (
                    f"index {index!r}: an index is six digits and its exchange, SH or SZ, as in 000688.SH"
                    f"{did_you_mean(index, INDEXES)}"
                )
                raise UsageError(message)
        if not self.wanted and not self.indexes and not self.ratings and not self.all_market:
            message = "fetch: nothing is asked for; give --universe NAME, --symbols A,B, --index I or --all-market"
            raise UsageError(message)
        if self.until < self.since:
            message = f"fetch: it asks for {self.since} until {self.until}, which is before; exchange the dates"
            raise UsageError(message)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The symbols named and those of the universe, each once, sorted."""
        return tuple(sorted({*self.symbols, *(self.universe.symbols if self.universe else ())}))


def _is_share(symbol: str) -> bool:
    try:
        ashare.board_of(symbol)
    except SymbolError:
        return False
    return True


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The sessions that a fetch wants today.

    Parameters
    ----------
    since
        First session wanted, ``datetime64[D]``.
    until
        Last session that is wanted and over, ``datetime64[D]``.
    last
        Last session that is over.
    told
        Whether the user named the first date.
    """

    since: np.datetime64
    until: np.datetime64
    last: np.datetime64
    told: bool = True


def window(ask: Ask, now: dt.datetime) -> Window:
    """Return what an ask means at `now` (time-zone aware).

    Raises
    ------
    UsageError
        If no session that is over lies in it.
    CalendarError
        If a date lies outside the exchange calendar.
    """
    last = last_finished(now)
    until = last if np.isnat(ask.until) else min(ask.until, last)
    told = not np.isnat(ask.since)
    since = ask.since if told else FIRST
    days = calendar.sessions(since, until) if since <= until else calendar.all_sessions()[:0]
    if not len(days):
        message = f"fetch: no session that is over lies between {since} and {until}; give an earlier --since"
        raise UsageError(message)
    return Window(days[0], days[-1], last, told)


def last_of(until: np.datetime64, left: np.datetime64) -> np.datetime64:
    """Return the last session, up to `until`, of a share that left the exchange on `left` (NaT = it did not)."""
    return until if np.isnat(left) or left > until else calendar.previous_session(left)


def back(session: np.datetime64, sessions: int) -> np.datetime64:
    """Return the session so many sessions before one (or before the first after it)."""
    days = calendar.all_sessions()
    found: np.datetime64 = days[max(int(np.searchsorted(days, session)) - sessions, 0)]
    return found
