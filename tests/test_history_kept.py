"""Kept: made once, never written, no more memory than is allowed, and the same for every thread."""

from __future__ import annotations

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.history.kept import LEAST_KEPT, MOST_BYTES, Kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


class Maker:
    """Makes arrays of 8 bytes a cell, and counts."""

    def __init__(self, cells: int = 1) -> None:
        self.cells = cells
        self.made: list[object] = []

    def of(self, key: object) -> Callable[[], NDArray[np.float64]]:
        def make() -> NDArray[np.float64]:
            self.made.append(key)
            return np.full(self.cells, float(len(self.made)))

        return make


def test_an_array_is_made_once_and_cannot_be_written() -> None:
    kept, maker = Kept(), Maker()
    array = kept.array("a", maker.of("a"))
    assert kept.array("a", maker.of("a")) is array
    assert kept.array(("a", 1), maker.of(("a", 1))) is not array
    assert maker.made == ["a", ("a", 1)]
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1.0


def test_the_first_rows_of_what_is_kept_are_views_and_make_nothing_anew() -> None:
    kept, maker = Kept(most_bytes=100, least=1), Maker(cells=4)
    whole = kept.array("a", maker.of("a"))
    part = kept.rows(3)
    cut = part.array("a", maker.of("a"))
    assert maker.made == ["a"]
    assert cut.shape == (3,)
    assert np.shares_memory(cut, whole)
    assert (len(part), part.nbytes, kept.nbytes) == (1, 24, 32)
    with pytest.raises(ValueError, match="read-only"):
        cut[0] = 1.0
    part.array("b", maker.of("b"))
    assert len(kept) == 1, "what is asked of the part is the part's own"


def test_what_was_not_asked_for_the_longest_goes_first() -> None:
    kept, maker = Kept(most_bytes=24, least=1), Maker()
    for key in "abcacdbe":
        kept.array(key, maker.of(key))
    # d takes the place of b, b that of a, and e that of c
    assert maker.made == ["a", "b", "c", "d", "b", "e"]
    assert (len(kept), kept.nbytes) == (3, 24)


def test_a_few_are_kept_however_large_they_are() -> None:
    kept, maker = Kept(most_bytes=24, least=2), Maker(cells=100)
    for key in "ababcb":
        kept.array(key, maker.of(key))
    assert maker.made == ["a", "b", "c"]
    assert (len(kept), kept.nbytes) == (2, 1600)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=40), st.integers(0, 100), st.integers(0, 4))
def test_no_more_is_kept_than_allowed(asked: list[tuple[int, int]], most_bytes: int, least: int) -> None:
    kept = Kept(most_bytes, least)
    for key, cells in asked:
        array = kept.array((key, cells), lambda cells=cells: np.zeros(cells))  # type: ignore[misc]
        assert len(array) == cells
        assert kept.nbytes <= most_bytes or len(kept) <= least
    assert len(kept) <= len(set(asked))


def test_an_array_may_need_another() -> None:
    kept = Kept()
    whole = kept.array("sum", lambda: kept.array("part", lambda: np.ones(3)) + 1)
    assert whole.tolist() == [2.0, 2.0, 2.0]
    assert len(kept) == 2


def test_what_could_not_be_made_is_asked_for_again() -> None:
    kept = Kept()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            kept.array("a", lambda: np.array([1 // 0]))
    assert kept.array("a", lambda: np.ones(1)).tolist() == [1.0]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda kept: pickle.loads(pickle.dumps(kept))])  # noqa: S301
def test_a_copy_is_empty_and_has_the_same_bounds(copied: Callable[[Kept], Kept]) -> None:
    kept, maker = Kept(most_bytes=8, least=1), Maker()
    kept.array("a", maker.of("a"))
    other = copied(kept)
    assert (len(kept), len(other), other.nbytes) == (1, 0, 0)
    for key in "abab":
        other.array(key, maker.of(key))
    assert len(other) == 1


def test_threads_that_make_the_same_at_once_are_given_one_array() -> None:
    kept, together = Kept(), threading.Barrier(4, timeout=30)

    def make() -> NDArray[np.float64]:
        together.wait()  # nobody is done before all have begun
        return np.zeros(5)

    with ThreadPoolExecutor(4) as pool:
        arrays = list(pool.map(lambda _: kept.array("a", make), range(4)))
    assert all(array is arrays[0] for array in arrays)
    assert (len(kept), kept.nbytes) == (1, 40)


def test_threads_that_ask_for_much_keep_to_the_bounds() -> None:
    kept = Kept(most_bytes=160, least=1)

    def ask(seed: int) -> bool:
        keys = np.random.default_rng(seed).integers(0, 40, 3_000).tolist()
        return all(kept.array(key, lambda key=key: np.full(1, float(key)))[0] == key for key in keys)  # type: ignore[misc]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(4)))
    assert (len(kept), kept.nbytes) == (20, 160)


def test_a_thesis_finds_again_what_it_asks_for_whatever_the_market() -> None:
    assert LEAST_KEPT >= 8  # members, tradable, closes, returns twice, catalysts twice, strength
    assert MOST_BYTES >= 20 * 1250 * 9 * 120  # a bool and a float frame of each of 120 spans, 20 names x 1250 sessions


def test_all_but_some_names_are_kept_on() -> None:
    kept, maker = Kept(), Maker(cells=3)
    for key in ("a", ("a", 1), ("b", 2), "b"):
        kept.array(key, maker.of(key))
    part = kept.without({"a"})
    assert (len(part), part.nbytes, len(kept)) == (2, 48, 4)
    assert part.array("b", maker.of("b")) is kept.array("b", maker.of("b"))
    assert part.array("a", maker.of("anew")) is not kept.array("a", maker.of("a"))
    assert maker.made == ["a", ("a", 1), ("b", 2), "b", "anew"]
