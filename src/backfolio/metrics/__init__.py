"""Performance and trade figures: own, exact, and defined on every edge case.

A figure that does not exist (no trades, one session, a constant series) is
None and shown as "n/a"; it is never infinite or NaN.
"""

from backfolio.metrics.attribution import Attribution, KindCount, Moved, attribute
from backfolio.metrics.capacity import Capacity, before_costs, capacity, slippage_cost
from backfolio.metrics.definitions import (
    DEFINITIONS,
    DETAIL_DEFINITIONS,
    NOT_AVAILABLE,
    TRADE_DEFINITIONS,
    Definition,
)
from backfolio.metrics.leaning import Leaning, leaning
from backfolio.metrics.missed import Missed, missed
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
    "DETAIL_DEFINITIONS",
    "NOT_AVAILABLE",
    "TRADE_DEFINITIONS",
    "Attribution",
    "Capacity",
    "Costs",
    "Definition",
    "ExitCount",
    "KindCount",
    "Leaning",
    "Metrics",
    "Missed",
    "Moved",
    "NameTotal",
    "RefusalCount",
    "RoundTrip",
    "TradeStatistics",
    "attribute",
    "before_costs",
    "capacity",
    "dividends_by_symbol",
    "leaning",
    "missed",
    "round_trips",
    "slippage_cost",
    "summary",
    "trade_statistics",
]
