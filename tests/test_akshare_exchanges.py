"""The exchanges: who is listed, who left, and when a name in Shenzhen carried ST."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from answered import Answer, answered, quick
from backfolio.errors import UsageError
from backfolio.source.akshare import exchanges
from backfolio.source.akshare.transport import Desk
from backfolio.store.model import DTYPES, TABLES
from facts_payload import (
    BOARD_AT,
    BOARD_ORDER,
    BSE_AT,
    RENAMES_AT,
    SSE_LEFT_AT,
    SSE_MAIN_AT,
    SSE_STAR_AT,
    SZSE_AT,
    SZSE_COLUMNS,
    SZSE_LEFT_AT,
    board,
    bse,
    renames,
    spreadsheet,
    sse,
    sse_left,
    szse,
    szse_left,
)

if TYPE_CHECKING:
    import pandas as pd

    from backfolio.source.akshare.delivery import Delivery

NOW = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)

MAIN = [("600000", "浦发银行", "1999-11-10"), ("603019", "中科曙光", "2014-11-06")]
STAR = [("688256", "寒武纪", "2020-07-20")]


def desk() -> Desk:
    return Desk(policies=quick(), now=lambda: NOW, sleep=lambda _: None)


def frame_of(delivery: Delivery, table: str = "listings") -> pd.DataFrame:
    assert delivery.error == ""
    assert delivery.frame is not None
    kinds = TABLES[table].kinds
    assert {column: str(kind) for column, kind in delivery.frame.dtypes.items()} == {
        column: DTYPES[kind] for column, kind in kinds.items()
    }
    return delivery.frame


def table_of(frame: pd.DataFrame, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(str(cell)[:10] for cell in row) for row in frame[list(columns)].itertuples(index=False, name=None)]


def listed(host: str, *answers: Answer) -> Delivery:
    with answered(*answers):
        return exchanges.listings(desk(), host)


def left(host: str, *answers: Answer) -> Delivery:
    with answered(*answers):
        return exchanges.delistings(desk(), host)


def test_shanghai_is_two_lists_as_one() -> None:
    delivery = listed("sse", Answer(SSE_MAIN_AT, sse(MAIN)), Answer(SSE_STAR_AT, sse(STAR)))
    frame = frame_of(delivery)
    assert table_of(frame, "symbol", "name", "listed", "delisted", "source") == [
        ("600000.SH", "浦发银行", "1999-11-10", "NaT", "sse"),
        ("603019.SH", "中科曙光", "2014-11-06", "NaT", "sse"),
        ("688256.SH", "寒武纪", "2020-07-20", "NaT", "sse"),
    ]
    assert not frame["assumed"].any()
    assert frame["st_known_from"].isna().all()
    assert [(entry.host, entry.subject, entry.rows) for entry in delivery.log] == [
        ("sse", "Shanghai main board", 2),
        ("sse", "STAR market", 1),
    ]


def test_shenzhen_pads_its_names() -> None:
    rows = [("000001", "平安银行", "1991-04-03"), ("000002", "万  科Ａ", "1991-01-29")]
    frame = frame_of(listed("szse", Answer(SZSE_AT, szse(rows))))
    assert table_of(frame.head(2), "symbol", "name", "listed") == [
        ("000001.SZ", "平安银行", "1991-04-03"),
        ("000002.SZ", "万科A", "1991-01-29"),
    ]


def test_beijing_comes_in_a_wrapped_reply_with_dates_without_dashes() -> None:
    rows = [("920000", "安徽凤凰", "20201223"), ("920047", "诺思兰德", "20201124")]
    frame = frame_of(listed("bse", Answer(BSE_AT, bse(rows))))
    assert table_of(frame, "symbol", "name", "listed", "source") == [
        ("920000.BJ", "安徽凤凰", "2020-12-23", "bse"),
        ("920047.BJ", "诺思兰德", "2020-11-24", "bse"),
    ]


def test_fault_beijing_lists_a_share_under_its_old_code_too() -> None:
    rows = [("920000", "安徽凤凰", "20201223"), ("920047", "诺思兰德", "20201124"), ("430047", "诺思兰德", "20201124")]
    delivery = listed("bse", Answer(BSE_AT, bse(rows)))
    assert frame_of(delivery)["symbol"].tolist() == ["920000.BJ", "920047.BJ"]
    assert "证券代码 is one that Beijing gave up: 1 of 3 rows" in delivery.quarantined[0].reason


def test_who_left_shanghai_b_shares_left_out() -> None:
    rows = [("600001", "邯郸钢铁", "1998-01-22", "2009-12-29"), ("900950", "新城B股", "1997-10-16", "2015-11-23")]
    frame = frame_of(left("sse", Answer(SSE_LEFT_AT, sse_left(rows))))
    assert table_of(frame, "symbol", "listed", "delisted") == [("600001.SH", "1998-01-22", "2009-12-29")]


def test_who_left_shenzhen_codes_as_numbers_too() -> None:
    rows = [(5, "ST星源", "1990-12-10", "2024-04-26"), ("200018", "神城B退", "1992-06-16", "2020-01-07")]
    frame = frame_of(left("szse", Answer(SZSE_LEFT_AT, szse_left(rows))))
    assert table_of(frame, "symbol", "name", "delisted") == [("000005.SZ", "ST星源", "2024-04-26")]


def test_beijing_publishes_no_list_of_who_left_and_is_not_asked() -> None:
    with answered() as asked:
        delivery = exchanges.delistings(desk(), "bse")
    assert len(frame_of(delivery)) == 0
    assert asked.urls == []


def test_an_exchange_that_is_none() -> None:
    with pytest.raises(UsageError, match=r"no exchange 'ssse' \(did you mean 'sse'\?\)"):
        exchanges.listings(desk(), "ssse")


def test_fault_akshare_answers_from_memory_for_as_long_as_the_process_lives() -> None:
    first = listed("bse", Answer(BSE_AT, bse([("920000", "安徽凤凰", "20201223")])))
    then = listed("bse", Answer(BSE_AT, bse([("920001", "另一公司", "20251223")])))
    assert table_of(frame_of(first), "symbol") == [("920000.BJ",)]
    assert table_of(frame_of(then), "symbol") == [("920001.BJ",)]


def test_fault_half_of_shanghai_is_not_shanghai() -> None:
    delivery = listed("sse", Answer(SSE_MAIN_AT, sse(MAIN)), Answer(SSE_STAR_AT, "{}"))
    assert delivery.frame is None
    assert "STAR market" in delivery.error
    assert [entry.outcome for entry in delivery.log] == ["ok", "quarantined"]


FAULTS = {
    "sse, a list cut short": (
        "sse",
        [Answer(SSE_MAIN_AT, sse(MAIN, total=1700))],
        "2 rows came of the 1700 that the reply speaks of",
    ),
    "sse, an empty list": ("sse", [Answer(SSE_MAIN_AT, sse([]))], "KeyError"),
    "sse, dates that are none": (
        "sse",
        [Answer(SSE_MAIN_AT, sse([("600000", "浦发银行", "19990000")]))],
        "上市日期 is missing",
    ),
    "sse, names where codes should be": (
        "sse",
        [Answer(SSE_MAIN_AT, sse([("浦发银行", "600000", "1999-11-10")]))],
        "证券代码 is not like",
    ),
    "sse, codes of Shenzhen": (
        "sse",
        [Answer(SSE_MAIN_AT, sse([("000001", "平安银行", "1991-04-03")]))],
        "belongs to another exchange",
    ),
    "sse, a maintenance notice": ("sse", [Answer(SSE_MAIN_AT, "系统维护中")], "could not read"),
    "szse, no spreadsheet": ("szse", [Answer(SZSE_AT, b'{"error": 1}')], "could not read"),
    "szse, a spreadsheet of few rows stays as it came": (
        "szse",
        [Answer(SZSE_AT, szse([(1, "平安银行", "1991-04-03")], padding=0))],
        "A股代码 is not like",
    ),
    "szse, nothing but B shares": (
        "szse",
        [Answer(SZSE_AT, szse([(f"2000{place}", "某某B", "1993-01-04") for place in range(10, 25)], padding=0))],
        "no A-share stands in the list",
    ),
    "szse, an empty spreadsheet": ("szse", [Answer(SZSE_AT, spreadsheet(SZSE_COLUMNS, []))], "gave no rows"),
    "szse, other columns": (
        "szse",
        [Answer(SZSE_AT, spreadsheet(("板块", "代码"), [("主板", "000001")] * 12))],
        "KeyError",
    ),
    "bse, a field more": (
        "bse",
        [Answer(BSE_AT, bse([("920000", "安徽凤凰", "20201223")]).replace('"x01"', '"new": 1, "x01"'))],
        "Length mismatch",
    ),
    "bse, code and name changed places": (
        "bse",
        [Answer(BSE_AT, bse([("安徽凤凰", "920000", "20201223")]))],
        "证券代码 is not like",
    ),
    "bse, a page missing": (
        "bse",
        [Answer(BSE_AT, bse([("920000", "安徽凤凰", "20201223")], total=280))],
        "1 rows came of the 280",
    ),
    "bse, listed before there was an exchange": (
        "bse",
        [Answer(BSE_AT, bse([("920000", "安徽凤凰", "19701223")]))],
        "上市日期 is before",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_a_broken_list_gives_no_frame_and_is_kept(fault: str) -> None:
    host, answers, reason = FAULTS[fault]
    delivery = listed(host, *answers)
    assert delivery.frame is None
    assert reason in delivery.error
    assert delivery.log[-1].outcome == "quarantined"
    assert delivery.quarantined[-1].payload


LEFT_FAULTS = {
    "left before it came": (
        "sse",
        [Answer(SSE_LEFT_AT, sse_left([("600001", "邯郸钢铁", "2009-12-29", "1998-01-22")]))],
        "暂停上市日期 is before 上市日期",
    ),
    "more than a page holds": (
        "sse",
        [Answer(SSE_LEFT_AT, sse_left([("600001", "邯郸钢铁", "1998-01-22", "2009-12-29")], total=501))],
        "1 rows came of the 501",
    ),
    "nobody ever left": ("szse", [Answer(SZSE_LEFT_AT, szse_left([]))], "gave no rows"),
    "days that are none": (
        "szse",
        [Answer(SZSE_LEFT_AT, szse_left([("000005", "ST星源", "?", "?")]))],
        "could not read",
    ),
}


@pytest.mark.parametrize("fault", LEFT_FAULTS)
def test_fault_a_broken_list_of_who_left(fault: str) -> None:
    host, answers, reason = LEFT_FAULTS[fault]
    delivery = left(host, *answers)
    assert delivery.frame is None
    assert reason in delivery.error
    assert delivery.log[-1].outcome == "quarantined"


# --- spells of ST ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ST星源", "ST"),
        ("*ST康得", "*ST"),
        ("＊ＳＴ康得", "*ST"),
        ("SST中华", "ST"),
        ("S*ST昌鱼", "*ST"),
        ("XDST星源", "ST"),
        ("XD*ST星", "*ST"),
        ("GST东方", "ST"),
        ("平安银行", ""),
        ("S上石化", ""),
        ("康得退", ""),
        ("退市昆机", ""),
        ("中兴通讯", ""),
        ("BEST股份", ""),
    ],
)
def test_the_mark_in_a_name(name: str, kind: str) -> None:
    assert exchanges.st_kind(name) == kind


def spells(rows: list[tuple[str, object, str, str]]) -> Delivery:
    with answered(Answer(RENAMES_AT, renames(rows))):
        return exchanges.st_spells(desk())


def test_spells_from_one_renaming_to_the_next() -> None:
    rows: list[tuple[str, object, str, str]] = [
        ("2019-07-08", "002450", "康得新", "ST康得新"),
        ("2021-03-16", "002450", "*ST康得", "康得退"),
        ("2019-12-02", "002450", "ST康得新", "*ST康得"),
        ("2020-05-06", 5, "世纪星源", "ST星源"),
        ("2022-05-06", "000002", "万科A", "万科企业"),
        ("2022-05-06", "200018", "神城B", "ST神城B"),
    ]
    delivery = spells(rows)
    assert table_of(frame_of(delivery, "st_spells"), "symbol", "first", "last", "kind", "source") == [
        ("000005.SZ", "2020-05-06", "NaT", "ST", "szse"),
        ("002450.SZ", "2019-07-08", "2019-12-01", "ST", "szse"),
        ("002450.SZ", "2019-12-02", "2021-03-15", "*ST", "szse"),
    ]
    assert delivery.quarantined == ()


def test_a_mark_that_stood_before_the_first_renaming_lasts_since_marks_exist() -> None:
    frame = frame_of(spells([("2001-05-08", "000003", "ST金田A", "金田A")]), "st_spells")
    assert table_of(frame, "first", "last", "kind") == [("1998-04-28", "2001-05-07", "ST")]


def test_renamings_of_one_day_stand_in_no_order() -> None:
    rows: list[tuple[str, object, str, str]] = [
        ("2020-05-06", "000005", "*ST星源", "ST星源"),
        ("2020-05-06", "000005", "世纪星源", "*ST星源"),
        ("2020-05-06", "000005", "ST星源", "ST新源"),
        ("2020-01-02", "000005", "深圳星源", "世纪星源"),
        ("2020-01-02", "000005", "深圳星源", "世纪星源"),
        ("2021-01-04", "000005", "ST新源", "新源"),
        ("2021-01-04", "000005", "ST新源", "ST更新源"),
    ]
    frame = frame_of(spells(rows), "st_spells")
    assert table_of(frame, "first", "last", "kind") == [("2020-05-06", "2021-01-03", "ST")]


def test_fault_renamings_that_contradict_each_other_say_nothing_of_that_symbol() -> None:
    good: list[tuple[str, object, str, str]] = [
        (f"20{place:02d}-05-06", "000005", *(("星源", "ST星源") if place % 2 else ("ST星源", "星源")))
        for place in range(5, 13)
    ]
    torn: list[tuple[str, object, str, str]] = [
        ("2010-01-04", "000007", "零七股份", "全新好"),
        ("2012-01-04", "000007", "*ST全新", "全新好"),
    ]
    delivery = spells([*good, *torn])
    assert set(frame_of(delivery, "st_spells")["symbol"]) == {"000005.SZ"}
    (kept,) = delivery.quarantined
    assert "renamings of a symbol contradict each other" in kept.reason
    assert "*ST全新" in kept.payload.decode()


def test_fault_many_contradictions_mean_that_the_columns_are_wrong() -> None:
    rows: list[tuple[str, object, str, str]] = [
        ("2010-01-04", "000007", "零七股份", "全新好"),
        ("2012-01-04", "000007", "*ST全新", "全新好"),
    ]
    delivery = spells(rows)
    assert delivery.frame is None
    assert "contradict" in delivery.error


DAYS = st.lists(st.integers(0, 4000), unique=True, min_size=1, max_size=8).map(sorted)


@given(DAYS, st.data())
def test_spells_say_of_each_day_what_the_name_then_was(at: list[int], data: st.DataObject) -> None:
    names = [data.draw(st.sampled_from(["甲", "ST甲", "*ST甲"])) for _ in range(len(at) + 1)]
    days = [np.datetime64("2005-01-04") + np.timedelta64(day, "D") for day in at]
    renamed = list(zip(days, names[:-1], names[1:], strict=True))
    found = exchanges.spells_of(data.draw(st.permutations(renamed)))
    assert found is not None
    for day in [*days, *[day - np.timedelta64(1, "D") for day in days], np.datetime64("2030-01-01")]:
        kinds = [kind for first, last, kind in found if first <= day and (np.isnat(last) or day <= last)]
        name = names[int(np.searchsorted(np.array(days), day, side="right"))]
        assert kinds == ([exchanges.st_kind(name)] if exchanges.st_kind(name) else [])


# --- today's board ---------------------------------------------------------------------------------


def today(body: str) -> Delivery:
    with answered(Answer(BOARD_AT, body)):
        return exchanges.risk_board(desk(), "2026-01-05")


def test_the_board_tells_of_today_for_all_exchanges() -> None:
    delivery = today(
        board([("600079", "ST人福"), ("000005", "*ST星源"), ("600145", "退市新亿"), ("900951", "ST大化B")])
    )
    frame = frame_of(delivery, "st_spells").sort_values("symbol")
    assert table_of(frame, "symbol", "first", "last", "kind", "source") == [
        ("000005.SZ", "2026-01-05", "NaT", "*ST", "eastmoney"),
        ("600079.SH", "2026-01-05", "NaT", "ST", "eastmoney"),
    ]
    assert [(entry.host, entry.subject) for entry in delivery.log] == [("eastmoney", "2026-01-05")]


OTHER_NAME = [{"f14": "f128", "f128": "f14"}.get(key, key) for key in BOARD_ORDER]

BOARD_FAULTS = {
    "fields in another order": (
        board([("600079", "ST人福")], order=[*BOARD_ORDER[1:], BOARD_ORDER[0]]),
        "代码",
    ),
    "another name in the place of the name": (
        board([("600079", "ST人福")], order=OTHER_NAME).replace('"f128": 2.5', '"f128": "ST另一"'),
        "do not hold the fields f12 and f14",
    ),
    "a field more": (board([("600079", "ST人福")], order=[*BOARD_ORDER, "f999"]), "Length mismatch"),
    "names without a warning": (board([("600000", "浦发银行")]), "名称 carries no risk warning"),
    "no data": ('{"rc": 102, "data": null}', "TypeError"),
    "a name that slipped from one page to the other": (
        board([("600079", "ST人福"), ("600079", "ST人福")]),
        "1 names came of the 2 that the reply speaks of",
    ),
}


def test_fault_a_board_whose_second_page_is_short() -> None:
    pages = [board([(f"60{code:04d}", "ST甲") for code in codes]) for codes in ([1, 2], [3])]
    whole = [page.replace('"total": 2', '"total": 4').replace('"total": 1', '"total": 4') for page in pages]
    with answered(Answer(f"{BOARD_AT} pn=1", whole[0]), Answer(f"{BOARD_AT} pn=2", whole[1])):
        delivery = exchanges.risk_board(desk(), "2026-01-05")
    assert delivery.frame is None
    assert "3 names came of the 4 that the reply speaks of" in delivery.error


@pytest.mark.parametrize("fault", BOARD_FAULTS)
def test_fault_a_broken_board(fault: str) -> None:
    body, reason = BOARD_FAULTS[fault]
    delivery = today(body)
    assert delivery.frame is None
    assert reason in delivery.error
    assert [entry.outcome for entry in delivery.log] == ["quarantined"]
