from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backfolio import sweep
from backfolio.backtest import Request, backtest
from backfolio.discover import discover
from backfolio.history import History
from backfolio.metrics import trade_statistics
from backfolio.nulls import allowed_places, exchanged, exchanges, hold_targets, nulls
from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.source import load
from backfolio.sweep import Trial, sparse
from backfolio.targets import Exits, Targets
from backfolio.testing import World
from backfolio.testing.worlds import random_world, worlds
from backfolio.universe import Member, Universe
from finished import small_result

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.result import Null, Nulls

NAMES = ("000001.SZ", "000002.SZ", "600000.SH", "600519.SH", "603019.SH")
LISTED = dict.fromkeys(NAMES, "2001-08-27")


def busy() -> World:
    """Return sixty sessions of twelve names with everything in them."""
    return random_world(11, 60, 12)


def of(world: World, placebos: int = 20, seed: int = 0) -> Nulls:
    bars, targets, exits, market = world.inputs
    return nulls(History(bars), targets, exits, market, placebos=placebos, seed=seed)


def same(one: Null | None, other: Null | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))


def drawn(world: World, placebos: int, seed: int = 0) -> list[Targets]:
    """Return the targets of the placebos, dense."""
    bars, targets, *_ = world.inputs
    history = History(bars)
    moving = np.unique(sparse(targets).buy_symbol).astype(np.int64)
    found = []
    for places in exchanges(allowed_places(history, targets), moving, placebos, seed):
        weights = np.empty_like(targets.weights)
        weights[:, places] = targets.weights
        found.append(Targets(weights))
    return found


# hold


def test_hold_buys_every_member_with_a_bar_and_equal_parts_again_when_one_joins() -> None:
    cells = {NAMES[0]: "10;pre=10 10 11 12", NAMES[2]: "- 10;pre=10 10 10", NAMES[3]: "20;pre=20 20 20 20"}
    world = World("2024-01-02", cells, "", settings=MarketSettings(cash=100_000.0), listed=LISTED)
    history = History(world.bars)
    assert hold_targets(history).weights.tolist() == [[5_000, 0, 5_000], [3_333] * 3, *[[-1, -1, -1]] * 2]
    hold = nulls(history, None, Exits(), world.settings).hold
    assert hold is not None
    ledger = replay(world.bars, hold_targets(history), Exits(), world.settings)
    bought = [(fill.session, fill.symbol) for fill in ledger.fills if fill.side == "buy"]
    assert bought == [(1, 0), (1, 2), (2, 1)]
    assert hold.fills == len(ledger.fills)
    assert hold.final_equity == ledger.equity[-1]
    assert np.array_equal(hold.returns, ledger.returns())
    assert hold.costs == trade_statistics(ledger, world.bars).costs.total
    assert (hold.names, hold.asked, hold.placebos, hold.beaten, hold.p_value) == (3, 3, 0, None, None)


def test_hold_leaves_out_who_is_no_member_yet() -> None:
    cells = dict.fromkeys(NAMES[:2], "10;pre=10 10 10")
    world = World("2024-01-02", cells, "", listed=LISTED)
    members = (Member(NAMES[0], "one", "", "x"), Member(NAMES[1], "two", "", "x", from_=np.datetime64("2024-01-03")))
    history = History(world.bars, (), Universe("theme", members))
    assert hold_targets(history).weights[:2].tolist() == [[10_000, 0], [5_000, 5_000]]


def test_hold_is_nothing_where_no_lot_can_be_bought() -> None:
    world = World("2024-01-02", {NAMES[3]: "1500;pre=1500 1500"}, "", settings=MarketSettings(cash=100_000.0))
    assert nulls(History(world.bars), None, Exits(), world.settings).hold is None


# exchanges of names


def test_the_identity_is_the_run_itself() -> None:
    bars, targets, exits, market = busy().inputs
    rows = exchanged(sparse(targets), np.arange(len(bars.symbols)))
    assert sweep.ledger(bars, rows, exits, market) == replay(bars, targets, exits, market)


@given(world=worlds(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_exchanged_rows_are_the_rows_of_exchanged_targets(world: World, data: st.DataObject) -> None:
    bars, targets, exits, market = world.inputs
    places = np.array(data.draw(st.permutations(range(len(bars.symbols)))), dtype=np.int64)
    weights = np.empty_like(targets.weights)
    weights[:, places] = targets.weights
    dense, rows = sparse(Targets(weights)), exchanged(sparse(targets), places)
    for name in ("row", "buy_start", "buy_symbol", "buy_weight", "sell_start", "sell_symbol"):
        assert np.array_equal(getattr(rows, name), getattr(dense, name)), name
    assert sweep.ledger(bars, rows, exits, market) == replay(bars, Targets(weights), exits, market)


def test_every_exchange_keeps_the_weights_of_each_session() -> None:
    world = busy()
    for placebo in drawn(world, 20):
        assert np.array_equal(np.sort(placebo.weights, axis=1), np.sort(world.targets.weights, axis=1))


def test_no_name_is_bought_before_it_has_a_price_or_is_a_member() -> None:
    world = busy()
    bars, targets, *_ = world.inputs
    late = (bars.mark == 0).any(axis=0)
    assert late.any()
    own = (targets.weights > 0) & (bars.mark == 0)
    for placebo in drawn(world, 50):
        clashes = (placebo.weights > 0) & (bars.mark == 0)
        assert not (clashes & ~own).any()


def test_exchanges_are_drawn_uniformly_among_those_allowed() -> None:
    # the first name may not take the place of the last: 18 of the 24 exchanges of four names are left
    allowed = np.ones((4, 4), dtype=np.bool_)
    allowed[0, 3] = False
    wanted = {places for places in permutations(range(4)) if places[0] != 3}
    counts = dict.fromkeys(wanted, 0)
    many = 18_000
    for places in exchanges(allowed, np.arange(4), many, seed=5):
        counts[tuple(places)] += 1
    # chi-square of 17 degrees of freedom: 40.8 is passed once in a thousand
    expected = many / len(wanted)
    assert sum((count - expected) ** 2 / expected for count in counts.values()) < 40.8


def test_a_name_that_is_never_bought_may_go_anywhere_and_each_may_stay() -> None:
    cells = {NAMES[0]: "10;pre=10 10 10", NAMES[2]: "- 10;pre=10 10", NAMES[3]: "10;pre=10 10 10"}
    world = World("2024-01-02", cells, "5000 . .|. 5000 .", listed=LISTED)
    bars, targets, *_ = world.inputs
    assert allowed_places(History(bars), targets).tolist() == [
        [True, False, True],  # bought on row 0, when the second name has no price
        [True, True, True],  # bought on row 1
        [True, True, True],  # never bought
    ]


# placebos


def test_placebos_are_the_same_for_the_same_seed_and_others_for_another() -> None:
    first, again, other = of(busy()), of(busy()), of(busy(), seed=1)
    assert same(first.hold, again.hold)
    assert same(first.random_names, again.random_names)
    assert not same(first.random_names, other.random_names)


def test_the_curve_shown_is_the_median_and_the_run_is_counted_against_all() -> None:
    world = busy()
    bars, targets, exits, market = world.inputs
    found = of(world, 20).random_names
    assert found is not None
    ledgers = [replay(bars, placebo, exits, market) for placebo in drawn(world, 20)]
    finals = [int(ledger.equity[-1]) for ledger in ledgers]
    own = int(replay(bars, targets, exits, market).equity[-1])
    assert found.beats == sum(final < own for final in finals)
    assert found.beaten == found.beats / 20
    assert found.p_value == (20 - found.beats + 1) / 21
    assert found.totals.tolist() == pytest.approx(sorted(final / market.cash_mills - 1 for final in finals))
    assert found.final_equity == sorted(finals)[9]
    shown = ledgers[finals.index(found.final_equity)]
    assert np.array_equal(found.returns, shown.returns())
    assert found.costs == trade_statistics(shown).costs.total
    assert found.asked == len(np.unique(sparse(targets).buy_symbol))


def test_the_outcome_of_the_run_itself_is_that_of_its_ledger() -> None:
    bars, targets, exits, market = busy().inputs
    swept = sweep.sweep(bars, [targets], [Trial(0, exits, market)])
    assert swept.final_equity[0] == replay(bars, targets, exits, market).equity[-1]


@pytest.mark.parametrize("names", [3, 4])
def test_three_names_are_too_few(names: int) -> None:
    cells = dict.fromkeys(NAMES[:names], "10;pre=10 10 10")
    world = World("2024-01-02", cells, " ".join(["2500", *["."] * (names - 1)]), listed=LISTED)
    assert (of(world).random_names is None) is (names < 4)


def test_there_are_none_of_a_plain_strategy_or_of_one_that_buys_nothing() -> None:
    bars, targets, exits, market = busy().inputs
    assert nulls(History(bars), None, exits, market).random_names is None
    nothing = Targets(np.minimum(targets.weights, 0))
    assert nulls(History(bars), nothing, exits, market).random_names is None


@given(world=worlds(most_symbols=4))
@settings(max_examples=25, deadline=None)
def test_nulls_hold_for_every_kind_of_day(world: World) -> None:
    bars, targets, *_ = world.inputs
    assume(len(bars.symbols) == 4)
    first, again = of(world, 5), of(world, 5)
    assert same(first.random_names, again.random_names)
    assert same(first.hold, again.hold)
    if first.random_names is not None:
        assert (targets.weights > 0).any()
        assert 0 <= first.random_names.beats <= first.random_names.placebos == 5
        assert len(first.random_names.totals) == 5


# of a run


def test_a_result_hands_on_its_targets(root: Path) -> None:
    thesis = discover([root / "strategies"], root).find("domestic_compute")
    source = load("sample", root)
    result = backtest(thesis, source, Request(settings=MarketSettings(), params={}, end="2022-06-30"))
    assert result.nulls is None
    assert result.kinds == ("model_release", "analyst_upgrade")
    assert result.targets is not None
    assert replay(result.history.bars, result.targets, result.exits, result.settings) == result.ledger
    found = nulls(result.history, result.targets, result.exits, result.settings, placebos=10)
    assert found.random_names is not None
    assert found.random_names.placebos == 10


def test_hold_is_the_shipped_thesis_of_that_name(root: Path) -> None:
    thesis = discover([root / "strategies"], root).find("buy_and_hold")
    result = backtest(thesis, load("sample", root), Request(settings=MarketSettings(), params={}))
    hold = nulls(result.history, None, Exits(), result.settings).hold
    assert hold is not None
    assert np.array_equal(hold.returns, result.ledger.returns())


def test_the_small_run_has_too_few_names() -> None:
    result = small_result()
    found = nulls(result.history, small_targets(), result.exits, result.settings)
    assert found.hold is not None
    assert found.random_names is None


def small_targets() -> Targets:
    return Targets(np.full(small_result().history.bars.shape, -1, dtype=np.int16))


def test_a_run_without_a_report_loads_no_numba(root: Path) -> None:
    script = (
        "import sys\n"
        "sys.argv = ['backfolio', 'run', 'buy_and_hold', '--no-report', '--quiet', '--end', '2021-03-31']\n"
        "from backfolio.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "print({'numba', 'backfolio.nulls', 'jinja2'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.splitlines()[-1] == "set()"
