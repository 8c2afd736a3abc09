"""Money and prices as whole numbers: 1 mill is 0.001 CNY.

Binary floats cannot hold 0.01; the exchange rounds decimals half up. So every
amount is an int64 count of mills, and every rounding is one of the integer
functions below, which numba compiles as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from typing import TypeVar

    from numpy.typing import ArrayLike, NDArray

    Whole = TypeVar("Whole", int, NDArray[np.int64])
    """A whole number, or an array of them."""

MILLS: Final = 1_000
"""Mills in one CNY."""

FEN: Final = 10
"""Mills in one fen (0.01 CNY): the unit of cash, and the tick of a stock."""

BASIS_POINTS: Final = 10_000
"""Basis points in one: weights, slippage, exits and participation."""

PER_SHARE: Final = 10_000_000
"""Units in one CNY (or one share) per share of a corporate action.

Issuers announce cash and bonus shares per ten shares with at most six
decimals, so seven decimals a share lose nothing.
"""

RATE: Final = 10_000_000
"""Units in one for fee rates; 0.3% is 30,000 (brokers quote to 0.000001%)."""


def half_up(value: int, step: int) -> int:
    """Round a non-negative `value` to a multiple of `step`, halves upward."""
    return (2 * value + step) // (2 * step) * step


def half_up_ratio(value: Whole, numerator: Whole, denominator: int, step: int) -> Whole:
    """Return ``value * numerator / denominator``, half up to a multiple of `step`.

    All arguments are non-negative, `value` and `numerator` both ints or both
    arrays; the product is never rounded before the end.
    """
    return (2 * value * numerator + step * denominator) // (2 * step * denominator) * step


def part_of(value: int, part: int, whole: int) -> int:
    """Return ``value * part // whole`` for 0 <= part <= whole without the product.

    The product of a position's cost and its shares leaves int64 long before
    the position does; no intermediate here exceeds ``whole * 200,000``, or
    `value` itself.
    """
    high, low = part // 100_000, part % 100_000
    each, rest = value // whole, value % whole
    return each * part + rest * high // whole * 100_000 + (rest * high % whole * 100_000 + rest * low) // whole


def to_mills(values: ArrayLike) -> NDArray[np.int64]:
    """Convert CNY (float) to mills, nearest; NaN becomes 0.

    Whether the price lay on the tick is for the caller to check (see `bars`):
    a float within 1e-6 CNY of a mill is that mill.
    """
    cny = np.asarray(values, dtype=np.float64)
    return np.rint(np.nan_to_num(cny, nan=0.0) * MILLS).astype(np.int64)


def to_cny(mills: ArrayLike) -> NDArray[np.float64]:
    """Convert mills to CNY as float64."""
    return np.asarray(mills, dtype=np.int64) / MILLS


def basis_points(fraction: float) -> int:
    """Convert a fraction (0.15) to basis points (1500), nearest."""
    return round(fraction * BASIS_POINTS)


def cny_text(mills: int, decimals: int = 2) -> str:
    """Write mills as CNY with two decimals (rounded half up) or all three.

    Examples
    --------
    >>> cny_text(1_243_200), cny_text(-5_555), cny_text(1_005, 3)
    ('1243.20', '-5.56', '1.005')
    """
    step = 10 ** (3 - decimals)
    size = half_up(abs(mills), step)
    sign = "-" if mills < 0 and size else ""
    return f"{sign}{size // MILLS}.{size % MILLS // step:0{decimals}d}"
