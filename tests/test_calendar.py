from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from backfolio import calendar
from backfolio.errors import CalendarError

SHANGHAI = ZoneInfo("Asia/Shanghai")


def day(text: str) -> np.datetime64:
    return np.datetime64(text, "D")


def at(text: str, zone: dt.tzinfo = SHANGHAI) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("first", "last", "before", "after"),
    [
        ("2025-10-01", "2025-10-08", "2025-09-30", "2025-10-09"),  # National Day and Mid-Autumn
        ("2025-01-28", "2025-02-04", "2025-01-27", "2025-02-05"),  # Spring Festival
        ("2024-02-09", "2024-02-18", "2024-02-08", "2024-02-19"),
        ("2025-01-01", "2025-01-01", "2024-12-31", "2025-01-02"),
        ("2025-08-23", "2025-08-24", "2025-08-22", "2025-08-25"),  # a weekend
        ("2025-10-11", "2025-10-12", "2025-10-10", "2025-10-13"),  # a Saturday on which offices work
        ("2020-01-24", "2020-02-02", "2020-01-23", "2020-02-03"),  # lengthened for the epidemic
    ],
)
def test_holidays_are_no_sessions(first: str, last: str, before: str, after: str) -> None:
    days = np.arange(day(first), day(last) + np.timedelta64(1, "D"))
    assert not any(calendar.is_session(closed) for closed in days)
    assert calendar.is_session(before)
    assert calendar.is_session(after)
    assert calendar.sessions(before, after).tolist() == [day(before).item(), day(after).item()]
    for closed in days:
        assert calendar.next_session(closed) == day(after)
        assert calendar.previous_session(closed) == day(before)


def test_neighbours_of_a_session_are_other_sessions() -> None:
    assert calendar.next_session("2025-08-22") == day("2025-08-25")
    assert calendar.previous_session("2025-08-25") == day("2025-08-22")


def test_no_weekend_is_a_session() -> None:
    weekday = (calendar.all_sessions().astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    assert weekday.max() == 4


def test_the_sessions_are_ascending_unique_and_read_only() -> None:
    days = calendar.all_sessions()
    assert (np.diff(days.astype(np.int64)) > 0).all()
    assert days[0] == day("1990-12-19")
    with pytest.raises(ValueError, match="read-only"):
        days[0] = day("1990-12-20")


def test_a_year_has_about_as_many_sessions_as_metrics_assume() -> None:
    assert len(calendar.sessions("2024-01-01", "2024-12-31")) == 242
    assert len(calendar.sessions("2025-01-01", "2025-12-31")) == 243
    assert calendar.SESSIONS_A_YEAR == 243


def test_both_ends_of_a_span_are_in_it() -> None:
    days = calendar.sessions("2025-08-20", "2025-08-26")
    assert [str(session) for session in days] == ["2025-08-20", "2025-08-21", "2025-08-22", "2025-08-25", "2025-08-26"]
    assert len(calendar.sessions("2025-08-23", "2025-08-24")) == 0


@pytest.mark.parametrize("outside", ["1990-12-18", "1949-10-01", "2099-01-04"])
def test_outside_the_bounds_every_question_raises(outside: str) -> None:
    for question in (
        calendar.is_session,
        calendar.next_session,
        calendar.previous_session,
        calendar.cut_off,
        lambda when: calendar.sessions(when, "2025-08-22"),
        lambda when: calendar.sessions("2025-08-22", when),
        lambda when: calendar.acting_session(at(f"{when}T10:00")),
    ):
        with pytest.raises(CalendarError, match=f"{outside} is outside the exchange calendar, which knows 1990-12-19"):
            question(outside)


def test_the_ends_have_no_neighbour_beyond_them() -> None:
    assert calendar.is_session("1990-12-19")
    with pytest.raises(CalendarError, match="outside"):
        calendar.previous_session("1990-12-19")
    last = calendar.all_sessions()[-1]
    assert calendar.is_session(last)
    with pytest.raises(CalendarError, match="install a newer exchange_calendars"):
        calendar.next_session(last)


@pytest.mark.parametrize(
    ("instant", "session"),
    [
        ("2025-08-22T00:00:00", "2025-08-22"),
        ("2025-08-22T09:14:59.999999", "2025-08-22"),
        ("2025-08-22T09:15:00", "2025-08-25"),  # known at the cut-off is too late for that open
        ("2025-08-22T09:15:00.000001", "2025-08-25"),
        ("2025-08-22T15:00:00", "2025-08-25"),
        ("2025-08-23T09:00:00", "2025-08-25"),  # Saturday
        ("2025-08-25T08:00:00", "2025-08-25"),
        ("2025-09-30T09:15:00", "2025-10-09"),
        ("2025-10-08T23:59:59", "2025-10-09"),
    ],
)
def test_what_is_known_before_0915_can_act_at_that_open(instant: str, session: str) -> None:
    assert calendar.acting_session(at(instant)) == day(session)


@pytest.mark.parametrize(
    ("instant", "zone", "session"),
    [
        ("2025-08-22T01:14:59", dt.UTC, "2025-08-22"),
        ("2025-08-22T01:15:00", dt.UTC, "2025-08-25"),
        ("2025-08-21T21:14:00", ZoneInfo("America/New_York"), "2025-08-22"),
        ("2025-08-21T21:15:00", ZoneInfo("America/New_York"), "2025-08-25"),
    ],
)
def test_an_instant_counts_in_shanghai_time(instant: str, zone: dt.tzinfo, session: str) -> None:
    assert calendar.acting_session(at(instant, zone)) == day(session)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(
        CalendarError, match=r"2025-08-21 15:30:00 has no time zone: write it with one, as in .*\+08:00"
    ):
        calendar.acting_session(dt.datetime(2025, 8, 21, 15, 30))  # noqa: DTZ001  the fault itself


def test_the_cut_off_is_0915_in_shanghai() -> None:
    moment = calendar.cut_off("2025-08-22")
    assert moment.isoformat() == "2025-08-22T09:15:00+08:00"
    assert calendar.acting_session(moment - dt.timedelta(microseconds=1)) == day("2025-08-22")
    assert calendar.acting_session(moment) == day("2025-08-25")


def test_a_day_without_a_session_has_no_cut_off() -> None:
    with pytest.raises(CalendarError, match=r"2025-08-23 is not a session .* the next one is 2025-08-25"):
        calendar.cut_off("2025-08-23")


@pytest.mark.parametrize(
    "written",
    [
        "2025-08-22",
        dt.date(2025, 8, 22),
        dt.datetime(2025, 8, 22, 16, 0),  # noqa: DTZ001  pandas hands such out
        pd.Timestamp("2025-08-22"),
        np.datetime64("2025-08-22"),
        np.datetime64("2025-08-22T16:00:00", "ns"),
    ],
)
def test_a_date_may_come_in_any_of_these_forms(written: str | dt.date | np.datetime64) -> None:
    assert calendar.as_day(written) == day("2025-08-22")


@pytest.mark.parametrize(
    "written",
    [
        "", "yesterday", "today", "now", "2025", "2025-08", "20250822", "2025-8-22", "22.08.2025", "2025-02-30",
        "2025-08-22T09:15", " 2025-08-22", "２０２５-08-22", np.datetime64("NaT", "D"), pd.NaT, None, 20_250_822, 3.5,
        True,
        pd.Timestamp("2025-08-22", tz="UTC"),
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused_and_never_guessed(written: object) -> None:
    with pytest.raises(CalendarError, match="is not a date: write it as YYYY-MM-DD"):
        calendar.as_day(written)  # type: ignore[arg-type]
