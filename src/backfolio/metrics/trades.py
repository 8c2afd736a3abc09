"""What the trading itself did: round trips, costs, turnover, exits, refusals."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from backfolio.book import entitlement
from backfolio.calendar import SESSIONS_A_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.ledger import Fill, Ledger


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A position from its first buy to the sale of its last share; money in mills.

    Parameters
    ----------
    symbol
        Column of `Ledger.symbols`.
    opened, closed
        Rows of `Ledger.sessions`; `closed` is None while shares are held.
    paid
        Purchases and their fees.
    received
        Sales less their fees and taxes.
    dividends
        Cash of corporate actions while it was held.
    value
        What is still held at the last session, at its mark; 0 once closed.
    sessions
        From `opened` to `closed` or to the last session.
    reason
        Of the fill that closed it; "" while it is open.
    """

    symbol: int
    opened: int
    closed: int | None
    paid: int
    received: int
    dividends: int
    value: int
    sessions: int
    reason: str

    @property
    def result(self) -> int:
        """What it gained, mills, all costs taken off."""
        return self.received + self.dividends + self.value - self.paid

    @property
    def fraction(self) -> float:
        """The result as a fraction of what was paid."""
        return self.result / self.paid


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading cost, mills."""

    commission: int = 0
    stamp_duty: int = 0
    transfer_fee: int = 0
    dividend_tax: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.commission + self.stamp_duty + self.transfer_fee + self.dividend_tax


@dataclass(frozen=True, slots=True)
class ExitCount:
    """Round trips that one reason closed: how many, share that gained, mean result as a fraction, sum in mills."""

    reason: str
    trips: int
    hit_rate: float
    mean_result: float
    contribution: int = 0


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """What one reason refused: orders (buys and sells), and their shares."""

    reason: str
    buys: int
    sells: int
    shares: int


@dataclass(frozen=True, slots=True)
class NameTotal:
    """One symbol over the whole window; money in mills.

    `result` is sales, dividends and the value at the end, less purchases and costs.
    """

    symbol: str
    buys: int
    sells: int
    bought: int
    sold: int
    costs: int
    dividends: int
    value: int
    result: int
    refusals: int


@dataclass(frozen=True, slots=True)
class TradeStatistics:
    """Figures of a ledger; fractions, counts, and mills where said.

    What each figure means stands in `TRADE_DEFINITIONS`. Beside them:
    `costs`, `dividends` (mills), `exits`, `refused`, `names`, `trips`.
    """

    fills: int = 0
    buys: int = 0
    sells: int = 0
    refusals: int = 0
    round_trips: int = 0
    open_positions: int = 0
    hit_rate: float | None = None
    mean_result: float | None = None
    mean_gain: float | None = None
    mean_loss: float | None = None
    best_trip: float | None = None
    worst_trip: float | None = None
    profit_factor: float | None = None
    mean_sessions: float | None = None
    turnover: float | None = None
    exposure: float | None = None
    sessions_invested: float | None = None
    cost_share: float | None = None
    costs: Costs = field(default_factory=Costs)
    dividends: int = 0
    exits: tuple[ExitCount, ...] = ()
    refused: tuple[RefusalCount, ...] = ()
    names: tuple[NameTotal, ...] = ()
    trips: tuple[RoundTrip, ...] = ()


def dividends_by_symbol(ledger: Ledger, bars: Bars) -> NDArray[np.int64]:
    """Return the cash that each symbol's corporate actions paid, mills, sessions x symbols.

    `bars` are the ones that the ledger was made from. Every row sums to
    `Ledger.dividends`.
    """
    paid = np.zeros(ledger.positions.shape, dtype=np.int64)
    events = (bars.cash_per_share[1:] != 0) | bars.ratio_only[1:]
    for row, symbol in np.argwhere(events & (ledger.positions[:-1] > 0)):
        paid[row + 1, symbol] = entitlement(
            int(ledger.positions[row, symbol]),
            int(bars.cash_per_share[row + 1, symbol]),
            int(bars.share_ratio[row + 1, symbol]),
            bool(bars.ratio_only[row + 1, symbol]),
            int(bars.mark[row, symbol]),
            int(bars.reference[row + 1, symbol]),
        )[0]
    return paid


@dataclass(slots=True)
class _Open:
    """A round trip in the making."""

    opened: int
    paid: int = 0
    received: int = 0
    dividends: int = 0

    def ended(self, symbol: int, closed: int | None, last: int, value: int, reason: str) -> RoundTrip:
        until = last if closed is None else closed
        held = until - self.opened
        return RoundTrip(symbol, self.opened, closed, self.paid, self.received, self.dividends, value, held, reason)


def round_trips(ledger: Ledger, dividends: NDArray[np.int64] | None = None) -> tuple[RoundTrip, ...]:
    """Return every position of a ledger from opening to closing, by opening, then symbol.

    Parameters
    ----------
    dividends
        Cash by session and symbol, mills (see `dividends_by_symbol`); None
        leaves dividends out of the results.
    """
    last = len(ledger.sessions) - 1
    by_symbol: dict[int, list[Fill]] = defaultdict(list)
    for fill in ledger.fills:
        by_symbol[fill.symbol].append(fill)
    trips: list[RoundTrip] = []
    for symbol, fills in by_symbol.items():
        paid_out = [0] * (last + 2) if dividends is None else [0, *np.cumsum(dividends[:, symbol]).tolist()]
        trips.extend(_trips_of(symbol, fills, ledger, paid_out))
    return tuple(sorted(trips, key=lambda trip: (trip.opened, trip.symbol)))


def _trips_of(symbol: int, fills: Sequence[Fill], ledger: Ledger, paid_out: Sequence[int]) -> Iterable[RoundTrip]:
    """Yield the round trips of one symbol; `paid_out` are its dividends before each session, and all of them."""
    last = len(ledger.sessions) - 1
    positions: list[int] = ledger.positions[:, symbol].tolist()
    net: dict[int, int] = defaultdict(int)
    for fill in fills:
        net[fill.session] += fill.shares if fill.side == "buy" else -fill.shares
    trip: _Open | None = None
    session, held, counted = -1, 0, 0
    for fill in fills:
        if fill.session != session:
            session = fill.session
            # Bonus shares come without a fill, so what was held at this open is taken back from the close.
            held = positions[session] - net[session]
            if trip is not None:
                trip.dividends += paid_out[session + 1] - paid_out[counted]
            counted = session + 1
        costs = fill.commission + fill.stamp_duty + fill.transfer_fee + fill.dividend_tax
        value = fill.shares * fill.price
        if fill.side == "buy":
            trip = trip or _Open(session)
            trip.paid += value + costs
            held += fill.shares
        elif trip is not None:
            trip.received += value - costs
            held -= fill.shares
            if held == 0:
                yield trip.ended(symbol, session, last, 0, fill.reason)
                trip = None
    if trip is not None:
        trip.dividends += paid_out[last + 1] - paid_out[counted]
        worth = positions[last] * int(ledger.mark[last, symbol])
        yield trip.ended(symbol, None, last, worth, "")


def trade_statistics(ledger: Ledger, bars: Bars | None = None) -> TradeStatistics:
    """Return the trade figures of a ledger.

    Parameters
    ----------
    bars
        The bars that the ledger was made from; without them the results of
        round trips and names leave dividends out.
    """
    dividends = None if bars is None else dividends_by_symbol(ledger, bars)
    trips = round_trips(ledger, dividends)
    closed = [trip for trip in trips if trip.closed is not None]
    results = [trip.fraction for trip in closed]
    gains = [trip.fraction for trip in closed if trip.result > 0]
    losses = [trip.fraction for trip in closed if trip.result <= 0]
    lost = -sum(trip.result for trip in closed if trip.result <= 0)
    gained = sum(trip.result for trip in closed if trip.result > 0)
    buys = sum(fill.side == "buy" for fill in ledger.fills)
    costs = _costs(ledger.fills)
    held = ledger.equity - ledger.cash
    solvent = ledger.equity > 0
    return TradeStatistics(
        fills=len(ledger.fills),
        buys=buys,
        sells=len(ledger.fills) - buys,
        refusals=len(ledger.refusals),
        round_trips=len(closed),
        open_positions=len(trips) - len(closed),
        hit_rate=len(gains) / len(closed) if closed else None,
        mean_result=_mean(results),
        mean_gain=_mean(gains),
        mean_loss=_mean(losses),
        best_trip=max(results, default=None),
        worst_trip=min(results, default=None),
        profit_factor=gained / lost if lost else None,
        mean_sessions=_mean([trip.sessions for trip in closed]),
        turnover=_turnover(ledger),
        exposure=float((held[solvent] / ledger.equity[solvent]).mean()) if solvent.any() else None,
        sessions_invested=float((ledger.positions > 0).any(axis=1).mean()) if ledger.positions.size else None,
        cost_share=costs.total / ledger.start_cash if ledger.start_cash else None,
        costs=costs,
        dividends=int(ledger.dividends.sum()),
        exits=_exits(closed),
        refused=_refused(ledger),
        names=_names(ledger, dividends),
        trips=trips,
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _costs(fills: Iterable[Fill]) -> Costs:
    commission = stamp_duty = transfer_fee = dividend_tax = 0
    for fill in fills:
        commission += fill.commission
        stamp_duty += fill.stamp_duty
        transfer_fee += fill.transfer_fee
        dividend_tax += fill.dividend_tax
    return Costs(commission, stamp_duty, transfer_fee, dividend_tax)


def _turnover(ledger: Ledger) -> float | None:
    account = float(ledger.equity.mean()) if ledger.equity.size else 0.0
    if account <= 0.0:
        return None
    traded = sum(fill.shares * fill.price for fill in ledger.fills)
    return traded / 2 / account * SESSIONS_A_YEAR / len(ledger.sessions)


def _exits(closed: Iterable[RoundTrip]) -> tuple[ExitCount, ...]:
    groups: dict[str, list[RoundTrip]] = defaultdict(list)
    for trip in closed:
        groups[trip.reason].append(trip)
    counts = [
        ExitCount(
            reason,
            len(group),
            sum(trip.result > 0 for trip in group) / len(group),
            sum(trip.fraction for trip in group) / len(group),
            sum(trip.result for trip in group),
        )
        for reason, group in groups.items()
    ]
    return tuple(sorted(counts, key=lambda count: (-count.trips, count.reason)))


def _refused(ledger: Ledger) -> tuple[RefusalCount, ...]:
    groups: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for refusal in ledger.refusals:
        group = groups[refusal.reason]
        group[0 if refusal.side == "buy" else 1] += 1
        group[2] += refusal.shares
    counts = [RefusalCount(reason, *group) for reason, group in groups.items()]
    return tuple(sorted(counts, key=lambda count: (-count.buys - count.sells, count.reason)))


def _names(ledger: Ledger, dividends: NDArray[np.int64] | None) -> tuple[NameTotal, ...]:
    fills: dict[int, list[Fill]] = defaultdict(list)
    for fill in ledger.fills:
        fills[fill.symbol].append(fill)
    refusals: dict[int, int] = defaultdict(int)
    for refusal in ledger.refusals:
        refusals[refusal.symbol] += 1
    rows = []
    for symbol in sorted(fills.keys() | refusals.keys()):
        buys = [fill for fill in fills[symbol] if fill.side == "buy"]
        sells = [fill for fill in fills[symbol] if fill.side != "buy"]
        bought = sum(fill.shares * fill.price for fill in buys)
        sold = sum(fill.shares * fill.price for fill in sells)
        costs = _costs(fills[symbol]).total
        paid_out = 0 if dividends is None else int(dividends[:, symbol].sum())
        value = int(ledger.positions[-1, symbol]) * int(ledger.mark[-1, symbol])
        result = sold + paid_out + value - bought - costs
        name = ledger.symbols[symbol]
        rows.append(
            NameTotal(name, len(buys), len(sells), bought, sold, costs, paid_out, value, result, refusals[symbol])
        )
    return tuple(rows)
