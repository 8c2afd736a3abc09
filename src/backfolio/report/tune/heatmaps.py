"""The score over every pair of varied parameters, as tables whose cells are shaded."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.report.tune.score import Levels, Score, levels_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backfolio.report.look import Lang
    from backfolio.tune.space import Axis

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

SHADES: Final = 10
"""Steps of the palette, classes ``h0`` (low) to ``h9`` (high)."""

MOST_LEVELS: Final = 18
"""Levels of an axis that stand side by side, each with its number."""

MOST_CELLS: Final = 8_000
"""Cells of all maps of a page; where pairs are many, neighbouring values share one."""

CLIPPED: Final = 2.0
"""Percent of the cells beyond either end of the palette, so that one wild cell does not bleach the rest."""

FEW_CELLS: Final = 40
"""Below as many cells the palette reaches from the lowest to the highest."""

OUTSIDE: Final = "\N{DAGGER}"
"""After the value of a cell whose trials all break a constraint."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """One map: a mean score for each pair of levels, NaN where no trial has one.

    Parameters
    ----------
    down, across
        Levels of the rows and of the columns.
    values
        float64 (rows, columns).
    outside
        bool (rows, columns): all trials of the cell break a constraint.
    best
        (row, column) of the winner, or None.
    """

    down: Levels
    across: Levels
    values: Floats
    outside: Flags
    best: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Maps:
    """The maps of one way to look at the score, and the ends of their palette.

    Parameters
    ----------
    grids
        One a pair of axes.
    low, high
        Scores of the first and the last shade.
    clipped
        Whether cells lie beyond them.
    """

    grids: tuple[Grid, ...]
    low: float
    high: float
    clipped: bool


def mean_maps(
    axes: Sequence[Axis], points: Integers, score: Floats, allowed: Flags, best: int | None, lang: Lang = "en"
) -> Maps:
    """Return the mean over the other parameters, for every pair of axes.

    Parameters
    ----------
    axes
        The varied parameters.
    points
        int64 (trials, axes): the place of each trial's values on their axes.
    score
        float64 (trials,); NaN leaves a trial out.
    allowed
        bool (trials,): every constraint holds.
    best
        Row of the winner.
    lang
        Of the labels.
    """
    return _maps(axes, points, score, allowed, best, lang, sliced=False)


def slice_maps(
    axes: Sequence[Axis], points: Integers, score: Floats, allowed: Flags, best: int, lang: Lang = "en"
) -> Maps:
    """Return the slice through the winner, for every pair of axes: all other parameters as the winner has them."""
    return _maps(axes, points, score, allowed, best, lang, sliced=True)


def map_html(grid: Grid, maps: Maps, score: Score) -> str:
    """Return a map as a table; the winner's cell has the class ``best``."""
    across, down = escape(grid.across.name), escape(grid.down.name)
    count = len(grid.across)
    heads = "".join(f'<th scope="col">{escape(label)}</th>' for label in grid.across.labels)
    parts = [
        '<table class="heat"><thead>',
        f'<tr><td></td><th class="axis" colspan="{count}" scope="colgroup">{across}</th></tr>',
        f'<tr><th class="axis">{down}</th>{heads}</tr></thead><tbody>',
    ]
    shades = shade(grid.values, maps.low, maps.high).tolist()
    values, outside = grid.values.tolist(), grid.outside.tolist()
    for row, label in enumerate(grid.down.labels):
        parts.append(f'<tr><th scope="row">{escape(label)}</th>')
        for column in range(count):
            mark = " best" if (row, column) == grid.best else ""
            if shades[row][column] < 0:
                parts.append("<td>\N{MIDDLE DOT}</td>")
                continue
            text = score.short(values[row][column]) + (OUTSIDE if outside[row][column] else "")
            parts.append(f'<td class="h{shades[row][column]}{mark}">{text}</td>')
        parts.append("</tr>")
    parts.append("</tbody></table>")
    return "".join(parts)


def shade(values: Floats, low: float, high: float) -> Integers:
    """Return the shade of every value, 0 to `SHADES` - 1; -1 for NaN."""
    spread = high - low
    share = np.clip((values - low) / spread, 0.0, 1.0) if spread > 0.0 else np.where(np.isnan(values), np.nan, 0.5)
    return np.where(np.isnan(values), -1, np.minimum(np.nan_to_num(share) * SHADES, SHADES - 1)).astype(np.int64)


def key_html() -> str:
    """Return the palette as a drawing, low to high."""
    width = 14
    steps = "".join(f'<rect class="h{step}" x="{step * width}" width="{width}" height="12"/>' for step in range(SHADES))
    return f'<svg class="key" viewBox="0 0 {SHADES * width} 12" aria-hidden="true">{steps}</svg>'


def _maps(
    axes: Sequence[Axis], points: Integers, score: Floats, allowed: Flags, best: int | None, lang: Lang, *, sliced: bool
) -> Maps:
    levels = _levels(axes, lang)
    scored = np.flatnonzero(~np.isnan(score))
    points, own = points[scored], None if best is None else points[best]
    score, allowed = score[scored], allowed[scored]
    same = None if own is None else points == own
    grids = []
    for pair in combinations(range(len(axes)), 2):
        down, across = sorted(pair, key=lambda axis: (len(levels[axis]), axis))
        rows = slice(None)
        if sliced and same is not None:
            others = [axis for axis in range(len(axes)) if axis not in pair]
            rows = same[:, others].all(axis=1)
        grids.append(
            _grid(
                (levels[down], levels[across]),
                (points[rows, down], points[rows, across]),
                score[rows],
                allowed[rows],
                None if own is None else (int(levels[down].of[own[down]]), int(levels[across].of[own[across]])),
            )
        )
    return Maps(tuple(grids), *_ends(grids))


def _levels(axes: Sequence[Axis], lang: Lang) -> list[Levels]:
    """Return as many levels an axis as the page has room for."""

    def cells(most: int) -> int:
        sizes = [min(len(axis.values), most) for axis in axes]
        return 2 * sum(one * other for one, other in combinations(sizes, 2))

    most = next((count for count in range(MOST_LEVELS, 2, -1) if cells(count) <= MOST_CELLS), 2)
    return [levels_of(axis, most, lang) for axis in axes]


def _grid(
    levels: tuple[Levels, Levels],
    points: tuple[Integers, Integers],
    score: Floats,
    allowed: Flags,
    best: tuple[int, int] | None,
) -> Grid:
    shape = (len(levels[0]), len(levels[1]))
    places = levels[0].of[points[0]] * shape[1] + levels[1].of[points[1]]
    size = shape[0] * shape[1]
    counts = np.bincount(places, minlength=size)
    sums = np.bincount(places, weights=score, minlength=size)
    inside = np.bincount(places, weights=allowed.astype(np.float64), minlength=size)
    values = np.divide(sums, counts, out=np.full(size, np.nan), where=counts > 0)
    outside = (counts > 0) & (inside == 0)
    return Grid(*levels, values.reshape(shape), outside.reshape(shape), best)


def _ends(grids: Sequence[Grid]) -> tuple[float, float, bool]:
    values = np.concatenate([grid.values.ravel() for grid in grids] or [np.empty(0)])
    values = values[~np.isnan(values)]
    if not values.size:
        return 0.0, 0.0, False
    low, high = float(values.min()), float(values.max())
    if values.size < FEW_CELLS:
        return low, high, False
    inner = np.percentile(values, [CLIPPED, 100.0 - CLIPPED])
    return float(inner[0]), float(inner[1]), True
