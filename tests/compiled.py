"""The rule functions in both their forms: as Python runs them, and as numba compiles them.

`sweep.compiled.register` lets compiled code call each of them without changing
what Python sees, so both forms are the very same source. A test that takes `form` runs once with each:

    @both_forms
    def test_rounds(form):
        assert form(money.half_up)(15, 10) == 20
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from backfolio.sweep.compiled import RULES, register

if TYPE_CHECKING:
    from collections.abc import Callable

KERNELS = RULES


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function as Python runs it."""
    return function


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function as numba compiles it, once a test run."""
    import numba  # noqa: PLC0415  half a second: only for tests that compile

    register()
    made: Callable[..., Any] = numba.njit(function)
    return made


both_forms = pytest.mark.parametrize("form", [plain, compiled], ids=["plain", "compiled"])
