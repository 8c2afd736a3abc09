"""Words that pages share: the fill clock, and what each reason means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from backfolio.settings import MarketSettings

FILL_CLOCK: Final = "Decided after the close, filled at the next open."

FILL_CLOCK_VWAP: Final = (
    "Decided after the close, filled in the next session at its average price (amount / volume), never before its open."
)

MINUS: Final = "\N{MINUS SIGN}"
"""As wide as a plus, unlike the hyphen."""

SIMULATED: Final = "SIMULATED: these bars are made by code from a seed. They are no market's history."

REFUSALS: Final = {
    "suspended": "No bar: the name did not trade that session.",
    "limit_unknown": "No reference price yet, so the price limits cannot be computed.",
    "limit_up": "A buy whose open was at or above the upper limit.",
    "limit_down": "A sell whose open was at or below the lower limit.",
    "t_plus_1": "Shares bought that session cannot be sold before the next (T+1).",
    "participation": "Beyond the allowed share of the session's volume.",
    "below_lot": "What was left came to less than one lot.",
    "cash": "Beyond the cash at hand.",
    "no_price": "The bar has no price to trade at.",
    "amount_unknown": "An average price needs the session's amount, which the data lacks.",
    "delisted": "The name had left the exchange.",
    "not_held": "A sell of shares that the account does not hold: there is no selling short.",
}
"""Refusal reason to its meaning."""

OURS: Final = ("cash", "below_lot", "not_held")
"""Reasons that lie in the account and not in the market."""

ENDED: Final = {
    "bought": "bought",
    "sold": "sold",
    "target": "unwanted",
    "age": "60 sessions",
    "window": "window ends",
}
"""What ends the time for which a refused order is followed, to words."""

FILLS: Final = {
    "target": "The thesis asked for another weight.",
    "order": "An order of a plain backtrader strategy.",
    "stop_loss": "The close fell far enough below the entry cost.",
    "trailing": "The close fell far enough below the highest close since entry.",
    "take_profit": "The close rose far enough above the entry cost.",
    "max_sessions": "The position was held for as many sessions as allowed.",
}
"""Fill reason to its meaning."""

LABELS: Final = {
    "cash": "too little cash",
    "target": "target weight",
    "t_plus_1": "T+1",
    "limit_up": "limit-up",
    "limit_down": "limit-down",
}


def label(reason: str) -> str:
    """Return a reason as shown: ``stop_loss`` is "stop loss"."""
    return LABELS.get(reason, reason.replace("_", " "))


def fill_clock(settings: MarketSettings) -> str:
    """Return when orders are decided and filled, one sentence."""
    return FILL_CLOCK_VWAP if settings.price == "vwap" else FILL_CLOCK
