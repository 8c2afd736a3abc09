"""Cells to days, numbers and symbols: strict, a column at a time, nothing guessed."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.bars.faults import Fault, where, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

GOOD: Final = 0
MISSING: Final = 1
UNREADABLE: Final = 2
ZONED: Final = 3
TIMED: Final = 4
ZONED_COLUMN: Final = 5
"""What a date cell is: one of these."""

_DATE: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))? ?(Z|UTC|[+-]\d{2}:?\d{2}|[A-Z][A-Za-z]+/\w+)?"
)
_NOT_A_DAY: Final = np.datetime64("NaT", "D")

_DATE_RULES: Final = {
    UNREADABLE: ("a date is written YYYY-MM-DD", "write it so, as in 2025-08-22"),
    ZONED: ("a session has no time zone", "write the plain date of Shanghai, as in 2025-08-22"),
    TIMED: ("a daily bar has no time of day", "write the plain date, as in 2025-08-22"),
}


def factorize(column: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """Return the number of each cell's text, -1 where the cell is missing, and the texts."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    codes, uniques = pd.factorize(column)
    return codes, [str(unique) for unique in uniques]


def days(column: pd.Series) -> tuple[NDArray[np.datetime64], NDArray[np.int8]]:
    """Read a column of dates.

    Returns
    -------
    day
        ``datetime64[D]``, NaT where the cell is not `GOOD`.
    state
        int8: `GOOD`, `MISSING`, `UNREADABLE`, `ZONED`, `TIMED` or, in every
        row, `ZONED_COLUMN`.
    """
    if column.dtype.kind == "M":
        if getattr(column.dtype, "tz", None) is not None:
            return np.full(len(column), _NOT_A_DAY), np.full(len(column), ZONED_COLUMN, dtype=np.int8)
        instants = column.to_numpy()
        day = instants.astype("datetime64[D]")
        state = np.zeros(len(day), dtype=np.int8)
        state[(day != instants)] = TIMED
        state[np.isnat(day)] = MISSING
        day[state != GOOD] = _NOT_A_DAY
        return day, state
    codes, texts = factorize(column)
    read = [_day(text) for text in texts]
    found = np.array([day for day, _ in read] + [_NOT_A_DAY], dtype="datetime64[D]")
    kinds = np.array([kind for _, kind in read] + [MISSING], dtype=np.int8)
    return found[codes], kinds[codes]


def _day(text: str) -> tuple[np.datetime64, int]:
    match = _DATE.fullmatch(text)
    if match is None:
        return _NOT_A_DAY, UNREADABLE
    date, time, zone = match.groups()
    try:
        day = np.datetime64(dt.date.fromisoformat(date))
    except ValueError:
        return _NOT_A_DAY, UNREADABLE
    if zone:
        return _NOT_A_DAY, ZONED
    if time and time.strip("0:."):
        return _NOT_A_DAY, TIMED
    return day, GOOD


def date_faults(
    table: str, frame: pd.DataFrame, column: str, state: NDArray[np.int8], *, may_be_missing: bool = False
) -> Iterator[Fault]:
    """Find cells of `column` that are no date."""
    if len(state) and state[0] == ZONED_COLUMN:
        zone = getattr(frame[column].dtype, "tz", None)
        rule, remedy = _DATE_RULES[ZONED]
        yield whole(table, f"column {column} has the time zone {zone}", rule, remedy)
        return
    if not may_be_missing:
        yield Fault(
            table,
            where(state == MISSING),
            lambda _: f"{column} is missing",
            f"every row has its {column}",
            "fill it in as YYYY-MM-DD, or remove the row",
        )
    for kind, (rule, remedy) in _DATE_RULES.items():
        yield Fault(table, where(state == kind), lambda row: f"{column} {str(frame[column].iloc[row])!r}", rule, remedy)


def session_numbers(day: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """Return each day's place among all sessions; -1 where it is none (or NaT)."""
    every = calendar.all_sessions()
    at = np.searchsorted(every, day)
    known = at < len(every)
    known &= every[np.where(known, at, 0)] == day
    return np.where(known, at, -1)


def session_faults(table: str, column: str, day: NDArray[np.datetime64], number: NDArray[np.intp]) -> Iterator[Fault]:
    """Find days that are outside the calendar or no session."""
    every = calendar.all_sessions()
    outside = (day < every[0]) | (day > every[-1])
    yield Fault(
        table,
        where(outside),
        lambda row: f"{column} {day[row]}",
        f"the exchange calendar knows {every[0]} to {every[-1]}",
        "correct the date, or install a newer exchange_calendars for later years",
    )
    yield Fault(
        table,
        where((number < 0) & ~outside & ~np.isnat(day)),
        lambda row: f"{column} {day[row]} (next session: {calendar.next_session(day[row])})",
        "the Shanghai exchange held no session on that day",
        "correct the date, or remove the row",
    )


def numbers(column: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read a column of numbers.

    Returns
    -------
    values
        float64, NaN where the cell is missing or no finite number. May be a
        view of the column: not to be written to.
    unreadable
        bool: the cell holds something that is no finite number.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    if column.dtype.kind in "fiub":
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        unreadable = np.isinf(values)
    else:
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        unreadable = np.isinf(values) | (np.isnan(values) & column.notna().to_numpy())
    if unreadable.any():
        values = np.where(unreadable, np.nan, values)
    return values, unreadable


def number_fault(table: str, frame: pd.DataFrame, column: str, unreadable: NDArray[np.bool_]) -> Fault:
    """Name the cells of `column` that are no number."""
    return Fault(
        table,
        where(unreadable),
        lambda row: f"{column} {str(frame[column].iloc[row])!r}",
        f"{column} is a finite number",
        "write digits with a decimal point and no thousands separator",
    )


def text_of(value: float) -> str:
    """Write a number as it came, without the noise of binary fractions."""
    return "(missing)" if np.isnan(value) else f"{value:.12g}"
