"""What a Sharpe ratio is worth: after how many tries, on how long a track record.

Two units appear, and every function says which it takes: a ratio *a session*
(mean over deviation of daily returns) and a ratio *a year* (times the root of
243). Kurtosis is never in excess: a normal law has 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.metrics import ratios
from backfolio.verdict import student

EULER: Final = 0.5772156649015329
"""The Euler-Mascheroni constant."""

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Haircut:
    """What is left of a Sharpe ratio after a correction for many tries.

    Parameters
    ----------
    probability
        The corrected p-value.
    ratio
        The Sharpe ratio, in the unit that was given, that a single try with
        that p-value would have.
    share
        Part of the ratio that is taken off, 0 to 1.
    """

    probability: float
    ratio: float
    share: float


def expected_maximum(trials: int, deviation: float) -> float | None:
    """Return the Sharpe ratio to expect of the best of `trials` tries without any skill.

    ``deviation x ((1 - g) Z(1 - 1/N) + g Z(1 - 1/(N e)))``, with Z the normal
    quantile and g the Euler-Mascheroni constant (Bailey and Lopez de Prado
    2014, "The Deflated Sharpe Ratio", equation 1; their 100 tries with a
    variance of 1/2 a year give 0.1132 a session of 1/250 year).

    Parameters
    ----------
    trials
        How many; n/a below two, where nothing is picked. They are taken as
        independent. Where they share a common part, `deviation` is that of what
        they do not share, so that the formula holds for them too.
    deviation
        Standard deviation of the Sharpe ratios across trials; the result has
        its unit.
    """
    if trials < 2:  # noqa: PLR2004
        return None
    quantile = NormalDist().inv_cdf
    return deviation * ((1.0 - EULER) * -quantile(1.0 / trials) + EULER * -quantile(1.0 / (trials * math.e)))


def deflated(
    ratio: float, sessions: int, skewness: float, fourth: float, trials: int, deviation: float
) -> float | None:
    """Return the probability that the true Sharpe ratio is above 0, after the best of many tries was picked.

    The probabilistic Sharpe ratio against `expected_maximum` (Bailey and Lopez
    de Prado 2014, equation 2; their example gives 0.9004).

    Parameters
    ----------
    ratio
        Of the best, a session.
    sessions, skewness, fourth
        Of the best; kurtosis not in excess (`metrics.ratios.moments`).
    trials
        How many were tried.
    deviation
        Of the Sharpe ratios across trials, a session.
    """
    threshold = expected_maximum(trials, deviation)
    return None if threshold is None else ratios.sharpe_probability(ratio, sessions, skewness, fourth, threshold)


def minimum_track_record(
    ratio: float, skewness: float, fourth: float, threshold: float = 0.0, confidence: float = CONFIDENCE
) -> float | None:
    """Return the observations after which a Sharpe ratio is above `threshold` with `confidence`.

    ``1 + (1 - skewness SR + (kurtosis - 1) / 4 SR^2) (Z / (SR - threshold))^2``
    (Bailey and Lopez de Prado 2012, equation 11; 2.73 years of normal daily
    returns for 2 against 1 a year). n/a where the ratio is not above the
    threshold.

    Parameters
    ----------
    ratio, threshold
        An observation: a session, or whatever the period of the returns is.
    skewness, fourth
        Kurtosis not in excess.
    """
    spread = ratios.sharpe_spread(ratio, skewness, fourth)
    if spread is None or ratio <= threshold:
        return None
    sessions = 1.0 + spread * (NormalDist().inv_cdf(confidence) / (ratio - threshold)) ** 2
    return sessions if math.isfinite(sessions) else None


def minimum_backtest(trials: int, annual: float) -> float | None:
    """Return the years below which the best of `trials` tries on luck alone shows a Sharpe ratio of `annual`.

    ``(expected maximum of N standard normal numbers / annual)^2`` (Bailey,
    Borwein, Lopez de Prado and Zhu 2014, "Pseudo-mathematics and financial
    charlatanism", theorem 2: after 45 tries five years show a ratio of 1).
    n/a below two trials, and where `annual` is not above 0.
    """
    expected = expected_maximum(trials, 1.0)
    if expected is None or annual <= 0.0:
        return None
    years = (expected / annual) ** 2
    return years if math.isfinite(years) else None


def haircut(ratio: float, sessions: int, trials: int, periods: float = SESSIONS_A_YEAR) -> Haircut | None:
    """Return what Bonferroni's correction for `trials` tries leaves of a Sharpe ratio.

    The ratio's two-sided p-value (Student's t, sessions - 1 degrees of freedom)
    is multiplied by the number of tries and turned back into a ratio (Harvey
    and Liu 2015, "Backtesting"). Holm's correction gives the best of all tries
    the same.

    Parameters
    ----------
    ratio
        A year; n/a where it is not above 0.
    sessions
        Length of the sample, in observations; n/a below two.
    periods
        Observations a year.
    """
    if ratio <= 0.0 or sessions < 2:  # noqa: PLR2004
        return None
    stretch = math.sqrt(sessions / periods)
    probability = min(student.two_sided(ratio * stretch, sessions - 1) * trials, 1.0)
    if probability <= 0.0:
        return Haircut(0.0, ratio, 0.0)
    left = 0.0 if probability >= 1.0 else student.two_sided_quantile(probability, sessions - 1) / stretch
    return Haircut(probability, left, 1.0 - left / ratio)
