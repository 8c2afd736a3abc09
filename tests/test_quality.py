"""What `backfolio.quality` finds in a store, and what it leaves alone."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfolio.bars import Tables, build_bars, read_tables
from backfolio.errors import DataError
from backfolio.quality import RULES, SEVERITIES, Finding, Held, coverage, examine
from backfolio.quality.model import BAR, DELISTED, GAP, NOTHING, SUSPENDED
from backfolio.universe import Member, Universe
from examined import DAYS, FRAMES, SESSIONS, A, B, C, ex, ex_rights, held, listings, put, quotes, table

if TYPE_CHECKING:
    from pathlib import Path

NOON = "2024-05-06T04:00:00Z"


def told(found: tuple[Finding, ...]) -> list[tuple[str, str, str, str]]:
    """Return rule, severity, symbol and first session of each finding."""
    return [(each.rule, each.severity, each.symbol, str(each.first or "")) for each in found]


def the_one(store: Held, rule: str) -> Finding:
    found = examine(store)
    assert [each.rule for each in found] == [rule], [str(each) for each in found]
    return found[0]


# ---------------------------------------------------------------- rules and findings
def test_sound_data_has_no_finding() -> None:
    assert examine(held(quotes(A, 1), quotes(B, 2, start=60.0), quotes(C, 3))) == ()


def test_an_empty_store_has_no_finding() -> None:
    assert examine(held(as_of=np.datetime64("NaT", "D"))) == ()
    assert coverage(held()).state.shape == (0, 0)


def test_every_rule_says_what_it_demands_and_what_to_do() -> None:
    for name, rule in RULES.items():
        assert rule.name == name
        assert re.fullmatch(r"[a-z_]+", name)
        assert rule.severity in SEVERITIES
        assert re.fullmatch(r"[A-Z][^_.]{8,46}", rule.title)
        assert len(rule.demands) > 20
        assert len(rule.remedy) > 20


def test_errors_come_first_and_steps_are_told() -> None:
    steps: list[tuple[str, int, int]] = []
    broken = put(quotes(A, 1), DAYS[9], high=0.01)
    found = examine(held(broken, quotes(B, 2, without=(DAYS[5],))), lambda *step: steps.append(step))
    assert [each.severity for each in found] == sorted((each.severity for each in found), key=SEVERITIES.index)
    assert len(found) > 1
    assert [done for _, done, _ in steps] == sorted(done for _, done, _ in steps)
    assert steps[-1][1] == steps[-1][2] > 10


def finding(**changes: Any) -> Finding:
    first = dt.date(2024, 3, 4)
    return replace(Finding("gap", "warning", A, first, first, 1, "what: stands", "what to do"), **changes)


@pytest.mark.parametrize("changes", [{"remedy": "other"}, {"accepted": "seen"}])
def test_a_key_stays_while_the_finding_is_the_same_one(changes: dict[str, Any]) -> None:
    assert finding().key == "54f831388f72"  # on every machine
    assert finding(**changes).key == finding().key


@pytest.mark.parametrize("changes", [{"value": "other"}, {"count": 7}, {"last": dt.date(2024, 3, 5)}])
def test_only_what_grows_with_every_session_stays_the_same_while_it_grows(changes: dict[str, Any]) -> None:
    for rule in RULES.values():
        found = finding(rule=rule.name)
        assert (finding(rule=rule.name, **changes).key == found.key) is rule.steady
        assert not (rule.steady and rule.severity == "error")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"rule": "stale"}),
        ({}, {"symbol": B}),
        ({}, {"first": dt.date(2024, 3, 5)}),
        ({}, {"last": dt.date(2024, 3, 5)}),
        ({}, {"count": 2}),
        ({}, {"value": "what: stands, and more"}),
        ({"rule": "stale", "symbol": ""}, {"rule": "stale", "symbol": "", "value": "another: stands"}),
    ],
)
def test_another_finding_has_another_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert finding(**one).key != finding(**other).key


def test_only_an_error_nobody_accepted_stops_a_run() -> None:
    assert finding(severity="error").is_open_error
    assert not finding(severity="error", accepted="compared with the exchange").is_open_error
    assert not finding().is_open_error


def test_a_finding_reads_as_a_line() -> None:
    assert str(finding()) == f"{A} 2024-03-04: what: stands"
    assert str(finding(symbol="", last=dt.date(2024, 3, 8))) == "the store 2024-03-04 to 2024-03-08: what: stands"


# ---------------------------------------------------------------- format and limits
@pytest.mark.parametrize(
    ("cells", "rule", "word"),
    [
        ({"high": 0.5}, "format", "high"),
        ({"open": 0.0}, "format", "above 0"),
        ({"close": 10.123}, "format", "multiple of 0.01"),
        ({"volume": 0.5}, "format", "whole number of shares"),
        ({"volume": "many"}, "format", "finite number"),
        ({"is_st": 2}, "format", "is_st"),
        ({"high": 99.0}, "outside_limits", "limits"),
        ({"low": 1.0}, "outside_limits", "limits"),
    ],
)
def test_a_broken_bar_is_an_error_of_its_symbol(cells: dict[str, object], rule: str, word: str) -> None:
    found = the_one(held(put(quotes(A, 1), DAYS[9], **cells), quotes(B, 2)), rule)
    assert (found.severity, found.symbol, str(found.first), found.count) == ("error", A, DAYS[9], 1)
    assert word in found.value
    assert found.remedy


def test_faults_of_one_symbol_and_kind_are_one_finding_with_their_days_and_number() -> None:
    broken = quotes(A, 1)
    for at in (3, 7, 11):
        broken = put(broken, DAYS[at], high=0.5)
    broken = put(broken, DAYS[15], volume=0.5)
    found = the_one(held(broken, quotes(B, 2)), "format")
    assert (str(found.first), str(found.last), found.count) == (DAYS[3], DAYS[15], 4)
    assert "and 2 more" in found.value
    assert "whole number of shares" in found.value


def test_more_faults_than_a_message_shows_are_all_counted() -> None:
    symbols = [f"6000{at:02d}.SH" for at in range(1, 31)]
    bars = [put(quotes(symbol, at), DAYS[5], high=0.5) for at, symbol in enumerate(symbols)]
    found = [(each.rule, each.symbol, each.count) for each in examine(held(*bars))]
    assert found == [("format", symbol, 1) for symbol in symbols]


def test_a_vendors_limits_that_are_not_the_exchanges_are_an_error() -> None:
    bars = quotes(A, 1).assign(up_limit=np.nan, down_limit=np.nan)
    bars.loc[5, "up_limit"] = bars.loc[5, "pre_close"] * 1.1 + 0.05
    assert the_one(held(bars), "vendor_limits").symbol == A


def test_a_column_that_is_missing_is_told_of_the_store() -> None:
    found = the_one(held(quotes(A, 1).drop(columns="close")), "format")
    assert (found.symbol, found.severity, found.first) == ("", "error", None)
    assert "close" in found.value


def test_a_row_of_the_sides_is_told_with_its_day() -> None:
    store = held(quotes(A, 1), ex_rights=ex_rights((A, DAYS[4], "cash/share", -1.0)))
    assert told(examine(store)) == [("format", "error", A, DAYS[4])]


@settings(max_examples=60)
@given(
    at=st.integers(0, len(DAYS) - 1),
    column=st.sampled_from(
        ["open", "high", "low", "close", "volume", "amount", "pre_close", "is_st", "symbol", "date"]
    ),
    value=st.sampled_from([np.nan, -1.0, 0.0, 1e-3, 0.011, 7.0, 1e9, np.inf, "", "x", "2024-03-02"]),
)
def test_errors_are_told_exactly_where_a_run_would_be_refused(at: int, column: str, value: object) -> None:
    bars = quotes(A, 1).astype(object)
    bars.loc[at, column] = value
    store = held(bars, quotes(B, 2).astype(object))
    try:
        build_bars(store.tables)
        refused = False
    except DataError:
        refused = True
    kinds = {each.rule for each in examine(store) if each.severity == "error"} - {"reference_price"}
    assert bool(kinds) is refused


# ---------------------------------------------------------------- reference prices
def test_a_corporate_action_that_explains_the_reference_price_is_no_finding() -> None:
    bars = ex(quotes(A, 1), DAYS[10], cash=0.3, shares=0.4)
    rows = ex_rights((A, DAYS[10], "cash/share", 0.3), (A, DAYS[10], "shares/share", 0.4))
    assert examine(held(bars, ex_rights=rows)) == ()


@pytest.mark.parametrize("paid", [0.5, 0.28, 3.0])
def test_an_action_of_another_size_contradicts_the_reference_price(paid: float) -> None:
    bars = ex(quotes(A, 1), DAYS[10], cash=0.3)
    found = the_one(held(bars, ex_rights=ex_rights((A, DAYS[10], "cash/share", paid))), "reference_price")
    assert (found.severity, str(found.first)) == ("error", DAYS[10])
    assert "by its corporate action" in found.value


def test_a_fen_between_action_and_reference_price_is_rounding() -> None:
    bars = ex(quotes(A, 1), DAYS[10], cash=0.3)
    assert examine(held(bars, ex_rights=ex_rights((A, DAYS[10], "cash/share", 0.31)))) == ()


def test_an_action_one_session_off_is_told_on_both_days() -> None:
    bars = ex(quotes(A, 1), DAYS[10], cash=0.3)
    found = examine(held(bars, ex_rights=ex_rights((A, DAYS[11], "cash/share", 0.3))))
    assert told(found) == [
        ("reference_price", "error", A, DAYS[11]),
        ("ex_date_unknown", "warning", A, DAYS[10]),
    ]


def test_a_reference_price_above_the_previous_close_is_an_error() -> None:
    bars = quotes(A, 1)
    bars.loc[10, "pre_close"] += 0.05
    found = the_one(held(bars), "reference_price")
    assert "above the previous close" in found.value


def test_ex_dates_known_by_the_reference_price_alone_are_one_warning() -> None:
    bars = ex(ex(quotes(A, 1), DAYS[10], cash=0.3), DAYS[20], cash=0.2)
    found = the_one(held(bars), "ex_date_unknown")
    assert (found.severity, found.count, str(found.first), str(found.last)) == ("warning", 2, DAYS[10], DAYS[20])


@pytest.mark.parametrize(("drop", "rules"), [(0.01, []), (0.02, ["ex_date_unknown"])])
def test_a_tick_below_the_previous_close_is_rounding(drop: float, rules: list[str]) -> None:
    bars = ex(quotes(A, 1), DAYS[10], cash=drop)
    assert [each.rule for each in examine(held(bars))] == rules
    known = table(
        symbol=[A], ex_date=["2020-06-01"], source=["sina"], cash=[0.1], shares=[0.0], rights=[0.0], rights_price=[0.0]
    )
    assert [each.rule for each in examine(held(bars, actions=known))] == rules


def test_a_rights_issue_explains_its_reference_price() -> None:
    bars = quotes(A, 1)
    before = bars.loc[9, "close"]
    # 0.3 rights a share at 5.00 beside 0.2 CNY: (before - 0.2 + 0.3 x 5) / 1.3
    cash, shares = 0.2 - 0.3 * 5.0, 0.3
    bars = ex(bars, DAYS[10], cash=cash, shares=shares)
    assert bars.loc[10, "pre_close"] == pytest.approx((before + 1.3) / 1.3, abs=0.006)
    rights = table(
        symbol=[A],
        ex_date=[DAYS[10]],
        source=["sina"],
        rights=[0.3],
        rights_price=[5.0],
        cash=[np.nan],
        shares=[np.nan],
    )
    dividend = ex_rights((A, DAYS[10], "cash/share", 0.2))
    assert examine(held(bars, ex_rights=dividend, actions=rights)) == ()
    assert told(examine(held(bars, ex_rights=dividend))) == [("reference_price", "error", A, DAYS[10])]
    # of two sources the first of `SOURCES` is taken
    other = rights.assign(source="cninfo", rights_price=9.0)
    assert examine(held(bars, ex_rights=dividend, actions=pd.concat([other, rights]))) == ()
    assert [each.rule for each in examine(held(bars, ex_rights=dividend, actions=other))] == ["reference_price"]


def test_an_ex_date_that_passes_in_a_halt_is_followed() -> None:
    halt = tuple(DAYS[8:12])
    bars = quotes(A, 1, without=halt)
    bars = ex(bars, DAYS[12], cash=0.3)
    rows = ex_rights((A, DAYS[9], "cash/share", 0.3))
    spell = table(symbol=[A], first=[halt[0]], last=[halt[-1]])
    assert examine(held(bars, ex_rights=rows, suspensions=spell)) == ()
    found = the_one(held(bars, ex_rights=rows), "gap")
    assert found.severity == "note"
    assert "follows from the close before it" in found.value


# ---------------------------------------------------------------- factors
def factors(*rows: tuple[str, float], source: str = "sina", symbol: str = A) -> pd.DataFrame:
    dates, values = zip(*rows, strict=True)
    return table(symbol=[symbol] * len(rows), date=list(dates), source=[source] * len(rows), factor=list(values))


def test_a_vendors_factor_that_tells_the_same_is_no_finding() -> None:
    bars = ex(quotes(A, 1), DAYS[10], cash=0.3)
    step = bars.loc[9, "close"] / (bars.loc[9, "close"] - 0.3)
    store = held(bars, ex_rights=ex_rights((A, DAYS[10], "cash/share", 0.3)))
    assert examine(replace(store, factors=factors(("1900-01-01", 3.0), (DAYS[10], 3.0 * step)))) == ()
    within = replace(store, factors=factors(("1900-01-01", 3.0), (DAYS[10], 3.0 * step * 1.0012)))
    assert examine(within) == ()  # half a fen of about ten CNY comes on top of 0.1%
    beyond = replace(store, factors=factors(("1900-01-01", 3.0), (DAYS[10], 3.0 * step * 1.0018)))
    assert [each.rule for each in examine(beyond)] == ["factor_step"]


@pytest.mark.parametrize(("step", "rules"), [(1.0009, []), (1.0011, ["factor_step"]), (0.9988, ["factor_step"])])
def test_without_an_ex_date_a_factor_has_no_room_but_its_rounding(step: float, rules: list[str]) -> None:
    store = held(quotes(A, 1), factors=factors(("1900-01-01", 1.0), (DAYS[10], step)))
    assert [each.rule for each in examine(store)] == rules


@pytest.mark.parametrize(
    ("rows", "day", "words"),
    [
        ([("1900-01-01", 1.0)], 10, "stays"),
        ([("1900-01-01", 1.0), (DAYS[10], 1.1)], 10, "moves by"),
        ([("1900-01-01", 1.0), (DAYS[10], 1.031), (DAYS[20], 1.06)], 20, "without an ex-date"),
    ],
)
def test_a_factor_and_the_actions_are_compared_both_ways(rows: list[tuple[str, float]], day: int, words: str) -> None:
    bars = ex(quotes(A, 1), DAYS[10], cash=0.3)
    store = held(bars, ex_rights=ex_rights((A, DAYS[10], "cash/share", 0.3)), factors=factors(*rows))
    found = [each for each in examine(store) if each.rule == "factor_step" and str(each.first) == DAYS[day]]
    assert len(found) == 1
    assert words in found[0].value
    assert "sina" in found[0].value
    assert found[0].severity == "warning"


def test_small_steps_that_add_up_are_told_over_the_whole_stretch() -> None:
    creeping = factors(*((day, 1.0009**at) for at, day in enumerate(DAYS)))
    found = the_one(held(quotes(A, 1), factors=creeping), "adjusted_return")
    assert f"{1.0009 ** (len(DAYS) - 1) - 1:+.2%}" in found.value
    assert (str(found.first), str(found.last)) == (DAYS[1], DAYS[-1])
    assert examine(held(quotes(A, 1), factors=factors(*((day, 1.0001**at) for at, day in enumerate(DAYS))))) == ()


def test_a_factor_among_the_bars_is_compared_as_well() -> None:
    bars = quotes(A, 1).assign(factor=[1.0] * 10 + [1.02] * (len(DAYS) - 10))
    found = the_one(held(bars), "factor_step")
    assert "the bars" in found.value
    assert str(found.first) == DAYS[10]


def test_a_factor_that_jumps_without_any_reference_price_is_an_error() -> None:
    bars = quotes(A, 1).drop(columns="pre_close").assign(factor=[1.0] * 10 + [1.02] * (len(DAYS) - 10))
    assert ("factor_jump", "error", A, DAYS[10]) in told(examine(held(bars)))


def test_two_sources_of_one_ex_date_that_differ_are_told() -> None:
    rows = {"symbol": [A] * 3, "ex_date": [DAYS[10]] * 3, "source": ["sina", "eastmoney", "eastmoney"]}
    cash = table(**rows, cash=[0.3, 0.1, 0.15], shares=[0.0, 0.0, 0.0])
    bars = ex(quotes(A, 1), DAYS[10], cash=0.3)
    rights = ex_rights((A, DAYS[10], "cash/share", 0.3))
    found = the_one(held(bars, ex_rights=rights, actions=cash), "actions_differ")
    assert "eastmoney 0.25 CNY" in found.value
    assert "sina 0.3 CNY" in found.value
    assert examine(held(bars, ex_rights=rights, actions=cash.assign(cash=[0.3, 0.1, 0.2]))) == ()


# ---------------------------------------------------------------- gaps and coverage
def test_a_gap_is_told_unless_a_suspension_explains_it() -> None:
    halt = tuple(DAYS[8:11])
    bars = quotes(A, 1, without=halt)
    assert told(examine(held(bars))) == [("gap", "note", A, DAYS[8])]
    silent = bars.drop(columns="pre_close")
    found = the_one(held(silent), "gap")
    assert (found.severity, found.count, str(found.last)) == ("warning", 3, DAYS[10])
    assert examine(held(silent, suspensions=table(symbol=[A], first=[halt[0]], last=[halt[-1]]))) == ()
    still = examine(held(silent, suspensions=table(symbol=[A], first=[halt[0]], last=[None])))
    assert told(still) == [("traded_in_suspension", "warning", A, DAYS[11])]
    short = examine(held(silent, suspensions=table(symbol=[A], first=[halt[0]], last=[halt[1]])))
    assert told(short) == [("gap", "warning", A, halt[2])]


def test_rows_of_a_suspension_explain_it_too() -> None:
    bars = quotes(A, 1).assign(traded=1)
    for day in DAYS[8:11]:
        bars = put(bars, day, traded=0, open=np.nan, high=np.nan, low=np.nan, close=np.nan, volume=0.0, amount=0.0)
    bars.loc[bars["date"].astype(str) == DAYS[11], "pre_close"] = bars.loc[7, "close"]
    assert examine(held(bars)) == ()


def test_bars_lost_without_a_trace_of_a_halt_are_a_warning() -> None:
    lost = quotes(A, 1).drop(index=[8, 9]).reset_index(drop=True)
    gap = next(each for each in examine(held(lost)) if each.rule == "gap")
    assert (gap.severity, gap.count) == ("warning", 2)
    assert "the close before it" in gap.value


def test_shares_traded_in_a_suspension_are_told() -> None:
    store = held(quotes(A, 1), suspensions=table(symbol=[A], first=[DAYS[8]], last=[DAYS[9]]))
    found = the_one(store, "traded_in_suspension")
    assert (found.count, str(found.first), str(found.last)) == (2, DAYS[8], DAYS[9])


def test_a_symbol_that_ends_early_is_stale_unless_delisted_or_suspended() -> None:
    short = quotes(A, 1).iloc[:-3]
    whole = quotes(B, 2)
    found = the_one(held(short, whole), "stale")
    assert (found.symbol, found.count, str(found.first)) == (A, 3, DAYS[-4])
    gone = listings((A, "2000-01-04", DAYS[-3]), (B, "2000-01-04", None))
    assert examine(held(short, whole, listed=gone)) == ()
    assert examine(held(short, whole, suspensions=table(symbol=[A], first=[DAYS[-3]], last=[None]))) == ()


def test_where_all_bars_end_early_it_is_told_once() -> None:
    found = the_one(held(quotes(A, 1), quotes(B, 2), as_of=np.datetime64("2024-05-10")), "stale")
    assert (found.symbol, found.count) == ("", 5)
    part = held(quotes(A, 1), as_of=np.datetime64("2024-05-10"), symbols=(A,))
    assert told(examine(part)) == [("stale", "warning", A, DAYS[-1])]


def test_an_index_must_have_every_session_and_the_last() -> None:
    closes = pd.DataFrame({"date": SESSIONS, "symbol": "000688.SH", "close": 900.0})
    store = held(quotes(A, 1), index=closes.drop(index=[5, 6, len(DAYS) - 1]))
    assert told(examine(store)) == [
        ("index_gap", "warning", "000688.SH", DAYS[5]),
        ("index_gap", "warning", "000688.SH", DAYS[-2]),
    ]
    assert examine(held(quotes(A, 1), index=closes.iloc[4:])) == ()
    assert examine(replace(store, symbols=(A,))) == ()


def test_coverage_says_what_is_there_of_each_session() -> None:
    late = quotes(A, 1, without=(*DAYS[:3], DAYS[6], DAYS[9], *DAYS[-2:]))
    gone = listings((A, DAYS[3], DAYS[-1]), (B, None, None))
    seen = coverage(
        held(late, quotes(B, 2), listed=gone, suspensions=table(symbol=[A], first=[DAYS[6]], last=[DAYS[7]]))
    )
    state = [BAR] * len(DAYS)
    state[:3] = [NOTHING] * 3
    state[6], state[9], state[-2], state[-1] = SUSPENDED, GAP, GAP, DELISTED
    assert seen.symbols == (A, B)
    assert seen.state[:, 0].tolist() == state
    assert set(seen.state[:, 1].tolist()) == {BAR}
    longer = coverage(replace(held(late), as_of=np.datetime64("2024-05-10")))
    assert str(longer.sessions[-1]) == "2024-05-10"
    assert longer.state[-5:, 0].tolist() == [GAP] * 5


# ---------------------------------------------------------------- hosts
def second(bars: pd.DataFrame, rows: slice, **cells: object) -> pd.DataFrame:
    kept = bars.iloc[rows][["symbol", "date", "open", "high", "low", "close", "volume", "amount"]]
    return kept.assign(host="tencent", **cells)


def test_two_hosts_that_agree_are_no_finding() -> None:
    bars = quotes(A, 1)
    sample = second(bars, slice(3, 9))
    assert examine(held(bars, second_bars=sample.assign(volume=sample["volume"] * 1.009, amount=np.nan))) == ()


@pytest.mark.parametrize(
    ("cells", "words"),
    [({"close": 11.11}, "close"), ({"open": 11.11}, "open"), ({"volume": 1000.0}, "volume 100,300 here, 1,000 there")],
)
def test_two_hosts_that_differ_are_told(cells: dict[str, object], words: str) -> None:
    bars = quotes(A, 1)
    found = the_one(held(bars, quotes(B, 2), second_bars=second(bars, slice(3, 5), **cells)), "hosts_differ")
    assert (found.symbol, found.count, str(found.first)) == (A, 2, DAYS[3])
    assert "2 of 2 bars compared" in found.value
    assert words in found.value


def test_a_fen_is_a_difference_and_a_bar_that_only_the_second_host_has_as_well() -> None:
    bars = quotes(A, 1)
    sample = second(bars, slice(3, 9))
    sample.iloc[0, sample.columns.get_loc("low")] -= 0.01
    assert the_one(held(bars, second_bars=sample), "hosts_differ").count == 1
    lost = quotes(A, 1, without=(DAYS[5],))
    found = examine(held(lost, second_bars=second(bars, slice(3, 9))))
    assert [each.rule for each in found if "no bar here" in each.value] == ["hosts_differ"]


def revisions(*rows: tuple[str, str, str, str, str, str]) -> pd.DataFrame:
    names = ("table", "symbol", "date", "column", "old", "new")
    frame = pd.DataFrame(rows, columns=list(names))
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[s]")
    return frame.assign(at=pd.Timestamp(NOON), old_source="sina", new_source="eastmoney")


def test_a_host_that_changes_its_past_is_told() -> None:
    rows = revisions(
        ("bars", A, DAYS[4], "amount", "10.0", "11.0"),
        ("bars", A, DAYS[3], "close", "10.0", "10.5"),
        ("bars", B, DAYS[3], "volume", "10.0", "10.5"),
        ("bars", B, DAYS[3], "name", "X", "Y"),
        ("ratings", C, DAYS[3], "title", "X", "Y"),
    )
    found = examine(held(quotes(A, 1), quotes(B, 2), revisions=rows))
    assert told(found) == [("revised", "warning", A, DAYS[3]), ("revised", "note", B, DAYS[3])]
    assert found[0].count == 2
    assert "close 10.0 -> 10.5 (sina, then eastmoney)" in found[0].value


def test_quarantined_replies_are_told_by_symbol() -> None:
    rows = table(
        at=[NOON, NOON, NOON],
        host=["sina", "sina", "cninfo"],
        function=["stock_zh_a_daily", "stock_zh_a_daily", "stock_rank_forecast_cninfo"],
        subject=[A, A, "2024-04-30"],
        reason=["factor is 0", "factor is 0", "column 3 holds no date"],
    )
    found = examine(held(quotes(A, 1), quarantine=rows))
    assert told(found) == [("quarantined", "note", "", "2024-05-06"), ("quarantined", "note", A, "2024-05-06")]
    assert [each.count for each in found] == [1, 2]
    assert "cninfo stock_rank_forecast_cninfo 2024-04-30: column 3" in found[0].value


# ---------------------------------------------------------------- units and repeated rows
@pytest.mark.parametrize(
    ("times", "words"), [(0.01, "100 times too small"), (100.0, "100 times too large"), (1.3, "outside")]
)
def test_a_volume_in_another_unit_shows_in_the_average_price(times: float, words: str) -> None:
    bars = quotes(A, 1)
    found = the_one(held(bars.assign(volume=(bars["volume"] * times).round())), "average_price")
    assert found.count == len(DAYS)
    assert words in found.value
    assert found.severity == "warning"


def test_amounts_that_are_missing_or_within_half_a_fen_are_left_alone() -> None:
    bars = quotes(A, 1)
    bars["amount"] = (bars["high"] + 0.0049) * bars["volume"]
    bars.loc[3:6, "amount"] = np.nan
    assert examine(held(bars)) == ()


def test_a_bar_that_repeats_the_one_before_is_told() -> None:
    bars = quotes(A, 1)
    copied = ["open", "high", "low", "close", "volume", "amount"]
    bars.loc[9, copied] = bars.loc[8, copied]
    bars["pre_close"] = bars["close"].shift(1)
    found = the_one(held(bars), "repeated_bar")
    assert (str(found.first), found.count) == (DAYS[9], 1)
    bars.loc[9, "volume"] += 100
    assert examine(held(bars)) == ()


# ---------------------------------------------------------------- what is not known
def test_an_unknown_risk_warning_is_told_where_it_moves_the_limits() -> None:
    a, b = quotes(A, 1).drop(columns="is_st"), quotes(B, 2).drop(columns="is_st")
    found = the_one(held(a, b), "st_unknown")
    assert (found.symbol, found.count) == (A, len(DAYS))  # STAR: 20% under risk warning as well


def test_an_assumed_listing_is_told_where_it_is_a_first_bar() -> None:
    late = quotes(A, 1, without=tuple(DAYS[:7]))
    found = the_one(held(late, quotes(B, 2), listed=listings((B, "2000-01-04", None))), "listing_assumed")
    assert (found.symbol, str(found.first), found.severity) == (A, DAYS[7], "note")
    assert examine(held(quotes(A, 1), listed=listings())) == ()  # before the data: nothing hangs on it


def member(symbol: str, first: str = "NaT", last: str = "NaT") -> Member:
    return Member(symbol, "Name", "", "cpu", "", np.datetime64(first, "D"), np.datetime64(last, "D"))


def test_names_of_a_universes_past_without_bars_are_counted_and_named() -> None:
    universe = Universe(
        "chips",
        (
            member(A),
            member("600002.SH", last=DAYS[5]),
            member("600003.SH", last="2020-01-06"),
            member("600004.SH", first="2030-01-07"),
        ),
    )
    found = the_one(held(quotes(A, 1), universes=(universe,)), "survivorship")
    assert (found.symbol, found.count) == ("", 1)
    assert found.value == "chips: 1 of 2 members have no bars in their time (600002.SH Name)"
    other = Universe("fabs", (member("600005.SH"),))
    both = examine(held(quotes(A, 1), universes=(universe, other)))
    assert len({each.key for each in both}) == len(both) == 2
    assert examine(held(quotes(A, 1), universes=(universe,), symbols=(A,))) == ()


def test_what_many_symbols_share_is_told_once() -> None:
    symbols = [f"6000{at:02d}.SH" for at in range(1, 13)]
    bars = [quotes(symbol, at).drop(columns="is_st") for at, symbol in enumerate(symbols)]
    found = the_one(held(*bars), "st_unknown")
    assert (found.symbol, found.count) == ("", 12)
    assert "12 symbols (600001.SH, 600002.SH" in found.value
    assert len(examine(held(*bars[:9]))) == 9
    part = examine(held(*bars, symbols=tuple(symbols)))
    assert [each.symbol for each in part] == symbols


# ---------------------------------------------------------------- laws
def a_troubled_store() -> Held:
    """Return a store in which most rules have something to say."""
    a = ex(quotes(A, 1, without=(DAYS[5],)), DAYS[10], cash=0.3)
    b = put(quotes(B, 2), DAYS[9], high=99.0)
    c = quotes(C, 3).iloc[:-2].assign(amount=1.0)
    sample = second(a, slice(3, 9), close=11.0)
    return held(
        a,
        b,
        c,
        ex_rights=ex_rights((A, DAYS[20], "cash/share", 0.3), (B, DAYS[20], "cash/share", 0.3)),
        factors=pd.concat([factors(("1900-01-01", 1.0), (DAYS[15], 1.2)), factors(("1900-01-01", 2.0), symbol=C)]),
        actions=table(
            symbol=[A] * 2, ex_date=[DAYS[20]] * 2, source=["sina", "cninfo"], cash=[0.3, 0.2], shares=[0.0, 0.0]
        ),
        suspensions=table(symbol=[A, C], first=[DAYS[6], DAYS[3]], last=[DAYS[6], DAYS[3]]),
        second_bars=pd.concat([sample, second(c, slice(3, 9), low=1.0)]),
        revisions=revisions(("bars", A, DAYS[3], "close", "1", "2"), ("bars", C, DAYS[3], "open", "1", "2")),
    )


def test_a_troubled_store_breaks_many_rules() -> None:
    assert len({each.rule for each in examine(a_troubled_store())}) >= 10


def test_every_finding_has_its_own_key_and_its_words() -> None:
    found = examine(a_troubled_store())
    assert len({each.key for each in found}) == len(found)
    assert all(each.value and each.remedy and each.count > 0 and each.rule in RULES for each in found)
    assert all(each.first is None or (each.last is not None and each.first <= each.last) for each in found)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**16))
def test_the_order_of_rows_changes_nothing_beside_that_of_the_words(seed: int) -> None:
    store = a_troubled_store()
    mixed = {
        name: getattr(store, name).sample(frac=1.0, random_state=seed, ignore_index=True)
        for name in FRAMES
        if len(getattr(store, name))
    }
    assert {each.key for each in examine(replace(store, **mixed))} == {each.key for each in examine(store)}


@pytest.mark.parametrize("symbol", [A, B, C])
def test_a_symbol_examined_alone_has_the_findings_it_has_among_others(symbol: str) -> None:
    store = a_troubled_store()
    tables = store.tables
    assert tables.ex_rights is not None
    assert tables.listings is not None
    parts = {
        name: getattr(store, name)[getattr(store, name)["symbol"] == symbol].reset_index(drop=True)
        for name in FRAMES
        if len(getattr(store, name))
    }
    alone = Tables(
        tables.bars[tables.bars["symbol"] == symbol].reset_index(drop=True),
        ex_rights=tables.ex_rights[tables.ex_rights["symbol"] == symbol].reset_index(drop=True),
        listings=tables.listings[tables.listings["symbol"] == symbol].reset_index(drop=True),
        label="store",
    )
    mine = [each for each in examine(store) if each.symbol == symbol]
    assert mine
    assert list(examine(replace(store, tables=alone, symbols=(symbol,), **parts))) == mine


# ---------------------------------------------------------------- real bars
def real(shared: Path, name: str) -> Held:
    tables = read_tables(shared / "market" / name)
    return replace(held(), tables=tables, as_of=tables.bars["date"].max().to_numpy().astype("datetime64[D]"))


@pytest.mark.shared
def test_the_real_compute_names_have_no_error(shared: Path) -> None:
    found = examine(real(shared, "compute"))
    assert [str(each) for each in found if each.severity == "error"] == []
    gaps = {(each.symbol, str(each.first), str(each.last)) for each in found if each.rule == "gap"}
    halts = pd.read_csv(shared / "market" / "compute" / "halts.csv", dtype=str)
    assert gaps == set(zip(halts["symbol"], halts["from"], halts["to"], strict=True))
    unknown = [each for each in found if each.rule == "ex_date_unknown"]
    assert told(tuple(unknown)) == [("ex_date_unknown", "warning", "601138.SH", "2026-01-15")]


@pytest.mark.shared
def test_the_real_broad_market_has_no_error_and_few_words(shared: Path) -> None:
    found = examine(real(shared, "broad"))
    assert {each.rule for each in found} == {"stale", "survivorship", "ex_date_unknown", "listing_assumed"}
    assert len(found) < 60
    assert all(each.severity != "error" for each in found)
