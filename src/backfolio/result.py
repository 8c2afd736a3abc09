"""`Result`: all that a finished run hands to the pages and tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.audit import Audit
    from backfolio.history import History
    from backfolio.ledger import Ledger
    from backfolio.settings import MarketSettings
    from backfolio.strategy.claims import Claim
    from backfolio.targets import Exits, Targets


class Identity(Protocol):
    """What names a run: a hashable record whose `run_id` no other run has."""

    @property
    def run_id(self) -> str:
        """Name of the run's folder."""


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """A null hypothesis of a run: what one who knows nothing would have made under the same rules and costs.

    Parameters
    ----------
    name
        "hold" or "random_names".
    label, words
        How pages call it, and what it is, in a sentence.
    returns
        float64 (sessions,): daily returns of the curve shown; of placebos the
        one with the median total return.
    final_equity
        Of that curve, mills.
    fills, costs, turnover, exposure
        Of that curve: count, fees and taxes in mills, turnover a year, mean
        share of the account in names (None where they mean nothing).
    names, asked
        Of that curve: names that were bought, and those that should have been.
    placebos
        How many were drawn; 0 for "hold".
    beats
        How many of them the run beats by total return.
    totals
        float64 (placebos,): total return of each, rising.
    """

    name: str
    label: str
    words: str
    returns: NDArray[np.float64]
    final_equity: int
    fills: int
    costs: int
    turnover: float | None
    exposure: float | None
    names: int
    asked: int
    placebos: int = 0
    beats: int = 0
    totals: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @property
    def beaten(self) -> float | None:
        """Share of the placebos that the run beats; None where none were drawn."""
        return self.beats / self.placebos if self.placebos else None

    @property
    def p_value(self) -> float | None:
        """Chance that a placebo does at least as well, the run itself counted among them.

        (placebos at least as good + 1) / (placebos + 1): never 0, for the run is
        one of the draws (Phipson and Smyth 2010).
        """
        return (self.placebos - self.beats + 1) / (self.placebos + 1) if self.placebos else None


@dataclass(frozen=True, slots=True, eq=False)
class Nulls:
    """The null hypotheses of a run.

    Parameters
    ----------
    hold
        Equal parts of the universe, held; None where not one lot could be
        bought.
    random_names
        The run's own weights on names drawn at random; None for a plain
        backtrader strategy, for fewer than four names, or where nothing is bought.
    """

    hold: Null | None
    random_names: Null | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What another report says of the thesis of a run, with the same parameters, on the same data and window.

    Parameters
    ----------
    kind
        "study" or "falsify".
    command
        The command line that makes such a report.
    page
        From the run's folder to the page; "" where there is none yet.
    grade
        Its judgement, in a word or two; English, as pages look words up.
    words
        Its figures.
    faults
        Folders that may hold such a report and cannot be read, each with what is wrong.
    """

    kind: Literal["study", "falsify"]
    command: str
    page: str = ""
    grade: str = ""
    words: str = ""
    faults: tuple[str, ...] = ()


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
    targets
        What the thesis asked for, on the window's sessions; None for a plain
        backtrader strategy.
    kinds
        Kinds of catalysts that the thesis asked the history for; None = a plain
        backtrader strategy, which may look at any.
    nulls
        Its null hypotheses; None where they were not worked out.
    param_words
        What each parameter means, by name; those without words are not there.
    audit
        Whether it looks ahead, in the short form; None where that was not asked.
    claims
        What the thesis says will be seen if it is right, as it stands in its class.
    evidence
        What its event study and the attempts to break it said; () where that was not looked for.
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
    targets: Targets | None = None
    kinds: tuple[str, ...] | None = None
    nulls: Nulls | None = None
    param_words: Mapping[str, str] = field(default_factory=dict)
    audit: Audit | None = None
    evidence: tuple[Evidence, ...] = ()
    claims: tuple[Claim, ...] = ()

    def benchmark_returns(self) -> NDArray[np.float64] | None:
        """Return the benchmark's daily returns, (sessions,); None where there is none.

        It is held from the close of the first session, after which the thesis
        first decides, so its first return is 0.
        """
        if self.benchmark is None:
            return None
        closes = self.benchmark.to_numpy(dtype=np.float64)
        return np.concatenate(([0.0], closes[1:] / closes[:-1] - 1.0))
