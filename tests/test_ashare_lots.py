from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio import ashare
from compiled import both_forms, plain

if TYPE_CHECKING:
    from pathlib import Path

Form = Callable[[Callable[..., Any]], Callable[..., Any]]

HUNDREDS, STAR, BSE = (100, 100), (200, 1), (100, 1)
LOTS = {"main": HUNDREDS, "chinext": HUNDREDS, "star": STAR, "bse": BSE}


def test_each_board_has_its_lot() -> None:
    assert {
        name: (ashare.LOT_MINIMUM[board], ashare.LOT_STEP[board]) for board, name in enumerate(ashare.BOARDS)
    } == LOTS


def test_the_lots_are_the_published_ones(shared: Path) -> None:
    published = json.loads((shared / "vectors" / "trading_rules.json").read_text(encoding="utf-8"))["lots"]
    assert {name: (lot["buy_min"], lot["step"]) for name, lot in published.items()} == LOTS


@both_forms
@pytest.mark.parametrize(
    ("lot", "asked", "allowed"),
    [
        (HUNDREDS, 0, 0),
        (HUNDREDS, 99, 0),
        (HUNDREDS, 100, 100),
        (HUNDREDS, 101, 100),
        (HUNDREDS, 199, 100),
        (HUNDREDS, 200, 200),
        (HUNDREDS, 1_234_567, 1_234_500),
        (STAR, 0, 0),
        (STAR, 100, 0),
        (STAR, 199, 0),
        (STAR, 200, 200),
        (STAR, 201, 201),
        (STAR, 1_001, 1_001),
        (BSE, 0, 0),
        (BSE, 99, 0),
        (BSE, 100, 100),
        (BSE, 101, 101),
        (BSE, 4_321, 4_321),
        (HUNDREDS, -100, 0),
        (HUNDREDS, 10**13 + 50, 10**13),
    ],
)
def test_shares_round_down_to_what_an_order_may_name(
    form: Form, lot: tuple[int, int], asked: int, allowed: int
) -> None:
    assert form(ashare.whole_lots)(asked, *lot) == allowed


@given(st.integers(0, 10**7), st.sampled_from([HUNDREDS, STAR, BSE]))
def test_the_result_is_the_largest_that_is_allowed(asked: int, lot: tuple[int, int]) -> None:
    minimum, step = lot
    allowed = plain(ashare.whole_lots)(asked, minimum, step)
    assert allowed == 0 or (allowed >= minimum and (allowed - minimum) % step == 0)
    assert 0 <= asked - allowed < max(minimum, step)
    if allowed:
        assert asked - allowed < step
