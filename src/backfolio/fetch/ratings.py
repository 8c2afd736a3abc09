"""Ratings of research houses: the whole market day by day, then each symbol; and the catalysts that they tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backfolio.calendar import SHANGHAI
from backfolio.fetch.gathered import Gathered
from backfolio.fetch.known import DAY, REPORTS, mark
from backfolio.fetch.plan import LATE
from backfolio.ratings import as_frame, rated
from backfolio.source.akshare import cninfo, eastmoney_facts, sina_facts
from backfolio.store import Batch

if TYPE_CHECKING:
    from backfolio.fetch.known import Marks
    from backfolio.fetch.plan import Window
    from backfolio.source.akshare.transport import Desk
    from backfolio.store import Reader


def days(want: Window, today: np.datetime64, until: np.datetime64, marks: Marks) -> list[str]:
    """Return the days whose ratings must be asked for, newest first, as YYYY-MM-DD.

    Houses publish on any day of the week. A day that was asked for when it was
    `LATE` days old is not asked for again.

    Parameters
    ----------
    want
        Its first session is the first day.
    today
        ``datetime64[D]``, of Shanghai.
    until
        Last day wanted, ``datetime64[D]``; NaT = today.
    """
    last = today if np.isnat(until) else min(until, today)
    return [str(day) for day in np.arange(want.since, last + 1)[::-1] if str(day) not in marks.days]


def of_day(desk: Desk, day: str) -> Gathered:
    """Ask for the ratings of a day."""
    got = Gathered()
    today = np.datetime64(desk.now().astimezone(SHANGHAI).date(), "D")
    if got.take(cninfo.ratings(desk, day), "ratings", f"ratings of {day}") and today - np.datetime64(day) > LATE:
        got.log.append(mark(DAY, day, at=desk.now()))
    return got


def of_symbol(desk: Desk, symbol: str, want: Window) -> Gathered:
    """Ask for the ratings of one symbol: sina's list, and eastmoney's research reports."""
    got = Gathered()
    lists = got.take(sina_facts.ratings(desk, symbol), "ratings", "sina's ratings")
    reports = got.take(eastmoney_facts.reports(desk, symbol), "ratings", "research reports")
    if lists and reports:
        got.log.append(mark(REPORTS, symbol, want.last, at=desk.now()))
    return got


def catalysts(reader: Reader) -> Batch:
    """Return the catalysts that all ratings of the store tell of."""
    found = rated(reader.frame("ratings"), reader.frame("factors"), reader.frame("actions"))
    return Batch({"catalysts": as_frame(found)})
