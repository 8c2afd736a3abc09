"""sina: bars, index bars and factors through akshare's own code, in the good form and in each broken one."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sina_payload as payload
from answered import Answer, answered, quick
from backfolio.source.akshare import sina, sina_replies
from backfolio.source.akshare.transport import Desk
from sina_payload import Day
from test_akshare_sina_replies import endless

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from backfolio.source.akshare.delivery import Delivery

NOW = dt.datetime(2025, 9, 1, 9, tzinfo=dt.UTC)
SINCE, UNTIL = np.datetime64("2025-08-18"), np.datetime64("2025-08-29")
KLC, AMOUNTS, HFQ = "hisdata_klc2/klc_kl.js", "getAmountBySymbol", "hfq.js"
COLUMNS = ("open", "high", "low", "close", "volume", "amount")

WEEK = (
    Day(dt.date(2025, 8, 18), 10.0, 10.5, 9.8, 10.2, 123_400, 1_250_000, prevclose=9.99),
    Day(dt.date(2025, 8, 19), 10.2, 10.4, 10.1, 10.3, 98_700, 1_012_000),
    Day(dt.date(2025, 8, 20), 11.33, 11.33, 11.33, 11.33, 1_000, 11_330),
    Day(dt.date(2025, 8, 21), 11.33, 11.33, 11.33, 11.33, 1_000, 11_330),
    Day(dt.date(2025, 8, 25), 11.0, 11.8, 10.9, 11.7, 300_000, 3_400_000),
)
SHARES = (("1999-11-10", 32_000.0),)


def desk(**policy: Any) -> Desk:
    return Desk(policies=quick(**policy), now=lambda: NOW, sleep=lambda _: None)


def bars_of(
    days: Sequence[Day] | bytes = WEEK,
    shares: Sequence[tuple[str, float]] | Answer = SHARES,
    symbol: str = "600000.SH",
    since: np.datetime64 = SINCE,
) -> Delivery:
    code = symbol[-2:].lower() + symbol[:6]
    body = days if isinstance(days, bytes) else payload.klc(code, payload.shares(days))
    second = shares if isinstance(shares, Answer) else Answer(AMOUNTS, payload.share_amounts(code, shares))
    with answered(Answer(f"realstock/company/{code}/{KLC}", body), second) as asked:
        found = sina.bars(desk(), symbol, since, UNTIL)
    assert asked.timeouts == [(5.0, quick()["sina"].timeout)] * len(asked.urls)
    return found


def rows(delivery: Delivery) -> list[tuple[str, ...]]:
    assert delivery.frame is not None, delivery.error
    dates = delivery.frame["date"].to_numpy().astype("datetime64[D]")
    return [(str(date), *row) for date, row in zip(dates, delivery.frame[list(COLUMNS)].to_numpy(), strict=True)]


def sent(days: Sequence[Day]) -> list[tuple[str, ...]]:
    return [(str(day.date), *(float(getattr(day, name)) for name in COLUMNS)) for day in days]  # type: ignore[misc]


def assert_refused(delivery: Delivery, reason: str, payload_holds: bytes = b"") -> None:
    assert delivery.frame is None
    assert reason in delivery.error
    (kept,) = delivery.quarantined
    assert kept.reason in delivery.error
    assert (kept.host, kept.at) == ("sina", NOW)
    assert payload_holds in kept.payload
    assert delivery.log[-1].outcome == "quarantined"


# --- bars of shares ----------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", ["600000.SH", "000001.SZ", "688256.SH", "300750.SZ", "920118.BJ"])
def test_bars_come_raw_in_shares_and_cny(symbol: str) -> None:
    delivery = bars_of(WEEK[:3], symbol=symbol)
    assert rows(delivery) == sent(WEEK[:3])
    assert delivery.frame is not None
    assert set(delivery.frame["symbol"]) == {symbol}
    assert set(delivery.frame["source"]) == {"sina"}
    assert delivery.frame["traded"].all()
    (entry,) = delivery.log
    assert (entry.host, entry.function, entry.subject) == ("sina", "stock_zh_a_daily", symbol)
    assert (entry.outcome, entry.rows, entry.calls, entry.detail) == ("ok", 3, 2, "")
    assert delivery.quarantined == ()


def test_two_sessions_with_the_same_values_both_stay() -> None:
    delivery = bars_of()
    assert rows(delivery) == sent(WEEK)
    assert delivery.log[0].detail == "1 session (2025-08-21) that akshare dropped put back"
    assert (delivery.log[0].rows, delivery.log[0].outcome) == (5, "ok")


def test_a_change_of_share_counts_between_sessions_makes_no_bar() -> None:
    # On Saturday the 23rd akshare repeats the bar before; it is the first of its window, so that it is no repetition.
    delivery = bars_of(shares=(("2025-08-23", 40_000.0), *SHARES), since=np.datetime64("2025-08-23"))
    assert rows(delivery) == sent(WEEK[4:])
    assert delivery.log[0].detail == "1 session (2025-08-23) that akshare made up left out"


def test_sessions_before_the_first_share_count_stay() -> None:
    delivery = bars_of(shares=(("2025-08-20", 40_000.0),))
    assert rows(delivery) == sent(WEEK)
    assert "3 sessions (2025-08-18, 2025-08-19, 2025-08-21) that akshare dropped put back" in delivery.log[0].detail


def test_no_share_count_in_the_window_loses_no_bar() -> None:
    delivery = bars_of(shares=(("2025-08-30", 40_000.0),))
    assert rows(delivery) == sent(WEEK)
    assert "akshare dropped every session" in delivery.log[0].detail


@pytest.mark.parametrize(
    "second",
    [Answer(AMOUNTS, "null"), Answer(AMOUNTS, b"", status=404), Answer(AMOUNTS, b"", raises="timeout")],
    ids=["no list", "not found", "no reply in time"],
)
def test_bars_are_kept_where_the_share_counts_cannot_be_had(second: Answer) -> None:
    delivery = bars_of(shares=second)
    assert rows(delivery) == sent(WEEK)
    assert (delivery.log[0].outcome, delivery.log[0].rows) == ("ok", 5)
    assert "bars taken from the reply itself" in delivery.log[0].detail
    assert delivery.quarantined == ()


def test_a_ban_in_the_middle_is_named_and_nothing_is_taken() -> None:
    delivery = bars_of(shares=Answer(AMOUNTS, payload.banned(), status=456))
    assert delivery.frame is None
    (block,) = delivery.blocks
    assert (block.host, block.until) == ("sina", NOW + dt.timedelta(hours=1))
    assert "456" in delivery.error
    assert "try again after 2025-09-01 18:00" in delivery.error
    assert delivery.log[0].outcome == "refused"


def test_a_page_where_bars_are_due_is_a_ban() -> None:
    delivery = bars_of(payload.banned().encode())
    assert delivery.frame is None
    assert [block.host for block in delivery.blocks] == ["sina"]


def test_trading_after_hours_and_reference_prices_add_no_column_to_the_bars() -> None:
    days = [dataclasses.replace(day, after=(100, 3)) for day in WEEK]
    assert rows(bars_of(days, symbol="688256.SH")) == sent(WEEK)


def test_noughts_on_a_day_of_suspension_are_no_bar() -> None:
    idle = Day(dt.date(2025, 8, 22), 0.0, 0.0, 0.0, 0.0, 0, 0)
    assert rows(bars_of((*WEEK[:4], idle, WEEK[4]))) == sent(WEEK)


def test_days_without_bars_are_told_as_such() -> None:
    delivery = bars_of([dataclasses.replace(WEEK[0], date=dt.date(2024, 1, 2))])
    assert delivery.frame is not None
    assert len(delivery.frame) == 0
    assert "open" in delivery.frame
    assert (delivery.log[0].outcome, delivery.log[0].rows) == ("empty", 0)


def moved(place: int, **change: Any) -> list[Day]:
    return [dataclasses.replace(day, **change) if at == place else day for at, day in enumerate(WEEK)]


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ([dataclasses.replace(day, volume=day.volume // 100) for day in WEEK], "volume is 100 times too small"),
        ([dataclasses.replace(day, volume=day.volume * 100) for day in WEEK], "volume is 100 times too large"),
        (moved(1, amount=100), "amount / volume lies outside low and high in 1 row (row 2: 2025-08-19"),
        (moved(2, open=-11.33, high=-11.33, low=-11.33, close=-11.33), "open is below 0.001"),
        (moved(2, volume=-5), "volume is below 0"),
        (moved(1, high=10.0), "open and close do not lie within low and high"),
        (moved(4, date=dt.date(2025, 8, 23)), "the exchange was closed on 1 row (row 5: 2025-08-23)"),
        (moved(4, close=11.705), "prices are not whole fen"),
        (moved(3, date=dt.date(2025, 8, 20)), "one session stands twice"),
        (moved(3, date=dt.date(2025, 8, 15)), "dates do not ascend"),
    ],
    ids=["hands", "too many", "one row", "negative", "sold back", "order", "closed", "adjusted", "twice", "backward"],
)
def test_bars_that_contradict_themselves_are_refused(days: list[Day], reason: str) -> None:
    body = payload.klc("sh600000", payload.shares(days, decimals=3))
    assert_refused(bars_of(body, since=np.datetime64("2025-08-11")), reason, body)


def test_a_reply_that_was_cut_off_anywhere_is_refused() -> None:
    packed = payload.shares(WEEK)
    for length in range(0, len(packed) - 1, 3):
        body = payload.klc("sh600000", packed[:length])
        assert_refused(bars_of(body), "could not read", body)


def test_another_text_than_packed_bars_is_refused() -> None:
    assert_refused(bars_of(b"no equals sign here"), "IndexError", b"no equals sign here")


def test_a_reply_without_end_does_not_hold_the_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sina_replies, "PATIENCE", 200)
    assert_refused(bars_of(payload.klc("sh600000", endless())), "Timeout")


def test_offline_is_said() -> None:
    with answered(Answer(KLC, raises="no name")):
        delivery = sina.bars(desk(), "600000.SH", SINCE, UNTIL)
    assert delivery.offline
    assert delivery.frame is None
    assert "cannot be reached" in delivery.error


# --- bars of indexes ---------------------------------------------------------------------------------

INDEX = tuple(dataclasses.replace(day, volume=day.volume * 10**6) for day in WEEK)


def index_of(days: Sequence[Day] | bytes = INDEX, symbol: str = "000688.SH") -> Delivery:
    code = symbol[-2:].lower() + symbol[:6]
    body = days if isinstance(days, bytes) else payload.klc(code, payload.indexes(days))
    with answered(Answer(f"realstock/company/{code}/hisdata/klc_kl.js", body)):
        return sina.index_bars(desk(), symbol, SINCE, UNTIL)


@pytest.mark.parametrize("symbol", ["000688.SH", "399006.SZ", "000300.SH"])
def test_an_index_comes_with_prices_and_without_a_volume_of_unknown_unit(symbol: str) -> None:
    delivery = index_of((dataclasses.replace(INDEX[0], date=dt.date(2020, 1, 2)), *INDEX), symbol)
    assert delivery.frame is not None, delivery.error
    prices = delivery.frame[["open", "high", "low", "close"]].to_numpy()
    assert prices.tolist() == [[day.open, day.high, day.low, day.close] for day in INDEX]
    assert set(delivery.frame["symbol"]) == {symbol}
    assert delivery.frame["volume"].isna().all()
    assert (delivery.log[0].outcome, delivery.log[0].rows) == ("ok", 5)


def test_an_index_that_sina_has_no_bars_of_in_the_window_is_empty() -> None:
    delivery = index_of([dataclasses.replace(INDEX[0], date=dt.date(2020, 1, 2))])
    assert delivery.frame is not None
    assert len(delivery.frame) == 0
    assert delivery.log[0].outcome == "empty"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (payload.klc("sh000688", ""), "could not read"),
        (
            payload.klc(
                "sh000688", payload.indexes([INDEX[0], dataclasses.replace(INDEX[1], date=dt.date(2025, 8, 23))])
            ),
            "the exchange was closed on 1 row",
        ),
        (payload.klc("sh000688", payload.indexes([Day(dt.date(2025, 8, 18), 0.0, 1.0, 0.0, 1.0, 1)])), "open is below"),
    ],
    ids=["nothing", "closed", "nought"],
)
def test_an_index_that_contradicts_itself_is_refused(body: bytes, reason: str) -> None:
    assert_refused(index_of(body), reason, body)


def test_an_index_cut_off_anywhere_gives_right_rows_or_none() -> None:
    packed = payload.indexes(INDEX)
    whole = [[day.open, day.high, day.low, day.close] for day in INDEX]
    counts = set()
    for length in range(len(packed) - 1):
        delivery = index_of(payload.klc("sh000688", packed[:length]))
        if delivery.frame is not None:
            counts.add(len(delivery.frame))
            assert delivery.frame[["open", "high", "low", "close"]].to_numpy().tolist() == whole[: len(delivery.frame)]
    assert counts >= {1, 2, 3, 4}


# --- factors -----------------------------------------------------------------------------------------


def factors_of(body: bytes) -> Delivery:
    with answered(Answer(f"realstock/company/sh600000/{HFQ}", body)):
        return sina.factors(desk(), "600000.SH")


FACTORS = [("2025-07-16", "3.0415"), ("2025-01-02", "2.5"), ("2024-07-18", "2.5"), ("1900-01-01", "1.0000000000")]


def test_factors_are_numbers_in_order_and_only_where_they_change() -> None:
    delivery = factors_of(payload.hfq("sh600000", FACTORS))
    assert delivery.frame is not None, delivery.error
    told = [(str(date)[:10], factor) for date, factor in delivery.frame[["date", "factor"]].to_numpy()]
    assert told == [("1900-01-01", 1.0), ("2024-07-18", 2.5), ("2025-07-16", 3.0415)]
    assert set(delivery.frame["symbol"]) == {"600000.SH"}
    assert set(delivery.frame["source"]) == {"sina"}
    assert delivery.log[0].outcome == "ok"


def test_no_factors_are_told_as_such() -> None:
    delivery = factors_of(payload.hfq("sh600000", []))
    assert delivery.frame is not None
    assert len(delivery.frame) == 0
    assert delivery.log[0].outcome == "empty"
    assert delivery.quarantined == ()


@pytest.mark.parametrize(
    ("factors", "reason"),
    [
        ([("2025-07-16", "0"), *FACTORS[1:]], "hfq_factor is below"),
        ([("2025-07-16", "-3.04"), *FACTORS[1:]], "hfq_factor is below"),
        ([("2025-07-16", "n/a"), *FACTORS[1:]], "hfq_factor is no number"),
        ([("2025-07-16", ""), *FACTORS[1:]], "hfq_factor is missing"),
        ([("2025-07-16", "inf"), *FACTORS[1:]], "hfq_factor is no number"),
        ([("16 July", "3"), *FACTORS[1:]], ""),
        ([("2025-01-02", "3"), *FACTORS[1:]], "two factors on 2025-01-02"),
    ],
    ids=["nought", "negative", "no number", "missing", "infinite", "no date", "twice"],
)
def test_factors_that_cannot_be_are_refused(factors: list[tuple[str, str]], reason: str) -> None:
    assert_refused(factors_of(payload.hfq("sh600000", factors)), reason, b"hfq=")


def test_nothing_in_a_reply_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    body = f"var sh600000hfq=__import__('pathlib').Path({str(mark)!r}).write_text('x') and {{'data': []}}\n".encode()
    assert_refused(factors_of(body), "malformed", b"__import__")
    assert not mark.exists()
