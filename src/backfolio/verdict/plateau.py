"""Whether the best lies on a plateau of the grid or on a peak: how its neighbours do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.errors import UsageError
from backfolio.said import said
from backfolio.verdict.model import Cliff

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from backfolio.verdict.curves import Floats, Integers

CLIFF: Final = 0.5
"""A step that leaves less of the best's edge than this is a cliff."""

FEWEST: Final = 5
"""Trials with a score below which there is no plateau.

Of two or three trials the median is the neighbour, or no better than one: every
step would be a cliff whatever the ground.
"""

FLAT: Final = 0.01
"""An edge up to this part of the scores is flat ground where the error of the best's score is not known."""


@dataclass(frozen=True, slots=True)
class Plateau:
    """How the neighbours of the best do; no score where `reason` is not empty.

    Parameters
    ----------
    score
        Share of the best's edge over the median trial that its median neighbour
        keeps, cut to 0 to 1.
    tried, possible
        Neighbours that finished, and that the grid has.
    median
        Median score of the neighbours; None where it has none.
    cliffs
        Steps that leave less than half of the edge, by parameter, down before up.
    reason
        Why there is no score.
    """

    score: float | None = None
    tried: int = 0
    possible: int = 0
    median: float | None = None
    cliffs: tuple[Cliff, ...] = ()
    reason: str = ""


def plateau(
    score: Floats,
    points: Integers,
    ordered: Sequence[bool],
    best: int,
    *,
    shape: Sequence[int] | None = None,
    names: Sequence[str] = (),
    apart: Sequence[bool] | None = None,
    error: float | None = None,
) -> Plateau:
    """Return how the neighbours of the best on the grid do.

    A neighbour is one step away along one ordered parameter, all others equal.
    With b the best's score, m the median score of all trials that have one and
    q the median of the neighbours', the plateau score is

        (q - m) / (b - m), cut to 0 to 1

    that is, the part of what puts the best ahead of the median trial that one
    step away still has: 1 on flat ground, 0 on a peak that stands alone. Adding
    to all scores or scaling them changes nothing, so that their sign plays no
    part. A neighbour without a score (it never traded) counts as worse than all.

    Where b and m lie within the standard error of b, the ground is flat: a
    neighbour within that error of b is as good, so that the score is 1 and no
    step is a cliff; one further down loses everything. That is the rule of one
    standard error (Breiman, Friedman, Olshen and Stone 1984, "Classification and
    Regression Trees", section 3.4.3). Where the error is not known, 1% of b or
    m, whichever is larger, is taken for it.

    Parameters
    ----------
    score
        (trials,); NaN where there is none.
    points
        int64 (trials, parameters): places on the grid.
    ordered
        Whether the values of each parameter are in an order.
    best
        Row of the best.
    shape
        Values of each parameter; None: as far as the points reach.
    names
        Of the parameters, for cliffs.
    apart
        Whether the first value of each parameter is "off" (None), which is no
        neighbour of the smallest number; None: no parameter has it.
    error
        Standard error of the best's score; None where it is not known.

    Raises
    ------
    UsageError
        If the arrays do not belong together.
    """
    if points.ndim != 2 or points.shape != (score.size, len(ordered)):  # noqa: PLR2004
        message = f"points have the shape {points.shape}: give {score.size} trials x {len(ordered)} parameters"
        raise UsageError(message)
    sizes = np.asarray(points.max(axis=0) + 1 if shape is None else shape, dtype=np.int64)
    steps = list(_steps(points[best], ordered, sizes, [False] * len(ordered) if apart is None else apart))
    possible = len(steps)
    if not possible:
        return Plateau(reason=_alone(points[best], ordered, sizes))
    near = _neighbours(points, steps, best)
    if not near:
        return Plateau(possible=possible, reason=said("No trial one step away from the best was tried."))
    values = np.array([score[row] for _, _, row in near])
    worst = np.where(np.isnan(values), -np.inf, values)
    middle = float(np.median(worst))
    median = middle if np.isfinite(middle) else None
    own = float(score[best])
    scored = int(np.count_nonzero(np.isfinite(score)))
    if scored < FEWEST or not np.isfinite(own):
        reason = said("The best has no score.")
        if scored == 1:
            reason = said("1 trial has a score: a median to compare with takes %(least)s.", least=FEWEST)
        elif scored < FEWEST:
            reason = said(
                "%(n)s trials have a score: a median to compare with takes %(least)s.", n=scored, least=FEWEST
            )
        return Plateau(tried=len(near), possible=possible, median=median, reason=reason)
    usual = float(np.nanmedian(score))
    edge = own - usual
    tolerance = FLAT * max(abs(own), abs(usual)) if error is None else error
    if edge < -tolerance:
        reason = said("The best scores lower than the median trial: there is no edge to keep.")
        return Plateau(tried=len(near), possible=possible, median=median, reason=reason)
    if edge <= tolerance:
        kept = np.where(worst >= own - tolerance, 1.0, 0.0)
        kept_by_median = 0.0 if median is None or median < own - tolerance else 1.0
    else:
        kept = np.where(np.isnan(values), 0.0, (values - usual) / edge)
        kept_by_median = 0.0 if median is None else (median - usual) / edge
    cliffs = tuple(
        Cliff(axis, names[axis] if names else "", step, share)
        for (axis, step, _), share in zip(near, kept.tolist(), strict=True)
        if share < CLIFF
    )
    return Plateau(min(max(kept_by_median, 0.0), 1.0), len(near), possible, median, cliffs)


def _steps(
    point: Integers, ordered: Sequence[bool], sizes: Integers, apart: Sequence[bool]
) -> Iterator[tuple[int, int]]:
    """Yield (parameter, step) to every neighbour that the grid has."""
    for axis, place in enumerate(point.tolist()):
        if ordered[axis] and not (apart[axis] and place == 0):
            lowest = 1 if apart[axis] else 0
            yield from ((axis, step) for step in (-1, 1) if lowest <= place + step < sizes[axis])


def _alone(point: Integers, ordered: Sequence[bool], sizes: Integers) -> str:
    """Return why the grid has no neighbour of a point."""
    if any(_steps(point, ordered, sizes, [False] * len(ordered))):
        return said("Nothing lies one step away from the best: a rule that is off has no next value.")
    return said("No varied parameter has ordered values, so that nothing lies one step away.")


def _neighbours(points: Integers, steps: Sequence[tuple[int, int]], best: int) -> list[tuple[int, int, int]]:
    """Return (parameter, step, row) of every neighbour that finished; the first row where a point was tried twice."""
    apart = points - points[best]
    near = np.flatnonzero(np.abs(apart).sum(axis=1) == 1)
    rows: dict[tuple[int, int], int] = {}
    for row in near.tolist():
        axis = int(np.flatnonzero(apart[row])[0])
        rows.setdefault((axis, int(apart[row, axis])), row)
    return [(axis, step, rows[axis, step]) for axis, step in steps if (axis, step) in rows]
