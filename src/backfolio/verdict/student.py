"""Student's t distribution, as far as a test of one mean needs it."""

from __future__ import annotations

import math
from typing import Final

STEPS: Final = 500
"""Most terms of the continued fraction; it needs about the root of the degrees of freedom."""

PRECISION: Final = 1e-15


def two_sided(statistic: float, degrees: float) -> float:
    """Return the probability that |t| is at least `statistic` (>= 0).

    The regularised incomplete beta function at ``degrees / (degrees + t^2)``
    (Abramowitz and Stegun 1964, 26.5.27).

    Examples
    --------
    >>> round(two_sided(2.228138852, 10), 9)
    0.05
    """
    square = statistic * statistic
    return incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + square), square / (degrees + square))


def two_sided_quantile(probability: float, degrees: float) -> float:
    """Return the statistic whose two-sided probability it is (between 0, not included, and 1).

    Examples
    --------
    >>> round(two_sided_quantile(0.05, 10), 9)
    2.228138852
    """
    # The probability falls and is convex, so Newton's steps from the left of the answer never pass it.
    statistic = 0.0
    logs = math.lgamma((degrees + 1.0) / 2.0) - math.lgamma(degrees / 2.0) - 0.5 * math.log(degrees * math.pi)
    for _ in range(STEPS):
        density = math.exp(logs - (degrees + 1.0) / 2.0 * math.log1p(statistic * statistic / degrees))
        step = (two_sided(statistic, degrees) - probability) / (2.0 * density)
        statistic += step
        if step <= 1e-14 * statistic:
            break
    return statistic


def incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b).

    Parameters
    ----------
    a, b
        Above 0.
    x, rest
        A number from 0 to 1, and 1 less it, given apart because the difference
        is not exact where x is near 1.
    """
    if x <= 0.0 or rest <= 0.0:
        return 0.0 if x <= 0.0 else 1.0
    logs = a * math.log(x) + b * math.log(rest) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(logs)
    # The fraction converges fast on this side of the mean only.
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, rest) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Sum the continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8, Lentz's method)."""
    tiny = 1e-300
    upper = 1.0
    lower = _inverse(1.0 - (a + b) * x / (a + 1.0), tiny)
    value = lower
    for step in range(1, STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1.0) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1.0))
        change = 1.0
        for term in (even, odd):
            lower = _inverse(1.0 + term * lower, tiny)
            upper = _away(1.0 + term / upper, tiny)
            change = lower * upper
            value *= change
        if abs(change - 1.0) < PRECISION:
            break
    return value


def _away(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny


def _inverse(value: float, tiny: float) -> float:
    return 1.0 / _away(value, tiny)
