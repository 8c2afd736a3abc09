"""The backtrader strategy that follows targets and exits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import backtrader as bt
import numpy as np

from backfolio import book

if TYPE_CHECKING:
    from backfolio.replay.broker import AShareBroker
    from backfolio.targets import Exits, Targets


class Follower(bt.Strategy):  # type: ignore[misc]
    """Decides after every close: exits first, then the session's row of targets."""

    params = (("targets", None), ("exits", None))

    def __init__(self) -> None:
        targets: Targets = self.p.targets
        exits: Exits = self.p.exits
        self._weights = targets.weights
        self._emits: list[bool] = np.any(targets.weights >= 0, axis=1).tolist()
        self._exits = exits.as_integers()
        self._judges = any(self._exits)

    def next(self) -> None:
        """Decide on the close of the broker's session."""
        broker: AShareBroker = self.broker
        fired = self._judge(broker) if self._judges and broker.account.held else {}
        if self._emits[broker.row]:
            self._rebalance(broker, fired)
        for symbol, reason in fired.items():
            broker.send(self, symbol, -broker.account.held[symbol].shares, weight=0, reason=reason)

    def _judge(self, broker: AShareBroker) -> dict[int, int]:
        account, row = broker.account, broker.row
        symbols = list(account.held)
        marks = account.bars.mark[row, symbols].tolist()
        fired = {}
        for symbol, close, position in zip(symbols, marks, account.held.values(), strict=True):
            if not book.has_price(close):
                continue
            position.peak = max(position.peak, close)
            reason = book.exit_reason(
                position.shares, position.cost, position.peak, close, row - position.first, *self._exits
            )
            if reason != book.NO_EXIT:
                fired[symbol] = reason
        return fired

    def _rebalance(self, broker: AShareBroker, fired: dict[int, int]) -> None:
        account, row = broker.account, broker.row
        weights = self._weights[row]
        emitted = np.flatnonzero((weights > 0) | ((weights == 0) & (account.shares > 0))).tolist()
        for symbol in broker.standing_symbols():
            if weights[symbol] == 0 and symbol not in account.held:
                broker.send(self, symbol, 0, weight=0, reason=book.TARGET)
        marks = account.bars.mark[row]
        for symbol in emitted:
            if symbol in fired:
                continue
            weight, close = weights.item(symbol), marks.item(symbol)
            if weight and not book.has_price(close):
                broker.send_unsized(symbol)
                continue
            held = account.shares.item(symbol)
            shares = book.order_shares(
                weight, account.equity, close, held, account.minimum[symbol], account.step[symbol]
            )
            broker.send(self, symbol, shares, weight=weight, reason=book.TARGET)

    def _oncepost(self, dt: float) -> None:  # noqa: ARG002  the signature is backtrader's
        """Go straight to the decision: there is no indicator to advance, no order to notify, no observer."""
        self.next()
