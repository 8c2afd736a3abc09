"""The stationary bootstrap: other histories, made of pieces of the one there was.

Politis and Romano (1994), "The Stationary Bootstrap": pieces of random length
(geometric, with a given mean) from random sessions on, the last session being
followed by the first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.metrics.ratios import ROUNDING

if TYPE_CHECKING:
    from backfolio.verdict.curves import Flags, Floats

AT_ONCE: Final = 1 << 20
"""Replications x sessions drawn at once."""


def bootstrap_counts(sessions: int, replications: int, block_length: float, seed: int) -> Floats:
    """Return how often each session is in each replication: float64 (replications, sessions), rows sum to `sessions`.

    The mean of a series in a replication is its row here times the series, over
    the number of sessions.

    Parameters
    ----------
    block_length
        Mean sessions in a row, at least 1.
    seed
        Of numpy's default generator; the same one gives the same histories.
    """
    rng = np.random.default_rng(seed)
    counts = np.empty((replications, sessions))
    places = np.arange(sessions)
    for first in range(0, replications, at_once := max(1, AT_ONCE // sessions)):
        rows = min(at_once, replications - first)
        starts = rng.integers(0, sessions, (rows, sessions))
        fresh = rng.random((rows, sessions)) < 1.0 / block_length
        fresh[:, 0] = True
        since = np.maximum.accumulate(np.where(fresh, places, 0), axis=1)
        drawn = (np.take_along_axis(starts, since, axis=1) + places - since) % sessions
        drawn += np.arange(rows)[:, None] * sessions
        counted = np.bincount(drawn.ravel(), minlength=rows * sessions)
        counts[first : first + rows] = counted.reshape(rows, sessions)
    return counts


def long_run_variance(returns: Floats, block_length: float) -> Floats:
    """Return the variance of the root of n times the mean, under the stationary bootstrap, exactly: (trials,).

    ``g(0) + 2 x sum of k(i) g(i)`` with autocovariances g and the weights
    ``k(i) = (n - i) / n (1 - q)^i + i / n (1 - q)^(n - i)``, q one over the
    block length (Politis and Romano 1994, lemma 1; Hansen 2005, section 3). What
    infinitely many replications would show, worked out by Fourier transform.

    Parameters
    ----------
    returns
        (trials, sessions).
    """
    sessions = returns.shape[1]
    lags = np.arange(sessions)
    fading = (1.0 - lags / sessions) * (1.0 - 1.0 / block_length) ** lags
    weights = fading.copy()
    weights[1:] += fading[:0:-1]
    power = np.abs(np.fft.rfft(returns - returns.mean(axis=1, keepdims=True), axis=1)) ** 2
    # A real series' transform is half of a symmetric one: all but the ends count twice.
    twice = np.full(power.shape[1], 2.0)
    twice[0] = 1.0
    if sessions % 2 == 0:
        twice[-1] = 1.0
    return np.asarray(power @ (twice * np.fft.rfft(weights).real) / sessions**2)


def default_block_length(sessions: int) -> float:
    """Return the cube root of the sessions: what is taken where a series does not say."""
    return max(1.0, float(round(sessions ** (1.0 / 3.0))))


def best_block_length(series: Floats) -> float:
    """Return the mean block length that estimates the variance of a series' mean best, in sessions.

    ``(2 G^2 / D)^(1/3) n^(1/3)`` with ``D = 2 g(0)^2``, from autocovariances
    under a flat-top window (Politis and White 2004, "Automatic Block-Length
    Selection for the Dependent Bootstrap", with the correction of Patton,
    Politis and White 2009). At least 1, at most ``min(3 sqrt(n), n / 3)``.

    Parameters
    ----------
    series
        (sessions,); `default_block_length` where it is constant.
    """
    n = series.size
    highest = max(1.0, math.ceil(min(3.0 * math.sqrt(n), n / 3.0)))
    if float(np.ptp(series)) <= ROUNDING:
        return min(default_block_length(n), highest)
    tested = max(5, math.ceil(math.sqrt(math.log10(n))))
    longest = min(math.ceil(math.sqrt(n)) + tested, n - 1)
    apart = series - series.mean()
    covariance = np.array([apart[: n - lag] @ apart[lag:] / n for lag in range(longest + 1)])
    small = np.abs(covariance[1:]) < 2.0 * math.sqrt(math.log10(n) / n) * covariance[0]
    window = _bandwidth(small, tested, longest)
    lags = np.arange(1, window + 1)
    flat = np.minimum(1.0, 2.0 * (1.0 - lags / window)) * covariance[1 : window + 1]
    spectrum = float(covariance[0] + 2.0 * flat.sum())
    slope = float(2.0 * (lags * flat).sum())
    if spectrum <= 0.0:
        return min(default_block_length(n), highest)
    return min(math.cbrt(max((slope / spectrum) ** 2 * n, 1.0)), highest)


def _bandwidth(small: Flags, tested: int, longest: int) -> int:
    """Return twice the lag after which `tested` autocorrelations in a row are small, at most `longest`."""
    for lag in range(len(small) - tested + 1):
        if small[lag : lag + tested].all():
            return min(2 * max(lag, 1), longest)
    large = np.flatnonzero(~small)
    return min(2 * max(int(large[-1]) + 1 if large.size else 1, 1), longest)
