"""How many independent events there are: what events have in common, and what that leaves.

Two events share days when their windows overlap on the calendar, as when one
catalyst touches many names: what else moved the theme on those days is then
counted once a name. Their abnormal returns correlate as the names' shocks do,
times the part of their weights (`Abnormal.weights`) that falls on the same
sessions. For events of one common day that is the average correlation of the
residuals of Kolari and Pynnönen (2010); for windows that overlap in part it is
scaled by the overlap (Kolari, Pape and Pynnönen 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.study.returns import Abnormal

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

LEAST_COMMON: Final = 30
"""Days that two estimation windows need in common for a correlation of their own; others get the mean of those."""


PRECISION: Final = 1e-12
"""What is left of a difference of sums below this part of them is rounding."""


class Shared(NamedTuple):
    """What events have in common.

    Parameters
    ----------
    correlation
        Mean over all pairs, not below 0: where residuals repel each other, as
        those against the mean of the same names do, nothing is gained by it.
    effective
        ``n / (1 + (n - 1) correlation)``: how many independent events would say as much (Kish 1965).
    degrees
        Degrees of freedom of the events' spread, after Satterthwaite (1946): n - 1 where they are independent.
    """

    correlation: float
    effective: float
    degrees: float


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Correlations of events, added up where events have the same weights: what every window needs of them.

    Parameters
    ----------
    which
        Which weights each event has, (events,).
    sums
        Correlations of each event with all of the same weights, events x weights.
    squares
        Their squares over all pairs, weights x weights.
    """

    which: Integers
    sums: Floats
    squares: Floats


def blocks(correlations: Floats, which: Integers, kinds: int) -> Blocks:
    """Add up correlations (events x events, ones across) by the `kinds` of weights that events have."""
    member = np.zeros((len(which), kinds))
    member[np.arange(len(which)), which] = 1.0
    return Blocks(which, correlations @ member, member.T @ ((correlations * correlations) @ member))


def shared(correlations: Blocks, part: Floats) -> Shared:
    """Return what events have in common.

    Parameters
    ----------
    correlations
        Of the shocks of their names.
    part
        Which part of the weights falls on the same sessions, weights x weights.

    Notes
    -----
    With C the correlations of the events, ``C_ij = part x correlation``, and A
    what takes off a mean, the spread between events is a quadratic form in A C A:
    its degrees of freedom are ``tr(ACA)^2 / ||ACA||^2``, where
    ``||ACA||^2 = ||C||^2 - 2/n sum of r_i^2 + (sum of r_i)^2 / n^2`` and r_i are
    the row sums of C.
    """
    many = len(correlations.which)
    if many < 2:  # noqa: PLR2004
        return Shared(0.0, float(many), 0.0)
    along = (part[correlations.which] * correlations.sums).sum(axis=1)
    total = float(along.sum())
    correlation = min(max((total - many) / (many * (many - 1)), 0.0), 1.0)
    whole = float((part * part * correlations.squares).sum())
    spread = whole - 2.0 / many * float(along @ along) + total * total / (many * many)
    trace = many - total / many
    degrees = min(trace * trace / spread, many - 1.0) if spread > PRECISION * whole else many - 1.0
    return Shared(correlation, many / (1.0 + (many - 1) * correlation), degrees)


def shocks(abnormal: Abnormal, directions: Floats) -> Floats:
    """Return how the daily shocks of each event's name correlate with those of each other's, events x events.

    From the residuals of the days that both estimation windows hold; 1 within a
    name; turned where the news of one is good and that of the other bad.
    """
    left = abnormal.on_calendar()
    known = ~np.isnan(left)
    filled = np.where(known, left, 0.0)
    # events of one pattern are estimated from the same days
    _, first = np.unique(abnormal.pattern, return_index=True)
    seen, which = known[first].astype(np.float64), abnormal.pattern
    days = (seen @ seen.T)[np.ix_(which, which)]
    squares = ((filled * filled) @ seen.T)[:, which]
    product = filled @ filled.T
    size = np.sqrt(squares * squares.T)
    own = abnormal.columns[:, None] == abnormal.columns[None, :]
    enough = (days >= LEAST_COMMON) & (size > 0.0)
    result = np.divide(product, size, out=np.zeros_like(product), where=enough)
    between = enough & ~own
    result[~enough] = result[between].mean() if between.any() else 0.0
    result[own] = 1.0
    return np.asarray(result * directions[:, None] * directions[None, :], dtype=np.float64)


def overlaps(weights: Floats) -> Floats:
    """Return which part of weights falls on the same sessions, each with each: the cosine between them."""
    size = np.sqrt((weights * weights).sum(axis=1))
    scaled = weights / np.where(size > 0.0, size, 1.0)[:, None]
    return np.asarray(scaled @ scaled.T, dtype=np.float64)
