"""`Metrics`: the figures of one series of returns, beside a benchmark or alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.errors import UsageError
from backfolio.metrics import ratios

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of a series of daily returns; None where one does not exist.

    What each field means stands in `definitions.DEFINITIONS`, which pages and
    tables show. Fractions, but for `sessions` and `drawdown_sessions`. From
    `beta` on, figures need a benchmark.
    """

    sessions: int = 0
    total_return: float | None = None
    cagr: float | None = None
    volatility: float | None = None
    sharpe: float | None = None
    sortino: float | None = None
    calmar: float | None = None
    max_drawdown: float | None = None
    drawdown_sessions: int | None = None
    ulcer_index: float | None = None
    value_at_risk: float | None = None
    conditional_value_at_risk: float | None = None
    best_session: float | None = None
    worst_session: float | None = None
    win_rate: float | None = None
    skew: float | None = None
    kurtosis: float | None = None
    omega: float | None = None
    tail_ratio: float | None = None
    probabilistic_sharpe: float | None = None
    beta: float | None = None
    alpha: float | None = None
    correlation: float | None = None
    r_squared: float | None = None
    tracking_error: float | None = None
    information_ratio: float | None = None
    treynor: float | None = None


def summary(
    returns: ArrayLike,
    benchmark_returns: ArrayLike | None = None,
    risk_free: float = 0.0,
    periods: float = SESSIONS_A_YEAR,
) -> Metrics:
    """Return every figure of a series of daily returns.

    Parameters
    ----------
    returns
        Simple returns, (sessions,), in order of time.
    benchmark_returns
        The benchmark's on the same sessions, or None.
    risk_free
        Fraction a year.
    periods
        Sessions a year.

    Raises
    ------
    UsageError
        If a return is not finite, the two differ in length, or the risk-free
        rate is -1 or less.
    """
    own = ratios.as_returns(returns)
    if benchmark_returns is None:
        other = None
    else:
        other = ratios.as_returns(benchmark_returns)
        if other.size != own.size:
            message = f"{own.size} returns meet {other.size} of the benchmark: give both on the same sessions"
            raise UsageError(message)
    # Absurd returns may overflow on the way; every result is checked to be finite.
    with np.errstate(all="ignore"):
        figures = _absolute(own, risk_free, periods)
        if other is not None:
            figures |= _relative(own, other, risk_free, periods)
        return Metrics(sessions=int(own.size), drawdown_sessions=ratios.drawdown_sessions(own), **figures)


def _absolute(own: ratios.Returns, risk_free: float, periods: float) -> dict[str, float | None]:
    return {
        "total_return": ratios.total_return(own),
        "cagr": ratios.cagr(own, periods),
        "volatility": ratios.volatility(own, periods),
        "sharpe": ratios.sharpe(own, risk_free, periods),
        "sortino": ratios.sortino(own, risk_free, periods),
        "calmar": ratios.calmar(own, periods),
        "max_drawdown": ratios.max_drawdown(own),
        "ulcer_index": ratios.ulcer_index(own),
        "value_at_risk": ratios.value_at_risk(own),
        "conditional_value_at_risk": ratios.conditional_value_at_risk(own),
        "best_session": float(own.max()) if own.size else None,
        "worst_session": float(own.min()) if own.size else None,
        "win_rate": ratios.win_rate(own),
        "skew": ratios.skew(own),
        "kurtosis": ratios.kurtosis(own),
        "omega": ratios.omega(own),
        "tail_ratio": ratios.tail_ratio(own),
        "probabilistic_sharpe": ratios.probabilistic_sharpe(own),
    }


def _relative(own: ratios.Returns, other: ratios.Returns, risk_free: float, periods: float) -> dict[str, float | None]:
    return {
        "beta": ratios.beta(own, other),
        "alpha": ratios.alpha(own, other, risk_free, periods),
        "correlation": ratios.correlation(own, other),
        "r_squared": ratios.r_squared(own, other),
        "tracking_error": ratios.tracking_error(own, other, periods),
        "information_ratio": ratios.information_ratio(own, other, periods),
        "treynor": ratios.treynor(own, other, risk_free, periods),
    }
