"""The tables of the tear sheet, as text: no number changes here, each only gets its two decimals."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from backfolio.metrics import NOT_AVAILABLE
from backfolio.report.months import SHADES
from backfolio.report.text import tone
from backfolio.report.words import MINUS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from backfolio.report.tearsheet.asked import Asked

SHORT: Final = re.compile(r"(-?[\d,]+\.\d)(%?)")
"""A number as quantstats shortens it: 0.50 is written 0.5."""

LABELS: Final = (
    "Risk-Free Rate", "Time in Market", "Cumulative Return", "CAGR", "Sharpe", "Prob. Sharpe Ratio", "Smart Sharpe",
    "Sortino", "Smart Sortino", "Sortino/√2", "Smart Sortino/√2", "Omega", "Max Drawdown", "Max DD Date",
    "Max DD Period Start", "Max DD Period End", "Longest DD Days", "Volatility (ann.)", "R^2", "Information Ratio",
    "Calmar", "Skew", "Kurtosis", "Ulcer Performance Index", "Risk-Adjusted Return", "Risk-Return Ratio",
    "Avg. Return", "Avg. Win", "Avg. Loss", "Win/Loss Ratio", "Profit Ratio", "Expected Daily", "Expected Monthly",
    "Expected Yearly", "Kelly Criterion", "Risk of Ruin", "Daily Value-at-Risk", "Expected Shortfall (cVaR)",
    "Max Consecutive Wins", "Max Consecutive Losses", "Gain/Pain Ratio", "Gain/Pain (1M)", "Payoff Ratio",
    "Profit Factor", "Common Sense Ratio", "CPC Index", "Tail Ratio", "Outlier Win Ratio", "Outlier Loss Ratio",
    "MTD", "3M", "6M", "YTD", "1Y", "3Y (ann.)", "5Y (ann.)", "10Y (ann.)", "All-time (ann.)", "Best Day", "Worst Day",
    "Best Month", "Worst Month", "Best Year", "Worst Year", "Avg. Drawdown", "Avg. Drawdown Days", "Recovery Factor",
    "Ulcer Index", "Serenity Index", "Avg. Up Month", "Avg. Down Month", "Win Days", "Win Month", "Win Quarter",
    "Win Year", "Beta", "Alpha", "Correlation", "Treynor Ratio",
)  # fmt: skip
"""quantstats' names of its figures, which other languages translate; one it adds is shown as it is."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table of figures; `other` is the benchmark's."""

    label: str
    own: str
    other: str


@dataclass(frozen=True, slots=True)
class YearRow:
    """A calendar year: the strategy, the benchmark or the plain sum, their ratio, and whether it was ahead."""

    year: int
    own: str
    tone: str
    other: str
    ratio: str
    won: bool | None


@dataclass(frozen=True, slots=True)
class FallRow:
    """A drawdown; `end` is "" while it lasts."""

    start: str
    end: str
    depth: str
    days: str


@dataclass(frozen=True, slots=True)
class MonthRow:
    """A year of months: text and shade of each, "" outside the window."""

    year: int
    cells: tuple[tuple[str, str], ...]


def written(value: str) -> str:
    """Write a value of quantstats' table with both its decimals; "n/a" for what does not exist.

    Examples
    --------
    >>> written("0.5"), written("-1.2%"), written("310"), written("2024-01-03"), written("")
    ('0.50', '-1.20%', '310', '2024-01-03', 'n/a')
    """
    if not value:
        return NOT_AVAILABLE
    short = SHORT.fullmatch(value)
    return f"{short[1]}0{short[2]}" if short else value


def figures(asked: Asked) -> tuple[tuple[Figure, ...], ...]:
    """Return the groups of the table of figures."""
    return tuple(
        tuple(Figure(label, written(own), written(other)) for label, own, other in group) for group in asked.metrics
    )


def years(asked: Asked) -> list[YearRow]:
    """Return the table by year."""
    rows = []
    for year in asked.years:
        other = year.summed if year.other is None else year.other
        won = None if year.other is None else year.own >= year.other
        rows.append(YearRow(year.year, _percent(year.own), tone(year.own), _percent(other), _plain(year.ratio), won))
    return rows


def falls(asked: Asked) -> list[FallRow]:
    """Return the worst drawdowns; the one that lasts has no end, where quantstats gives the last session."""
    last = str(asked.days[-1]) if asked.drawdown[-1] < 0.0 else ""
    return [
        FallRow(fall.start, "" if fall.end == last else fall.end, _percent(fall.depth), f"{fall.days:,}")
        for fall in asked.falls
    ]


def months(asked: Asked) -> list[MonthRow]:
    """Return the strategy's months, percent with two decimals."""
    return [
        MonthRow(year.year, tuple(_month(value) for value in row))
        for year, row in zip(asked.years, _rows(asked.own.months), strict=True)
    ]


def _rows(values: NDArray[np.float64]) -> Iterable[list[float]]:
    rows: list[list[float]] = values.tolist()
    return rows


def _month(value: float) -> tuple[str, str]:
    if not math.isfinite(value):
        return "", ""
    shade = sum(abs(value) >= limit for limit in SHADES)
    side = {"gain": "up", "loss": "down"}.get(tone(value), "")
    return _plain(value * 100), f"{side}{shade}" if shade else ""


def _plain(value: float | None) -> str:
    """Write a number with two decimals, what rounds to 0 without a sign."""
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    text = f"{value:,.2f}"
    return (text.removeprefix("-") if not text.strip("-0.") else text).replace("-", MINUS)


def _percent(value: float | None) -> str:
    text = _plain(value)
    return text if text == NOT_AVAILABLE else f"{text}%"
