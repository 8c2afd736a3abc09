"""Gain and drawdown of several runs as inline SVG, for where no script runs."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.report import plot
from backfolio.report.chart import NARROW, WIDE, drawdown
from backfolio.report.plot import Across, Scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backfolio.report.chart import Frame

    Values = NDArray[np.float64]

FRAMES: Final = (WIDE, NARROW)

HUES: Final = 5
"""Colours of lines; the style sheet has ``.k1`` to ``.k5``, in the order in which the charts of `assets` take them."""


def hue(at: int) -> str:
    """Return the class of the run at a place: its colour, and "again" where the colours begin anew, dashed."""
    return f"k{at % HUES + 1}{' again' if at >= HUES else ''}"


def lines_chart(sessions: NDArray[np.datetime64], gains: Sequence[Values], frame: Frame, label: str) -> str:
    """Draw gains since the start, one line a run, and their drawdowns below; the first run on top.

    Parameters
    ----------
    sessions
        ``datetime64[D]``, (sessions,), at least two.
    gains
        Of each run after every session, fractions.
    label
        What a screen reader says.
    """
    falls = [drawdown(gain) for gain in gains]
    low, high = (pick(0.0, *(float(pick(gain)) for gain in gains)) for pick in (_least, _most))
    upper = Scale(*plot.padded(low, high), frame.top + frame.equity, frame.top)
    depth = min(float(fall.min()) for fall in falls)
    lower = Scale(plot.padded(depth, 0.0)[0], 0.0, frame.lower + frame.drawdown, frame.lower)
    across = Across(len(sessions), frame.left, frame.plot_right)
    bottom = frame.lower + frame.drawdown
    box = f"0 0 {frame.width} {frame.height}"
    parts = [f'<svg class="chart {frame.name}" viewBox="{box}" role="img" aria-label="{escape(label)}">']
    parts += plot.dates(sessions, across, top=frame.top, bottom=bottom, labels=frame.labels)
    for scale, about in ((upper, 5), (lower, 3)):
        steps = plot.ticks(scale.low, scale.high, about)
        ends = {"left": frame.left, "right": frame.plot_right, "labels": frame.width - 2}
        parts += plot.levels(steps, scale, **ends, write=plot.percents(steps))
    for at in reversed(range(len(gains))):
        for values, scale in ((gains[at], upper), (falls[at], lower)):
            parts.append(f'<path class="line {hue(at)}" d="{plot.path(values, across, scale)}"/>')
    parts.append("</svg>")
    return "".join(parts)


def _least(*values: Values | float) -> float:
    return float(min(np.min(value) for value in values))


def _most(*values: Values | float) -> float:
    return float(max(np.max(value) for value in values))
