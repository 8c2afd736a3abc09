"""tencent: daily bars through akshare's own code, with the units that it mistakes put right."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from answered import Answer, Clock, answered, bars_of, quick, tencent_bars, tencent_first_day
from backfolio.source.akshare import tencent
from backfolio.source.akshare.library import library
from backfolio.source.akshare.transport import Desk
from backfolio.store.model import TABLES

if TYPE_CHECKING:
    from backfolio.source.akshare.delivery import Delivery

NOW = dt.datetime(2025, 8, 25, 10, tzinfo=dt.UTC)
SINCE, UNTIL = np.datetime64("2025-08-18"), np.datetime64("2025-08-22")
DAYS = ["2025-08-18", "2025-08-19", "2025-08-20", "2025-08-21", "2025-08-22"]
WEEK = bars_of(DAYS)
FIRST = Answer("weekTrends", tencent_first_day("1991-04-03"))
YEAR = "newfqkline/get day,2025-01-01,2026-12-31,640"
UNITS = {"sh688": 1, "sh689": 1}
"""Shares in the host's unit of volume, where it is not a hundred."""


def desk() -> Desk:
    clock = Clock(NOW)
    return Desk(policies=quick(), clock=clock, sleep=clock.sleep, now=clock.now)


def sent_for(symbol: str, **changes: object) -> str:
    code = symbol[-2:].lower() + symbol[:6]
    return tencent_bars(code, WEEK, **({"unit": UNITS.get(code[:5], 100)} | changes))  # type: ignore[arg-type]


def came_of(body: str, symbol: str = "600000.SH") -> Delivery:
    code = symbol[-2:].lower() + symbol[:6]
    with answered(FIRST, Answer(f"{YEAR} {code}", body)):
        return tencent.bars(desk(), symbol, SINCE, UNTIL)


@pytest.mark.parametrize(
    "symbol",
    [
        "600000.SH", "002371.SZ", "300750.SZ", "000977.SZ", "000001.SZ", "688256.SH", "689009.SH",
        # Not in akshare's list of prefixes: without sh, sz or bj it would ask for nothing.
        "302132.SZ", "004001.SZ", "920118.BJ", "873169.BJ",
    ],
)  # fmt: skip
def test_volume_is_in_shares_whatever_akshare_makes_of_the_code(symbol: str) -> None:
    came = came_of(sent_for(symbol), symbol)
    assert came.error == ""
    frame = came.frame
    assert frame is not None
    assert set(frame.columns) <= set(TABLES["bars"].columns)
    assert frame["date"].dt.strftime("%Y-%m-%d").tolist() == DAYS
    got = list(zip(*(frame[name] for name in ("open", "high", "low", "close", "volume")), strict=True))
    assert got == [bar[1:6] for bar in WEEK]
    assert np.abs(frame["amount"] - [bar[6] for bar in WEEK]).max() <= 50  # the host rounds to a hundred CNY
    assert set(frame["source"]) == {"tencent"}


def test_units_that_an_akshare_to_come_gives_right_are_left_alone() -> None:
    # As akshare leaves this code's volume as it is, singly counted shares arrive as a repaired akshare would give them.
    came = came_of(sent_for("000977.SZ", unit=1), "000977.SZ")
    assert came.frame is not None, came.error
    assert came.frame["volume"].tolist() == [bar[5] for bar in WEEK]


@pytest.mark.filterwarnings("ignore")  # akshare's own, which the desk keeps to itself
@pytest.mark.parametrize(("symbol", "factor"), [("000977.SZ", 0.01), ("689009.SH", 100.0), ("600000.SH", 1.0)])
def test_akshare_itself_still_mistakes_these_units(symbol: str, factor: float) -> None:
    """When this fails, `tencent.MISTAKEN` is no longer needed."""
    code = symbol[-2:].lower() + symbol[:6]
    with answered(FIRST, Answer(YEAR, sent_for(symbol))):
        raw = library().stock_zh_a_hist_tx(symbol=code, start_date="2025-08-18", end_date="2025-08-22")
    assert np.allclose(raw["volume"], [bar[5] * factor for bar in WEEK])


FAULTS = {
    "a volume in ten thousands": ("000977.SZ", {"unit": 10_000}, "volume is 100 times too small"),
    "STAR shares in hands": ("688256.SH", {"unit": 100}, "volume is 100 times too small"),
    "main-board shares one by one": ("600000.SH", {"unit": 1}, "volume is 100 times too large"),
    "only an adjusted series": ("600000.SH", {"key": "qfqday"}, "an adjusted series came (mx_price, prec, qfqday"),
    "only a backward-adjusted series": ("600000.SH", {"key": "hfqday"}, "an adjusted series came"),
    "no series": ("600000.SH", {"key": "week"}, "KeyError: 'qfqday'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_reply_that_breaks_its_contract_is_kept_whole_and_not_believed(name: str) -> None:
    symbol, changes, says = FAULTS[name]
    body = sent_for(symbol, **changes)
    came = came_of(body, symbol)
    assert came.frame is None
    assert says in came.error
    (kept,) = came.quarantined
    assert body.encode() in kept.payload
    assert b"weekTrends" in kept.payload  # every reply of the call, each under its URL
    assert came.log[0].outcome == "quarantined"


def test_rows_of_six_fields_as_years_ago_are_kept_aside() -> None:
    body = json.loads(sent_for("600000.SH").partition("=")[2])
    body["data"]["sh600000"]["day"] = [row[:6] for row in body["data"]["sh600000"]["day"]]
    came = came_of(f"kline_day2025={json.dumps(body)}")
    assert came.frame is None
    assert "IndexError" in came.error


def test_an_amount_of_none_is_a_breach_where_shares_were_traded() -> None:
    came = came_of(tencent_bars("sh600000", [(*bar[:6], None) for bar in WEEK]))
    assert "lies outside low and high in 5 rows" in came.error


def test_a_new_share_has_its_first_day_from_elsewhere() -> None:
    nothing = Answer("weekTrends", 'trend_qfq={"code": 0, "msg": "", "data": []}')
    first = Answer("newfqkline/get sh688256,day,,,320", tencent_bars("sh688256", WEEK, unit=1))
    with answered(nothing, first, Answer(YEAR, sent_for("688256.SH"))) as sent:
        came = tencent.bars(desk(), "688256.SH", SINCE, UNTIL)
    assert came.error == ""
    assert (len(sent.urls), came.log[0].calls) == (3, 3)


def test_a_year_is_asked_for_once_and_no_year_after_the_last_day() -> None:
    days = ["2023-12-29", "2024-01-02", "2024-12-31", "2025-01-02"]
    rows = bars_of(days)
    years = [
        Answer(f"newfqkline/get day,{year}-01-01,{year + 1}-12-31", tencent_bars(
            "sh600000", [row for row in rows if int(row[0][:4]) in {year, year + 1}], year=year
        ))
        for year in (2023, 2024, 2025)
    ]  # fmt: skip
    with answered(FIRST, *years) as sent:
        came = tencent.bars(desk(), "600000.SH", np.datetime64("2023-12-29"), np.datetime64("2025-01-02"))
    assert came.frame is not None
    assert came.frame["date"].dt.strftime("%Y-%m-%d").tolist() == days  # the years overlap, the rows do not
    assert len(sent.urls) == 4


def test_two_replies_that_disagree_on_a_session_are_a_breach() -> None:
    first = tencent_bars("sh600000", bars_of(["2024-12-31", "2025-01-02"]), year=2024)
    second = tencent_bars("sh600000", bars_of(["2025-01-02"], start=101.0), year=2025)
    with answered(FIRST, Answer("day,2024-01-01", first), Answer("day,2025-01-01", second)):
        came = tencent.bars(desk(), "600000.SH", np.datetime64("2024-12-31"), np.datetime64("2025-01-02"))
    assert "one session stands twice: 1 row (row 3: 2025-01-02)" in came.error


# --- indexes ------------------------------------------------------------------------------------------

POINTS = [
    (day, 1100.0 + at, 1120.0 + at, 1090.0 + at, 1110.0 + at, 2_000_000_000.0, 46_000_000_000.0)
    for at, day in enumerate(DAYS)
]


@pytest.mark.parametrize("unit", [1, 100])
def test_an_index_keeps_its_units_only_where_they_can_be_told(unit: int) -> None:
    with answered(FIRST, Answer(f"{YEAR} sh000688", tencent_bars("sh000688", POINTS, unit=unit))):
        came = tencent.index_bars(desk(), "000688.SH", SINCE, UNTIL)
    frame = came.frame
    assert frame is not None
    assert set(frame.columns) <= set(TABLES["index_bars"].columns)
    assert frame["close"].tolist() == [bar[4] for bar in POINTS]
    if unit == 1:
        assert frame["volume"].tolist() == [2_000_000_000.0] * 5
    else:
        assert frame[["volume", "amount"]].isna().all(axis=None)
        assert "left out" in came.log[0].detail
