"""What `backfolio.bars` makes of good data: arrays, reference prices, marks, factors, limits."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backfolio.bars
from backfolio import ashare, calendar
from backfolio.bars import Bars, Tables, build_bars, read_tables
from backfolio.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

SESSIONS = calendar.sessions("2025-08-18", "2025-09-30")
NO_DAY = np.datetime64("NaT", "D")
A, B, C = "600001.SH", "688001.SH", "300001.SZ"


# ---------------------------------------------------------------- small markets
def quotes(symbol: str, closes: str, sessions: np.ndarray[Any, Any] = SESSIONS, **more: object) -> pd.DataFrame:
    """Make bars whose four prices are one: a close a session, ``-`` where there is no bar."""
    cells = [(day, float(text)) for day, text in zip(sessions, closes.split(), strict=False) if text != "-"]
    price = [close for _, close in cells]
    columns = {"date": [day for day, _ in cells], "symbol": symbol}
    return pd.DataFrame({**columns, **dict.fromkeys(("open", "high", "low", "close"), price), "volume": 1000.0, **more})


def actions(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["symbol", "ex_date", "kind", "value"])


def listings(*rows: tuple[str, str, str | None, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["symbol", "name", "listed", "delisted"])


def bars_of(*frames: pd.DataFrame, **sides: pd.DataFrame) -> Bars:
    return build_bars(Tables(pd.concat(frames, ignore_index=True), **sides))


def column(bars: Bars, name: str, symbol: str = A) -> list[Any]:
    values: list[Any] = getattr(bars, name)[:, bars.symbols.index(symbol)].tolist()
    return values


def session(at: int) -> str:
    return str(SESSIONS[at])


# ---------------------------------------------------------------- the package
def test_what_is_public_is_there() -> None:
    assert backfolio.bars.__all__ == ["Bars", "Origin", "Tables", "build_bars", "read_tables"]
    assert all(hasattr(backfolio.bars, name) for name in backfolio.bars.__all__)


def test_importing_it_loads_no_pandas() -> None:
    heavy = ("pandas", "pyarrow", "exchange_calendars")
    script = f"import sys, backfolio.bars; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------- placing
def test_bars_are_placed_by_session_and_sorted_symbol() -> None:
    # Friday, then a Wednesday: what lies between is in the table, the weekend is not.
    first = quotes(B, "50.00", SESSIONS[4:]).assign(open=49.0, high=51.5, low=48.25, volume=250.0, amount=12_345.678)
    bars = bars_of(first, quotes(A, "10.00 - - 10.50", SESSIONS[4:]))
    assert bars.symbols == (A, B)
    assert bars.sessions.astype(str).tolist() == ["2025-08-22", "2025-08-25", "2025-08-26", "2025-08-27"]
    assert bars.shape == (4, 2)
    assert column(bars, "close") == [10_000, 0, 0, 10_500]
    assert column(bars, "traded") == [True, False, False, True]
    found = [getattr(bars, name)[0, 1] for name in ("open", "high", "low", "close", "volume", "amount")]
    assert found == [49_000, 51_500, 48_250, 50_000, 250, 12_345_678]


def test_an_amount_that_is_not_known_is_said_to_be() -> None:
    bars = bars_of(quotes(A, "10 10 10").assign(amount=[1.5, np.nan, 0.0]))
    assert column(bars, "amount") == [1500, -1, 0]
    assert column(bars_of(quotes(A, "10 10")), "amount") == [-1, -1]


def test_a_suspended_row_is_a_missing_bar_whatever_its_prices_say() -> None:
    told = quotes(A, "10 10 10 10 10").assign(traded=[1, 1, 0, 0, 1], pre_close=[None, 10, 10, 10, 10])
    nonsense = {"open": -1.0, "high": 1.234, "low": np.nan, "close": 0.0, "volume": -7.5, "pre_close": 99.999}
    told.loc[[2, 3], list(nonsense)] = list(nonsense.values())
    silent = told.drop(index=[2, 3])
    assert build_bars(Tables(told)).fingerprint == build_bars(Tables(silent)).fingerprint
    assert column(build_bars(Tables(told)), "traded") == [True, True, False, False, True]


def test_words_in_a_suspended_row_are_not_read() -> None:
    told = quotes(A, "10 10 10").assign(traded=[1, 0, 1]).astype({"open": object})
    told.loc[1, "open"] = "--"
    assert column(build_bars(Tables(told)), "open") == [10_000, 0, 10_000]


def test_a_bar_without_volume_is_a_bar() -> None:
    bars = bars_of(quotes(A, "10 10").assign(volume=[0.0, 5.0]))
    assert column(bars, "volume") == [0, 5]
    assert column(bars, "traded") == [True, True]


def test_risk_warning_lasts_through_a_suspension_and_tells_the_limits() -> None:
    bars = bars_of(quotes(A, "10 10 - 10 10").assign(is_st=[0, 1, 1, 0]), quotes(B, "- 50 50").assign(is_st=1))
    assert not bars.st_unknown.any()
    assert column(bars, "st") == [False, True, True, True, False]
    assert column(bars, "st", B) == [False, True, True, True, True]
    assert column(bars, "up")[1:] == [10_500, 0, 10_500, 11_000]


def test_without_the_column_nothing_is_known_of_risk_warnings() -> None:
    bars = bars_of(quotes(A, "10 10"))
    assert bars.st_unknown.tolist() == [True]
    assert not bars.st.any()


def test_of_some_names_risk_warnings_may_be_unknown() -> None:
    told, silent = quotes(A, "10 10").assign(is_st=[1, 0]), quotes(B, "50 50").assign(is_st=[np.nan, np.nan])
    late = quotes(C, "20 20 20").assign(is_st=[np.nan, 1, np.nan])
    bars = bars_of(told, silent, late)
    assert dict(zip(bars.symbols, bars.st_unknown.tolist(), strict=True)) == {A: False, B: True, C: True}
    assert column(bars, "st") == [True, False, False]
    assert column(bars, "st", B) == [False, False, False]
    assert column(bars, "st", C) == [False, True, True]  # what was last told lasts


def test_the_newest_name_counts_and_a_listing_row_over_it() -> None:
    frames = (quotes(A, "10 10 10").assign(name=["Old", "New", None]), quotes(B, "50").assign(name="Bars"))
    assert bars_of(*frames).names == {A: "New", B: "Bars"}
    assert bars_of(*frames, listings=listings((B, "Listed", None, None))).names == {A: "New", B: "Listed"}
    assert bars_of(quotes(A, "10")).names == {A: ""}


def test_arrays_are_read_only() -> None:
    bars = bars_of(quotes(A, "10 10"), index=quotes("000300.SH", "4000 4010"))
    for array in (bars.close, bars.factor, bars.sessions, bars.index_close["000300.SH"]):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_rows_and_columns_cut_without_changing() -> None:
    frames = (quotes(A, "10 11 12 13"), quotes(B, "50 51 - 53"))
    bars = bars_of(*frames, index=quotes("000300.SH", "1 2 3 4"))
    cut = bars.rows(1, 3)
    assert column(cut, "close") == [11_000, 12_000]
    assert cut.index_close["000300.SH"].tolist() == [2, 3]
    assert np.shares_memory(cut.close, bars.close)
    only = bars.columns((B,))
    assert only.symbols == (B,)
    assert only.names == {B: ""}
    assert column(only, "mark", B) == [50_000, 51_000, 51_000, 53_000]
    assert only.delisted.shape == (1,)


# ---------------------------------------------------------------- reference prices
FORMULAS = [
    # previous close, rows of the date, reference, cash, shares, ratio only
    ("nothing happens", "10.00", (), 10_000, 0, 0, False),
    ("cash", "10.00", (("cash/share", 0.5),), 9_500, 5_000_000, 0, False),
    ("cash to half a fen goes up", "10.00", (("cash/share", 0.125),), 9_880, 1_250_000, 0, False),
    ("cash a little more than half a fen", "10.00", (("cash/share", 0.1250001),), 9_870, 1_250_001, 0, False),
    ("bonus shares", "10.00", (("shares/share", 0.3),), 7_690, 0, 3_000_000, False),
    ("ten for ten", "10.01", (("shares/share", 1.0),), 5_010, 0, 10_000_000, False),
    ("both", "10.00", (("cash/share", 0.5), ("shares/share", 0.25)), 7_600, 5_000_000, 2_500_000, False),
    (
        "several of each",
        "10.00",
        (("cash/share", 0.2), ("shares/share", 0.1), ("cash/share", 0.3), ("shares/share", 0.15)),
        7_600,
        5_000_000,
        2_500_000,
        False,
    ),
    ("seven decimals", "10.00", (("cash/share", 0.0123457),), 9_990, 123_457, 0, False),
    ("price ratio", "10.00", (("price ratio", 0.73895),), 7_390, 0, 0, True),
    ("price ratio to half a fen goes up", "10.00", (("price ratio", 0.9995),), 10_000, 0, 0, True),
    ("price ratio of one", "10.00", (("price ratio", 1.0),), 10_000, 0, 0, True),
    ("nothing paid", "10.00", (("cash/share", 0.0),), 10_000, 0, 0, False),
]


@pytest.mark.parametrize(
    ("close", "rows", "reference", "cash", "shares", "ratio_only"),
    [case[1:] for case in FORMULAS],
    ids=[case[0] for case in FORMULAS],
)
def test_reference_price_of_an_ex_date(
    close: str, rows: tuple[tuple[str, float], ...], reference: int, cash: int, shares: int, ratio_only: bool
) -> None:
    table = actions(*((A, session(1), kind, value) for kind, value in rows))
    bars = bars_of(quotes(A, f"{close} {reference / 1000}"), ex_rights=table if rows else None)
    before = round(float(close) * 1000)
    assert column(bars, "reference") == [0, reference]
    assert column(bars, "cash_per_share") == [0, cash]
    assert column(bars, "share_ratio") == [0, shares]
    assert column(bars, "ratio_only") == [False, ratio_only]
    assert column(bars, "factor") == [1.0, before / reference]
    assert column(bars, "mark") == [before, reference]


GIVEN = [
    ("alone, as the previous close", (), 10.0, 10_000, False),
    ("alone, an ex-date of which only this is known", (), 9.4, 9_400, True),
    ("over a price ratio", (("price ratio", 0.95),), 9.4, 9_400, True),
    ("over a price ratio, and no lower than before", (("price ratio", 0.95),), 10.0, 10_000, True),
    ("over cash, which is paid as it stands", (("cash/share", 0.5),), 9.4, 9_400, False),
]


@pytest.mark.parametrize(
    ("rows", "pre_close", "reference", "ratio_only"), [case[1:] for case in GIVEN], ids=[case[0] for case in GIVEN]
)
def test_a_given_pre_close_is_the_reference_price(
    rows: tuple[tuple[str, float], ...], pre_close: float, reference: int, ratio_only: bool
) -> None:
    table = actions(*((A, session(1), kind, value) for kind, value in rows))
    bars = bars_of(quotes(A, "10.00 9.50").assign(pre_close=[np.nan, pre_close]), ex_rights=table if rows else None)
    assert column(bars, "reference") == [0, reference]
    assert column(bars, "ratio_only") == [False, ratio_only]
    assert column(bars, "factor")[1] == 10_000 / reference
    paid = 5_000_000 if rows and rows[0][0] == "cash/share" else 0
    assert column(bars, "cash_per_share") == [0, paid]


def test_a_first_bar_has_the_reference_price_it_is_given_or_none() -> None:
    bars = bars_of(quotes(A, "10 10").assign(pre_close=[9.9, np.nan]), quotes(B, "50 50"))
    assert column(bars, "reference") == [9_900, 10_000]
    assert column(bars, "reference", B) == [0, 50_000]
    assert column(bars, "limit_state") == [ashare.LIMITED, ashare.LIMITED]
    assert column(bars, "limit_state", B) == [ashare.UNKNOWN, ashare.LIMITED]
    assert column(bars, "ratio_only") == [False, False]


def test_an_ex_date_in_a_halt_moves_the_mark() -> None:
    table = actions((A, session(2), "cash/share", 1.0))
    bars = bars_of(quotes(A, "10 - - - 9"), ex_rights=table)
    assert column(bars, "mark") == [10_000, 10_000, 9_000, 9_000, 9_000]
    assert column(bars, "reference") == [0, 0, 9_000, 0, 9_000]
    assert column(bars, "factor") == [1.0, 1.0, 10 / 9, 10 / 9, 10 / 9]
    assert column(bars, "cash_per_share") == [0, 0, 10_000_000, 0, 0]
    assert column(bars, "ratio_only") == [False] * 5


def test_two_ex_dates_in_one_halt_follow_each_other_and_a_third_on_the_day_it_ends() -> None:
    table = actions(
        (A, session(3), "shares/share", 1.0), (A, session(1), "cash/share", 1.0), (A, session(5), "price ratio", 0.9)
    )
    bars = bars_of(quotes(A, "11 - - - - 4.5"), ex_rights=table)
    assert column(bars, "mark") == [11_000, 10_000, 10_000, 5_000, 5_000, 4_500]
    assert column(bars, "reference") == [0, 10_000, 0, 5_000, 0, 4_500]
    assert column(bars, "ratio_only") == [False, False, False, False, False, True]
    assert column(bars, "factor") == pytest.approx([1, 1.1, 1.1, 2.2, 2.2, 11 / 4.5], rel=1e-15)


def test_a_reference_price_given_after_a_halt_says_what_happened_in_it() -> None:
    bars = bars_of(quotes(A, "10 - - 8").assign(pre_close=[np.nan, 8.0]))
    assert column(bars, "mark") == [10_000, 10_000, 10_000, 8_000]
    assert column(bars, "ratio_only") == [False, False, False, True]
    assert column(bars, "factor") == [1, 1, 1, 1.25]


def test_actions_that_nobody_could_hold_through_change_nothing() -> None:
    table = actions(
        (A, "2025-08-15", "cash/share", 1.0),  # before the data
        (A, session(0), "cash/share", 1.0),  # before the first bar, and on it
        (A, session(1), "cash/share", 1.0),
        (A, "2025-12-01", "cash/share", 1.0),  # after the data
        ("600002.SH", session(1), "price ratio", 0.5),  # no bars
    )
    frames = (quotes(A, "- 10 10"), quotes(B, "50 50 50"))
    bars = bars_of(*frames, ex_rights=table)
    assert bars.fingerprint == bars_of(*frames).fingerprint


def test_a_factor_column_is_not_used_where_ex_dates_explain_it() -> None:
    vendor = [1.0, 1.0, 1.1111, 1.1111]
    by_row = bars_of(
        quotes(A, "10 10 9 9").assign(factor=vendor), ex_rights=actions((A, session(2), "cash/share", 1.0))
    )
    by_price = bars_of(quotes(A, "10 10 9 9").assign(factor=vendor, pre_close=[np.nan, 10, 9, 9]))
    in_halt = bars_of(
        quotes(A, "10 - - 9").assign(factor=[1.0, 1.1111]), ex_rights=actions((A, session(1), "cash/share", 1.0))
    )
    assert column(by_row, "factor") == column(by_price, "factor") == [1, 1, 10 / 9, 10 / 9]
    assert column(in_halt, "factor") == [1, 10 / 9, 10 / 9, 10 / 9]


def test_a_factor_may_waver_within_a_thousandth() -> None:
    bars = bars_of(quotes(A, "10 10 10").assign(factor=[1.0, 1.0009, np.nan]))
    assert column(bars, "factor") == [1, 1, 1]


# ---------------------------------------------------------------- listing and delisting
def test_what_a_first_bar_says_of_a_listing_date() -> None:
    frames = (quotes(A, "10 10 10"), quotes(B, "- 50 90"), quotes("300001.SZ", "- - 20"))
    bars = bars_of(*frames, listings=listings(("300001.SZ", "Known", "2025-08-19", None)))
    assert bars.symbols == ("300001.SZ", A, B)
    assert bars.listing_assumed.tolist() == [False, True, True]
    assert bars.listed.astype(str).tolist() == ["2025-08-19", "NaT", session(1)]
    # Listed within the data: no limit for five sessions, so that B may gain 80%.
    assert column(bars, "limit_state", B) == [ashare.UNKNOWN, ashare.UNLIMITED, ashare.UNLIMITED]
    assert column(bars, "limit_state", A) == [ashare.UNKNOWN, ashare.LIMITED, ashare.LIMITED]


def test_a_listing_row_without_a_date_leaves_it_assumed() -> None:
    bars = bars_of(quotes(A, "10"), listings=listings((A, "First", None, "2030-01-02")))
    assert bars.listing_assumed.tolist() == [True]
    assert np.isnat(bars.listed[0])
    assert str(bars.delisted[0]) == "2030-01-02"


def test_a_listing_long_before_the_data_ends_the_sessions_without_a_limit() -> None:
    frames = (quotes(A, "10 10"), quotes(B, "- 50 50"))
    bars = bars_of(*frames, listings=listings((B, "Star", "2019-07-22", None)))
    assert column(bars, "limit_state", B) == [ashare.UNKNOWN, ashare.UNKNOWN, ashare.LIMITED][: bars.shape[0]]


DELISTINGS = [
    ("the session after its last bar", "10 9 - - -", 2, [10_000, 9_000, 0, 0, 0]),
    ("later than its last bar", "10 9 - - -", 3, [10_000, 9_000, 9_000, 0, 0]),
    ("the date of its last bar", "10 9 - - -", 1, [10_000, 9_000, 0, 0, 0]),
    ("after the data", "10 9 - - -", 8, [10_000, 9_000, 9_000, 9_000, 9_000]),
]


@pytest.mark.parametrize(("closes", "delisted", "mark"), [c[1:] for c in DELISTINGS], ids=[c[0] for c in DELISTINGS])
def test_a_delisted_share_is_worth_nothing_after_its_last_bar(closes: str, delisted: int, mark: list[int]) -> None:
    frames = (quotes(A, closes), quotes(B, "50 50 50 50 50"))
    bars = bars_of(*frames, listings=listings((A, "Gone", "2001-06-08", session(delisted))))
    assert column(bars, "mark") == mark
    assert column(bars, "mark", B) == [50_000] * 5
    assert str(bars.delisted[0]) == session(delisted)
    assert np.isnat(bars.delisted[1])


@pytest.mark.parametrize("day", [2, 3])
def test_a_corporate_action_of_a_delisted_share_moves_nothing(day: int) -> None:
    table = actions((A, session(day), "cash/share", 1.0))
    gone = listings((A, "Gone", None, session(2)))
    bars = bars_of(quotes(A, "10 9 - - -"), quotes(B, "50 50 50 50 50"), ex_rights=table, listings=gone)
    assert column(bars, "mark") == [10_000, 9_000, 0, 0, 0]
    assert column(bars, "reference") == [0, 10_000, 0, 0, 0]
    assert column(bars, "cash_per_share") == [0] * 5
    assert column(bars, "factor")[:2] == [1.0, 1.0]


def test_a_last_corporate_action_moves_the_mark_until_the_delisting() -> None:
    table = actions((A, session(2), "cash/share", 1.0))
    gone = listings((A, "Gone", None, session(3)))
    bars = bars_of(quotes(A, "10 10 - - -"), quotes(B, "50 50 50 50 50"), ex_rights=table, listings=gone)
    assert column(bars, "mark") == [10_000, 10_000, 9_000, 0, 0]
    assert column(bars, "cash_per_share") == [0, 0, 10_000_000, 0, 0]


# ---------------------------------------------------------------- limits
def test_limits_are_computed_for_each_board() -> None:
    symbols = {A: "10", B: "10", "300001.SZ": "10", "920001.BJ": "10.01"}
    bars = bars_of(*(quotes(symbol, f"{close} {close}") for symbol, close in symbols.items()))
    found = {s: (int(bars.down[1, n]), int(bars.up[1, n])) for n, s in enumerate(bars.symbols)}
    assert found == {
        A: (9_000, 11_000),
        B: (8_000, 12_000),
        "300001.SZ": (8_000, 12_000),
        "920001.BJ": (7_010, 13_010),
    }


def test_limits_may_be_touched_and_are_those_of_the_vendor() -> None:
    touched = quotes(A, "10.05 11.06 9.95").assign(up_limit=[np.nan, 11.06, 12.17], down_limit=[np.nan, 9.05, 9.95])
    bars = bars_of(touched)
    assert column(bars, "up") == [0, 11_060, 12_170]
    assert column(bars, "down") == [0, 9_050, 9_950]


def test_what_a_vendor_writes_where_there_is_no_limit_is_not_judged() -> None:
    new = quotes(B, "- 50 90 50").assign(up_limit=[99_999.99, 0.0, -1.0], down_limit=[0.01, 0.0, 7.123])
    bars = bars_of(quotes(A, "10 10 10 10"), new)
    assert column(bars, "limit_state", B)[1:] == [ashare.UNLIMITED] * 3
    assert column(bars, "up", B) == [0] * 4


def test_the_noise_of_binary_fractions_is_no_fault() -> None:
    noisy = quotes(A, "10.10 10.20").assign(open=[10.1 + 9e-7, 10.2 - 9e-7], high=[10.1 + 1e-9, 0.1 * 102])
    assert column(build_bars(Tables(noisy)), "open") == [10_100, 10_200]
    assert column(build_bars(Tables(noisy)), "high") == [10_100, 10_200]


# ---------------------------------------------------------------- index
def test_index_closes_stand_on_the_sessions_of_the_bars() -> None:
    before_and_after = calendar.sessions("2025-08-15", "2025-09-30")
    index = pd.concat(
        [
            quotes("000300.SH", "1 2.125 - 4 5 6", before_and_after).assign(name="CSI 300"),
            quotes("399006.SZ", "- - - - - 9", before_and_after),
        ]
    )
    bars = bars_of(quotes(A, "10 10 10"), index=index)
    assert bars.index_close["000300.SH"].tolist()[::2] == [2.125, 4.0]
    assert np.isnan(bars.index_close["000300.SH"][1])
    assert np.isnan(bars.index_close["399006.SZ"]).all()
    assert bars.index_names == {"000300.SH": "CSI 300"}


def load(path: Path) -> Bars:
    return build_bars(read_tables(path))


# ---------------------------------------------------------------- a second computation
# Before 1996-12-16 the main board had no limits, so that prices may be anything.
FREE = calendar.sessions("1995-01-03", "1995-02-28")[:10]
PRICE = st.integers(200, 5000)
CELL = st.one_of(st.none(), PRICE)
EVENT = st.one_of(
    st.none(),
    st.tuples(st.just("split"), st.integers(0, 1_000_000), st.integers(0, 20_000_000)),
    st.tuples(st.just("ratio"), st.integers(5_000, 10_000), st.just(0)),
)


def half_up(value: Fraction) -> int:
    """Round mills to the fen, a half up."""
    return int((value / 10 + Fraction(1, 2)).__floor__()) * 10


def second_computation(
    fen: list[int | None], events: list[Any], given: list[int | None]
) -> tuple[list[int], list[int], list[float], list[bool]]:
    """Walk the sessions one by one, as the text says it."""
    references, marks, factors, ratio_only = [], [], [], []
    mark, factor = 0, 1.0
    for close, event, pre_close in zip(fen, events, given, strict=True):
        before, reference = mark, 0
        if before and event:
            kind, first, second = event
            if kind == "split":
                reference = half_up((before - Fraction(first, 10_000)) / (1 + Fraction(second, 10_000_000)))
            else:
                reference = half_up(before * Fraction(first, 10_000))
        elif close:
            reference = before
        if close and pre_close:
            reference = pre_close * 10
        if close:
            mark = close * 10
        elif reference:
            mark = reference
        only = bool(before) and (event[0] == "ratio" if event else reference not in {0, before})
        if before and reference and reference != before:
            factor *= before / reference
        references.append(reference)
        marks.append(mark)
        factors.append(factor)
        ratio_only.append(only)
    return references, marks, factors, ratio_only


def market(fen: list[int | None], events: list[Any], given: list[int | None], sessions: int) -> Bars:
    rows = [
        {"date": day, "symbol": A, **dict.fromkeys(("open", "high", "low", "close"), close / 100), "volume": 100,
         "pre_close": np.nan if pre_close is None else pre_close / 100}
        for day, close, pre_close in zip(FREE[:sessions], fen, given, strict=False)
        if close is not None
    ]  # fmt: skip
    # A second share that trades every session keeps the sessions the same whatever the first one does.
    clock = quotes("600002.SH", " ".join(["10"] * sessions), FREE)
    table = []
    for day, event in zip(FREE, events, strict=False):
        if event and event[0] == "split":
            table += [(A, str(day), "cash/share", event[1] / 1e7), (A, str(day), "shares/share", event[2] / 1e7)]
        elif event:
            table.append((A, str(day), "price ratio", event[1] / 1e4))
    return bars_of(pd.DataFrame(rows), clock, ex_rights=actions(*table))


@given(st.data())
def test_reference_mark_and_factor_agree_with_a_second_computation_and_no_later_bar_changes_them(
    data: st.DataObject,
) -> None:
    size = len(FREE)
    fen = data.draw(st.lists(CELL, min_size=size, max_size=size).filter(any))
    events = data.draw(st.lists(EVENT, min_size=size, max_size=size))
    prices_given = data.draw(st.lists(CELL, min_size=size, max_size=size))
    bars = market(fen, events, prices_given, size)
    reference, mark, factor, ratio_only = second_computation(fen, events, prices_given)
    assert column(bars, "reference") == reference
    assert column(bars, "mark") == mark
    assert column(bars, "factor") == factor
    assert column(bars, "ratio_only") == ratio_only
    stop = data.draw(st.integers(1, size))
    if any(fen[:stop]):
        early = market(fen[:stop], events, prices_given[:stop], stop)
        for name in ("reference", "mark", "factor", "ratio_only", "cash_per_share", "share_ratio", "limit_state"):
            assert column(early, name) == column(bars, name)[:stop]


# ---------------------------------------------------------------- real data
@pytest.fixture(scope="module")
def compute(shared: Path) -> Bars:
    return load(shared / "market" / "compute")


@pytest.fixture(scope="module")
def broad(shared: Path) -> Bars:
    return load(shared / "market" / "broad")


def at(bars: Bars, day: str, symbol: str) -> tuple[int, int]:
    return int(np.searchsorted(bars.sessions, np.datetime64(day))), bars.symbols.index(symbol)


@pytest.mark.shared
def test_real_limits_and_ex_dates(compute: Bars) -> None:
    limit_up = at(compute, "2025-08-22", "688256.SH")
    assert compute.close[limit_up] == compute.up[limit_up] == 1_243_200
    assert compute.down[limit_up] == 828_800
    one_price = at(compute, "2025-08-25", "603019.SH")
    assert {int(getattr(compute, name)[one_price]) for name in ("open", "high", "low", "close", "up")} == {91_110}
    split = at(compute, "2025-07-03", "002371.SZ")
    assert compute.ratio_only[split]
    assert compute.factor[split] / compute.factor[split[0] - 1, split[1]] == pytest.approx(1 / 0.73895, rel=1e-5)
    cash = at(compute, "2025-07-31", "601138.SH")
    assert compute.cash_per_share[cash] == 6_400_000
    assert not compute.ratio_only[cash]
    untold = at(compute, "2026-01-15", "601138.SH")  # in no row of ex_rights, seen by its reference price
    assert compute.ratio_only[untold]


@pytest.mark.shared
def test_real_halts_are_missing_bars(compute: Bars, shared: Path) -> None:
    halts = pd.read_csv(shared / "market" / "compute" / "halts.csv")
    assert len(halts) == 6
    for halt in halts.itertuples():
        first, column_ = at(compute, halt[3], halt.symbol)
        last, _ = at(compute, halt.to, halt.symbol)
        assert not compute.traded[first : last + 1, column_].any()
        assert compute.traded[first - 1, column_]
        assert compute.traded[last + 1, column_]
        assert last + 1 - first == halt.trading_days


@pytest.mark.shared
def test_broad_market_and_its_listing_assumption(broad: Bars) -> None:
    assert broad.shape == (671, 1433)
    limited = broad.traded & (broad.limit_state == ashare.LIMITED)
    assert int((limited & (broad.close == broad.up)).sum()) == 9_559
    assert int((limited & (broad.low == broad.up)).sum()) == 657
    first = broad.symbols.index("600004.SH")
    assert broad.listed[first] == broad.sessions[1]
    assert broad.listing_assumed.all()
    assert int((~np.isnat(broad.listed)).sum()) == 394


@pytest.mark.shared
def test_broad_market_taken_as_listed_before_it(broad: Bars) -> None:
    """The published counts take every share as seasoned, so new listings beyond the limit count as well."""
    never = np.full(len(broad.symbols), NO_DAY)
    up, _, state = ashare.limit_table(broad.symbols, broad.sessions, broad.reference, broad.st, never)
    limited = broad.traded & (state == ashare.LIMITED)
    assert int((limited & (broad.close >= up)).sum()) == 9_574
    assert int((limited & (broad.low >= up)).sum()) == 657


@pytest.mark.shared
def test_real_bars_with_one_wrong_price_are_refused(shared: Path) -> None:
    tables = read_tables(shared / "market" / "compute")
    wrong = tables.bars.copy()
    wrong.loc[900, "low"] = wrong.loc[900, "low"] * 0.5
    broken = Tables(wrong, tables.index, tables.ex_rights, tables.listings, tables.label, tables.origins)
    with pytest.raises(DataError, match=r"^bars\.parquet:902: 688256\.SH") as caught:
        build_bars(broken)
    assert caught.value.total == 1
