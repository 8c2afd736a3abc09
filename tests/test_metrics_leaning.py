from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from backfolio.history import History
from backfolio.metrics import attribute, dividends_by_symbol, leaning, round_trips
from backfolio.metrics.leaning import Leaning, follows, locked_down, locked_up
from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.testing import World
from backfolio.testing.worlds import worlds
from finished import small_result

A, B = "600000.SH", "600519.SH"
LISTED = {A: "1999-11-10", B: "2001-08-27"}
FREE = MarketSettings(cash=100_000.0, commission=0.0, min_commission=0.0)


def leaned(cells: dict[str, str], weights: str, delisted: dict[str, str] | None = None) -> Leaning:
    world = World(
        "2024-01-02", cells, weights, settings=FREE, listed={name: LISTED[name] for name in cells},
        delisted=delisted or {},
    )  # fmt: skip
    bars, *_ = world.inputs
    ledger = replay(*world.inputs)
    trips = round_trips(ledger, dividends_by_symbol(ledger, bars))
    return leaning(bars, np.ones(bars.shape, dtype=np.bool_), trips)


def test_the_share_of_the_best_name_is_of_the_whole_profit() -> None:
    found = leaned({A: "10;pre=10 10 10.9 10.9", B: "10;pre=10 10 9.9 9.9"}, "4000 4000|.|0 0")
    assert found.trips == 2
    assert found.name == A
    assert found.name_share is not None
    assert found.name_share == pytest.approx(0.9 / 0.8, rel=0.01)  # the other lost a part of it


def test_without_a_profit_there_are_no_shares() -> None:
    found = leaned({A: "10;pre=10 10 9 9"}, "4000|.|0")
    assert found.profit < 0
    assert (found.name, found.name_share, found.catalyst, found.catalyst_share) == ("", None, None, None)
    assert leaned({A: "10;pre=10 10 9 9"}, "") == Leaning()


def test_the_best_catalyst_is_named() -> None:
    result = small_result()
    trips = round_trips(result.ledger, dividends_by_symbol(result.ledger, result.history.bars))
    found = attribute(result.history, result.ledger, trips)
    best = max(found.moved, key=lambda one: one.result)
    leans = leaning(result.history.bars, result.history.members.to_numpy(), trips, found)
    assert (leans.catalyst is not None) == (best.result > 0)
    assert leans.trips == sum(trip.closed is not None for trip in trips)


def test_a_trip_after_a_close_at_the_limit_is_told_apart() -> None:
    # closes at its limit of 11 on row 1, halted on row 2, bought at the open of row 3
    cells = "10;pre=10 10/11 - 11.2 11.6 11.6"
    found = leaned({A: cells}, ".|.|4000|.|0")
    assert (found.after_lock, found.lock_share) == (1, 1.0)
    # opened at the limit, closed below it: nobody was left unserved
    found = leaned({A: "10;pre=10 11/10.9 11.2 11.6 11.6"}, ".|4000|.|0")
    assert (found.after_lock, found.lock_share) == (0, None)


def test_locks_and_what_follows_them() -> None:
    bars = World("2024-01-02", {A: "10;pre=10 11 12.1/12 - 12"}, "", listed=LISTED).bars
    assert locked_up(bars)[:, 0].tolist() == [False, True, False, False, False]
    falls = World("2024-01-02", {A: "10;pre=10 9 8.1/8.5 - 8"}, "", listed=LISTED).bars
    assert locked_down(falls)[:, 0].tolist() == [False, True, False, False, False]
    assert not locked_up(falls).any()
    assert [follows(locked_up(bars), bars.traded, row, 0) for row in range(5)] == [False, False, True, False, False]


def test_gaps_are_sessions_without_a_bar_from_the_first_one_on() -> None:
    found = leaned({A: "10;pre=10 10 10 10", B: "- 10;pre=10 - 10"}, "")
    assert found.gaps == 1 / 7
    assert found.gap_names == ((B, 1 / 3),)


def test_a_name_that_has_left_the_exchange_has_no_gaps() -> None:
    found = leaned({A: "10;pre=10 10 - -", B: "10;pre=10 10 10 10"}, "", {A: "2024-01-04"})
    assert found.gaps == 0
    assert found.gap_names == ()


def test_sessions_of_no_member_are_no_gaps() -> None:
    bars = World("2024-01-02", {A: "10;pre=10 - - 10"}, "", listed=LISTED).bars
    members = np.array([[True], [True], [False], [False]])
    assert leaning(bars, members, ()).gaps == 0.5


@given(world=worlds())
@settings(max_examples=60)
def test_the_profit_is_what_the_account_gained_and_shares_follow_it(world: World) -> None:
    bars, targets, exits, market = world.inputs
    ledger = replay(bars, targets, exits, market)
    trips = round_trips(ledger, dividends_by_symbol(ledger, bars))
    found = leaning(bars, np.ones(bars.shape, dtype=np.bool_), trips, attribute(History(bars), ledger, trips))
    assert found.profit == int(ledger.equity[-1]) - ledger.start_cash
    assert 0 <= found.gaps < 1
    assert found.catalyst is None
    if found.profit > 0:
        assert found.name in bars.symbols
        assert found.name_share is not None
        assert found.name_share >= 1 / len(bars.symbols)
    else:
        assert found.name_share is None
