"""Ratings of research houses: the whole market day by day, then each symbol; and the catalysts that they tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import SHANGHAI
from backfolio.fetch.gathered import Gathered
from backfolio.fetch.known import DAY, REPORTS, mark
from backfolio.fetch.plan import LATE
from backfolio.ratings import as_frame, rated
from backfolio.source.akshare import cninfo, eastmoney_facts, eastmoney_reports, sina_facts
from backfolio.store import Batch

if TYPE_CHECKING:
    import datetime as dt

    from backfolio.fetch.known import Marks
    from backfolio.fetch.plan import Window
    from backfolio.source.akshare.transport import Desk
    from backfolio.store import Reader


MADE_OF: Final = ("ratings", "factors", "actions")
"""The tables that catalysts are worked out from."""


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


def of_symbol(desk: Desk, symbol: str, last: np.datetime64) -> Gathered:
    """Ask for the ratings of one symbol, whose `last` session this is: sina's list, and eastmoney's reports."""
    got = Gathered()
    lists = got.take(sina_facts.ratings(desk, symbol), "ratings", "sina's ratings")
    reports = got.take(eastmoney_facts.reports(desk, symbol), "ratings", "research reports")
    if lists and reports:
        got.log.append(mark(REPORTS, symbol, last, at=desk.now()))
    return got


def catalysts(reader: Reader) -> Batch | None:
    """Return the catalysts that all ratings of the store tell of; None where there is no rating."""
    told = reader.frame("ratings")
    if not len(told):
        return None
    found = rated(told, reader.frame("factors"), reader.frame("actions"), _asked(reader))
    return Batch({"catalysts": as_frame(found)})


def _asked(reader: Reader) -> dict[tuple[str, str], tuple[dt.datetime, ...]]:
    """Return when each host of ratings told of which day or symbol."""
    functions = {
        cninfo.HOST: cninfo.RATINGS.function,
        sina_facts.HOST: sina_facts.RATINGS.function,
        eastmoney_reports.HOST: eastmoney_reports.REPORTS.function,
    }
    return {
        (host, subject): times
        for host, function in functions.items()
        for subject, times in reader.answered(function).items()
    }
