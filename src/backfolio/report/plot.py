"""What every drawing shares: scales, round levels, dates, and lines with no more points than can be seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.report.lang import sentence, translate
from backfolio.report.words import MINUS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from backfolio.report.look import Lang

    Values = NDArray[np.float64]

FLAT: Final = 0.01
"""A scale spans at least this, so that noise is not drawn as a mountain range."""

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things stand in a drawing; units are those of its view box.

    Parameters
    ----------
    name
        CSS class.
    width, height
        Of the view box.
    right
        Room for the value labels.
    labels
        Most labels along the foot.
    left, top, foot
        Room on the other sides.
    """

    name: str
    width: int
    height: int
    right: int
    labels: int
    left: int = 6
    top: int = 12
    foot: int = 26

    @property
    def bottom(self) -> int:
        """Lower end of what is drawn."""
        return self.height - self.foot

    @property
    def end(self) -> int:
        """Right end of what is drawn."""
        return self.width - self.right

    def open(self, label: str, kind: str = "") -> str:
        """Return the start of the drawing; `label` is what a screen reader says."""
        classes = f"chart {kind} {self.name}" if kind else f"chart {self.name}"
        box = f"0 0 {self.width} {self.height}"
        return f'<svg class="{classes}" viewBox="{box}" role="img" aria-label="{escape(label)}">'


@dataclass(frozen=True, slots=True)
class Scale:
    """Values to heights."""

    low: float
    high: float
    bottom: float
    top: float

    def __call__(self, value: float) -> float:
        """Return the height of a value."""
        spread = self.high - self.low
        share = (value - self.low) / spread if spread > 0.0 else 0.0
        return self.bottom - share * (self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class Across:
    """Rows to places from left to right."""

    rows: int
    left: float
    right: float

    def __call__(self, row: float) -> float:
        """Return the place of a row."""
        share = row / (self.rows - 1) if self.rows > 1 else 0.5
        return self.left + share * (self.right - self.left)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Return round values from `low` to `high` (above it), some `about` of them.

    Steps are 1, 2, 2.5 or 5 times a power of ten.
    """
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def padded(low: float, high: float) -> tuple[float, float]:
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


def points(values: Values, across: Across, scale: Scale) -> list[str]:
    """Return the places of a line, one value a row; a single value is drawn as a short stroke."""
    kept = thin(values, 2 * int(across.right - across.left))
    placed = [f"{across(row):.1f} {scale(value):.1f}" for row, value in zip(kept, values[kept], strict=True)]
    if len(placed) == 1:
        x, y = across(0), scale(float(values[0]))
        placed = [f"{x - 6:.1f} {y:.1f}", f"{x + 6:.1f} {y:.1f}"]
    return placed


def path(values: Values, across: Across, scale: Scale) -> str:
    """Return a line as the ``d`` of a path."""
    return "M" + "L".join(points(values, across, scale))


def levels(
    steps: Sequence[float], scale: Scale, *, left: float, right: float, labels: float, write: Callable[[float], str]
) -> list[str]:
    """Draw horizontal lines from `left` to `right`, their values ending at `labels`."""
    step = abs(steps[1] - steps[0]) if len(steps) > 1 else FLAT
    parts = []
    for level in steps:
        y = scale(level)
        zero = abs(level) < step / 1e6
        kind = "zero" if zero else "level"
        parts.append(f'<line class="{kind}" x1="{left:g}" x2="{right:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="value" x="{labels:g}" y="{y + 4:.1f}">{write(0.0 if zero else level)}</text>')
    return parts


def percents(steps: Sequence[float]) -> Callable[[float], str]:
    """Return how gains are written beside levels: with the decimals that their step needs."""
    step = abs(steps[1] - steps[0]) if len(steps) > 1 else FLAT
    decimals = 0 if step >= 0.01 - 1e-9 and abs(step * 100 - round(step * 100)) < 1e-6 else 1 if step >= 0.001 else 2  # noqa: PLR2004
    return lambda level: f"{level:+,.{decimals}%}".replace("-", MINUS) if level else "0%"


def plain_numbers(steps: Sequence[float]) -> Callable[[float], str]:
    """Return how plain numbers are written beside levels."""
    step = abs(steps[1] - steps[0]) if len(steps) > 1 else FLAT
    # A step of 0.25 needs two decimals, one of 0.2 one: round() undoes what binary fractions add.
    decimals = next((count for count in range(6) if abs(step - round(step, count)) < step / 1e6), 6)
    return lambda level: f"{level:,.{decimals}f}".replace("-", MINUS)


def dates(
    sessions: NDArray[np.datetime64], across: Across, *, top: float, bottom: float, labels: int, lang: Lang = "en"
) -> list[str]:
    """Draw vertical lines at round dates, their names below `bottom`."""
    parts = []
    for row, text, kind in date_labels(sessions, labels, lang):
        x = across(row)
        parts.append(f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{top:g}" y2="{bottom:g}"/>')
        parts.append(f'<text class="date {kind}" x="{x + 4:.1f}" y="{bottom + 18:g}">{text}</text>')
    return parts


def date_labels(sessions: NDArray[np.datetime64], most: int, lang: Lang = "en") -> list[tuple[int, str, str]]:
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
        text = sentence("%(year)s", lang, year=1970 + month // 12) if year else translate(MONTHS[month % 12], lang)
        labels.append((row, text, "year" if year else "month"))
    return labels
