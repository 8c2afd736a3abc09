"""Tests that ask for no normal returns: ranks and signs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from backfolio.study.measured import Statistic
from backfolio.study.parametric import normal_two_sided

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def rank(estimation: Floats, window: Floats, inside: slice) -> Statistic:
    """Test by the ranks that the days of a window have among all days of the same event.

    Each return has the rank K among the M that its event has, estimation and
    event window together, as ``U = K / (M + 1) - 1/2`` (missing returns as in
    Corrado and Zivney 1992); with ``Z_t = sum of U / sqrt(n_t)`` over the events
    of event day t, the statistic is ``sum of Z_t / (sqrt(L) S)``, S^2 being the
    mean of Z_t^2 over all T days (Corrado 1989). What names have in common
    enters S itself, for events of one day. Ranks are drawn without replacement,
    so a window of L days has the variance ``L S^2 (T - L) / (T - 1)`` (Luoma and
    Pynnönen 2010). Standard normal.

    Names that share a day share it in S as well, but S is taken event day by
    event day: of windows that overlap in part (another name's event some
    sessions later) it knows nothing, and at 5% the test then finds something in
    7% of worlds with windows of a week and in 10% with windows of a month, where
    nothing is. The generalised rank test of Kolari and Pynnönen (2011) stacks by
    event day too. The headline's test finds 3.5% to 5.5% there.

    Corrado and Zivney also divide event days by the spread between events. That
    is left out: among names that share a day that spread is too small.

    Parameters
    ----------
    estimation, window
        Abnormal returns in units of their own standard deviation, events x
        days; NaN where there is none.
    inside
        The days of `window` that are tested.
    """
    both = np.hstack([estimation, window])
    known = ~np.isnan(both)
    order = np.argsort(np.argsort(both, axis=1, kind="stable"), axis=1, kind="stable") + 1.0  # NaN sorts last
    scores = np.where(known, order / (known.sum(axis=1, keepdims=True) + 1.0) - 0.5, 0.0)
    there = known.sum(axis=0)
    daily = scores.sum(axis=0) / np.sqrt(np.maximum(there, 1))
    held = there > 0
    days = int(held.sum())
    tested = np.flatnonzero(held[estimation.shape[1] :][inside]) + estimation.shape[1] + (inside.start or 0)
    length = len(tested)
    if len(both) < 2 or not length or days <= length:  # noqa: PLR2004
        return Statistic("rank")
    variance = float((daily[held] ** 2).mean()) * length * (days - length) / (days - 1)
    if variance <= 0.0:
        return Statistic("rank")
    statistic = float(daily[tested].sum()) / math.sqrt(variance)
    return Statistic("rank", statistic, normal_two_sided(statistic))


def sign(estimation: Floats, sums: Floats) -> Statistic:
    """Test whether more events rose than days of the estimation windows did (Cowan 1992).

    ``(w - n p) / sqrt(n p (1 - p))``: w of n events are above 0, and p is the
    mean over events of the part of their estimation days above 0. Standard normal.

    Parameters
    ----------
    estimation
        Residuals, events x days; NaN where there is none.
    sums
        (events,), the abnormal return of a day or the sum of a window.
    """
    many = len(sums)
    if many < 2:  # noqa: PLR2004
        return Statistic("sign")
    known = ~np.isnan(estimation)
    chance = float(((estimation > 0.0) & known).sum(axis=1).astype(np.float64).dot(1.0 / known.sum(axis=1))) / many
    spread = math.sqrt(many * chance * (1.0 - chance))
    if spread <= 0.0:
        return Statistic("sign")
    statistic = (int((sums > 0.0).sum()) - many * chance) / spread
    return Statistic("sign", statistic, normal_two_sided(statistic))
