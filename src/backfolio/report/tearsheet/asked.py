"""What quantstats says of a run, as plain numbers, by its public functions.

It gets daily returns without a time zone from the first session of the window
on, and the benchmark's as a series on the same sessions, so that it neither
downloads, nor fills backward, nor drops leading sessions (`match_dates` off).

Its own page draws each figure three times with matplotlib, which takes four
fifths of its time, and some of what it draws is not what its functions return:
a running sum that falls to 0 on every day without a session, a beta of 0 before
the first window is full, a log scale that is straight below +200%, months and
years that are lost where their last day is no session. So only its functions
are asked here, and the drawing is ours.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from backfolio.calendar import SESSIONS_A_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Values = NDArray[np.float64]
    Days = NDArray[np.datetime64]

OWN: Final = "strategy"
OTHER: Final = "benchmark"
"""What quantstats calls the two; names of the reader's never reach it."""

HALF_YEAR: Final = ceil(SESSIONS_A_YEAR / 2)
"""Window of the rolling figures, sessions, as its page takes it."""

WORST: Final = 10
LONGEST: Final = 5
"""Drawdowns in its table, and those shaded in its drawing."""

QUIET: Final = (
    # quantstats calls what newer pandas is about to drop.
    (r"The inplace keyword", Warning),
)


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """What is drawn of one account, each (sessions,); nan or infinite where undefined.

    Parameters
    ----------
    gain
        Cumulative return since the start.
    volatility
        Of the last `HALF_YEAR` sessions, annualised.
    months
        Return of each calendar month, (years, 12); nan outside the window.
    """

    gain: Values
    volatility: Values
    months: Values


@dataclass(frozen=True, slots=True, eq=False)
class Against:
    """What is drawn of the strategy beside the benchmark, each (sessions,).

    Parameters
    ----------
    matched
        Cumulative return, daily returns scaled to the benchmark's volatility.
    beta_half, beta_year
        Rolling, over `HALF_YEAR` sessions and a year of them.
    """

    matched: Values
    beta_half: Values
    beta_year: Values


@dataclass(frozen=True, slots=True)
class Fall:
    """A drawdown: its first and last day (ISO), its depth in percent, its calendar days."""

    start: str
    end: str
    depth: float
    days: int


@dataclass(frozen=True, slots=True)
class Year:
    """Returns of a calendar year, percent.

    Parameters
    ----------
    own, other
        The benchmark's is None without one.
    ratio
        Own over other; None without a benchmark, nan where its year is 0.
    summed
        Plain sum of the daily returns; given without a benchmark only, as there.
    """

    year: int
    own: float
    other: float | None = None
    ratio: float | None = None
    summed: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Returns by length of period: those within 1.5 interquartile ranges of the quartiles, and those outside."""

    name: str
    inside: Values
    outside: Values


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """All that the page shows.

    Parameters
    ----------
    days
        ``datetime64[D]``, (sessions,).
    own, other
        Strategy and benchmark; None without one.
    drawdown, summed, sharpe, sortino
        Of the strategy, (sessions,): below its highest so far, running sum of
        daily returns, rolling over `HALF_YEAR` sessions.
    metrics
        Groups of rows: label, strategy's value, benchmark's, as quantstats
        writes them; "" for what does not exist.
    falls
        The worst drawdowns, the deepest first.
    longest
        The longest ones, as (first row, last row).
    """

    days: Days
    own: Curves
    other: Curves | None
    against: Against | None
    drawdown: Values
    summed: Values
    sharpe: Values
    sortino: Values
    metrics: tuple[tuple[tuple[str, str, str], ...], ...]
    years: tuple[Year, ...]
    falls: tuple[Fall, ...]
    longest: tuple[tuple[int, int], ...]
    spreads: tuple[Spread, ...]


def ask(days: Days, returns: Values, benchmark: Values | None) -> Asked:
    """Let quantstats work out everything.

    Parameters
    ----------
    days
        ``datetime64[D]``, (sessions,), at least two.
    returns, benchmark
        Daily returns on them, finite.
    """
    reports, stats, utils = _quantstats()
    index = pd.DatetimeIndex(days).as_unit("ns")
    own = pd.Series(returns, index=index, name=OWN)
    other = None if benchmark is None else pd.Series(benchmark, index=index, name=OTHER)
    with _calm(), quicker(stats, utils):
        drawdown = stats.to_drawdown_series(own)
        details = stats.drawdown_details(drawdown)
        # Its page takes the longest with a sort that keeps the order of equals, and the worst with one that need not.
        longest = details.sort_values(by="days", ascending=False, kind="mergesort")[:LONGEST]
        worst = details.sort_values(by="max drawdown", ascending=True)[:WORST]
        rolling = {"rolling_period": HALF_YEAR, "periods_per_year": SESSIONS_A_YEAR, "prepare_returns": False}
        return Asked(
            days=days,
            own=_curves(stats, own, rolling),
            other=None if other is None else _curves(stats, other, rolling),
            against=None if other is None else _against(stats, own, other),
            drawdown=_values(drawdown),
            summed=_values(own.cumsum()),
            sharpe=_values(stats.rolling_sharpe(own, **rolling)),
            sortino=_values(stats.rolling_sortino(own, **rolling)),
            metrics=_metrics(reports, own, other),
            years=_years(stats, utils, own, other),
            falls=tuple(
                Fall(start, end, float(depth), int(length))
                for start, end, depth, length in worst[["start", "end", "max drawdown", "days"]].itertuples(index=False)
            ),
            longest=tuple(
                (int(np.searchsorted(days, np.datetime64(start))), int(np.searchsorted(days, np.datetime64(end))))
                for start, end in longest[["start", "end"]].itertuples(index=False)
            ),
            spreads=tuple(
                Spread(name, np.array(found["values"], float), np.array(found["outliers"], float))
                for name, found in stats.distribution(own, prepare_returns=False).items()
            ),
        )


def _curves(stats: Any, returns: pd.Series[float], rolling: dict[str, Any]) -> Curves:  # noqa: ANN401  no types there
    table = stats.monthly_returns(returns, eoy=False, prepare_returns=False)
    months = np.asarray(table.to_numpy(), dtype=np.float64).copy()
    # It fills months outside the window with 0.
    within = {(day.year, day.month) for day in (returns.index[0], returns.index[-1])}
    first, last = min(within), max(within)
    for row, year in enumerate(int(label) for label in table.index):
        for month in range(12):
            if not first <= (year, month + 1) <= last:
                months[row, month] = np.nan
    return Curves(_values(stats.compsum(returns)), _values(stats.rolling_volatility(returns, **rolling)), months)


def _against(stats: Any, own: pd.Series[float], other: pd.Series[float]) -> Against:  # noqa: ANN401
    matched = stats.compsum(own / own.std() * other.std())
    half, year = (
        stats.rolling_greeks(own, other, window, prepare_returns=False)["beta"] if len(own) >= window else own * np.nan
        for window in (HALF_YEAR, SESSIONS_A_YEAR)
    )
    return Against(_values(matched), _values(half), _values(year))


def _metrics(
    reports: Any,  # noqa: ANN401
    own: pd.Series[float],
    other: pd.Series[float] | None,
) -> tuple[tuple[tuple[str, str, str], ...], ...]:
    """Return its table of metrics; a row without a label begins a group there."""
    table = reports.metrics(
        own.copy(),
        None if other is None else other.copy(),
        rf=0.0,
        display=False,
        mode="full",
        sep=True,
        internal="True",  # percentages as its page writes them
        compounded=True,
        periods_per_year=SESSIONS_A_YEAR,
        prepare_returns=False,
        match_dates=False,
        strategy_title=OWN,
        benchmark_title=OTHER,
    )
    groups: list[list[tuple[str, str, str]]] = [[]]
    others = table[OTHER] if other is not None else [""] * len(table)
    for label, mine, theirs in zip(table.index, table[OWN], others, strict=True):
        if not label:
            groups.append([])
        elif label not in {"Start Period", "End Period"}:  # the window stands at the head of the page
            own_value, other_value = ("" if str(value) == "-" else str(value) for value in (mine, theirs))
            groups[-1].append((label.replace("\N{SMALL PERCENT SIGN}", ""), own_value, other_value))
    return tuple(tuple(group) for group in groups if group)


def _years(stats: Any, utils: Any, own: pd.Series[float], other: pd.Series[float] | None) -> tuple[Year, ...]:  # noqa: ANN401
    if other is not None:
        table = stats.compare(own, other, "YE", prepare_returns=False)
        rows = table[["Returns", "Benchmark", "Multiplier"]].itertuples()
        return tuple(Year(int(year), float(mine), float(theirs), float(ratio)) for year, mine, theirs, ratio in rows)
    years = pd.DatetimeIndex(own.index).year
    grown, summed = (utils.group_returns(own, years, compounded=way) * 100 for way in (True, False))
    return tuple(
        Year(int(year), float(mine), summed=float(plain))
        for year, mine, plain in zip(grown.index, grown, summed, strict=True)
    )


def _values(series: Any) -> Values:  # noqa: ANN401
    return np.asarray(series.to_numpy(), dtype=np.float64)


@lru_cache(maxsize=1)
def _quantstats() -> tuple[Any, Any, Any]:
    """Import quantstats' reports, stats and utils.

    It brings seaborn and matplotlib along and sets their theme for the whole
    process; that is undone.
    """
    import matplotlib as mpl  # noqa: PLC0415  seconds of imports: only for a tear sheet

    with warnings.catch_warnings(), mpl.rc_context():
        from quantstats import reports, stats, utils  # noqa: PLC0415
    return reports, stats, utils


@contextmanager
def _calm() -> Iterator[None]:
    """Keep known noise of quantstats away."""
    with warnings.catch_warnings():
        for message, category in QUIET:
            warnings.filterwarnings("ignore", message=message, category=category)
        yield


@contextmanager
def quicker(stats: Any, utils: Any) -> Iterator[None]:  # noqa: ANN401
    """Let two helpers of quantstats come to what they come to in less time: together they took a third of a tear sheet.

    It compounds the days of a month, a quarter or a year for each of a dozen
    rows of its table anew, here once for the same returns; and it asks pandas
    for a quantile of each drawdown, which NumPy has in a third of the time.
    """
    made: dict[tuple[int, str | None, bool], tuple[Any, Any]] = {}
    aggregate, remove = utils.aggregate_returns, stats.remove_outliers

    def aggregated(returns: Any, period: str | None = None, compounded: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002
        key = (id(returns), period, compounded)
        if key not in made:  # the returns are kept as well, so that no others get their id
            made[key] = returns, aggregate(returns, period, compounded)
        return made[key][1]

    def removed(returns: pd.Series[float], quantile: float = 0.95) -> pd.Series[float]:
        values = returns.to_numpy()
        return returns[values < np.quantile(values, quantile)]

    utils.aggregate_returns, stats.remove_outliers = aggregated, removed
    try:
        yield
    finally:
        utils.aggregate_returns, stats.remove_outliers = aggregate, remove
