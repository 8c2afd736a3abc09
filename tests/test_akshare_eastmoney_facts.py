"""eastmoney's facts: dividends, suspensions, a listing, and reports with what akshare throws away."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from answered import Answer, answered, quick
from backfolio.source.akshare import eastmoney_facts as host
from backfolio.source.akshare import facts
from backfolio.source.akshare.transport import Desk
from backfolio.store.model import DTYPES, TABLES
from facts_payload import (
    BONUS_AT,
    INFO_AT,
    NO_INFO,
    NO_ROWS,
    REPORTS_AT,
    SUSPENDED_AT,
    bonus,
    datacenter,
    halt,
    info,
    report,
    reports,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.source.akshare.delivery import Delivery

NOW = dt.datetime(2025, 8, 28, 12, tzinfo=dt.UTC)


def desk() -> Desk:
    return Desk(policies=quick(), now=lambda: NOW, sleep=lambda _: None)


def actions(*answers: Answer) -> Delivery:
    with answered(*answers):
        return host.actions(desk(), "603019.SH")


def suspensions(*answers: Answer, day: str = "2025-05-28") -> Delivery:
    with answered(*answers):
        return host.suspensions(desk(), day)


def listing(*answers: Answer) -> Delivery:
    with answered(*answers):
        return host.listing(desk(), "688256.SH")


def reported(*answers: Answer) -> Delivery:
    with answered(*answers):
        return host.reports(desk(), "688256.SH")


def frame_of(delivery: Delivery, table: str) -> pd.DataFrame:
    assert delivery.error == ""
    assert delivery.frame is not None
    kinds = TABLES[table].kinds
    assert {column: str(kind) for column, kind in delivery.frame.dtypes.items()} == {
        column: DTYPES[kind] for column, kind in kinds.items()
    }
    return delivery.frame


def table_of(frame: pd.DataFrame, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(str(cell)[:10] for cell in row) for row in frame[list(columns)].itertuples(index=False, name=None)]


def is_kept_aside(delivery: Delivery, reason: str) -> None:
    assert delivery.frame is None
    assert reason in delivery.error
    assert [entry.outcome for entry in delivery.log] == ["quarantined"]
    (kept,) = delivery.quarantined
    assert kept.reason in delivery.error
    assert kept.payload


def swapped(row: dict[str, Any], one: str, other: str) -> dict[str, Any]:
    """Return a row in which two fields stand in each other's place; each keeps its name."""
    at = {one: other, other: one}
    return {at.get(key, key): row[at.get(key, key)] for key in row}


def renamed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose fields bear names that nobody knows: only their content can prove a column."""
    return {f"G{place:03d}": value for place, value in enumerate(row.values())}


# --- dividends -------------------------------------------------------------------------------------


def test_dividends_are_a_shares_and_only_those_carried_out() -> None:
    rows = [
        bonus(),
        bonus(None, ASSIGN_PROGRESS="董事会决议通过", EQUITY_RECORD_DATE=None),
        bonus("2026-06-12", ASSIGN_PROGRESS="股东大会决议通过", EQUITY_RECORD_DATE=None),
        bonus(
            "2024-06-21",
            BONUS_IT_RATIO=None,
            IT_RATIO=None,
            PRETAX_BONUS_RMB=0.362155,
            EQUITY_RECORD_DATE="2024-06-20 00:00:00",
            NOTICE_DATE="2024-06-14 00:00:00",
            IMPL_PLAN_PROFILE="10派0.36元(含税)",
        ),
    ]
    delivery = actions(Answer(BONUS_AT, datacenter(rows)))
    frame = frame_of(delivery, "actions").sort_values("ex_date", ascending=False)
    assert frame[["cash", "shares", "bonus", "transfer"]].to_numpy().tolist() == [
        [0.106, 0.45, 0.0, 0.45],
        [0.0362155, 0.0, 0.0, 0.0],
    ]
    assert table_of(frame.head(1), "symbol", "ex_date", "announced", "record_date", "pay_date", "source") == [
        ("603019.SH", "2025-07-04", "2025-06-27", "2025-07-03", "NaT", "eastmoney")
    ]


def test_a_notice_after_the_ex_date_did_not_announce_it() -> None:
    frame = frame_of(actions(Answer(BONUS_AT, datacenter([bonus(NOTICE_DATE="2025-09-01 00:00:00")]))), "actions")
    assert table_of(frame, "announced") == [("2025-04-18",)]


def test_pages_are_joined_and_the_first_one_asked_for_twice_counts_once() -> None:
    other = bonus("2024-06-21", EQUITY_RECORD_DATE="2024-06-20 00:00:00")
    delivery = actions(
        Answer(f"{BONUS_AT} pageNumber=1", datacenter([bonus()], pages=2)),
        Answer(f"{BONUS_AT} pageNumber=2", datacenter([other], pages=2)),
    )
    assert len(frame_of(delivery, "actions")) == 2
    assert delivery.log[0].calls == 3


def test_fault_a_share_that_never_paid_makes_akshare_stumble_and_is_no_fault() -> None:
    delivery = actions(Answer(BONUS_AT, NO_ROWS))
    assert len(frame_of(delivery, "actions")) == 0
    assert [entry.outcome for entry in delivery.log] == ["empty"]
    assert delivery.quarantined == ()


BROKEN = {
    "a field more": ({"NEW": 1, **bonus()}, "Length mismatch"),
    "cash and ex-date changed places": (
        swapped(bonus(), "PRETAX_BONUS_RMB", "EX_DIVIDEND_DATE"),
        "does not hold the field",
    ),
    "bonus and transfer changed places": (
        swapped(bonus(), "BONUS_RATIO", "IT_RATIO"),
        "送转股份-送股比例 does not hold the field BONUS_RATIO",
    ),
    "nameless, cash and transfer changed places": (
        renamed(swapped(bonus(), "PRETAX_BONUS_RMB", "IT_RATIO")),
        "is not the sum of its parts",
    ),
    "nameless, record date and ex-date changed places": (
        renamed(swapped(bonus(), "EQUITY_RECORD_DATE", "EX_DIVIDEND_DATE")),
        "股权登记日 is not before",
    ),
    "numbers a share, words for ten": (bonus(PRETAX_BONUS_RMB=0.106), "speaks of other numbers"),
    "shares that are not the sum of their parts": (bonus(BONUS_IT_RATIO=45.0), "is not the sum of its parts"),
    "negative cash": (bonus(PRETAX_BONUS_RMB=-1.06), "is below 0"),
    "recorded on the ex-date": (bonus(EQUITY_RECORD_DATE="2025-07-04 00:00:00"), "股权登记日 is not before"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_fault_a_broken_dividend_is_kept_aside_with_the_reason(fault: str) -> None:
    row, reason = BROKEN[fault]
    is_kept_aside(actions(Answer(BONUS_AT, datacenter([row]))), reason)


def test_fault_one_bad_row_among_good_ones_is_set_aside_alone() -> None:
    good = [bonus(f"20{year:02d}-07-04", EQUITY_RECORD_DATE=f"20{year:02d}-07-03 00:00:00") for year in range(14, 20)]
    delivery = actions(Answer(BONUS_AT, datacenter([*good, bonus(PRETAX_BONUS_RMB=10.6)])))
    assert len(frame_of(delivery, "actions")) == 6
    (kept,) = delivery.quarantined
    assert "1 of 7 rows set aside" in kept.reason
    assert "10.6" in kept.payload.decode()


def test_fault_a_sentence_instead_of_rows_is_no_empty_table() -> None:
    body = json.dumps({"result": None, "success": False, "message": "服务器繁忙", "code": 9999})
    is_kept_aside(actions(Answer(BONUS_AT, body)), "could not read what came")


@given(st.integers(0, 99_999_999), st.integers(0, 99_999_999), st.integers(0, 99_999_999))
def test_a_plan_in_words_fits_its_own_numbers_and_no_others(cash: int, bonus_: int, transfer: int) -> None:
    def faulty(plan: str, *ten: float) -> bool:
        columns = [pd.Series([value]) for value in ten]
        return bool(facts.plan_faults(pd.Series([plan], dtype=object), *columns).iloc[0])

    money, free, moved = (number / 1e6 for number in (cash, bonus_, transfer))
    plan = f"10送{free:.2f}转{moved:.2f}派{money:.2f}元(含税,扣税后{money * 0.9:.4f}元)"
    assert not faulty(plan, money, free, moved)
    assert faulty(plan, money + 1, free, moved)
    assert faulty(plan, money, free + 1, moved)
    assert not faulty("不分配不转增", money, free, moved)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2025-08-24", "2025-08-24"),
        ("2025-08-24 09:30:00", "2025-08-24"),
        ("2025/8/4", "2025-08-04"),
        (20200720, "2020-07-20"),
        ("20200720", "2020-07-20"),
        (dt.date(2025, 8, 24), "2025-08-24"),
        (pd.Timestamp("2025-08-24 10:00"), "2025-08-24"),
        ("2025-02-30", "NaT"),
        (20201341, "NaT"),
        (18463, "NaT"),
        (1755993600000000000, "NaT"),
        (20200720.5, "NaT"),
        (2020072, "NaT"),
        ("2025", "NaT"),
        ("today", "NaT"),
        (None, "NaT"),
        (pd.NaT, "NaT"),
        ("-", "NaT"),
    ],
)
def test_what_is_a_date_and_what_is_none(cell: object, day: str) -> None:
    assert str(facts.days([cell]).iloc[0])[:10] == day


# --- suspensions -----------------------------------------------------------------------------------


def test_suspensions_of_a_day() -> None:
    rows = [
        halt(),
        halt("603019", SUSPEND_END_TIME=None, PREDICT_RESUME_DATE="2025-06-10 00:00:00"),
        halt("000016", SUSPEND_END_TIME=None, PREDICT_RESUME_DATE=None, SUSPEND_REASON=None),
        halt("300001", SUSPEND_EXPIRE="盘中停牌", SUSPEND_END_TIME="2025-05-26 10:00:00"),
        halt("900901"),
    ]
    delivery = suspensions(Answer(f"{SUSPENDED_AT} DATETIME='2025-05-28'", datacenter(rows)))
    frame = frame_of(delivery, "suspensions").sort_values("symbol")
    assert table_of(frame, "symbol", "first", "last", "reason", "source") == [
        ("000016.SZ", "2025-05-26", "NaT", "None", "eastmoney"),
        ("603019.SH", "2025-05-26", "2025-06-09", "拟筹划重大资产重组", "eastmoney"),
        ("688041.SH", "2025-05-26", "2025-06-09", "拟筹划重大资产重组", "eastmoney"),
    ]
    assert [(entry.subject, entry.outcome, entry.rows) for entry in delivery.log] == [("2025-05-28", "ok", 3)]


def test_fault_a_day_without_suspensions_makes_akshare_stumble_and_is_no_fault() -> None:
    delivery = suspensions(Answer(SUSPENDED_AT, NO_ROWS))
    assert len(frame_of(delivery, "suspensions")) == 0
    assert [entry.outcome for entry in delivery.log] == ["empty"]


HALTS = {
    "a field less": (
        {key: value for key, value in halt().items() if key != "SECUCODE"},
        "Length mismatch",
    ),
    "name and reason changed places": (
        swapped(halt(), "SECURITY_NAME_ABBR", "SUSPEND_REASON"),
        "名称 does not hold the field SECURITY_NAME_ABBR",
    ),
    "nameless, code and market changed places": (
        renamed(swapped(halt(), "SECURITY_CODE", "TRADE_MARKET")),
        "代码 is not like",
    ),
    "nameless, first and last changed places": (
        renamed(swapped(halt(), "SUSPEND_START_TIME", "SUSPEND_END_TIME")),
        "停牌截止时间 is before",
    ),
    "another month's": (
        halt(first="2025-08-03 09:30:00", SUSPEND_END_TIME=None),
        "停牌时间 is long after the day asked for",
    ),
    "over before it began": (halt(SUSPEND_END_TIME="2025-05-20 15:00:00"), "停牌截止时间 is before"),
}


@pytest.mark.parametrize("fault", HALTS)
def test_fault_a_broken_suspension_is_kept_aside_with_the_reason(fault: str) -> None:
    row, reason = HALTS[fault]
    is_kept_aside(suspensions(Answer(SUSPENDED_AT, datacenter([row]))), reason)


# --- a listing -------------------------------------------------------------------------------------


def test_a_listing() -> None:
    with answered(Answer(f"{INFO_AT} secid=1.688256", info())) as asked:
        delivery = host.listing(desk(), "688256.SH")
    frame = frame_of(delivery, "listings")
    assert table_of(frame, "symbol", "name", "listed", "delisted", "assumed", "source") == [
        ("688256.SH", "寒武纪", "2020-07-20", "NaT", "False", "eastmoney")
    ]
    assert asked.timeouts == [(5.0, 15.0)]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("XD浦发银", "None"),
        ("XR浦发银", "None"),
        ("DR浦发银", "None"),
        ("N寒武纪", "None"),
        ("C寒武纪", "None"),
        ("XDST中安", "None"),
        ("XD*ST中", "None"),
        ("*ST中安", "*ST中安"),
        ("S*ST恒立", "S*ST恒立"),
        ("TCL科技", "TCL科技"),
        ("寒武纪-U", "寒武纪-U"),
    ],
)
def test_a_name_with_a_mark_of_the_day_is_not_the_shares_name(name: str, kept: str) -> None:
    frame = frame_of(listing(Answer(INFO_AT, info(f58=name))), "listings")
    assert table_of(frame, "name", "listed") == [(kept, "2020-07-20")]


def test_a_listing_of_unknown_date_is_missing() -> None:
    assert table_of(frame_of(listing(Answer(INFO_AT, info(f189="-"))), "listings"), "listed") == [("NaT",)]


def test_fault_a_symbol_that_the_host_does_not_know_makes_akshare_stumble() -> None:
    delivery = listing(Answer(INFO_AT, NO_INFO))
    assert len(frame_of(delivery, "listings")) == 0
    assert [entry.outcome for entry in delivery.log] == ["empty"]


LISTINGS = {
    "another share": (info("600000"), "股票代码 is 600000"),
    "a date that is none": (info(f189=20201341), "上市时间 is no date"),
    "a number of days": (info(f189=18463), "上市时间 is no date"),
    "without the date": (info().replace('"f189"', '"f999"'), "no item 上市时间 came"),
    "without a field that akshare takes off": (info().replace('"svr"', '"srv"'), "KeyError"),
}


@pytest.mark.parametrize("fault", LISTINGS)
def test_fault_a_broken_listing_is_kept_aside_with_the_reason(fault: str) -> None:
    body, reason = LISTINGS[fault]
    is_kept_aside(listing(Answer(INFO_AT, body)), reason)


# --- research reports ------------------------------------------------------------------------------


def test_reports_keep_what_akshare_throws_away() -> None:
    rows = [
        report(),
        report(infoCode="AP2", publishDate="2025-04-21 08:30:00.000", indvAimPriceT="", indvAimPriceL="",
               lastEmRatingName="", emRatingName="", ratingChange=None, researcher=""),
        report(infoCode="AP3", orgSName="另一证券", indvAimPriceL=""),
    ]  # fmt: skip
    delivery = reported(Answer(REPORTS_AT, reports(rows)))
    frame = frame_of(delivery, "ratings").set_index("url")
    assert list(frame.index.str[-9:]) == ["001_1.pdf", "AP2_1.pdf", "AP3_1.pdf"]
    first, second, third = (frame.iloc[place] for place in range(3))
    told = ("symbol", "name", "house", "analyst", "rating", "previous_rating", "change", "title", "source", "time")
    assert tuple(first[list(told)]) == (
        "688256.SH", "寒武纪", "某某证券", "张三,李四", "买入", "增持", "2", "算力龙头", "eastmoney", "",
    )  # fmt: skip
    assert (first["target_low"], first["target_high"]) == (1700.0, 1835.0)
    assert first["published"] == np.datetime64("2025-08-27")
    assert (second["rating"], second["previous_rating"], second["change"], second["time"]) == (
        None,
        None,
        None,
        "08:30",
    )
    assert np.isnan(second["target_high"])
    assert (third["target_low"], third["target_high"]) == (1835.0, 1835.0)
    assert frame["first_rating"].isna().all()
    assert (frame["first_seen"] == NOW).all()


def test_pages_of_reports_are_joined() -> None:
    pages = [
        [report(infoCode=f"AP{page}{place}", orgSName=f"第{page}{place}证券") for place in range(3)] for page in (1, 2)
    ]
    delivery = reported(
        Answer(f"{REPORTS_AT} pageNo=1", reports(pages[0], pages=2, page=1, hits=6)),
        Answer(f"{REPORTS_AT} pageNo=2", reports(pages[1], pages=2, page=2, hits=6)),
    )
    assert len(frame_of(delivery, "ratings")) == 6
    assert delivery.log[0].detail == ""


def test_a_share_without_reports_makes_akshare_stumble_and_is_no_fault() -> None:
    delivery = reported(Answer(REPORTS_AT, reports([], pages=0)))
    assert len(frame_of(delivery, "ratings")) == 0
    assert [entry.outcome for entry in delivery.log] == ["empty"]


def test_fault_fewer_reports_than_the_host_counts_have_not_all_come() -> None:
    delivery = reported(Answer(REPORTS_AT, reports([report()], hits=30)))
    assert len(frame_of(delivery, "ratings")) == 1
    assert delivery.short == delivery.log[0].detail == "1 reports came of the 30 that the reply speaks of"
    assert delivery.log[0].outcome == "failed"  # it is asked for again, and what it lacks was not asked for in vain


def test_fault_no_reports_of_those_that_the_host_counts_is_not_none() -> None:
    delivery = reported(Answer(REPORTS_AT, reports([], pages=0, hits=30)))
    assert delivery.frame is None
    assert [entry.outcome for entry in delivery.log] == ["quarantined"]


def test_fault_fewer_dividends_or_suspensions_than_the_host_counts() -> None:
    is_kept_aside(actions(Answer(BONUS_AT, datacenter([bonus()], count=2))), "1 rows came of the 2 that the reply")
    is_kept_aside(suspensions(Answer(SUSPENDED_AT, datacenter([halt()], count=2))), "1 rows came of the 2")


def test_fault_a_page_of_suspensions_that_is_short() -> None:
    pages = [datacenter(rows, pages=2, count=4) for rows in ([halt(), halt("600001")], [halt("600002")])]
    delivery = suspensions(
        Answer(f"{SUSPENDED_AT} pageNumber=1", pages[0]), Answer(f"{SUSPENDED_AT} pageNumber=2", pages[1])
    )
    is_kept_aside(delivery, "3 rows came of the 4 that the reply speaks of")


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in report().items() if key != name}


REPORTS: dict[str, tuple[Sequence[dict[str, Any]], str]] = {
    "no target prices any more": ([without("indvAimPriceT")], "the reply has no field indvAimPriceT"),
    "no last rating any more": ([without("lastEmRatingName")], "the reply has no field lastEmRatingName"),
    "no house any more": ([without("orgSName")], "could not read"),
    "another share's": ([report(stockCode="600000")], "stockCode is not the one asked for"),
    "a report of tomorrow": ([report(publishDate="2025-12-01 00:00:00.000")], "publishDate is in the future"),
    "a low target above the high one": ([report(indvAimPriceL="2000", indvAimPriceT="1000")], "indvAimPriceL is above"),
    "a negative target": ([report(indvAimPriceL="-5", indvAimPriceT="-5")], "a target price is below 0"),
    "a date that is none": ([report(publishDate="gestern")], "日期 is missing"),
}


@pytest.mark.parametrize("fault", REPORTS)
def test_fault_a_broken_list_of_reports_is_kept_aside_with_the_reason(fault: str) -> None:
    rows, reason = REPORTS[fault]
    is_kept_aside(reported(Answer(REPORTS_AT, reports(rows))), reason)


def test_fault_an_html_page_is_a_ban_that_names_the_time() -> None:
    delivery = reported(Answer(REPORTS_AT, "<html><script>verify</script></html>"))
    assert delivery.frame is None
    assert "try again after 2025-08-28 21:00 (Shanghai time)" in delivery.error
    assert [block.host for block in delivery.blocks] == ["eastmoney"]


def test_fault_offline_is_told_apart() -> None:
    delivery = reported(Answer(REPORTS_AT, raises="no name"))
    assert delivery.frame is None
    assert delivery.offline
