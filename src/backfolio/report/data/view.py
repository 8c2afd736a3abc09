"""What the page of the store shows, as plain values: a pure function of what was read from it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from markupsafe import Markup

from backfolio.quality import RULES, SEVERITIES
from backfolio.quality.model import BAR, DELISTED, GAP, SUSPENDED
from backfolio.report.data import asked
from backfolio.report.data import picture as drawing
from backfolio.report.data.states import LATE, Seen, seen
from backfolio.report.data.todo import steps
from backfolio.report.lang import sentence as in_words
from backfolio.report.lang import translate
from backfolio.said import Said, counted, listed, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.quality import Finding
    from backfolio.report.data.shelf import Shelf
    from backfolio.report.data.states import States
    from backfolio.report.look import Lang
    from backfolio.universe import Universe

MOST_FINDINGS: Final = 150
"""Of one rule on the page; `data check --json` prints all."""

SHORT: Final = 3
"""Warnings of one rule that are shown from the start: no longer than what would hide them."""

MOST_ROWS: Final = 300
"""Symbols in the table of symbols."""

COUNTED: Final = {BAR: "bar", SUSPENDED: "halt", GAP: "gap"}
"""States that are counted of a symbol, and what one session of each is called."""

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
    severity
        Of all of them.
    rule, title, demands, remedy
        Its name, what it is about, what it asks of the data, and what to do;
        `remedy` is "" where the findings' own differ.
    count
        How many there are.
    lines
        The first of them.
    remedies
        One a line, where they differ.
    opened
        Whether the lines are shown from the start.
    """

    severity: str
    rule: str
    title: str
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


def view(shelf: Shelf, lang: Lang = "en") -> dict[str, object]:
    """Return what the template `data.html` fills in, its drawings in `lang`."""
    coverage, shown = shelf.coverage, seen(shelf.coverage)
    open_ = [one for one in shelf.findings if not one.accepted]
    return {
        "title": translate("Data", lang),
        "fill_clock": "",
        "simulated": "",
        "counted": counted,
        "program": shelf.program,
        "first": str(coverage.sessions[0]) if len(coverage.sessions) else "",
        "last": str(coverage.sessions[-1]) if len(coverage.sessions) else "",
        "symbols": len(coverage.symbols),
        "brought": asked.brought(shelf.log),
        "grade": grade(open_),
        "steps": steps(shelf, open_),
        "tiles": _tiles(shelf, shown, open_),
        "severities": [(name, _groups(shelf, [one for one in open_ if one.severity == name])) for name in SEVERITIES],
        "accepted": _groups(shelf, [one for one in shelf.findings if one.accepted]),
        "pictured": _pictured(shelf, shown.states, lang),
        "universes": [_universe(one, shelf) for one in shelf.universes],
        "hosts": asked.hosts(shelf.log, shelf.blocks),
        "imports": asked.imports(shelf.log),
        "functions": asked.functions(shelf.log),
        "held": [(what, f"{shelf.counts[table]:,}") for table, what in TABLES.items() if shelf.counts.get(table)],
        "troubles": asked.troubles(shelf.log),
        "quarantine": asked.latest(shelf.quarantine, "at host function subject reason"),
        "quarantined": len(shelf.quarantine),
        "revisions": [
            (*row[:5], listed([row[5] or said("nothing"), row[6] or said("nothing")], " \N{RIGHTWARDS ARROW} "), row[7])
            for row in asked.latest(shelf.revisions, "at table symbol date column old new new_source")
        ],
        "revised": len(shelf.revisions),
        "rows": _rows(shelf, shown, open_),
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
        told = counted(len(errors), "open error")
        if symbols:
            told = said("%(errors)s about %(symbols)s", errors=told, symbols=counted(symbols, "symbol"))
        refused = said(
            "%(errors)s: a run that reads one is refused, for a fill on wrong data is a wrong fill.", errors=told
        )
        return "bad", "Errors", refused
    warnings = sum(one.severity == "warning" for one in open_)
    if warnings:
        look = said(
            "No open error: every run may read the store. %(warnings)s to look at.",
            warnings=counted(warnings, "warning"),
        )
        return "doubt", "No error", look
    return "good", "Sound", said("No open error and no warning: every run may read the store.")


def _tiles(shelf: Shelf, shown: Seen, open_: Sequence[Finding]) -> list[tuple[str, str, str]]:
    """Return (label, value, line below) of the figures on top."""
    state = shown.states
    held, halted, gaps = (int((state == one).sum()) for one in (BAR, SUSPENDED, GAP))
    severe = {name: sum(one.severity == name for one in open_) for name in SEVERITIES}
    listed_now = shown.listed
    lasts = Counter(str(last) for _, last in shown.spans.values())
    current = lasts[str(shelf.as_of)]
    usual = max(lasts, key=lambda day: (lasts[day], day), default="")
    reached = said("reached by %(n)s of %(all)s", n=f"{current:,}", all=f"{listed_now:,}")
    if usual and usual != str(shelf.as_of):
        reached = said("%(reached)s; most end %(day)s", reached=reached, day=usual)
    return [
        (
            "Symbols",
            f"{len(shelf.coverage.symbols):,}",
            said("%(n)s delisted", n=f"{len(shelf.coverage.symbols) - listed_now:,}"),
        ),
        ("Daily bars", f"{held:,}", said("over %(sessions)s", sessions=counted(len(state), "session"))),
        ("Last session", str(shelf.as_of) if len(state) else said("none"), reached),
        ("Gaps", f"{gaps:,}", said("sessions between bars, without one and without a reason")),
        ("Suspended", f"{halted:,}", said("sessions, known to be so")),
        (
            "Open findings",
            f"{severe['error'] + severe['warning']:,}",
            listed([counted(severe["error"], "error"), counted(severe["warning"], "warning")]),
        ),
    ]


def _groups(shelf: Shelf, findings: Sequence[Finding]) -> list[Group]:
    by_rule: dict[str, list[Finding]] = {}
    for one in findings:
        by_rule.setdefault(one.rule, []).append(one)
    groups = []
    order = list(RULES)
    for rule, own in sorted(by_rule.items(), key=lambda each: order.index(each[0]) if each[0] in RULES else len(order)):
        own.sort(key=lambda one: (one.symbol, one.first or dt.date.min))
        shown = own[:MOST_FINDINGS]
        same = len({one.remedy for one in own}) == 1
        known = RULES.get(rule)
        groups.append(
            Group(
                severity=own[0].severity,
                rule=rule,
                title=rule if known is None else known.title,
                demands="" if known is None else sentence(known.demands),
                remedy=sentence(own[0].remedy) if same else "",
                count=len(own),
                lines=tuple(_line(shelf, one) for one in shown),
                remedies=() if same else tuple(one.remedy for one in shown),
                opened=own[0].severity == "error" or (own[0].severity == "warning" and len(own) <= SHORT),
            )
        )
    return groups


def sentence(text: str) -> str:
    """Write a rule's words as a sentence."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _line(shelf: Shelf, one: Finding) -> Line:
    first, last = one.first, one.last
    days = (
        ""
        if first is None
        else str(first)
        if last in {None, first}
        else said("%(first)s to %(last)s", first=first, last=last)
    )
    return Line(one.key, one.symbol, shelf.names.get(one.symbol, ""), days, f"{one.count:,}", one.value, one.accepted)


def _pictured(shelf: Shelf, states: States, lang: Lang) -> dict[str, object] | None:
    coverage = shelf.coverage
    if not coverage.state.size:
        return None
    drawn = drawing.picture(states, coverage.symbols)
    columns = {symbol: at for at, symbol in enumerate(coverage.symbols)}

    def told(symbols: Sequence[str]) -> str:
        if len(symbols) > 1:
            return ", ".join(symbols)
        symbol = symbols[0]
        counts = [(int((states[:, columns[symbol]] == value).sum()), word) for value, word in COUNTED.items()]
        parts = [counted(number, word) for number, word in counts if number]
        behind = int((states[:, columns[symbol]] == LATE).sum())
        if behind:
            parts.append(said("ends %(sessions)s early", sessions=counted(behind, "session")))
        found = translate(listed(parts) if parts else said("nothing"), lang)
        return f"{symbol} {shelf.names.get(symbol, '')}: {found}"

    label = in_words(
        "Coverage of %(symbols)s over %(sessions)s",
        lang,
        symbols=counted(len(coverage.symbols), "symbol"),
        sessions=counted(len(coverage.sessions), "session"),
    )
    charts = [
        drawing.coverage_chart(
            drawn,
            coverage.sessions.astype("datetime64[D]"),
            frame,
            label,
            told,
            lambda own: shelf.names.get(own, ""),
            lang,
        )
        for frame in (drawing.WIDE, drawing.NARROW)
    ]
    return {
        "defined": Markup(drawing.defined(drawn)),  # noqa: S704  numbers alone
        "charts": [Markup(chart) for chart in charts],  # noqa: S704  every text in it is escaped where it is drawn
        "shared": _shared(drawn),
        "there": {name: bool((states == state).any()) for state, name in drawing.CLASSES.items()},
    }


def _shared(drawn: drawing.Picture) -> Said | None:
    """Say what shares a place in the picture."""
    lines, columns = drawn.per_line, drawn.per_column
    if lines > 1 and columns > 1:
        shared = said(
            "A line is up to %(lines)s neighbouring symbols of a board and a column is up to %(columns)s sessions",
            lines=lines,
            columns=columns,
        )
    elif lines > 1:
        shared = said("A line is up to %(lines)s neighbouring symbols of a board", lines=lines)
    elif columns > 1:
        shared = said("A column is up to %(columns)s sessions", columns=columns)
    else:
        return None
    return said("%(shared)s: a gap of one of them is shown, a halt where all of them halt.", shared=shared)


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


def _rows(shelf: Shelf, shown: Seen, open_: Sequence[Finding]) -> list[dict[str, object]]:
    """Return a line a symbol: those with the worst findings first, then those with gaps, then those that end early."""
    coverage, states = shelf.coverage, shown.states
    severe: dict[str, list[int]] = {}
    for one in open_:
        severe.setdefault(one.symbol, [0, 0, 0])[SEVERITIES.index(one.severity)] += 1
    counts = [(states == value).sum(axis=0).tolist() for value in (BAR, SUSPENDED, GAP)]
    behind = (states == LATE).sum(axis=0).tolist()

    def trouble(at: int) -> tuple[object, ...]:
        errors, warnings, _ = severe.get(coverage.symbols[at], (0, 0, 0))
        return -errors, -warnings, -counts[2][at], -behind[at], coverage.symbols[at]

    rows = []
    for at in sorted(range(len(coverage.symbols)), key=trouble)[:MOST_ROWS]:
        symbol = coverage.symbols[at]
        first, last = shown.spans.get(symbol, ("", ""))
        errors, warnings, _ = severe.get(symbol, (0, 0, 0))
        rows.append(
            {
                "symbol": symbol,
                "name": shelf.names.get(symbol, ""),
                "first": str(first),
                "last": str(last),
                "behind": f"{behind[at]:,}" if behind[at] else "",
                "late": behind[at] > 0 or (not last and coverage.state[-1, at] != DELISTED),
                "counts": [f"{own[at]:,}" for own in counts],
                "errors": errors,
                "warnings": warnings,
            }
        )
    return rows
