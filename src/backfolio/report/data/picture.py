"""The coverage picture: a line a symbol, a column a session, as run lengths."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare
from backfolio.errors import SymbolError
from backfolio.quality.model import BAR, DELISTED, GAP, SUSPENDED
from backfolio.report import plot
from backfolio.report.data.states import LATE
from backfolio.report.lang import translate
from backfolio.report.plot import Across

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from backfolio.report.look import Lang

    States = NDArray[np.int8]

CLASSES: Final = {DELISTED: "gone", LATE: "late", SUSPENDED: "halted", GAP: "gap"}
"""State to CSS class, in the order of drawing: what matters most lies on top. `BAR` lies below all."""

WORST_LAST: Final = np.array([0, 3, 2, 5, 1, 4], dtype=np.int8)
"""State to its rank where several share a place: a gap is never hidden, and a known halt only where all of them halt.

Halts are no fault. In a market of 5,000 names every place of the picture has
one, and gaps would drown in them.
"""

MOST_LINES: Final = 480
"""Lines of a picture; of more symbols, neighbours of one board share a line."""

MOST_COLUMNS: Final = 1_060
"""Columns of a picture; of more sessions, neighbours share a column."""

MOST_LETTERS: Final = 300_000
"""Of all runs. A picture beyond takes half of the columns."""

NAMED: Final = 64
"""Lines up to which each is written beside its symbol."""

LETTER: Final = 9.0
"""Room for one of a date, in the units of the view box."""

BOARDS: Final = ("Shanghai", "STAR", "Shenzhen", "ChiNext", "Beijing", "other")
"""Groups of lines, from the top."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things stand in the drawing; units are those of its view box.

    Parameters
    ----------
    name
        CSS class.
    width
        Of the view box.
    left
        Room for the names.
    labels
        Most date labels.
    both
        Whether names are written beside symbols.
    """

    name: str
    width: int
    left: int
    labels: int
    both: bool

    top: Final = 6
    foot: Final = 26


WIDE: Final = Frame("wide", 1120, 176, 12, both=True)
NARROW: Final = Frame("narrow", 360, 84, 4, both=False)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Lines and columns as they are drawn.

    Parameters
    ----------
    states
        int8 (lines, columns).
    symbols
        Of each line, at least one.
    boards
        Of each line, a place in `BOARDS`.
    per_line, per_column
        Most symbols of a line, sessions of a column.
    """

    states: States
    symbols: tuple[tuple[str, ...], ...]
    boards: tuple[int, ...]
    per_line: int
    per_column: int

    @property
    def height(self) -> float:
        """Of a line, in the units of the view box."""
        return 17.0 if len(self.symbols) <= NAMED else max(1.0, min(8.0, MOST_LINES / len(self.symbols)))


def picture(states: States, symbols: Sequence[str]) -> Picture:
    """Arrange coverage for drawing.

    Parameters
    ----------
    states
        int8 (sessions, symbols), as `states.seen` gives them.
    symbols
        Of the columns of `states`.
    """
    boards = [board(symbol) for symbol in symbols]
    order = sorted(range(len(symbols)), key=lambda at: (boards[at], symbols[at]))
    per_line = -(-len(order) // (MOST_LINES - len(BOARDS))) if len(order) > MOST_LINES else 1
    lines: list[list[int]] = []
    for at in order:
        if lines and len(lines[-1]) < per_line and boards[lines[-1][-1]] == boards[at]:
            lines[-1].append(at)
        else:
            lines.append([at])
    per_column = max(1, -(-len(states) // MOST_COLUMNS))
    while True:
        drawn = _worst(np.array([_one(states, line) for line in lines], dtype=np.int8), per_column)
        if sum(map(len, _paths(drawn).values())) <= MOST_LETTERS or drawn.shape[1] < 2:  # noqa: PLR2004  no pair left
            break
        per_column *= 2
    named = tuple(tuple(symbols[at] for at in line) for line in lines)
    return Picture(drawn, named, tuple(boards[line[0]] for line in lines), per_line, per_column)


def board(symbol: str) -> int:
    """Return the group of a symbol, a place in `BOARDS`."""
    try:
        place = ashare.board_of(symbol)
    except SymbolError:
        return BOARDS.index("other")
    named = {ashare.STAR: "STAR", ashare.CHINEXT: "ChiNext", ashare.BSE: "Beijing"}
    return BOARDS.index(named.get(place, "Shanghai" if symbol.endswith(".SH") else "Shenzhen"))


def defined(drawn: Picture) -> str:
    """Return the runs, once, hidden; `coverage_chart` uses them."""
    lines, columns = drawn.states.shape
    paths = _paths(drawn.states)
    thick = "" if lines <= NAMED else ' class="thick"'
    inside = "".join(f'<path class="{name}" d="{path}"/>' for name, path in paths.items() if path)
    return (
        f'<svg class="defined" width="0" height="0" aria-hidden="true"><symbol id="runs" '
        f'viewBox="0 0 {columns} {lines}" '
        f'preserveAspectRatio="none"><g{thick} transform="translate(0 .5)">{inside}</g></symbol></svg>'
    )


def coverage_chart(
    drawn: Picture,
    sessions: NDArray[np.datetime64],
    frame: Frame,
    label: str,
    said: Callable[[Sequence[str]], str],
    names: Callable[[str], str],
    lang: Lang = "en",
) -> str:
    """Draw the lines with their names and the dates.

    Parameters
    ----------
    drawn
        From `picture`.
    sessions
        ``datetime64[D]``, (sessions,), at least one.
    frame
        `WIDE` or `NARROW`.
    label
        What a screen reader says.
    said
        Symbols of a line to what a pointer over it says.
    names
        Symbol to name.
    lang
        Of dates and boards.
    """
    lines = len(drawn.symbols)
    tall = lines * drawn.height
    bottom = frame.top + tall
    box = f"0 0 {frame.width} {bottom + frame.foot:g}"
    across = Across(len(sessions), frame.left, frame.width - 1)
    parts = [f'<svg class="chart coverage {frame.name}" viewBox="{box}" role="img" aria-label="{escape(label)}">']
    place = f'x="{frame.left}" y="{frame.top}" width="{frame.width - 1 - frame.left}" height="{tall:g}"'
    fine = "" if lines <= NAMED else " fine"
    parts.append(f'<use class="runs{fine}" href="#runs" {place}/>')
    parts += _dates(sessions, across, frame, bottom, lang)
    parts += _named(drawn, frame, names) if lines <= NAMED else _boards(drawn, frame, lang)
    if frame.both:
        for at, symbols in enumerate(drawn.symbols):
            y = frame.top + at * drawn.height
            parts.append(
                f'<rect class="over" x="0" y="{y:.4g}" width="{frame.width}" height="{drawn.height:.4g}">'
                f"<title>{escape(said(symbols))}</title></rect>"
            )
    parts.append("</svg>")
    return "".join(parts)


def _dates(sessions: NDArray[np.datetime64], across: Across, frame: Frame, bottom: float, lang: Lang) -> list[str]:
    """Draw round dates; one without room for its text is left without."""
    parts = []
    for row, text, kind in plot.date_labels(sessions, frame.labels, lang):
        x = across(row)
        parts.append(f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.top}" y2="{bottom:g}"/>')
        if x + LETTER * len(text) < frame.width:
            parts.append(f'<text class="date {kind}" x="{x + 4:.1f}" y="{bottom + 18:g}">{text}</text>')
    return parts


def _one(states: States, columns: Sequence[int]) -> States:
    """Return the worst of some symbols in each session."""
    return _ranked(states[:, columns], axis=1)


def _worst(states: States, per_column: int) -> States:
    """Return the worst of neighbouring sessions, (lines, columns)."""
    if per_column == 1:
        return states
    lines, sessions = states.shape
    padded = np.zeros((lines, -(-sessions // per_column) * per_column), dtype=np.int8)
    padded[:, :sessions] = states
    return _ranked(padded.reshape(lines, -1, per_column), axis=2)


def _ranked(states: States, axis: int) -> States:
    ranks = WORST_LAST[states].max(axis=axis)
    worst: States = np.argsort(WORST_LAST).astype(np.int8)[ranks]
    return worst


def _paths(states: States) -> dict[str, str]:
    """Return a path a class: bars run below halts and gaps, so that only exceptions cut them."""
    below = (states == BAR) | (states == SUSPENDED) | (states == GAP)
    return {"held": _runs(below)} | {name: _runs(states == state) for state, name in CLASSES.items()}


def _runs(flags: NDArray[np.bool_]) -> str:
    """Return every run of True in a line as ``Mx yhn``."""
    lines, columns = flags.shape
    edged = np.zeros((lines, columns + 2), dtype=np.int8)
    edged[:, 1:-1] = flags
    turns = np.diff(edged, axis=1)
    line, first = np.nonzero(turns == 1)
    stop = np.nonzero(turns == -1)[1]
    placed = zip(first.tolist(), line.tolist(), (stop - first).tolist(), strict=True)
    return "".join(f"M{x} {y}h{length}" for x, y, length in placed)


def _named(drawn: Picture, frame: Frame, names: Callable[[str], str]) -> list[str]:
    parts = []
    for at, symbols in enumerate(drawn.symbols):
        y = frame.top + (at + 0.5) * drawn.height + 4
        own = symbols[0]
        name = f' <tspan class="quiet">{escape(_cut(names(own)))}</tspan>' if frame.both else ""
        parts.append(f'<text class="name" x="0" y="{y:.1f}">{escape(own)}{name}</text>')
    return parts


def _boards(drawn: Picture, frame: Frame, lang: Lang) -> list[str]:
    """Write the boards beside their lines, and draw what parts them."""
    parts = []
    boards = np.array(drawn.boards)
    for place in dict.fromkeys(drawn.boards):
        own = np.flatnonzero(boards == place)
        top, stop = frame.top + own[0] * drawn.height, frame.top + (own[-1] + 1) * drawn.height
        count = sum(len(drawn.symbols[line]) for line in own.tolist())
        if own[0]:
            parts.append(f'<line class="parts" x1="0" x2="{frame.width - 1}" y1="{top:.1f}" y2="{top:.1f}"/>')
        if stop - top >= 14:  # noqa: PLR2004  room for a line of text
            number = f' <tspan class="quiet">{count:,}</tspan>'
            parts.append(f'<text class="name" x="0" y="{top + 13:.1f}">{translate(BOARDS[place], lang)}{number}</text>')
    return parts


def _cut(name: str) -> str:
    """Cut a name to the room beside its symbol; a Chinese letter takes that of two."""
    width, kept = 0, ""
    for letter in name:
        width += 2 if ord(letter) > 0x2E80 else 1  # noqa: PLR2004  where CJK begins
        if width > 14:  # noqa: PLR2004  letters beside "688256.SH "
            return kept.rstrip() + "\N{HORIZONTAL ELLIPSIS}"
        kept += letter
    return kept
