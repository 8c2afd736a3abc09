"""Returns, what would have been expected of them, and abnormal returns: pure functions on arrays.

A return runs from one close to the next of the same name. Where a name was
suspended in between, its return covers several sessions (its span), and so do
the benchmark's beside it and the alpha that is expected: trade-to-trade returns
(Maynes and Rumsey 1993). A model is estimated on returns of one session only.

The abnormal return of event `i` on day `t` is a weighted sum of the name's own
daily shocks: 1 on the sessions that the return covers, and small weights on the
days of the estimation window, through the error of the coefficients. These
weights (`Abnormal.weights`) hold all there is to say about its variance, at any
length of window, the covariance of forecast errors between days included
(Salinger 1992), and about what two events have in common (`independent`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backfolio.study.model import Asked, Window

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Returns of many names.

    Parameters
    ----------
    returns
        float64, sessions x symbols; NaN where there is none.
    spans
        int64, the same: sessions that each return covers; 0 where there is none.
    market
        Closes of the benchmark, (sessions,); None without one.
    log
        Whether returns are logarithms of growth.
    """

    returns: Floats
    spans: Integers
    market: Floats | None
    log: bool

    def market_over(self, rows: Integers, spans: Integers) -> Floats:
        """Return what the benchmark returned over the `spans` sessions up to each of `rows`; NaN where unknown."""
        if self.market is None:
            return np.full(len(rows), np.nan)
        growth = self.market[rows] / self.market[rows - spans]
        return np.asarray(np.log(growth) if self.log else growth - 1.0, dtype=np.float64)


def panel(prices: Floats, traded: Bools, market: Floats | None, *, log: bool) -> Panel:
    """Return the returns between consecutive closes of each name.

    Parameters
    ----------
    prices
        Adjusted closes, sessions x symbols; read only where `traded`.
    traded
        bool, the same.
    market
        Closes of the benchmark, (sessions,), or None.
    log
        Logarithms of growth instead of simple returns.
    """
    rows = np.arange(len(prices))[:, None]
    latest = np.maximum.accumulate(np.where(traded, rows, -1), axis=0)
    before = np.vstack([np.full((1, prices.shape[1]), -1), latest[:-1]])
    known = traded & (before >= 0)
    growth = np.full(prices.shape, np.nan)
    at, column = np.nonzero(known)
    growth[at, column] = prices[at, column] / prices[before[at, column], column]
    spans = np.where(known, rows - before, 0)
    return Panel(np.log(growth) if log else growth - 1.0, spans, market, log)


class _Pattern(NamedTuple):
    """What events of one session have in common that traded on the same days."""

    row: int
    estimation: Integers
    """Rows that are estimated from."""
    inverse: Floats
    """(Z'Z)^-1 of the model, k x k."""
    design: Floats
    """Z, days x k."""
    loads: Floats
    """What the model is asked for on each session of the window, sessions x k; 0 without a return."""
    spans: Integers
    """Of each session of the window."""


@dataclass(frozen=True, slots=True, eq=False)
class Abnormal:
    """Abnormal returns of events, and what is known of their variance.

    Parameters
    ----------
    window
        Sessions around each event.
    values
        float64, events x sessions of the window; NaN where there is no return.
    coefficients
        events x (alpha, beta) as far as the model has them.
    sigma
        Standard deviation of a daily shock, (events,), from the residuals with their own degrees of freedom.
    days
        Returns that each was estimated from.
    degrees
        `days` less the coefficients.
    residuals
        events x sessions of the estimation window; NaN where there is no return.
    rows, columns
        Of each event's day 0 and of its name.
    patterns, pattern
        What events share, and which one each has.
    first_row
        Earliest session that any event is measured or estimated from.
    """

    window: Window
    values: Floats
    coefficients: Floats
    sigma: Floats
    days: Integers
    degrees: Integers
    residuals: Floats
    rows: Integers
    columns: Integers
    patterns: tuple[_Pattern, ...]
    pattern: Integers
    first_row: int

    def weights(self, inside: Window) -> Floats:
        """Return what a sum of abnormal returns is made of, patterns x sessions.

        A row's entries are the weights of a name's daily shocks in the sum over
        `inside`; the variance of the sum is their sum of squares times sigma^2.
        For one day of the market model that is the known correction
        ``1 + 1/M + (m - mean)^2 / sum of squares`` (Patell 1976).
        """
        first = self.first_row
        result = np.zeros((len(self.patterns), self.last_row - first + 1))
        for at, pattern in enumerate(self.patterns):
            begin = inside.first - self.window.first
            chosen = range(begin, begin + inside.sessions)
            for day in chosen:
                end = pattern.row + self.window.first + day + 1 - first
                result[at, end - int(pattern.spans[day]) : end] += 1.0
            if pattern.design.shape[1]:
                load = pattern.loads[list(chosen)].sum(axis=0)
                result[at, pattern.estimation - first] -= pattern.design @ (pattern.inverse @ load)
        return result

    @property
    def last_row(self) -> int:
        """Latest session of any event's window."""
        return int(self.rows.max()) + self.window.last

    def sums(self, inside: Window) -> Floats:
        """Return the cumulative abnormal return of each event; NaN where it has no return in `inside`."""
        begin = inside.first - self.window.first
        part = self.values[:, begin : begin + inside.sessions]
        return np.where(np.isnan(part).all(axis=1), np.nan, np.nansum(part, axis=1))

    def on_calendar(self) -> Floats:
        """Return the residuals by session, events x sessions from `first_row`; NaN where there is none."""
        first = self.first_row
        result = np.full((len(self.rows), self.last_row - first + 1), np.nan)
        width = self.residuals.shape[1]
        for at, row in enumerate(self.rows.tolist()):
            begin = row + self.window.first - width - first
            kept = max(-begin, 0)
            result[at, begin + kept : begin + width] = self.residuals[at, kept:]
        return result


def estimation_days(panel: Panel, row: int, column: int, asked: Asked) -> Integers:
    """Return the rows from which an event's model is estimated: one-session returns before its window."""
    stop = row + asked.window.first
    begin = max(stop - asked.estimation, 0)
    return np.asarray(begin + np.flatnonzero(panel.spans[begin:stop, column] == 1), dtype=np.int64)


def abnormal(panel: Panel, rows: Sequence[int], columns: Sequence[int], asked: Asked) -> Abnormal:
    """Return the abnormal returns of events.

    Parameters
    ----------
    rows, columns
        Day 0 and name of each event, at least one; their windows lie inside
        the panel, and their estimation windows hold more days than the model
        has coefficients.
    asked
        Window, model (see `Asked`) and estimation window.

    Notes
    -----
    The market model (Sharpe 1963; MacKinlay 1997), the constant mean and the
    market-adjusted model (Brown and Warner 1985), by least squares.
    """
    many, width = len(rows), asked.window.sessions
    terms = {"market": 2, "mean": 1, "market-adjusted": 0}[asked.model]
    values = np.full((many, width), np.nan)
    residuals = np.full((many, asked.estimation), np.nan)
    coefficients = np.zeros((many, terms))
    sigma, days = np.zeros(many), np.zeros(many, dtype=np.int64)
    found: dict[tuple[int, bytes], int] = {}
    patterns: list[_Pattern] = []
    which = np.zeros(many, dtype=np.int64)
    for at, (row, column) in enumerate(zip(rows, columns, strict=True)):
        used = estimation_days(panel, row, column, asked)
        around = np.arange(row + asked.window.first, row + asked.window.last + 1)
        spans = panel.spans[around, column]
        key = (row, used.tobytes() + spans.tobytes())
        if key not in found:
            found[key] = len(patterns)
            patterns.append(_pattern(panel, row, used, around, spans, terms))
        which[at] = found[key]
        one = patterns[which[at]]
        seen, outcome = panel.returns[used, column], panel.returns[around, column]
        if asked.model == "market-adjusted":
            left = seen - panel.market_over(used, np.ones(len(used), dtype=np.int64))
            values[at] = outcome - panel.market_over(around, spans)
        else:
            coefficients[at] = one.inverse @ (one.design.T @ seen)
            left = seen - one.design @ coefficients[at]
            values[at] = outcome - one.loads @ coefficients[at]
        residuals[at, used - (row + asked.window.first - asked.estimation)] = left
        days[at] = len(used)
        sigma[at] = np.sqrt(left @ left / (len(used) - terms))
    return Abnormal(
        asked.window,
        values,
        coefficients,
        sigma,
        days,
        days - terms,
        residuals,
        np.array(rows, dtype=np.int64),
        np.array(columns, dtype=np.int64),
        tuple(patterns),
        which,
        min(_first_row(one, asked.window) for one in patterns),
    )


def _first_row(pattern: _Pattern, window: Window) -> int:
    rows = pattern.row + window.first + np.flatnonzero(pattern.spans)
    covered = rows - pattern.spans[pattern.spans > 0] + 1
    return int(min(pattern.estimation[0], *covered))


def _pattern(panel: Panel, row: int, used: Integers, around: Integers, spans: Integers, terms: int) -> _Pattern:
    one = np.ones(len(used))
    parts = [one, panel.market_over(used, np.ones(len(used), dtype=np.int64))] if terms > 1 else [one][:terms]
    design = np.column_stack(parts) if parts else np.zeros((len(used), 0))
    beside = [spans.astype(np.float64), np.where(spans > 0, panel.market_over(around, spans), 0.0)]
    loads = np.column_stack(beside[:terms]) if terms else np.zeros((len(around), 0))
    inverse = np.linalg.pinv(design.T @ design) if terms else np.zeros((0, 0))
    return _Pattern(row, used, inverse, design, loads, spans)
