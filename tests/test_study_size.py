"""Size and power of the tests over hundreds of simulated worlds; slow."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backfolio.study import Asked, Window, curves
from backfolio.study.returns import abnormal, panel
from studied import Null, rejections

WORLDS = 500
ADJUSTED = ("kp_bmp", "kp_patell")
DAY = Window(0, 0)
WEEK = Window(0, 5)

pytestmark = pytest.mark.slow


def bounds(worlds: int, chance: float = 0.05, tail: float = 0.0005) -> tuple[int, int]:
    """Return what a binomial count lies between, but for `tail` at each end."""
    weights = [math.comb(worlds, k) * chance**k * (1 - chance) ** (worlds - k) for k in range(worlds + 1)]
    below = np.cumsum(weights)
    return int(np.searchsorted(below, tail)), int(np.searchsorted(below, 1.0 - tail))


def test_the_bounds_are_those_of_a_coin() -> None:
    assert bounds(500) == (11, 42)


@pytest.mark.parametrize(
    ("world", "tests"),
    [
        (Null(names=30, common=0.0, days=()), ("kp_bmp", "kp_patell", "t", "patell", "bmp", "rank", "sign")),
        (Null(), (*ADJUSTED, "rank")),
        (Null(common=0.6), ADJUSTED),
        (Null(names=20, sessions=200, days=(150,)), (*ADJUSTED, "rank")),
        (Null(heavy=True), ADJUSTED),
        (Null(names=10, days=(145, 148, 155, 160, 165, 195, 198, 235)), ADJUSTED),
        (Null(louder=2.0), ("kp_bmp",)),
    ],
    ids=["apart", "shared days", "much in common", "one day", "heavy tails", "windows that overlap", "louder events"],
)
def test_nothing_is_found_where_nothing_is(world: Null, tests: tuple[str, ...]) -> None:
    low, high = bounds(WORLDS)
    for counts in rejections(world, WORLDS, 21, [DAY, WEEK]):
        found = {name: counts[name] for name in tests}
        assert {name: count for name, count in found.items() if not low <= count <= high} == {}


@pytest.mark.parametrize("world", [Null(), Null(names=20, sessions=200, days=(150,))], ids=["six days", "one day"])
def test_tests_that_ignore_shared_days_find_what_is_not_there(world: Null) -> None:
    _, high = bounds(WORLDS)
    for counts in rejections(world, WORLDS, 22, [DAY, WEEK]):
        assert all(counts[name] > 3 * high for name in ("bmp", "patell", "t"))


def test_patell_takes_a_louder_event_for_an_effect_and_bmp_does_not() -> None:
    low, high = bounds(WORLDS)
    (counts,) = rejections(Null(names=30, common=0.0, days=(), louder=2.0), WORLDS, 23, [DAY])
    assert counts["patell"] > 3 * high
    assert low <= counts["bmp"] <= high


def test_a_planted_effect_is_found() -> None:
    (counts,) = rejections(Null(effect=0.02), WORLDS, 24, [DAY])
    assert counts["kp_bmp"] > 0.85 * WORLDS
    assert counts["kp_patell"] > 0.85 * WORLDS


def test_news_of_one_name_with_overlapping_windows_of_a_month_finds_nothing() -> None:
    """One analyst after another on few names: estimation and event windows overlap in every way."""
    generator = np.random.default_rng(25)
    worlds, found = 300, 0
    for _ in range(worlds):
        market = generator.normal(0.0, 0.012, 420)
        common = generator.normal(0.0, 1.0, (420, 1))
        returns = market[:, None] + 0.02 * (0.5 * common + math.sqrt(0.75) * generator.normal(0.0, 1.0, (420, 6)))
        seen = panel(np.exp(np.cumsum(returns, 0)), np.ones((420, 6), dtype=bool), np.exp(np.cumsum(market)), log=True)
        events = sorted({(int(row), int(name)) for row, name in generator.integers([130, 0], [395, 6], (40, 2))})
        measured = abnormal(seen, [row for row, _ in events], [name for _, name in events], Asked())
        (one,) = curves.over(curves.sample(measured, np.ones(len(events))), [Window(0, 20)])
        found += (one.test("kp_bmp").p or 1.0) < 0.05
    low, high = bounds(worlds)
    assert low <= found <= high
