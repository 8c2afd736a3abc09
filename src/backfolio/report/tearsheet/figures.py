"""The drawings of the tear sheet as inline SVG: curves over time, bars by year, how often, quartiles.

Colours are CSS classes of the page's style sheet, so one drawing serves light
and dark; each is drawn twice, for a wide window and for a narrow one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.report import plot
from backfolio.report.plot import Across, Scale
from backfolio.report.tearsheet import often

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from backfolio.report.tearsheet.asked import Spread

    Values = NDArray[np.float64]
    Write = Callable[[float], str]

LOG_SPAN: Final = 8.0
"""From this ratio of the highest wealth to the lowest on, levels of a log scale are 1, 2, 5 times a power of ten."""

LEAST_WEALTH: Final = 0.01
"""A log scale ends here: below it an account is lost."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things stand in a drawing; units are those of its view box."""

    name: str
    width: int
    right: int
    labels: int

    left: Final = 2
    top: Final = 8
    foot: Final = 22

    @property
    def end(self) -> int:
        """Right end of the panel."""
        return self.width - self.right


WIDE: Final = Frame("wide", 590, 52, 8)
NARROW: Final = Frame("narrow", 332, 46, 6)
FRAMES: Final = (WIDE, NARROW)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A curve: CSS class and values (sessions,), broken where they are not finite."""

    kind: str
    values: Values


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Curves on one axis.

    Parameters
    ----------
    percent
        Values are fractions, written as percentages.
    base
        A value that the axis holds in any case; None for none.
    average
        A level to be marked with a dashed line.
    filled
        Whether the area between the last curve and 0 is filled.
    spans
        Rows from and to which the background is shaded.
    log
        Values are gains since the start, on a logarithmic scale of wealth.
    """

    lines: tuple[Line, ...]
    height: int = 120
    percent: bool = True
    base: float | None = 0.0
    average: float | None = None
    filled: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    log: bool = False


def mean(values: Values) -> float | None:
    """Return the mean of what is finite, as pandas takes it; None where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else None


def over_time(days: NDArray[np.datetime64], panel: Panel, label: str) -> str:
    """Draw curves over the sessions, wide and narrow; "" where no value is finite."""
    shown = [np.log(np.maximum(1.0 + line.values, LEAST_WEALTH)) if panel.log else line.values for line in panel.lines]
    finite = np.concatenate([values[np.isfinite(values)] for values in shown])
    if not finite.size:
        return ""
    kept = [finite.min(), finite.max(), *([] if panel.base is None else [panel.base])]
    kept += [] if panel.average is None else [panel.average]
    low, high = plot.padded(float(min(kept)), float(max(kept)))
    return "".join(_over_time(days, panel, shown, (low, high), frame, label) for frame in FRAMES)


def _over_time(
    days: NDArray[np.datetime64],
    panel: Panel,
    shown: Sequence[Values],
    ends: tuple[float, float],
    frame: Frame,
    label: str,
) -> str:
    bottom = frame.top + panel.height
    scale, across = Scale(*ends, bottom, frame.top), Across(len(days), frame.left, frame.end)
    parts = [_open(frame, bottom + frame.foot, label)]
    for first, last in panel.spans:
        x, width = across(first), max(across(last) - across(first), 1.0)
        parts.append(f'<rect class="span" x="{x:.1f}" y="{frame.top}" width="{width:.1f}" height="{panel.height}"/>')
    parts += plot.dates(days, across, top=frame.top, bottom=bottom, labels=frame.labels)
    parts += _levels(panel, scale, frame)
    if panel.filled:
        parts.append(_filled(shown[-1], across, scale))
    if panel.average is not None:
        y = scale(panel.average)
        parts.append(f'<path class="line average" d="M{frame.left} {y:.1f}H{frame.end}"/>')
    for line, values in zip(panel.lines, shown, strict=True):
        parts.append(f'<path class="line {line.kind}" d="{_strokes(values, across, scale)}"/>')
    return "".join([*parts, "</svg>"])


def _levels(panel: Panel, scale: Scale, frame: Frame) -> list[str]:
    about = max(3, round(panel.height / 34))
    ends = {"left": frame.left, "right": frame.end, "labels": frame.width - 1}
    if panel.log:
        wealth = log_levels(math.exp(scale.low), math.exp(scale.high), about)
        return plot.levels([math.log(each) for each in wealth], scale, **ends, write=_as_gain)
    steps = plot.ticks(scale.low, scale.high, about)
    return plot.levels(steps, scale, **ends, write=_percents(steps) if panel.percent else plot.plain_numbers(steps))


def log_levels(low: float, high: float, about: int) -> list[float]:
    """Return round levels of wealth between two ends, 1 at the start among them where it lies inside."""
    if high / low < LOG_SPAN:
        return [1.0 + step for step in plot.ticks(low - 1.0, high - 1.0, about + 1)]
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [each for power in powers for factor in (1, 2, 5) if low <= (each := factor * 10.0**power) <= high]


def _as_gain(level: float) -> str:
    """Write a level of the logarithm of wealth as a gain."""
    return _percents((0.0, 0.01))(round(math.exp(level) - 1.0, 9))


def _percents(steps: Sequence[float]) -> Write:
    """Write percentages without a plus: what stands beside an axis is no gain in every drawing."""
    write = plot.percents(steps)
    return lambda level: write(level).removeprefix("+")


def _strokes(values: Values, across: Across, scale: Scale) -> str:
    """Return a curve as the ``d`` of a path, lifted where it is not finite."""
    return "".join(
        plot.path(values[first:stop], Across(stop - first, across(first), across(stop - 1)), scale)
        for first, stop in _runs(values)
    )


def _runs(values: Values) -> list[tuple[int, int]]:
    """Return the (first, one past the last) rows of what is finite without a break."""
    edges = np.flatnonzero(np.diff(np.isfinite(values).astype(np.int8), prepend=0, append=0))
    return [(int(first), int(stop)) for first, stop in zip(edges[::2], edges[1::2], strict=True)]


def _filled(values: Values, across: Across, scale: Scale) -> str:
    zero = f"{scale(0.0):.1f}"
    areas = []
    for first, stop in _runs(values):
        placed = plot.points(values[first:stop], Across(stop - first, across(first), across(stop - 1)), scale)
        areas.append(f"M{placed[0].split()[0]} {zero}L{'L'.join(placed)}L{placed[-1].split()[0]} {zero}Z")
    return f'<path class="underwater" d="{"".join(areas)}"/>'


def by_year(years: Sequence[int], own: Values, other: Values | None, average: float, label: str) -> str:
    """Draw the return of each calendar year as bars, (years,) fractions, the benchmark's beside the strategy's."""
    sets = [("strategy", own)] if other is None else [("benchmark", other), ("strategy", own)]
    low, high = plot.padded(min(0.0, *(float(each.min()) for _, each in sets)), max(float(e.max()) for _, e in sets))
    height = 130
    drawn = []
    for frame in FRAMES:
        bottom = frame.top + height
        scale = Scale(low, max(high, 0.0), bottom, frame.top)
        slot = (frame.end - frame.left) / len(years)
        bar = min(slot * 0.36, 30.0)
        every = math.ceil(len(years) * 40 / (frame.end - frame.left))
        parts = [_open(frame, bottom + frame.foot, label)]
        parts += _levels(Panel((), height), scale, frame)
        for place, year in enumerate(years):
            middle = frame.left + (place + 0.5) * slot
            if place % every == 0:
                parts.append(f'<text class="tick" x="{middle:.1f}" y="{bottom + 17}">{year}</text>')
            for at, (kind, values) in enumerate(sets):
                x = middle + (at - len(sets) / 2) * bar
                parts.append(_bar(f"bar {kind}", (x + 0.5, x + bar - 0.5), (scale(0.0), scale(float(values[place])))))
        parts.append(f'<path class="line average" d="M{frame.left} {scale(average):.1f}H{frame.end}"/></svg>')
        drawn.append("".join(parts))
    return "".join(drawn)


def how_often(own: Values, other: Values | None, label: str) -> str:
    """Draw how often a month made how much, (months,) fractions: bars, and a smooth curve over them."""
    found = often.histogram(own, other)
    curves = [(kind, often.density(values, share, found.ends)) for kind, values, share in found.sets]
    edges = found.edges
    reach = [edge for _, curve in curves if curve for edge in (curve.at[0], curve.at[-1])]
    low, high = min(float(edges[0]), *reach, 0.0), max(float(edges[-1]), *reach, 0.0)
    tops = [float(bars.max()) for bars in found.bars] + [float(curve.height.max()) for _, curve in curves if curve]
    height = 130
    drawn = []
    for frame in FRAMES:
        bottom = frame.top + height
        scale, across = Scale(0.0, max(tops), bottom, frame.top), Scale(low, high, frame.left, frame.width - frame.left)
        parts = [_open(frame, bottom + frame.foot, label)]
        steps = plot.ticks(low, high, frame.labels)
        for level in steps:
            x, text = across(level), _percents(steps)(round(level, 9))
            parts.append(f'<line class="level" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.top}" y2="{bottom}"/>')
            parts.append(
                f'<text class="tick" x="{min(max(x, 16), frame.width - 16):.1f}" y="{bottom + 17}">{text}</text>'
            )
        for (kind, _, _), bars in zip(found.sets, found.bars, strict=True):
            for first, last, high_bar in zip(edges[:-1].tolist(), edges[1:].tolist(), bars.tolist(), strict=True):
                if high_bar:
                    parts.append(_bar(f"bar {kind} see", (across(first), across(last)), (bottom, scale(high_bar))))
        for kind, curve in curves:
            if curve:
                placed = (f"{across(x):.1f} {scale(y):.1f}" for x, y in zip(curve.at, curve.height, strict=True))
                parts.append(f'<path class="line {kind}" d="M{"L".join(placed)}"/>')
        parts.append(f'<line class="zero" x1="{frame.left}" x2="{frame.width - 2}" y1="{bottom}" y2="{bottom}"/></svg>')
        drawn.append("".join(parts))
    return "".join(drawn)


def quartiles(spreads: Sequence[Spread], names: Sequence[str], label: str) -> str:
    """Draw the returns of days, weeks and so on: a box from quartile to quartile, whiskers, dots outside."""
    every = [np.concatenate([spread.inside, spread.outside]) for spread in spreads]
    low, high = plot.padded(min(0.0, *(float(e.min()) for e in every)), max(0.0, *(float(e.max()) for e in every)))
    height = 180
    drawn = []
    for frame in FRAMES:
        bottom = frame.top + height
        scale = Scale(low, high, bottom, frame.top)
        slot = (frame.end - frame.left) / len(spreads)
        half = min(slot * 0.22, 24.0)
        parts = [_open(frame, bottom + frame.foot, label), *_levels(Panel((), height), scale, frame)]
        for place, (spread, values, name) in enumerate(zip(spreads, every, names, strict=True)):
            x = frame.left + (place + 0.5) * slot
            first, middle, third = (scale(float(each)) for each in np.quantile(values, (0.25, 0.5, 0.75)))
            inside = spread.inside if spread.inside.size else values
            ends = scale(float(inside.min())), scale(float(inside.max()))
            whiskers = f"M{x:.1f} {first:.1f}V{ends[0]:.1f}M{x:.1f} {third:.1f}V{ends[1]:.1f}"
            caps = "".join(f"M{x - half / 2:.1f} {end:.1f}h{half:.1f}" for end in ends)
            box = f"M{x - half:.1f} {first:.1f}H{x + half:.1f}V{third:.1f}H{x - half:.1f}Z"
            parts.append(f'<path class="whisker" d="{whiskers}{caps}"/><path class="box" d="{box}"/>')
            parts.append(f'<path class="middle" d="M{x - half:.1f} {middle:.1f}H{x + half:.1f}"/>')
            dots = sorted({f"{scale(value):.1f}" for value in spread.outside.tolist()})
            if dots:
                parts.append(f'<path class="dots" d="{"".join(f"M{x:.1f} {y}h0" for y in dots)}"/>')
            parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 17}">{escape(name)}</text>')
        drawn.append("".join([*parts, "</svg>"]))
    return "".join(drawn)


def _open(frame: Frame, height: float, label: str) -> str:
    box = f"0 0 {frame.width} {height:.0f}"
    return f'<svg class="chart {frame.name}" viewBox="{box}" role="img" aria-label="{escape(label)}">'


def _bar(kind: str, sides: tuple[float, float], heights: tuple[float, float]) -> str:
    top, size = min(heights), abs(heights[1] - heights[0])
    return (
        f'<rect class="{kind}" x="{sides[0]:.1f}" y="{top:.1f}" width="{sides[1] - sides[0]:.1f}" height="{size:.1f}"/>'
    )
