"""Tests that take standardised abnormal returns as normal: t, Patell, BMP, and both adjusted for shared days.

Each takes one number an event, the abnormal return of a day or the sum of a
window, as it is (`values`) or divided by its own standard deviation, the
forecast error included (`scaled`). A test that does not exist (fewer than two
events, no spread among them) is one without a statistic.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from backfolio.study.measured import LEAST_EFFECTIVE, Statistic
from backfolio.verdict.student import two_sided

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.study.independent import Shared

    Floats = NDArray[np.float64]


def cross_sectional(values: Floats) -> Statistic:
    """Test by the spread between events: ``mean / (s / sqrt(n))``, t with n - 1 degrees (Brown and Warner 1985)."""
    return _by_spread("t", values)


def patell(scaled: Floats, degrees: Floats) -> Statistic:
    """Test by each event's own estimated variance (Patell 1976).

    ``sum of A_i / sqrt(sum of d_i / (d_i - 2))``, standard normal: A_i is t with
    d_i degrees of freedom (M - 2 in the market model), whose variance that is.

    Parameters
    ----------
    scaled
        (events,)
    degrees
        Of each event's residual variance, above 2.
    """
    statistic = _patell(scaled, degrees)
    return Statistic("patell", statistic, normal_two_sided(statistic))


def kp_patell(scaled: Floats, degrees: Floats, shared: Shared) -> Statistic:
    """Test as `patell`, with the variance of a mean of correlated events: divided by ``sqrt(1 + (n - 1) r)``.

    Kolari and Pynnönen (2010), equation 13.
    """
    statistic = _patell(scaled, degrees)
    if statistic is None or shared.effective < LEAST_EFFECTIVE:
        return Statistic("kp_patell")
    statistic /= math.sqrt(1.0 + (len(scaled) - 1) * shared.correlation)
    return Statistic("kp_patell", statistic, normal_two_sided(statistic))


def bmp(scaled: Floats) -> Statistic:
    """Test standardised returns by their spread between events, whatever the event did to their variance.

    ``mean A / (s_A / sqrt(n))``, t with n - 1 degrees (Boehmer, Musumeci and
    Poulsen 1991).
    """
    return _by_spread("bmp", scaled)


def kp_bmp(scaled: Floats, shared: Shared) -> Statistic:
    """Test as `bmp`, for events that share days: times ``sqrt((1 - r) / (1 + (n - 1) r))``.

    Shared days narrow the spread between events to ``1 - r`` of what it is, and
    widen that of their mean (Kolari and Pynnönen 2010, equation 11). t with the
    degrees of freedom that correlated events leave to their spread
    (Satterthwaite 1946); n - 1, as published, where events share one day alike
    or none.
    """
    plain = bmp(scaled)
    r = shared.correlation
    if plain.statistic is None or shared.effective < LEAST_EFFECTIVE or r >= 1.0:
        return Statistic("kp_bmp")
    statistic = plain.statistic * math.sqrt((1.0 - r) / (1.0 + (len(scaled) - 1) * r))
    return Statistic("kp_bmp", statistic, two_sided(abs(statistic), shared.degrees))


def normal_two_sided(statistic: float | None) -> float | None:
    """Return the probability that a standard normal number is at least as far from 0; None of None."""
    return None if statistic is None else math.erfc(abs(statistic) / math.sqrt(2.0))


def _patell(scaled: Floats, degrees: Floats) -> float | None:
    if len(scaled) < 2:  # noqa: PLR2004
        return None
    return float(scaled.sum() / np.sqrt((degrees / (degrees - 2.0)).sum()))


def _by_spread(name: str, values: Floats) -> Statistic:
    many = len(values)
    spread = float(values.std(ddof=1)) if many > 1 else 0.0
    # equal but for rounding is no spread
    if spread <= 1e-12 * float(np.abs(values).max(initial=0.0)):
        return Statistic(name)
    statistic = float(values.mean()) / (spread / math.sqrt(many))
    return Statistic(name, statistic, two_sided(abs(statistic), many - 1.0))
