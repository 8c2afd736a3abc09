"""Where the run stands among random draws of names: one dot a draw, by total return, as inline SVG."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.report import plot

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

DOT: Final = 7.0
"""Width of a dot and of the bins that dots are stacked in."""

MARGIN: Final = 6.0
TOP: Final = 22.0
FOOT: Final = 24.0
MOST_HIGH: Final = 90.0
"""Height of the tallest stack; dots move closer together above it."""


class Size(NamedTuple):
    """CSS class, width of the view box, most labels."""

    name: str
    width: int
    labels: int


WIDE: Final = Size("wide", 520, 7)
NARROW: Final = Size("narrow", 330, 4)


def strip_chart(totals: NDArray[np.float64], own: float, size: Size, *, own_label: str, label: str) -> str:
    """Draw the total returns of the placebos as stacked dots, and the run's own as a line.

    Parameters
    ----------
    totals
        Total return of each, fractions; at least one.
    own
        The run's.
    own_label
        Beside its line.
    label
        What a screen reader says.
    """
    low, high = plot.padded(min(float(totals.min()), own), max(float(totals.max()), own))
    across = plot.Across(2, MARGIN, size.width - MARGIN)

    def place(value: float) -> float:
        return across((value - low) / (high - low))

    stacks = _stacks([place(value) for value in totals.tolist()])
    tallest = max(len(stack) for stack in stacks.values())
    step = min(DOT, MOST_HIGH / tallest)
    base = TOP + step * tallest + DOT / 2
    dots = "".join(
        f"M{x:.1f} {base - DOT / 2 - 1 - step * place_in:.1f}h0"
        for x, stack in sorted(stacks.items())
        for place_in in range(len(stack))
    )
    box = f"0 0 {size.width} {base + FOOT:.0f}"
    parts = [
        f'<svg class="chart strip {size.name}" viewBox="{box}" role="img" aria-label="{escape(label)}">',
        f'<line class="zero" x1="0" x2="{size.width}" y1="{base:.1f}" y2="{base:.1f}"/>',
    ]
    steps = plot.ticks(low, high, size.labels)
    write = plot.percents(steps)
    for level in steps:
        x, text = min(max(place(level), 14.0), size.width - 22.0), write(round(level, 9) or 0.0)
        parts.append(f'<text class="tick" x="{x:.1f}" y="{base + 17:.1f}">{text}</text>')
    parts.append(f'<path class="dots" d="{dots}"/>')
    x = place(own)
    side = "value" if x > size.width / 2 else "start"
    parts.append(f'<line class="own" x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{base:.1f}"/>')
    shift = -6 if side == "value" else 6
    parts.append(f'<text class="{side} own" x="{x + shift:.1f}" y="14">{escape(own_label)}</text></svg>')
    return "".join(parts)


def _stacks(places: Sequence[float]) -> dict[float, list[float]]:
    """Put places into bins as wide as a dot."""
    found: dict[float, list[float]] = {}
    for each in places:
        found.setdefault((each // DOT + 0.5) * DOT, []).append(each)
    return found
