"""What a thesis asked for, name by name: each wish, the catalyst behind it, and the position that came of it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from backfolio.metrics.attribution import NO_CATALYST
from backfolio.study.decisions import asked_weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from backfolio.history.frames import Touch
    from backfolio.ledger import Ledger
    from backfolio.metrics import RoundTrip
    from backfolio.metrics.attribution import Governing
    from backfolio.targets import Targets


class Ask(NamedTuple):
    """A name that is asked for while it is not held.

    From the row that asks for it first to the sale of what was bought for it,
    if anything was. What is asked for while the name is held belongs to the ask
    that bought it; a name that is sold and bought again has been asked for again.
    """

    row: int
    """Of the decision, in the window."""
    column: int
    place: int | None
    """Of the catalyst's `Touch`; None where none explains it."""
    kind: str
    """Of the catalyst; "" without one."""
    news: int
    """Decision row of the catalyst, negative before the window; `row` without one."""
    trip: RoundTrip | None
    """What was bought; None where nothing was."""
    again: bool
    """Whether the same catalyst and name were asked for before: an event is counted once on paper."""


class _Wish(NamedTuple):
    row: int
    column: int
    place: int | None
    trip: RoundTrip | None


def asks(
    targets: Targets, ledger: Ledger, trips: Sequence[RoundTrip], governing: Governing, touches: Sequence[Touch]
) -> tuple[Ask, ...]:
    """Return every ask, by row and column; each round trip belongs to one.

    The catalyst is that of the round trip (`metrics.attribution`), else the one
    that a purchase at the first possible open would have had. An ask that was
    not filled and is renewed by the order of a newer catalyst ends there. What
    is asked for on the window's last row is left out: no open follows.

    Parameters
    ----------
    targets
        On the ledger's sessions and symbols.
    trips
        Of `metrics.round_trips`.
    governing, touches
        Which of `touches` explains a purchase.
    """
    asked = asked_weights(targets) > 0
    by_column: dict[int, list[RoundTrip]] = defaultdict(list)
    for trip in trips:
        by_column[trip.symbol].append(trip)
    wishes: list[_Wish] = []
    for column in np.flatnonzero(asked.any(axis=0)).tolist():
        own = by_column[column]
        for row, stop in _spells(asked[:, column].tolist()):
            inside = [trip for trip in own if row < trip.opened <= stop]
            wishes += _wishes(targets, ledger, governing, (row, column), inside)
    wishes.sort(key=lambda wish: wish[:2])
    seen: set[tuple[int, int]] = set()
    found = []
    for row, column, place, bought in wishes:
        key = None if place is None else (place, column)
        kind = NO_CATALYST if place is None else touches[place].catalyst.kind
        news = row if place is None else touches[place].row
        found.append(Ask(row, column, place, kind, news, bought, key in seen))
        if key is not None:
            seen.add(key)
    return tuple(found)


def ordered_on(targets: Targets, column: int, session: int) -> int:
    """Return the row whose order was standing at the open of a session; -1 where none was sent before it."""
    rows = np.flatnonzero(targets.weights[:session, column] >= 0)
    return int(rows[-1]) if rows.size else -1


def _spells(asked: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield first row and the row after the last of each stretch in which a name is asked for."""
    begin = None
    for row, now in enumerate([*asked, False]):
        if now and begin is None:
            begin = row
        elif not now and begin is not None:
            yield begin, row
            begin = None


def _wishes(
    targets: Targets, ledger: Ledger, governing: Governing, at: tuple[int, int], inside: Sequence[RoundTrip]
) -> Iterator[_Wish]:
    """Yield the asks of one spell, which begins `at` a row and column; `inside` are the positions opened in it."""
    row, column = at
    waiting = list(inside)
    if ledger.positions[row, column] == 0 and row + 1 < len(ledger.sessions):
        place = governing.of(column, row + 1)
        first = waiting[0] if waiting else None
        renewed = first is not None and ordered_on(targets, column, first.opened) > row
        if first is None or (renewed and governing.of(column, first.opened) != place):
            yield _Wish(row, column, place, None)
        else:
            yield _Wish(row, column, governing.of(column, first.opened), waiting.pop(0))
    for trip in waiting:
        order = ordered_on(targets, column, trip.opened)
        yield _Wish(order, column, governing.of(column, trip.opened), trip)
