"""Catalysts on other sessions, or fewer of them: histories that a thesis is asked about anew."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.calendar import SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.history import History
from backfolio.history.clock import session_at
from backfolio.history.frames import Touch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

FROM_CATALYSTS: Final = ("catalysts", "strength")
"""What a history keeps of its catalysts; all else it keeps is the same whatever they are."""

BEFORE: Final = -100_000
"""A row before any."""

EVENING: Final = dt.time(20)
"""When a catalyst on another session is known: after its close, and before the next opens."""

MOST_KEPT: Final = 200_000
"""Moved catalysts kept: most are wanted again, for there are few sessions in a block."""

_FIELDS: Final = tuple(field.name for field in fields(Catalyst))


class _Place(NamedTuple):
    """A catalyst in the order of events; no two have one id, so that no comparison goes beyond it."""

    instant: int
    """When it is known, microseconds."""
    id: str
    catalyst: Catalyst
    touch: Touch | None
    """None where it touches nothing."""


class Catalogue:
    """The catalysts of some kinds in a history, and what it would be with them on other sessions.

    Every history made here shares the frames of the one given, those of
    catalysts apart, so that a thesis asked again makes only these anew.

    Parameters
    ----------
    known
        What was known at the end.
    kinds
        Which may be moved or left out.
    """

    def __init__(self, known: History, kinds: Collection[str]) -> None:
        self._known = known
        known.tradable  # noqa: B018  makes its labels and members, which every history made here then shares
        touches = {touch.catalyst.id: touch for touch in known.touches(BEFORE)}
        self.touches = tuple(touch for touch in touches.values() if touch.catalyst.kind in kinds)
        """Those that may be moved, in the order of events; of sessions before the first one, too."""
        mine = {touch.catalyst.id for touch in self.touches}
        places = [
            _Place(_microseconds(event.known_at), event.id, event, touches.get(event.id)) for event in known.events
        ]
        self._places = [place for place in places if place.id in mine]
        self._others = [place for place in places if place.id not in mine]
        self._moved = lru_cache(maxsize=MOST_KEPT)(self._made)
        self._evening = cache(self._evening_of)

    def inside(self, first: int, stop: int) -> list[int]:
        """Return the places in `touches` of those that are decided on in the rows ``first:stop``."""
        return [at for at, touch in enumerate(self.touches) if first <= touch.row < stop]

    def moved(self, rows: Sequence[int]) -> History:
        """Return the history in which each catalyst is first decided on at another row.

        Parameters
        ----------
        rows
            One for each of `touches`; negative before the first session. One
            beyond the last is not known there.
        """
        sessions = len(self._known.bars.sessions)
        places = [
            place if row == touch.row else self._moved(at, row)
            for at, (place, touch, row) in enumerate(zip(self._places, self.touches, rows, strict=True))
            if row < sessions
        ]
        return self._told(place for place in places if place is not None)

    def without(self, at: int) -> History:
        """Return the history that lacks one catalyst, by its place in `touches`."""
        return self._told(place for other, place in enumerate(self._places) if other != at)

    def _told(self, places: Iterable[_Place]) -> History:
        ordered = sorted([*places, *self._others])
        touches = tuple([place.touch for place in ordered if place.touch is not None])
        events = tuple([place.catalyst for place in ordered])
        made = History.__new__(History)
        values = self._known.__dict__
        kept = values["_kept"].without(FROM_CATALYSTS)
        made.__dict__.update(values, events=events, _touches=touches, _kept=kept)
        made.__dict__.pop("_decision_rows", None)  # worked out from `events` where it is asked for
        return made

    def _made(self, at: int, row: int) -> _Place | None:
        """Return a catalyst as known on the evening of a row's session; None where it then touches nothing."""
        known, touch = self._known, self.touches[at]
        segment = touch.catalyst.segment
        columns = tuple(known._members_on(segment, row)) if segment else touch.columns  # noqa: SLF001  as `touches` does
        if not columns:
            return None
        evening, since = self._evening(row)
        moved = object.__new__(Catalyst)
        for name in _FIELDS:  # sound already, and checking it again takes longer than all else
            object.__setattr__(moved, name, getattr(touch.catalyst, name))
        # those of one row keep their order
        object.__setattr__(moved, "known_at", evening + dt.timedelta(microseconds=at))
        return _Place(since + at, moved.id, moved, Touch(moved, row, columns))

    def _evening_of(self, row: int) -> tuple[dt.datetime, int]:
        """Return an instant after the close of a row's session, and its microseconds."""
        day = session_at(self._known.bars.sessions, row).astype(dt.date)
        evening = dt.datetime.combine(day, EVENING, SHANGHAI)
        return evening, _microseconds(evening)


def _microseconds(instant: dt.datetime) -> int:
    return (instant - _EPOCH) // dt.timedelta(microseconds=1)


_EPOCH: Final = dt.datetime(2000, 1, 1, tzinfo=SHANGHAI)
