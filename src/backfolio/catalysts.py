"""`Catalyst`: a dated, sourced fact that may move names; and the reader of its CSV files.

What counts is when the market could first read it (`known_at`), not when it
happened: a report dated Sunday acts on Monday's open, one that came out at
10:00 on the next session's. A fact without a source is refused.
"""

from __future__ import annotations

import datetime as dt
import math
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio import ashare, calendar
from backfolio.errors import CalendarError, DataError, SymbolError, UsageError, did_you_mean
from backfolio.sheets import EVERYONE, WORD, read_sheet, sheets_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backfolio.errors import Problem
    from backfolio.sheets import Line

KINDS: Final = (
    "model_release",
    "analyst_upgrade",
    "analyst_downgrade",
    "target_raise",
    "target_cut",
    "rating_kept",
    "policy",
    "capital_spending",
    "results",
    "company",
    "industry",
    "price_event",
)
"""What a catalyst can be."""

MOST_STRENGTH: Final = 10.0
"""Largest strength either way; a raise beyond tenfold is a percent written as a fraction."""

COLUMNS: Final = (
    "id",
    "kind",
    "title",
    "known_at",
    "symbols",
    "segment",
    "strength",
    "source",
    "certainty",
    "time_known",
)
OPTIONAL: Final = ("note", "house", "old", "new")

_EXAMPLE: Final = "2025-08-21T15:30:00+08:00"
_NEVER: Final = dt.datetime(2000, 1, 4, tzinfo=calendar.SHANGHAI)


class _Fault(NamedTuple):
    value: str
    rule: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Catalyst:
    """One fact, and what it touches.

    Parameters
    ----------
    id
        Unique name, short and stable.
    kind
        One of `KINDS`.
    title
        The fact in one plain sentence.
    known_at
        When the market could first read it; time-zone aware.
    symbols
        Symbols that it touches; empty where `segment` says it.
    segment
        "" where symbols are given; "*" = every member of the universe; else a
        segment of it, or several joined by ";".
    strength
        Signed size, from -10 to 10: positive is good for the names. For analyst
        kinds the target's change as a fraction (0.503 = 50.3%), 0 where it is
        unknown; 1 or -1 where a kind has only a direction; 0 where it has none.
    source
        Where it is written; several joined by ";".
    certainty
        How sure date and time are, in words.
    time_known
        Whether the hour is known: "yes", "no", or what is known of it.
    note
        What else the reader must know; a catalyst that acts on the same session
        and names is named here.
    house
        Whose rating or target it is, as in ``Goldman Sachs``; "" = nobody's.
    old, new
        The house's target before and now, CNY a share on the share count of
        `known_at`, above 0; None where it is unknown or not in CNY.

    Raises
    ------
    UsageError
        If a field breaks one of these rules.
    """

    id: str
    kind: str
    title: str
    known_at: dt.datetime
    symbols: tuple[str, ...] = ()
    segment: str = ""
    strength: float = 1.0
    source: str = ""
    certainty: str = ""
    time_known: str = ""
    note: str = ""
    house: str = ""
    old: float | None = None
    new: float | None = None

    def __post_init__(self) -> None:
        for fault in _faults(self):
            message = f"catalyst {self.id!r}: {fault.value}: {fault.rule}; {fault.remedy}"
            raise UsageError(message)


class _Draft(NamedTuple):
    """A row before it is known to be sound."""

    id: str
    kind: str
    title: str
    known_at: dt.datetime
    symbols: tuple[str, ...]
    segment: str
    strength: float
    source: str
    certainty: str
    time_known: str
    note: str
    house: str
    old: float | None
    new: float | None


def read_catalysts(folder: Path) -> tuple[Catalyst, ...]:
    """Read every CSV file of a folder, sorted by (known_at, id).

    Columns: id, kind, title, known_at (ISO 8601 with its offset), symbols
    (joined by ";"), segment, strength, source, certainty, time_known; and,
    optional, note, house, old and new. An id is unique over all files.

    Raises
    ------
    DataError
        With every bad row: file, line, value, rule and remedy.
    """
    catalysts: list[Catalyst] = []
    problems: list[Problem] = []
    seen: dict[str, Line] = {}
    for path in sheets_in(folder):
        lines, faults = read_sheet(path, COLUMNS, OPTIONAL)
        problems += faults
        for line in lines:
            catalyst, faults_of_row = _read(line)
            found = [line.problem(*fault) for fault in faults_of_row]
            name = line.cells["id"]
            first = seen.setdefault(name, line)
            if name and first is not line:
                rule = f"an id stands once, and {first.where}:{first.row} has it"
                found.append(line.problem(f"id {name!r}", rule, "choose another, or delete the row"))
            problems += found
            if catalyst is not None:
                catalysts.append(catalyst)
    if problems:
        raise DataError(problems)
    return tuple(sorted(catalysts, key=lambda catalyst: (catalyst.known_at, catalyst.id)))


def _read(line: Line) -> tuple[Catalyst | None, list[_Fault]]:
    """Return the catalyst of a row, or None and all that is wrong with it."""
    cells = line.cells
    known_at, strength = _known_at(cells["known_at"]), _strength(cells["strength"])
    old, new = _price("old", cells["old"]), _price("new", cells["new"])
    unread = [value for value in (known_at, strength, old, new) if isinstance(value, _Fault)]
    draft = _Draft(
        id=cells["id"],
        kind=cells["kind"],
        title=cells["title"],
        known_at=_NEVER if isinstance(known_at, _Fault) else known_at,
        symbols=tuple(part.strip() for part in cells["symbols"].split(";")) if cells["symbols"] else (),
        segment=cells["segment"],
        strength=0.0 if isinstance(strength, _Fault) else strength,
        source=cells["source"],
        certainty=cells["certainty"],
        time_known=cells["time_known"],
        note=cells["note"],
        house=cells["house"],
        old=None if isinstance(old, _Fault) else old,
        new=None if isinstance(new, _Fault) else new,
    )
    if not unread:
        with suppress(UsageError):  # it names one fault, and all are told
            return Catalyst(*draft), []
    return None, [*unread, *_faults(draft)]


@lru_cache(maxsize=4_096)
def _known_at(text: str) -> dt.datetime | _Fault:
    value = f"known_at {text!r}"
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        return _Fault(value, "it is not an ISO date and time", f"write it as {_EXAMPLE}")
    if instant.tzinfo is None:
        return _Fault(value, "it has no time zone", f"write date, time and offset, as in {_EXAMPLE}")
    try:
        calendar.is_session(instant.astimezone(calendar.SHANGHAI).date())
    except CalendarError as error:
        return _Fault(value, str(error), f"write it as {_EXAMPLE}")
    return instant


def _strength(text: str) -> float | _Fault:
    try:
        return float(text)
    except ValueError:
        remedy = "write 0.503 for a raise of 50.3%, 1 or -1 where only the direction is known, 0 where none is"
        return _Fault(f"strength {text!r}", "it is not a number", remedy)


def _price(name: str, text: str) -> float | _Fault | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        remedy = "write CNY a share, as in 1835, or leave it empty"
        return _Fault(f"{name} {text!r}", "it is not a number", remedy)


def _faults(draft: Catalyst | _Draft) -> Iterator[_Fault]:
    """Yield what is wrong with a catalyst whose cells could be read."""
    for name, remedy in (
        ("id", "give a short unique name"),
        ("title", "say the fact in one sentence"),
        ("source", "cite where it is written; without a source leave it out"),
        ("certainty", "say how sure the date is, as in high, medium or memory"),
        ("time_known", "say yes, no, or what is known of the hour"),
    ):
        if not getattr(draft, name).strip():
            yield _Fault(f"no {name}", "every catalyst has one", remedy)
    if draft.kind not in KINDS:
        yield _Fault(
            f"kind {draft.kind!r}", f"no such kind{did_you_mean(draft.kind, KINDS)}", f"use {', '.join(KINDS)}"
        )
    if draft.known_at.tzinfo is None:
        yield _Fault(f"known_at {draft.known_at}", "it has no time zone", f"give one, as in {_EXAMPLE}")
    if not (math.isfinite(draft.strength) and abs(draft.strength) <= MOST_STRENGTH):
        rule = f"strength lies from -{MOST_STRENGTH:g} to {MOST_STRENGTH:g}"
        yield _Fault(f"strength {draft.strength:g}", rule, "write a raise of 50.3% as 0.503")
    for name, price in (("old", draft.old), ("new", draft.new)):
        if price is not None and not (math.isfinite(price) and price > 0):
            rule = "a target is a finite number of CNY above 0"
            yield _Fault(f"{name} {price:g}", rule, "leave it empty where it is not known")
    yield from _touch_faults(draft.symbols, draft.segment)


def _touch_faults(symbols: tuple[str, ...], segment: str) -> Iterator[_Fault]:
    if symbols and segment:
        value = f"symbols {';'.join(symbols)!r} and segment {segment!r}"
        yield _Fault(value, "a catalyst names one or the other", "delete one of them")
    if not symbols and not segment:
        remedy = "name symbols, or a segment (* = every member of the universe)"
        yield _Fault("neither symbols nor segment", "a catalyst touches something", remedy)
    for at, symbol in enumerate(symbols):
        try:
            ashare.board_of(symbol)
        except SymbolError as error:
            yield _Fault(f"symbols {';'.join(symbols)!r}", str(error), "join several by a semicolon")
        if symbol in symbols[:at]:
            yield _Fault(f"symbols {';'.join(symbols)!r}", f"{symbol} stands twice", "delete one")
    parts = segment.split(";") if segment else []
    if segment != EVERYONE and not all(WORD.fullmatch(part) for part in parts):
        rule = "a segment is * or words of small letters, digits and hyphens"
        yield _Fault(f"segment {segment!r}", rule, "join several by a semicolon, without blanks")
    elif len(set(parts)) < len(parts):
        yield _Fault(f"segment {segment!r}", "a segment stands twice", "delete one")
