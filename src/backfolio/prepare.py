"""A thesis' market, cut to a window: what every evaluation of it starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from backfolio.errors import StoreError, UsageError, did_you_mean
from backfolio.history import History
from backfolio.source import identify

if TYPE_CHECKING:
    import pandas as pd

    from backfolio.bars import Bars
    from backfolio.history.clock import Day
    from backfolio.source import Source
    from backfolio.universe import Universe


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A window of a source, as a thesis may see it and as an engine trades it.

    Parameters
    ----------
    known
        What was known after the window's last session, from the data's first
        session on; a thesis is evaluated on this.
    rows
        First row of the window in `known`, and the row after its last.
    history
        The window's sessions alone, for pages.
    bars
        The window's bars, for an engine.
    universe
        Of the thesis; None = every symbol.
    benchmark
        Closes on the window's sessions, none missing (but see `prepare`); None where none was asked for.
    """

    known: History
    rows: tuple[int, int]
    history: History
    bars: Bars
    universe: Universe | None
    benchmark: pd.Series[float] | None

    @property
    def benchmark_name(self) -> str:
        """As shown: "CSI 300 (000300.SH)"; "" without a benchmark."""
        symbol = self.history.benchmark_symbol
        if symbol is None:
            return ""
        name = self.bars.index_names.get(symbol, "")
        return f"{name} ({symbol})" if name else symbol

    @property
    def fingerprint(self) -> str:
        """16 hex digits over all that can be read here: bars of the universe, its members, catalysts, the benchmark.

        What else the source holds (other names, other indexes, later sessions)
        is no part of it.
        """
        universes = () if self.known.universe is None else (self.known.universe,)
        return identify(self.known.bars, self.known.events, universes)


def prepare(
    strategy: type,
    source: Source,
    start: Day | None = None,
    end: Day | None = None,
    benchmark: str | None = None,
    *,
    covered: bool = True,
) -> Prepared:
    """Cut a source to a window and to what was known at its end.

    Parameters
    ----------
    strategy
        Names the universe.
    source
        Bars, catalysts and universes.
    start, end
        Dates; None = as far as the data goes.
    benchmark
        Index symbol of the data, or None.
    covered
        Refuse a benchmark that lacks a session of the window; False leaves
        that to whoever reads it elsewhere, or on some sessions only.

    Raises
    ------
    UsageError
        If the universe, the window or the benchmark does not fit.
    StoreError
        If the source says that the benchmark cannot be relied on.
    """
    if benchmark is not None and benchmark in source.doubtful:
        raise StoreError(source.doubtful[benchmark])
    universe = _universe(strategy, source)
    whole = History(source.bars, source.catalysts, universe, benchmark)
    own = History(_read(whole.bars, benchmark), source.catalysts, universe, benchmark)
    first, stop = own.window(start, end)
    known = own.until(own.sessions[stop - 1])
    bars = known.bars.rows(first, stop)
    history = History(bars, source.catalysts, universe, benchmark)
    closes = _checked_benchmark(history) if covered else history.benchmark
    return Prepared(known, (first, stop), history, bars, universe, closes)


def _read(bars: Bars, benchmark: str | None) -> Bars:
    """Leave out what a run cannot use and its identity must not hold: sessions before any bar of it, other indexes."""
    asked = [] if benchmark is None else [benchmark]
    bars = bars.rows(int(bars.traded.any(axis=1).argmax()), len(bars.sessions))
    return replace(
        bars,
        index_close={symbol: bars.index_close[symbol] for symbol in asked},
        index_names={symbol: bars.index_names[symbol] for symbol in asked if symbol in bars.index_names},
    )


def _universe(strategy: type, source: Source) -> Universe | None:
    name = getattr(strategy, "universe", None)
    if name is None:
        return None
    if name not in source.universes:
        known = ", ".join(sorted(source.universes)) or "none"
        message = (
            f"{strategy.__name__} trades universe {name!r}, which {source.label} does not have"
            f"{did_you_mean(name, source.universes)}: write data/universes/{name}.csv, or choose from {known}"
        )
        raise UsageError(message)
    return source.universes[name]


def _checked_benchmark(history: History) -> pd.Series[float] | None:
    closes = history.benchmark
    if closes is None:
        return None
    missing = np.flatnonzero(closes.isna().to_numpy())
    if missing.size:
        have = history.sessions[closes.notna().to_numpy()]
        covers = f"it covers {have[0]:%Y-%m-%d} to {have[-1]:%Y-%m-%d}" if len(have) else "it has none here"
        message = (
            f"benchmark {history.benchmark_symbol} has no bar on {history.sessions[missing[0]]:%Y-%m-%d} and "
            f"{missing.size - 1} more sessions of the window, in which {covers}: "
            "shorten the window with --start and --end, or choose another --benchmark"
        )
        raise UsageError(message)
    return closes
