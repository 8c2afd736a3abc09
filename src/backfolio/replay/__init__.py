"""Replay: backtrader runs history, `AShareBroker` trades by the exchange's rules.

This package alone imports backtrader.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import backtrader as bt

from backfolio.errors import ThesisError, UsageError
from backfolio.replay.broker import AShareBroker
from backfolio.replay.feeds import ClockFeed, SymbolFeed, session_numbers, symbol_feed
from backfolio.replay.follower import Follower
from backfolio.settings import MarketSettings
from backfolio.targets import Exits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from backfolio.bars import Bars
    from backfolio.ledger import Ledger
    from backfolio.targets import Targets

__all__ = ["AShareBroker", "SymbolFeed", "replay", "replay_plain"]


def replay(
    bars: Bars,
    targets: Targets,
    exits: Exits | None = None,
    settings: MarketSettings | None = None,
    *,
    on_session: Callable[[int], None] | None = None,
) -> Ledger:
    """Replay targets and exits in backtrader.

    Parameters
    ----------
    bars
        The sessions of the run.
    targets
        Sessions x symbols, of the shape of `bars`.
    exits
        Rules that sell; none by default.
    settings
        Cash, costs and liquidity.
    on_session
        Called with the row of each finished session.

    Raises
    ------
    UsageError
        If the shapes differ or there is no session.
    """
    if targets.weights.shape != bars.shape:
        message = f"targets have shape {targets.weights.shape}, the bars {bars.shape}: give a row a session"
        raise UsageError(message)
    broker = _broker(bars, settings or MarketSettings(), on_session)
    cerebro = _cerebro(broker)
    cerebro.adddata(ClockFeed(numbers=session_numbers(bars.sessions), name="sessions"))
    cerebro.addstrategy(Follower, targets=targets, exits=exits or Exits())
    with _no_garbage_collection():
        cerebro.run()
    return broker.ledger()


def replay_plain(
    bars: Bars,
    strategy: type,
    params: Mapping[str, Any] | None = None,
    settings: MarketSettings | None = None,
    *,
    on_session: Callable[[int], None] | None = None,
) -> Ledger:
    """Run a plain ``backtrader.Strategy`` under the same broker.

    Every symbol is a feed named by it (`SymbolFeed`); orders are market orders
    for the next open and expire after it.

    Raises
    ------
    ThesisError
        If the strategy raises, or sends an order that is not a market order.
    """
    broker = _broker(bars, settings or MarketSettings(), on_session)
    cerebro = _cerebro(broker)
    for column in range(len(bars.symbols)):
        cerebro.adddata(symbol_feed(bars, column))
    cerebro.addstrategy(strategy, **(params or {}))
    try:
        with _no_garbage_collection():
            cerebro.run()
    except ThesisError:
        raise
    except Exception as error:
        if isinstance(error, IndexError) and broker.row < 0:
            message = (
                f"{strategy.__name__} did not start: one of its indicators looks back further than the window's "
                f"{len(bars.sessions)} sessions; choose a longer window or a shorter period"
            )
            raise ThesisError(message) from error
        message = f"{strategy.__name__} failed in session {bars.sessions[max(broker.row, 0)]}: {error!r}"
        raise ThesisError(message) from error
    return broker.ledger()


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Keep the collector from walking a growing ledger again and again: a quarter of a long run's time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _broker(bars: Bars, settings: MarketSettings, on_session: Callable[[int], None] | None) -> AShareBroker:
    if not len(bars.sessions):
        message = "the window holds no session: choose a start and an end with sessions between them"
        raise UsageError(message)
    broker: AShareBroker = AShareBroker(bars, settings, on_session)
    return broker


def _cerebro(broker: AShareBroker) -> Any:
    cerebro = bt.Cerebro(stdstats=False, preload=True, runonce=True, exactbars=False)
    cerebro.setbroker(broker)
    return cerebro
