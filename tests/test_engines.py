"""The engine against the oracle, ledger by ledger, on random worlds."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from backfolio.replay import replay
from backfolio.testing import World, random_world, worlds
from oracle import oracle

MANY = int(os.environ.get("BACKFOLIO_WORLDS", "500"))
"""Worlds of the slow runs; a number in the environment makes it more."""

relaxed = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def differ(world: World) -> str:
    """Say where the engine's ledger and the oracle's first differ."""
    ours, theirs = replay(*world.inputs), oracle(*world.inputs)
    if ours.start_cash != theirs.start_cash:
        return f"start_cash: {ours.start_cash} != {theirs.start_cash}"
    held = theirs.positions > 0
    if not np.array_equal(ours.mark[held], theirs.mark[held]):
        return "mark of what is held"
    return ours.first_difference(theirs)


@settings(relaxed, max_examples=60)
@given(worlds())
def test_the_engine_is_the_oracle(world: World) -> None:
    assert differ(world) == ""


@pytest.mark.slow
@settings(relaxed, max_examples=MANY)
@given(worlds(most_symbols=5, most_sessions=20))
def test_the_engine_is_the_oracle_on_many_worlds(world: World) -> None:
    assert differ(world) == ""


@pytest.mark.parametrize("seed", range(6))
def test_the_engine_is_the_oracle_on_large_worlds(seed: int) -> None:
    assert differ(random_world(seed, sessions=40, symbols=8)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 100 + MANY // 10))
def test_the_engine_is_the_oracle_on_larger_worlds(seed: int) -> None:
    assert differ(random_world(seed, sessions=120, symbols=15)) == ""


def test_the_worlds_hold_every_kind_of_day() -> None:
    reasons: Counter[str] = Counter()
    for seed in range(40):
        world = random_world(seed, sessions=40, symbols=8)
        ledger, bars = oracle(*world.inputs), world.bars
        reasons.update(refusal.reason for refusal in ledger.refusals)
        reasons.update(fill.reason for fill in ledger.fills)
        held_before = np.vstack([np.zeros_like(ledger.positions[:1]), ledger.positions[:-1]]) > 0
        cash, shares = bars.cash_per_share > 0, bars.share_ratio > 0
        for name, cells in {
            "cash": cash & ~shares,
            "bonus": shares & ~cash,
            "both": cash & shares,
            "ratio": bars.ratio_only,
            "ex-date in a halt": (cash | shares | bars.ratio_only) & ~bars.traded,
        }.items():
            reasons[name] += int((cells & held_before).sum())
    # T+1 cannot bind where all orders come from closes.
    expected = {"stop_loss", "trailing", "take_profit", "max_sessions", "target"}
    expected |= {"cash", "bonus", "both", "ratio", "ex-date in a halt"}
    expected |= {"suspended", "limit_unknown", "limit_up", "limit_down", "participation", "below_lot", "cash"}
    expected |= {"no_price", "amount_unknown", "delisted"}
    assert {name for name in expected if reasons[name] < 10} == set()


def test_a_world_prints_the_code_that_makes_it() -> None:
    for seed in range(20):
        world = random_world(seed, sessions=12, symbols=4)
        namespace = {"World": World, "Exits": type(world.exits), "MarketSettings": type(world.settings)}
        assert eval(repr(world), namespace) == world  # noqa: S307  our own text
