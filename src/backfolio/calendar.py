"""Sessions of the Shanghai exchange (XSHG), which Shenzhen and Beijing share.

A session is a numpy ``datetime64[D]``. The calendar ends where
``exchange_calendars`` ends (the holidays of a year are announced late in the
year before); outside its bounds every question raises `CalendarError`.

The cut-off is 09:15 Asia/Shanghai, when the opening call auction begins: what
is known before it can act at that session's open, anything later cannot.
Source: Trading Rules of the Shanghai Stock Exchange, 2.4 and 3.1 (call auction
09:15-09:25).
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from backfolio.errors import CalendarError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
CUT_OFF: Final = dt.time(9, 15)
SESSIONS_A_YEAR: Final = 243
"""Sessions in an average year, by which every metric is annualised."""

FIRST: Final = "1990-12-19"
"""The first session of the Shanghai exchange."""

_WRITTEN: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@lru_cache(maxsize=1)
def all_sessions() -> NDArray[np.datetime64]:
    """Return every session known, ascending, as read-only ``datetime64[D]``."""
    with warnings.catch_warnings():
        # It warns of what a later pandas will change inside it; its sessions are tested here.
        warnings.simplefilter("ignore")
        import exchange_calendars  # noqa: PLC0415  a tenth of the start-up time: only when asked

        calendar_type = exchange_calendars.exchange_calendar_xshg.XSHGExchangeCalendar
        calendar = calendar_type(start=FIRST, end=calendar_type.bound_max())
    days: NDArray[np.datetime64] = calendar.sessions.to_numpy().astype("datetime64[D]")
    days.setflags(write=False)
    return days


def clock_text(instant: dt.datetime) -> str:
    """Write an instant (time-zone aware) as the exchange's clock shows it, with its zone: every page and message does.

    Examples
    --------
    >>> clock_text(dt.datetime(2025, 8, 22, 8, 5, tzinfo=dt.UTC))
    '2025-08-22 16:05 CST'
    """
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M %Z}"


def as_day(date: str | dt.date | np.datetime64) -> np.datetime64:
    """Read a date (``2025-08-22`` or a date object) as ``datetime64[D]``.

    Raises
    ------
    CalendarError
        If the text is not a date, or the object is one with a time zone.
    """
    # numpy alone would take a year, a number of days, "today" and an instant of another time zone for a date.
    day: np.datetime64 = np.datetime64("NaT", "D")
    if isinstance(date, np.datetime64):
        day = date.astype("datetime64[D]")
    elif isinstance(date, str):
        if _WRITTEN.fullmatch(date):
            with suppress(ValueError):
                day = np.datetime64(date, "D")
    elif isinstance(date, dt.date) and getattr(date, "tzinfo", None) is None:
        with suppress(TypeError):  # pandas.NaT calls itself a datetime
            day = np.datetime64(date, "D")
    if np.isnat(day):
        message = f"{date!r} is not a date: write it as YYYY-MM-DD"
        raise CalendarError(message)
    return day


def sessions(start: str | dt.date | np.datetime64, end: str | dt.date | np.datetime64) -> NDArray[np.datetime64]:
    """Return the sessions from `start` to `end`, both included.

    Raises
    ------
    CalendarError
        If either date lies outside the calendar's bounds.
    """
    first, last = _inside(as_day(start)), _inside(as_day(end))
    days = all_sessions()
    return days[np.searchsorted(days, first) : np.searchsorted(days, last, side="right")]


def is_session(day: str | dt.date | np.datetime64) -> bool:
    """Tell whether `day` is a session."""
    date = _inside(as_day(day))
    days = all_sessions()
    return bool(days[np.searchsorted(days, date)] == date)


def next_session(day: str | dt.date | np.datetime64) -> np.datetime64:
    """Return the first session after `day` (a session or not)."""
    date = _inside(as_day(day))
    days = all_sessions()
    at = int(np.searchsorted(days, date, side="right"))
    if at == len(days):
        raise CalendarError(_bounds_text(date))
    found: np.datetime64 = days[at]
    return found


def previous_session(day: str | dt.date | np.datetime64) -> np.datetime64:
    """Return the last session before `day` (a session or not)."""
    date = _inside(as_day(day))
    days = all_sessions()
    at = int(np.searchsorted(days, date)) - 1
    if at < 0:
        raise CalendarError(_bounds_text(date))
    found: np.datetime64 = days[at]
    return found


def acting_session(instant: dt.datetime) -> np.datetime64:
    """Return the first session whose open could act on what was known at `instant`.

    That is the first session whose 09:15 (Asia/Shanghai) lies after it.

    Raises
    ------
    CalendarError
        If `instant` has no time zone or lies outside the calendar's bounds.
    """
    if instant.tzinfo is None:
        message = f"{instant} has no time zone: write it with one, as in 2025-08-21T15:30:00+08:00"
        raise CalendarError(message)
    local = instant.astimezone(SHANGHAI)
    day = np.datetime64(local.date(), "D")
    if is_session(day) and local.time() < CUT_OFF:
        return day
    return next_session(day)


def cut_off(day: str | dt.date | np.datetime64) -> dt.datetime:
    """Return 09:15 Asia/Shanghai of a session as an aware datetime.

    Raises
    ------
    CalendarError
        If `day` is not a session.
    """
    date = as_day(day)
    if not is_session(date):
        message = f"{date} is not a session of the Shanghai exchange: the next one is {next_session(date)}"
        raise CalendarError(message)
    return dt.datetime.combine(date.astype(dt.date), CUT_OFF, tzinfo=SHANGHAI)


def _inside(day: np.datetime64) -> np.datetime64:
    days = all_sessions()
    if day < days[0] or day > days[-1]:
        raise CalendarError(_bounds_text(day))
    return day


def _bounds_text(day: np.datetime64) -> str:
    days = all_sessions()
    return (
        f"{day} is outside the exchange calendar, which knows {days[0]} to {days[-1]}: "
        "choose a date inside, or install a newer exchange_calendars for later years"
    )
