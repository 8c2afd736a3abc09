"""The compiled engine against the replay in backtrader: the same ledgers, and the figures of `metrics`."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from backfolio.discover import discover
from backfolio.errors import UsageError
from backfolio.history import History
from backfolio.metrics import summary, trade_statistics
from backfolio.replay import replay
from backfolio.settings import MOST_GROWN_MILLS, MarketSettings
from backfolio.source import load
from backfolio.sweep import Outcomes, Trial, ledger, sparse, sweep
from backfolio.targets import Exits, Targets
from backfolio.testing import World, build, build_targets, random_world, worlds

if TYPE_CHECKING:
    from backfolio.bars import Bars
    from backfolio.ledger import Ledger
    from backfolio.source import Source

ROOT = Path(__file__).resolve().parents[1]
MANY = int(os.environ.get("BACKFOLIO_WORLDS", "500"))
"""Worlds of the slow runs; a number in the environment makes it more."""

FIGURES = ("total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar")

relaxed = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def differ(world: World) -> str:
    """Say where the two engines' ledgers first differ."""
    return ledger(*world.inputs).first_difference(replay(*world.inputs))


@settings(relaxed, max_examples=80)
@given(worlds())
def test_the_fills_are_those_of_the_replay(world: World) -> None:
    assert differ(world) == ""


@pytest.mark.slow
@settings(relaxed, max_examples=MANY)
@given(worlds(most_symbols=5, most_sessions=25))
def test_the_fills_are_those_of_the_replay_on_many_worlds(world: World) -> None:
    assert differ(world) == ""


@pytest.mark.parametrize("seed", range(40))
def test_the_fills_are_those_of_the_replay_on_large_worlds(seed: int) -> None:
    assert differ(random_world(seed, sessions=60, symbols=8)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1_000, 1_000 + MANY // 5))
def test_the_fills_are_those_of_the_replay_on_larger_worlds(seed: int) -> None:
    assert differ(random_world(seed, sessions=250, symbols=10)) == ""


EXITS = (
    Exits(),
    Exits(stop_loss=0.05),
    Exits(trailing=0.08, take_profit=0.2),
    Exits(stop_loss=0.12, trailing=0.15, take_profit=0.4, max_sessions=9),
)
MARKETS = (
    MarketSettings(),
    MarketSettings(cash=60_000.0, slippage=15, chase=3),
    MarketSettings(cash=300_000_000.0, participation=0.01, chase=1, dividend_tax=True),
    MarketSettings(price="vwap", commission=0.0, min_commission=0.0, slippage=3),
)


def check_theses(source: Source) -> None:
    """Compare the engines, and the figures with those of `metrics`, for every shipped thesis."""
    for thesis in discover([ROOT / "strategies"]).theses.values():
        if thesis.kind == "backtrader":
            continue
        strategy = thesis.strategy()
        history = History(source.bars, source.catalysts, source.universes[strategy.universe], None)
        targets = strategy.emit(history)
        trials = [Trial(0, exits, market) for exits in (strategy.exits, *EXITS) for market in MARKETS]
        together = sweep(history.bars, [targets], trials, equity=True)
        for at, trial in enumerate(trials):
            ours = ledger(history.bars, targets, trial.exits, trial.settings)
            assert ours.first_difference(replay(history.bars, targets, trial.exits, trial.settings)) == "", thesis.name
            assert together.equity is not None
            np.testing.assert_array_equal(together.equity[at], ours.equity)
            check_figures(together, at, ours)


def check_figures(outcomes: Outcomes, at: int, own: Ledger) -> None:
    """Compare a trial's figures with what `metrics` makes of its ledger."""
    figures = summary(own.returns())
    for name in FIGURES:
        expected = getattr(figures, name)
        found = float(getattr(outcomes, name)[at])
        assert found == pytest.approx(np.nan if expected is None else expected, rel=1e-9, abs=1e-12, nan_ok=True), name
    assert (outcomes.fills[at], outcomes.refusals[at]) == (len(own.fills), len(own.refusals))
    assert outcomes.final_equity[at] == own.equity[-1]


def test_every_shipped_thesis_on_the_sample() -> None:
    check_theses(load("sample", ROOT))


@pytest.mark.slow
@pytest.mark.shared
def test_every_shipped_thesis_on_the_real_market(shared: Path) -> None:
    check_theses(load(str(shared / "market" / "compute"), ROOT))


@pytest.mark.parametrize("seed", range(12))
def test_figures_are_those_of_metrics(seed: int) -> None:
    world = random_world(seed, sessions=50, symbols=6)
    bars, targets, exits, market = world.inputs
    own = replay(bars, targets, exits, market)
    outcomes = sweep(bars, [targets], [Trial(0, exits, market)])
    check_figures(outcomes, 0, own)
    expected = trade_statistics(own, bars).turnover
    assert float(outcomes.turnover[0]) == pytest.approx(np.nan if expected is None else expected, nan_ok=True)


def varied(seed: int) -> tuple[Bars, list[Targets], list[Trial]]:
    """Return a world with several targets and many trials of them."""
    world = random_world(seed, sessions=45, symbols=7)
    bars, targets, _, market = world.inputs
    turned = Targets(np.roll(targets.weights, 3, axis=1))
    trials = [
        Trial(which, exits, replace(market, chase=chase)) for exits in EXITS for which in (0, 1) for chase in (0, 2)
    ]
    return bars, [targets, turned], trials


@pytest.mark.parametrize("seed", [3, 11])
def test_trials_do_not_touch_each_other(seed: int) -> None:
    bars, targets, trials = varied(seed)
    together = sweep(bars, targets, trials * 40, equity=True, workers=2)
    alone = [sweep(bars, targets, [trial], equity=True) for trial in trials]
    for at in range(len(together)):
        one = alone[at % len(trials)]
        for name in ("fills", "refusals", "final_equity", "sharpe", "max_drawdown", "equity"):
            np.testing.assert_array_equal(getattr(together, name)[at], getattr(one, name)[0], name)


def test_outcomes_do_not_depend_on_threads_nor_on_sparse_rows() -> None:
    bars, targets, trials = varied(5)
    one = sweep(bars, targets, trials * 20, equity=True, workers=1)
    three = sweep(bars, [sparse(each) for each in targets], trials * 20, equity=True, workers=3)
    for name in one.__slots__:
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name), name)


def test_progress_counts_every_trial_once() -> None:
    bars, targets, trials = varied(5)
    told: list[int] = []
    sweep(bars, targets, trials * 30, workers=2, on_trials=told.append)
    assert sum(told) == len(trials) * 30
    assert len(told) > 1


def test_more_tax_lots_than_there_is_room_for_at_first() -> None:
    # a weight that grows buys a lot each session; forty lots do not fit into the first room
    cells = ["10;v=900000000", *["10;v=900000000;cash=0.01"] * 60]
    bars = build("2024-01-02", {"600000.SH": " ".join(cells)})
    grows = np.linspace(100, 9_000, 50).astype(np.int16)
    shrinks = np.linspace(8_000, 0, len(cells) - 50).astype(np.int16)
    targets = Targets(np.concatenate([grows, shrinks])[:, None])
    taxed = MarketSettings(cash=50_000_000.0, participation=1.0, dividend_tax=True)
    ours = ledger(bars, targets, Exits(), taxed)
    assert sum(fill.side == "buy" for fill in ours.fills) > 32
    assert sum(fill.dividend_tax for fill in ours.fills) > 0
    assert ours.first_difference(replay(bars, targets, Exits(), taxed)) == ""


def test_more_fills_than_there_is_room_for_at_first() -> None:
    flat = " ".join(["10"] * 400)
    bars = build("2023-01-03", dict.fromkeys(("600000.SH", "600036.SH", "600519.SH"), flat))
    targets = Targets(np.tile(np.array([[900], [100]], dtype=np.int16), (200, 3)))
    ours = ledger(bars, targets)
    assert len(ours.fills) > 1_024
    assert ours.first_difference(replay(bars, targets, Exits(), MarketSettings())) == ""


def test_no_trials_give_no_outcomes() -> None:
    bars, targets, _ = varied(3)
    nothing = sweep(bars, targets, [], equity=True)
    assert len(nothing) == 0
    assert nothing.equity is not None
    assert nothing.equity.shape == (0, len(bars.sessions))


def test_an_account_that_outgrows_whole_numbers_is_refused() -> None:
    prices = [10.0 * 1.4**day for day in range(20)]
    cells = " ".join(f"{price:.2f};v=9000000000000;limits=none" for price in prices)
    bars = build("2024-01-02", {"600000.SH": cells})
    targets = build_targets("10000", len(prices), 1)
    with pytest.raises(UsageError, match=f"beyond {MOST_GROWN_MILLS // 1_000:,} CNY"):
        sweep(bars, [targets], [Trial(0, Exits(), MarketSettings(cash=9_000_000_000.0, participation=1.0))])


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("shape", "give a row a session"),
        ("place", "names targets 7"),
        ("workers", "give 1 or more threads"),
        ("window", "the window holds no session"),
    ],
)
def test_wrong_use_is_one_sentence(fault: str, words: str) -> None:
    bars, targets, trials = varied(3)
    if fault == "shape":
        targets = [Targets(targets[0].weights[:-1])]
    elif fault == "place":
        trials = [Trial(7)]
    elif fault == "window":
        bars = bars.rows(0, 0)
    with pytest.raises(UsageError, match=words):
        sweep(bars, targets, trials, workers=0 if fault == "workers" else 1)


@pytest.mark.parametrize("rates", [{}, {"commission": 0.003, "min_commission": 0.0}, {"commission": 0.0}])
def test_twice_the_fees_are_twice_each_of_them(rates: dict[str, float]) -> None:
    """One name, of the same shares whatever the fees, is bought and sold, before and after the rates changed."""
    for start in ("2022-01-04", "2024-01-02"):
        world = World(start, {"600000.SH": "10 10 10.87 10.53"}, "1234|.|0", settings=MarketSettings(**rates))  # type: ignore[arg-type]
        once, twice = (
            int(sweep(world.bars, [world.targets], [Trial(settings=world.settings)], fees=fees).final_equity[0])
            for fees in (1, 2)
        )
        buy, sell = ledger(*world.inputs).fills
        plain = 0
        for fill in (buy, sell):
            value = fill.shares * fill.price
            stamp = {"2022": 10_000, "2024": 5_000}[start[:4]] if fill.side == "sell" else 0
            transfer = {"2022": 200, "2024": 100}[start[:4]]
            least = 2 * round(world.settings.min_commission * 1_000)
            charged = max(least, _to_the_fen(value * 2 * round(world.settings.commission * 1e7)))
            charged += _to_the_fen(value * 2 * stamp) + _to_the_fen(value * 2 * transfer)
            plain += charged - fill.commission - fill.stamp_duty - fill.transfer_fee
        assert once - twice == plain
        assert plain > 0


def _to_the_fen(ten_millionths: int) -> int:
    return int((Decimal(ten_millionths) / 10**8).quantize(Decimal(1), ROUND_HALF_UP)) * 10


@pytest.mark.parametrize("fees", [0, 3])
def test_fees_are_once_or_twice_those_of_the_market(fees: int) -> None:
    bars, targets, trials = varied(1)
    with pytest.raises(UsageError, match=f"fees is {fees}: give 1 .* or 2"):
        sweep(bars, targets, trials, fees=fees)


def test_outcomes_are_read_only() -> None:
    bars, targets, trials = varied(3)
    outcomes = sweep(bars, targets, trials, equity=True)
    with pytest.raises(ValueError, match="read-only"):
        outcomes.sharpe[0] = 1.0
    assert outcomes.equity is not None
    with pytest.raises(ValueError, match="read-only"):
        outcomes.equity[0, 0] = 1
