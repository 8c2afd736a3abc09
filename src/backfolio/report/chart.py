"""Equity and drawdown as inline SVG: numbers in, markup out, no script.

Colours are CSS classes of the page's style sheet, so that one drawing serves
light and dark.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.report import plot
from backfolio.report.plot import Across, Scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backfolio.report.look import Lang

    Values = NDArray[np.float64]

MOST_GUIDES: Final = 60
"""Above this many marks the lines up from them would hatch the panel."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened before a session's open: a diamond below the equity line."""

    row: int
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things stand in a drawing; units are those of its view box.

    Parameters
    ----------
    name
        CSS class.
    width
        Of the view box.
    right
        Room for the value labels.
    equity, drawdown
        Heights of the two panels.
    labels
        Most date labels.
    """

    name: str
    width: int
    right: int
    equity: int
    drawdown: int
    labels: int

    left: Final = 2
    top: Final = 12
    strip: Final = 34
    foot: Final = 26

    @property
    def plot_right(self) -> float:
        """Right end of the panels."""
        return self.width - self.right

    @property
    def lower(self) -> int:
        """Top of the drawdown panel."""
        return self.top + self.equity + self.strip

    @property
    def height(self) -> int:
        """Of the view box."""
        return self.lower + self.drawdown + self.foot


WIDE: Final = Frame("wide", 1120, 58, 270, 96, 12)
NARROW: Final = Frame("narrow", 360, 44, 190, 70, 5)


def equity_chart(
    sessions: NDArray[np.datetime64],
    strategy: Values,
    benchmark: Values | None,
    marks: Sequence[Mark],
    frame: Frame,
    label: str,
    lang: Lang = "en",
) -> str:
    """Draw gain since the start and drawdown below it.

    Parameters
    ----------
    sessions
        ``datetime64[D]``, (sessions,), at least one.
    strategy, benchmark
        Gain since the start after every session, fractions.
    marks
        Catalysts, by the row of the first session that could act on them.
    label
        What a screen reader says.
    lang
        Of the dates.
    """
    rows = len(sessions)
    lines = [strategy] if benchmark is None else [strategy, benchmark]
    low = min(0.0, *(float(line.min()) for line in lines))
    high = max(0.0, *(float(line.max()) for line in lines))
    upper = Scale(*plot.padded(low, high), frame.top + frame.equity, frame.top)
    falls = [drawdown(line) for line in lines]
    depth = min(float(fall.min()) for fall in falls)
    lower = Scale(plot.padded(depth, 0.0)[0], 0.0, frame.lower + frame.drawdown, frame.lower)
    across = Across(rows, frame.left, frame.plot_right)
    box = f"0 0 {frame.width} {frame.height}"
    parts = [f'<svg class="chart {frame.name}" viewBox="{box}" role="img" aria-label="{escape(label)}">']
    bottom = frame.lower + frame.drawdown
    parts += plot.dates(sessions, across, top=frame.top, bottom=bottom, labels=frame.labels, lang=lang)
    parts += _levels(plot.ticks(upper.low, upper.high, 5), upper, frame)
    parts += _levels(plot.ticks(lower.low, lower.high, 3), lower, frame)
    parts += _marks(marks, frame, across)
    parts.append(f'<path class="underwater" d="{_area(falls[0], across, lower)}"/>')
    parts += [
        f'<path class="line {name}" d="{plot.path(line, across, scale)}"/>'
        for name, line, scale in _drawn(lines, falls, upper, lower)
    ]
    parts.append("</svg>")
    return "".join(parts)


def drawdown(gain: Values) -> Values:
    """Return how far each gain since the start lies below the highest so far, the start included; 0 or less."""
    wealth = 1.0 + gain
    return np.asarray(wealth / np.maximum(np.maximum.accumulate(wealth), 1.0) - 1.0, dtype=np.float64)


def _drawn(
    lines: Sequence[Values], falls: Sequence[Values], upper: Scale, lower: Scale
) -> list[tuple[str, Values, Scale]]:
    """Return what is drawn, the strategy last so that it lies on top."""
    drawn = []
    for name, line, fall in reversed(list(zip(("strategy", "benchmark"), lines, falls, strict=False))):
        drawn += [(name, line, upper), (f"{name} fall", fall, lower)]
    return drawn


def _area(values: Values, across: Across, scale: Scale) -> str:
    points = plot.points(values, across, scale)
    first, last = points[0].split()[0], points[-1].split()[0]
    base = f"{scale(0.0):.1f}"
    return f"M{first} {base}L{'L'.join(points)}L{last} {base}Z"


def _levels(steps: Sequence[float], scale: Scale, frame: Frame) -> list[str]:
    ends = {"left": frame.left, "right": frame.plot_right, "labels": frame.width - 2}
    return plot.levels(steps, scale, **ends, write=plot.percents(steps))


def _marks(marks: Sequence[Mark], frame: Frame, across: Across) -> list[str]:
    parts = []
    y = frame.top + frame.equity + frame.strip / 2
    crowded = len(marks) > MOST_GUIDES
    size = 4 if crowded else 5
    for mark in marks:
        x = across(mark.row)
        guide = "" if crowded else f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{frame.top}" y2="{y:.1f}"/>'
        diamond = f"M{x:.1f} {y - size - 1:.1f}l{size} {size + 1}l-{size} {size + 1}l-{size} -{size + 1}z"
        parts.append(f'<g class="mark"><title>{escape(mark.text)}</title>{guide}<path d="{diamond}"/></g>')
    return parts
