"""History: raw and adjusted apart, nothing from the future, nothing that can be written."""

from __future__ import annotations

import datetime as dt
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfolio import calendar
from backfolio.bars import Bars
from backfolio.catalysts import KINDS, Catalyst
from backfolio.errors import CalendarError, UsageError
from backfolio.history import History
from backfolio.history.kept import Kept
from backfolio.testing import build
from backfolio.universe import Member, Universe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = np.timedelta64(1, "D")
NAMES = ("000938.SZ", "300308.SZ", "688041.SH", "688256.SH")
NAT = np.datetime64("NaT", "D")
WEEK = calendar.sessions("2025-08-18", "2025-08-29")
"""Ten sessions: 18..22 and 25..29 August 2025."""


def make_bars(
    days: np.ndarray,
    closes: Sequence[Sequence[float]],
    symbols: tuple[str, ...],
    *,
    factor: np.ndarray | None = None,
    delisted: dict[str, str] | None = None,
) -> Bars:
    """Build bars from closes in CNY, sessions x symbols, 0 = no bar; every open is 1 fen below the close."""
    close = np.rint(np.asarray(closes, dtype=np.float64) * 1000).astype(np.int64)
    traded = close > 0
    rows = np.maximum.accumulate(np.where(traded, np.arange(len(days))[:, None], 0), axis=0)
    mark = np.take_along_axis(close, rows, axis=0)
    ends = np.array([np.datetime64((delisted or {}).get(symbol, "NaT"), "D") for symbol in symbols])
    last_bar = np.where(traded.any(axis=0), len(days) - 1 - traded[::-1].argmax(axis=0), -1)
    for column, end in enumerate(ends):
        if not np.isnat(end):
            gone = (np.arange(len(days)) > last_bar[column]) & (days >= end)
            mark[gone, column] = 0
    before = np.vstack([np.zeros_like(close[:1]), mark[:-1]])
    zeros = np.zeros_like(close)
    flags = np.zeros(close.shape, dtype=np.bool_)
    return Bars(
        sessions=days,
        symbols=symbols,
        names=dict.fromkeys(symbols, "名"),
        traded=traded,
        open=np.where(traded, close - 10, 0),
        high=np.where(traded, close + 20, 0),
        low=np.where(traded, close - 20, 0),
        close=close,
        volume=np.where(traded, 1_000, 0),
        amount=np.where(traded, np.where(np.arange(len(days))[:, None] % 3 == 0, -1, close * 1_000), 0),
        reference=np.where(traded, before, 0),
        up=zeros,
        down=zeros.copy(),
        limit_state=np.zeros(close.shape, dtype=np.int8),
        mark=mark,
        st=flags,
        cash_per_share=zeros.copy(),
        share_ratio=zeros.copy(),
        ratio_only=flags.copy(),
        factor=np.ones(close.shape) if factor is None else factor,
        listed=np.full(len(symbols), NAT),
        listing_assumed=np.zeros(len(symbols), dtype=np.bool_),
        delisted=ends,
        st_unknown=np.zeros(len(symbols), dtype=np.bool_),
        index_close={"000300.SH": np.linspace(4000.0, 4100.0, len(days)), "000688.SH": np.full(len(days), 1200.0)},
    )


def fact(
    name: str,
    known_at: str,
    *symbols: str,
    kind: str = "model_release",
    segment: str = "",
    strength: float = 1.0,
) -> Catalyst:
    instant = dt.datetime.fromisoformat(known_at).replace(tzinfo=SHANGHAI)
    return Catalyst(name, kind, name, instant, symbols, segment, strength, "a paper", "high", "yes")


def member(symbol: str, segment: str, begin: str = "NaT", end: str = "NaT") -> Member:
    return Member(symbol, symbol, "名", segment, "", np.datetime64(begin, "D"), np.datetime64(end, "D"))


@pytest.fixture
def bars() -> Bars:
    """Ten sessions, four names: one suspended on rows 3..5, one listed on row 2, one split on row 6, one delisted."""
    closes = np.empty((10, 4))
    closes[:, 0] = [10, 11, 12, 0, 0, 0, 13, 14, 15, 16]
    closes[:, 1] = [0, 0, 50, 51, 52, 53, 54, 55, 56, 57]
    closes[:, 2] = [20, 20, 20, 20, 20, 20, 10, 10, 11, 12]
    closes[:, 3] = [5, 4, 3, 2, 1, 0.5, 0, 0, 0, 0]
    factor = np.ones((10, 4))
    factor[6:, 2] = 2.0
    return make_bars(WEEK, closes.tolist(), NAMES, factor=factor, delisted={"688256.SH": "2025-08-27"})


def dates_of(frame: pd.DataFrame, symbol: str) -> list[str]:
    return [f"{day:%m-%d}" for day in frame.index[frame[symbol].astype(bool)]]


# --- prices ---------------------------------------------------------------------------------------------------------


def test_limit_prices_are_nan_where_there_is_no_limit_or_no_bar() -> None:
    lines = {
        "600000.SH": "10 11 - 11.5 11.5;limits=none 11.5;limits=unknown",
        "688256.SH": "10 12 12 9.6 9.6 9.6",
    }
    raw = History(build("2025-08-18", lines)).raw
    nan = float("nan")
    for name, main, star in (
        ("upper_limit", [nan, 11.0, nan, 12.1, nan, nan], [nan, 12.0, 14.4, 14.4, 11.52, 11.52]),
        ("lower_limit", [nan, 9.0, nan, 9.9, nan, nan], [nan, 8.0, 9.6, 9.6, 7.68, 7.68]),
    ):
        frame = getattr(raw, name)
        assert frame["600000.SH"].tolist() == pytest.approx(main, nan_ok=True)
        assert frame["688256.SH"].tolist() == pytest.approx(star, nan_ok=True)
    # exactly at the limit, in floats: both are whole mills
    assert (raw.close >= raw.upper_limit)["688256.SH"].tolist() == [False, True, False, False, False, False]
    assert (raw.close <= raw.lower_limit)["688256.SH"].tolist() == [False, False, False, True, False, False]


def test_raw_prices_are_cny_and_nan_where_there_is_no_bar(bars: Bars) -> None:
    raw = History(bars).raw
    assert raw.close["000938.SZ"].tolist()[:3] == [10.0, 11.0, 12.0]
    assert raw.open["000938.SZ"].iloc[1] == 10.99
    assert (raw.high - raw.low).to_numpy()[bars.traded] == pytest.approx(0.04)
    for name in ("open", "high", "low", "close", "volume"):
        frame = getattr(raw, name)
        assert frame.dtypes.eq(np.float64).all()
        assert frame.notna().to_numpy().tolist() == bars.traded.tolist(), name
        assert frame.columns.tolist() == list(NAMES)
    assert raw.volume["688041.SH"].tolist() == [1000.0] * 10


def test_an_unknown_amount_or_reference_is_nan(bars: Bars) -> None:
    raw = History(bars).raw
    assert raw.amount["688041.SH"].isna().tolist() == [row % 3 == 0 for row in range(10)]
    assert raw.amount["688041.SH"].iloc[1] == 20_000.0
    assert np.isnan(raw.reference["688041.SH"].iloc[0])
    assert raw.reference["000938.SZ"].iloc[6] == 12.0


def test_a_reference_price_of_an_ex_date_without_a_bar_is_kept(bars: Bars) -> None:
    reference = bars.reference.copy()
    reference[4, 0] = 11_000
    assert History(replace(bars, reference=reference)).raw.reference["000938.SZ"].iloc[4] == 11.0


def test_adjusted_prices_are_raw_times_factor(bars: Bars) -> None:
    history = History(bars)
    assert history.adjusted.close["688041.SH"].tolist() == [20.0] * 8 + [22.0, 24.0]
    assert history.raw.close["688041.SH"].tolist()[5:7] == [20.0, 10.0]
    for name in ("open", "high", "low", "close"):
        expected = getattr(history.raw, name) * bars.factor
        pd.testing.assert_frame_equal(getattr(history.adjusted, name), expected)
    assert not hasattr(history.adjusted, "volume")


def test_sessions_have_no_zone_and_symbols_are_sorted(bars: Bars) -> None:
    history = History(bars)
    assert history.sessions.tz is None
    assert [str(day.date()) for day in history.sessions[[0, -1]]] == ["2025-08-18", "2025-08-29"]
    assert history.symbols == NAMES == tuple(sorted(NAMES))
    assert repr(history) == "History(2025-08-18 to 2025-08-29, 10 sessions x 4 symbols, 0 catalysts)"


# --- returns --------------------------------------------------------------------------------------------------------


def test_returns_go_through_a_suspension_and_a_split(bars: Bars) -> None:
    returns = History(bars).returns(2)
    suspended = returns["000938.SZ"]
    assert suspended.iloc[:2].isna().all()
    assert suspended.iloc[2:].tolist() == pytest.approx(
        [12 / 10 - 1, 12 / 11 - 1, 0, 0, 13 / 12 - 1, 14 / 12 - 1, 15 / 13 - 1, 16 / 14 - 1]
    )
    assert returns["688041.SH"].iloc[2:].tolist() == pytest.approx([0] * 6 + [0.1, 0.2])


def test_returns_are_nan_before_a_listing_is_n_sessions_old_and_once_delisted(bars: Bars) -> None:
    returns = History(bars).returns(3)
    assert returns["300308.SZ"].notna().tolist() == [False] * 5 + [True] * 5
    # last bar on row 5, suspended on row 6, delisted on row 7 (2025-08-27)
    assert returns["688256.SH"].notna().tolist() == [False] * 3 + [True] * 4 + [False] * 3
    assert returns["688256.SH"].iloc[6] == pytest.approx(0.5 / 2 - 1)


def test_returns_over_more_than_all_sessions_are_nan(bars: Bars) -> None:
    assert History(bars).returns(10).isna().all(axis=None)
    assert History(bars).returns(9).notna().sum().sum() == 2


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "5"])
def test_returns_refuse_what_is_no_count_of_sessions(bars: Bars, n: object) -> None:
    with pytest.raises(UsageError, match=r"returns\(n\) is .*: give a whole number of sessions from 1"):
        History(bars).returns(n)  # type: ignore[arg-type]


# --- universe -------------------------------------------------------------------------------------------------------


def test_without_a_universe_every_symbol_is_a_member(bars: Bars) -> None:
    history = History(bars)
    assert history.universe is None
    assert history.members.all(axis=None)
    assert history.tradable.to_numpy().tolist() == bars.traded.tolist()


def test_a_universe_cuts_the_bars_and_names_who_is_absent(bars: Bars) -> None:
    universe = Universe(
        "theme",
        (
            member("688041.SH", "cpu", "2025-08-20", "2025-08-26"),
            member("000938.SZ", "server"),
            member("600519.SH", "x"),
        ),
    )
    history = History(bars, universe=universe)
    assert history.symbols == ("000938.SZ", "688041.SH")
    assert history.absent == ("600519.SH",)
    assert history.bars.close[0].tolist() == [10_000, 20_000]
    assert dates_of(history.members, "688041.SH") == ["08-20", "08-21", "08-22", "08-25", "08-26"]
    assert dates_of(history.tradable, "000938.SZ") == ["08-18", "08-19", "08-20", "08-26", "08-27", "08-28", "08-29"]
    assert History(bars).absent == ()


def test_a_universe_without_bars_is_refused(bars: Bars) -> None:
    with pytest.raises(
        UsageError, match=r"no name of the universe 'theme' has bars \(600519\.SH; the data has 000938\.SZ, "
    ):
        History(bars, universe=Universe("theme", (member("600519.SH", "x"),)))


# --- benchmark ------------------------------------------------------------------------------------------------------


def test_a_benchmark_is_the_index_on_the_sessions(bars: Bars) -> None:
    series = History(bars, benchmark="000300.SH").benchmark
    assert series is not None
    assert (series.name, series.iloc[0], series.iloc[-1]) == ("000300.SH", 4000.0, 4100.0)
    assert series.index.equals(History(bars).sessions)
    assert History(bars).benchmark is None


def test_an_unknown_benchmark_is_refused(bars: Bars) -> None:
    with pytest.raises(UsageError, match=r"'000330\.SH' is not an index of this data \(did you mean '000300\.SH'\?\)"):
        History(bars, benchmark="000330.SH")


# --- catalysts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known_at", "decision"),
    [
        ("2025-08-21 15:30", "08-21"),  # after the close: decided that evening
        ("2025-08-22 09:14:59.999999", "08-21"),  # before the auction
        ("2025-08-22 09:15", "08-22"),  # too late for this open
        ("2025-08-22 11:00", "08-22"),
        ("2025-08-24 18:00", "08-22"),  # a Sunday: decided by Friday's bars, acts on Monday
        ("2025-08-25 09:00", "08-22"),
        ("2025-08-29 15:00", "08-29"),  # acts on Monday 2025-09-01, after the last bar
        ("2025-09-01 09:14", "08-29"),
        ("2025-09-01 09:15", None),
        ("2025-08-18 09:14", None),  # its decision row lies before the first bar
        ("2025-08-18 09:15", "08-18"),
    ],
)
def test_a_catalyst_is_decided_on_the_last_close_before_the_open_that_can_act(
    bars: Bars, known_at: str, decision: str | None
) -> None:
    history = History(bars, [fact("one", known_at, "688041.SH")])
    fresh = history.catalysts("model_release")
    assert dates_of(fresh, "688041.SH") == ([decision] if decision else [])
    assert fresh.to_numpy().sum() == (decision is not None)
    assert [f"{history.sessions[touch.row]:%m-%d}" for touch in history.touches()] == ([decision] if decision else [])


def test_the_zone_of_an_instant_is_read(bars: Bars) -> None:
    instant = dt.datetime(2025, 8, 22, 1, 14, tzinfo=dt.UTC)  # 09:14 in Shanghai
    history = History(bars, [replace(fact("one", "2025-08-22", "688041.SH"), known_at=instant)])
    assert dates_of(history.catalysts(), "688041.SH") == ["08-21"]


def test_within_keeps_a_catalyst_fresh(bars: Bars) -> None:
    history = History(
        bars, [fact("one", "2025-08-21 15:30", "688041.SH"), fact("two", "2025-08-28 15:30", "688041.SH")]
    )
    assert dates_of(history.catalysts(within=3), "688041.SH") == ["08-21", "08-22", "08-25", "08-28", "08-29"]
    assert history.catalysts(within=100)["688041.SH"].sum() == 7


def test_a_catalyst_known_before_the_first_bar_may_still_be_fresh(bars: Bars) -> None:
    # 2025-08-13 after the close: decided on the 13th, two sessions (14th, 15th) before the 18th
    history = History(bars, [fact("one", "2025-08-13 18:00", "688041.SH")])
    assert dates_of(history.catalysts(within=3), "688041.SH") == []
    assert dates_of(history.catalysts(within=5), "688041.SH") == ["08-18", "08-19"]
    assert history.touches() == ()
    assert [touch.row for touch in history.touches(first=-9)] == [-3]


def test_kinds_are_chosen_and_unknown_ones_refused(bars: Bars) -> None:
    history = History(
        bars,
        [
            fact("one", "2025-08-19 18:00", "688041.SH", kind="policy"),
            fact("two", "2025-08-20 18:00", "688041.SH", kind="results"),
            fact("three", "2025-08-21 18:00", "688041.SH", kind="company"),
        ],
    )
    assert dates_of(history.catalysts("policy", "results"), "688041.SH") == ["08-19", "08-20"]
    assert dates_of(history.catalysts("industry"), "688041.SH") == []
    assert dates_of(history.catalysts(), "688041.SH") == ["08-19", "08-20", "08-21"]
    with pytest.raises(UsageError, match=r"no kind of catalyst is 'polcy' \(did you mean 'policy'\?\)"):
        history.catalysts("polcy")
    with pytest.raises(UsageError, match="within is 0: give a whole number of sessions from 1"):
        history.strength("policy", within=0)
    with pytest.raises(UsageError, match="no kind of catalyst is"):
        history.catalysts(["policy"])  # type: ignore[arg-type]


def test_a_segment_touches_its_members_of_the_decision_row(bars: Bars) -> None:
    universe = Universe(
        "theme",
        (
            member("688041.SH", "cpu", "2025-08-20"),
            member("688256.SH", "accelerator", end="2025-08-20"),
            member("000938.SZ", "server"),
        ),
    )
    events = [
        fact("all", "2025-08-20 18:00", segment="*"),
        fact("chips", "2025-08-21 18:00", segment="accelerator;cpu"),
        fact("early", "2025-08-19 18:00", segment="cpu"),
        fact("other", "2025-08-19 18:00", segment="optics"),
        fact("own", "2025-08-18 18:00", "688256.SH", "688041.SH", "600519.SH"),
    ]
    history = History(bars, events, universe)
    touched = {
        touch.catalyst.id: (touch.row, [history.symbols[column] for column in touch.columns])
        for touch in history.touches()
    }
    assert touched == {
        "own": (0, ["688041.SH", "688256.SH"]),
        "all": (2, ["000938.SZ", "688041.SH", "688256.SH"]),
        "chips": (3, ["688041.SH"]),
    }
    assert [touch.catalyst.id for touch in history.touches(1, 3)] == ["all"]
    assert len(history.events) == 5
    for name, (row, symbols) in touched.items():
        only = History(bars, [event for event in events if event.id == name], universe).catalysts()
        assert only.iloc[row][only.iloc[row]].index.tolist() == symbols


def test_without_a_universe_only_the_segment_of_all_touches(bars: Bars) -> None:
    events = [fact("all", "2025-08-20 18:00", segment="*"), fact("cpu", "2025-08-21 18:00", segment="cpu")]
    fresh = History(bars, events).catalysts()
    assert fresh.sum(axis=1).tolist() == [0, 0, 4, 0, 0, 0, 0, 0, 0, 0]


def test_membership_before_the_first_bar_is_that_of_the_day_before(bars: Bars) -> None:
    universe = Universe(
        "theme", (member("688041.SH", "cpu", end="2025-08-15"), member("000938.SZ", "cpu", "2025-08-18"))
    )
    fresh = History(bars, [fact("one", "2025-08-15 18:00", segment="cpu")], universe).catalysts(within=2)
    assert dates_of(fresh, "688041.SH") == ["08-18"]
    assert dates_of(fresh, "000938.SZ") == []


def test_strength_is_that_of_the_latest_fresh_catalyst(bars: Bars) -> None:
    events = [
        fact("one", "2025-08-18 18:00", "688041.SH", strength=0.5),
        fact("two", "2025-08-20 18:00", "688041.SH", strength=-0.2),
        fact("far", "2025-08-20 18:00", "000938.SZ", strength=0.9),
        fact("three", "2025-08-26 18:00", "688041.SH", strength=0.0),
    ]
    strength = History(bars, events).strength(within=3)
    assert strength["688041.SH"].tolist() == [0.5, 0.5, -0.2, -0.2, -0.2, 0, 0, 0, 0, 0]
    assert strength["000938.SZ"].tolist() == [0, 0, 0.9, 0.9, 0.9, 0, 0, 0, 0, 0]


def test_the_highest_strength_is_that_of_any_fresh_catalyst(bars: Bars) -> None:
    events = [
        fact("before", "2025-08-14 18:00", "000938.SZ", strength=0.4),  # of the 14th: fresh until the 18th
        fact("one", "2025-08-18 18:00", "688041.SH", strength=0.5),
        fact("two", "2025-08-20 18:00", "688041.SH", strength=0.2),
        fact("three", "2025-08-26 18:00", "688041.SH", strength=-0.3),
        fact("four", "2025-08-27 18:00", "688041.SH", strength=-0.9),
    ]
    strength = History(bars, events).strength(within=3, of="highest")
    assert strength["688041.SH"].tolist() == [0.5, 0.5, 0.5, 0.2, 0.2, 0, -0.3, -0.3, -0.3, -0.9]
    assert strength["000938.SZ"].tolist() == [0.4] + [0] * 9


def test_a_strength_of_something_else_is_refused(bars: Bars) -> None:
    with pytest.raises(UsageError, match=r"of is 'hihgest' \(did you mean 'highest'\?\): use latest, highest"):
        History(bars).strength(of="hihgest")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"of is \['latest'\]: use latest, highest"):
        History(bars).strength(of=["latest"])  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(0.5, -0.7, -0.7), (-0.7, 0.5, -0.7), (0.1, 0.2, 0.2), (0.2, 0.1, 0.2), (1.0, -1.0, -1.0), (-1.0, 1.0, 1.0)],
)
def test_of_two_on_one_row_the_larger_counts_and_of_equals_the_later(
    bars: Bars, order: tuple[int, int], first: float, second: float, expected: float
) -> None:
    events = [
        fact("b", "2025-08-20 16:00", "688041.SH", strength=first),
        fact("a", "2025-08-20 18:00", "688041.SH", strength=second),
    ]
    history = History(bars, [events[at] for at in order])
    assert history.strength()["688041.SH"].iloc[2] == expected


def test_an_id_stands_once(bars: Bars) -> None:
    with pytest.raises(UsageError, match="2 catalysts have the id 'one'"):
        History(bars, [fact("one", "2025-08-18", "688041.SH"), fact("one", "2025-08-19", "688041.SH")])


# --- read-only ------------------------------------------------------------------------------------------------------

FRAMES: dict[str, Callable[[History], pd.DataFrame]] = {
    "raw.close": lambda history: history.raw.close,
    "raw.open": lambda history: history.raw.open,
    "raw.high": lambda history: history.raw.high,
    "raw.low": lambda history: history.raw.low,
    "raw.volume": lambda history: history.raw.volume,
    "raw.amount": lambda history: history.raw.amount,
    "raw.reference": lambda history: history.raw.reference,
    "adjusted.open": lambda history: history.adjusted.open,
    "adjusted.high": lambda history: history.adjusted.high,
    "adjusted.low": lambda history: history.adjusted.low,
    "adjusted.close": lambda history: history.adjusted.close,
    "returns(1)": lambda history: history.returns(),
    "returns(3)": lambda history: history.returns(3),
    "members": lambda history: history.members,
    "tradable": lambda history: history.tradable,
    "catalysts": lambda history: history.catalysts(within=2),
    "catalysts of a kind": lambda history: history.catalysts("policy", "results", within=4),
    "strength": lambda history: history.strength(within=2),
    "strength of a kind": lambda history: history.strength("policy", within=3),
    "highest strength": lambda history: history.strength(within=3, of="highest"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_cannot_be_written_and_a_copy_can(bars: Bars, name: str) -> None:
    history = History(bars, [fact("one", "2025-08-20 18:00", "688041.SH", kind="policy")])
    before = FRAMES[name](history).copy()
    frame = FRAMES[name](history)
    with pytest.raises(ValueError, match="read-only"):
        frame.iloc[0, 0] = before.iloc[1, 1]
    with pytest.raises(ValueError, match="read-only"):
        FRAMES[name](history).to_numpy()[0, 0] = 1
    widened = FRAMES[name](history)
    widened["688041.SH"] = 0
    widened["new"] = 1
    pd.testing.assert_frame_equal(FRAMES[name](history), before)
    before.iloc[0, 0] = before.iloc[1, 1]
    assert np.shares_memory(FRAMES[name](history).to_numpy(), FRAMES[name](history).to_numpy())


def test_the_benchmark_cannot_be_written(bars: Bars) -> None:
    series = History(bars, benchmark="000300.SH").benchmark
    assert series is not None
    with pytest.raises(ValueError, match="read-only"):
        series.iloc[0] = 1.0


def test_a_history_cannot_be_changed(bars: Bars) -> None:
    with pytest.raises(FrozenInstanceError):
        History(bars).events = ()  # type: ignore[misc]


def test_a_history_travels_to_another_process(bars: Bars) -> None:
    history = History(bars, [fact("one", "2025-08-20 18:00", "688041.SH")], benchmark="000300.SH")
    for frame in FRAMES.values():
        frame(history)
    copy = pickle.loads(pickle.dumps(history))  # noqa: S301  our own bytes
    for frame in FRAMES.values():
        pd.testing.assert_frame_equal(frame(copy), frame(history))


def test_what_is_named_or_added_stays_with_its_frame(bars: Bars) -> None:
    history = History(bars)
    frame = history.members
    frame.columns.name, frame.index.name = "symbol", "day"
    frame["new"] = True
    again = history.members
    assert (again.columns.name, again.index.name) == (None, None)
    assert tuple(again.columns) == tuple(history.columns) == history.symbols
    assert history.sessions.name is None


def test_many_questions_do_not_fill_the_memory(bars: Bars) -> None:
    history = History(bars, [fact("one", "2025-08-18 18:00", "688041.SH")])
    kept = history.__dict__["_kept"] = Kept(most_bytes=1_000)
    first = history.catalysts(within=1)
    for within in range(1, 500):
        assert history.catalysts(within=within)["688041.SH"].sum() == min(within, 10)
    assert kept.nbytes <= 1_000
    assert len(kept) == 1_000 // 40
    pd.testing.assert_frame_equal(history.catalysts(within=1), first)


def test_what_is_asked_for_again_and_again_is_made_once(bars: Bars) -> None:
    history = History(bars, [fact("one", "2025-08-18 18:00", "688041.SH")])
    history.__dict__["_kept"] = Kept(most_bytes=1_000)
    returns = history.returns(2).to_numpy()
    for within in range(1, 100):
        history.catalysts(within=within)
        assert np.shares_memory(history.returns(2).to_numpy(), returns)


def test_threads_are_told_the_same(bars: Bars) -> None:
    events = [fact("one", "2025-08-18 18:00", "688041.SH", kind="policy"), fact("two", "2025-08-20 18:00", segment="*")]
    alone, shared = History(bars, events), History(bars, events)
    expected = {name: frame(alone) for name, frame in FRAMES.items()}
    shared.__dict__["_kept"] = Kept(most_bytes=1_000, least=1)  # forgets all the time

    def ask(seed: int) -> bool:
        names = np.random.default_rng(seed).choice(list(FRAMES), 150)
        return all(FRAMES[name](shared).equals(expected[name]) for name in names)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(4)))


# --- window ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, (0, 10)),
        ("2025-08-18", "2025-08-29", (0, 10)),
        ("2025-08-16", "2025-08-31", (0, 10)),  # weekends around
        ("2025-08-20", "2025-08-20", (2, 3)),
        (dt.date(2025, 8, 23), np.datetime64("2025-08-26"), (5, 7)),
        (pd.Timestamp("2025-08-20"), dt.datetime(2025, 8, 21, 15), (2, 4)),  # noqa: DTZ001  a session
    ],
)
def test_a_window_is_its_rows(bars: Bars, start: object, end: object, expected: tuple[int, int]) -> None:
    assert History(bars).window(start, end) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2025-08-15", None, "start 2025-08-15 is before the first bar: choose a start from 2025-08-18"),
        ("1980-01-01", None, "start 1980-01-01 is before the first bar"),
        (None, "2025-09-01", "end 2025-09-01 is after the last bar: choose an end up to 2025-08-29"),
        (None, "2099-01-01", "end 2099-01-01 is after the last bar"),
        ("2025-08-22", "2025-08-21", "ends before it begins"),
        ("2025-08-23", "2025-08-24", "no session lies from 2025-08-23 to 2025-08-24"),
        ("2025-08-30", "2025-08-31", "no session lies from"),
    ],
)
def test_a_window_beyond_the_bars_is_refused(bars: Bars, start: str | None, end: str | None, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        History(bars).window(start, end)
    assert words in str(caught.value)


def test_a_date_with_a_zone_or_that_is_none_is_refused(bars: Bars) -> None:
    with pytest.raises(UsageError, match="has a time zone"):
        History(bars).until(pd.Timestamp("2025-08-22", tz="Asia/Shanghai"))
    with pytest.raises(CalendarError, match="is not a date"):
        History(bars).window("22/08/2025")


def test_naming_labels_leaves_those_of_every_later_frame_alone(bars: Bars) -> None:
    history = History(bars, benchmark="000300.SH")
    assert history.benchmark is not None
    history.sessions.name = history.benchmark.index.name = history.tradable.index.name = "day"
    history.columns.name = history.tradable.columns.name = "symbol"
    assert (history.sessions.name, history.columns.name, history.benchmark.index.name) == (None, None, None)
    for frame in (history.tradable, history.adjusted.close, history.returns(2)):
        assert (frame.index.name, frame.columns.name) == (None, None)


# --- until ----------------------------------------------------------------------------------------------------------


def test_until_forgets_what_came_later(bars: Bars) -> None:
    universe = Universe("theme", (member("688256.SH", "x", end="2025-08-26"), member("688041.SH", "x", "2025-08-26")))
    events = [fact("known", "2025-08-26 09:14", "688256.SH"), fact("unknown", "2025-08-26 09:15", "688256.SH")]
    past = History(bars, events, universe, "000300.SH").until("2025-08-25")
    assert (past.bars.shape, past.symbols) == ((6, 2), ("688041.SH", "688256.SH"))
    assert [event.id for event in past.events] == ["known"]
    assert np.isnat(past.bars.delisted).all()
    assert past.universe is not None
    assert [(one.symbol, str(one.to)) for one in past.universe.members] == [("688256.SH", "NaT")]
    assert past.benchmark is not None
    assert len(past.benchmark) == 6
    assert {len(closes) for closes in past.bars.index_close.values()} == {6}


def test_until_keeps_a_delisting_that_has_happened(bars: Bars) -> None:
    assert str(History(bars).until("2025-08-27").bars.delisted[3]) == "2025-08-27"
    assert np.isnat(History(bars).until("2025-08-26").bars.delisted[3])


def test_until_a_weekend_is_until_the_session_before_it(bars: Bars) -> None:
    history = History(bars)
    assert history.until("2025-08-24").bars.shape == history.until("2025-08-22").bars.shape == (5, 4)
    for day in ("2025-08-17", "2025-08-30"):
        with pytest.raises(UsageError, match=f"no bars on {day}: choose a session from 2025-08-18 to 2025-08-29"):
            history.until(day)


# --- on random histories --------------------------------------------------------------------------------------------

START = 8_430
"""Place of a session in January 2025, so that random spans hold the Spring Festival."""


@st.composite
def bars_of(draw: st.DrawFn) -> Bars:
    first = START + draw(st.integers(0, 20))
    count = draw(st.integers(2, 14))
    days = calendar.all_sessions()[first : first + count]
    width = draw(st.integers(1, len(NAMES)))
    close = draw(
        st.lists(
            st.lists(st.sampled_from((0.0, 0.0, 9.87, 10.0, 11.5, 30.0)), min_size=width, max_size=width),
            min_size=count,
            max_size=count,
        )
    )
    steps = draw(st.lists(st.sampled_from((1.0, 1.0, 1.5, 1.02)), min_size=count, max_size=count))
    factor = np.repeat(np.cumprod(steps)[:, None], width, axis=1)
    ends = {symbol: str(days[draw(st.integers(0, count - 1))]) for symbol in NAMES[:width] if draw(st.booleans())}
    for symbol, end in ends.items():  # no bar after a delisting
        for row in range(count):
            if days[row] >= np.datetime64(end):
                close[row][NAMES.index(symbol)] = 0.0
    return make_bars(days, close, NAMES[:width], factor=factor, delisted=ends)


@st.composite
def events_of(draw: st.DrawFn, days: np.ndarray) -> list[Catalyst]:
    low, high = (dt.datetime.fromisoformat(str(day)) for day in (days[0] - 20 * DAY, days[-1] + 12 * DAY))
    events = []
    for at in range(draw(st.integers(0, 6))):
        instant = draw(st.datetimes(low, high))
        if draw(st.booleans()):
            instant = instant.replace(hour=9, minute=draw(st.sampled_from((14, 15))), second=0, microsecond=0)
        symbols = tuple(draw(st.lists(st.sampled_from((*NAMES, "600519.SH")), max_size=3, unique=True)))
        segment = "" if symbols else draw(st.sampled_from(("*", "cpu", "cpu;server")))
        strength = draw(st.sampled_from((-1.0, 0.0, 0.25, 0.5, 1.0)))
        kind = draw(st.sampled_from(("policy", "results", "company")))
        events.append(fact(f"e{at}", instant.isoformat(), *symbols, kind=kind, segment=segment, strength=strength))
    return events


@st.composite
def universes_of(draw: st.DrawFn, bars: Bars) -> Universe | None:
    if draw(st.booleans()):
        return None
    days = [str(day) for day in (bars.sessions[0] - 20 * DAY, *bars.sessions)]
    members = []
    for symbol in bars.symbols:
        begin, end = draw(st.sampled_from(("NaT", *days))), draw(st.sampled_from(("NaT", *days)))
        if "NaT" not in (begin, end) and end < begin:
            begin, end = end, begin
        members.append(member(symbol, draw(st.sampled_from(("cpu", "server"))), begin, end))
    return Universe("theme", tuple(members))


@st.composite
def histories(draw: st.DrawFn) -> History:
    bars = draw(bars_of())
    return History(bars, draw(events_of(bars.sessions)), draw(universes_of(bars)), "000300.SH")


@settings(max_examples=40)
@given(histories(), st.data())
def test_what_was_known_then_equals_the_rows_up_to_then(history: History, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(history.sessions) - 1))
    past = history.until(history.sessions[row])
    for name, frame in FRAMES.items():
        pd.testing.assert_frame_equal(frame(past), frame(history).iloc[: row + 1], obj=name, check_freq=False)
    assert past.benchmark is not None
    assert history.benchmark is not None
    pd.testing.assert_series_equal(past.benchmark, history.benchmark.iloc[: row + 1], check_freq=False)
    assert past.touches(-50) == history.touches(-50, row + 1)
    assert past.symbols == history.symbols


@settings(max_examples=40)
@given(histories(), st.data())
def test_frames_that_are_shared_are_bit_for_bit_those_made_anew(history: History, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(history.sessions) - 1))
    asked = data.draw(st.sets(st.sampled_from(sorted(FRAMES))))
    for name in asked:
        FRAMES[name](history)
    anew, shared = (history.until(history.sessions[row], share=share) for share in (False, True))
    for name, frame in FRAMES.items():
        pd.testing.assert_frame_equal(frame(shared), frame(anew), obj=name, check_exact=True)


@settings(max_examples=40)
@given(histories(), st.data())
def test_what_is_known_later_changes_nothing_before(history: History, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(history.sessions) - 1))
    bars = history.bars
    later = {}
    for name in ("open", "high", "low", "close", "mark", "reference", "volume", "amount"):
        changed = getattr(bars, name).copy()
        changed[row + 1 :] += 1_000
        later[name] = changed
    traded = bars.traded.copy()
    traded[row + 1 :] ^= True
    factor = bars.factor.copy()
    factor[row + 1 :] *= 3
    after = calendar.cut_off(calendar.next_session(bars.sessions[row]))
    news = replace(fact("news", "2025-01-01", segment="*", kind="policy", strength=9.0), known_at=after)
    other = History(
        replace(bars, **later, traded=traded, factor=factor), [*history.events, news], history.universe, "000300.SH"
    )
    for name, frame in FRAMES.items():
        pd.testing.assert_frame_equal(frame(other).iloc[: row + 1], frame(history).iloc[: row + 1], obj=name)


@settings(max_examples=40)
@given(histories(), st.integers(1, 6), st.sets(st.sampled_from(("policy", "results", "company"))))
def test_freshness_and_strength_are_what_the_definition_says(history: History, within: int, kinds: set[str]) -> None:
    days = calendar.all_sessions()
    first = int(np.searchsorted(days, history.bars.sessions[0]))
    fresh = history.catalysts(*kinds, within=within)
    strength = history.strength(*kinds, within=within)
    highest = history.strength(*kinds, within=within, of="highest")
    for row in range(len(history.sessions)):
        for column, symbol in enumerate(history.symbols):
            latest: tuple[int, float, dt.datetime, str] | None = None
            value, most = 0.0, -np.inf
            for event in history.events:
                if kinds and event.kind not in kinds:
                    continue
                decided = calendar.previous_session(calendar.acting_session(event.known_at))
                age = first + row - int(np.searchsorted(days, decided))
                if not 0 <= age < within or not touches(history.universe, event, symbol, decided):
                    continue
                most = max(most, event.strength)
                rank = (-age, abs(event.strength), event.known_at, event.id)
                if latest is None or rank > latest:
                    latest, value = rank, event.strength
            assert fresh.iloc[row, column] == (latest is not None)
            assert strength.iloc[row, column] == value
            assert highest.iloc[row, column] == (0.0 if latest is None else most)


def touches(universe: Universe | None, event: Catalyst, symbol: str, day: np.datetime64) -> bool:
    """Say by the words of the contract whether an event touches a symbol on a day."""
    if event.symbols:
        return symbol in event.symbols
    if universe is None:
        return event.segment == "*"
    return any(
        one.symbol == symbol
        and (event.segment == "*" or one.segment in event.segment.split(";"))
        and not one.from_ > day
        and not one.to < day
        for one in universe.members
    )


@settings(max_examples=40)
@given(histories(), st.integers(1, 5))
def test_returns_are_what_a_loop_says(history: History, n: int) -> None:
    returns = history.returns(n).to_numpy()
    adjusted = history.adjusted.close.to_numpy()
    for column in range(len(history.symbols)):
        last = np.nan
        path = []
        for row, price in enumerate(adjusted[:, column]):
            last = last if np.isnan(price) else price
            path.append(last if history.bars.mark[row, column] > 0 else np.nan)
        for row in range(len(path)):
            expected = path[row] / path[row - n] - 1 if row >= n else np.nan
            np.testing.assert_allclose(returns[row, column], expected, rtol=1e-12)


# --- real bars ------------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_the_known_days_of_cambricon(shared: Path, root: Path) -> None:
    from backfolio.bars import build_bars, read_tables  # noqa: PLC0415  only where the data is
    from backfolio.catalysts import read_catalysts  # noqa: PLC0415
    from backfolio.universe import read_universes  # noqa: PLC0415

    bars = build_bars(read_tables(shared / "market" / "compute"))
    universe = read_universes(root / "data" / "universes")["domestic-compute"]
    history = History(bars, read_catalysts(root / "data" / "catalysts"), universe, "000688.SH")
    assert history.absent == ()
    cambricon = "688256.SH"
    close = history.raw.close[cambricon]
    assert (close["2025-08-22"], close["2025-08-25"]) == (1243.20, 1384.93)
    # DeepSeek-V3.1 after the close of the 21st is decided that evening; the target raise of Sunday on Friday's row
    assert history.catalysts("model_release").loc["2025-08-21"].all()
    assert history.strength("target_raise").loc["2025-08-22", cambricon] == pytest.approx(0.5004)
    assert not history.catalysts("target_raise").loc["2025-08-21"].any()
    # a bonus issue moves the raw close of Naura, not the adjusted one
    naura = "002371.SZ"
    raw = history.raw.close[naura].pct_change(fill_method=None)["2025-07-03"]
    adjusted = history.returns(1).loc["2025-07-03", naura]
    assert raw < -0.2
    assert abs(adjusted) < 0.1
    halted = history.returns(1).loc["2025-05-28", "603019.SH"]
    assert (halted, history.tradable.loc["2025-05-28", "603019.SH"]) == (0.0, False)


def test_the_kinds_of_the_random_histories_exist() -> None:
    assert {"policy", "results", "company"} <= set(KINDS)


# --- segments and routes --------------------------------------------------------------------------------------------


def grouped() -> Universe:
    days = {name: np.datetime64(day, "D") for name, day in (("never", "NaT"), ("late", "2025-08-25"))}
    never, late = days["never"], days["late"]
    return Universe(
        "theme",
        (
            Member("000938.SZ", "a", "名", "server"),
            Member("688041.SH", "b", "名", "cpu", "gpgpu", never, late),
            Member("688256.SH", "c", "名", "cpu", "own-ecosystem", late, never),
        ),
    )


def test_segments_and_routes_are_dated_as_membership_is(bars: Bars) -> None:
    history = History(bars, (), grouped())
    assert list(history.segments) == ["cpu", "server"]
    assert list(history.routes) == ["gpgpu", "own-ecosystem"]
    assert dates_of(history.routes["gpgpu"], "688041.SH") == [f"08-{day}" for day in (18, 19, 20, 21, 22, 25)]
    assert dates_of(history.routes["own-ecosystem"], "688256.SH") == [f"08-{day}" for day in range(25, 30)]
    assert not history.routes["gpgpu"][["000938.SZ", "688256.SH"]].to_numpy().any()
    both = sum(frame.to_numpy().astype(int) for frame in history.segments.values())
    assert np.array_equal(both, history.members.to_numpy().astype(int)), "every member is of one segment"
    with pytest.raises(ValueError, match="read-only"):
        history.segments["cpu"].to_numpy()[0, 0] = True


def test_a_group_that_nobody_belongs_to_yet_is_empty_and_no_fault(bars: Bars) -> None:
    history = History(bars, (), grouped())
    past = history.until("2025-08-21", share=False)
    assert list(past.routes) == ["gpgpu"], "who joins later is not known"
    for name in ("own-ecosystem", "quantum", ""):
        assert not past.routes[name].to_numpy().any()
    assert not past.segments["optics"].to_numpy().any()
    for share in (False, True):
        cut = history.until("2025-08-26", share=share)
        for name in history.routes:
            assert np.array_equal(cut.routes[name].to_numpy(), history.routes[name].to_numpy()[: len(cut.sessions)])
    plain = History(bars)
    assert (len(plain.segments), len(plain.routes)) == (0, 0)
    assert not plain.routes["gpgpu"].to_numpy().any()
    assert not plain.segments["cpu"].to_numpy().any()
