"""sina: dividends and rights issues, former names and ratings, through akshare's own code, good and broken."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sina_payload as payload
from answered import Answer, answered, quick
from backfolio.source.akshare import sina_facts as host
from backfolio.source.akshare.transport import Desk
from backfolio.store.model import DTYPES, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from backfolio.source.akshare.delivery import Delivery

NOW = dt.datetime(2025, 9, 1, 9, tzinfo=dt.UTC)
GBK = {"Content-Type": "text/html; charset=gbk"}
UNTOLD = {"Content-Type": "text/html"}
"""Without a charset `requests` takes a page for Latin-1."""

ACTIONS_AT, NAMES_AT, RATINGS_AT = "vISSUE_ShareBonus/stockid/", "vCI_CorpInfo/stockid/", "vIR_StockSearch/key/"


def desk() -> Desk:
    return Desk(policies=quick(), now=lambda: NOW, sleep=lambda _: None)


def asked_of(
    ask: Callable[[Desk, str], Delivery], at: str, page: str, symbol: str = "000001.SZ", **given: Any
) -> Delivery:
    answer = Answer(f"{at}{symbol[:6]}.phtml", page.encode("gbk"), **{"headers": GBK, **given})
    with answered(answer):
        return ask(desk(), symbol)


def frame_of(delivery: Delivery, table: str) -> pd.DataFrame:
    assert delivery.frame is not None, delivery.error
    assert delivery.error == ""
    kinds = TABLES[table].kinds
    assert {column: str(kind) for column, kind in delivery.frame.dtypes.items()} == {
        column: DTYPES[kind] for column, kind in kinds.items()
    }
    return delivery.frame


def assert_refused(delivery: Delivery, reason: str) -> None:
    assert delivery.frame is None
    assert reason in delivery.error
    assert delivery.log[-1].outcome == "quarantined"
    assert delivery.quarantined[-1].reason in delivery.error
    assert delivery.quarantined[-1].payload


# --- dividends and rights issues ---------------------------------------------------------------------

PAID = (
    ("2025-06-05", 0, 0, 3.621, "实施", "2025-06-12", "2025-06-11", "--"),
    ("2025-03-15", 0, 0, 3.62, "预案", "--", "--", "--"),
    ("2016-06-08", 1, 2, 1.53, "实施", "2016-06-16", "2016-06-15", "2016-06-16"),
    ("2014-08-20", 0, 0, 0, "不分配", "--", "--", "--"),
)
OFFERED = (
    ("2000-10-20", 3, 8, 155_184.71, "2000-11-06", "2000-11-03", "2000-11-07", "2000-11-20", "2000-12-08", 8.5e8),
)


def actions_of(paid: Sequence[Sequence[object]], offered: Sequence[Sequence[object]] = (), **given: Any) -> Delivery:
    return asked_of(host.actions, ACTIONS_AT, payload.dividends(paid, offered), **given)


def told(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    dates = frame["ex_date"].to_numpy().astype("datetime64[D]").astype(str)
    return [(date, *row) for date, row in zip(dates, frame[list(columns)].to_numpy().tolist(), strict=True)]


def test_dividends_are_told_a_share_and_only_where_they_were_paid() -> None:
    delivery = actions_of(PAID)
    frame = frame_of(delivery, "actions")
    assert told(frame, "cash", "shares", "bonus", "transfer", "plan") == [
        ("2025-06-12", 0.3621, 0.0, 0.0, 0.0, "10派3.621"),
        ("2016-06-16", 0.153, 0.3, 0.1, 0.2, "10送1转2派1.53"),
    ]
    first = frame.iloc[0]
    assert (first["symbol"], first["source"]) == ("000001.SZ", "sina")
    assert first["announced"] == np.datetime64("2025-06-05")
    assert first["record_date"] == np.datetime64("2025-06-11")
    assert frame["pay_date"].isna().all()
    assert frame["rights"].isna().all()
    assert [(entry.function, entry.outcome, entry.rows) for entry in delivery.log] == [
        ("stock_history_dividend_detail", "ok", 2)
    ]


def test_the_page_is_asked_for_once_where_it_lists_no_rights_issue() -> None:
    page = payload.dividends(PAID).encode("gbk")
    with answered(Answer(ACTIONS_AT, page, headers=GBK)) as asked:
        host.actions(desk(), "000001.SZ")
    assert len(asked.urls) == 1


def test_a_rights_issue_has_its_ratio_and_price_a_share() -> None:
    delivery = actions_of(PAID[:1], OFFERED)
    frame = frame_of(delivery, "actions")
    assert told(frame, "cash", "shares", "plan") == [
        ("2025-06-12", 0.3621, 0.0, "10派3.621"),
        ("2000-11-06", 0.0, 0.0, "10配3"),
    ]
    rights = frame.iloc[1]
    assert (rights["rights"], rights["rights_price"]) == (0.3, 8.0)
    assert rights["record_date"] == np.datetime64("2000-11-03")
    assert [entry.rows for entry in delivery.log] == [1, 1]


def test_a_rights_issue_without_any_dividend_is_found() -> None:
    frame = frame_of(actions_of((), OFFERED), "actions")
    assert told(frame, "rights", "rights_price") == [("2000-11-06", 0.3, 8.0)]


def test_several_on_one_ex_date_are_one_row_and_one_told_twice_counts_once() -> None:
    special = ("2000-10-21", 0, 0, 1, "实施", "2000-11-06", "2000-11-03", "--")
    annual = ("2000-10-20", 2, 0, 0.5, "实施", "2000-11-06", "2000-11-03", "--")
    frame = frame_of(actions_of((special, annual, annual), OFFERED), "actions")
    assert told(frame, "cash", "shares", "rights", "rights_price", "plan") == [
        ("2000-11-06", 0.15, 0.2, 0.3, 8.0, "10派1; 10送2派0.5; 10配3")
    ]


def test_a_share_that_never_paid_has_no_actions() -> None:
    delivery = actions_of(())
    assert len(frame_of(delivery, "actions")) == 0
    assert [entry.outcome for entry in delivery.log] == ["empty", "empty"]
    assert delivery.quarantined == ()


def test_a_row_whose_dates_contradict_each_other_is_set_aside() -> None:
    wrong = ("2015-06-08", 0, 0, 1.53, "实施", "2015-06-15", "2015-06-16", "--")
    many = [(f"{year}-06-08", 0, 0, 1, "实施", f"{year}-06-16", f"{year}-06-15", "--") for year in range(2000, 2010)]
    delivery = actions_of((wrong, *many))
    assert len(frame_of(delivery, "actions")) == 10
    (kept,) = delivery.quarantined
    assert "股权登记日 is not before 除权除息日: 1 of 11 rows" in kept.reason
    assert b"2015-06-16" in kept.payload
    assert kept.reason in delivery.log[0].detail


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("2016-06-08", 0, 0, -1.53, "实施", "2016-06-16", "2016-06-15", "--"), "派息 is below 0"),
        (("2016-06-08", 0, 120, 1.53, "实施", "2016-06-16", "2016-06-15", "--"), "转增 is above 100"),
        (("2016-06-08", "?", "?", "1.53元", "实施", "2016-06-16", "2016-06-15", "--"), "no number of 送股, 转增, 派息"),
        (("2016-06-08", 0, 0, 1, "实施", "2016-06-16", "2016-06-17", "--"), "股权登记日 is not before 除权除息日"),
        (("2016-06-18", 0, 0, 1, "实施", "2016-06-16", "2016-06-15", "--"), "公告日期 is after 除权除息日"),
        (("--", 0, 0, 1, "实施", "2016-06-16", "2016-06-15", "--"), "公告日期 is missing"),
    ],
    ids=["negative", "too many shares", "no number", "record", "announced", "no date"],
)
def test_dividends_that_cannot_be_are_refused(row: tuple[object, ...], reason: str) -> None:
    assert_refused(actions_of((row,)), reason)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("2000-10-20", 3, 0, 1, "2000-11-06", "2000-11-03", "--", "--", "--", 1), "配股价格 is not told"),
        (("2000-10-20", -3, 8, 1, "2000-11-06", "2000-11-03", "--", "--", "--", 1), "配股方案 is below 0"),
        (("2000-10-20", 3, 8, 1, "2000-11-03", "2000-11-06", "--", "--", "--", 1), "股权登记日 is not before 除权日"),
    ],
    ids=["no price", "negative", "record"],
)
def test_rights_issues_that_cannot_be_are_refused_and_take_the_dividends_along(
    row: tuple[object, ...], reason: str
) -> None:
    delivery = actions_of(PAID, (row,))
    assert_refused(delivery, reason)
    assert [entry.outcome for entry in delivery.log] == ["ok", "quarantined"]


def test_a_page_of_unknown_encoding_is_not_taken_for_one_without_dividends() -> None:
    assert_refused(actions_of(PAID, headers=UNTOLD), "进度 is not like")
    assert_refused(actions_of((), headers=UNTOLD), "公告日期 is missing")


@pytest.mark.parametrize("ask", [host.actions, host.names, host.ratings])
@pytest.mark.parametrize(
    ("page", "status", "says"),
    [
        (payload.banned(), 456, "456"),
        (payload.banned(), 200, "sent a page that refuses this address"),
        ("<html><head><title>新浪网</title></head><body></body></html>", 200, "it has no table"),
    ],
)
def test_a_ban_is_named_with_the_time_to_try_again(
    ask: Callable[[Desk, str], Delivery], page: str, status: int, says: str
) -> None:
    delivery = asked_of(ask, "/", page, status=status)
    assert delivery.frame is None
    assert [(block.host, block.until) for block in delivery.blocks] == [("sina", NOW + dt.timedelta(hours=1))]
    assert says in delivery.error
    assert "try again after" in delivery.error


# --- former names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("深发展A S深发展A 深发展A 平安银行", ["深发展A", "S深发展A", "平安银行"]),
        ("万  科Ａ 万科A", ["万科A"]),
        ("*ST海创 ＳＴ海创\u3000海创药业", ["*ST海创", "ST海创", "海创药业"]),
        ("长江电力 ", ["长江电力"]),
    ],
    ids=["twice", "spaces inside", "full width", "one"],
)
def test_former_names_are_whole_and_stand_once(written: str, names: list[str]) -> None:
    delivery = asked_of(host.names, NAMES_AT, payload.company(written))
    frame = frame_of(delivery, "names")
    assert list(frame["name"]) == names
    assert set(frame["symbol"]) == {"000001.SZ"}
    assert set(frame["source"]) == {"sina"}
    assert frame["first"].isna().all()


def test_a_company_that_kept_its_name_has_no_former_ones() -> None:
    delivery = asked_of(host.names, NAMES_AT, payload.company(None))
    assert len(frame_of(delivery, "names")) == 0
    assert delivery.log[0].outcome == "empty"


def test_names_that_akshare_does_not_find_on_the_page_are_not_taken_for_none() -> None:
    assert_refused(asked_of(host.names, NAMES_AT, payload.company("深发展A 平安银行"), headers=UNTOLD), "former names")
    another = payload.recommendations([]) + "<table><tr><td>a</td><td>b</td></tr></table>" * 3
    assert_refused(asked_of(host.names, NAMES_AT, another), "not the page")


# --- ratings -----------------------------------------------------------------------------------------


def rating(**changes: object) -> tuple[object, ...]:
    row = {
        "code": "000001",
        "name": "平安银行",
        "target": "15.20",
        "rating": "买入",
        "house": "高盛",
        "analyst": "张三",
    }
    row |= {"industry": "银行", "date": "2025-08-25", **changes}  # type: ignore[dict-item]
    return tuple(row.values())


def ratings_of(rows: Sequence[Sequence[object]], **given: Any) -> Delivery:
    return asked_of(host.ratings, RATINGS_AT, payload.recommendations(rows, **given))


def test_ratings_come_with_house_target_and_date() -> None:
    rows = [
        rating(),
        rating(target="", analyst="", house="中金公司", rating="增持", date="2025-08-01"),
        rating(target="0.00", house="摩根士丹利"),
        rating(),
    ]
    delivery = ratings_of(rows)
    frame = frame_of(delivery, "ratings")
    assert list(frame["house"]) == ["高盛", "中金公司", "摩根士丹利"]
    assert next(iter(frame["target_low"])) == next(iter(frame["target_high"])) == 15.2
    assert frame["target_low"].isna().tolist() == [False, True, True]
    assert list(frame["analyst"]) == ["张三", None, "张三"]
    assert list(frame["rating"]) == ["买入", "增持", "买入"]
    assert frame["published"].astype(str).tolist() == ["2025-08-25", "2025-08-01", "2025-08-25"]
    assert set(frame["symbol"]) == {"000001.SZ"}
    assert (frame["first_seen"] == NOW).all()
    assert frame["id"].is_unique
    assert frame["url"].str.contains("vIR_StockSearch/key/000001").all()
    assert delivery.log[0].outcome == "ok"


def test_the_id_of_a_report_does_not_depend_on_what_else_came() -> None:
    alone = frame_of(ratings_of([rating()]), "ratings")["id"].tolist()
    among = frame_of(ratings_of([rating(house="中信证券"), rating(), rating(target="")]), "ratings")["id"].tolist()
    assert among[1] == alone[0]
    assert len(set(among)) == 3


@pytest.mark.parametrize("rows", [[], [("没有找到相关内容",) * 8]], ids=["no row", "a row of words"])
def test_a_share_that_nobody_rates_has_no_ratings(rows: list[tuple[str, ...]]) -> None:
    delivery = ratings_of(rows)
    assert len(frame_of(delivery, "ratings")) == 0
    assert delivery.log[0].outcome == "empty"
    assert delivery.quarantined == ()


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([rating(), rating(code="600000")], "the page speaks of other symbols: 600000"),
        ([rating(target="-3")], "目标价 is below 0"),
        ([rating(house="")], "评级机构 is not told"),
        ([rating(date="")], "评级日期 is not told"),
        ([rating(date="2031-01-01")], "评级日期 is after today"),
        ([rating(code="平安银行")], "股票代码 is not like"),
    ],
    ids=["another symbol", "negative target", "no house", "no date", "tomorrow", "shifted"],
)
def test_ratings_that_cannot_be_are_refused(rows: list[tuple[object, ...]], reason: str) -> None:
    assert_refused(ratings_of(rows), reason)


def test_renamed_columns_are_refused() -> None:
    heads = ("代码", "名称", "目标价", "评级", "机构", "分析师", "行业", "日期", "摘要")
    assert_refused(ratings_of([rating()], heads=heads), "KeyError")


def test_one_faulty_row_of_many_is_set_aside_and_kept() -> None:
    many = [rating(house=f"机构{number}") for number in range(9)]
    delivery = ratings_of([*many, rating(house="")])
    assert len(frame_of(delivery, "ratings")) == 9
    (kept,) = delivery.quarantined
    assert "1 of 10 rows set aside" in kept.reason
