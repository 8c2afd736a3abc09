"""sina's packed bars: what the test's packer writes, akshare's decoder reads; and nothing in a reply is ever run."""

from __future__ import annotations

import datetime as dt
import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sina_payload as payload
from backfolio.source.akshare import sina_replies
from backfolio.source.akshare.library import library
from sina_payload import Day

FIRST = dt.date(1991, 1, 2)

fen = st.integers(1, 9_999_999)


@st.composite
def days(draw: st.DrawFn, *, ordered: bool) -> list[Day]:
    """Draw sessions with any gaps; prices in any order unless `ordered`."""
    dates = sorted(draw(st.sets(st.integers(0, 12_000), min_size=1, max_size=12)))
    found = []
    for number in dates:
        date = FIRST + dt.timedelta(days=number)
        if date.weekday() > 4:
            continue
        prices = draw(st.lists(fen, min_size=4, max_size=4))
        if ordered:
            low, opened, close, high = sorted(prices)
            prices = [opened, high, low, close]
        volume, amount = draw(st.integers(0, 10**11)), draw(st.integers(0, 10**13))
        found.append(Day(date, *(price / 100 for price in prices), volume=volume, amount=amount))
    return found or [Day(FIRST, 1.0, 1.0, 1.0, 1.0, 100, 100)]


def assert_same(body: bytes, sent: list[Day], *, amounts: bool) -> None:
    frame = sina_replies.unpacked(body)
    assert list(frame["date"].to_numpy().astype("datetime64[D]")) == [np.datetime64(day.date) for day in sent]
    for name in ("open", "high", "low", "close", "volume", *(["amount"] if amounts else [])):
        assert frame[name].to_numpy() == pytest.approx([float(getattr(day, name)) for day in sent], abs=1e-9), name
    assert ("amount" in frame) == amounts


@settings(max_examples=40)
@given(days(ordered=False))
def test_bars_of_shares_come_back_as_they_were_packed(sent: list[Day]) -> None:
    assert_same(payload.klc("sh600000", payload.shares(sent)), sent, amounts=True)


@settings(max_examples=40)
@given(days(ordered=True))
def test_bars_of_indexes_come_back_as_they_were_packed(sent: list[Day]) -> None:
    assert_same(payload.klc("sh000300", payload.indexes(sent)), sent, amounts=False)


def test_reference_prices_and_trading_after_hours_do_not_disturb_the_bars() -> None:
    sent = [
        Day(dt.date(2025, 8, 21), 10.0, 10.5, 9.8, 10.2, 123_456, 1_260_000, prevclose=9.99, after=(300, 7)),
        Day(dt.date(2025, 8, 22), 9.7, 9.9, 9.7, 9.8, 5_000, 49_000, prevclose=9.6, after=(0, 0)),
    ]
    assert_same(payload.klc("sh688256", payload.shares(sent)), sent, amounts=True)


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        ("", "hold nothing"),
        ("AAAA", "hold nothing"),
        ("!!! no digits !!!", "hold nothing"),
        (payload.shares([Day(FIRST, 1.0, 1.0, 1.0, 1.0, 1, 1)] * 9)[:60], "cannot be read|hold nothing"),
    ],
    ids=["empty", "another packing", "no digits", "cut off"],
)
def test_what_holds_no_bars_is_named(packed: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        sina_replies.unpacked(payload.klc("sh600000", packed))


def endless() -> str:
    """Return rows of no numbers at all: the decoder reads them without ever coming to the end."""
    bits = payload._Bits()
    for number, width in ((197, 12), (63, 6), (0, 6), (0, 6)):
        bits.number(number, width)
    bits.bits += [0] * 60
    return bits.digits()


def test_a_reply_that_keeps_the_decoder_busy_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sina_replies, "PATIENCE", 200)
    with pytest.raises(ValueError, match="terminated by timeout"):
        sina_replies.unpacked(payload.klc("sh600000", endless()))


def test_akshare_is_left_as_it_was() -> None:
    library()
    module = importlib.import_module("akshare.stock.stock_zh_a_sina")
    engine = module.py_mini_racer
    with sina_replies.guarded():
        assert module.py_mini_racer is not engine
        assert vars(module)["eval"]("[1, 2]") == [1, 2]
    assert module.py_mini_racer is engine
    assert "eval" not in vars(module)
