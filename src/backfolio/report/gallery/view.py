"""What the page over all reports shows, as plain values: a pure function of the folder."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from backfolio.metrics import DEFINITIONS
from backfolio.report import words
from backfolio.report.gallery import folders
from backfolio.report.gallery.comparable import WORDS, differs
from backfolio.report.gallery.kinds import KINDS, STUDIED
from backfolio.report.gallery.lines import spark
from backfolio.report.lang import counted, translate
from backfolio.report.look import USUAL
from backfolio.report.page import page, resource
from backfolio.report.text import plain, tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from backfolio.metrics import Definition
    from backfolio.report.gallery.comparable import Basis
    from backfolio.report.gallery.entry import Entry
    from backfolio.report.gallery.folders import Compared, Found
    from backfolio.report.look import Lang, Look

MOST_CHIPS: Final = 6
"""Parameters shown of a run."""

MOST_BROKEN: Final = 12
"""Folders named that cannot be read."""


class Line(NamedTuple):
    """One line of the table; figures as text, and as numbers to sort by."""

    entry: Entry
    href: str
    made: str
    chips: tuple[tuple[str, str], ...]
    more: int
    drawing: Markup
    total: str
    tone: str
    benchmark: str
    sharpe: str
    drawdown: str
    told: tuple[str, ...]
    differs: str


def gallery(reports: Path, look: Look = USUAL, listed: tuple[Found, ...] | None = None) -> bytes:
    """Return the page over all reports of a folder, the newest first.

    It reads one small JSON file a report and nothing else. What cannot be read
    is named in one line and left out.

    Parameters
    ----------
    listed
        What `folders.found` gave; None = look now.
    """
    shelf = folders.read(reports, folders.found(reports) if listed is None else listed)
    entries = shelf.entries
    reference = next((entry for entry in entries if entry.kind == "run"), entries[0] if entries else None)
    varied = _varied(entries)
    values: dict[str, object] = {
        "title": translate("Reports", look.lang),
        "fill_clock": words.FILL_CLOCK,
        "simulated": "",
        "counts": _counts(entries, look.lang),
        "lines": [_line(entry, reference, varied.get(entry.place.thesis, ()), look) for entry in entries],
        "reference": reference,
        "kinds": [kind.name for kind in KINDS if any(entry.kind == kind.name for entry in entries)],
        "theses": sorted({entry.place.thesis for entry in entries}),
        "sources": sorted({entry.source for entry in entries}),
        "causes": {name: translate(words, look.lang) for name, words in WORDS.items()},
        "store": folders.store(reports),
        "compared": [(_href(each.folder), each) for each in _latest(shelf.compared)],
        "broken": shelf.broken[:MOST_BROKEN],
        "broken_left_out": max(len(shelf.broken) - MOST_BROKEN, 0),
        "broken_count": len(shelf.broken),
    }
    script = resource("sort.js") + resource("gallery/gallery.js") if entries else ""
    return page("gallery.html", values, look=look, script=script)


def differing(names: Sequence[str], look: Look) -> str:
    """Write what differs, as in "other window, other rules"; "" for nothing."""
    if not names:
        return ""
    between = "、" if look.lang == "zh" else ", "
    return between.join(translate(WORDS[name], look.lang) for name in names)


def _line(entry: Entry, reference: Entry | None, varied: Iterable[str], look: Look) -> Line:
    shown = [(name, plain(entry.params[name])) for name in varied if name in entry.params]
    if entry.kind != "run":
        shown = [(name, plain(value)) for name, value in sorted(entry.params.items())]
    place = entry.place
    off = "" if reference is None else differing(_apart(entry.basis, reference.basis), look)
    told = tuple(translate(each, look.lang) for each in entry.told)
    chips = tuple(shown[:MOST_CHIPS])
    return Line(
        entry=entry,
        href=_href(f"{place.thesis}/{place.name}"),
        made=f"{dt.datetime.fromtimestamp(place.made).astimezone():%Y-%m-%d %H:%M}" if place.made else "",
        chips=chips,
        more=len(shown) - len(chips),
        drawing=Markup(spark(entry.line, entry.benchmark_line)),  # noqa: S704  whole numbers alone
        total=_text(_TOTAL, entry.total_return, entry),
        tone=tone(entry.total_return),
        benchmark=_TOTAL.text(entry.benchmark_return) if entry.benchmark else "",
        sharpe=_text(_SHARPE, entry.sharpe, entry),
        drawdown=_text(_DRAWDOWN, entry.max_drawdown, entry),
        told=told,
        differs=off,
    )


def _text(figure: Definition, value: float | None, entry: Entry) -> str:
    """Write a figure of an account; "" of an event study, which has none."""
    return "" if entry.kind == STUDIED else figure.text(value)


def _apart(one: Basis, other: Basis) -> tuple[str, ...]:
    return () if one is other else differs(one, other)


def _varied(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """Return the parameters in which the runs of a thesis differ, by thesis."""
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for entry in entries:
        if entry.kind == "run":
            for name, value in entry.params.items():
                seen[entry.place.thesis][name].add(plain(value))
    return {thesis: sorted(name for name, values in names.items() if len(values) > 1) for thesis, names in seen.items()}


def _counts(entries: Sequence[Entry], lang: Lang) -> list[str]:
    numbers: Mapping[str, int] = {kind.name: sum(entry.kind == kind.name for entry in entries) for kind in KINDS}
    return [
        counted(kind.one, kind.many, numbers[kind.name], lang)
        for kind in KINDS
        if numbers[kind.name] or kind is KINDS[0]
    ]


def _latest(compared: Sequence[Compared]) -> list[Compared]:
    return sorted(compared, key=lambda each: (each.last, each.folder), reverse=True)


def _href(folder: str) -> str:
    return quote(f"{folder}/index.html")


_BY_NAME: Final = {entry.name: entry for entry in DEFINITIONS}
_TOTAL, _SHARPE, _DRAWDOWN = (_BY_NAME[name] for name in ("total_return", "sharpe", "max_drawdown"))
