from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.errors import UsageError
from backfolio.tune import samplers
from backfolio.tune.samplers import Random, Tpe, count_trials, make_sampler
from backfolio.tune.space import Axis, Space


def space(*lengths: int) -> Space:
    return Space(tuple(Axis(f"a{at}", tuple(range(length))) for at, length in enumerate(lengths)))


def bowl(tried: Space, places: np.ndarray) -> np.ndarray:
    """Return scores that are best in the middle of every axis."""
    points = tried.points(places)
    return -np.sum((points / np.array(tried.shape) - 0.5) ** 2, axis=1)


def all_places(kind: str, tried: Space, count: int, seed: int = 0) -> list[int]:
    """Return the places of a whole tune."""
    sampler = make_sampler(kind, tried, seed)
    taken: list[int] = []
    for first in range(0, count, sampler.block):
        places = sampler.propose(first, min(first + sampler.block, count))
        taken += places.tolist()
        if len(taken) < count:
            sampler.learn(places, bowl(tried, places))
    return taken


def test_a_grid_is_enumerated() -> None:
    assert all_places("grid", space(3, 4), 12) == list(range(12))


@given(st.integers(1, 300), st.integers(0, 5), st.data())
def test_random_takes_every_place_once_and_any_part_by_number_alone(size: int, seed: int, data: st.DataObject) -> None:
    order = Random(size, seed).propose(0, size)
    assert sorted(order.tolist()) == list(range(size))
    first = data.draw(st.integers(0, size))
    stop = data.draw(st.integers(first, size))
    assert Random(size, seed).propose(first, stop).tolist() == order[first:stop].tolist()


def test_random_depends_on_its_seed() -> None:
    assert Random(100, 0).propose(0, 100).tolist() != Random(100, 1).propose(0, 100).tolist()


@pytest.mark.parametrize("size", [1_000_001, 2**40])
def test_a_huge_space_is_drawn_from_without_its_permutation(size: int) -> None:
    some = Random(size, 3).propose(0, 10_000)
    assert len(set(some.tolist())) == 10_000
    assert 0 <= some.min() <= some.max() < size
    assert abs(float(some.mean()) / size - 0.5) < 0.02
    assert Random(size, 3).propose(500, 700).tolist() == some[500:700].tolist()
    grown = Random(size, 3)
    grown.propose(0, 10)
    assert grown.propose(4_000, 9_000).tolist() == some[4_000:9_000].tolist()


def test_draws_that_repeat_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samplers, "PERMUTED", 10)
    whole = Random(5_000, 1).propose(0, 5_000)  # far more draws than places
    assert sorted(whole.tolist()) == list(range(5_000))
    assert Random(5_000, 1).propose(0, 60).tolist() == whole[:60].tolist()


def test_tpe_finds_the_middle_of_a_bowl_sooner_than_chance() -> None:
    tried = space(20, 20, 20)
    found = {kind: bowl(tried, np.array(all_places(kind, tried, 160))) for kind in ("tpe", "random")}
    assert float(np.mean(found["tpe"][-60:])) > float(np.mean(found["random"][-60:])) / 2  # scores lie below 0


def test_tpe_never_repeats_and_ends_with_the_space() -> None:
    taken = all_places("tpe", space(6, 7), 42)
    assert sorted(taken) == list(range(42))


def test_tpe_takes_switches_and_failed_trials() -> None:
    tried = Space((Axis("loud", (True, False)), Axis("style", ("a", "b", "c")), Axis("n", tuple(range(12)))))
    sampler = Tpe(tried, 0)
    for first in range(0, 64, 16):
        places = sampler.propose(first, first + 16)
        scores = bowl(tried, places)
        scores[::3] = -np.inf
        sampler.learn(places, scores)
    assert len(sampler.propose(64, 72)) == 8


def test_a_tpe_that_is_resumed_goes_on_as_if_nothing_had_happened() -> None:
    tried = space(9, 9, 9)
    whole = all_places("tpe", tried, 100, seed=5)
    resumed = Tpe(tried, 5)
    for first in range(0, 64, 16):  # what an earlier process found, from its log
        places = np.array(whole[first : first + 16])
        resumed.learn(places, bowl(tried, places))
    batch = resumed.propose(64, 80)
    assert batch.tolist() == whole[64:80]
    resumed.learn(batch, bowl(tried, batch))
    assert resumed.propose(80, 96).tolist() == whole[80:96]
    assert all_places("tpe", tried, 75, seed=5) == whole[:75]  # fewer trials are a part of more
    assert all_places("tpe", tried, 75, seed=6) != whole[:75]


@pytest.mark.parametrize(
    ("kind", "size", "asked", "count"),
    [("grid", 72, None, 72), ("random", 72, None, 72), ("random", 900, None, 200), ("tpe", 900, None, 200),
     ("tpe", 900, 5, 5), ("random", 72, 72, 72), ("grid", 72, 10, 10)],
)  # fmt: skip
def test_how_many_trials_a_tune_has(kind: str, size: int, asked: int | None, count: int) -> None:
    assert count_trials(kind, space(size), asked) == count


def test_what_cannot_be_tried_is_refused() -> None:
    for kind in ("grid", "random", "tpe"):
        with pytest.raises(UsageError, match="--trials 73 is more than there is to try, the space holds 72 points"):
            count_trials(kind, space(8, 9), 73)
    with pytest.raises(UsageError, match="--trials is 0: give a whole number from 1"):
        count_trials("grid", space(3), 0)
    with pytest.raises(UsageError, match=r"no sampler is called 'radnom' \(did you mean 'random'\?\)"):
        make_sampler("radnom", space(3), 0)
