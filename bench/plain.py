"""The thesis of ``theses/fresh_strength.py`` as a backtrader user writes it, for ``cerebro.optstrategy``."""

from __future__ import annotations

import gc
from collections import defaultdict
from typing import TYPE_CHECKING

import backtrader as bt

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import pandas as pd

    from backfolio.history import History

Events = dict["date", list[str]]
"""Symbols that news touches, by the session after whose close one can act on it."""

CASH = 1_000_000.0
COMMISSION = 0.0003


class FreshStrength(bt.Strategy):  # type: ignore[misc]
    """Holds the strongest of the names that fresh news touches; sells by four exit rules besides."""

    params = (
        ("events", None),
        ("hold", 20),
        ("names", 5),
        ("span", 20),
        ("stop_loss", 0.15),
        ("trailing", None),
        ("take_profit", None),
        ("max_sessions", None),
    )

    def __init__(self) -> None:
        self.feeds = {feed._name: feed for feed in self.datas}  # noqa: SLF001  backtrader's own way to name a feed
        self.fresh_until = dict.fromkeys(self.feeds, 0)
        self.chosen: set[str] = set()
        self.since: dict[str, int] = {}
        self.peak: dict[str, float] = {}

    def next(self) -> None:
        """Decide after a close; orders fill at the next open."""
        now, today = len(self), self.datetime[0]
        for symbol in self.p.events.get(self.datetime.date(0), ()):
            self.fresh_until[symbol] = now + self.p.hold
        scores = []
        for symbol, feed in self.feeds.items():
            if now < self.fresh_until[symbol] and feed.datetime[0] == today and len(feed) > self.p.span:
                close = feed.close
                scores.append((close[-self.p.span] / close[0], symbol))
        chosen = {symbol for _, symbol in sorted(scores)[: self.p.names]}
        leaving = {symbol for symbol in self.chosen - chosen if self.feeds[symbol].datetime[0] == today}
        entering = chosen - self.chosen
        for symbol in leaving:
            self.close(self.feeds[symbol])
        self.judge(leaving)
        for symbol in entering:
            self.order_target_percent(self.feeds[symbol], 1 / self.p.names)
        self.chosen = (self.chosen - leaving) | entering

    def judge(self, leaving: set[str]) -> None:
        """Sell what an exit rule wants sold."""
        rules = self.p
        for symbol, since in list(self.since.items()):
            feed = self.feeds[symbol]
            price, position = feed.close[0], self.getposition(feed)
            peak = self.peak[symbol] = max(self.peak[symbol], price)
            if symbol not in leaving and (
                (rules.stop_loss and price <= position.price * (1 - rules.stop_loss))
                or (rules.trailing and price <= peak * (1 - rules.trailing))
                or (rules.take_profit and price >= position.price * (1 + rules.take_profit))
                or (rules.max_sessions and len(self) - since >= rules.max_sessions)
            ):
                self.close(feed)

    def notify_order(self, order: bt.Order) -> None:
        """Keep when each position began."""
        if order.status != order.Completed:
            return
        symbol = order.data._name  # noqa: SLF001
        if not self.getposition(order.data).size:
            self.since.pop(symbol, None)
        elif symbol not in self.since:
            self.since[symbol], self.peak[symbol] = len(self), order.data.close[0]


class Watched(FreshStrength):
    """Writes down which names it chose after each session."""

    def __init__(self) -> None:
        super().__init__()
        self.choices: dict[date, set[str]] = {}

    def next(self) -> None:
        """Decide, and write it down."""
        super().next()
        self.choices[self.datetime.date(0)] = set(self.chosen)


def events(history: History, *kinds: str) -> Events:
    """Return when news of some kinds can be acted on, and whom it touches."""
    days = [day.item() for day in history.bars.sessions]
    found: Events = defaultdict(list)
    for touch in history.touches():
        if touch.catalyst.kind in kinds:
            found[days[touch.row]] += [history.symbols[column] for column in touch.columns]
    return dict(found)


def cerebro(data: dict[str, pd.DataFrame]) -> bt.Cerebro:
    """Set up as for an optimisation: no observers, everything else as it comes (feeds loaded once, all processors)."""
    made = bt.Cerebro(stdstats=False)
    made.broker.setcash(CASH)
    made.broker.setcommission(COMMISSION)
    for symbol, frame in data.items():
        made.adddata(bt.feeds.PandasData(dataname=frame), name=symbol)
    return made


def optimise(data: dict[str, pd.DataFrame], news: Events, **values: Iterable[object]) -> int:
    """Let backtrader's optimiser try every combination of values; return how many it told the return of."""
    made = cerebro(data)
    made.addanalyzer(bt.analyzers.Returns)
    made.optstrategy(FreshStrength, events=[news], **values)
    told = [run.analyzers.returns.get_analysis()["rtot"] for runs in made.run() for run in runs]
    gc.collect()  # ends the processes, which the optimiser leaves to the collector
    return len(told)


def watch(data: dict[str, pd.DataFrame], news: Events) -> Watched:
    """Run once, as set by default, and return what it did."""
    made = cerebro(data)
    made.addstrategy(Watched, events=news)
    run: Watched = made.run()[0]
    return run
