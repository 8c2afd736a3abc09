"""Faults planted into sound data, which the rules of quality must find, and what is like them and is right."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from backfolio import ashare, calendar
from backfolio.bars import build_bars, read_tables
from backfolio.quality import examine
from backfolio.store import Batch, reading, writing
from examined import DAYS as SHORT
from examined import A, B, ex, ex_rights, held, listings, put, quotes, table

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.quality import Finding

LONG = calendar.sessions("2024-01-02", "2024-12-31")
DAYS = [str(day) for day in LONG]


def told(found: tuple[Finding, ...]) -> list[tuple[str, str, str, str]]:
    return [(each.rule, each.severity, each.symbol, str(each.first or "")) for each in found]


# ---------------------------------------------------------------- one corporate action on two dates
def said(*rows: tuple[str, int, float]) -> pd.DataFrame:
    source, at, cash = zip(*rows, strict=True)
    blank = dict.fromkeys(("ratio", "rights", "rights_price"), np.nan)
    days = [SHORT[day] for day in at]
    return table(symbol=[A] * len(at), ex_date=days, source=list(source), cash=cash, shares=[0.0] * len(at), **blank)


def test_one_dividend_on_two_dates_of_two_hosts_is_told_with_the_date_that_is_used() -> None:
    bars = ex(quotes(A, 1), SHORT[11], cash=0.3)
    store = held(
        bars,
        ex_rights=ex_rights((A, SHORT[11], "cash/share", 0.3)),
        actions=said(("sina", 10, 0.3), ("eastmoney", 11, 0.3)),
    )
    (found,) = examine(store)
    assert (found.rule, found.severity, str(found.first), str(found.last)) == (
        "actions_differ", "warning", SHORT[10], SHORT[11],
    )  # fmt: skip
    assert f"sina {SHORT[10]} 0.3 CNY, eastmoney {SHORT[11]} 0.3 CNY; that of {SHORT[11]} is used" in found.value


def test_what_nothing_decides_is_an_open_error_until_a_row_by_hand_decides() -> None:
    silent = quotes(A, 1).drop(columns="pre_close")
    actions = said(("sina", 10, 0.3), ("sina", 13, 0.3))
    (found,) = examine(held(silent, actions=actions))
    assert (found.rule, found.is_open_error, found.symbol) == ("action_dates", True, A)
    assert f"sina {SHORT[10]} 0.3 CNY, sina {SHORT[13]} 0.3 CNY" in found.value
    assert "with value 0" in found.remedy
    nothing = pd.concat([actions, said(("import", 13, 0.0))], ignore_index=True)
    assert [each.rule for each in examine(held(silent, actions=nothing)) if each.severity == "error"] == []


def test_a_row_of_value_0_is_no_event_wherever_it_comes_from() -> None:
    bars = ex(quotes(A, 1), SHORT[10], cash=0.3)
    nothing = held(bars, ex_rights=ex_rights((A, SHORT[10], "cash/share", 0.0)))
    assert examine(nothing) == examine(held(bars))
    assert build_bars(nothing.tables).fingerprint == build_bars(held(bars).tables).fingerprint


# ---------------------------------------------------------------- sizes of corporate actions
@pytest.mark.parametrize(
    ("paid", "severity"), [(1.0, None), (0.97, "warning"), (0.905, "warning"), (0.85, "error"), (1.05, "error")]
)
def test_a_drop_up_to_a_tenth_smaller_is_that_of_a_differentiated_dividend(paid: float, severity: str | None) -> None:
    bars = ex(quotes(A, 1, start=30.0), SHORT[10], cash=3.0 * paid)
    found = examine(held(bars, ex_rights=ex_rights((A, SHORT[10], "cash/share", 3.0))))
    assert [(each.rule, each.severity) for each in found] == ([("reference_price", severity)] if severity else [])
    assert all("the company's own shares take no dividend" in each.value for each in found if severity == "warning")


@pytest.mark.parametrize(
    ("ratio", "wrong"), [(0.97, []), (0.97001, []), (0.9703, [0]), (0.96995, [0]), (0.969, [0])]
)  # fmt: skip
def test_a_price_ratio_has_the_room_of_its_last_decimal(ratio: float, wrong: list[int]) -> None:
    bars = quotes(A, 1, start=800.0)
    before = bars.loc[9, "close"]
    bars = ex(bars, SHORT[10], cash=round(before * 0.03, 2))
    found = examine(held(bars, ex_rights=ex_rights((A, SHORT[10], "price ratio", ratio))))
    assert [each.rule for each in found] == ["reference_price"] * len(wrong)


@pytest.mark.parametrize(
    ("witness", "severity"), [("nothing", "error"), ("reference", "warning"), ("two sources", "warning"),
                              ("by hand", "warning"), ("small", "warning"), ("another factor", "warning")]
)  # fmt: skip
def test_a_fetched_factor_that_nothing_contradicts_but_one_host_is_an_error(witness: str, severity: str) -> None:
    bars = ex(quotes(A, 1), SHORT[10], cash=0.3)
    step = bars.loc[9, "close"] / (bars.loc[9, "close"] - 0.3)
    if witness != "reference":
        bars = bars.drop(columns="pre_close")
    names = {"two sources": ["sina", "cninfo"], "by hand": ["import"]}.get(witness, ["sina"])
    theirs = 1.0 if witness != "small" else step * 1.005
    factors = table(symbol=[A] * 2, date=["1900-01-01", SHORT[10]], source=["sina"] * 2, factor=[1.0, theirs])
    if witness == "another factor":
        more = table(symbol=[A] * 2, date=["1900-01-01", SHORT[10]], source=["other"] * 2, factor=[1.0, step])
        factors = pd.concat([factors, more], ignore_index=True)
    store = held(
        bars,
        ex_rights=ex_rights((A, SHORT[10], "cash/share", 0.3)),
        actions=said(*((name, 10, 0.3) for name in names)),
        factors=factors,
    )
    assert [each.severity for each in examine(store) if each.rule == "factor_step"] == [severity]


# ---------------------------------------------------------------- what was accepted
def outside(bars: pd.DataFrame, at: int) -> pd.DataFrame:
    """Return bars without reference prices, whose level doubles on one session."""
    higher = bars.drop(columns="pre_close", errors="ignore")
    prices = ["open", "high", "low", "close"]
    higher.loc[at:, prices] = (higher.loc[at:, prices] * 2).round(2)
    return higher.assign(amount=higher["close"] * higher["volume"])


def test_each_bar_outside_its_limits_is_accepted_by_itself() -> None:
    bars = put(put(quotes(A, 1), SHORT[5], high=99.0), SHORT[9], high=99.0)
    found = examine(held(bars))
    assert told(found) == [("outside_limits", "error", A, SHORT[5]), ("outside_limits", "error", A, SHORT[9])]
    worse = examine(held(put(bars, SHORT[9], high=98.0)))
    assert worse[0].key == found[0].key
    assert worse[1].key != found[1].key


def test_an_accepted_day_stays_a_finding_and_uncovers_what_it_hid(tmp_path: Path) -> None:
    bars = outside(outside(quotes(A, 1), 10), 11).assign(source="sina", is_st=False)
    row = pd.DataFrame([{"symbol": A, "listed": pd.Timestamp("2000-01-04"), "assumed": False, "source": "sina"}])
    with writing(tmp_path) as writer:
        writer.put(Batch({"bars": bars, "listings": row}))
        seen = []
        for _ in range(3):
            with writer.read() as reader:
                stored = reader.held()
            writer.replace_findings(examine(stored), None)
            with writer.read() as reader:
                errors = reader.findings(open_errors=True)
            seen.append([str(each.first) for each in errors])
            if errors:
                writer.accept(errors[0].key, "the first day after a relisting")
    assert seen == [[SHORT[10]], [SHORT[11]], []]
    with reading(tmp_path) as reader:
        assert sum(bool(each.accepted) for each in reader.findings()) == 2
        market = build_bars(reader.tables())
    assert market.limit_state[9:13, 0].tolist() == [
        ashare.LIMITED, ashare.UNLIMITED, ashare.UNLIMITED, ashare.LIMITED,
    ]  # fmt: skip


# ---------------------------------------------------------------- indexes
def index(symbol: str, seed: int) -> pd.DataFrame:
    steps = np.random.default_rng(seed).normal(0, 0.01, len(LONG))
    return pd.DataFrame({"date": LONG, "symbol": symbol, "close": (1_000 * np.cumprod(1 + steps)).round(2)})


def indexes(**changes: dict[int, float]) -> pd.DataFrame:
    """Return three indexes, closes of the first times a factor on some sessions."""
    first = index("000300.SH", 1)
    for at, times in changes.get("times", {}).items():
        first.loc[at, "close"] *= times
    return pd.concat([first, index("000905.SH", 2), index("399006.SZ", 3)], ignore_index=True)


def market(**parts: object) -> tuple[Finding, ...]:
    return examine(held(longer(A, 1), as_of=LONG[-1], **parts))


def test_an_index_that_moves_as_its_shares_cannot_is_an_error() -> None:
    assert market(index=indexes()) == ()
    (found,) = market(index=indexes(times={100: 10.0}))
    assert (found.rule, found.severity, found.symbol, found.count) == ("index_jump", "error", "000300.SH", 2)
    assert (str(found.first), str(found.last)) == (DAYS[100], DAYS[101])
    (stays,) = market(index=indexes(times=dict.fromkeys(range(100, len(LONG)), 10.0)))
    assert (stays.rule, stays.count) == ("index_jump", 1)


def test_an_index_that_moves_as_no_other_does_is_a_warning() -> None:
    (found,) = market(index=indexes(times={100: 1.15}))
    assert (found.rule, found.severity) == ("index_jump", "warning")
    wild = indexes()
    wild.loc[wild["date"] >= LONG[100], "close"] *= 1.15  # all of them: as on 2024-09-30
    assert market(index=wild) == ()
    assert market(index=indexes(times={100: 1.15}).query("symbol == '000300.SH'")) == ()


def test_what_an_index_could_do_before_limits_or_over_a_gap_is_left_alone() -> None:
    early = indexes(times={100: 2.0}).assign(date=lambda rows: rows["date"] - np.timedelta64(366 * 32, "D"))
    early = early[np.isin(early["date"].to_numpy().astype("datetime64[D]"), calendar.all_sessions())]
    assert [each.rule for each in market(index=early) if each.rule == "index_jump"] == []
    gap = indexes(times=dict.fromkeys(range(100, len(LONG)), 1.4)).drop(index=range(95, 100))
    assert [each.rule for each in market(index=gap)] == ["index_gap"]


@pytest.mark.parametrize("close", [np.nan, 0.0, -1.0])
def test_an_index_row_without_a_close_is_a_gap_and_blocks_nothing(close: float) -> None:
    rows = indexes()
    rows.loc[[0, 50, len(LONG) - 1], "close"] = close
    store = held(longer(A, 1), index=rows, as_of=LONG[-1])
    found = examine(store)
    assert [(each.rule, each.severity, each.symbol) for each in found] == [("index_gap", "warning", "000300.SH")] * 3
    assert [str(each.first) for each in found] == [DAYS[0], DAYS[50], DAYS[-1]]
    assert "1 row whose close is not above 0" in found[0].value
    assert np.isnan(build_bars(store.tables).index_close["000300.SH"][[0, 50, -1]]).all()


def test_indexes_are_looked_at_without_any_bar() -> None:
    store = held(index=indexes(times={100: 10.0}))
    assert told(examine(replace(store, symbols=("000300.SH",)))) == [("index_jump", "error", "000300.SH", DAYS[100])]


# ---------------------------------------------------------------- volumes
def longer(symbol: str, seed: int) -> pd.DataFrame:
    """Return sound bars of a year, the volumes of which wander as real ones do."""
    draw = np.random.default_rng(seed)
    close = (10 * np.cumprod(1 + draw.uniform(-0.02, 0.02, len(LONG)))).round(2)
    volume = (np.exp(draw.normal(15, 0.3, len(LONG))) // 100 * 100).astype(float)
    frame = pd.DataFrame({"date": LONG.astype("datetime64[s]"), "symbol": symbol, "open": close, "close": close})
    frame = frame.assign(high=(close + 0.02).round(2), low=(close - 0.02).round(2), volume=volume, is_st=0)
    return frame.assign(amount=close * volume, pre_close=frame["close"].shift(1))


def scaled(bars: pd.DataFrame, rows: slice | list[int], times: float) -> pd.DataFrame:
    changed = bars.copy()
    changed.loc[rows, "volume"] = (changed.loc[rows, "volume"] * times).round()
    return changed.assign(amount=changed["close"] * changed["volume"])


@pytest.mark.parametrize("times", [100.0, 0.01])
@pytest.mark.parametrize(
    ("rows", "count"), [([60], 1), ([60, 61, 62], 3), ([60, 150], 2), (slice(60, None), 1), (slice(0, 59), 1)]
)
def test_volume_and_amount_in_another_unit_are_told(rows: slice | list[int], count: int, times: float) -> None:
    for seed in range(6):
        found = examine(held(scaled(longer(A, seed), rows, times), longer(B, 9), as_of=LONG[-1]))
        assert told(found) == [("volume_jump", "warning", A, DAYS[60])]
        assert found[0].count == count


def test_a_wrong_unit_on_the_last_day_is_told_and_a_crowd_is_not() -> None:
    bars = longer(A, 1)
    assert told(examine(held(scaled(bars, [len(LONG) - 1], 150.0), as_of=LONG[-1])))
    crowd = bars.copy()
    crowd.loc[60:75, "volume"] *= 8
    crowd.loc[60, "volume"] *= 1.5
    assert examine(held(scaled(crowd, [], 1.0), as_of=LONG[-1])) == ()


def test_a_day_locked_at_its_limit_has_hardly_a_share() -> None:
    bars = scaled(longer(A, 1), [60], 0.005)
    bars.loc[60, ["high", "low"]] = bars.loc[60, "close"]
    assert examine(held(bars, as_of=LONG[-1])) == ()


@pytest.mark.parametrize(
    ("cells", "severity"),
    [({}, "warning"), ({"flat": True}, "note"), ({"flat": True, "amount": 1.0}, "warning")],
)
def test_a_bar_without_a_share_traded_is_told(cells: dict[str, object], severity: str) -> None:
    bars = quotes(A, 1)
    bars.loc[9, ["volume", "amount"]] = [0.0, cells.get("amount", 0.0)]
    if "flat" in cells:
        bars.loc[9, ["open", "high", "low", "close"]] = bars.loc[8, "close"]
        bars["pre_close"] = bars["close"].shift(1)
    found = [each for each in examine(held(bars)) if each.rule == "no_volume"]
    assert [(each.severity, str(each.first), each.count) for each in found] == [(severity, SHORT[9], 1)]


# ---------------------------------------------------------------- listings and tails
def test_an_assumed_listing_never_lies_after_a_bar() -> None:
    rows = listings((A, SHORT[9], None)).assign(assumed=1)
    store = held(quotes(A, 1, without=tuple(SHORT[:3])), quotes(B, 2), listed=rows)
    assert [each.rule for each in examine(store) if each.severity == "error"] == []
    assert str(build_bars(store.tables).listed[0]) == SHORT[3]
    known = held(quotes(A, 1), quotes(B, 2), listed=rows.assign(assumed=0))
    assert [each.rule for each in examine(known) if each.severity == "error"] == ["format"]


def test_sessions_before_a_listing_or_up_to_a_delisting_are_no_gaps() -> None:
    halted = dict.fromkeys(("open", "high", "low", "close"), np.nan)
    late = put(quotes(A, 1, without=tuple(SHORT[1:6])).assign(traded=1), SHORT[0], traded=0, volume=0.0, **halted)
    late.loc[1, "pre_close"] = np.nan
    rows = listings((A, SHORT[6], SHORT[-1]), (B, "2000-01-04", None))
    store = held(late.iloc[:-4], quotes(B, 2).assign(traded=1), listed=rows)
    assert [each.rule for each in examine(store)] == []


# ---------------------------------------------------------------- real bars
@pytest.mark.shared
@pytest.mark.parametrize("name", ["compute", "broad"])
def test_no_real_bar_or_index_looks_planted(shared: Path, name: str) -> None:
    tables = read_tables(shared / "market" / name)
    found = examine(replace(held(), tables=tables, as_of=tables.bars["date"].max().to_numpy().astype("datetime64[D]")))
    planted = {"volume_jump", "no_volume", "index_jump", "action_dates"}
    assert [str(each) for each in found if each.rule in planted or each.severity == "error"] == []
