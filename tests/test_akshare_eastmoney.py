"""eastmoney: daily bars through akshare's own code, in the good form and in each broken one."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from answered import Answer, Clock, answered, bars_of, eastmoney_bars, eastmoney_index, eastmoney_nothing, quick
from backfolio.source.akshare import eastmoney, proofs
from backfolio.source.akshare.transport import Desk
from backfolio.store.model import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from answered import Bar
    from backfolio.source.akshare.delivery import Delivery

NOW = dt.datetime(2025, 8, 25, 10, tzinfo=dt.UTC)
SINCE, UNTIL = np.datetime64("2025-08-18"), np.datetime64("2025-08-22")
DAYS = ["2025-08-18", "2025-08-19", "2025-08-20", "2025-08-21", "2025-08-22"]
WEEK = bars_of(DAYS)
SWAPPED = r"^([^,]+),([^,]+)((?:,[^,]+){3}),([^,]+)"
KLINE = "push2his.eastmoney.com kline/get"


def desk() -> Desk:
    clock = Clock(NOW)
    return Desk(policies=quick(), clock=clock, sleep=clock.sleep, now=clock.now)


def came_of(body: str, symbol: str = "688256.SH") -> Delivery:
    with answered(Answer(KLINE, body)):
        return eastmoney.bars(desk(), symbol, SINCE, UNTIL)


def changed(row: int, **changes: float | None) -> list[Bar]:
    """Return the week with fields of one row replaced."""
    names = ("day", "open", "high", "low", "close", "volume", "amount")
    bars = list(WEEK)
    bars[row] = tuple((dict(zip(names, bars[row], strict=True)) | changes)[name] for name in names)  # type: ignore[assignment]
    return bars


def lines_changed(change: Callable[[list[str]], list[str]]) -> str:
    """Return the good reply with its lines changed."""
    reply = json.loads(eastmoney_bars("688256", WEEK))
    reply["data"]["klines"] = change(reply["data"]["klines"])
    return json.dumps(reply, ensure_ascii=False)


@pytest.mark.parametrize(
    ("symbol", "secid"),
    [("688256.SH", "1.688256"), ("600000.SH", "1.600000"), ("000977.SZ", "0.000977"), ("920118.BJ", "0.920118")],
)
def test_raw_bars_come_in_shares_and_cny(symbol: str, secid: str) -> None:
    with answered(Answer(f"{KLINE} secid={secid} fqt=0 beg=20250818 end=20250822", eastmoney_bars(symbol[:6], WEEK))):
        came = eastmoney.bars(desk(), symbol, SINCE, UNTIL)
    assert (came.error, came.host, came.quarantined, came.blocks, came.offline) == ("", "eastmoney", (), (), False)
    frame = came.frame
    assert frame is not None
    assert set(frame.columns) <= set(TABLES["bars"].columns)
    assert frame["date"].dtype == "datetime64[s]"
    got = list(zip(*(frame[name] for name in ("open", "high", "low", "close", "volume", "amount")), strict=True))
    assert frame["date"].dt.strftime("%Y-%m-%d").tolist() == DAYS
    assert got == [bar[1:] for bar in WEEK]
    assert set(frame["symbol"]) == {symbol}
    assert set(frame["source"]) == {"eastmoney"}
    assert frame["traded"].all()
    (entry,) = came.log
    assert (entry.outcome, entry.rows, entry.detail) == ("ok", 5, "")


FAULTS = {
    "volume in shares, not hands": (eastmoney_bars("688256", WEEK, hand=1), "volume is 100 times too large"),
    "volume in ten thousands": (eastmoney_bars("688256", WEEK, hand=10_000), "volume is 100 times too small"),
    "one row in another unit": (
        eastmoney_bars("688256", changed(2, volume=100_020_000.0)), "lies outside low and high in 1 row"
    ),
    "amount of another series": (eastmoney_bars("688256", changed(2, amount=10.0)), "lies outside low and high"),
    "a negative adjusted price": (
        eastmoney_bars("688256", changed(0, low=-1.5, open=-0.2)), "开盘 is below 0.001 in 1 row (row 1: -0.2)"
    ),
    "a price of zero": (eastmoney_bars("688256", changed(0, low=0.0)), "最低 is below 0.001"),
    "an adjusted price of three decimals": (
        lines_changed(lambda lines: [lines[0].replace("100.50", "100.503", 1), *lines[1:]]), "not whole fen"
    ),
    "a close above the high": (eastmoney_bars("688256", changed(1, close=140.0)), "do not lie within low and high"),
    "an open below the low": (eastmoney_bars("688256", changed(1, open=1.0)), "do not lie within low and high"),
    "high and low changed places": (
        eastmoney_bars("688256", [(d, o, low, h, c, v, a) for d, o, h, low, c, v, a in WEEK]), "in 5 rows"
    ),
    "open and volume changed places": (
        lines_changed(lambda lines: [re.sub(SWAPPED, r"\1,\4\3,\2", line) for line in lines]),
        "成交量 is no whole number",
    ),
    "a price that is a dash": (
        lines_changed(lambda lines: [lines[0].replace("100.50", "-", 1), *lines[1:]]), "开盘 is missing in 1 row"
    ),
    "a session twice": (
        lines_changed(lambda lines: [*lines, lines[-1]]), "one session stands twice: 1 row (row 6: 2025-08-22)"
    ),
    "dates that go back": (lines_changed(lambda lines: lines[::-1]), "dates do not ascend: 4 rows"),
    "no date": (
        lines_changed(lambda lines: [lines[0].replace("2025-08-18", "2025-18-08"), *lines[1:]]), "日期 is missing"
    ),
    "another symbol's reply": (eastmoney_bars("688041", WEEK), "the reply is about 688041"),
    "a field more": (lines_changed(lambda lines: [f"{line},9.99" for line in lines]), "ValueError: Length mismatch"),
    "a field less": (
        lines_changed(lambda lines: [line.rpartition(",")[0] for line in lines]), "ValueError: Length mismatch"
    ),
    "no list of lines": ('{"rc": 0, "data": {"code": "688256"}}', "KeyError: 'klines'"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_reply_that_breaks_its_contract_is_kept_whole_and_not_believed(name: str) -> None:
    body, says = FAULTS[name]
    came = came_of(body)
    assert came.frame is None
    assert says in came.error
    (kept,) = came.quarantined
    assert says in kept.reason
    assert kept.payload == body.encode()
    assert (kept.host, kept.function, kept.subject) == ("eastmoney", "stock_zh_a_hist", "688256.SH")
    assert [entry.outcome for entry in came.log] == ["quarantined"]


def test_days_outside_what_was_asked_are_cut_off_before_they_are_proved() -> None:
    came = came_of(eastmoney_bars("688256", bars_of(["2025-08-16", "2025-08-18", "2025-08-23"])))
    assert came.frame is not None
    assert came.frame["date"].dt.strftime("%Y-%m-%d").tolist() == ["2025-08-18"]


def test_a_day_without_trading_inside_is_a_breach() -> None:
    body = eastmoney_bars("688256", bars_of(["2025-09-30", "2025-10-01", "2025-10-09"]))
    with answered(Answer(KLINE, body)):
        came = eastmoney.bars(desk(), "688256.SH", np.datetime64("2025-09-30"), np.datetime64("2025-10-09"))
    assert "the exchange was closed on 1 row (row 2: 2025-10-01)" in came.error


def test_days_after_the_calendar_say_what_to_install() -> None:
    with answered(Answer(KLINE, eastmoney_bars("688256", bars_of(["2098-08-18"])))):
        came = eastmoney.bars(desk(), "688256.SH", SINCE, np.datetime64("2099-01-01"))
    assert "where the exchange calendar ends" in came.error
    assert "install a newer exchange_calendars" in came.error


@pytest.mark.parametrize("body", [eastmoney_nothing(), '{"rc": 0, "data": {"code": "688256", "klines": []}}'])
def test_an_empty_frame_without_columns_means_that_there_is_nothing(body: str) -> None:
    came = came_of(body)
    assert came.frame is not None
    assert tuple(came.frame.columns) == TABLES["bars"].columns
    assert (len(came.frame), came.error, came.log[0].outcome, came.quarantined) == (0, "", "empty", ())


def test_a_missing_amount_cannot_be_proved_and_the_log_says_so() -> None:
    came = came_of(eastmoney_bars("688256", changed(1, amount=None)))
    assert came.frame is not None
    assert came.frame["amount"].isna().tolist() == [False, True, False, False, False]
    assert came.log[0].detail == "amount is missing in 1 of 5 rows: their units cannot be proved"


def test_a_session_without_a_trade_is_marked_so() -> None:
    came = came_of(eastmoney_bars("688256", changed(3, volume=0.0, amount=0.0)))
    assert came.frame is not None
    assert came.frame["traded"].tolist() == [True, True, True, False, True]


def test_a_host_that_refuses_hands_on_its_block() -> None:
    with answered(Answer(KLINE, status=403)):
        came = eastmoney.bars(desk(), "688256.SH", SINCE, UNTIL)
    assert came.frame is None
    (block,) = came.blocks
    assert (block.host, block.until) == ("eastmoney", NOW + dt.timedelta(hours=1))
    assert (came.log[0].outcome, came.quarantined) == ("refused", ())


# --- indexes ------------------------------------------------------------------------------------------

POINTS = [
    (day, 1100.0 + at, 1120.0 + at, 1090.0 + at, 1110.0 + at, 2_000_000_000.0, 46_000_000_000.0)
    for at, day in enumerate(DAYS)
]


def index_of(body: str, symbol: str = "000688.SH") -> Delivery:
    with answered(Answer(KLINE, body)):
        return eastmoney.index_bars(desk(), symbol, SINCE, UNTIL)


@pytest.mark.parametrize(
    ("symbol", "secid"), [("000688.SH", "1.000688"), ("399006.SZ", "0.399006"), ("899050.BJ", "0.899050")]
)
def test_an_index_is_asked_for_by_its_exchange_in_one_request(symbol: str, secid: str) -> None:
    told = eastmoney_index(symbol[:6], POINTS, market=int(secid[0]))
    with answered(Answer(f"{KLINE} secid={secid} beg=20250818", told)) as sent:
        came = eastmoney.index_bars(desk(), symbol, SINCE, UNTIL)
    assert len(sent.urls) == 1
    frame = came.frame
    assert frame is not None
    assert set(frame.columns) <= set(TABLES["index_bars"].columns)
    assert frame["close"].tolist() == [bar[4] for bar in POINTS]
    assert frame["volume"].tolist() == [2_000_000_000.0] * 5
    assert set(frame["name"]) == {"指数"}


def test_an_index_whose_units_cannot_be_told_keeps_its_points_alone() -> None:
    thin = [(*bar[:5], bar[5] * 100, bar[6]) for bar in POINTS]
    came = index_of(eastmoney_index("000688", thin))
    assert came.frame is not None
    assert came.frame["close"].tolist() == [bar[4] for bar in POINTS]
    assert came.frame[["volume", "amount"]].isna().all(axis=None)
    assert came.log[0].detail == "units of volume and amount cannot be told: left out"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (eastmoney_index("000300", POINTS), "the reply is about 000300"),
        (eastmoney_index("000688", POINTS, market=0), "the reply is about 000688 of its market 0"),
        (eastmoney_index("000688", [(*bar[:2], 1.0, *bar[3:]) for bar in POINTS]), "do not lie within low and high"),
        (eastmoney_nothing(), "TypeError"),
    ],
)
def test_a_broken_index_is_kept_aside(body: str, says: str) -> None:
    came = index_of(body)
    assert came.frame is None
    assert says in came.error
    assert came.quarantined[0].payload == body.encode()


# --- the proof of units --------------------------------------------------------------------------------

fen = st.integers(100, 200_000)


@given(low=fen, width=st.integers(0, 2_000), shares=st.integers(1, 100_000_000), place=st.floats(0, 1))
def test_any_real_bar_is_proved_and_a_wrong_unit_never_is(low: int, width: int, shares: int, place: float) -> None:
    width = min(width, low // 2)  # no session is wider than its limits

    def proved(volume: float) -> tuple[str, ...]:
        prices = {"open": [low / 100], "high": [(low + width) / 100], "low": [low / 100], "close": [low / 100]}
        amount = round(shares * (low + width * place)) / 100
        day = np.array([DAYS[0]], "datetime64[s]")
        frame = pd.DataFrame({"date": day, **prices, "volume": [volume], "amount": [amount]})
        return proofs.of_shares(frame, shares_room=eastmoney.HAND)

    hands = round(shares / 100)
    assert proved(hands * 100.0) == ()
    assert proved(shares * 100.0) != () or shares == 1
    assert proved(float(hands)) != () or shares <= 200  # so few that the rounding to hands hides the unit


def test_a_proof_names_session_and_figures() -> None:
    came = came_of(eastmoney_bars("688256", changed(2, amount=10.0)))
    assert "row 3: 2025-08-20 100.7 102.2 100.2 101.2 1000200 10" in came.error
    assert proofs.POWERS == (100.0, 0.01, 10_000.0, 0.0001)
