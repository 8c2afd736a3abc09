"""`Result`: all that a finished run hands to the pages and tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.history import History
    from backfolio.ledger import Ledger
    from backfolio.settings import MarketSettings
    from backfolio.targets import Exits


class Identity(Protocol):
    """What names a run: a hashable record whose `run_id` no other run has."""

    @property
    def run_id(self) -> str:
        """Name of the run's folder."""


@dataclass(frozen=True, eq=False)
class Result:
    """A finished run: what was asked, what happened, and what to know about it.

    Parameters
    ----------
    run
        The hashable identity of the run.
    run_id
        Name of the report folder; the same run has the same id.
    strategy
        Name of the thesis, as given on the command line; names the folder above.
    title, doc
        The thesis in words: first line of its docstring, and all of it.
    source, path
        Text of the thesis' file, and where it lies, relative to the workspace.
    params
        Every parameter by name, as used.
    exits, rebalance, settings
        Exit rules, when rows are emitted, and the market settings.
    history
        Bars, catalysts and universe, cut to the window's sessions.
    ledger
        Fills, refusals and the account, on the same sessions and symbols.
    benchmark
        Closes on the window's sessions (index: sessions, NaN = no bar), in
        points; None where the run has none.
    benchmark_name
        As shown: "CSI 300 (000300.SH)"; "" without a benchmark.
    simulated
        True where bars are made by code; every page says so.
    source_label
        Where bars came from, in words.
    command
        The command line that makes this run again.
    warnings
        What the reader must know, one sentence each.
    record
        What `run.json` holds; JSON types only.
    """

    run: Identity
    run_id: str
    strategy: str
    title: str
    doc: str
    source: str
    path: str
    params: Mapping[str, object]
    exits: Exits
    rebalance: str
    settings: MarketSettings
    history: History
    ledger: Ledger
    benchmark: pd.Series | None
    benchmark_name: str
    simulated: bool
    source_label: str
    command: str
    warnings: tuple[str, ...] = ()
    record: Mapping[str, object] = field(default_factory=dict)

    def benchmark_returns(self) -> NDArray[np.float64] | None:
        """Return the benchmark's daily returns, (sessions,); None where there is none.

        It is held from the close of the first session, after which the thesis
        first decides, so its first return is 0.
        """
        if self.benchmark is None:
            return None
        closes = self.benchmark.to_numpy(dtype=np.float64)
        return np.concatenate(([0.0], closes[1:] / closes[:-1] - 1.0))
