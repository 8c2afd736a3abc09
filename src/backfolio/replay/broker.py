"""`AShareBroker`: a backtrader broker that trades as the exchanges do."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

import backtrader as bt

from backfolio import ashare, book
from backfolio.ashare.fill import BELOW_LOT, BUY, NO_PRICE, SELL
from backfolio.errors import ThesisError
from backfolio.money import MILLS
from backfolio.replay.account import Account
from backfolio.replay.feeds import session_numbers, symbol_feed

if TYPE_CHECKING:
    from collections.abc import Callable

    from backfolio.bars import Bars
    from backfolio.ledger import Ledger
    from backfolio.replay.feeds import SymbolFeed
    from backfolio.settings import MarketSettings


class Ticket:
    """What the market needs to know of a backtrader order."""

    __slots__ = ("reason", "sells_all", "shares", "side", "symbol", "tries", "weight")

    def __init__(
        self, symbol: int, side: int, shares: int, *, sells_all: bool, weight: int, tries: int, reason: int
    ) -> None:
        self.symbol = symbol
        self.side = side
        self.shares = shares
        self.sells_all = sells_all
        self.weight = weight
        self.tries = tries
        self.reason = reason

    def priority(self) -> tuple[int, int, int]:
        """Sort key: sells by symbol, then buys by weight descending and symbol."""
        return book.priority(self.side, self.weight, self.symbol)


class AShareBroker(bt.BrokerBase):  # type: ignore[misc]
    """A broker with T+1, price limits, lots, suspensions, ex-dates and dated fees.

    Every order is a market order for the next open. In a plain backtrader
    strategy it is a day order: what that session does not fill expires.

    Parameters
    ----------
    bars
        The sessions of the run; feeds are named by symbol.
    settings
        Cash, costs and liquidity.
    on_session
        Called with the row of each finished session.

    Raises
    ------
    ThesisError
        On submission of an order that is not a plain market order.
    """

    def __init__(self, bars: Bars, settings: MarketSettings, on_session: Callable[[int], None] | None = None) -> None:
        super().__init__()
        self.account = Account(bars, settings)
        self.startingcash = settings.cash  # backtrader reads it
        self.row = -1
        self._columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
        self._numbers = session_numbers(bars.sessions).tolist()
        self._standing: dict[int, Any] = {}
        self._day_orders: list[Any] = []
        self._unsized: list[int] = []
        self._feeds: dict[int, SymbolFeed] = {}
        self._templates: dict[int, Any] = {}
        self._notifications: collections.deque[Any] = collections.deque()
        self._on_session = on_session

    # --- the session -------------------------------------------------------

    def next(self) -> None:
        """Run one session: corporate actions, sells, buys, marking."""
        self.row += 1
        row, account = self.row, self.account
        for symbol in self._unsized:
            account.refuse(row, symbol, BUY, 0, NO_PRICE)
        self._unsized.clear()
        account.open_session(row)
        if self._standing or self._day_orders:
            orders = [*self._standing.values(), *self._day_orders]
            orders.sort(key=lambda order: order.ticket.priority())
            for order in orders:
                self._execute(order)
            self._day_orders.clear()
        account.close_session(row)
        if self._on_session is not None:
            self._on_session(row)

    def _execute(self, order: Any) -> None:
        ticket, row, account = order.ticket, self.row, self.account
        ticket.shares = book.shares_at_open(ticket.shares, ticket.sells_all, account.shares.item(ticket.symbol))
        if ticket.reason == book.ORDER:
            self._execute_plain(order)
            return
        ticket.shares -= account.trade(row, ticket.symbol, ticket.side, ticket.shares, ticket.reason)
        ticket.tries -= 1
        if not book.stands(ticket.side, ticket.shares, ticket.tries):
            del self._standing[ticket.symbol]

    def _execute_plain(self, order: Any) -> None:
        """Execute a plain strategy's order, which is told of it; a run of targets reads the ledger alone."""
        ticket = order.ticket
        order.executed.remsize = ticket.shares * ticket.side
        before = self.account.held.get(ticket.symbol)
        average = before.cost / before.shares / MILLS if before else 0.0
        filled = self.account.trade(self.row, ticket.symbol, ticket.side, ticket.shares, ticket.reason)
        if filled:
            self._report_fill(order, filled, average)
        ticket.shares -= filled
        self._end_of_day(order, filled)

    def _report_fill(self, order: Any, filled: int, average: float) -> None:
        """Write the fill into the backtrader order, in CNY floats for its readers."""
        fill = self.account.fills[-1]
        price = fill.price / MILLS
        comm = (fill.commission + fill.stamp_duty + fill.transfer_fee + fill.dividend_tax) / MILLS
        number = self._numbers[self.row]
        position = self.account.held.get(fill.symbol)
        size = position.shares if position else 0
        cost = position.cost / size / MILLS if position else 0.0
        if fill.side == "buy":
            order.execute(number, filled, price, 0, 0.0, 0.0, filled, filled * price, comm, None, 0.0, size, cost)
        else:
            pnl = filled * (price - average)
            order.execute(number, -filled, price, -filled, filled * average, comm, 0, 0.0, 0.0, None, pnl, size, cost)

    def _end_of_day(self, order: Any, filled: int) -> None:
        if filled:
            self._notify(order)
        if order.ticket.shares:
            if filled:
                order.expire_day()
            else:
                order.reject(self)
            self._notify(order)

    # --- what a run of targets sends --------------------------------------

    def send(self, owner: Any, symbol: int, shares: int, *, weight: int, reason: int) -> None:
        """Replace what stands for a symbol by an order; 0 shares cancel it."""
        self._standing.pop(symbol, None)
        if shares == 0:
            return
        side = BUY if shares > 0 else SELL
        order = self._order(owner, side, abs(shares))
        order.ticket = Ticket(
            symbol,
            side,
            abs(shares),
            sells_all=book.sells_all(shares, self.account.shares.item(symbol)),
            weight=weight,
            tries=book.tries(self.account.settings.chase),
            reason=reason,
        )
        self._standing[symbol] = order

    def standing_symbols(self) -> list[int]:
        """Return the symbols for which an order stands."""
        return list(self._standing)

    def send_unsized(self, symbol: int) -> None:
        """Note a weight on a name that has no price; refused in the next session."""
        self._standing.pop(symbol, None)
        self._unsized.append(symbol)

    def _order(self, owner: Any, side: int, shares: int) -> Any:
        """Copy a ready order: building one costs backtrader ten times as much."""
        template = self._templates.get(side)
        if template is None:
            kind = _MarketBuy if side == BUY else _MarketSell
            template = self._templates[side] = kind(owner=owner, data=owner.data, size=1, exectype=bt.Order.Market)
            template.submit(self)
            template.accept(self)
        order = object.__new__(type(template))
        order.__dict__.update(template.__dict__)
        order.ref = next(bt.Order.refbasis)
        order.size = shares * side
        return order

    def feed(self, symbol: int) -> SymbolFeed:
        """Return a symbol's feed at this session; made when first asked for."""
        feed = self._feeds.get(symbol)
        if feed is None:
            feed = self._feeds[symbol] = symbol_feed(self.account.bars, symbol)
            feed.setenvironment(self.cerebro)
            feed._start()  # noqa: SLF001  what a cerebro does with the feeds that advance
        feed.move_to(self.row)
        return feed

    # --- backtrader's side ---------------------------------------------------

    def buy(self, owner: Any, data: Any, size: float, **kwargs: Any) -> Any:
        """Take a plain strategy's market order to buy; see `AShareBroker`."""
        return self._plain(_MarketBuy, BUY, owner, data, size, kwargs)

    def sell(self, owner: Any, data: Any, size: float, **kwargs: Any) -> Any:
        """Take a plain strategy's market order to sell; see `AShareBroker`."""
        return self._plain(_MarketSell, SELL, owner, data, size, kwargs)

    def _plain(self, kind: Any, side: int, owner: Any, data: Any, size: float, kwargs: dict[str, Any]) -> Any:
        _demand_market_order(kwargs)
        symbol = self._columns[data._name]  # noqa: SLF001  backtrader compares feeds by their prices, so by name
        asked = int(abs(size))
        held = int(self.account.shares[symbol])
        sells_all = book.sells_all(side * asked, held)
        minimum, step = self.account.minimum[symbol], self.account.step[symbol]
        shares = asked if side == SELL and asked >= held else ashare.whole_lots(asked, minimum, step)
        # Sent as rounded, so that the fill of whole lots completes it.
        order = kind(
            owner=owner, data=data, size=shares or asked, exectype=bt.Order.Market, tradeid=kwargs.get("tradeid", 0)
        )
        order.ticket = Ticket(symbol, side, shares, sells_all=sells_all, weight=0, tries=1, reason=book.ORDER)
        order.addcomminfo(self.getcommissioninfo(data))
        order.submit(self)
        self._notify(order)
        if shares == 0:
            self.account.refuse(self.row, symbol, side, asked, BELOW_LOT)
            order.reject(self)
        else:
            order.accept(self)
            self._day_orders.append(order)
        self._notify(order)
        return order

    def cancel(self, order: Any) -> bool:
        """Cancel a day order that has not met its session."""
        waiting = [other for other in self._day_orders if other.ref != order.ref]
        if len(waiting) == len(self._day_orders):
            return False
        self._day_orders = waiting
        order.cancel()
        self._notify(order)
        return True

    def getcash(self) -> float:
        """Return cash in CNY."""
        return self.account.cash / MILLS

    def getvalue(self, datas: Any = None) -> float:
        """Return equity in CNY at the last marks, or the value of some feeds' positions."""
        if datas is None:
            return self.account.equity / MILLS
        columns = [self._columns[data._name] for data in datas]  # noqa: SLF001
        marks = self.account.bars.mark[max(self.row, 0)]
        return sum(int(self.account.shares[column]) * int(marks[column]) for column in columns) / MILLS

    get_cash = getcash
    get_value = getvalue

    def getposition(self, data: Any) -> Any:
        """Return a snapshot of the position: shares, and cost a share in CNY."""
        position = self.account.held.get(self._columns[data._name])  # noqa: SLF001
        if position is None:
            return bt.Position()
        return bt.Position(size=position.shares, price=position.cost / position.shares / MILLS)

    def get_notification(self) -> Any:
        """Return the next order to be notified, None if there is none."""
        return self._notifications.popleft() if self._notifications else None

    def ledger(self) -> Ledger:
        """Return what happened so far."""
        return self.account.ledger()

    def _notify(self, order: Any) -> None:
        self._notifications.append(order.clone())


class _DayOrder:
    """A market order that a session's end can expire, which backtrader's cannot."""

    ticket: Ticket | None = None

    @property
    def data(self: Any) -> Any:
        """The feed of the symbol; for an order copied from a template made only now."""
        if self.ticket is None or self.ticket.reason == book.ORDER:
            return self.p.data
        return self.broker.feed(self.ticket.symbol)

    def expire_day(self: Any) -> None:
        self.status = bt.Order.Expired
        self.executed.dt = self.data.datetime[0]


class _MarketBuy(_DayOrder, bt.BuyOrder):  # type: ignore[misc]
    pass


class _MarketSell(_DayOrder, bt.SellOrder):  # type: ignore[misc]
    pass


def _demand_market_order(kwargs: dict[str, Any]) -> None:
    if kwargs.get("exectype") not in {None, bt.Order.Market}:
        name = bt.Order.ExecTypes[kwargs["exectype"]]
        message = f"order type {name} is not traded here: daily bars show no path inside the day; send a market order"
        raise ThesisError(message)
    for name in ("valid", "oco", "parent", "trailamount", "trailpercent", "plimit"):
        if kwargs.get(name) is not None:
            message = (
                f"order option {name} is not known here: every order is a market order for one session; leave it out"
            )
            raise ThesisError(message)
