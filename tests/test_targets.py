from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backfolio.errors import UsageError
from backfolio.targets import LEAVE_ALONE, Exits, Targets, row_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = st.sampled_from((-1, -1, 0, 1, 2_000, 3_333, 5_000, 9_999, 10_000))


def test_targets_keep_their_rows_and_are_read_only() -> None:
    targets = Targets(np.array([[5_000, 5_000], [-1, 0], [-1, -1]], dtype=np.int16))
    assert targets.weights.tolist() == [[5_000, 5_000], [LEAVE_ALONE, 0], [LEAVE_ALONE, LEAVE_ALONE]]
    assert targets.weights.dtype == np.int16
    with pytest.raises(ValueError, match="read-only"):
        targets.weights[0, 0] = 1


@pytest.mark.parametrize("part", ["whole", "row", "column"])
def test_targets_do_not_share_memory_with_what_they_were_made_from(part: str) -> None:
    whole = np.zeros((3, 3), dtype=np.int16)
    given = {"whole": whole, "row": whole[:2], "column": whole[:, 1:]}[part]
    targets = Targets(given)
    whole[:] = 77
    assert targets.weights.tolist() == np.zeros(given.shape).tolist()
    assert whole.flags.writeable


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64])
def test_whole_numbers_of_any_size_are_taken(dtype: type) -> None:
    assert Targets(np.array([[10_000, 0, -1]], dtype=dtype)).weights.tolist() == [[10_000, 0, -1]]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([[5_000, 5_001]], r"row 0 sum to 1\.0001: at most 1 is allowed; scale them, as equal_weight does"),
        ([[0, 0], [9_000, 2_000]], r"the target weights of row 1 sum to 1\.1000"),
        ([[10_000, -1], [10_000, 10_000]], r"row 1 sum to 2\.0000"),
        ([[0, 0], [-2, 0]], "a target weight of row 1 is negative: .* long only"),
        ([[-5_000, 5_000]], "a target weight of row 0 is negative"),
        ([5_000, 5_000], r"targets have 1 dimension\(s\): give sessions x symbols"),
        ([[[5_000]]], r"targets have 3 dimension\(s\)"),
        ([[0.5, 0.5]], "targets are float64: give whole basis points"),
        ([[np.nan, 1.0]], "targets are float64"),
        ([[True, False]], "targets are bool"),
        ([[70_000, 0]], r"row 0 sum to 7\.0000"),  # an int16 would read 4,464
        ([[40_000, 0]], r"row 0 sum to 4\.0000"),
        ([[-65_536, 0]], "row 0 is negative"),  # an int16 would read 0
    ],
)
def test_targets_that_no_account_can_hold_are_refused(weights: list[Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Targets(np.array(weights))


def test_leaving_alone_adds_nothing_to_a_row() -> None:
    assert Targets(np.array([[10_000, -1, -1]])).weights.sum() == 9_998


@given(hnp.arrays(np.int16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=WEIGHTS))
def test_the_first_of_the_largest_rows_above_the_whole_is_named(weights: NDArray[np.int16]) -> None:
    sums = [sum(max(int(weight), 0) for weight in row) for row in weights]
    if max(sums) <= 10_000:
        assert Targets(weights).weights.tolist() == weights.tolist()
    else:
        with pytest.raises(UsageError, match=rf"of row {sums.index(max(sums))} sum to {max(sums) / 10_000:.4f}: "):
            Targets(weights)


@given(
    st.sampled_from((np.bool_, np.int8, np.int16, np.uint16, np.int32, np.int64)).flatmap(
        lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9))
    ),
    st.booleans(),
)
def test_sums_of_rows_are_exact(numbers: NDArray[Any], turned: bool) -> None:
    numbers = numbers.T if turned else numbers
    small = numbers if numbers.dtype == np.bool_ else numbers // np.array(9, dtype=numbers.dtype)
    assert row_sums(small).tolist() == [sum(int(number) for number in row) for row in small]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_no_session_and_no_symbol_are_possible(shape: tuple[int, int]) -> None:
    assert Targets(np.zeros(shape, dtype=np.int16)).weights.shape == shape


def test_targets_are_equal_by_value_and_no_key() -> None:
    one, two = Targets(np.array([[1, 2]])), Targets(np.array([[1, 2]]))
    assert one == two
    assert one != Targets(np.array([[1, 3]]))
    assert one != Targets(np.array([[1, 2], [1, 2]]))
    assert one != "targets"
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


@pytest.mark.parametrize(
    ("given", "integers"),
    [
        ({}, (0, 0, 0, 0)),
        ({"stop_loss": 0.15}, (1_500, 0, 0, 0)),
        ({"trailing": 0.1}, (0, 1_000, 0, 0)),
        ({"take_profit": 0.57}, (0, 0, 5_700, 0)),  # 0.57 x 10,000 is 5,699.99... as a float
        ({"take_profit": 100}, (0, 0, 1_000_000, 0)),
        ({"max_sessions": 20}, (0, 0, 0, 20)),
        ({"max_sessions": 20.0}, (0, 0, 0, 20)),
        ({"max_sessions": 100_000}, (0, 0, 0, 100_000)),
        ({"stop_loss": 1, "trailing": 1.0, "take_profit": 0.0001, "max_sessions": 1}, (10_000, 10_000, 1, 1)),
    ],
)
def test_exits_are_whole_numbers_for_the_engines(given: dict[str, float], integers: tuple[int, ...]) -> None:
    exits = Exits(**given)  # type: ignore[arg-type]
    assert exits.as_integers() == integers
    assert exits.as_dict() == {
        name: given.get(name) for name in ("stop_loss", "take_profit", "trailing", "max_sessions")
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stop_loss", 0), ("stop_loss", -0.1), ("stop_loss", 1.01), ("stop_loss", 15), ("stop_loss", 0.00009),
        ("stop_loss", float("nan")), ("trailing", 0), ("trailing", 1.5), ("trailing", float("inf")),
        ("take_profit", 0.0), ("take_profit", -1), ("take_profit", 100.1), ("take_profit", float("nan")),
        ("max_sessions", 0), ("max_sessions", -3), ("max_sessions", 1.5), ("max_sessions", float("nan")),
        ("max_sessions", float("inf")), ("max_sessions", 100_001), ("max_sessions", 10**20), ("max_sessions", 10**400),
    ],
)  # fmt: skip
def test_exits_outside_their_bounds_are_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=rf"exits\.{name} is {value!r}: give a .*, or None"):
        Exits(**{name: value})  # type: ignore[arg-type]
