"""The parts of a fetch that need no host: what is due, what a rights issue does, what a gap is, what is said."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio import calendar, store
from backfolio.errors import SymbolError, UsageError
from backfolio.fetch import Ask, Outcome, Summary
from backfolio.fetch.gathered import Gathered
from backfolio.fetch.known import (
    BARS,
    DIVIDENDS,
    FORMER,
    REFUSED,
    SINCE,
    Marks,
    covers,
    first_to_ask,
    known_of,
    mark,
    read_marks,
)
from backfolio.fetch.market import BOARD, RENAMINGS, pieces
from backfolio.fetch.plan import window
from backfolio.fetch.ratings import days as rating_days
from backfolio.fetch.rights import reference, with_references
from backfolio.fetch.symbol import merged
from backfolio.quality import Finding
from backfolio.source.akshare.delivery import Delivery
from backfolio.store import Batch, Block, Count, LogEntry

if TYPE_CHECKING:
    from pathlib import Path

SYMBOL = "600001.SH"
NOW = dt.datetime(2025, 8, 2, 9, tzinfo=calendar.SHANGHAI)
WEEK = ("2025-08-18", "2025-08-19", "2025-08-20", "2025-08-21", "2025-08-22")


def day(text: str) -> np.datetime64:
    return np.datetime64(text, "D")


def bars(days: tuple[str, ...] = WEEK, **columns: object) -> pd.DataFrame:
    plain = {"open": 10.0, "high": 10.5, "low": 9.8, "close": 10.2, "volume": 1000.0, "source": "sina"}
    made = pd.DataFrame({"symbol": SYMBOL, "date": pd.to_datetime(list(days)), **plain, **columns})
    return made.reindex(columns=list(store.TABLES["bars"].columns)).astype(
        {"date": "datetime64[s]", "pre_close": float}
    )


def actions(*rows: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame([{"symbol": SYMBOL, "source": "sina", **row} for row in rows])
    frame = frame.reindex(columns=list(store.TABLES["actions"].columns))
    numbers = dict.fromkeys(("cash", "shares", "rights", "rights_price"), "float64")
    return frame.assign(ex_date=pd.to_datetime(frame["ex_date"])).astype({"ex_date": "datetime64[s]", **numbers})


# --- what is asked for ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({}, UsageError, "nothing is asked for"),
        ({"symbols": ("688256",)}, SymbolError, "688256"),
        ({"indexes": ("000688",)}, UsageError, r"six digits and its exchange.*did you mean '000688.SH'"),
        ({"indexes": ("000688.BJ",)}, UsageError, "SH or SZ"),
        (
            {"symbols": (SYMBOL,), "since": day("2025-08-02"), "until": day("2025-08-01")},
            UsageError,
            "exchange the dates",
        ),
    ],
)
def test_an_ask_that_means_nothing_is_refused(given: dict[str, object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        Ask(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "until", "last"),
    [
        ("2025-08-01T15:59:00+08:00", "NaT", "2025-07-31"),
        ("2025-08-01T16:00:00+08:00", "NaT", "2025-08-01"),
        ("2025-08-03T12:00:00+08:00", "NaT", "2025-08-01"),
        ("2025-08-03T12:00:00+08:00", "2025-07-27", "2025-07-25"),
        ("2025-08-03T12:00:00+08:00", "2025-12-31", "2025-08-01"),
        ("2025-08-01T08:30:00+00:00", "NaT", "2025-08-01"),
    ],
)
def test_only_sessions_that_are_over_are_wanted(now: str, until: str, last: str) -> None:
    ask = Ask(symbols=(SYMBOL,), since=day("2025-07-05"), until=day(until))
    found = window(ask, dt.datetime.fromisoformat(now))
    assert (str(found.since), str(found.until)) == ("2025-07-07", last)


def test_a_window_without_a_session_is_refused() -> None:
    with pytest.raises(UsageError, match="no session that is over lies between 2025-08-02"):
        window(Ask(symbols=(SYMBOL,), since=day("2025-08-02")), NOW)


@pytest.mark.parametrize(
    ("symbols", "everyone", "expected"),
    [
        (["688256.SH"], False, ["listings of Shanghai", "delistings of Shanghai", BOARD]),
        (["000977.SZ"], False, ["listings of Shenzhen", "delistings of Shenzhen", RENAMINGS]),
        (["920000.BJ"], False, ["listings of Beijing", BOARD]),
        ([], False, []),
        ([], True, ["listings of Shanghai", "listings of Shenzhen", "listings of Beijing", "delistings of Shanghai",
                    "delistings of Shenzhen", RENAMINGS, BOARD]),
    ],
)  # fmt: skip
def test_exchanges_are_asked_whose_symbols_are_wanted(symbols: list[str], everyone: bool, expected: list[str]) -> None:
    assert pieces(symbols, everyone=everyone) == expected


@pytest.mark.parametrize(
    ("held", "asked", "since", "first"),
    [
        ((), None, "2025-01-02", "2025-01-02"),
        (WEEK, None, "2025-08-18", "2025-08-18"),
        (WEEK, None, "2025-08-01", "2025-08-01"),  # a file that begins later: all of it
        (
            WEEK,
            ("2025-08-01", "2025-08-22"),
            "2025-08-01",
            "2025-08-15",
        ),  # listed or halted till then: five before the last
        (WEEK, ("2025-08-01", "2025-08-22"), "2025-08-21", "2025-08-21"),
        (WEEK, ("2025-08-01", "2025-08-22"), "2025-07-01", "2025-07-01"),
    ],
)
def test_bars_are_asked_from_where_they_end(
    held: tuple[str, ...], asked: tuple[str, str] | None, since: str, first: str
) -> None:
    dates = np.array(held, dtype="datetime64[D]")
    span = None if asked is None else (day(asked[0]), day(asked[1]))
    nothing = np.array([], dtype="datetime64[D]")
    assert first_to_ask(dates, span, day(since), nothing) == day(first)


def test_a_bar_that_is_missing_is_asked_for_again() -> None:
    dates, span = np.array(WEEK, dtype="datetime64[D]"), (day("2025-06-02"), day("2025-07-31"))
    left = np.array(["2025-08-01", "2025-08-14"], dtype="datetime64[D]")
    assert first_to_ask(dates, span, day("2025-06-02"), left) == day("2025-08-01")
    assert first_to_ask(dates, span, day("2025-06-02"), left[:0]) == day("2025-08-15")


def test_marks_are_read_back(tmp_path: Path) -> None:
    at = dt.datetime(2025, 8, 1, tzinfo=dt.UTC)
    log = (
        mark(BARS, SYMBOL, "2025-01-02", "2025-08-01", at=at),
        mark(BARS, SYMBOL, "2024-01-02", "2025-07-01", at=at),
        mark(BARS, SYMBOL, "2024-06-03", "2025-08-01", at=at),
        mark(SINCE, SYMBOL, "2024-06-03", at=at),
        mark(SINCE, SYMBOL, "2024-01-02", at=at),
        mark(REFUSED, SYMBOL, "2025-06-30", at=at),
        mark(DIVIDENDS, SYMBOL, "2025-07-01", at=at),
        mark(DIVIDENDS, SYMBOL, "2025-08-01", at=at),
        mark(REFUSED, SYMBOL, "2025-08-05", at=at),
        mark(REFUSED, SYMBOL, "2025-08-04", at=at),
        mark(FORMER, SYMBOL, "2025-08-01", "New", at=at),
        mark(FORMER, SYMBOL, "2025-07-01", "Old", at=at),
        LogEntry(at, "akshare", "eastmoney", "stock_tfp_em", "", "2025-07-14", 1, "", "ok"),
        LogEntry(at, "akshare", "eastmoney", "stock_tfp_em", "", "2025-07-15", 0, "", "failed"),
    )
    with store.writing(tmp_path) as writer:
        writer.put(Batch({}, log))
        with writer.read() as reader:
            marks = read_marks(reader)
            known = known_of(reader, SYMBOL, marks)
    assert marks.bars == {SYMBOL: (day("2024-06-03"), day("2025-08-01"))}
    assert marks.since == {SYMBOL: day("2024-01-02")}
    assert known.facts == {DIVIDENDS: day("2025-08-01"), FORMER: day("2025-08-01")}
    assert (known.called, known.refused) == ("New", day("2025-08-04"))
    assert marks.suspensions == {"2025-07-14"}
    assert covers(marks.bars[SYMBOL], day("2025-01-01"), day("2025-08-01"))
    assert not covers(marks.bars[SYMBOL], day("2024-01-02"), day("2025-08-01"))
    assert not covers(None, day("2025-01-01"), day("2025-08-01"))


def test_days_of_ratings_are_asked_once_they_are_over_and_the_late_ones_again() -> None:
    want = window(Ask(symbols=(SYMBOL,), since=day("2025-07-28")), NOW)
    every = rating_days(want, day("2025-08-02"), day("NaT"), Marks())
    assert every == ["2025-08-02", "2025-08-01", "2025-07-31", "2025-07-30", "2025-07-29", "2025-07-28"]
    marks = Marks(days=frozenset({"2025-07-28", "2025-07-29"}))
    assert rating_days(want, day("2025-08-02"), day("2025-07-30"), marks) == ["2025-07-30"]


# --- merging ------------------------------------------------------------------------------------


def test_new_bars_take_the_place_of_old_ones_and_keep_their_reference_price() -> None:
    both = merged(bars(WEEK[:3], close=10.0, pre_close=9.9), bars(WEEK[2:], close=11.0))
    assert [str(one)[:10] for one in both["date"]] == list(WEEK)
    assert both["close"].tolist() == [10.0, 10.0, 11.0, 11.0, 11.0]
    assert both["pre_close"].tolist()[:3] == [9.9] * 3
    assert both["pre_close"].isna().tolist()[3:] == [True, True]


# --- rights issues --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("close", "cash", "shares", "rights", "price", "expected"),
    [
        (10.00, 0.0, 0.0, 0.3, 7.0, 9.31),  # (10 + 2.1) / 1.3 = 9.3077
        (10.00, 0.5, 0.0, 0.3, 7.0, 8.92),  # (9.5 + 2.1) / 1.3 = 8.9231
        (10.00, 0.0, 0.2, 0.3, 7.0, 8.07),  # 12.1 / 1.5 = 8.0667
        (7.29, np.nan, np.nan, 0.3, 4.43, 6.63),  # 8.619 / 1.3 = 6.63
        (10.01, 0.0, 0.0, 1.0, 10.0, 10.01),  # 10.005: half up
    ],
)
def test_the_reference_price_of_a_rights_issue(
    close: float, cash: float, shares: float, rights: float, price: float, expected: float
) -> None:
    assert reference(close, cash, shares, rights, price) == expected


@given(
    st.integers(100, 100_000),
    st.integers(0, 99),
    st.integers(0, 10_000_000),
    st.integers(1, 10_000_000),
    st.integers(1, 50_000),
)
def test_the_reference_price_is_exact(close: int, cash: int, shares: int, rights: int, price: int) -> None:
    over = Fraction(close, 100) - Fraction(cash, 100) + Fraction(rights, 10**7) * Fraction(price, 100)
    exact = over / (1 + Fraction(shares + rights, 10**7)) * 100
    fen = int(exact + Fraction(1, 2))
    assert round(reference(close / 100, cash / 100, shares / 10**7, rights / 10**7, price / 100) * 100) == fen


def test_the_first_bar_on_or_after_the_ex_date_gets_the_reference_price() -> None:
    issue = {"ex_date": "2025-08-20", "rights": 0.3, "rights_price": 7.0}
    found = with_references(SYMBOL, bars((*WEEK[:2], *WEEK[3:]), close=10.0), actions(issue))
    assert [(str(row.date)[:10], row.pre_close) for row in found.itertuples()] == [("2025-08-21", 9.31)]


def test_a_dividend_of_the_same_day_and_the_first_source_count() -> None:
    said = actions(
        {"ex_date": "2025-08-20", "rights": 0.3, "rights_price": 7.0, "cash": 0.5},
        {"ex_date": "2025-08-20", "cash": 9.9, "source": "cninfo"},
    )
    assert with_references(SYMBOL, bars(close=10.0), said)["pre_close"].tolist() == [8.92]


@pytest.mark.parametrize(
    ("days", "pre_close", "issue"),
    [
        (WEEK, 9.35, {"rights": 0.3, "rights_price": 7.0}),  # the exchange's own stands there
        (WEEK[2:], np.nan, {"rights": 0.3, "rights_price": 7.0}),  # nothing before it
        (WEEK[:2], np.nan, {"rights": 0.3, "rights_price": 7.0}),  # nothing after it
        (WEEK, np.nan, {"rights": 0.0, "rights_price": 7.0}),
        (WEEK, np.nan, {"rights": 0.3}),  # at what price is not told
        (WEEK, np.nan, {"rights": 0.3, "rights_price": 7.0, "symbol": "600002.SH"}),
    ],
)
def test_where_nothing_can_be_worked_out_no_bar_changes(
    days: tuple[str, ...], pre_close: float, issue: dict[str, object]
) -> None:
    found = with_references(SYMBOL, bars(days, pre_close=pre_close), actions({"ex_date": "2025-08-20", **issue}))
    assert len(found) == 0


# --- what comes together, and what is said --------------------------------------------------------


def test_a_host_that_was_left_alone_is_not_logged() -> None:
    at = dt.datetime(2025, 8, 1, tzinfo=dt.UTC)
    entries = tuple(
        LogEntry(at, "akshare", "sina", "f", "", SYMBOL, 0, "", outcome, calls=calls)
        for outcome, calls in (("refused", 0), ("refused", 1), ("failed", 1))
    )
    got = Gathered()
    assert not got.take(Delivery(None, "sina", entries, error="sina is left alone"), "bars", "bars")
    assert [(entry.outcome, entry.calls) for entry in got.log] == [("refused", 1), ("failed", 1)]
    assert got.missing == ["bars: sina is left alone"]
    assert got.batch().tables == {}


def test_a_list_that_is_not_whole_is_taken_and_is_missing() -> None:
    got = Gathered()
    rows = pd.DataFrame({"id": ["1"], "symbol": [SYMBOL]})
    assert not got.take(Delivery(rows, "eastmoney", short="1 reports came of the 30"), "ratings", "research reports")
    assert got.missing == ["research reports: 1 reports came of the 30"]
    assert len(got.tables["ratings"][0]) == 1


def test_what_is_told_twice_in_one_batch_goes_in_once() -> None:
    got = Gathered()
    spell = {"symbol": [SYMBOL], "first": [np.datetime64("2025-07-14", "s")], "source": ["eastmoney"]}
    for reason in ("halted", "restructuring"):
        frame = pd.DataFrame({**spell, "reason": [reason]})
        assert got.take(Delivery(frame, "eastmoney"), "suspensions")
    assert got.batch().tables["suspensions"]["reason"].tolist() == ["restructuring"]


def finding(severity: str = "error") -> Finding:
    where = (dt.date(2025, 8, 18), dt.date(2025, 8, 18))
    return Finding("format", severity, SYMBOL, *where, 1, "high below low", "fetch it again")  # type: ignore[arg-type]


def test_a_summary_says_what_is_new_what_failed_and_whom_to_leave_alone() -> None:
    until = dt.datetime(2025, 8, 1, 12, tzinfo=dt.UTC)
    summary = Summary(
        "fetch",
        {"bars": Count(1200, 3, 7), "actions": Count(0, 0, 5), "listings": Count(0, 0, 2, 2)},
        (Outcome("600001.SH", "done"), Outcome("600002.SH", "up to date"), Outcome("600003.SH", "failed", "no host"),
         Outcome("600004.SH", "not asked")),
        blocks=(Block("sina", until, "sina answered 456"),),
        notes=("a note",),
    )  # fmt: skip
    assert summary.missing
    assert summary.lines() == [
        "bars: 1,200 new, 3 revised",
        "listings: 2 given a value where none was",
        "a note",
        "up to date already: 600002.SH",
        "600003.SH failed: no host",
        "not asked, because the fetch stopped before: 600004.SH",
        "sina must be left alone until 2025-08-01 20:00 CST: sina answered 456",
    ]


def test_many_failures_are_counted() -> None:
    failed = tuple(Outcome(f"6000{place:02d}.SH", "failed", "why") for place in range(50))
    lines = Summary("fetch", outcomes=failed).lines()
    assert lines[0] == "nothing new"
    assert len(lines) == 22
    assert lines[-1].startswith("... and 30 more failed: 600020.SH, ")
    assert lines[-1].endswith(" and 10 more")


@pytest.mark.parametrize(
    ("summary", "missing"),
    [
        (Summary("import"), False),
        (Summary("fetch", outcomes=(Outcome(SYMBOL, "up to date"), Outcome(SYMBOL, "done"))), False),
        (Summary("fetch", outcomes=(Outcome(SYMBOL, "failed", "why"),)), True),
        (Summary("fetch", outcomes=(Outcome(SYMBOL, "not asked"),)), True),
        (Summary("fetch", offline=True, notes=("no host",)), True),
    ],
)
def test_what_is_missing(summary: Summary, missing: bool) -> None:
    assert summary.missing is missing


def test_a_summary_as_json_has_everything() -> None:
    told = Summary("import", {"bars": Count(1)}, (Outcome("bars.csv", "done"),), (finding(),), calls=3).as_dict()
    assert told["rows"] == {"bars": {"new": 1, "revised": 0, "same": 0, "filled": 0}}
    assert told["findings"][0]["key"] == finding().key
    assert told["findings"][0]["first"] == "2025-08-18"
    assert (told["missing"], told["calls"], told["work"]) == (False, 3, "import")
