"""Known traps of backtrader: what its own broker and feeds do, beside what happens here.

Each test first shows the trap in a `bt.Cerebro` with `PandasData` feeds, so
that the day backtrader changes is noticed, and then the same market here.
"""

from __future__ import annotations

import inspect
import math
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from backfolio import replay as package
from backfolio.replay import replay, replay_plain
from backfolio.settings import MarketSettings
from backfolio.testing import World, build

if TYPE_CHECKING:
    from backfolio.ledger import Ledger

A, B = "000001.SZ", "600000.SH"
STAR = "688256.SH"
NO_BAR = float("nan")


def free(cash: float) -> MarketSettings:
    return MarketSettings(cash=cash, commission=0.0, min_commission=0.0, participation=1.0)


def naive(market: dict[str, list[float]], strategy: type, cash: float, **options: Any) -> Any:
    """Run a strategy as backtrader's manual shows it; a price of None is a day without a row."""
    cerebro = bt.Cerebro(**options)
    cerebro.broker.setcash(cash)
    for name, prices in market.items():
        frame = pd.DataFrame(
            dict.fromkeys(("open", "high", "low", "close"), prices) | {"volume": 1e6},
            index=pd.bdate_range("2024-01-02", periods=len(prices)),
            dtype=float,
        )
        kept = [price is not None for price in prices]
        cerebro.adddata(bt.feeds.PandasData(dataname=frame[kept]), name=name)
    cerebro.addstrategy(strategy)
    return cerebro.run()[0]


def ours(market: dict[str, list[float]], strategy: type, cash: float, **options: Any) -> Ledger:
    """Run the same strategy on the same market here."""
    lines = {
        name: " ".join("-" if price is None or math.isnan(price) else f"{price}" for price in prices)
        for name, prices in market.items()
    }
    return replay_plain(build("2024-01-02", lines), strategy, {}, free(cash), **options)


def filled(ledger: Ledger) -> list[tuple[int, str, str, int, float]]:
    return [
        (fill.session, ledger.symbols[fill.symbol], fill.side, fill.shares, fill.price / 1_000) for fill in ledger.fills
    ]


def test_a_late_listing_delays_nobody() -> None:
    class Counts(bt.Strategy):
        days: list[str]

        def start(self) -> None:
            Counts.days = []

        def next(self) -> None:
            Counts.days.append(str(self.datetime.date(0)))

    market = {A: [10] * 5, B: [None, None, 10, 10, 10]}
    naive(market, Counts, 10_000)
    assert Counts.days == ["2024-01-04", "2024-01-05", "2024-01-08"]
    ours(market, Counts, 10_000)
    assert Counts.days == ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"]
    # And a target of the first session is filled in the second.
    world = World("2024-01-02", {A: "10;pre=10 10 10 10 10", B: "- - 10 10 10"}, "5000 .", settings=free(10_000))
    assert filled(replay(*world.inputs)) == [(1, A, "buy", 500, 10)]


def test_a_day_without_a_bar_leaves_the_account_a_value() -> None:
    class Holds(bt.Strategy):
        values: list[float]

        def start(self) -> None:
            Holds.values = []

        def next(self) -> None:
            if len(self) == 1:
                self.buy(size=100)
            Holds.values.append(self.broker.getvalue())

    market = {A: [10, 10, NO_BAR, NO_BAR, 11]}
    naive(market, Holds, 10_000)
    assert [math.isnan(value) for value in Holds.values] == [False, False, True, True, False]
    ledger = ours(market, Holds, 10_000)
    # 100 shares at 10 and 0.01 of transfer fee; the halt keeps the last close.
    assert Holds.values == [10_000, 9_999.99, 9_999.99, 9_999.99, 10_099.99]
    assert (ledger.equity / 1_000).tolist() == Holds.values


def test_an_order_does_not_outlive_its_session() -> None:
    class BuysB(bt.Strategy):
        def next(self) -> None:
            if len(self) == 1:
                self.buy(data=self.getdatabyname(B), size=100)

    # B is halted for three sessions and comes back at twice the price.
    market = {A: [10] * 6, B: [10, None, None, None, 10.9, 10.9]}
    strategy = naive(market, BuysB, 10_000)
    (order,) = [order for order in strategy.broker.orders if order.status == bt.Order.Completed]
    assert (bt.num2date(order.executed.dt).date().isoformat(), order.executed.price) == ("2024-01-08", 10.9)
    ledger = ours(market, BuysB, 10_000)
    assert filled(ledger) == []
    assert [tuple(refusal) for refusal in ledger.refusals] == [(1, 1, "buy", 100, "suspended")]


def test_feeds_are_told_apart_by_name_not_by_price() -> None:
    class Compares(bt.Strategy):
        places: tuple[int, Any]

        def next(self) -> None:
            Compares.places = (self.datas.index(self.data1), self.data0 == self.data1)
            if len(self) == 1:
                self.buy(data=self.data1, size=200)
            elif len(self) == 2:
                Compares.sizes = [self.getposition(data).size for data in self.datas]

    market = {A: [10.0] * 4, B: [10.0] * 4}
    naive(market, Compares, 10_000)
    assert Compares.places == (0, True)  # the second feed is found in the first one's place
    ledger = ours(market, Compares, 10_000)
    assert Compares.sizes == [0, 200]
    assert filled(ledger) == [(1, B, "buy", 200, 10)]
    assert ledger.positions[-1].tolist() == [0, 200]


def test_cash_is_asked_at_the_open_and_one_refusal_refuses_no_other() -> None:
    class Batch(bt.Strategy):
        ends: dict[str, str]

        def start(self) -> None:
            Batch.ends = {}

        def next(self) -> None:
            if len(self) == 1:
                self.buy(data=self.data0, size=1_000)
                self.buy(data=self.data1, size=100)

        def notify_order(self, order: Any) -> None:
            if not order.alive():
                Batch.ends[order.data._name] = order.getstatusname()

    # 10,000 CNY. At the decision's close A costs 10,500; at the open 9,800, and B 100 more.
    market = {A: [10.5, 9.8, 9.8], B: [1.0, 1.0, 1.0]}
    naive(market, Batch, 10_000)
    assert Batch.ends == {A: "Margin", B: "Margin"}  # B as well, though it costs 100
    ledger = ours(market, Batch, 10_000)
    assert Batch.ends == {A: "Completed", B: "Completed"}
    assert filled(ledger) == [(1, A, "buy", 1_000, 9.8), (1, B, "buy", 100, 1)]


def test_sells_fund_buys_whatever_the_order_in_which_they_were_sent() -> None:
    class Switches(bt.Strategy):
        ends: list[tuple[str, str]]

        def start(self) -> None:
            Switches.ends = []

        def next(self) -> None:
            if len(self) == 1:
                self.buy(data=self.data1, size=900)
            elif len(self) == 3:
                self.buy(data=self.data0, size=800)
                self.sell(data=self.data1, size=900)

        def notify_order(self, order: Any) -> None:
            if not order.alive():
                Switches.ends.append((order.data._name, order.getstatusname()))

    market = {A: [10.0] * 5, B: [10.0] * 5}
    naive(market, Switches, 10_000)
    # The refused buy took the cash of its batch below zero; the sale after it was let through only by its size.
    assert (A, "Margin") in Switches.ends
    ledger = ours(market, Switches, 10_000)
    assert Switches.ends == [(B, "Completed"), (B, "Completed"), (A, "Completed")]
    assert filled(ledger)[1:] == [(3, B, "sell", 900, 10), (3, A, "buy", 800, 10)]
    # Targets do the same: all of B into A on one row.
    lines = {A: "10;pre=10 10 10 10", B: "10;pre=10 10 10 10"}
    world = World("2024-01-02", lines, ". 9000|8000 0", settings=free(10_000))
    assert filled(replay(*world.inputs))[1:] == [(2, B, "sell", 900, 10), (2, A, "buy", 700, 10)]


PATH = [round(10 + k * 37 % 101 / 100, 2) for k in range(61)]
"""Prices from 10.00 to 11.00 that never repeat in a pattern that cancels."""


class RoundTrips(bt.Strategy):  # type: ignore[misc]
    """Buys 237 shares every other session and sells them the next."""

    def next(self) -> None:
        if len(self) % 2:
            self.buy(size=237)
        else:
            self.close()


def test_cash_is_exact_to_the_mill_after_many_round_trips() -> None:
    exact = Decimal(100_000)
    for row in range(1, len(PATH)):
        exact += 237 * Decimal(str(PATH[row])) * (-1 if row % 2 else 1)
    naive_cash = naive({STAR: PATH}, RoundTrips, 100_000).broker.getcash()
    assert naive_cash == pytest.approx(float(exact))
    assert naive_cash != float(exact)  # cost plus profit, added up in floats
    # Here the exchange takes its fees, so the exact sum has them: duty 0.05% of a sale, transfer 0.001% of both.
    fen = Decimal("0.01")
    for row in range(1, len(PATH)):
        value = 237 * Decimal(str(PATH[row]))
        exact -= (value * Decimal("0.00001")).quantize(fen, ROUND_HALF_UP)
        exact -= (value * Decimal("0.0005")).quantize(fen, ROUND_HALF_UP) if row % 2 == 0 else 0
    ledger = ours({STAR: PATH}, RoundTrips, 100_000)
    assert len(ledger.fills) == 60
    assert Decimal(int(ledger.cash[-1])) / 1_000 == exact
    assert ledger.positions[-1, 0] == 0


def test_every_line_keeps_its_whole_past() -> None:
    class LooksBack(bt.Strategy):
        seen: list[list[float]]

        def start(self) -> None:
            LooksBack.seen = []

        def next(self) -> None:
            LooksBack.seen.append([self.data.close[-ago] for ago in range(len(self))])

    prices = [10.0, 10.1, 10.2, 10.3]
    expected = [prices[row::-1] for row in range(4)]
    with pytest.raises(IndexError):
        naive({A: prices}, LooksBack, 10_000, exactbars=1)  # keeps no more than indicators asked for
    ours({A: prices}, LooksBack, 10_000)
    assert LooksBack.seen == expected


def test_lines_are_the_arrays_of_the_bars_row_by_row() -> None:
    bars = build("2024-01-02", {A: "10;pre=10 10.5/10.2;v=777 - 5.1;bonus=1", B: "- 20/21 22 -"})

    class Records(bt.Strategy):
        rows: list[list[float]]

        def start(self) -> None:
            Records.rows = []

        def next(self) -> None:
            row = [self.datetime[0], *[data.datetime[0] for data in self.datas]]
            row += [line[0] for data in self.datas for line in (data.open, data.close, data.volume)]
            assert len(self) == len(self.data0) == len(self.data1)
            Records.rows.append(row)

    replay_plain(bars, Records)
    days = [(day - np.datetime64("0001-01-01")).astype(int) + 1 for day in bars.sessions]
    nan = float("nan")
    expected = [
        [*[days[0]] * 3, 10, 10, 1e6, nan, nan, 0],
        [*[days[1]] * 3, 10.5, 10.2, 777, 20, 21, 1e6],
        [*[days[2]] * 3, 10.2, 10.2, 0, 22, 22, 1e6],  # halted: flat at the last close
        [*[days[3]] * 3, 5.1, 5.1, 1e6, 22, 22, 0],
    ]
    assert np.array_equal(np.array(Records.rows), np.array(expected), equal_nan=True)


def test_our_cerebro_never_saves_memory() -> None:
    source = inspect.getsource(package)
    assert source.count("bt.Cerebro(") == 1
    assert "exactbars=False" in source
