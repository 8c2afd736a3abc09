from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from backfolio.metrics import before_costs, capacity, dividends_by_symbol, slippage_cost, trade_statistics
from backfolio.metrics.capacity import NOTICED, PARTICIPATION
from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.testing import World
from backfolio.testing.worlds import worlds

NAME = "600519.SH"


def run(cells: str, weights: str, market: MarketSettings) -> World:
    return World("2024-01-02", {NAME: cells}, weights, settings=market, listed={NAME: "2001-08-27"})


def test_shares_of_the_volume_and_the_capital_that_meets_the_limit() -> None:
    # 1,000 of 100,000 bought, 1,000 of 10,000 sold: 1% and 10%, so 5.5% of the volume at 100,000 CNY
    world = run("10;pre=10 10;v=100000 10;v=10000", "1000|0", MarketSettings(cash=100_000.0))
    bars, *_ = world.inputs
    found = capacity(replay(*world.inputs), bars)
    assert found.median_share == pytest.approx(0.055)
    assert found.largest_share == 0.1
    assert found.over == 1
    assert found.capital == round(100_000_000 * PARTICIPATION / 0.055)


def test_what_the_volume_cut_off_belongs_to_the_order() -> None:
    # 2,000 wanted of 4,000 traded: 400 are bought, the order was half of the volume
    world = run("10;pre=10 10;v=4000", "2000", MarketSettings(cash=100_000.0))
    bars, *_ = world.inputs
    found = capacity(replay(*world.inputs), bars)
    assert (found.median_share, found.over) == (0.1, 1)
    assert found.capital == round(100_000_000 * PARTICIPATION / 0.5)


@pytest.mark.parametrize(("shares", "over"), [(5_000, 0), (5_100, 1)])
def test_a_fill_is_counted_above_a_twentieth(shares: int, over: int) -> None:
    world = run("10;pre=10 10;v=100000", "5100", MarketSettings(cash=shares / 0.51 * 10))
    bars, *_ = world.inputs
    ledger = replay(*world.inputs)
    assert [fill.shares for fill in ledger.fills] == [shares]
    assert shares / 100_000 > NOTICED or not over
    assert capacity(ledger, bars).over == over


def test_without_a_trade_nothing_can_be_said() -> None:
    world = run("10;pre=10 10", "", MarketSettings())
    bars, *_ = world.inputs
    found = capacity(replay(*world.inputs), bars)
    assert (found.median_share, found.largest_share, found.over, found.capital) == (None, None, 0, None)


def test_an_order_without_any_volume_has_no_share() -> None:
    world = run("10;pre=10 10;v=0", "5000", MarketSettings())
    bars, *_ = world.inputs
    ledger = replay(*world.inputs)
    assert [refusal.reason for refusal in ledger.refusals] == ["participation"]
    assert capacity(ledger, bars).capital is None


def test_slippage_is_what_was_paid_to_the_tick() -> None:
    # 10 bp of 10.00 is a fen: bought at 10.01, sold at 9.99
    market = MarketSettings(cash=100_000.0, slippage=10)
    world = run("10;pre=10 10 10", "5000|0", market)
    bars, *_ = world.inputs
    ledger = replay(*world.inputs)
    assert [fill.price for fill in ledger.fills] == [10_010, 9_990]
    assert slippage_cost(ledger, bars, market) == 5_000 * 10 * 2


def test_slippage_ends_at_the_limit() -> None:
    # 3% of 10.90 would be 11.23, beyond the limit of 11.00
    market = MarketSettings(cash=100_000.0, slippage=300)
    world = run("10;pre=10 10.9", "5000", market)
    bars, *_ = world.inputs
    assert slippage_cost(replay(*world.inputs), bars, market) == 5_000 * 100


def test_slippage_from_the_average_price() -> None:
    market = MarketSettings(cash=100_000.0, slippage=10, price="vwap")
    world = run("10;pre=10 10;v=100000;a=1020000", "5000", market)
    bars, *_ = world.inputs
    ledger = replay(*world.inputs)
    assert [fill.price for fill in ledger.fills] == [10_210]
    assert slippage_cost(ledger, bars, market) == 5_000 * 10


@given(world=worlds())
@settings(max_examples=100)
def test_the_result_before_costs_is_made_of_the_same_shares_at_unmoved_prices(world: World) -> None:
    bars, targets, exits, market = world.inputs
    ledger = replay(bars, targets, exits, market)
    slippage = slippage_cost(ledger, bars, market)
    costs = trade_statistics(ledger, bars).costs
    # as if the fills had been at the open, or at the average price to the tick, and free
    free = int((ledger.positions[-1] * ledger.mark[-1]).sum()) + int(dividends_by_symbol(ledger, bars).sum())
    for fill in ledger.fills:
        at = (fill.session, fill.symbol)
        price = int(bars.open[at])
        if market.price == "vwap":
            price = (2 * int(bars.amount[at]) + 10 * int(bars.volume[at])) // (20 * int(bars.volume[at])) * 10
            if bars.limit_state[at] == 1:
                price = max(int(bars.down[at]), min(int(bars.up[at]), price))
        free += (-1 if fill.side == "buy" else 1) * fill.shares * price
    assert before_costs(ledger, costs, slippage) == free
    gained = int(ledger.equity[-1]) - ledger.start_cash
    assert before_costs(ledger, costs, slippage) - costs.total - slippage == gained


@given(world=worlds())
@settings(max_examples=40)
def test_no_fill_takes_more_than_the_setting_allows(world: World) -> None:
    bars, targets, exits, market = world.inputs
    found = capacity(replay(bars, targets, exits, replace(market, participation=0.05)), bars)
    assert found.over == 0
    assert found.largest_share is None or 0 < found.largest_share <= 0.05
