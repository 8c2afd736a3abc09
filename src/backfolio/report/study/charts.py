"""Drawings of an event study: numbers in, markup out, no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from backfolio.report import plot
from backfolio.report.plot import Across, Frame, Scale
from backfolio.report.words import MINUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.study import Measured

TICKS: Final = (1, 2, 5, 10, 20, 25, 50, 100)
"""Sessions between labels; the first that leaves few enough is taken."""


WIDE: Final = Frame("wide", 1120, 330, 58, 14)
NARROW: Final = Frame("narrow", 360, 240, 44, 7)
SMALL: Final = Frame("small", 400, 210, 48, 6)


def path_chart(path: Sequence[Measured], frame: Frame, label: str, event: str) -> str:
    """Draw the mean cumulative abnormal return with its band, from 0 before the window's first session.

    Parameters
    ----------
    path
        Sums from the window's first session up to each; those without events are left out.
    label
        What a screen reader says.
    event
        What a pointer over the line of session 0 says.
    """
    first = path[0].window.first
    held = [(one.window.last - first + 1, one) for one in path if one.mean is not None]
    ends = [value for _, one in held for value in (one.mean, one.low, one.high) if value is not None]
    bottom, right = frame.bottom, frame.end
    scale = Scale(*plot.padded(min(0.0, *ends, 0.0), max(0.0, *ends, 0.0)), bottom, frame.top)
    across = Across(len(path) + 1, frame.left, right)
    parts = [frame.open(label)]
    steps = plot.ticks(scale.low, scale.high, 5)
    parts += plot.levels(steps, scale, left=frame.left, right=right, labels=frame.width - 2, write=plot.percents(steps))
    parts += _sessions(first, len(path), across, frame)
    if first <= 0 < first + len(path):
        x = across(1 - first)
        parts.append(
            f'<g class="event"><title>{escape(event)}</title>'
            f'<line class="zero" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.top}" y2="{bottom}"/></g>'
        )
    banded = [(at, one.low, one.high) for at, one in held if one.low is not None and one.high is not None]
    if banded:
        above = [f"{across(at):.1f} {scale(high):.1f}" for at, _, high in banded]
        below = [f"{across(at):.1f} {scale(low):.1f}" for at, low, _ in reversed(banded)]
        parts.append(f'<path class="underwater" d="M{"L".join([*above, *below])}Z"/>')
    line = [f"{across(0):.1f} {scale(0.0):.1f}"]
    line += [f"{across(at):.1f} {scale(one.mean):.1f}" for at, one in held if one.mean is not None]
    parts.append(f'<path class="line strategy" d="M{"L".join(line)}"/>')
    parts.append("</svg>")
    return "".join(parts)


def _sessions(first: int, many: int, across: Across, frame: Frame) -> list[str]:
    """Label round sessions below the drawing; place 0 is the close before the first."""
    every = next((step for step in TICKS if many / step <= frame.labels), 250)
    y = frame.bottom + 18
    return [
        f'<text class="tick" x="{across(day - first + 1):.1f}" y="{y}">{str(day).replace("-", MINUS)}</text>'
        for day in range(first, first + many)
        if day % every == 0
    ]
