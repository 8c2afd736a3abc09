"""What must hold of every ledger, whatever the market did."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.targets import Targets
from backfolio.testing import World, worlds
from second_limits import LIMITED, board

if TYPE_CHECKING:
    from backfolio.ledger import Ledger

LOTS = {"main": (100, 100), "chinext": (100, 100), "star": (200, 1), "bse": (100, 1)}
"""Least buy and step, shares."""

quick = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def run(world: World) -> Ledger:
    return replay(*world.inputs)


def traded_shares(ledger: Ledger, side: str) -> np.ndarray:
    """Return shares filled, sessions x symbols."""
    shares = np.zeros_like(ledger.positions)
    for fill in ledger.fills:
        if fill.side == side:
            shares[fill.session, fill.symbol] += fill.shares
    return shares


def before(array: np.ndarray, first: int = 0) -> np.ndarray:
    """Return the row before each row; `first` before the first."""
    return np.concatenate([np.full_like(array[:1], first), array[:-1]])


def allowed(symbol: str, shares: int) -> int:
    """Return the largest quantity up to `shares` that the lot rule allows."""
    least, step = LOTS[board(symbol)]
    return 0 if shares < least else shares // step * step


@quick
@given(worlds(rising_reference=False))
def test_cash_is_never_negative(world: World) -> None:
    assert (run(world).cash >= 0).all()


@quick
@given(worlds())
def test_cash_and_positions_are_equity(world: World) -> None:
    ledger = run(world)
    assert np.array_equal(ledger.cash + (ledger.positions * world.bars.mark).sum(axis=1), ledger.equity)
    assert (ledger.positions >= 0).all()


@quick
@given(worlds())
def test_cash_moves_by_fills_and_dividends_alone(world: World) -> None:
    ledger = run(world)
    moved = ledger.dividends.copy()
    for fill in ledger.fills:
        value = fill.shares * fill.price
        fees = fill.commission + fill.stamp_duty + fill.transfer_fee + fill.dividend_tax
        moved[fill.session] += (value if fill.side == "sell" else -value) - fees
    assert np.array_equal(np.diff(ledger.cash, prepend=ledger.start_cash), moved)


@quick
@given(worlds())
def test_positions_move_by_fills_and_bonus_shares_alone(world: World) -> None:
    ledger, bars = run(world), world.bars
    held = before(ledger.positions)
    bonus = held * bars.share_ratio // 10_000_000
    assert np.array_equal(ledger.positions, held + bonus + traded_shares(ledger, "buy") - traded_shares(ledger, "sell"))


@quick
@given(worlds())
def test_nothing_bought_today_is_sold_today(world: World) -> None:
    ledger, bars = run(world), world.bars
    held = before(ledger.positions)
    sellable = held + held * bars.share_ratio // 10_000_000
    assert (traded_shares(ledger, "sell") <= sellable).all()


@quick
@given(worlds())
def test_no_fill_at_or_through_a_limit_or_in_a_halt(world: World) -> None:
    ledger, bars = run(world), world.bars
    for fill in ledger.fills:
        cell = fill.session, fill.symbol
        assert bars.traded[cell]
        if bars.limit_state[cell] == LIMITED:
            assert bars.down[cell] <= fill.price <= bars.up[cell]
            if fill.side == "buy":
                assert bars.open[cell] < bars.up[cell]
            else:
                assert bars.open[cell] > bars.down[cell]


@quick
@given(worlds())
def test_lots_ticks_and_participation(world: World) -> None:
    ledger, bars = run(world), world.bars
    for fill in ledger.fills:
        cell = fill.session, fill.symbol
        assert fill.shares > 0
        assert fill.price % 10 == 0
        assert fill.shares * 10_000 <= bars.volume[cell] * world.settings.participation_points
        emptied = fill.side == "sell" and ledger.positions[cell] == 0
        assert emptied or allowed(bars.symbols[fill.symbol], fill.shares) == fill.shares


@quick
@given(worlds())
def test_fees_sum_and_come_once_an_order(world: World) -> None:
    ledger = run(world)
    rate = world.settings.commission
    for fill in ledger.fills:
        value = fill.shares * fill.price
        assert fill.commission >= world.settings.min_commission_mills - 5
        assert abs(fill.commission - max(world.settings.min_commission_mills, value * rate)) <= 5.001
        assert 0 <= fill.transfer_fee <= value * 0.00002 + 5
        assert (fill.stamp_duty > 0) <= (fill.side == "sell")
        assert fill.commission % 10 == fill.stamp_duty % 10 == fill.transfer_fee % 10 == fill.dividend_tax == 0
    orders = [(fill.session, fill.symbol) for fill in ledger.fills]
    assert len(orders) == len(set(orders))


@quick
@given(worlds())
def test_value_is_conserved_on_an_ex_date(world: World) -> None:
    ledger, bars = run(world), world.bars
    bought, sold = traded_shares(ledger, "buy"), traded_shares(ledger, "sell")
    for session in range(1, len(bars.sessions)):
        events = (bars.cash_per_share[session] > 0) | (bars.share_ratio[session] > 0) | bars.ratio_only[session]
        held = ledger.positions[session - 1]
        after = ledger.positions[session] - bought[session] + sold[session]
        old = held * bars.mark[session - 1]
        new = after * np.where(events, bars.reference[session], bars.mark[session - 1])
        # Per event: the cash is rounded to a fen; the reference price, to a fen or by the exchange to the next
        # one, counts on every share; the fraction of a bonus share is lost.
        slack = np.where(events & (held > 0), 5 + 15 * after + bars.reference[session], 0).sum()
        assert abs(int(new.sum() - old.sum() + ledger.dividends[session])) <= slack
    assert ledger.dividends[0] == 0


@quick
@given(worlds(exits=False))
def test_fill_and_refusals_are_the_order(world: World) -> None:
    ledger, bars, targets = run(world), world.bars, world.targets
    done: dict[tuple[int, int, str], int] = defaultdict(int)
    for row in (*ledger.fills, *ledger.refusals):
        done[row.session, row.symbol, row.side] += row.shares
    for session, symbol in np.argwhere(targets.weights[:-1] >= 0):
        weight, mark = int(targets.weights[session, symbol]), int(bars.mark[session, symbol])
        if weight and not mark:
            continue
        held = int(ledger.positions[session, symbol])
        wanted = weight * int(ledger.equity[session]) // 10_000 // mark if weight else 0
        order = allowed(bars.symbols[symbol], wanted) - held
        bonus = held * int(bars.share_ratio[session + 1, symbol]) // 10_000_000
        size = allowed(bars.symbols[symbol], abs(order)) if order != -held else held + bonus
        buys, sells = (done[session + 1, symbol, side] for side in ("buy", "sell"))
        assert (buys, sells) == ((size, 0) if order > 0 else (0, size))


@quick
@given(worlds())
def test_refusals_fit_the_market(world: World) -> None:
    ledger, bars = run(world), world.bars
    least = world.settings.min_commission_mills + 10
    for refusal in ledger.refusals:
        cell = refusal.session, refusal.symbol
        assert (refusal.shares == 0) == (refusal.reason == "no_price")
        limited = bars.limit_state[cell] == LIMITED
        fits = {
            "suspended": not bars.traded[cell],
            "limit_up": refusal.side == "buy" and limited and bars.open[cell] >= bars.up[cell],
            "limit_down": refusal.side == "sell" and limited and bars.open[cell] <= bars.down[cell],
            "amount_unknown": world.settings.price == "vwap" and (bars.amount[cell] < 0 or bars.volume[cell] == 0),
            "delisted": not bars.traded[cell] and bars.mark[cell] == 0,
            "no_price": bars.mark[refusal.session - 1, refusal.symbol] == 0,
            # A sale is refused for want of cash where its fees exceed what it brings: a few shares at most.
            "cash": refusal.side == "buy" or refusal.shares * bars.down[cell] < least,
        }
        assert fits.get(refusal.reason, bool(bars.traded[cell]))


@quick
@given(worlds(), st.data())
def test_the_future_changes_nothing(world: World, data: st.DataObject) -> None:
    bars, targets, exits, market = world.inputs
    rows = data.draw(st.integers(1, len(bars.sessions)), label="rows")
    whole = replay(bars, targets, exits, market)
    cut = replay(bars.rows(0, rows), Targets(targets.weights[:rows]), exits, market)
    assert cut.fills == tuple(fill for fill in whole.fills if fill.session < rows)
    assert cut.refusals == tuple(refusal for refusal in whole.refusals if refusal.session < rows)
    for name in ("cash", "equity", "positions", "dividends"):
        assert np.array_equal(getattr(cut, name), getattr(whole, name)[:rows])


@quick
@given(worlds(), st.data())
def test_symbol_order_does_not_matter_when_cash_does_not_bind(world: World, data: st.DataObject) -> None:
    # Names change places within a board, so that their rules stay. With three quarters of it free, cash never binds.
    lighter = np.where(world.targets.weights > 0, world.targets.weights // 4, world.targets.weights)
    symbols = sorted(world.lines)
    renamed = dict(zip(symbols, symbols, strict=True))
    for kind in LOTS:
        group = [symbol for symbol in symbols if board(symbol) == kind and symbol not in world.st]
        renamed.update(zip(group, data.draw(st.permutations(group), label=kind), strict=True))
    bars = world.bars
    order = np.array([symbols.index(renamed[symbol]) for symbol in symbols])
    # Column k of the renamed market holds what the symbol renamed to symbols[k] was.
    source = np.argsort(order)
    arrays = {
        name: getattr(bars, name)[..., source]
        for name in vars(bars)
        if isinstance(getattr(bars, name), np.ndarray) and name != "sessions"
    }
    one = replay(bars, Targets(lighter), world.exits, world.settings)
    two = replay(replace(bars, **arrays), Targets(lighter[:, source]), world.exits, world.settings)
    assume(not any(refusal.reason == "cash" for refusal in (*one.refusals, *two.refusals)))
    assert np.array_equal(one.cash, two.cash)
    assert np.array_equal(one.positions[:, source], two.positions)
    moved = sorted(fill._replace(symbol=int(order[fill.symbol])) for fill in one.fills)
    assert moved == sorted(two.fills)
    assert sorted(r._replace(symbol=int(order[r.symbol])) for r in one.refusals) == sorted(two.refusals)


@quick
@given(worlds(most_symbols=3))
def test_a_symbol_never_named_changes_nothing(world: World) -> None:
    lines = {"000000.SZ": " ".join(["10;pre=10"] + ["10.5;cash=0.1", "-", "11"] * 20), **world.lines}
    rows = len(world.bars.sessions)
    lines["000000.SZ"] = " ".join(lines["000000.SZ"].split()[:rows])
    wider = replace(world, lines=lines)
    weights = np.concatenate([np.full((rows, 1), -1, dtype=np.int16), world.targets.weights], axis=1)
    with_it = replay(wider.bars, Targets(weights), world.exits, world.settings)
    alone = run(world)
    assert np.array_equal(with_it.cash, alone.cash)
    assert np.array_equal(with_it.equity, alone.equity)
    assert [fill._replace(symbol=fill.symbol - 1) for fill in with_it.fills] == list(alone.fills)


@quick
@given(worlds(), st.integers(2, 30))
def test_prices_and_cash_times_k_trade_the_same_shares(world: World, times: int) -> None:
    """Without commission and slippage, money times k at prices times k buys the same shares."""
    market = MarketSettings(
        cash=world.settings.cash,
        participation=1.0,
        chase=world.settings.chase,
        commission=0.0,
        min_commission=0.0,
    )
    bars = world.bars
    priced = ("open", "high", "low", "close", "reference", "up", "down", "mark", "cash_per_share")
    dear = replace(bars, **{name: getattr(bars, name) * times for name in priced})
    # Only the first order: later ones see fees, whose rounding to the fen does not scale.
    first = next((row for row, weights in enumerate(world.targets.weights) if (weights > 0).any()), 0)
    weights = world.targets.weights.copy()
    weights[first + 1 :] = -1
    one = replay(bars, Targets(weights), world.exits, market)
    two = replay(dear, Targets(weights), world.exits, replace(market, cash=market.cash * times))
    assume(not any(refusal.reason == "cash" for refusal in (*one.refusals, *two.refusals)))
    assert [(f.session, f.symbol, f.side, f.shares, f.price * times) for f in one.fills] == [
        (f.session, f.symbol, f.side, f.shares, f.price) for f in two.fills
    ]


@pytest.mark.parametrize("cash", [1.0, 99.0, 3_000.0])
def test_too_little_cash_buys_nothing_and_loses_nothing(cash: float) -> None:
    world = World("2024-01-02", {"600000.SH": "50;pre=50 50 50"}, "10000", settings=MarketSettings(cash=cash))
    ledger = run(world)
    assert (ledger.fills, ledger.refusals) == ((), ())
    assert set(ledger.cash.tolist()) == {round(cash * 1_000)}
