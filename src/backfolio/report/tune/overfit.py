"""What cross-validation says of the winner, as two drawings: logits of its rank, and its fall out of sample."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.report import plot
from backfolio.report.lang import translate
from backfolio.report.plot import Scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.report.look import Lang

    Floats = NDArray[np.float64]

WIDTH: Final = 400
HEIGHT: Final = 250
LEFT: Final = 4
RIGHT: Final = 46
TOP: Final = 26
FOOT: Final = 44


def logit_chart(edges: Floats, counts: NDArray[np.int64], label: str, lang: Lang = "en") -> str:
    """Draw how often each logit came.

    Parameters
    ----------
    edges, counts
        float64 (bins + 1,) and int64 (bins,): histogram of the logit of the
        relative rank, out of sample, of the trial that was best in sample. Up
        to 0, which is an edge, it was in the worse half.
    label
        What a screen reader says.
    lang
        Of the names of the axes.
    """
    shares = counts / max(int(counts.sum()), 1)
    scale = Scale(0.0, max(float(shares.max()), plot.FLAT) * 1.06, HEIGHT - FOOT, TOP)
    # The scale of heights turned to the side: low at the left.
    over = Scale(float(edges[0]), float(edges[-1]), LEFT, WIDTH - RIGHT)
    steps = plot.ticks(0.0, scale.high, 4)
    parts = _open(label)
    ends = {"left": LEFT, "right": WIDTH - RIGHT, "labels": WIDTH - 2}
    parts += plot.levels(steps, scale, **ends, write=lambda level: plot.percents(steps)(level).lstrip("+"))
    for first, stop, share in zip(edges[:-1].tolist(), edges[1:].tolist(), shares.tolist(), strict=True):
        if share:
            left, right, top = over(first) + 0.8, over(stop) - 0.8, scale(share)
            box = f'x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 1.0):.1f}" height="{scale.bottom - top:.1f}"'
            parts.append(f'<rect class="bar{" bad" if stop <= 0.0 else ""}" {box}/>')
    parts.append(_upright(over(0.0)))
    parts += _below(over, translate("logit of the rank out of sample", lang), 4)
    parts.append(_above(translate("share of the splits", lang)))
    parts.append("</svg>")
    return "".join(parts)


def degradation_chart(
    inside: Floats, outside: Floats, intercept: float | None, slope: float | None, label: str, lang: Lang = "en"
) -> str:
    """Draw the Sharpe ratio of the best trial of every split, in sample against out of sample.

    Parameters
    ----------
    inside, outside
        float64 (splits,), a year.
    intercept, slope
        Of the regression line, which is left out where they are None.
    label
        What a screen reader says.
    lang
        Of the names of the axes.
    """
    over = Scale(*_ends(inside), LEFT, WIDTH - RIGHT)
    scale = Scale(*_ends(outside), HEIGHT - FOOT, TOP)
    steps = plot.ticks(scale.low, scale.high, 5)
    parts = _open(label)
    ends = {"left": LEFT, "right": WIDTH - RIGHT, "labels": WIDTH - 2}
    parts += plot.levels(steps, scale, **ends, write=plot.plain_numbers(steps))
    for name, sides in (("", outside >= 0.0), (" out", outside < 0.0)):
        dots = "".join(
            f"M{over(inside[row]):.1f} {scale(outside[row]):.1f}h0" for row in np.flatnonzero(sides).tolist()
        )
        if dots:
            parts.append(f'<path class="dots{name}" d="{dots}"/>')
    if slope is not None and intercept is not None:
        first, last = float(inside.min()), float(inside.max())
        line = "L".join(f"{over(x):.1f} {scale(_inside(intercept + slope * x, scale)):.1f}" for x in (first, last))
        parts.append(f'<path class="line regression" d="M{line}"/>')
    parts += _below(over, translate("Sharpe ratio in sample", lang), 5)
    parts.append(_above(translate("Sharpe ratio out of sample", lang)))
    parts.append("</svg>")
    return "".join(parts)


def _open(label: str) -> list[str]:
    return [f'<svg class="chart small" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">']


def _ends(values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = max((high - low) * 0.06, 0.05)
    return low - room, high + room


def _inside(value: float, scale: Scale) -> float:
    return min(max(value, scale.low), scale.high)


def _upright(x: float) -> str:
    return f'<line class="zero" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - FOOT}"/>'


def _below(over: Scale, name: str, about: int) -> list[str]:
    """Write the values of the lower axis and its name."""
    steps = plot.ticks(over.low, over.high, about)
    write = plot.plain_numbers(steps)
    bottom = HEIGHT - FOOT + 17
    parts = [f'<text class="tick" x="{over(step):.1f}" y="{bottom}">{write(step)}</text>' for step in steps]
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [*parts, f'<text class="tick name" x="{middle:g}" y="{HEIGHT - 8}">{escape(name)}</text>']


def _above(name: str) -> str:
    """Write the name of the upright axis, over its values."""
    return f'<text class="value name" x="{WIDTH - 2}" y="12">{escape(name)}</text>'
