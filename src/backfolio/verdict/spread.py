"""How far the Sharpe ratios of all trials lie apart, over every run that tried the same.

The deflated Sharpe ratio takes the number of tries and the spread of their
Sharpe ratios (Bailey and Lopez de Prado 2014, "The Deflated Sharpe Ratio",
section 4: both are of *all* trials that led to the choice). Were the spread that
of the last run alone, a few trials about the winner of an earlier, wide search
would make it small, and the winner look like skill.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.verdict.sharpe import expected_maximum

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from backfolio.verdict.curves import Floats

ALIKE: Final = 0.1
"""Trials whose Sharpe ratios lie closer together than this part of `null_deviation` are one try.

Tries without any skill do that where their returns are correlated at 99%.
"""


@dataclass(frozen=True, slots=True)
class Spread:
    """Daily Sharpe ratios of the trials of a run that have one.

    Parameters
    ----------
    count
        How many, at least 1.
    mean, variance
        The sample's (n - 1); the variance of one is 0.
    sessions
        Length of their window, at least 2.
    """

    count: int
    mean: float
    variance: float
    sessions: int

    @classmethod
    def of(cls, ratios: Floats, sessions: int) -> Spread | None:
        """Return the spread of daily Sharpe ratios, (trials,), NaN where there is none; None where no trial has one."""
        found = ratios[np.isfinite(ratios)]
        if not found.size or sessions < 2:  # noqa: PLR2004
            return None
        variance = float(found.var(ddof=1)) if found.size > 1 else 0.0
        return cls(int(found.size), float(found.mean()), variance, sessions)

    def over(self, sessions: int) -> Spread:
        """Return what luck would make of it in a window of another length: variances fall with the sessions less 1."""
        share = (self.sessions - 1) / (sessions - 1)
        return Spread(self.count, self.mean * math.sqrt(share), self.variance * share, sessions)


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another run on the same thesis and data.

    Parameters
    ----------
    trials
        How many it tried.
    spread
        Of their Sharpe ratios; None where it is not known.
    """

    trials: int
    spread: Spread | None = None


def null_deviation(sessions: int) -> float | None:
    """Return the deviation of the daily Sharpe ratio of a try without skill: ``1 / sqrt(sessions - 1)``.

    Bailey and Lopez de Prado (2012), "The Sharpe Ratio Efficient Frontier",
    equation 4 at a ratio of 0; None below two sessions.
    """
    return 1.0 / math.sqrt(sessions - 1) if sessions > 1 else None


def pooled(spreads: Iterable[Spread]) -> Spread | None:
    """Return the spread of the trials of several runs taken together, which have one length of window.

    The law of total variance: the squares within runs and those of the runs'
    means about the mean of all add up. None where there are none.
    """
    parts = list(spreads)
    count = sum(part.count for part in parts)
    if not count:
        return None
    mean = sum(part.count * part.mean for part in parts) / count
    squares = sum((part.count - 1) * part.variance + part.count * (part.mean - mean) ** 2 for part in parts)
    return Spread(count, mean, squares / (count - 1) if count > 1 else 0.0, parts[0].sessions)


def deviation_ever(own: Spread | None, earlier: Sequence[Earlier], trials: int, sessions: int) -> float | None:
    """Return the deviation of the daily Sharpe ratios of all trials ever, as `sharpe.expected_maximum` takes it.

    That of all known trials pooled, and at least

    * what gives `trials` tries the expected maximum that one run alone has: the
      best of more trials is never worse, so that trials which resemble one
      another cannot take back what a wide search has shown luck can do;
    * `null_deviation`, where the spread of an earlier run is not known.

    Parameters
    ----------
    own
        Of this run.
    earlier
        The other runs.
    trials
        Trials ever, this run's included.
    sessions
        Of this run's window; what others' windows show is stretched to it
        (`Spread.over`).

    Returns
    -------
    float or None
        None below two trials or two sessions, and where fewer than two Sharpe
        ratios are known.
    """
    floor = null_deviation(sessions)
    best_of_all = expected_maximum(trials, 1.0)
    if floor is None or best_of_all is None:
        return None
    known = [run.spread.over(sessions) for run in earlier if run.spread is not None]
    known += [] if own is None else [own]
    found = [floor] if unknown(earlier) else []
    together = pooled(known)
    if together is not None and together.count > 1:
        found.append(math.sqrt(together.variance))
    for part in known:
        alone = expected_maximum(min(part.count, trials), math.sqrt(part.variance))
        found += [] if alone is None else [alone / best_of_all]
    return max(found, default=None)


def unknown(earlier: Iterable[Earlier]) -> int:
    """Return how many earlier trials belong to runs whose spread is not known."""
    return sum(run.trials for run in earlier if run.spread is None)
