"""The rule functions in both their forms: as Python runs them, and as numba compiles them.

The functions call each other by global name. `register_jitable` lets compiled
code call each of them without changing what Python sees, so both forms are the
very same source. A test that takes `form` runs once with each:

    @both_forms
    def test_rounds(form):
        assert form(money.half_up)(15, 10) == 20
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from backfolio import book, money
from backfolio.ashare import fees, fill, limits, lots

if TYPE_CHECKING:
    from collections.abc import Callable

KERNELS = (
    money.half_up,
    money.half_up_ratio,
    money.part_of,
    lots.whole_lots,
    limits.limit_prices,
    fees.half_up_rate,
    fees.commission,
    fees.stamp_duty,
    fees.transfer_fee,
    fill.refused,
    fill.slipped,
    fill.volume_cap,
    fill.fees,
    fill.affordable,
    fill.sell_shares,
    fill.buy_shares,
    fill.trade,
    book.order_shares,
    book.priority,
    book.exit_reason,
    book.least_part,
    book.entitlement,
    book.restated_peak,
    book.cost_after_sale,
    book.tax_on_sale,
)


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function as Python runs it."""
    return function


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function as numba compiles it, once a test run."""
    import numba  # noqa: PLC0415  half a second: only for tests that compile

    _let_compiled_code_call_kernels()
    made: Callable[..., Any] = numba.njit(function)
    return made


@cache
def _let_compiled_code_call_kernels() -> None:
    from numba.extending import register_jitable  # noqa: PLC0415  as above

    for kernel in KERNELS:
        register_jitable(kernel)


both_forms = pytest.mark.parametrize("form", [plain, compiled], ids=["plain", "compiled"])
