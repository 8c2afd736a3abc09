"""p-values of placebos are uniform where the thesis knows nothing: by simulation."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.falsify.placebos import random_dates, random_names
from broken import SYMBOLS, Lots, News, news, prepared, scene, twelve
from studied import market as drawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from backfolio.prepare import Prepared
    from backfolio.source import Source

SESSIONS = 190
"""Two blocks."""

EVENTS = 6

SURE = 1.95
"""The root of n times Kolmogorov's distance is above it once in a thousand."""


@cache
def market() -> Source:
    return twelve(SESSIONS, seed=8)


@cache
def window() -> Prepared:
    return prepared(Lots, market())


def of_dates(world: int, placebos: int) -> float:
    """News of random names on random sessions."""
    generator = np.random.default_rng((1, world))
    rows = sorted(generator.choice(SESSIONS, EVENTS, replace=False).tolist())
    source = replace(market(), catalysts=news(market(), rows, generator))
    return told(random_dates(scene(News(), prepared(News, source)), placebos, world).p_value)


def of_names(world: int, placebos: int) -> float:
    """Names by lot."""
    return told(random_names(scene(Lots(seed=world), window()), placebos, world)[0].p_value)


def of_decisions(world: int, placebos: int) -> float:
    """Names by lot, on other sessions."""
    return told(random_dates(scene(Lots(seed=world), window()), placebos, world).p_value)


def told(p: float | None) -> float:
    assert p is not None
    return p


def distance(chances: list[float], placebos: int) -> float:
    """Return the root of n times Kolmogorov's distance from uniform; between its steps a p-value is drawn by lot."""
    lots = np.random.default_rng(0).random(len(chances))
    values = np.sort(np.array(chances) - lots / (placebos + 1))
    steps = np.arange(len(values) + 1) / len(values)
    return float(max((steps[1:] - values).max(), (values - steps[:-1]).max()) * math.sqrt(len(values)))


def test_the_distance_tells_uniform_from_other() -> None:
    even = [(at + 1) / 20 for at in range(20)] * 5
    assert distance(even, 19) < 1.2
    assert distance([one**2 for one in even], 19) > SURE
    assert distance([math.ceil(20 * one**0.5) / 20 for one in even], 19) > SURE


@pytest.mark.parametrize("draw", [of_dates, of_names, of_decisions])
def test_chances_are_uniform_where_nothing_is_known(draw: Callable[[int, int], float]) -> None:
    assert distance([draw(world, 19) for world in range(40)], 19) < SURE


@pytest.mark.slow
@pytest.mark.parametrize("draw", [of_dates, of_names, of_decisions])
def test_chances_are_uniform_in_many_worlds(draw: Callable[[int, int], float]) -> None:
    worlds, placebos = 500, 39
    chances = [draw(world, placebos) for world in range(1_000, 1_000 + worlds)]
    assert distance(chances, placebos) < SURE
    # 5% of 500, and what 99.9% of such counts lie within
    assert 10 <= sum(chance <= 0.05 for chance in chances) <= 43


def test_news_that_lifts_prices_is_found() -> None:
    """Names rise for four sessions after their news: neither other sessions nor other names do as well."""
    generator = np.random.default_rng(4)
    rows = sorted(generator.choice(np.arange(5, SESSIONS - 10), 10, replace=False).tolist())
    plain = market()
    events = news(plain, rows, generator)
    lifts = {
        (row + day, symbol): 0.02 for row, event in zip(rows, events, strict=True) for symbol in event.symbols
        for day in range(2, 6)
    }  # fmt: skip
    source = replace(drawn(SESSIONS, seed=8, symbols=SYMBOLS, effects=lifts), catalysts=events)
    own = scene(News(), prepared(News, source))
    assert told(random_dates(own, 99, 0).p_value) <= 0.02
    assert told(random_names(own, 99, 0)[0].p_value) <= 0.02
