"""Drawings of the attempts to break a thesis: numbers in, markup out, no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from backfolio.report import plot
from backfolio.report.plot import Across, Frame, Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from backfolio.report.look import Lang

    Floats = NDArray[np.float64]

WIDE: Final = Frame("wide", 640, 236, 40, 7, left=2, top=24)
NARROW: Final = Frame("narrow", 340, 210, 34, 4, left=2, top=24)
LINES: Final = (
    Frame("wide", 640, 250, 50, 7, left=2),
    Frame("narrow", 340, 220, 46, 4, left=2),
)
"""Of two equity lines, and of a line over what is changed."""

BINS: Final = {WIDE.name: 56, NARROW.name: 28}

EDGE: Final = 22.0
"""How far the labels along the foot keep from the ends, and points of a line from the labels."""

BAR: Final = (150, 14)
"""View box of the bar of one row of a table."""

CHARACTER: Final = 8.6
"""Width of one in a label, in the units of the view box; a wide font's."""


class Point(NamedTuple):
    """A point of a line: where it stands, its height, what is written below and above it, and whether it is the run."""

    at: float
    value: float
    foot: str
    text: str
    own: bool = False


def histogram(
    values: Floats, mark: float, frame: Frame, *, side: Literal["above", "below"], label: str, mark_label: str
) -> str:
    """Draw how often which value came, and one value of its own as a line.

    Bins begin at the marked value, so that none lies on both sides of it.

    Parameters
    ----------
    values
        float64, at least one.
    mark
        What is marked.
    side
        Which values speak against the thesis: those from `mark` on, or those below it.
    label
        What a screen reader says.
    mark_label
        Beside the line.
    """
    low, high = min(float(values.min()), mark), max(float(values.max()), mark)
    room = max((high - low) * 0.03, plot.FLAT / 2)
    low, high = low - room, high + room
    across = Across(2, frame.left, frame.end)
    step = (high - low) / BINS[frame.name]

    def place(value: float) -> float:
        return min(max(across((value - low) / (high - low)), frame.left), frame.end)

    bins = np.floor((values - mark) / step).astype(np.int64)
    found, counts = np.unique(bins, return_counts=True)
    scale = Scale(0.0, float(counts.max()) * 1.06, frame.bottom, frame.top)
    parts = [frame.open(label, "strip")]
    steps = [level for level in plot.ticks(0.0, scale.high, 4) if level == int(level)]
    write = plot.plain_numbers(steps)
    parts += plot.levels(steps, scale, left=frame.left, right=frame.end, labels=frame.width - 2, write=write)
    drawn: dict[bool, list[str]] = {False: [], True: []}
    for each, count in zip(found.tolist(), counts.tolist(), strict=True):
        left, right = place(mark + each * step), place(mark + (each + 1) * step)
        top, gap = scale(count), min(1.0, (right - left) / 4)
        against = each >= 0 if side == "above" else each < 0
        drawn[against].append(f"M{left + gap / 2:.1f} {frame.bottom}V{top:.1f}H{right - gap / 2:.1f}V{frame.bottom}Z")
    for against, kind in ((False, "bar benchmark"), (True, "bar bad")):
        if drawn[against]:
            parts.append(f'<path class="{kind}" d="{"".join(drawn[against])}"/>')
    parts += _foot(plot.ticks(low, high, frame.labels), place, frame)
    x = place(mark)
    anchor, shift = ("value", -6) if x > frame.end / 2 else ("start", 6)
    parts.append(f'<line class="own" x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="{frame.bottom}"/>')
    parts.append(f'<text class="{anchor} own" x="{x + shift:.1f}" y="16">{escape(mark_label)}</text></svg>')
    return "".join(parts)


def response(
    points: Sequence[Point],
    frame: Frame,
    *,
    label: str,
    write: Callable[[Sequence[float]], Callable[[float], str]],
    level: float | None = None,
    shaded: float | None = None,
) -> str:
    """Draw a figure over what is changed.

    Parameters
    ----------
    points
        From left to right, at least one.
    label
        What a screen reader says.
    write
        From round levels to how they are written.
    level
        A height that is drawn dashed: what the thesis itself makes, or what it takes to hold.
    shaded
        Up to where the ground is shaded: what nobody could have had.
    """
    heights = [point.value for point in points] + ([] if level is None else [level])
    low, high = min(0.0, *heights), max(0.0, *heights)
    scale = Scale(*plot.padded(low, high + (high - low) * 0.08), frame.bottom, frame.top + 10)
    first, last = points[0].at, points[-1].at
    edge = max(EDGE, *(CHARACTER * len(point.text) / 2 for point in (points[0], points[-1])))
    across = Across(2, frame.left + edge, frame.end - edge)

    def place(at: float) -> float:
        return across((at - first) / (last - first) if last > first else 0.5)

    parts = [frame.open(label, "response")]
    if shaded is not None and first < shaded:
        width = place(shaded) - frame.left
        height = frame.bottom - frame.top
        parts.append(f'<rect class="band" x="{frame.left}" y="{frame.top}" width="{width:.1f}" height="{height}"/>')
    steps = plot.ticks(scale.low, scale.high, 5)
    ends = {"left": frame.left, "right": frame.end, "labels": frame.width - 2}
    parts += plot.levels(steps, scale, **ends, write=write(steps))
    if level is not None:
        y = scale(level)
        parts.append(f'<path class="line median" d="M{frame.left} {y:.1f}H{frame.end}"/>')
    line = "L".join(f"{place(point.at):.1f} {scale(point.value):.1f}" for point in points)
    parts.append(f'<path class="line mean" d="M{line}"/>')
    parts.append(f'<path class="marks mean" d="{"".join(f"M{part}h0" for part in line.split("L"))}"/>')
    free = 0.0
    for point in points:
        x, y = place(point.at), scale(point.value)
        if point.own:
            parts.append(f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="7"/>')
        half = CHARACTER * len(point.text) / 2
        if x - half >= free or point.own:
            above = y - (15 if point.own else 11)
            parts.append(f'<text class="tick name" x="{x:.1f}" y="{above:.1f}">{escape(point.text)}</text>')
            free = x + half
        parts.append(f'<text class="tick" x="{x:.1f}" y="{frame.bottom + 18}">{escape(point.foot)}</text>')
    parts.append("</svg>")
    return "".join(parts)


def two_lines(
    sessions: NDArray[np.datetime64], own: Floats, other: Floats, frame: Frame, label: str, lang: Lang = "en"
) -> str:
    """Draw the gain of the thesis and that of its names held.

    Parameters
    ----------
    sessions
        ``datetime64[D]``, (sessions,).
    own, other
        Gain since the start, (sessions,).
    label
        What a screen reader says.
    lang
        Of the dates.
    """
    low, high = (
        min(0.0, float(own.min()), float(other.min())),
        max(0.0, float(own.max()), float(other.max())),
    )
    scale = Scale(*plot.padded(low, high), frame.bottom, frame.top)
    across = Across(len(own), frame.left, frame.end)
    parts = [frame.open(label)]
    parts += plot.dates(sessions, across, top=frame.top, bottom=frame.bottom, labels=frame.labels, lang=lang)
    steps = plot.ticks(scale.low, scale.high, 5)
    ends = {"left": frame.left, "right": frame.end, "labels": frame.width - 2}
    parts += plot.levels(steps, scale, **ends, write=plot.percents(steps))
    for kind, line in (("benchmark", other), ("strategy", own)):
        parts.append(f'<path class="line {kind}" d="{plot.path(line, across, scale)}"/>')
    parts.append("</svg>")
    return "".join(parts)


def bar(value: float, base: float, low: float, high: float) -> str:
    """Draw one bar from 0, and a stroke where the thesis itself stands; `low` to `high` is what the table spans.

    It says nothing that the row does not say in figures, so a screen reader passes over it.
    """
    width, height = BAR
    across = Across(2, 1.0, width - 1.0)
    low, high = min(low, 0.0), max(high, 0.0)
    spread = (high - low) or 1.0
    zero, end, own = (across((each - low) / spread) for each in (0.0, value, base))
    left, long = min(zero, end), max(abs(end - zero), 0.8)
    kind = "bar" if value > 0.0 else "bar bad"
    return (
        f'<svg class="rank" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<rect class="{kind}" x="{left:.1f}" y="3" width="{long:.1f}" height="8"/>'
        f'<path class="zero" d="M{zero:.1f} 0V{height}"/><path class="base" d="M{own:.1f} 0V{height}"/></svg>'
    )


def _foot(steps: Sequence[float], place: Callable[[float], float], frame: Frame) -> list[str]:
    """Write round values below the drawing."""
    write = plot.percents(steps)
    parts = []
    for level in steps:
        x = min(max(place(level), 16.0), frame.end - 16.0)
        parts.append(f'<text class="tick" x="{x:.1f}" y="{frame.bottom + 18}">{write(round(level, 9) or 0.0)}</text>')
    return parts
