"""Formulas on a series of daily returns; each is None where it has no value.

Returns are simple (0.01 = 1%), float64, one a session, in order of time. Rates
and results are fractions. A year has 243 sessions unless `periods` says
otherwise. A risk-free rate is given a year and spread geometrically over its
sessions.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Returns = NDArray[np.float64]

ROUNDING: Final = 1e-12
"""A spread of returns below this is noise of binary floats: the series is constant."""

TAIL: Final = 0.05
"""Probability of the tail in value at risk."""

CALENDAR_DAYS_A_YEAR: Final = 365.25


def as_returns(values: ArrayLike) -> Returns:
    """Check a series of returns.

    Raises
    ------
    UsageError
        If it is not one series of finite numbers.
    """
    returns = np.asarray(values, dtype=np.float64)
    if returns.ndim != 1:
        message = f"returns have {returns.ndim} dimensions: give one series"
        raise UsageError(message)
    if not np.isfinite(returns).all():
        at = int(np.argmin(np.isfinite(returns)))
        message = f"returns[{at}] is {returns[at]}: give a number for every session, 0 where nothing moved"
        raise UsageError(message)
    return returns


def daily_rate(annual: float, periods: float = SESSIONS_A_YEAR) -> float:
    """Return the rate a session that compounds to `annual` in a year."""
    if not annual > -1.0:
        message = f"risk-free rate is {annual!r}: give a fraction a year above -1; 0.02 means 2%"
        raise UsageError(message)
    return math.expm1(math.log1p(annual) / periods)


def total_return(returns: Returns) -> float | None:
    """Return what was gained in all: the product of (1 + r), less 1."""
    return _finite(np.prod(1.0 + returns) - 1.0) if returns.size else None


def cagr(returns: Returns, periods: float = SESSIONS_A_YEAR, years: float | None = None) -> float | None:
    """Return the compound growth a year; n/a below two sessions.

    Parameters
    ----------
    years
        Length in years where it is not sessions / periods.
    """
    if returns.size < 2:  # noqa: PLR2004
        return None
    growth = float(np.prod(1.0 + returns))
    span = returns.size / periods if years is None else years
    if growth < 0.0 or span <= 0.0:
        return None
    try:
        return _finite(growth ** (1.0 / span) - 1.0)
    except OverflowError:
        return None


def calendar_years(first: np.datetime64, last: np.datetime64) -> float:
    """Return the years from `first` to `last`, both days counted, of 365.25 days each."""
    days = int((last.astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)) + 1
    return days / CALENDAR_DAYS_A_YEAR


def volatility(returns: Returns, periods: float = SESSIONS_A_YEAR) -> float | None:
    """Return the sample standard deviation (n - 1), a year."""
    if returns.size < 2:  # noqa: PLR2004
        return None
    return 0.0 if _constant(returns) else _finite(np.std(returns, ddof=1) * math.sqrt(periods))


def sharpe(returns: Returns, risk_free: float = 0.0, periods: float = SESSIONS_A_YEAR) -> float | None:
    """Return mean excess return over its sample deviation, a year (Sharpe 1994)."""
    if _constant(returns):
        return None
    excess = returns - daily_rate(risk_free, periods)
    return _finite(excess.mean() / np.std(excess, ddof=1) * math.sqrt(periods))


def sortino(returns: Returns, risk_free: float = 0.0, periods: float = SESSIONS_A_YEAR) -> float | None:
    """Return mean excess return over its downside deviation, a year.

    The deviation is the root of the mean square of what fell short, over all
    sessions (Sortino and van der Meer 1991).
    """
    if _constant(returns):
        return None
    excess = returns - daily_rate(risk_free, periods)
    downside = math.sqrt(np.square(np.minimum(excess, 0.0)).mean())
    return _finite(excess.mean() / downside * math.sqrt(periods)) if downside > ROUNDING else None


def drawdowns(returns: Returns) -> Returns:
    """Return, after every session, the fall from the highest value so far, start included (<= 0)."""
    wealth = np.cumprod(1.0 + returns)
    peak = np.maximum(np.maximum.accumulate(wealth), 1.0) if wealth.size else wealth
    return wealth / peak - 1.0


def max_drawdown(returns: Returns) -> float | None:
    """Return the deepest fall from a peak (<= 0)."""
    return _finite(drawdowns(returns).min()) if returns.size else None


def drawdown_sessions(returns: Returns) -> int | None:
    """Return the most sessions in a row that closed below an earlier peak."""
    if not returns.size:
        return None
    under = drawdowns(returns) < -ROUNDING
    ends = np.flatnonzero(np.diff(np.concatenate(([False], under, [False])).astype(np.int8)))
    return int((ends[1::2] - ends[::2]).max()) if ends.size else 0


def calmar(returns: Returns, periods: float = SESSIONS_A_YEAR) -> float | None:
    """Return the growth a year over the depth of the deepest drawdown (Young 1991)."""
    growth, depth = cagr(returns, periods), max_drawdown(returns)
    return None if growth is None or not depth or -depth <= ROUNDING else _finite(growth / -depth)


def value_at_risk(returns: Returns) -> float | None:
    """Return the 5th percentile of returns, linear between observations."""
    return None if _short(returns) else _finite(np.quantile(returns, TAIL))


def conditional_value_at_risk(returns: Returns) -> float | None:
    """Return the mean of the returns at or below the value at risk."""
    return None if _short(returns) else _finite(returns[returns <= np.quantile(returns, TAIL)].mean())


def gaussian_value_at_risk(returns: Returns) -> float | None:
    """Return the 5th percentile of the normal law with the sample's mean and deviation."""
    if _short(returns):
        return None
    return _finite(returns.mean() + NormalDist().inv_cdf(TAIL) * np.std(returns, ddof=1))


def gaussian_conditional_value_at_risk(returns: Returns) -> float | None:
    """Return the mean below `gaussian_value_at_risk`, under the same normal law."""
    if _short(returns):
        return None
    normal = NormalDist()
    return _finite(returns.mean() - np.std(returns, ddof=1) * normal.pdf(normal.inv_cdf(TAIL)) / TAIL)


def skew(returns: Returns) -> float | None:
    """Return the skewness, adjusted for bias (Fisher-Pearson, G1); n/a below three sessions."""
    n = returns.size
    if n < 3 or _constant(returns):  # noqa: PLR2004
        return None
    return _finite(_moment(returns, 3) * math.sqrt(n * (n - 1)) / (n - 2))


def kurtosis(returns: Returns) -> float | None:
    """Return the kurtosis above the normal law's 3, adjusted for bias (G2); n/a below four sessions."""
    n = returns.size
    if n < 4 or _constant(returns):  # noqa: PLR2004
        return None
    excess = _moment(returns, 4) - 3.0
    return _finite((n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6.0))


def win_rate(returns: Returns) -> float | None:
    """Return the share of all sessions that gained; n/a where none moved."""
    return _finite((returns > 0.0).mean()) if returns.any() else None


def omega(returns: Returns, threshold: float = 0.0) -> float | None:
    """Return the sum of gains over the sum of losses about `threshold` a session (Keating and Shadwick 2002)."""
    excess = returns - threshold
    losses = -excess[excess < 0.0].sum()
    return _finite(excess[excess > 0.0].sum() / losses) if losses > ROUNDING else None


def tail_ratio(returns: Returns) -> float | None:
    """Return the size of the 95th percentile of returns over that of the 5th."""
    if _short(returns):
        return None
    low, high = np.quantile(returns, (TAIL, 1.0 - TAIL))
    return _finite(abs(high / low)) if abs(low) > ROUNDING else None


def ulcer_index(returns: Returns) -> float | None:
    """Return the root mean square of the drawdowns, over all sessions (Martin 1987)."""
    return _finite(math.sqrt(np.square(drawdowns(returns)).mean())) if returns.size else None


def moments(returns: Returns) -> tuple[float, float] | None:
    """Return the population's skewness and kurtosis (3 for a normal law, not 0), as tests of a Sharpe ratio use them.

    n/a below three sessions and for a constant series. `skew` and `kurtosis`
    are those of the pages: adjusted for bias, the second less 3.
    """
    if returns.size < 3 or _constant(returns):  # noqa: PLR2004
        return None
    return _moment(returns, 3), _moment(returns, 4)


def sharpe_spread(ratio: float, skewness: float, fourth: float) -> float | None:
    """Return the variance of an estimated Sharpe ratio, times the sessions less 1.

    ``1 - skewness x SR + (kurtosis - 1) / 4 x SR^2`` (Bailey and Lopez de
    Prado 2012, equation 4, after Mertens 2002).

    Parameters
    ----------
    ratio
        Sharpe ratio a session, not a year.
    skewness, fourth
        As `moments` gives them: a normal law has 0 and 3.
    """
    spread = 1.0 - skewness * ratio + (fourth - 1.0) / 4.0 * ratio * ratio
    return spread if spread > ROUNDING else None


def sharpe_probability(
    ratio: float, sessions: int, skewness: float, fourth: float, threshold: float = 0.0
) -> float | None:
    """Return the probability that the true Sharpe ratio is above `threshold`, from the sample's figures.

    Bailey and Lopez de Prado (2012), "The Sharpe Ratio Efficient Frontier",
    equation 5; with their hedge fund of 24 months, 0.913.

    Parameters
    ----------
    ratio, threshold
        A session, not a year.
    sessions
        Length of the sample.
    skewness, fourth
        As `moments` gives them: a normal law has 0 and 3.
    """
    spread = sharpe_spread(ratio, skewness, fourth)
    if spread is None or sessions < 2:  # noqa: PLR2004
        return None
    return _finite(NormalDist().cdf((ratio - threshold) * math.sqrt((sessions - 1) / spread)))


def probabilistic_sharpe(returns: Returns, threshold: float = 0.0) -> float | None:
    """Return the probability that the true Sharpe ratio is above `threshold` a session.

    Population moments and n - 1 (Bailey and Lopez de Prado 2012, equation 5).
    """
    shape = moments(returns)
    if shape is None:
        return None
    return sharpe_probability(float(returns.mean() / np.std(returns, ddof=1)), returns.size, *shape, threshold)


def beta(returns: Returns, benchmark: Returns) -> float | None:
    """Return the covariance with the benchmark over the benchmark's variance."""
    if _constant(benchmark):
        return None
    return _finite(np.cov(returns, benchmark, ddof=1)[0, 1] / np.var(benchmark, ddof=1))


def alpha(
    returns: Returns,
    benchmark: Returns,
    risk_free: float = 0.0,
    periods: float = SESSIONS_A_YEAR,
    *,
    compounded: bool = False,
) -> float | None:
    """Return the mean return that beta does not explain, a year (Jensen 1968).

    `compounded` compounds the session's alpha instead of multiplying it.
    """
    slope = beta(returns, benchmark)
    if slope is None:
        return None
    rate = daily_rate(risk_free, periods)
    session = float((returns - rate).mean() - slope * (benchmark - rate).mean())
    if not compounded:
        return _finite(session * periods)
    try:
        return _finite((1.0 + session) ** periods - 1.0)
    except OverflowError:
        return None


def correlation(returns: Returns, benchmark: Returns) -> float | None:
    """Return Pearson's correlation with the benchmark."""
    if _constant(returns) or _constant(benchmark):
        return None
    return _finite(np.corrcoef(returns, benchmark)[0, 1])


def r_squared(returns: Returns, benchmark: Returns) -> float | None:
    """Return the share of variance that the benchmark explains."""
    both = correlation(returns, benchmark)
    return None if both is None else both * both


def tracking_error(returns: Returns, benchmark: Returns, periods: float = SESSIONS_A_YEAR) -> float | None:
    """Return the sample deviation of return less benchmark return, a year."""
    return volatility(returns - benchmark, periods)


def information_ratio(returns: Returns, benchmark: Returns, periods: float = SESSIONS_A_YEAR) -> float | None:
    """Return mean return less benchmark return over its sample deviation, a year; `periods` 1 = a session."""
    active = returns - benchmark
    return None if _constant(active) else _finite(active.mean() / np.std(active, ddof=1) * math.sqrt(periods))


def treynor(
    returns: Returns, benchmark: Returns, risk_free: float = 0.0, periods: float = SESSIONS_A_YEAR
) -> float | None:
    """Return growth a year less the risk-free rate, over beta (Treynor 1965)."""
    growth, slope = cagr(returns, periods), beta(returns, benchmark)
    return None if growth is None or not slope or abs(slope) <= ROUNDING else _finite((growth - risk_free) / slope)


def _short(returns: Returns) -> bool:
    return returns.size < 2  # noqa: PLR2004


def _constant(returns: Returns) -> bool:
    """Tell whether a series has no spread: fewer than two values, or all equal up to rounding."""
    return _short(returns) or float(np.ptp(returns)) <= ROUNDING


def _moment(returns: Returns, order: int) -> float:
    """Return a standardised central moment of the population."""
    deviation = returns - returns.mean()
    return float((deviation**order).mean() / np.square(deviation).mean() ** (order / 2))


def _finite(value: float | np.floating) -> float | None:
    """Return a plain float, None unless it is finite; never a negative zero."""
    number = float(value)
    return number + 0.0 if math.isfinite(number) else None
