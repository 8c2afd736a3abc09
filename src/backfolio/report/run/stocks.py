"""Every name: what it brought, its round trips and the catalysts behind them; which of them are drawn."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.report.run.events import Line, trip_line
from backfolio.report.text import money, signed, signed_cny, tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.metrics import NameTotal, RoundTrip
    from backfolio.report.run.facts import Facts, Name

MOST_DRAWN: Final = 60
"""Names with a price chart: above it a page would weigh megabytes and take long to open."""

MOST_OPEN: Final = 8
"""Charts that are there without opening anything."""


class Trip(NamedTuple):
    """A round trip, why it ended, and the title of the catalyst that opened it ("" = none)."""

    line: Line
    reason: str
    catalyst: str


class Stock(NamedTuple):
    """One name as text, and its column in the ledger."""

    name: Name
    column: int
    trips: tuple[Trip, ...]
    buys: str
    sells: str
    traded: str
    costs: str
    dividends: str
    value: str
    result: str
    cny: str
    """The result with the sign of the currency."""
    tone: str
    refusals: str
    plot: str
    """Key of its chart; "" where it is not drawn."""
    open: bool
    """Whether the chart is there without opening anything."""


def stocks(facts: Facts) -> list[Stock]:
    """Return the names with an order: most traded first, then by symbol."""
    column_of = {name.symbol: column for column, name in enumerate(facts.names)}
    trips = _trips(facts)
    totals = sorted(facts.trading.names, key=lambda total: (-total.bought - total.sold, total.symbol))
    return [
        _stock(total, column_of[total.symbol], trips[column_of[total.symbol]], facts, place)
        for place, total in enumerate(totals)
    ]


def _trips(facts: Facts) -> defaultdict[int, list[Trip]]:
    """Return the round trips by column, oldest first."""
    titles: dict[RoundTrip, str] = {
        trip: moved.catalyst.title for moved in facts.attribution.moved for trip in moved.trips
    }
    found: defaultdict[int, list[Trip]] = defaultdict(list)
    for trip in facts.trading.trips:
        found[trip.symbol].append(Trip(trip_line(trip, facts), trip.reason, titles.get(trip, "")))
    return found


def _stock(total: NameTotal, column: int, trips: Sequence[Trip], facts: Facts, place: int) -> Stock:
    return Stock(
        facts.names[column],
        column,
        tuple(trips),
        f"{total.buys:,}",
        f"{total.sells:,}",
        money(total.bought + total.sold, 0),
        money(total.costs, 0),
        money(total.dividends, 0),
        money(total.value, 0),
        signed(total.result),
        signed_cny(total.result),
        tone(total.result),
        f"{total.refusals:,}",
        f"name-{total.symbol}" if place < MOST_DRAWN else "",
        place < MOST_OPEN,
    )
