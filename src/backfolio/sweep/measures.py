"""From an equity curve to figures: the definitions of `metrics`, for many trials at once.

The kernel reduces each curve to a few sums; what remains is arithmetic on
arrays of trials. NaN stands where `metrics` says None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.sweep.layout import ACCOUNT, DEPTH, DEVIATION, DOWNSIDE, GROWTH, MEAN, SPREAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Floats = NDArray[np.float64]

ROUNDING: Final = 1e-12
"""As in `metrics.ratios`: a spread of returns below this is noise of binary floats."""


def measure(equity: Integers, start_cash: int, returns: Floats, out: Floats) -> None:
    """Reduce an equity curve to sums.

    Parameters
    ----------
    equity
        Mills, (sessions,), at least one.
    start_cash
        Mills before the first session.
    returns
        Scratch, (sessions,).
    out
        `layout.FIGURES` numbers: product of (1 + r), mean of r, sum of squares
        about the mean, sum of squares of what fell below 0, highest less
        lowest r, deepest drawdown (<= 0), mean equity.
    """
    growth, peak, depth, total, account = 1.0, 1.0, 0.0, 0.0, 0.0
    low, high = np.inf, -np.inf
    before = float(start_cash)
    for row in range(len(equity)):
        after = float(equity[row])
        one = after / before if before > 0.0 else 1.0
        change = one - 1.0
        returns[row] = change
        growth *= 1.0 + change
        peak = max(peak, growth)
        # a division only where the fall may be a new depth
        if growth <= (1.0 + depth) * peak:
            depth = min(depth, growth / peak - 1.0)
        total += change
        account += after
        low, high = min(low, change), max(high, change)
        before = after
    mean = total / len(equity)
    squares, short = 0.0, 0.0
    for row in range(len(equity)):
        change = returns[row]
        squares += (change - mean) * (change - mean)
        below = min(change, 0.0)
        short += below * below
    out[GROWTH] = growth
    out[MEAN] = mean
    out[DEVIATION] = squares
    out[DOWNSIDE] = short
    out[SPREAD] = high - low
    out[DEPTH] = depth
    out[ACCOUNT] = account / len(equity)


HELPERS: Final = (measure,)


def ratios(figures: Floats, traded: Floats, sessions: int) -> dict[str, Floats]:
    """Return the figures of `Outcomes` that are fractions, by name, (trials,) each.

    Parameters
    ----------
    figures
        Trials x `layout.FIGURES`.
    traded
        Value of all fills, mills, (trials,).
    sessions
        Length of the curves.
    """
    growth, mean, depth, account = (figures[:, k] for k in (GROWTH, MEAN, DEPTH, ACCOUNT))
    several = sessions > 1
    constant = (figures[:, SPREAD] <= ROUNDING) | (not several)
    root = np.sqrt(SESSIONS_A_YEAR)
    with np.errstate(all="ignore"):
        deviation = np.sqrt(figures[:, DEVIATION] / (sessions - 1)) if several else np.full(len(figures), np.nan)
        downside = np.sqrt(figures[:, DOWNSIDE] / sessions)
        cagr = growth ** (SESSIONS_A_YEAR / sessions) - 1.0 if several else np.full(len(figures), np.nan)
        cagr[growth < 0.0] = np.nan
        made = {
            "total_return": growth - 1.0,
            "cagr": cagr,
            "volatility": np.where(constant & several, 0.0, deviation * root),
            "sharpe": np.where(constant, np.nan, mean / deviation * root),
            "sortino": np.where(constant | (downside <= ROUNDING), np.nan, mean / downside * root),
            "max_drawdown": depth,
            "calmar": np.where(-depth <= ROUNDING, np.nan, cagr / -depth),
            "turnover": np.where(account > 0.0, traded / 2 / account * SESSIONS_A_YEAR / sessions, np.nan),
        }
    # a zero is added, for `metrics` gives no negative one either
    return {name: np.where(np.isfinite(values), values, np.nan) + 0.0 for name, values in made.items()}
