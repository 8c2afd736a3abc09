"""The naive way: a PandasData feed a symbol and a default Cerebro, sent the same orders."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import backtrader as bt
import pandas as pd

from backfolio.money import MILLS

if TYPE_CHECKING:
    from datetime import date

    from backfolio.bars import Bars
    from backfolio.ledger import Ledger

Orders = dict["date", list[tuple[str, str, int]]]

PLENTY = 1e12
"""CNY: the default broker knows no lots or ex-dates, so its cash must never bind."""


class Trade(NamedTuple):
    """A fill, as both ways can tell it."""

    session: date
    symbol: str
    side: str
    shares: int
    price: int
    """Mills."""


class SendsOrders(bt.Strategy):  # type: ignore[misc]
    """Sends each session's orders at market after its close, and writes down what fills."""

    params = (("orders", None),)

    def __init__(self) -> None:
        self.feeds = {feed._name: feed for feed in self.datas}  # noqa: SLF001  backtrader's own way to name a feed
        self.trades: list[Trade] = []

    def next(self) -> None:
        """Send what was decided on this session."""
        for symbol, side, shares in self.p.orders.get(self.datetime.date(0), ()):
            send = self.buy if side == "buy" else self.sell
            send(data=self.feeds[symbol], size=shares)

    def notify_order(self, order: bt.Order) -> None:
        """Write down a fill."""
        if order.status == order.Completed:
            done = order.executed
            self.trades.append(
                Trade(
                    bt.num2date(done.dt).date(),
                    order.data._name,  # noqa: SLF001
                    "buy" if order.isbuy() else "sell",
                    abs(int(done.size)),
                    round(done.price * MILLS),
                )
            )


def frames(bars: Bars) -> dict[str, pd.DataFrame]:
    """Return what a user would have loaded: a frame a symbol, only days that traded."""
    days = pd.DatetimeIndex(bars.sessions)
    made = {}
    for column, symbol in enumerate(bars.symbols):
        traded = bars.traded[:, column]
        prices = {name: getattr(bars, name)[traded, column] / MILLS for name in ("open", "high", "low", "close")}
        made[symbol] = pd.DataFrame({**prices, "volume": bars.volume[traded, column]}, index=days[traded])
    return made


def trades(ledger: Ledger) -> list[Trade]:
    """Return the fills of a replay."""
    days = [day.item() for day in ledger.sessions]
    return [Trade(days[f.session], ledger.symbols[f.symbol], f.side, f.shares, f.price) for f in ledger.fills]


def orders(ledger: Ledger) -> Orders:
    """Return the orders that the naive way must send to get the same fills: the evening before each."""
    days = [day.item() for day in ledger.sessions]
    made: Orders = defaultdict(list)
    for fill in ledger.fills:
        made[days[fill.session - 1]].append((ledger.symbols[fill.symbol], fill.side, fill.shares))
    return dict(made)


def run(data: dict[str, pd.DataFrame], sent: Orders) -> list[Trade]:
    """Run backtrader the way its documentation shows it."""
    cerebro = bt.Cerebro()
    cerebro.broker.setcash(PLENTY)
    for symbol, frame in data.items():
        cerebro.adddata(bt.feeds.PandasData(dataname=frame), name=symbol)
    cerebro.addstrategy(SendsOrders, orders=sent)
    strategies = cerebro.run()
    return list(strategies[0].trades)
