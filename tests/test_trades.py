from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from backfolio import replay
from backfolio.ledger import Fill, Ledger, Refusal
from backfolio.metrics import Costs, dividends_by_symbol, round_trips, trade_statistics
from backfolio.testing.build import World
from finished import small_result

if TYPE_CHECKING:
    from backfolio.bars import Bars


def ledger_of(positions: list[list[int]], fills: list[Fill], marks: int = 10_000, cash: int = 1_000_000) -> Ledger:
    """Return a ledger with these closing positions; every mark is `marks`."""
    shares = np.array(positions, dtype=np.int64)
    flows = np.zeros(len(shares), dtype=np.int64)
    for fill in fills:
        value = fill.shares * fill.price
        flows[fill.session] += -value if fill.side == "buy" else value
        flows[fill.session] -= fill.commission + fill.stamp_duty + fill.transfer_fee + fill.dividend_tax
    balance = cash + np.cumsum(flows)
    mark = np.full(shares.shape, marks, dtype=np.int64)
    return Ledger(
        sessions=np.arange("2024-01-02", len(shares), dtype="datetime64[D]")
        if not len(shares)
        else np.datetime64("2024-01-02") + np.arange(len(shares)),
        symbols=tuple(f"60000{column}.SH" for column in range(shares.shape[1])),
        fills=tuple(fills),
        refusals=(),
        cash=balance,
        equity=balance + (shares * mark).sum(axis=1),
        positions=shares,
        mark=mark,
        start_cash=cash,
        dividends=np.zeros(len(shares), dtype=np.int64),
    )


def buy(session: int, shares: int, price: int, symbol: int = 0, fees: tuple[int, int, int, int] = (0, 0, 0, 0)) -> Fill:
    return Fill(session, symbol, "buy", shares, price, *fees, "target")


def sell(
    session: int,
    shares: int,
    price: int,
    symbol: int = 0,
    fees: tuple[int, int, int, int] = (0, 0, 0, 0),
    reason: str = "target",
) -> Fill:
    return Fill(session, symbol, "sell", shares, price, *fees, reason)


def test_a_round_trip_goes_from_the_first_buy_to_the_last_share() -> None:
    fills = [
        buy(1, 100, 10, fees=(50, 0, 1, 0)),
        buy(2, 100, 20, fees=(50, 0, 1, 0)),
        sell(3, 50, 30, fees=(50, 5, 1, 2)),
        sell(5, 150, 40, fees=(50, 5, 1, 3), reason="stop_loss"),
    ]
    (trip,) = round_trips(ledger_of([[0], [100], [200], [150], [150], [0], [0]], fills))
    assert (trip.opened, trip.closed, trip.sessions, trip.reason) == (1, 5, 4, "stop_loss")
    assert trip.paid == 100 * 10 + 100 * 20 + 102
    assert trip.received == 50 * 30 + 150 * 40 - 58 - 59
    assert trip.result == trip.received - trip.paid
    assert trip.fraction == trip.result / trip.paid


def test_a_name_can_have_many_round_trips_and_one_open() -> None:
    fills = [buy(0, 100, 10), sell(1, 100, 12), buy(3, 100, 10), sell(4, 40, 9), buy(4, 10, 9, symbol=1)]
    ledger = ledger_of([[100, 0], [0, 0], [0, 0], [100, 0], [60, 10]], fills, marks=11)
    first, second, third = round_trips(ledger)
    assert (first.result, first.closed) == (200, 1)
    assert (second.opened, second.closed, second.value, second.sessions, second.reason) == (3, None, 660, 1, "")
    assert second.result == 360 + 660 - 1000
    assert (third.symbol, third.opened, third.closed, third.sessions) == (1, 4, None, 0)
    figures = trade_statistics(ledger)
    assert (figures.round_trips, figures.open_positions, figures.hit_rate) == (1, 2, 1)


def test_selling_out_and_buying_back_in_one_session_are_two_round_trips() -> None:
    fills = [buy(0, 100, 10), sell(1, 100, 12), buy(1, 200, 12), sell(2, 200, 12)]
    trips = round_trips(ledger_of([[100], [200], [0]], fills))
    assert [(trip.opened, trip.closed, trip.result) for trip in trips] == [(0, 1, 200), (1, 2, 0)]


def test_bonus_shares_belong_to_the_round_trip() -> None:
    # 100 bought, 30 more by a bonus issue on the third session, all 130 sold on the fourth
    ledger = ledger_of([[0], [100], [130], [0]], [buy(1, 100, 13), sell(3, 130, 10)])
    dividends = np.array([[0], [0], [500], [0]])
    (trip,) = round_trips(ledger, dividends)
    assert (trip.closed, trip.dividends, trip.result) == (3, 500, 1300 + 500 - 1300)


def test_bonus_shares_on_the_day_of_the_sale_and_dividends_after_the_last_fill() -> None:
    fills = [buy(0, 100, 10), sell(2, 110, 10), buy(2, 100, 10, symbol=1)]
    ledger = ledger_of([[100, 0], [100, 0], [0, 100], [0, 100]], fills)
    dividends = np.array([[0, 0], [0, 0], [7, 0], [0, 9]])
    first, second = round_trips(ledger, dividends)
    assert (first.closed, first.dividends) == (2, 7)
    assert (second.closed, second.dividends) == (None, 9)


def test_figures_by_hand() -> None:
    fills = [
        buy(0, 100, 1_000, fees=(500, 0, 10, 0)),
        sell(1, 100, 1_100, fees=(500, 60, 10, 30)),
        buy(1, 100, 1_000),
        sell(3, 100, 900, reason="stop_loss"),
    ]
    ledger = ledger_of([[100], [100], [100], [0]], fills, marks=1_000)
    ledger = replace(
        ledger,
        refusals=(
            Refusal(0, 0, "buy", 300, "cash"),
            Refusal(1, 0, "sell", 100, "limit_down"),
            Refusal(2, 0, "buy", 50, "cash"),
        ),
    )
    figures = trade_statistics(ledger)
    won = 110_000 - 600 - 100_000 - 510
    assert (figures.fills, figures.buys, figures.sells, figures.refusals) == (4, 2, 2, 3)
    assert figures.hit_rate == 0.5
    assert figures.best_trip == figures.mean_gain == won / 100_510
    assert figures.worst_trip == figures.mean_loss == -0.1
    assert figures.mean_result == pytest.approx((won / 100_510 - 0.1) / 2)
    assert figures.profit_factor == won / 10_000
    assert figures.mean_sessions == 1.5
    assert figures.costs == Costs(1_000, 60, 20, 30)
    assert figures.costs.total == 1_110
    assert figures.cost_share == 1_110 / 1_000_000
    assert figures.turnover == pytest.approx(400_000 / 2 / ledger.equity.mean() * 243 / 4)
    assert figures.sessions_invested == 0.75
    assert figures.exposure == pytest.approx(np.mean([100_000 / value for value in ledger.equity[:3]] + [0]))
    assert [(exit_.reason, exit_.trips, exit_.hit_rate) for exit_ in figures.exits] == [
        ("stop_loss", 1, 0),
        ("target", 1, 1),
    ]
    assert [(row.reason, row.buys, row.sells, row.shares) for row in figures.refused] == [
        ("cash", 2, 0, 350),
        ("limit_down", 0, 1, 100),
    ]
    (name,) = figures.names
    assert (name.symbol, name.buys, name.sells, name.bought, name.sold, name.refusals) == (
        "600000.SH", 2, 2, 200_000, 200_000, 3,
    )  # fmt: skip
    assert name.result == won - 10_000


def test_nothing_traded_is_all_defined() -> None:
    figures = trade_statistics(ledger_of([[0], [0]], []))
    nothing = ("hit_rate", "mean_result", "mean_gain", "mean_loss", "best_trip", "worst_trip", "profit_factor")
    assert all(getattr(figures, name) is None for name in (*nothing, "mean_sessions"))
    assert (figures.turnover, figures.exposure, figures.sessions_invested, figures.cost_share) == (0, 0, 0, 0)
    assert (figures.exits, figures.refused, figures.names, figures.trips) == ((), (), (), ())


def test_a_lost_account_has_no_turnover() -> None:
    ledger = ledger_of([[0]], [], cash=0)
    assert (trade_statistics(ledger).turnover, trade_statistics(ledger).cost_share) == (None, None)


def test_dividends_by_symbol_add_up_to_the_ledgers() -> None:
    result = small_result()
    paid = dividends_by_symbol(result.ledger, result.history.bars)
    assert paid.sum() == 1_500_000
    assert np.array_equal(paid.sum(axis=1), result.ledger.dividends)


def conserved(ledger: Ledger, bars: Bars) -> None:
    figures = trade_statistics(ledger, bars)
    gained = int(ledger.equity[-1]) - ledger.start_cash
    assert sum(trip.result for trip in figures.trips) == gained
    assert sum(name.result for name in figures.names) == gained
    assert np.array_equal(dividends_by_symbol(ledger, bars).sum(axis=1), ledger.dividends)


def test_round_trips_add_up_to_what_the_account_gained() -> None:
    result = small_result()
    assert len(result.ledger.fills) > 4
    conserved(result.ledger, result.history.bars)


cells = st.sampled_from(["10", "10.5", "9.8", "10.2", "9.6", "-", "10;cash=0.31", "9.9;bonus=0.3", "9.7;pre=9.8"])
orders = st.sampled_from([".", "0", "2000", "5000"])


@st.composite
def accounts(draw: st.DrawFn) -> tuple[Ledger, Bars]:
    """Draw a market of two names with halts, dividends and ratios, and what an account did in it."""
    rows = draw(st.integers(3, 12))
    lines = {
        symbol: " ".join(["10", *draw(st.lists(cells, min_size=rows - 1, max_size=rows - 1))])
        for symbol in ("600519.SH", "688256.SH")
    }
    weights = "|".join(" ".join(draw(st.lists(orders, min_size=2, max_size=2))) for _ in range(rows))
    world = World("2024-01-02", lines, weights, listed=dict.fromkeys(lines, "2015-01-05"))
    return replay.replay(*world.inputs), world.bars


@settings(max_examples=40)
@given(accounts())
def test_whatever_happens_the_results_add_up(account: tuple[Ledger, Bars]) -> None:
    conserved(*account)


def test_such_accounts_buy_sell_and_are_paid() -> None:
    def all_of_it(account: tuple[Ledger, Bars]) -> bool:
        ledger, _ = account
        return {fill.side for fill in ledger.fills} == {"buy", "sell"} and bool(ledger.dividends.any())

    ledger, bars = find(accounts(), all_of_it, settings=settings(phases=[Phase.generate]))
    conserved(ledger, bars)
