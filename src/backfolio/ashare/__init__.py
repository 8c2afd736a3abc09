"""The rules of the exchanges: boards, limits, lots, fees, and what a fill is.

Dated tables with their sources, and pure functions on integers (mills, shares,
basis points) that both engines call. Nothing else in backfolio states a rule of
the market.
"""

from backfolio.ashare.boards import BOARDS, BSE, CHINEXT, EXCHANGES, MAIN, STAR, board_of, exchange_of
from backfolio.ashare.fees import FeeRates, dividend_tax_rates, fee_rates, months_before
from backfolio.ashare.fill import REFUSALS
from backfolio.ashare.limits import (
    LIMITED,
    NORMAL,
    RISK_WARNING,
    S_SHARE,
    UNKNOWN,
    UNLIMITED,
    limit_points,
    limit_prices,
    limit_table,
    listing_rule,
)
from backfolio.ashare.lots import LOT_MINIMUM, LOT_STEP, whole_lots

RULES_VERSION = "2026.1"
"""Changes whenever a rule or its arithmetic does; part of every run's identity."""

__all__ = [
    "BOARDS",
    "BSE",
    "CHINEXT",
    "EXCHANGES",
    "LIMITED",
    "LOT_MINIMUM",
    "LOT_STEP",
    "MAIN",
    "NORMAL",
    "REFUSALS",
    "RISK_WARNING",
    "RULES_VERSION",
    "STAR",
    "S_SHARE",
    "UNKNOWN",
    "UNLIMITED",
    "FeeRates",
    "board_of",
    "dividend_tax_rates",
    "exchange_of",
    "fee_rates",
    "limit_points",
    "limit_prices",
    "limit_table",
    "listing_rule",
    "months_before",
    "whole_lots",
]
