"""What the page of the store shows, as plain values: a pure function of what was read from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from markupsafe import Markup

from backfolio.errors import counted
from backfolio.quality import RULES, SEVERITIES
from backfolio.quality.model import BAR, DELISTED, GAP, SUSPENDED
from backfolio.report import words
from backfolio.report.data import asked
from backfolio.report.data import picture as drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.quality import Finding
    from backfolio.report.data.shelf import Shelf
    from backfolio.universe import Universe

MOST_FINDINGS: Final = 150
"""Of one rule on the page; `data check --json` prints all."""

MOST_ROWS: Final = 300
"""Symbols in the table of symbols."""

TABLES: Final = {
    "bars": "daily bars",
    "index_bars": "index bars",
    "actions": "corporate actions",
    "factors": "changes of a vendor's factor",
    "suspensions": "suspensions",
    "st_spells": "ST spells",
    "names": "former names",
    "listings": "listings",
    "second_bars": "bars of a second host",
    "ratings": "ratings",
    "catalysts": "catalysts from ratings",
    "revisions": "values that a host changed later",
    "quarantine": "replies kept aside",
}
"""Tables of the store that the page counts, and what their rows are called."""


class Line(NamedTuple):
    """One finding, as text."""

    key: str
    symbol: str
    name: str
    when: str
    number: str
    value: str
    accepted: str


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one rule.

    Parameters
    ----------
    rule, demands, remedy
        Its name, what it asks of the data, and what to do; `remedy` is "" where
        the findings' own differ.
    count
        How many there are.
    lines
        The first of them.
    remedies
        One a line, where they differ.
    opened
        Whether the lines are shown from the start.
    """

    rule: str
    demands: str
    remedy: str
    count: int
    lines: tuple[Line, ...]
    remedies: tuple[str, ...] = field(default=())
    opened: bool = False

    @property
    def left_out(self) -> int:
        """Findings that the page has no room for."""
        return self.count - len(self.lines)


def view(shelf: Shelf) -> dict[str, object]:
    """Return what the template `data.html` fills in."""
    coverage = shelf.coverage
    open_ = [one for one in shelf.findings if not one.accepted]
    return {
        "title": "Data",
        "fill_clock": words.FILL_CLOCK,
        "simulated": "",
        "counted": counted,
        "program": shelf.program,
        "first": str(coverage.sessions[0]) if len(coverage.sessions) else "",
        "last": str(coverage.sessions[-1]) if len(coverage.sessions) else "",
        "symbols": len(coverage.symbols),
        "brought": asked.brought(shelf.log),
        "grade": grade(open_),
        "tiles": _tiles(shelf, open_),
        "severities": [(name, _groups(shelf, [one for one in open_ if one.severity == name])) for name in SEVERITIES],
        "accepted": _groups(shelf, [one for one in shelf.findings if one.accepted]),
        "pictured": _pictured(shelf),
        "universes": [_universe(one, shelf) for one in shelf.universes],
        "hosts": asked.hosts(shelf.log, shelf.blocks),
        "imports": asked.imports(shelf.log),
        "functions": asked.functions(shelf.log),
        "held": [(said, f"{shelf.counts[table]:,}") for table, said in TABLES.items() if shelf.counts.get(table)],
        "troubles": asked.troubles(shelf.log),
        "quarantine": asked.latest(shelf.quarantine, "at host function subject reason"),
        "quarantined": len(shelf.quarantine),
        "revisions": [
            (*row[:5], f"{row[5] or 'nothing'} \N{RIGHTWARDS ARROW} {row[6] or 'nothing'}", row[7])
            for row in asked.latest(shelf.revisions, "at table symbol date column old new new_source")
        ],
        "revised": len(shelf.revisions),
        "rows": _rows(shelf, open_),
        "rows_left_out": max(0, len(coverage.symbols) - MOST_ROWS),
    }


def headline(shelf: Shelf) -> dict[str, object]:
    """Return what the list of runs says of the store; JSON types only."""
    sessions = shelf.coverage.sessions
    open_ = [one for one in shelf.findings if not one.accepted]
    return {
        "symbols": len(shelf.coverage.symbols),
        "first": str(sessions[0]) if len(sessions) else "",
        "last": str(sessions[-1]) if len(sessions) else "",
        **{f"{name}s": sum(one.severity == name for one in open_) for name in SEVERITIES},
        "grade": grade(open_)[1],
    }


def grade(open_: Sequence[Finding]) -> tuple[str, str, str]:
    """Return the class, the words and the sentence of what open findings mean for a run."""
    errors = [one for one in open_ if one.severity == "error"]
    if errors:
        symbols = len({one.symbol for one in errors if one.symbol})
        names = f" about {counted(symbols, 'symbol')}" if symbols else ""
        refused = "a run that reads one is refused, for a fill on wrong data is a wrong fill."
        return "bad", "Errors", f"{counted(len(errors), 'open error')}{names}: {refused}"
    warnings = sum(one.severity == "warning" for one in open_)
    if warnings:
        look = f"{counted(warnings, 'warning')} to look at."
        return "doubt", "No error", f"No open error: every run may read the store. {look}"
    return "good", "Sound", "No open error and no warning: every run may read the store."


def _tiles(shelf: Shelf, open_: Sequence[Finding]) -> list[tuple[str, str, str]]:
    """Return (label, value, line below) of the figures on top."""
    state = shelf.coverage.state
    held, halted, gaps = (int((state == one).sum()) for one in (BAR, SUSPENDED, GAP))
    severe = {name: sum(one.severity == name for one in open_) for name in SEVERITIES}
    ends = _lasts(shelf)
    current = sum(end == shelf.as_of for end in ends.values())
    gone = int((state[-1] == DELISTED).sum()) if len(state) else 0
    live = len(ends) - gone
    return [
        ("Symbols", f"{len(shelf.coverage.symbols):,}", f"{gone:,} delisted"),
        ("Daily bars", f"{held:,}", f"over {counted(len(state), 'session')}"),
        ("Suspended", f"{halted:,}", "sessions, known to be so"),
        ("Gaps", f"{gaps:,}", "sessions without a bar or a reason"),
        (
            "Up to date",
            f"{current / live:.0%}" if live else "n/a",
            f"{current:,} of {live:,} reach the last session",
        ),
        (
            "Open findings",
            f"{severe['error'] + severe['warning']:,}",
            f"{counted(severe['error'], 'error')}, {counted(severe['warning'], 'warning')}",
        ),
    ]


def _groups(shelf: Shelf, findings: Sequence[Finding]) -> list[Group]:
    by_rule: dict[str, list[Finding]] = {}
    for one in findings:
        by_rule.setdefault(one.rule, []).append(one)
    groups = []
    for rule, own in sorted(by_rule.items()):
        own.sort(key=lambda one: (one.symbol, one.first or dt.date.min))
        shown = own[:MOST_FINDINGS]
        same = len({one.remedy for one in own}) == 1
        known = RULES.get(rule)
        groups.append(
            Group(
                rule=rule,
                demands="" if known is None else known.demands,
                remedy=own[0].remedy if same else "",
                count=len(own),
                lines=tuple(_line(shelf, one) for one in shown),
                remedies=() if same else tuple(one.remedy for one in shown),
                opened=own[0].severity == "error" or len(own) <= 3,  # noqa: PLR2004  no longer than what hides them
            )
        )
    return groups


def _line(shelf: Shelf, one: Finding) -> Line:
    first, last = one.first, one.last
    days = "" if first is None else str(first) if last in {None, first} else f"{first} to {last}"
    return Line(one.key, one.symbol, shelf.names.get(one.symbol, ""), days, f"{one.count:,}", one.value, one.accepted)


def _pictured(shelf: Shelf) -> dict[str, object] | None:
    coverage = shelf.coverage
    if not coverage.state.size:
        return None
    drawn = drawing.picture(coverage.state, coverage.symbols)
    columns = {symbol: at for at, symbol in enumerate(coverage.symbols)}

    def said(symbols: Sequence[str]) -> str:
        if len(symbols) > 1:
            return ", ".join(symbols)
        symbol = symbols[0]
        state = coverage.state[:, columns[symbol]]
        counts = [
            (int((state == value).sum()), word) for value, word in ((BAR, "bar"), (SUSPENDED, "halt"), (GAP, "gap"))
        ]
        parts = [counted(number, word) for number, word in counts if number]
        return f"{symbol} {shelf.names.get(symbol, '')}: {', '.join(parts) or 'nothing'}"

    label = f"Coverage of {counted(len(coverage.symbols), 'symbol')} over {counted(len(coverage.sessions), 'session')}"
    charts = [
        drawing.coverage_chart(
            drawn, coverage.sessions.astype("datetime64[D]"), frame, label, said, lambda own: shelf.names.get(own, "")
        )
        for frame in (drawing.WIDE, drawing.NARROW)
    ]
    return {
        "defined": Markup(drawing.defined(drawn)),  # noqa: S704  numbers alone
        "charts": [Markup(chart) for chart in charts],  # noqa: S704  every text in it is escaped where it is drawn
        "shared": _shared(drawn),
        "gone": bool((coverage.state == DELISTED).any()),
    }


def _shared(drawn: drawing.Picture) -> str:
    """Say what shares a place in the picture."""
    parts = []
    if drawn.per_line > 1:
        parts.append(f"a line is up to {drawn.per_line} neighbouring symbols of a board")
    if drawn.per_column > 1:
        parts.append(f"a column is up to {drawn.per_column} sessions")
    if not parts:
        return ""
    said = f"{' and '.join(parts)}: the worst of them is shown, so that no gap is hidden."
    return said[0].upper() + said[1:]


def _lasts(shelf: Shelf) -> dict[str, np.datetime64 | None]:
    """Return the session of each symbol's last bar, or None."""
    coverage = shelf.coverage
    sessions = coverage.sessions.astype("datetime64[D]")
    held = coverage.state == BAR
    rows = len(sessions) - 1 - held[::-1].argmax(axis=0) if len(sessions) else np.zeros(len(coverage.symbols), int)
    some = held.any(axis=0)
    return {symbol: sessions[rows[at]] if some[at] else None for at, symbol in enumerate(coverage.symbols)}


def _universe(universe: Universe, shelf: Shelf) -> dict[str, object]:
    """Return the survivorship gauge of a universe."""
    names = {member.symbol: member.name_zh or member.name for member in universe.members}
    there = set(shelf.coverage.symbols)
    absent = [symbol for symbol in universe.symbols if symbol not in there]
    left = [symbol for symbol in universe.symbols if _left(universe, symbol, shelf.as_of)]
    total = len(universe.symbols)
    return {
        "name": universe.name,
        "total": total,
        "there": total - len(absent),
        "share": 0.0 if not total else (total - len(absent)) / total,
        "absent": [(symbol, names[symbol]) for symbol in absent],
        "left": len(left),
        "survivors": not left,
    }


def _left(universe: Universe, symbol: str, day: np.datetime64) -> bool:
    """Tell whether a symbol was a member before `day` and is none any more."""
    return all(not np.isnat(member.to) and member.to < day for member in universe.members if member.symbol == symbol)


def _rows(shelf: Shelf, open_: Sequence[Finding]) -> list[dict[str, object]]:
    """Return a line a symbol: those with the worst findings first, then those with gaps."""
    coverage = shelf.coverage
    severe: dict[str, list[int]] = {}
    for one in open_:
        severe.setdefault(one.symbol, [0, 0, 0])[SEVERITIES.index(one.severity)] += 1
    counts = [(coverage.state == value).sum(axis=0).tolist() for value in (BAR, SUSPENDED, GAP)]
    firsts = (coverage.state == BAR).argmax(axis=0).tolist() if len(coverage.sessions) else []
    lasts = _lasts(shelf)

    def trouble(at: int) -> tuple[object, ...]:
        errors, warnings, _ = severe.get(coverage.symbols[at], (0, 0, 0))
        return -errors, -warnings, -counts[2][at], coverage.symbols[at]

    rows = []
    for at in sorted(range(len(coverage.symbols)), key=trouble)[:MOST_ROWS]:
        symbol = coverage.symbols[at]
        last = lasts[symbol]
        errors, warnings, _ = severe.get(symbol, (0, 0, 0))
        rows.append(
            {
                "symbol": symbol,
                "name": shelf.names.get(symbol, ""),
                "first": "" if last is None else str(coverage.sessions[firsts[at]].astype("datetime64[D]")),
                "last": "" if last is None else str(last),
                "late": (last is None or last < shelf.as_of) and coverage.state[-1, at] != DELISTED,
                "counts": [f"{own[at]:,}" for own in counts],
                "errors": errors,
                "warnings": warnings,
            }
        )
    return rows
