from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.errors import UsageError
from backfolio.verdict.model import Cliff
from backfolio.verdict.plateau import Plateau, plateau

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def line(*scores: float) -> tuple[Floats, NDArray[np.int64], tuple[bool, ...], int]:
    """Return a grid of one ordered parameter with these scores."""
    score = np.array(scores)
    return score, np.arange(len(scores))[:, None], (True,), int(np.nanargmax(score))


@pytest.mark.parametrize(
    ("name", "scores", "expected", "median", "cliffs"),
    [
        ("flat ground", (1.0, 1.0, 0.0, 0.0, 0.0), 1.0, 1.0, {}),
        ("a slope", (0.0, 0.0, 0.8, 1.0, 0.6, 0.0, 0.0), 0.7, 0.7, {}),
        ("a peak alone", (0.0, 0.1, 0.1, 1.0, 0.1, 0.2, 0.0), 0.0, 0.1, {-1: 0.0, 1: 0.0}),
        ("worse around than usual", (0.0, 0.0, -3.0, 1.0, -1.0, 0.0, 0.0), 0.0, -2.0, {-1: -3.0, 1: -1.0}),
        ("a cliff on one side", (0.0, 0.0, 0.9, 1.0, 0.2, 0.0, 0.0), 0.55, 0.55, {1: 0.2}),
        ("all lose", (-5.0, -5.0, -1.5, -1.0, -2.0, -5.0, -5.0), 0.8125, -1.75, {}),
        ("best at the end", (1.0, 0.75, 0.0, 0.0, 0.0), 0.75, 0.75, {}),
        ("equal up to rounding", (1.0, 1.0, 0.999999, 1.0, 0.999999), 1.0, 1.0, {}),
        ("equal up to one percent", (0.5326, 0.5326, 0.5338, 0.5326, 0.5326), 1.0, 0.5326, {}),
        ("all the same", (0.3, 0.3, 0.3, 0.3, 0.3), 1.0, 0.3, {}),
        ("all the same, below 0", (-0.3, -0.3, -0.3, -0.3, -0.3), 1.0, -0.3, {}),
        ("flat but for a hole", (1.0, 1.0, 1.0, 1.001, 0.2, 1.0), 0.0, 0.6, {1: 0.0}),
        ("flat but for one that never traded", (1.0, 1.001, math.nan, 1.0, 1.0, 1.0), 0.0, None, {1: 0.0}),
        ("a neighbour without a score", (0.0, 0.0, math.nan, 1.0, 0.9, 0.0), 0.0, None, {-1: 0.0}),
    ],
)
def test_what_the_neighbours_keep(
    name: str, scores: tuple[float, ...], expected: float, median: float | None, cliffs: dict[int, float]
) -> None:
    found = plateau(*line(*scores), names=("hold",))
    assert found.score == pytest.approx(expected, abs=1e-12), name
    assert found.median == (None if median is None else pytest.approx(median, abs=1e-12))
    assert [(cliff.axis, cliff.name, cliff.step) for cliff in found.cliffs] == [(0, "hold", step) for step in cliffs]
    assert [cliff.kept for cliff in found.cliffs] == pytest.approx(list(cliffs.values()), abs=1e-12)
    assert found.reason == ""


def test_neighbours_are_one_step_along_one_ordered_parameter() -> None:
    # hold x names x kind; the last is not ordered. The best is in the middle of the first plane.
    points = np.array([(h, n, k) for h in range(3) for n in range(3) for k in range(2)])
    score = np.zeros(len(points))
    row = {tuple(point): at for at, point in enumerate(points.tolist())}
    score[row[1, 1, 0]] = 1.0
    for near, value in (((0, 1, 0), 0.9), ((2, 1, 0), 0.8), ((1, 0, 0), 0.7), ((1, 2, 0), 0.1)):
        score[row[near]] = value
    for far in ((1, 1, 1), (0, 0, 0), (2, 2, 0), (0, 1, 1)):
        score[row[far]] = -0.5
    found = plateau(score, points, (True, True, False), row[1, 1, 0])
    assert (found.tried, found.possible) == (4, 4)
    assert found.median == pytest.approx(0.75)
    assert found.score == pytest.approx(0.75)
    assert found.cliffs == (Cliff(1, "", 1, pytest.approx(0.1)),)
    assert found.cliffs[0].sentence == "One step up in parameter 2 loses 90% of the best's lead over the median trial."


def test_only_what_was_tried_counts() -> None:
    score = np.array([1.0, 0.0, 0.6, 0.0, 0.3])
    points = np.array([[4, 4], [0, 0], [4, 5], [9, 9], [7, 7]])
    found = plateau(score, points, (True, True), 0, shape=(10, 10))
    assert (found.tried, found.possible) == (1, 4)
    assert found.score == pytest.approx((0.6 - 0.3) / 0.7)
    corner = plateau(score, points, (True, True), 3, shape=(10, 10))
    assert (corner.tried, corner.possible, corner.score) == (0, 2, None)
    assert corner.reason == "No trial one step away from the best was tried."


def test_a_rule_that_is_off_is_no_neighbour_of_its_tightest_value() -> None:
    # back x trailing, whose first value is off.
    points = np.array([(back, trailing) for back in range(3) for trailing in range(3)])
    score = np.array([0.0, 0.8, 0.0, 0.0, 1.0, 0.7, 0.0, 0.6, 0.0])
    near, apart = (plateau(score, points, (True, True), 4, apart=off) for off in (None, (False, True)))
    assert (near.tried, apart.tried, near.possible, apart.possible) == (4, 3, 4, 3)
    assert (near.score, apart.score) == (pytest.approx(0.65), pytest.approx(0.7))
    assert [(cliff.axis, cliff.step) for cliff in near.cliffs] == [(1, -1)]
    assert apart.cliffs == ()
    off = plateau(score, points, (True, True), 3, apart=(False, True), shape=(3, 3))
    assert (off.tried, off.possible) == (2, 2)


@pytest.mark.parametrize(("error", "expected"), [(0.39, 0.0), (0.41, 0.0), (1.01, 1.0)])
def test_flat_ground_is_within_the_error(error: float, expected: float) -> None:
    # The best leads the median by 0.4 and its neighbours by 1.
    found = plateau(*line(0.6, 0.6, 0.0, 1.0, 0.0, 0.6, 0.6), error=error)
    assert (found.score, len(found.cliffs)) == (expected, 0 if expected else 2)


FEW = "{} a score: a median to compare with takes 5."


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            plateau(np.array([0.1, 0.2]), np.array([[0], [1]]), (False,), 1),
            Plateau(reason="No varied parameter has ordered values, so that nothing lies one step away."),
        ),
        (
            plateau(np.array([0.2]), np.array([[0]]), (True,), 0),
            Plateau(reason="No varied parameter has ordered values, so that nothing lies one step away."),
        ),
        (
            plateau(
                np.array([3.0, 0.0, 4.0, 4.0, 4.0]), np.arange(5)[:, None], (True,), 0
            ),  # others break a constraint
            Plateau(
                tried=1,
                possible=1,
                median=0.0,
                reason="The best scores lower than the median trial: there is no edge to keep.",
            ),
        ),
        (
            plateau(*line(0.0, 1.0)),
            Plateau(tried=1, possible=1, median=0.0, reason=FEW.format("2 trials have")),
        ),
        (
            plateau(*line(0.0, 1.0, 0.0)),
            Plateau(tried=2, possible=2, median=0.0, reason=FEW.format("3 trials have")),
        ),
        (
            plateau(*line(math.nan, 1.0, math.nan, math.nan, math.nan, math.nan)),
            Plateau(tried=2, possible=2, reason=FEW.format("1 trial has")),
        ),
        (
            plateau(np.array([0.0, 1.0, 2.0, 3.0, 4.0, math.nan]), np.arange(6)[:, None], (True,), 5),
            Plateau(tried=1, possible=1, median=4.0, reason="The best has no score."),
        ),
        (
            plateau(np.arange(5.0)[::-1], np.arange(5)[:, None], (True,), 0, apart=(True,)),
            Plateau(reason="Nothing lies one step away from the best: a rule that is off has no next value."),
        ),
    ],
)
def test_what_does_not_exist_is_said(made: Plateau, expected: Plateau) -> None:
    assert made == expected


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(UsageError, match=r"points have the shape \(2, 1\): give 3 trials x 1 parameters"):
        plateau(np.zeros(3), np.zeros((2, 1), dtype=np.int64), (True,), 0)


@given(
    scores=st.lists(st.floats(-5, 5), min_size=6, max_size=30),
    scale=st.floats(0.1, 10),
    seed=st.integers(0, 10**6),
)
def test_neither_scale_nor_sign_nor_order_matter(scores: list[float], scale: float, seed: int) -> None:
    score, points, ordered, best = line(*scores)
    found = plateau(score, points, ordered, best)
    moved = plateau(score * scale, points, ordered, best)
    mixed = np.random.default_rng(seed).permutation(len(scores))
    shuffled = plateau(score[mixed], points[mixed], ordered, int(np.flatnonzero(mixed == best)[0]))
    assert shuffled == found
    if found.score is not None and score[best] - np.median(score) > 1e-3:
        assert 0.0 <= found.score <= 1.0
        assert moved.score == pytest.approx(found.score, abs=1e-6)
