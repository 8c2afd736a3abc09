"""Every catalyst of the window: what it moved, from when to when, with what result, and what was refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.report.text import gain, signed, tone
from backfolio.said import said

if TYPE_CHECKING:
    from backfolio.catalysts import Catalyst
    from backfolio.ledger import Refusal
    from backfolio.metrics import RoundTrip
    from backfolio.metrics.attribution import Moved
    from backfolio.report.run.facts import Facts, Name
    from backfolio.said import Said

ADDRESS: Final = re.compile(r"https?://[^\s\"'<>`]+")


class Line(NamedTuple):
    """One round trip that a catalyst opened, or one buy of its names that was refused."""

    name: Name
    entry: str
    exit: str
    """"" while it is held, and of a refusal."""
    sessions: str
    fraction: str
    result: str
    tone: str
    refused: str
    """The reason; "" of a round trip."""


class Event(NamedTuple):
    """One catalyst as the table shows it."""

    acts: str
    """First session whose open could act on it; "" = after the window."""
    known: str
    kind: str
    title: str
    note: str
    names: str
    """Whom it touches, by name; "" where it is a segment."""
    touched: Said | None
    """The segment, in words."""
    certainty: str
    sources: tuple[str, ...]
    """Sources in words, but those that the certainty says already."""
    links: tuple[str, ...]
    """Sources that are addresses."""
    lines: tuple[Line, ...]
    together: str
    """Result of its round trips; "" where there are not several."""
    tone: str
    value: int
    """The result in mills, to sort by."""


def events(facts: Facts) -> tuple[list[Event], list[Event]]:
    """Return the catalysts that moved something or were refused, and those that did neither; by first open."""
    acted: list[Event] = []
    idle: list[Event] = []
    for moved in facts.attribution.moved:
        (acted if moved.trips or moved.refusals else idle).append(_event(moved, facts))
    return acted, idle


def trip_line(trip: RoundTrip, facts: Facts) -> Line:
    """Return a round trip as text."""
    return Line(
        facts.names[trip.symbol],
        facts.days[trip.opened],
        "" if trip.closed is None else facts.days[trip.closed],
        f"{trip.sessions:,}",
        gain(trip.fraction),
        signed(trip.result),
        tone(trip.result),
        "",
    )


def _event(moved: Moved, facts: Facts) -> Event:
    catalyst, row = moved.catalyst, moved.row + 1
    lines = [(trip.opened, trip.symbol, trip_line(trip, facts)) for trip in moved.trips]
    lines += [(each.session, each.symbol, _refused_line(each, facts)) for each in moved.refusals]
    return Event(
        facts.days[max(row, 1)] if max(row, 1) < len(facts.days) else "",
        known(catalyst),
        catalyst.kind,
        catalyst.title,
        catalyst.note,
        *_touched(moved, facts),
        catalyst.certainty,
        *_sources(catalyst),
        tuple(line for _, _, line in sorted(lines, key=lambda each: each[:2])),
        signed(moved.result) if len(moved.trips) > 1 else "",
        tone(moved.result),
        moved.result,
    )


def known(catalyst: Catalyst) -> str:
    """Return when a catalyst was known: with the hour where that is known."""
    hour = " %H:%M" if catalyst.time_known == "yes" else ""
    return f"{catalyst.known_at:%Y-%m-%d{hour}}"


def addresses(source: str) -> tuple[str, ...]:
    """Return the parts of a source that are addresses and so safe to link: http, no blank or quote."""
    return tuple(part for part in _parts(source) if ADDRESS.fullmatch(part))


def _parts(source: str) -> list[str]:
    return [part.strip() for part in source.split(";") if part.strip()]


def _sources(catalyst: Catalyst) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the sources in words, and those that are addresses."""
    parts, links = _parts(catalyst.source), addresses(catalyst.source)
    said = (part for part in parts if part not in links)
    return tuple(part for part in said if not catalyst.certainty or not part.startswith(catalyst.certainty)), links


def _touched(moved: Moved, facts: Facts) -> tuple[str, Said | None]:
    segment = moved.catalyst.segment
    count = f"{len(moved.columns):,}"
    if segment == "*":
        return "", said("all %(names)s names", names=count)
    if segment:
        return "", said("%(segment)s, %(names)s names", segment=segment.replace(";", ", "), names=count)
    return ", ".join(facts.names[column].short for column in moved.columns), None


def _refused_line(refusal: Refusal, facts: Facts) -> Line:
    worth = facts.worth.get(refusal)
    return Line(
        facts.names[refusal.symbol],
        facts.days[refusal.session],
        "",
        "",
        "",
        "" if worth is None else signed(worth),
        tone(worth),
        refusal.reason,
    )
