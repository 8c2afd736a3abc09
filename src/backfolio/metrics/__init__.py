"""Performance and trade figures: own, exact, and defined on every edge case.

A figure that does not exist (no trades, one session, a constant series) is
None and shown as "n/a"; it is never infinite or NaN.
"""

from backfolio.metrics.definitions import DEFINITIONS, NOT_AVAILABLE, TRADE_DEFINITIONS, Definition
from backfolio.metrics.summary import Metrics, summary
from backfolio.metrics.trades import (
    Costs,
    ExitCount,
    NameTotal,
    RefusalCount,
    RoundTrip,
    TradeStatistics,
    dividends_by_symbol,
    round_trips,
    trade_statistics,
)

__all__ = [
    "DEFINITIONS",
    "NOT_AVAILABLE",
    "TRADE_DEFINITIONS",
    "Costs",
    "Definition",
    "ExitCount",
    "Metrics",
    "NameTotal",
    "RefusalCount",
    "RoundTrip",
    "TradeStatistics",
    "dividends_by_symbol",
    "round_trips",
    "summary",
    "trade_statistics",
]
