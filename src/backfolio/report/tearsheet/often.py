"""How often months made how much: the bars and the smooth curve that quantstats has seaborn draw.

Strategy and benchmark share their bins, and each weighs as many months as it
has, so that both together have area 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

BINS: Final = 20
GRID: Final = 200
BEYOND: Final = 3.0
"""Without a benchmark the curve goes on this many bandwidths beyond the months."""


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Bars over common bins.

    Parameters
    ----------
    edges
        Of the bins, (bins + 1,).
    sets
        The benchmark where there is one, then the strategy: name, months'
        returns, share of all months.
    bars
        Heights, (bins,) each.
    ends
        Beside a benchmark both curves go from the least to the greatest month; None: see `density`.
    """

    edges: Values
    sets: tuple[tuple[str, Values, float], ...]
    bars: tuple[Values, ...]
    ends: tuple[float, float] | None


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A smooth density: where, and how high, (200,) each."""

    at: Values
    height: Values


def histogram(own: Values, other: Values | None) -> Histogram:
    """Count months, (months,) fractions, in `BINS` bins of one width."""
    every = own if other is None else np.concatenate([own, other])
    edges = np.asarray(np.histogram_bin_edges(every, bins=BINS), dtype=np.float64)
    sets = (("strategy", own),) if other is None else (("benchmark", other), ("strategy", own))
    weighed = tuple((name, values, len(values) / len(every)) for name, values in sets)
    bars = tuple(
        np.asarray(np.histogram(values, bins=edges, density=True)[0] * share, dtype=np.float64)
        for _, values, share in weighed
    )
    return Histogram(edges, weighed, bars, None if other is None else (float(every.min()), float(every.max())))


def density(values: Values, share: float = 1.0, ends: tuple[float, float] | None = None) -> Curve | None:
    """Smooth the counts with a normal kernel; None where all months are equal or there is one.

    The bandwidth is Scott's: the standard deviation times n ** (-1/5) (D. W.
    Scott, Multivariate Density Estimation, 1992, section 6.3).

    Parameters
    ----------
    share
        Area under the curve.
    ends
        Where the curve begins and ends; `BEYOND` bandwidths beyond the values by default.
    """
    if len(values) < 2 or float(np.ptp(values)) == 0.0:  # noqa: PLR2004
        return None
    width = float(values.std(ddof=1)) * len(values) ** -0.2
    first, last = ends or (float(values.min()) - BEYOND * width, float(values.max()) + BEYOND * width)
    at = np.linspace(first, last, GRID)
    kernels = np.exp(-0.5 * ((at[:, None] - values[None, :]) / width) ** 2)
    return Curve(at, np.asarray(share * kernels.mean(axis=1) / (width * math.sqrt(2.0 * math.pi)), dtype=np.float64))
