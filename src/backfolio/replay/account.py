"""The account: cash, positions and the ledger in the making, in whole mills.

It asks `ashare` and `book` what happens and writes down the answer; it states
no rule of its own and knows nothing of backtrader.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from backfolio import ashare, book
from backfolio.ashare.fill import BUY, CUTS, NO_PRICE, NONE, NOT_HELD, SELL, trade
from backfolio.ledger import Fill, Ledger, Refusal

if TYPE_CHECKING:
    from backfolio.bars import Bars
    from backfolio.settings import MarketSettings

SIDES = {BUY: "buy", SELL: "sell"}


@dataclass(slots=True)
class Lots:
    """Tax lots of a position, oldest first; filled only where dividends are taxed."""

    acquired: list[int] = field(default_factory=list)
    shares: list[int] = field(default_factory=list)
    dividends: list[int] = field(default_factory=list)

    def add(self, day: int, shares: int) -> None:
        """Add a lot acquired on a day."""
        self.acquired.append(day)
        self.shares.append(shares)
        self.dividends.append(0)


@dataclass(slots=True)
class Position:
    """Shares held, what they cost, and what the exits look at."""

    first: int
    """Row of the first fill."""
    shares: int = 0
    cost: int = 0
    peak: int = 0
    bought: int = 0
    """Shares bought in the session `bought_on`: not sellable in it (T+1)."""
    bought_on: int = -1
    lots: Lots = field(default_factory=Lots)


class Account:
    """One account over the sessions of some bars.

    Parameters
    ----------
    bars
        The sessions of the run.
    settings
        Cash, costs and liquidity.
    """

    def __init__(self, bars: Bars, settings: MarketSettings) -> None:
        sessions, symbols = bars.shape
        self.bars = bars
        self.settings = settings
        self.cash = settings.cash_mills
        self.held: dict[int, Position] = {}
        self.shares = np.zeros(symbols, dtype=np.int64)
        self.fills: list[Fill] = []
        self.refusals: list[Refusal] = []
        self.equity = self.cash
        self._cash = np.full(sessions, self.cash, dtype=np.int64)
        self._equity = np.full(sessions, self.cash, dtype=np.int64)
        self._dividends = np.zeros(sessions, dtype=np.int64)
        self._positions = np.zeros((sessions, symbols), dtype=np.int64)
        boards = [ashare.board_of(symbol) for symbol in bars.symbols]
        self.minimum = [ashare.LOT_MINIMUM[board] for board in boards]
        self.step = [ashare.LOT_STEP[board] for board in boards]
        self._exchange = [ashare.exchange_of(symbol) for symbol in bars.symbols]
        rates = ashare.fee_rates(bars.sessions)
        self._stamp = {BUY: rates.stamp_buy.tolist(), SELL: rates.stamp_sell.tolist()}
        self._transfer_value = rates.transfer_value.tolist()
        self._transfer_face = rates.transfer_face.tolist()
        self._ex_dates = _ex_dates(bars)
        self._days = bars.sessions.astype(np.int64).tolist()
        self._delisted = np.where(np.isnat(bars.delisted), book.NEVER, bars.delisted.astype(np.int64)).tolist()
        self._trading = (settings.price == "vwap", settings.slippage, settings.participation_points)
        self._commission = (settings.commission_rate, settings.min_commission_mills)

    def open_session(self, row: int) -> None:
        """Pay out and restate what goes ex in this session, before its open."""
        for symbol in self._ex_dates.get(row, ()):
            position = self.held.get(symbol)
            if position is None:
                continue
            bars = self.bars
            previous, reference = bars.mark.item(row - 1, symbol), bars.reference.item(row, symbol)
            ratio_only = bars.ratio_only.item(row, symbol)
            cash, bonus = book.entitlement(
                position.shares,
                bars.cash_per_share.item(row, symbol),
                bars.share_ratio.item(row, symbol),
                ratio_only,
                previous,
                reference,
            )
            position.cost -= cash
            position.peak = book.restated_peak(position.peak, previous, reference)
            position.shares += bonus
            self.shares[symbol] = position.shares
            self.cash += cash
            self._dividends[row] += cash
            if self.settings.dividend_tax:
                if not ratio_only:
                    book.spread_dividend(position.lots.shares, position.lots.dividends, cash)
                if bonus:
                    position.lots.add(self._days[row], bonus)

    def trade(self, row: int, symbol: int, side: int, order: int, reason: int) -> int:
        """Let an order meet the session's open; record what came of it.

        Returns
        -------
        int
            Shares traded.
        """
        bars = self.bars
        position = self.held.get(symbol)
        held = position.shares if position else 0
        sellable = book.sellable(held, position.bought, position.bought_on, row) if position else 0
        beyond_held = order - held if side == SELL and order > held else 0
        exchange = self._exchange[symbol]
        traded = bars.traded.item(row, symbol)
        shares, price, commission, duty, transfer, refusal, *cuts = trade(
            side,
            order - beyond_held,
            held,
            sellable,
            self.cash,
            traded,
            book.left_exchange(bars.mark.item(row, symbol), traded, self._days[row], self._delisted[symbol]),
            bars.open.item(row, symbol),
            bars.amount.item(row, symbol),
            bars.volume.item(row, symbol),
            bars.up.item(row, symbol),
            bars.down.item(row, symbol),
            bars.limit_state.item(row, symbol),
            *self._trading,
            self.minimum[symbol],
            self.step[symbol],
            *self._commission,
            self._stamp[side][row],
            self._transfer_value[row][exchange],
            self._transfer_face[row][exchange],
        )
        if refusal != NONE:
            self.refuse(row, symbol, side, order, refusal)
            return 0
        if shares < order:
            self.refuse(row, symbol, side, beyond_held, NOT_HELD)
            for cut, code in zip(cuts, CUTS, strict=True):
                self.refuse(row, symbol, side, cut, code)
        if shares:
            tax = self._book(row, symbol, side, shares, price)
            self.cash -= book.payment(side, shares, price, commission, duty, transfer, tax)
            self.fills.append(
                Fill(row, symbol, SIDES[side], shares, price, commission, duty, transfer, tax, book.REASONS[reason])
            )
        return shares

    def refuse(self, row: int, symbol: int, side: int, shares: int, reason: int) -> None:
        """Record a refusal, if it is one."""
        if shares or reason == NO_PRICE:
            self.refusals.append(Refusal(row, symbol, SIDES[side], shares, ashare.REFUSALS[reason]))

    def close_session(self, row: int) -> None:
        """Mark the account to the session's closes."""
        self.equity = self.cash + int(self.shares @ self.bars.mark[row])
        self._cash[row] = self.cash
        self._equity[row] = self.equity
        self._positions[row] = self.shares

    def ledger(self) -> Ledger:
        """Return what happened."""
        return Ledger(
            sessions=self.bars.sessions,
            symbols=self.bars.symbols,
            fills=tuple(self.fills),
            refusals=tuple(self.refusals),
            cash=self._cash,
            equity=self._equity,
            positions=self._positions,
            mark=self.bars.mark,
            start_cash=self.settings.cash_mills,
            dividends=self._dividends,
        )

    def _book(self, row: int, symbol: int, side: int, shares: int, price: int) -> int:
        """Move shares in or out of the position; return the dividend tax of a sale."""
        tax = 0
        position = self.held.get(symbol)
        if side == BUY:
            if position is None:
                position = self.held[symbol] = Position(first=row)
            if position.bought_on != row:
                position.bought, position.bought_on = 0, row
            position.bought += shares
            position.cost += shares * price
            position.shares += shares
            if self.settings.dividend_tax:
                position.lots.add(self._days[row], shares)
        else:
            assert position is not None  # noqa: S101  a sale is cut to what is held
            position.cost = book.cost_after_sale(position.cost, position.shares, shares)
            position.shares -= shares
            if self.settings.dividend_tax:
                tax = self._tax(row, position.lots, shares)
            if position.shares == 0:
                del self.held[symbol]
        self.shares[symbol] = position.shares
        return tax

    def _tax(self, row: int, lots: Lots, sold: int) -> int:
        day = self.bars.sessions[row]
        month_ago, year_ago = (int(ashare.months_before(day, months).astype(np.int64)) for months in (1, 12))
        rates = ashare.dividend_tax_rates(day)
        return book.tax_on_sale(lots.acquired, lots.shares, lots.dividends, sold, month_ago, year_ago, *rates)


def _ex_dates(bars: Bars) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    events = np.argwhere((bars.cash_per_share != 0) | (bars.share_ratio != 0) | bars.ratio_only)
    for row, symbol in events.tolist():
        found.setdefault(row, []).append(symbol)
    return found
