"""When a catalyst can be decided on, which rows a window covers, and for how many sessions one may ask."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.catalysts import KINDS
from backfolio.errors import CalendarError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Day = str | dt.date | np.datetime64

DAY: Final = np.timedelta64(1, "D")
_CUT_OFF: Final = np.timedelta64(calendar.CUT_OFF.hour * 60 + calendar.CUT_OFF.minute, "m")


def decision_rows(sessions: NDArray[np.datetime64], instants: Sequence[dt.datetime]) -> list[int]:
    """Return for each instant the row on which a decision can first use what was known then.

    That is the session before the first one whose 09:15 (Asia/Shanghai) lies
    after the instant.

    Parameters
    ----------
    sessions
        ``datetime64[D]``, (sessions,), with none of the exchange's left out.
    instants
        Time-zone aware.

    Returns
    -------
    rows
        Rows of `sessions`; negative (counted by the exchange calendar) before
        the first, ``len(sessions)`` where the last row is too early.
    """
    local = [instant.astimezone(calendar.SHANGHAI).replace(tzinfo=None) for instant in instants]
    known = np.array(local, dtype="datetime64[us]")
    acting = np.searchsorted(sessions + _CUT_OFF, known, side="right")
    rows = acting - 1
    early, late = acting == 0, acting == len(sessions)
    if early.any():
        before = calendar.all_sessions()
        before = before[before < sessions[0]]
        rows[early] = np.searchsorted(before + _CUT_OFF, known[early], side="right") - len(before) - 1
    if late.any():
        rows[late] = np.where(known[late] < _next_session(sessions[-1]) + _CUT_OFF, len(sessions) - 1, len(sessions))
    return [int(row) for row in rows]


def session_at(sessions: NDArray[np.datetime64], row: int) -> np.datetime64:
    """Return the session of a row, which may be negative: before the first."""
    if row >= 0:
        inside: np.datetime64 = sessions[row]
        return inside
    days = calendar.all_sessions()
    before: np.datetime64 = days[max(int(np.searchsorted(days, sessions[0])) + row, 0)]
    return before


def window_rows(sessions: NDArray[np.datetime64], start: Day | None, end: Day | None) -> tuple[int, int]:
    """Return (first row, stop row) from `start` to `end`, both included; None is the first or last session.

    Raises
    ------
    UsageError
        If the sessions do not cover the window, or none lies in it.
    """
    begin = sessions[0] if start is None else as_day(start)
    close = sessions[-1] if end is None else as_day(end)
    first = int(np.searchsorted(sessions, begin))
    stop = int(np.searchsorted(sessions, close, side="right"))
    if begin > sessions[-1] and _session_in(sessions[-1] + DAY, begin):
        message = f"start {begin} is after the last bar: choose a start up to {sessions[-1]}"
        raise UsageError(message)
    if close < sessions[0] and _session_in(close, sessions[0] - DAY):
        message = f"end {close} is before the first bar: choose an end from {sessions[0]}"
        raise UsageError(message)
    if begin > close:
        message = f"the window from {begin} to {close} ends before it begins: exchange the dates"
        raise UsageError(message)
    if begin < sessions[0] and _session_in(begin, sessions[0] - DAY):
        message = f"start {begin} is before the first bar: choose a start from {sessions[0]}"
        raise UsageError(message)
    if close > sessions[-1] and _session_in(sessions[-1] + DAY, close):
        message = f"end {close} is after the last bar: choose an end up to {sessions[-1]}"
        raise UsageError(message)
    if first == stop:
        message = f"no session lies from {begin} to {close}: choose a longer window"
        raise UsageError(message)
    return first, stop


def as_day(date: Day) -> np.datetime64:
    """Read a date without a time zone as ``datetime64[D]``.

    Raises
    ------
    UsageError
        If it has a time zone.
    CalendarError
        If it is not a date.
    """
    if isinstance(date, dt.datetime) and date.tzinfo is not None:
        message = f"{date} has a time zone: give the date of a session, as in 2025-08-22"
        raise UsageError(message)
    return calendar.as_day(date)


def kinds_asked(kinds: tuple[str, ...], within: int) -> tuple[tuple[str, ...], int]:
    """Return kinds of catalysts, each once and sorted (none = all), and for how many sessions they stay fresh.

    Raises
    ------
    UsageError
        If a kind is unknown or `within` is not a whole number from 1.
    """
    for kind in kinds:
        if kind not in KINDS:
            near = did_you_mean(kind, KINDS) if isinstance(kind, str) else ""
            message = f"no kind of catalyst is {kind!r}{near}: use {', '.join(KINDS)}"
            raise UsageError(message)
    return tuple(sorted(set(kinds))) or KINDS, whole_sessions("within", within)


def whole_sessions(name: str, value: int) -> int:
    """Return a number of sessions.

    Raises
    ------
    UsageError
        If it is not a whole number from 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        message = f"{name} is {value!r}: give a whole number of sessions from 1"
        raise UsageError(message)
    return int(value)


def _next_session(day: np.datetime64) -> np.datetime64:
    """Return the session after `day`; where the calendar ends, the next day, which none can precede."""
    try:
        return calendar.next_session(day)
    except CalendarError:
        return day + DAY


def _session_in(first: np.datetime64, last: np.datetime64) -> bool:
    """Tell whether a session lies in a span; one that leaves the calendar is taken to hold one."""
    try:
        return len(calendar.sessions(first, last)) > 0
    except CalendarError:
        return True
