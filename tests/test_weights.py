from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backfolio.errors import ThesisError
from backfolio.weights import cap, equal_weight, inverse_volatility, top

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

NAN, INF = float("nan"), float("inf")
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=8)
SCORES = hnp.arrays(np.float64, SHAPES, elements=st.sampled_from([NAN, INF, -INF, -1.0, -0.0, 0.0, 0.5, 0.5, 2.0]))
CHOICES = hnp.arrays(np.bool_, SHAPES)
WEIGHTS = hnp.arrays(np.float64, SHAPES, elements=st.one_of(st.just(NAN), st.floats(0, 1)))


def framed(values: NDArray[Any]) -> pd.DataFrame:
    """Return a frame whose memory cannot be written, as those of a History."""
    values.setflags(write=False)
    rows, columns = values.shape
    sessions = pd.date_range("2025-01-02", periods=rows)
    return pd.DataFrame(values, index=sessions, columns=[f"{600000 + at}.SH" for at in range(columns)], copy=False)


class TestTop:
    @pytest.mark.parametrize(
        ("scores", "n", "chosen"),
        [
            ([0.1, 0.3, 0.2], 1, [0, 1, 0]),
            ([0.1, 0.3, 0.2], 2, [0, 1, 1]),
            ([0.1, 0.3, 0.2], 9, [1, 1, 1]),
            ([0.1, NAN, 0.2], 3, [1, 0, 1]),
            ([NAN, NAN, NAN], 2, [0, 0, 0]),
            ([INF, 0.1, -INF], 2, [0, 1, 0]),
            ([0.2, 0.2, 0.2], 2, [1, 1, 0]),
            ([0.1, 0.2, 0.2], 1, [0, 1, 0]),
            ([0.2, 0.1, 0.2], 2, [1, 0, 1]),
            ([-3.0, -1.0, -2.0], 2, [0, 1, 1]),
            ([0.0, -0.0, 0.0], 2, [1, 1, 0]),
        ],
    )
    def test_the_highest_finite_scores_are_chosen_ties_by_column(
        self, scores: list[float], n: int, chosen: list[int]
    ) -> None:
        assert top(np.array([scores]), n).tolist() == [[bool(one) for one in chosen]]

    @given(SCORES, st.integers(1, 10))
    def test_it_agrees_with_sorting_each_row(self, scores: NDArray[np.float64], n: int) -> None:
        expected = np.zeros(scores.shape, dtype=bool)
        for row, line in enumerate(scores):
            finite = [(-score, at) for at, score in enumerate(line) if np.isfinite(score)]
            expected[row, [at for _, at in sorted(finite)[:n]]] = True
        assert np.array_equal(top(scores, n), expected)

    def test_whole_numbers_are_scores_too(self) -> None:
        assert top(np.array([[3, 1, 2]]), 1).tolist() == [[True, False, False]]

    @pytest.mark.parametrize("n", [0, -1, 2.0, True, None, "2"])
    def test_n_is_a_whole_number_from_1(self, n: Any) -> None:
        with pytest.raises(ThesisError, match=r"n is .*: give a whole number from 1"):
            top(np.zeros((1, 3)), n)

    def test_a_choice_is_no_score(self) -> None:
        with pytest.raises(ThesisError, match="was given True and False: give scores"):
            top(np.array([[True, False]]), 1)


class TestEqualWeight:
    @pytest.mark.parametrize(
        ("options", "rows"),
        [
            ({}, [[0.5, 0.5, 0], [0, 0, 0], [0, 0, 1]]),
            ({"slots": 4}, [[0.25, 0.25, 0], [0, 0, 0], [0, 0, 0.25]]),
            ({"slots": 1}, [[0.5, 0.5, 0], [0, 0, 0], [0, 0, 1]]),
            ({"most": 0.3}, [[0.3, 0.3, 0], [0, 0, 0], [0, 0, 0.3]]),
            ({"most": 1}, [[0.5, 0.5, 0], [0, 0, 0], [0, 0, 1]]),
            ({"slots": 2, "most": 0.4}, [[0.4, 0.4, 0], [0, 0, 0], [0, 0, 0.4]]),
        ],
    )
    def test_table(self, options: dict[str, Any], rows: list[list[float]]) -> None:
        chosen = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 1]], dtype=bool)
        assert equal_weight(chosen, **options).tolist() == rows

    @given(CHOICES)
    def test_rows_sum_to_one_or_nothing(self, chosen: NDArray[np.bool_]) -> None:
        sums = equal_weight(chosen).sum(axis=1)
        assert np.allclose(sums, chosen.any(axis=1))
        assert (sums <= 1 + 1e-12).all()

    def test_a_shifted_choice_is_missing_in_its_first_row_and_false_there(self) -> None:
        chosen = framed(np.array([[True, False], [True, True]])).shift(1)
        assert chosen.dtypes.unique().tolist() == [np.dtype(object)]
        assert equal_weight(chosen).to_numpy().tolist() == [[0, 0], [1, 0]]
        assert equal_weight(chosen.astype("boolean")).to_numpy().tolist() == [[0, 0], [1, 0]]

    @pytest.mark.parametrize("values", [np.ones((1, 2)), np.array([["a", True]], dtype=object), np.ones((1, 2), int)])
    def test_numbers_are_no_choice(self, values: NDArray[Any]) -> None:
        with pytest.raises(ThesisError, match="give True and False"):
            equal_weight(values)

    @pytest.mark.parametrize("options", [{"slots": 0}, {"slots": 2.5}, {"most": 0}, {"most": 1.5}, {"most": NAN}])
    def test_bounds_are_checked(self, options: dict[str, Any]) -> None:
        with pytest.raises(ThesisError, match=f"{next(iter(options))} is"):
            equal_weight(np.ones((1, 2), dtype=bool), **options)


class TestCap:
    @pytest.mark.parametrize(
        ("weights", "most", "capped"),
        [
            ([0.5, 0.3, 0.2], 0.5, [0.5, 0.3, 0.2]),
            ([0.7, 0.2, 0.1], 0.5, [0.5, 1 / 3, 1 / 6]),
            ([0.6, 0.35, 0.05], 0.4, [0.4, 0.4, 0.2]),
            ([1.0, 0.0, 0.0], 0.4, [0.4, 0.0, 0.0]),
            ([0.5, 0.5, 0.0], 0.4, [0.4, 0.4, 0.0]),
            ([0.6, 0.0, NAN], 0.4, [0.4, 0.0, NAN]),
            ([0.3, 0.1, NAN], 0.25, [0.25, 0.15, NAN]),
            ([0.0, 0.0, 0.0], 0.4, [0.0, 0.0, 0.0]),
        ],
    )
    def test_the_excess_goes_to_those_below_in_proportion(
        self, weights: list[float], most: float, capped: list[float]
    ) -> None:
        assert np.allclose(cap(np.array([weights]), most), [capped], equal_nan=True)

    @given(WEIGHTS, st.sampled_from([0.05, 0.1, 0.25, 0.5, 1.0]))
    def test_nothing_is_above_the_bound_and_nothing_is_lost_that_has_room(
        self, weights: NDArray[np.float64], most: float
    ) -> None:
        capped = cap(weights, most)
        assert np.array_equal(np.isnan(capped), np.isnan(weights))
        given_weights, result = np.nan_to_num(weights), np.nan_to_num(capped)
        assert (result <= most).all()
        room = most * (given_weights > 0).sum(axis=1)
        assert np.allclose(result.sum(axis=1), np.minimum(given_weights.sum(axis=1), room))
        assert ((result == 0) | (given_weights > 0)).all()
        assert (result >= np.minimum(given_weights, most) - 1e-12).all()

    @pytest.mark.parametrize("most", [0, -0.1, 1.01, NAN])
    def test_the_bound_is_a_fraction(self, most: float) -> None:
        with pytest.raises(ThesisError, match=r"most is .*: give a fraction above 0, at most 1"):
            cap(np.ones((1, 2)) / 2, most)


class TestInverseVolatility:
    def test_weights_go_with_the_inverse_of_the_standard_deviation(self) -> None:
        dice = np.random.default_rng(7)
        moves = dice.normal(0, [0.01, 0.02, 0.04], (30, 3))
        weights = inverse_volatility(np.ones((30, 3), dtype=bool), moves, window=20)
        inverse = 1 / np.std(moves[10:], axis=0, ddof=1)
        assert np.allclose(weights[-1], inverse / inverse.sum())

    def test_it_agrees_with_a_rolling_deviation_of_known_returns(self) -> None:
        dice = np.random.default_rng(8)
        moves = np.where(dice.random((60, 4)) < 0.3, NAN, dice.normal(0, 0.02, (60, 4)))
        chosen = dice.random((60, 4)) < 0.7
        deviation = framed(moves).rolling(10, min_periods=5).std().to_numpy()
        inverse = np.where(chosen & np.isfinite(deviation), 1 / deviation, 0.0)
        sums = inverse.sum(axis=1, keepdims=True)
        expected = np.divide(inverse, sums, out=np.zeros_like(inverse), where=sums > 0)
        assert np.allclose(inverse_volatility(chosen, moves, window=10), expected)

    def test_no_volatility_no_weight(self) -> None:
        moves = np.tile([0.01, 0.003, NAN, 0.02], (8, 1))
        moves[::2, 0] *= -1
        moves[:6, 3] = NAN
        weights = inverse_volatility(np.ones((8, 4), dtype=bool), moves, window=6)
        assert weights[-1].tolist() == [1, 0, 0, 0]

    def test_half_the_window_is_enough(self) -> None:
        moves = np.array([[0.01], [-0.01], [0.02], [0.0]])
        weights = inverse_volatility(np.ones((4, 1), dtype=bool), moves, window=6)
        assert weights.ravel().tolist() == [0, 0, 1, 1]

    def test_what_is_not_chosen_gets_nothing(self) -> None:
        moves = np.random.default_rng(9).normal(0, 0.02, (10, 2))
        chosen = np.tile([True, False], (10, 1))
        assert inverse_volatility(chosen, moves, window=5)[-1].tolist() == [1, 0]

    def test_a_window_longer_than_the_data_is_no_fault(self) -> None:
        moves = np.array([[0.01], [-0.01], [0.02]])
        assert inverse_volatility(moves != 0, moves, window=50).tolist() == [[0]] * 3

    def test_both_need_the_same_labels(self) -> None:
        chosen, moves = framed(np.ones((3, 2), dtype=bool)), framed(np.zeros((3, 2)))
        with pytest.raises(ThesisError, match="both need the same sessions and symbols"):
            inverse_volatility(chosen, moves.iloc[:, ::-1])
        with pytest.raises(ThesisError, match=r"shape \(3, 2\) and returns of shape \(2, 2\)"):
            inverse_volatility(chosen, moves.iloc[1:])

    @pytest.mark.parametrize("window", [1, 0, 2.5])
    def test_a_deviation_needs_two_returns(self, window: Any) -> None:
        with pytest.raises(ThesisError, match=r"window is .*: give a whole number from 2"):
            inverse_volatility(np.ones((3, 2), dtype=bool), np.zeros((3, 2)), window=window)


def choice_of(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.nan_to_num(values) > 0.3


HELPERS: dict[str, Callable[[Any, Any], Any]] = {
    "top": lambda _chosen, values: top(values, 2),
    "equal_weight": lambda chosen, _values: equal_weight(chosen, slots=3),
    "cap": lambda _chosen, values: cap(values, 0.3),
    "inverse_volatility": lambda chosen, values: inverse_volatility(chosen, values, window=4),
}


@pytest.mark.parametrize("helper", HELPERS.values(), ids=HELPERS)
class TestEveryHelper:
    def test_frames_and_arrays_give_the_same_and_inputs_stay_as_they_were(self, helper: Callable[..., Any]) -> None:
        values = np.random.default_rng(3).random((12, 5))
        values[values < 0.1] = NAN
        chosen, before = choice_of(values), values.copy()
        array = helper(chosen, values)
        result = helper(framed(chosen), framed(values))
        assert isinstance(array, np.ndarray)
        assert isinstance(result, pd.DataFrame)
        assert np.array_equal(result.to_numpy(), array, equal_nan=True)
        assert result.index.equals(framed(values).index)
        assert result.columns.equals(framed(values).columns)
        assert np.array_equal(values, before, equal_nan=True)
        result.iloc[0, 0] = result.iloc[1, 1]  # the caller's own, to change at will

    def test_a_row_depends_on_no_later_one(self, helper: Callable[..., Any]) -> None:
        values = np.random.default_rng(4).random((12, 5))
        chosen = choice_of(values)
        whole = helper(chosen, values)
        for stop in range(1, 12):
            assert np.array_equal(helper(chosen[:stop], values[:stop]), whole[:stop])

    def test_no_sessions_or_no_symbols_give_none(self, helper: Callable[..., Any]) -> None:
        for shape in ((0, 3), (3, 0)):
            assert helper(np.ones(shape, dtype=bool), np.ones(shape)).shape == shape

    def test_one_dimension_is_refused(self, helper: Callable[..., Any]) -> None:
        with pytest.raises(ThesisError, match="give sessions x symbols"):
            helper(np.ones(3, dtype=bool), np.ones(3))
