"""Small equity lines: some forty numbers a run, kept in its JSON file, and their drawing."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

POINTS: Final = 40
"""Most points that are kept of a curve."""

SHARE: Final = 10_000
"""Gains are whole basis points."""

WIDTH: Final = 156
HEIGHT: Final = 56
"""Of the drawing's view box, whole units; shown at half the size."""

EDGE: Final = 3


def line_of(returns: NDArray[np.float64]) -> list[int]:
    """Return the small line of daily returns, (sessions,)."""
    return short_line(np.asarray(np.cumprod(1.0 + returns) - 1.0, dtype=np.float64))


def short_line(gain: NDArray[np.float64]) -> list[int]:
    """Return the gain at some forty sessions evenly apart, first and last among them, in basis points.

    Parameters
    ----------
    gain
        Since the start, after every session, (sessions,).
    """
    if not gain.size:
        return []
    rows = np.linspace(0, len(gain) - 1, min(POINTS, len(gain))).round().astype(np.intp)
    kept: list[int] = np.rint(gain[rows] * SHARE).astype(np.int64).tolist()
    return kept


def spark(line: Sequence[int], benchmark: Sequence[int]) -> str:
    """Draw a line from the gain 0 on, its benchmark behind it; "" where there are no two points.

    Both span the width, whatever their number of points. Markup of whole
    numbers alone: nothing in it comes from text.
    """
    if len(line) < 2:  # noqa: PLR2004  no line without two points
        return ""
    low, high = min(0, *line, *benchmark), max(0, *line, *benchmark)
    scale = (HEIGHT - 2 * EDGE) / (high - low or 1)

    base = HEIGHT - EDGE + low * scale
    own, other = ([round(base - value * scale) for value in each] for each in (line, benchmark))
    zero = round(base)
    behind = f'<path class="line benchmark" d="{_path(other)}"/>' if other else ""
    return (
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<path class="zero" d="M0 {zero}H{WIDTH}"/>'
        f'{behind}<path class="line strategy" d="{_path(own)}"/></svg>'
    )


def _path(heights: Sequence[int]) -> str:
    """Return a line through heights evenly apart, each point as a step from the one before."""
    across = _across(len(heights))
    steps = [f"{right} {two - one}" for right, (one, two) in zip(across, pairwise(heights), strict=True)]
    return f"M0 {heights[0]}l{' '.join(steps)}" if steps else ""


@lru_cache
def _across(points: int) -> tuple[int, ...]:
    """Return the steps to the right between points evenly apart."""
    places = [round(at * WIDTH / max(points - 1, 1)) for at in range(points)]
    return tuple(two - one for one, two in pairwise(places))
