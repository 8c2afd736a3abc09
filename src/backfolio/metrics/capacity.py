"""How much of the market a run took, how much money the thesis holds, and what slippage cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.ashare.fill import BUY, SELL, slipped

if TYPE_CHECKING:
    from backfolio.bars import Bars
    from backfolio.ledger import Ledger
    from backfolio.metrics.trades import Costs
    from backfolio.settings import MarketSettings

PARTICIPATION: Final = 0.10
"""Share of a session's volume that one order may take, whatever a run's own setting: the capital is held to it."""

NOTICED: Final = 0.05
"""Share of a session's volume above which a fill would have moved the price that it is taken to have got."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much of the sessions' volume a run took.

    Parameters
    ----------
    median_share, largest_share
        Shares of a fill over the session's volume; None without a fill.
    over
        Fills that took more than `NOTICED` of the session's volume.
    capital
        Starting cash, mills, at which the median order asks for
        `PARTICIPATION` of the volume: orders grow in step with the account.
        None where no order met any volume.
    """

    median_share: float | None = None
    largest_share: float | None = None
    over: int = 0
    capital: int | None = None


def capacity(ledger: Ledger, bars: Bars) -> Capacity:
    """Return how much of the market a run took.

    An order is what traded of it in a session and what was refused for its
    share of the volume; what cash, lots or T+1 took off would not have traded
    in a larger account either.

    Parameters
    ----------
    bars
        The ones that the ledger was made from.
    """
    asked: dict[tuple[int, int, str], int] = defaultdict(int)
    taken = []
    for fill in ledger.fills:
        asked[fill.session, fill.symbol, fill.side] += fill.shares
        taken.append(fill.shares / int(bars.volume[fill.session, fill.symbol]))
    for refusal in ledger.refusals:
        if refusal.reason == "participation":
            asked[refusal.session, refusal.symbol, refusal.side] += refusal.shares
    volumes = [int(bars.volume[session, symbol]) for session, symbol, _ in asked]
    shares_of = [shares / volume for shares, volume in zip(asked.values(), volumes, strict=True) if volume]
    return Capacity(
        median_share=float(np.median(taken)) if taken else None,
        largest_share=max(taken, default=None),
        over=sum(share > NOTICED for share in taken),
        capital=round(ledger.start_cash * PARTICIPATION / float(np.median(shares_of))) if shares_of else None,
    )


def slippage_cost(ledger: Ledger, bars: Bars, settings: MarketSettings) -> int:
    """Return what slippage cost, mills: shares times the distance from the price without it, over all fills.

    That price is the open, or the session's average price to the tick and
    inside the limits. Rounding to the tick and the limits make a fill's
    slippage differ from the setting; what is counted is what was paid.

    Parameters
    ----------
    bars, settings
        The ones that the ledger was made from.
    """
    if settings.slippage == 0:
        return 0
    return sum(
        fill.shares * abs(fill.price - before_slippage(bars, settings, fill.session, fill.symbol, fill.side))
        for fill in ledger.fills
    )


def before_slippage(bars: Bars, settings: MarketSettings, session: int, symbol: int, side: str) -> int:
    """Return the price that a fill would have without slippage, mills; `slippage_cost` says which one that is."""
    at = (session, symbol)
    vwap = settings.price == "vwap"
    numerator, denominator = (int(bars.amount[at]), int(bars.volume[at])) if vwap else (int(bars.open[at]), 1)
    limit = (int(bars.up[at]), int(bars.down[at]), int(bars.limit_state[at]))
    return slipped(numerator, denominator, BUY if side == "buy" else SELL, 0, *limit)


def before_costs(ledger: Ledger, costs: Costs, slippage: int) -> int:
    """Return what the same trades would have gained without costs, mills.

    Parameters
    ----------
    costs
        Fees and taxes of the ledger (`TradeStatistics.costs`).
    slippage
        Of `slippage_cost`.
    """
    return int(ledger.equity[-1]) - ledger.start_cash + costs.total + slippage
