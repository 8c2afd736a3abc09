"""From what the news was worth on paper to what the portfolio kept, step by step, in whole mills.

One unit is an ask (`asks.Ask`): a name that the thesis asks for while it is not
held. Its notional N is the asked weight times the equity after the close of the
row that asks first. What follows is a chain of values, each what one would have
made had the market been a little less kind; a step is the difference between
two of them, so all steps add up to the whole to the mill. It is the
implementation shortfall of Perold (1988) with the market's refusals told apart.

============== ========================================================================================
value          what it is
============== ========================================================================================
paper          N x CAR: the cumulative abnormal return from the close of the catalyst's decision row (the
               last close before the news can act) to the end of the window, session 0 to its last
expected       N x return of the name over the same closes. The step is what CAR leaves out: the return
               that was expected anyway (beta times the market's, and the trend of the name itself over
               the estimation window, alpha), and what a sum of logarithms differs from growth
later          N x return from the close of the row that asks for it to the window's end; 0 where the
               window is over by then
gap            N at that close, in shares, bought at the next open instead, before slippage (at the
               average price where a run trades at it). Without a bar there is no gap
locked         nothing, where the session's open stood at the upper limit (or the limits are unknown)
halted         nothing, where the session has no bar, or none with a price
capacity       the shares less those refused for their share of the volume
lots           the shares that were bought in that session: less what a lot, the cash or the share count
               before an ex-date takes off
chased         and those that the order bought in later sessions, or a later order where the first had
               bought nothing, each from its own open to the window's end
drift          what the position made at prices before slippage, without fees: sold before the window's end
               or held beyond it (sales that were locked, rules that sold), made larger or smaller,
               bought again after a sale, dividends in cash instead of put back in
slippage       the same at the prices that were paid
fees           less commission, stamp duty and transfer fee
dividend_tax   less the tax on dividends: what the portfolio kept, `RoundTrip.result`
============== ========================================================================================

An event is counted once on paper: a name that the same catalyst has bought, or
tried to buy, before enters with 0 and brings all it made in `drift`. A name asked
for without a catalyst is its own news, on the row that asks for it. Returns are
not turned for bad news, for a portfolio here only holds. What comes after the
window's end, and prices of an ex-date, are restated by `Bars.factor`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from backfolio.ashare.fill import BUY, LIMIT_UNKNOWN, LIMIT_UP, NONE, SUSPENDED, refused
from backfolio.metrics.capacity import before_slippage
from backfolio.money import BASIS_POINTS
from backfolio.study.asks import ordered_on
from backfolio.study.decisions import asked_weights
from backfolio.study.paper import growth

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from backfolio.ledger import Fill, Ledger
    from backfolio.metrics import RoundTrip
    from backfolio.prepare import Prepared
    from backfolio.settings import MarketSettings
    from backfolio.study.asks import Ask
    from backfolio.study.paper import Paper
    from backfolio.targets import Exits, Targets


class Step(NamedTuple):
    """How a step is called, and what it is."""

    label: str
    words: str


STEPS: Final[Mapping[str, Step]] = {
    "expected": Step(
        "Expected without the news",
        "what the model expects of the name, by the market and by its own trend before, and compounding: CAR leaves "
        "both out",
    ),
    "later": Step("Decided later than the news", "what went by before the thesis asked for the name"),
    "gap": Step("Gap at the open", "from the close of the decision to the next open"),
    "locked": Step("Locked at the limit", "it opened at its upper limit, or its limits are unknown: not to be bought"),
    "halted": Step("Halted", "it did not trade that session"),
    "capacity": Step("Capacity", "beyond the allowed share of the session's volume"),
    "lots": Step("Lots and cash", "less than a lot, or too little cash"),
    "chased": Step("Filled on a later session", "bought after all, later"),
    "drift": Step("Later drift", "sold before the window's end or held beyond it, resized, bought again"),
    "slippage": Step("Slippage", "paid beyond the price of the session"),
    "fees": Step("Fees and taxes", "commission, stamp duty, transfer fee"),
    "dividend_tax": Step("Dividend tax", "by holding period, at the sale"),
}
"""Every step between paper and kept, in order; the module says how each is counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Portfolio:
    """What a thesis trades, and under what conditions.

    Parameters
    ----------
    targets
        On the sessions of the window.
    exits, settings
        Of the run.
    params
        Of the thesis, by name.
    rebalance
        As the thesis has it.
    heard
        Kinds of catalysts that the thesis asked the history for.
    """

    targets: Targets
    exits: Exits
    settings: MarketSettings
    params: Mapping[str, object]
    rebalance: str
    heard: Collection[str]


class Chain:
    """Values an ask, from paper to kept.

    Parameters
    ----------
    prepared
        The market.
    portfolio
        What is traded in its window.
    ledger
        What came of it.
    """

    def __init__(self, prepared: Prepared, portfolio: Portfolio, ledger: Ledger) -> None:
        self._bars, self._known, self._first = prepared.bars, prepared.known.bars, prepared.rows[0]
        self._targets, self._settings, self._ledger = portfolio.targets, portfolio.settings, ledger
        self._asked = asked_weights(portfolio.targets)
        self._fills: dict[int, list[Fill]] = defaultdict(list)
        for fill in ledger.fills:
            self._fills[fill.symbol].append(fill)
        self._beyond: dict[tuple[int, int], int] = defaultdict(int)
        for refusal in ledger.refusals:
            if refusal.side == "buy" and refusal.reason == "participation":
                self._beyond[refusal.session, refusal.symbol] += refusal.shares

    def values(self, ask: Ask, news: int, paper: Paper) -> tuple[int, list[int]]:
        """Return the notional, and the value on paper and after each of `STEPS`, mills.

        Parameters
        ----------
        news
            Row of `Prepared.known` from whose close the paper counts.
        paper
            Of the event.
        """
        fills = [] if ask.trip is None else self._of(ask.trip)
        kept = 0 if ask.trip is None else ask.trip.result
        taxed = kept + sum(fill.dividend_tax for fill in fills)
        gross = taxed + sum(fill.commission + fill.stamp_duty + fill.transfer_fee for fill in fills)
        made = gross + sum(
            fill.shares * abs(fill.price - self._price(fill.session, fill.symbol, fill.side)) for fill in fills
        )
        if ask.again:
            return 0, [0] * (len(STEPS) - 3) + [made, gross, taxed, kept]
        notional = int(self._asked[ask.row, ask.column]) * int(self._ledger.equity[ask.row]) // BASIS_POINTS
        return notional, [*self._unkind(ask, news, paper, notional, fills), made, gross, taxed, kept]

    def _unkind(self, ask: Ask, news: int, paper: Paper, notional: int, fills: list[Fill]) -> list[int]:
        """Return the values from paper to what was filled late."""
        row, column, known = ask.row, ask.column, self._known
        at, end = self._first + row, paper.end
        close = float(known.mark[at, column])
        if close <= 0.0:
            return [0] * 9
        values = [notional * paper.car, notional * growth(known, column, news, end)]
        if end <= at:
            return [*(round(value) for value in values), *[0] * 7]
        values.append(notional * growth(known, column, at, end))
        session = row + 1
        traded = bool(self._bars.traded[session, column])
        reason = self._reason(session, column)
        shares = notional / (close * self._restated(at, at + 1, column))
        each = self._worth(session, column, end) - self._price(session, column, "buy") if traded else 0.0
        values.append(shares * each if traded else values[-1])
        values.append(0.0 if reason in {LIMIT_UP, LIMIT_UNKNOWN} else values[-1])
        values.append(0.0 if reason != NONE else values[-1])
        values.append(0.0 if reason != NONE else max(shares - self._beyond[session, column], 0.0) * each)
        values.append(sum(fill.shares for fill in fills if fill.session == session) * each)
        late = 0.0
        for fill in self._late(ask, fills):
            if self._first + fill.session <= end:
                own = self._worth(fill.session, column, end) - self._price(fill.session, column, "buy")
                late += fill.shares * own
        values.append(values[-1] + late)
        return [round(value) for value in values]

    def _of(self, trip: RoundTrip) -> list[Fill]:
        last = len(self._ledger.sessions) if trip.closed is None else trip.closed
        return [fill for fill in self._fills[trip.symbol] if trip.opened <= fill.session <= last]

    def _late(self, ask: Ask, fills: list[Fill]) -> Iterator[Fill]:
        """Yield what the order that opened the position bought after the first session it could have."""
        if ask.trip is None:
            return
        order = ordered_on(self._targets, ask.column, ask.trip.opened)
        later = np.flatnonzero(self._targets.weights[order + 1 :, ask.column] >= 0)
        last = order + 1 + int(later[0]) if later.size else len(self._ledger.sessions)
        for fill in fills:
            if fill.side == "buy" and ask.row + 1 < fill.session <= last:
                yield fill

    def _reason(self, session: int, column: int) -> int:
        """Return why the market would not sell any of the name at the open of a session."""
        at = (session, column)
        bars = self._bars
        traded, state = bool(bars.traded[at]), int(bars.limit_state[at])
        reason = refused(BUY, traded, False, int(bars.open[at]), int(bars.up[at]), int(bars.down[at]), state)  # noqa: FBT003
        return SUSPENDED if reason == NONE and not self._priced(session, column) else reason

    def _priced(self, session: int, column: int) -> bool:
        """Tell whether a session has the price at which a run trades."""
        if self._settings.price != "vwap":
            return True
        at = (session, column)
        if self._bars.amount[at] < 0 or self._bars.volume[at] == 0:
            return False
        return before_slippage(self._bars, self._settings, session, column, "buy") > 0

    def _price(self, session: int, column: int, side: str) -> int:
        """Return the price before slippage, mills; the open where there is no average price."""
        if not self._priced(session, column):
            return int(self._bars.open[session, column])
        return before_slippage(self._bars, self._settings, session, column, side)

    def _worth(self, session: int, column: int, end: int) -> float:
        """Return what a share of a session of the window is worth at the close of a row of `known`, mills."""
        return float(self._known.mark[end, column]) * self._restated(end, self._first + session, column)

    def _restated(self, row: int, other: int, column: int) -> float:
        """Return by what a price of one row of `known` is multiplied to stand beside those of another."""
        return float(self._known.factor[row, column] / self._known.factor[other, column])
