from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.money import BASIS_POINTS, basis_points, cny_text, half_up, half_up_ratio, part_of, to_cny, to_mills
from compiled import both_forms

Form = Callable[[Callable[..., Any]], Callable[..., Any]]


@both_forms
@pytest.mark.parametrize(
    ("value", "step", "rounded"),
    [
        (0, 10, 0),
        (4, 10, 0),
        (5, 10, 10),  # round() gives 0: halves to even
        (14, 10, 10),
        (15, 10, 20),
        (25, 10, 30),  # round() gives 20
        (24, 10, 20),
        (35, 10, 40),
        (45, 10, 50),  # round() gives 40
        (1_234_995, 10, 1_235_000),
        (1, 1, 1),
        (2, 3, 3),
        (1, 3, 0),
        (10**13 + 5, 10, 10**13 + 10),
    ],
)
def test_halves_go_up_never_to_even(form: Form, value: int, step: int, rounded: int) -> None:
    assert form(half_up)(value, step) == rounded


@both_forms
@pytest.mark.parametrize(
    ("value", "numerator", "denominator", "step", "rounded"),
    [
        (10_150, 11_000, 10_000, 10, 11_170),  # 10.15 x 1.1 = 11.165
        (1_250, 10_500, 10_000, 10, 1_310),  # 1.25 x 1.05 = 1.3125
        (1_700, 10_500, 10_000, 10, 1_790),  # 1.70 x 1.05 = 1.785, which a float holds as 1.78499...
        (11_610, 11_000, 10_000, 10, 12_770),
        (1, 1, 2, 1, 1),
        (1, 1, 3, 1, 0),
        (10, 2, 3, 10, 10),
        (10, 1, 3, 10, 0),
    ],
)
def test_a_ratio_is_rounded_once_at_the_end(
    form: Form, value: int, numerator: int, denominator: int, step: int, rounded: int
) -> None:
    assert form(half_up_ratio)(value, numerator, denominator, step) == rounded


@given(st.integers(0, 10**15), st.integers(1, 10**6))
def test_half_up_is_the_decimal_rounding_of_that_name(value: int, step: int) -> None:
    exact = (Fraction(value, step) + Fraction(1, 2)).__floor__() * step
    assert half_up(value, step) == exact
    if step == 10:
        assert half_up(value, 10) == int((Decimal(value) / 10).quantize(Decimal(1), ROUND_HALF_UP)) * 10


@both_forms
@pytest.mark.parametrize(
    ("value", "part", "whole", "share"),
    [
        (1_000, 1, 3, 333),
        (-1_000, 1, 3, -334),  # floor: a cost below 0, after dividends above what was paid
        (5, 0, 7, 0),
        (5, 7, 7, 5),
        (10**13, 10**9 - 1, 10**9, 10**13 - 10_000),
        (10**13 - 1, 2_999_999_999, 3_000_000_000, (10**13 - 1) * 2_999_999_999 // 3_000_000_000),
    ],
)
def test_part_of_is_the_floor_without_the_product(form: Form, value: int, part: int, whole: int, share: int) -> None:
    assert value * part // whole == share
    assert form(part_of)(value, part, whole) == share


def test_to_mills_takes_the_nearest_mill_and_nan_for_zero() -> None:
    cny = [0.29 * 100, 1243.2, 1.005, float("nan"), 0.1 + 0.2, -1.5, 4.35 * 100]
    assert to_mills(cny).tolist() == [29_000, 1_243_200, 1_005, 0, 300, -1_500, 435_000]
    assert to_mills(cny).dtype == np.int64


def test_to_mills_keeps_the_shape() -> None:
    assert to_mills([[1.0, 2.0], [3.0, 4.0]]).tolist() == [[1_000, 2_000], [3_000, 4_000]]


@given(st.integers(-(10**12), 10**12))
def test_cny_and_back_is_the_same(mills: int) -> None:
    assert int(to_mills(to_cny([mills]))[0]) == mills


@pytest.mark.parametrize(
    ("fraction", "points"), [(0.15, 1_500), (1.0, 10_000), (0.0001, 1), (0.29, 2_900), (0.07, 700), (0.57, 5_700)]
)
def test_basis_points_are_the_nearest_not_the_floor_of_a_float(fraction: float, points: int) -> None:
    assert basis_points(fraction) == points
    assert BASIS_POINTS == 10_000


@pytest.mark.parametrize(
    ("mills", "decimals", "text"),
    [
        (1_243_200, 2, "1243.20"),
        (0, 2, "0.00"),
        (10, 2, "0.01"),
        (5, 2, "0.01"),
        (4, 2, "0.00"),
        (-4, 2, "0.00"),  # never "-0.00"
        (-5, 2, "-0.01"),
        (-5_555, 2, "-5.56"),
        (999_995, 2, "1000.00"),
        (1_005, 3, "1.005"),
        (-1, 3, "-0.001"),
        (10**13, 2, "10000000000.00"),
    ],
)
def test_money_is_written_in_cny(mills: int, decimals: int, text: str) -> None:
    assert cny_text(mills, decimals) == text
