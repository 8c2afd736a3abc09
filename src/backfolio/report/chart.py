"""Equity and drawdown as inline SVG: numbers in, markup out, no script.

Colours are CSS classes of the page's style sheet, so that one drawing serves
light and dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.report.words import MINUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

FLAT: Final = 0.01
"""A scale spans at least this, so that noise is not drawn as a mountain range."""

MOST_GUIDES: Final = 60
"""Above this many marks the lines up from them would hatch the panel."""

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
    """
    rows = len(sessions)
    lines = [strategy] if benchmark is None else [strategy, benchmark]
    low = min(0.0, *(float(line.min()) for line in lines))
    high = max(0.0, *(float(line.max()) for line in lines))
    upper = _Scale(*_padded(low, high), frame.top + frame.equity, frame.top)
    falls = [_drawdown(line) for line in lines]
    depth = min(float(fall.min()) for fall in falls)
    lower = _Scale(_padded(depth, 0.0)[0], 0.0, frame.lower + frame.drawdown, frame.lower)
    across = _Across(rows, frame.left, frame.plot_right)
    box = f"0 0 {frame.width} {frame.height}"
    parts = [f'<svg class="chart {frame.name}" viewBox="{box}" role="img" aria-label="{escape(label)}">']
    parts += _dates(sessions, frame, across)
    parts += _levels(ticks(upper.low, upper.high, 5), upper, frame)
    parts += _levels(ticks(lower.low, lower.high, 3), lower, frame)
    parts += _marks(marks, frame, across)
    parts.append(f'<path class="underwater" d="{_area(falls[0], across, lower)}"/>')
    parts += [
        f'<path class="line {name}" d="{_path(line, across, scale)}"/>'
        for name, line, scale in _drawn(lines, falls, upper, lower)
    ]
    parts.append("</svg>")
    return "".join(parts)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Return round values from `low` to `high` (above it), some `about` of them.

    Steps are 1, 2, 2.5 or 5 times a power of ten.
    """
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _padded(low: float, high: float) -> tuple[float, float]:
    """Return a scale's ends: a little room beyond the values, none beyond 0; never flat."""
    spread = high - low
    if spread < FLAT:
        return low - FLAT, high + FLAT
    return (low - spread * 0.05 if low < 0.0 else low), (high + spread * 0.05 if high > 0.0 else high)


def thin(values: Values, most: int) -> NDArray[np.intp]:
    """Return rows that draw the same line with at most some `most` points: every bucket's extremes stay."""
    rows = len(values)
    if rows <= most:
        return np.arange(rows)
    edges = np.linspace(0, rows, most // 2 + 1).astype(np.intp)
    kept = {0, rows - 1}
    for first, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if stop > first:
            bucket = values[first:stop]
            kept |= {first + int(bucket.argmin()), first + int(bucket.argmax())}
    return np.array(sorted(kept), dtype=np.intp)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Values to heights."""

    low: float
    high: float
    bottom: float
    top: float

    def __call__(self, value: float) -> float:
        spread = self.high - self.low
        share = (value - self.low) / spread if spread > 0.0 else 0.0
        return self.bottom - share * (self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class _Across:
    """Rows to places from left to right."""

    rows: int
    left: float
    right: float

    def __call__(self, row: float) -> float:
        share = row / (self.rows - 1) if self.rows > 1 else 0.5
        return self.left + share * (self.right - self.left)


def _drawdown(gain: Values) -> Values:
    wealth = 1.0 + gain
    return np.asarray(wealth / np.maximum(np.maximum.accumulate(wealth), 1.0) - 1.0, dtype=np.float64)


def _drawn(
    lines: Sequence[Values], falls: Sequence[Values], upper: _Scale, lower: _Scale
) -> list[tuple[str, Values, _Scale]]:
    """Return what is drawn, the strategy last so that it lies on top."""
    drawn = []
    for name, line, fall in reversed(list(zip(("strategy", "benchmark"), lines, falls, strict=False))):
        drawn += [(name, line, upper), (f"{name} fall", fall, lower)]
    return drawn


def _points(values: Values, across: _Across, scale: _Scale) -> list[str]:
    kept = thin(values, 2 * int(across.right - across.left))
    points = [f"{across(row):.1f} {scale(value):.1f}" for row, value in zip(kept, values[kept], strict=True)]
    if len(points) == 1:
        x, y = across(0), scale(float(values[0]))
        points = [f"{x - 6:.1f} {y:.1f}", f"{x + 6:.1f} {y:.1f}"]
    return points


def _path(values: Values, across: _Across, scale: _Scale) -> str:
    return "M" + "L".join(_points(values, across, scale))


def _area(values: Values, across: _Across, scale: _Scale) -> str:
    points = _points(values, across, scale)
    first, last = points[0].split()[0], points[-1].split()[0]
    base = f"{scale(0.0):.1f}"
    return f"M{first} {base}L{'L'.join(points)}L{last} {base}Z"


def _levels(steps: Sequence[float], scale: _Scale, frame: Frame) -> list[str]:
    step = abs(steps[1] - steps[0]) if len(steps) > 1 else 0.01
    decimals = 0 if step >= 0.01 - 1e-9 and abs(step * 100 - round(step * 100)) < 1e-6 else 1 if step >= 0.001 else 2  # noqa: PLR2004
    parts = []
    for level in steps:
        y = scale(level)
        kind = "zero" if abs(level) < step / 1e6 else "level"
        number = 0.0 if kind == "zero" else level
        text = f"{number:+,.{decimals}%}".replace("-", MINUS) if number else "0%"
        parts.append(f'<line class="{kind}" x1="{frame.left}" x2="{frame.plot_right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="value" x="{frame.width - 2}" y="{y + 4:.1f}">{text}</text>')
    return parts


def _dates(sessions: NDArray[np.datetime64], frame: Frame, across: _Across) -> list[str]:
    parts = []
    bottom = frame.lower + frame.drawdown
    for row, text, kind in date_labels(sessions, frame.labels):
        x = across(row)
        parts.append(f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.top}" y2="{bottom}"/>')
        parts.append(f'<text class="date {kind}" x="{x + 4:.1f}" y="{bottom + 18}">{text}</text>')
    return parts


def date_labels(sessions: NDArray[np.datetime64], most: int) -> list[tuple[int, str, str]]:
    """Return (row, text, "year" | "month") of at most some `most` labels.

    Months or quarters or years, by length; days where the window is short.
    """
    months = sessions.astype("datetime64[M]").astype(np.int64)
    starts = [0, *(np.flatnonzero(np.diff(months)) + 1).tolist()]
    if len(starts) <= 2:  # noqa: PLR2004  within two months, days say more
        rows = range(0, len(sessions), math.ceil(len(sessions) / most))
        return [(row, str(sessions[row])[5:], "month") for row in rows]
    span = int(months[-1] - months[0]) + 1
    every = next((step for step in (1, 2, 3, 6, 12, 24) if span / step <= most), 60)
    labels = []
    for row in starts:
        month = int(months[row])
        # The first session's month is labelled only where the window begins with it.
        if month % every or (row == 0 and int(str(sessions[0])[8:10]) > 10):  # noqa: PLR2004
            continue
        year = month % 12 == 0
        labels.append((row, str(1970 + month // 12) if year else MONTHS[month % 12], "year" if year else "month"))
    return labels


def _marks(marks: Sequence[Mark], frame: Frame, across: _Across) -> list[str]:
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
