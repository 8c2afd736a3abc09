"""Contracts: what of a reply is believed, and what each breach is called; and how hosts write symbols."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.errors import SymbolError
from backfolio.source.akshare import symbols
from backfolio.source.akshare.contract import Column, Contract, breaches, days, numbers, rows_of

PROMISED = Contract(
    "some_function",
    (
        Column("day", "date", low="1990-12-19", high="2030-01-01"),
        Column("price", "number", low=0.001, high=10_000),
        Column("hands", "integer", low=0, may_be_missing=True),
        Column("code", "text", pattern=r"\d{6}"),
        Column("words", "text", may_be_missing=True),
    ),
)
GOOD: dict[str, list[Any]] = {
    "day": ["2025-08-21", dt.date(2025, 8, 22)],
    "price": [1.5, "2.25"],
    "hands": [3, None],
    "code": ["688256", "000001"],
    "words": ["买入", None],
    "further": [1, 2],
}


def of(**changes: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(GOOD | changes)


def test_a_good_reply_is_kept_with_columns_that_nobody_asked_for() -> None:
    assert breaches(of(), PROMISED) == ()


CASES: dict[str, tuple[Any, str]] = {
    "no table": ([1, 2], "some_function gave list, not a table"),
    "nothing": (None, "some_function gave NoneType, not a table"),
    "no rows": (of().iloc[:0], "some_function gave no rows"),
    "an empty frame without columns": (pd.DataFrame(), "some_function gave no rows"),
    "a column gone": (of().drop(columns="price"), "no column price; what came: day, hands, code, words, further"),
    "a column renamed": (of().rename(columns={"code": "代码"}), "no column code; what came"),
    "a column twice": (pd.concat([of(), of()[["price"]]], axis=1), "columns stand twice: price"),
    "no date": (of(day=["2025-08-21", "yesterday"]), "day is no date in 1 row (row 2: yesterday)"),
    "a date gone": (of(day=["2025-08-21", None]), "day is missing in 1 row (row 2:"),
    "a date too early": (of(day=["1899-12-30", "2025-08-22"]), "day is below 1990-12-19 in 1 row (row 1: 1899-12-30)"),
    "a date too late": (of(day=["2025-08-21", "2222-01-01"]), "day is above 2030-01-01 in 1 row"),
    "text for a number": (of(price=[1.5, "停牌"]), "price is no number in 1 row (row 2: 停牌)"),
    "no number at all": (of(price=[1.5, float("inf")]), "price is no number in 1 row (row 2: inf)"),
    "a number gone": (of(price=[float("nan"), 1.0]), "price is missing in 1 row (row 1: nan)"),
    "a dash for a number": (of(price=[1.5, "-"]), "price is missing in 1 row (row 2: -)"),
    "a number too small": (of(price=[1.5, -0.2]), "price is below 0.001 in 1 row (row 2: -0.2)"),
    "a number too great": (of(price=[1.5, 10_001]), "price is above 10000 in 1 row (row 2: 10001.0)"),
    "a broken number": (of(hands=[3.5, 1]), "hands is no whole number in 1 row (row 1: 3.5)"),
    "text of another form": (of(code=["688256", "1"]), r"code is not like \d{6} in 1 row (row 2: 1)"),
    "no text": (of(code=["688256", "  "]), "code is missing in 1 row (row 2:   )"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_breach_has_a_sentence(name: str) -> None:
    frame, says = CASES[name]
    assert any(says in sentence for sentence in breaches(frame, PROMISED)), breaches(frame, PROMISED)


def test_every_breach_is_told_not_only_the_first() -> None:
    said = breaches(of(price=[-1, "x"], code=["1", "2"]), PROMISED)
    assert len(said) == 3


@pytest.mark.parametrize("empty", [pd.DataFrame(), pd.DataFrame(columns=["day"])])
def test_an_empty_reply_is_no_breach_where_it_may_be_empty(empty: pd.DataFrame) -> None:
    assert breaches(empty, Contract("f", PROMISED.columns, may_be_empty=True)) == ()
    assert breaches(empty, PROMISED) == ("some_function gave no rows",)


def test_a_sentence_names_the_first_rows_only() -> None:
    wrong = np.array([True, False, True, True, True])
    assert rows_of(wrong, "abcde") == "4 rows (row 1: a; row 3: c; row 4: d; ...)"


def test_cells_are_read_as_dates_in_every_form_that_hosts_use() -> None:
    cells = pd.Series(
        ["2025-08-22", "20250822", "2025-08-22 15:00:00", dt.date(2025, 8, 22), pd.Timestamp("2025-08-22"), None, "-"]
    )
    assert days(cells).astype("datetime64[D]").astype(str).tolist() == ["2025-08-22"] * 5 + ["NaT"] * 2
    aware = pd.Series(pd.to_datetime(["2025-08-22T00:00:00+08:00"]))
    assert days(aware).astype(str).tolist() == ["2025-08-22T00:00:00"]


def test_cells_are_read_as_numbers_text_too() -> None:
    assert numbers(pd.Series(["1.5", 2, None, "-"]))[:2].tolist() == [1.5, 2.0]
    assert np.isnan(numbers(pd.Series(["1.5", 2, None, "-"]))[2:]).all()


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=8))
def test_a_column_is_kept_only_if_every_number_lies_in_its_range(values: list[float]) -> None:
    contract = Contract("f", (Column("x", "number", low=0.5, high=2.0),))
    kept = breaches(pd.DataFrame({"x": values}), contract) == ()
    assert kept == all(0.5 <= value <= 2.0 for value in values)


# --- symbols ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "code", "prefixed"),
    [
        ("688256.SH", "688256", "sh688256"),
        ("000001.SZ", "000001", "sz000001"),
        ("000001.SH", "000001", "sh000001"),
        ("920118.BJ", "920118", "bj920118"),
        ("399006.SZ", "399006", "sz399006"),
    ],
)
def test_symbols_go_to_each_form_and_back(symbol: str, code: str, prefixed: str) -> None:
    assert (symbols.bare(symbol), symbols.prefixed(symbol)) == (code, prefixed)
    assert symbols.from_prefixed(prefixed) == symbol
    assert symbols.of_exchange(code, symbol[-2:].lower()) == symbol


def test_a_code_that_lost_its_zeros_gets_them_back() -> None:
    assert symbols.of_exchange("1", "SZ") == "000001.SZ"


@pytest.mark.parametrize("text", ["688256", "sh688256", "688256.SS", "68825.SH", "６88256.SH", "", "688256.SH.SH"])
def test_what_is_no_symbol_is_refused(text: str) -> None:
    with pytest.raises(SymbolError, match="is not a symbol: write six digits and the exchange"):
        symbols.bare(text)


@pytest.mark.parametrize(
    ("symbol", "day", "old"),
    [
        ("430047.BJ", "2025-10-08", False),
        ("430047.BJ", "2025-10-09", True),
        ("871981.BJ", "2026-01-05", True),
        ("833819.BJ", "2025-05-05", False),
        ("833819.BJ", "2025-05-06", True),
        ("920047.BJ", "2026-01-05", False),
        ("832317.BJ", "2026-01-05", False),  # it left for Shanghai: its listing in Beijing is over, and stands
        ("688287.SH", "2026-01-05", False),
        ("000977.SZ", "2026-01-05", False),
    ],
)
def test_beijings_old_codes_are_refused_once_the_share_has_a_new_one(symbol: str, day: str, *, old: bool) -> None:
    assert symbols.renumbered(symbol, np.datetime64(day)) == old
    if old:
        with pytest.raises(SymbolError, match=f"whole past is told: ask for that, mostly 920{symbol[3:6]}.BJ"):
            symbols.must_be_current(symbol, np.datetime64(day))
    else:
        symbols.must_be_current(symbol, np.datetime64(day))
