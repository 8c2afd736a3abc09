"""Which catalyst a round trip belongs to, and what each catalyst and kind of catalyst brought.

A thesis does not say why it buys, so the rule is one of kinds and dates: a
round trip belongs to the latest catalyst of a kind that the thesis asks for
which touches its symbol, could be decided on before the round trip opened, and
is at most `LOOK_BACK` sessions old. Of several on one decision row the strongest counts (largest size of `strength`),
then the first by id. What no catalyst explains stands apart, so that all parts
add up to the whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from backfolio.catalysts import Catalyst
    from backfolio.history import History
    from backfolio.history.frames import Touch
    from backfolio.ledger import Ledger, Refusal
    from backfolio.metrics.trades import RoundTrip

LOOK_BACK: Final = 60
"""Sessions after which a catalyst explains no purchase: a quarter, in which the next results and ratings have come.
The shipped theses call a catalyst fresh for 20 sessions unless told otherwise."""

NO_CATALYST: Final = ""
"""The kind of the round trips that no catalyst explains."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One catalyst, and what it moved; money in mills.

    Parameters
    ----------
    catalyst
        The fact.
    row
        Its decision row in the window; the first open that can act on it is
        that of ``row + 1``, which may lie after the window. Negative (counted
        by the exchange calendar) where it was known before the window's first
        session; such a one is listed only if it moved something.
    columns
        Symbols that it touches, columns of `Ledger.symbols`.
    trips
        Round trips that belong to it, by opening.
    refusals
        Buys that belong to it and were refused before their symbol was bought
        for it.
    """

    catalyst: Catalyst
    row: int
    columns: tuple[int, ...]
    trips: tuple[RoundTrip, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def result(self) -> int:
        """What its round trips gained after all costs, mills; open ones at their mark."""
        return sum(trip.result for trip in self.trips)


@dataclass(frozen=True, slots=True)
class KindCount:
    """What one kind of catalyst brought.

    Parameters
    ----------
    kind
        Of `catalysts.KINDS`; "" = the round trips that no catalyst explains.
    catalysts
        How many are listed.
    trips
        Round trips that belong to them, those still open included at their mark.
    hit_rate
        Share of the round trips that gained; None without one.
    mean_result
        Mean result as a fraction of what was paid; None without one.
    contribution
        Sum of the results, mills. All kinds together give the result of all
        round trips.
    """

    kind: str
    catalysts: int
    trips: int
    hit_rate: float | None
    mean_result: float | None
    contribution: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """Catalysts by decision row, round trips that none explains, and the sums by kind."""

    moved: tuple[Moved, ...] = ()
    unmoved: tuple[RoundTrip, ...] = ()
    kinds: tuple[KindCount, ...] = ()


def attribute(
    history: History, ledger: Ledger, trips: Sequence[RoundTrip], kinds: Collection[str] | None = None
) -> Attribution:
    """Share the round trips of a run out among its catalysts; the module says by what rule.

    Parameters
    ----------
    history
        Bars and catalysts on the ledger's sessions and symbols.
    ledger
        What happened.
    trips
        Of `metrics.round_trips`.
    kinds
        Kinds of catalysts that the thesis asks for; None = it may look at any.

    Returns
    -------
    Attribution
        `moved` has every catalyst of the window that touches a symbol of it,
        and earlier ones that moved something. Every round trip stands once,
        in `moved` or in `unmoved`.
    """
    touches = history.touches(-LOOK_BACK)
    governing = Governing(touches, kinds)
    owned: dict[int, list[RoundTrip]] = defaultdict(list)
    refused: dict[int, list[Refusal]] = defaultdict(list)
    unmoved: list[RoundTrip] = []
    bought: dict[tuple[int, int], int] = {}
    for trip in trips:
        at = governing.of(trip.symbol, trip.opened)
        if at is None:
            unmoved.append(trip)
            continue
        owned[at].append(trip)
        bought.setdefault((at, trip.symbol), trip.opened)
    for refusal in ledger.refusals:
        at = governing.of(refusal.symbol, refusal.session) if refusal.side == "buy" else None
        if at is not None and refusal.session < bought.get((at, refusal.symbol), len(ledger.sessions)):
            refused[at].append(refusal)
    moved = [
        Moved(touch.catalyst, touch.row, touch.columns, tuple(owned[at]), tuple(refused[at]))
        for at, touch in enumerate(touches)
        if touch.row >= 0 or at in owned or at in refused
    ]
    moved.sort(key=lambda one: (one.row, one.catalyst.known_at, one.catalyst.id))
    return Attribution(tuple(moved), tuple(unmoved), _kinds(moved, unmoved))


class Governing:
    """Finds the catalyst to which a purchase belongs.

    Parameters
    ----------
    touches
        Of the window's history, from `LOOK_BACK` sessions before it on.
    kinds
        As in `attribute`.
    """

    def __init__(self, touches: Sequence[Touch], kinds: Collection[str] | None) -> None:
        asked = [at for at, touch in enumerate(touches) if kinds is None or touch.catalyst.kind in kinds]
        weakest_first = sorted(asked, key=lambda at: touches[at].catalyst.id, reverse=True)
        weakest_first.sort(key=lambda at: (touches[at].row, abs(touches[at].catalyst.strength)))
        self._rows: dict[int, list[int]] = defaultdict(list)
        self._places: dict[int, list[int]] = defaultdict(list)
        for at in weakest_first:
            for column in touches[at].columns:
                self._rows[column].append(touches[at].row)
                self._places[column].append(at)

    def of(self, column: int, session: int) -> int | None:
        """Return the place of the touch that governs a purchase of `column` in `session`; None where none does."""
        rows = self._rows.get(column, [])
        last = bisect_left(rows, session) - 1
        if last < 0 or session - rows[last] > LOOK_BACK:
            return None
        return self._places[column][last]


def _kinds(moved: Iterable[Moved], unmoved: Sequence[RoundTrip]) -> tuple[KindCount, ...]:
    catalysts: dict[str, int] = defaultdict(int)
    groups: dict[str, list[RoundTrip]] = defaultdict(list)
    for one in moved:
        catalysts[one.catalyst.kind] += 1
        groups[one.catalyst.kind].extend(one.trips)
    if unmoved:
        groups[NO_CATALYST].extend(unmoved)
    counts = [_count(kind, catalysts[kind], trips) for kind, trips in groups.items()]
    return tuple(sorted(counts, key=lambda one: (one.kind == NO_CATALYST, -one.trips, -one.catalysts, one.kind)))


def _count(kind: str, catalysts: int, trips: Sequence[RoundTrip]) -> KindCount:
    many = len(trips)
    return KindCount(
        kind,
        catalysts,
        many,
        sum(trip.result > 0 for trip in trips) / many if many else None,
        sum(trip.fraction for trip in trips) / many if many else None,
        sum(trip.result for trip in trips),
    )
