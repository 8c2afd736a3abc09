"""cninfo: dividends with their pay dates, and the day's ratings, whose columns akshare names by position."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from answered import Answer, answered, quick
from backfolio.source.akshare import cninfo as host
from backfolio.source.akshare.transport import Desk
from backfolio.store.model import DTYPES, TABLES
from facts_payload import DIVIDENDS_AT, RATINGS_AT, cninfo, cninfo_dividend, rating

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from backfolio.source.akshare.delivery import Delivery

NOW = dt.datetime(2025, 8, 25, 12, tzinfo=dt.UTC)
DAY = np.datetime64("2025-08-25")


def desk() -> Desk:
    return Desk(policies=quick(), now=lambda: NOW, sleep=lambda _: None)


def ratings_of(body: str | bytes, **given: Any) -> Delivery:
    with answered(Answer(RATINGS_AT, body, **given)):
        return host.ratings(desk(), DAY)


def actions_of(body: str | bytes, symbol: str = "603019.SH") -> Delivery:
    with answered(Answer(DIVIDENDS_AT, body)):
        return host.actions(desk(), symbol)


def frame_of(delivery: Delivery, table: str) -> pd.DataFrame:
    assert delivery.error == ""
    assert delivery.frame is not None
    assert list(delivery.frame.columns) == list(TABLES[table].columns)
    kinds = TABLES[table].kinds
    assert {column: str(kind) for column, kind in delivery.frame.dtypes.items()} == {
        column: DTYPES[kind] for column, kind in kinds.items()
    }
    return delivery.frame


def test_a_day_of_ratings_comes_in_the_columns_of_the_store() -> None:
    rows = [
        rating(),
        rating("002371", "北方华创", F009N=None, F010N=None, F006V="是首次评级", F007V="未知", F008V=None),
    ]
    delivery = ratings_of(cninfo(rows))
    frame = frame_of(delivery, "ratings")
    assert list(frame["symbol"]) == ["688256.SH", "002371.SZ"]
    first = frame.iloc[0]
    told = ("name", "house", "analyst", "rating", "previous_rating", "change", "source")
    assert tuple(first[list(told)]) == ("寒武纪", "某某证券", "张三", "买入", "增持", "调高", "cninfo")
    assert (first["target_low"], first["target_high"]) == (1700.0, 1835.0)
    assert first["published"] == np.datetime64("2025-08-25")
    assert list(frame["first_rating"]) == [False, True]
    assert frame["target_high"].isna().tolist() == [False, True]
    assert (frame["first_seen"] == NOW).all()
    assert frame["id"].str.fullmatch(r"[0-9a-f]{16}").all()
    assert frame["id"].is_unique
    assert [(entry.outcome, entry.rows, entry.subject) for entry in delivery.log] == [("ok", 2, "2025-08-25")]
    assert delivery.quarantined == ()


def test_the_day_is_asked_for_as_the_host_writes_it() -> None:
    with answered(Answer(RATINGS_AT, cninfo([rating()]))) as asked:
        host.ratings(desk(), "2025-08-25")
    assert "tdate=2025-08-25" in asked.urls[0]
    assert asked.timeouts == [(5.0, 30.0)]


def test_the_id_of_a_report_does_not_depend_on_what_else_came() -> None:
    alone = frame_of(ratings_of(cninfo([rating()])), "ratings")
    among = frame_of(ratings_of(cninfo([rating("002371", "北方华创"), rating()])), "ratings")
    assert alone["id"].iloc[0] == among["id"].iloc[1]


def test_a_single_target_is_a_target_of_one_point() -> None:
    frame = frame_of(ratings_of(cninfo([rating(F009N=None)])), "ratings")
    assert (frame["target_low"].iloc[0], frame["target_high"].iloc[0]) == (1835.0, 1835.0)


def test_a_target_of_nought_is_none() -> None:
    frame = frame_of(ratings_of(cninfo([rating(F009N=0, F010N=0)])), "ratings")
    assert frame[["target_low", "target_high"]].isna().all(axis=None)


def test_a_row_said_twice_is_one() -> None:
    assert len(frame_of(ratings_of(cninfo([rating(), rating()])), "ratings")) == 1


def test_b_shares_are_left_out_without_a_word() -> None:
    delivery = ratings_of(cninfo([rating(), rating("900901", "云赛B股")]))
    assert list(frame_of(delivery, "ratings")["symbol"]) == ["688256.SH"]
    assert delivery.quarantined == ()


def test_fault_a_day_without_ratings_makes_akshare_stumble_and_is_no_fault() -> None:
    delivery = ratings_of(cninfo([]))
    assert len(frame_of(delivery, "ratings")) == 0
    assert [entry.outcome for entry in delivery.log] == ["empty"]
    assert delivery.quarantined == ()


@pytest.mark.parametrize("rows", [[], [rating()]])
def test_fault_fewer_ratings_than_the_host_counts(rows: list[dict[str, Any]]) -> None:
    delivery = ratings_of(cninfo(rows, total=3))
    assert delivery.frame is None
    assert [entry.outcome for entry in delivery.log] == ["quarantined"]
    assert len(delivery.quarantined) == 1


def swapped(rows: Sequence[dict[str, Any]], one: str, other: str) -> list[dict[str, Any]]:
    """Return rows in which two fields stand in each other's place; each keeps its name."""
    at = {one: other, other: one}
    return [{at.get(key, key): row[at.get(key, key)] for key in row} for row in rows]


def renamed(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows whose fields bear names that nobody knows: only their content can prove a column."""
    return [{f"G{place:03d}": value for place, value in enumerate(row.values())} for row in rows]


SOME = [
    rating(),
    rating(F002V="另一证券", F003V="李四", F004V="增持", F008V="买入", F007V="调低"),
    rating("002371", "北方华创", F003V="王五"),
    rating("688041", "海光信息", F002V="第三证券", F007V="维持", F004V="买入", F008V="买入"),
]

SHIFTED = {
    "a field more": ([{"NEW": 1, **row} for row in SOME], "Length mismatch"),
    "a field less": ([{key: row[key] for key in row if key != "F003V"} for row in SOME], "Length mismatch"),
    "all one place on": (
        [{**dict(list(row.items())[1:]), "SECNAME": row["SECNAME"]} for row in SOME],
        "证券代码 is not like",
    ),
    "house and analyst changed places": (swapped(SOME, "F002V", "F003V"), "研究机构简称 does not hold the field F002V"),
    "both ratings changed places": (swapped(SOME, "F004V", "F008V"), "投资评级 does not hold the field F004V"),
    "both targets changed places": (swapped(SOME, "F009N", "F010N"), "目标价格-下限 does not hold the field F009N"),
    "rating and change changed places": (swapped(SOME, "F004V", "F007V"), "投资评级 does not hold the field F004V"),
    "nameless, code and name changed places": (
        renamed(swapped(SOME, "SECCODE", "SECNAME")),
        "证券代码 is not like",
    ),
    "nameless, rating and change changed places": (
        renamed(swapped(SOME, "F004V", "F007V")),
        "the column 投资评级 holds few words",
    ),
    "nameless, ratings changed places": (
        renamed(swapped(SOME, "F004V", "F008V")),
        "投资评级 and 前一次投资评级 contradict 评级变化",
    ),
    "nameless, name and house changed places": (
        renamed(swapped(SOME, "SECNAME", "F002V")),
        "证券简称 gives 688256 more than one name",
    ),
    "nameless, targets changed places": (
        renamed(swapped(SOME, "F009N", "F010N")),
        "目标价格-下限 is above 目标价格-上限",
    ),
    "nameless, house and rating changed places": (
        renamed(swapped(SOME, "F002V", "F004V")),
        "研究机构简称 holds ratings, not names",
    ),
    "nameless, analyst and target changed places": (
        renamed(swapped(SOME, "F003V", "F009N")),
        "研究员名称 holds numbers, not names",
    ),
    "nameless, date and change changed places": (
        renamed(swapped(SOME, "DECLAREDATE", "F007V")),
        "发布日期 is no date",
    ),
    "nameless, first and change changed places": (
        renamed(swapped(SOME, "F006V", "F007V")),
        "the column 评级变化 holds few words",
    ),
}


@pytest.mark.parametrize("fault", SHIFTED)
def test_fault_a_shifted_column_is_kept_aside_whole_with_the_reason(fault: str) -> None:
    rows, reason = SHIFTED[fault]
    body = cninfo(rows)
    delivery = ratings_of(body)
    assert delivery.frame is None
    assert reason in delivery.error
    assert [entry.outcome for entry in delivery.log] == ["quarantined"]
    (kept,) = delivery.quarantined
    assert kept.payload == body.encode()
    assert reason in kept.reason
    assert (kept.host, kept.function, kept.subject) == ("cninfo", "stock_rank_forecast_cninfo", "2025-08-25")


def test_fields_of_unknown_names_in_the_right_order_are_proved_by_their_content() -> None:
    assert len(frame_of(ratings_of(cninfo(renamed(SOME))), "ratings")) == 4


ROWS_ASIDE = {
    "a low target above the high one": (rating("688041", "海光信息", F009N=99.0, F010N=9.0), "目标价格-下限 is above"),
    "another day": (rating("688041", "海光信息", DECLAREDATE="2025-08-20"), "发布日期 is not the day asked for"),
    "first rating in unknown words": (rating("688041", "海光信息", F006V="也许"), "是否首次评级 is none of its words"),
}


@pytest.mark.parametrize("fault", ROWS_ASIDE)
def test_fault_a_bad_row_among_good_ones_is_set_aside_alone(fault: str) -> None:
    row, reason = ROWS_ASIDE[fault]
    good = [rating(F002V=f"第{place}证券") for place in range(9)]
    delivery = ratings_of(cninfo([*good, row]))
    assert list(frame_of(delivery, "ratings")["symbol"].unique()) == ["688256.SH"]
    (kept,) = delivery.quarantined
    assert "1 of 10 rows set aside" in kept.reason
    assert reason in kept.reason
    assert "海光信息" in kept.payload.decode()
    assert "第3证券" not in kept.payload.decode()
    assert [(entry.outcome, entry.rows) for entry in delivery.log] == [("ok", 9)]
    assert reason in delivery.log[0].detail


def test_fault_many_bad_rows_mean_that_none_can_be_believed() -> None:
    delivery = ratings_of(cninfo([rating(), rating("688041", "海光信息", F009N=99.0, F010N=9.0)]))
    assert delivery.frame is None
    assert "目标价格-下限 is above" in delivery.error


REFUSALS = {
    "access denied": ('{"resultmsg": "access denied", "resultcode": 402}', 200, "could not read", "quarantined"),
    "no JSON": ("<?xml version='1.0'?>", 200, "could not read", "quarantined"),
    "a page": ("<!DOCTYPE html><html>test</html>", 200, "web page", "refused"),
    "forbidden": ("", 403, "403", "refused"),
}


@pytest.mark.parametrize("fault", REFUSALS)
def test_fault_a_reply_that_is_no_list_gives_no_frame(fault: str) -> None:
    body, status, words, outcome = REFUSALS[fault]
    delivery = ratings_of(body, status=status)
    assert delivery.frame is None
    assert words in delivery.error
    assert [entry.outcome for entry in delivery.log] == [outcome]
    assert bool(delivery.blocks) == (outcome == "refused")


# --- dividends -------------------------------------------------------------------------------------


def test_dividends_are_a_shares_and_have_their_pay_dates() -> None:
    earlier = {"F006D": "2024-06-14", "F018D": "2024-06-20", "F023D": "2024-06-21"}
    bonus = {"F011N": None, "F010N": 3.0, "F012N": 1.5, "F007V": "10送3股派1.5元(含税)"}
    rows = [cninfo_dividend(), cninfo_dividend("2024-06-21", **earlier, **bonus)]
    frame = frame_of(actions_of(cninfo(rows)), "actions").sort_values("ex_date", ascending=False)
    assert frame[["cash", "shares", "bonus", "transfer"]].to_numpy().tolist() == [
        [0.106, 0.45, 0.0, 0.45],
        [0.15, 0.3, 0.3, 0.0],
    ]
    dates = ["ex_date", "announced", "record_date", "pay_date"]
    assert [str(day)[:10] for day in frame[dates].iloc[0]] == ["2025-07-04", "2025-06-27", "2025-07-03", "2025-07-04"]
    assert set(frame["source"]) == {"cninfo"}
    assert set(frame["symbol"]) == {"603019.SH"}


def test_plans_without_an_ex_date_and_empty_ones_are_left_out() -> None:
    empty_plan = cninfo_dividend("2020-06-19", F018D="2020-06-18", F011N=0, F012N=0, F007V="不分配不转增", F023D=None)
    frame = frame_of(actions_of(cninfo([cninfo_dividend(), cninfo_dividend(None), empty_plan])), "actions")
    assert len(frame) == 1


def test_two_plans_of_one_ex_date_add_up_and_one_said_twice_does_not() -> None:
    special = cninfo_dividend(F011N=None, F012N=2.0, F007V="10派2元(含税)", F001V="特别分红")
    frame = frame_of(actions_of(cninfo([cninfo_dividend(), special, cninfo_dividend()])), "actions")
    assert len(frame) == 1
    assert (frame["cash"].iloc[0], frame["shares"].iloc[0]) == (0.306, 0.45)
    assert frame["plan"].iloc[0] == "10转增4.5股派1.06元(含税); 10派2元(含税)"


def test_fault_a_share_that_never_paid_makes_akshare_stumble_and_is_no_fault() -> None:
    delivery = actions_of(cninfo([]))
    assert len(frame_of(delivery, "actions")) == 0
    assert [entry.outcome for entry in delivery.log] == ["empty"]


def test_fault_one_bad_dividend_of_three_is_its_own_fault() -> None:
    rows = [cninfo_dividend(f"202{year}-07-04", F018D=f"202{year}-07-03", F023D=None) for year in (3, 4)]
    delivery = actions_of(cninfo([*rows, cninfo_dividend(F012N=10.6)]))
    assert len(frame_of(delivery, "actions")) == 2
    assert ["1 of 3 rows set aside" in kept.reason for kept in delivery.quarantined] == [True]


BROKEN = {
    "a field gone": (
        [{key: value for key, value in cninfo_dividend().items() if key != "F020D"}],
        "KeyError",
    ),
    "numbers a share, words for ten": ([cninfo_dividend(F012N=0.106, F011N=0.45)], "speaks of other numbers"),
    "cash beyond reason": ([cninfo_dividend(F012N=99_999.0)], "派息比例 is above"),
    "negative cash": ([cninfo_dividend(F012N=-1.0)], "派息比例 is below"),
    "recorded after the ex-date": ([cninfo_dividend(F018D="2025-07-10", F023D=None)], "股权登记日 is not before"),
    "paid before it was recorded": ([cninfo_dividend(F023D="2025-01-03")], "派息日 is before"),
    "an ex-date before there were shares": (
        [cninfo_dividend("1970-01-01", F018D=None, F023D=None)],
        "除权日 is before",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_fault_a_broken_dividend_is_kept_aside_with_the_reason(fault: str) -> None:
    rows, reason = BROKEN[fault]
    delivery = actions_of(cninfo(rows))
    assert delivery.frame is None
    assert reason in delivery.error
    assert [entry.outcome for entry in delivery.log] == ["quarantined"]
    assert len(delivery.quarantined) == 1
