"""`Walk`: all that a finished walk-forward hands to its page, its table and its JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.metrics import Metrics, summary
from backfolio.money import MILLS
from backfolio.said import counted, listed, said
from backfolio.tune.trials import SCORES
from backfolio.verdict.curves import Curves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from backfolio.said import Said
    from backfolio.settings import MarketSettings
    from backfolio.tune.space import Space, Value
    from backfolio.tune.windows import Window

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class WalkWindow:
    """One window: what was found in its training stretch, and what that earned in its test.

    Parameters
    ----------
    window
        Its rows, counted from the walk's first session.
    train, test
        First and last date of each stretch, ISO.
    trials, failed, allowed
        Trials run, those that failed, and those among which one was chosen.
    chosen
        The parameters traded, by name; None where no trial was allowed, and
        the account stayed in cash.
    in_score, in_annual
        Score and growth a year of the chosen trial in the training stretch.
    out_score
        The same figure of the test, None where it does not exist.
    out_annual, out_return
        Growth a year and in all of the test.
    start_cash
        Mills with which the test began: what the window before ended with.
    equity
        int64 mills, (test sessions,).
    fills, refusals
        Of the test.
    first_error
        Message of the first failed trial; "" if none failed.
    """

    window: Window
    train: tuple[str, str]
    test: tuple[str, str]
    trials: int
    failed: int
    allowed: int
    chosen: Mapping[str, Value] | None
    in_score: float | None
    in_annual: float | None
    out_score: float | None
    out_annual: float | None
    out_return: float
    start_cash: int
    equity: Integers
    fills: int
    refusals: int
    first_error: str = ""

    @property
    def number(self) -> int:
        """From 1."""
        return self.window.number

    @property
    def efficiency(self) -> float | None:
        """Growth a year out of sample over that in sample (Pardo 2008); None where that is not above 0."""
        return growth_kept(self.out_annual, self.in_annual)

    @property
    def note(self) -> str:
        """Why the account stayed in cash; "" where it traded."""
        if self.chosen is not None:
            return ""
        if self.failed == self.trials:
            return said("Stayed in cash: every trial failed (%(error)s).", error=self.first_error)
        return said("Stayed in cash: no trial has a score that every constraint allows.")

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types; None where a figure does not exist."""
        return {
            "number": self.number,
            "train": {"start": self.train[0], "end": self.train[1], "sessions": self.window.train_sessions},
            "test": {"start": self.test[0], "end": self.test[1], "sessions": self.window.test_sessions},
            "trials": self.trials,
            "failed": self.failed,
            "allowed": self.allowed,
            "chosen": None if self.chosen is None else dict(self.chosen),
            "in_sample": {"score": self.in_score, "annual_return": self.in_annual},
            "out_of_sample": {
                "score": self.out_score,
                "annual_return": self.out_annual,
                "total_return": self.out_return,
                "start": self.start_cash / MILLS,
                "end": int(self.equity[-1]) / MILLS,
                "fills": self.fills,
                "refusals": self.refusals,
            },
            "efficiency": self.efficiency,
            "note": self.note,
        }


@dataclass(frozen=True, eq=False)
class Walk:
    """A finished walk-forward.

    Each window's account starts in cash with what the one before ended with.
    That costs something at every seam: the first decision falls after the
    close of a test's first session, which passes in cash, and entering again
    pays fees, while leaving at the last close pays none. `unbroken` says what
    the default parameters earn without seams, beside `default` with them.

    Parameters
    ----------
    strategy, title, doc
        The thesis: name, first line and text of its docstring.
    walk_id
        Names the folder ``walk-<id>``; the same walk has the same.
    space
        What was varied.
    score_name, constraints
        What was maximised, and what a trial had to satisfy.
    sampler, trials, seed
        How trials were taken, how many a window, and the seed.
    train, test, anchored, purge
        Sessions of the stretches, as asked.
    settings, params
        Market settings, and parameters that were fixed.
    windows
        In order; at least one.
    sessions
        ``datetime64[D]``, every test session.
    equity
        int64 mills, (sessions,): the tests one after another.
    default
        The same with the default parameters in the same windows.
    unbroken
        The default parameters over the same sessions in one run, without seams.
    benchmark_name, benchmark_returns
        On the same sessions; "" and None without a benchmark.
    simulated, source_label
        Where the bars came from.
    command
        The command line that makes this walk again.
    warnings
        What the reader must know, one sentence each.
    record
        The identity, as JSON types.
    """

    strategy: str
    title: str
    doc: str
    walk_id: str
    space: Space
    score_name: str
    constraints: tuple[str, ...]
    sampler: str
    trials: int
    seed: int
    train: int
    test: int
    anchored: bool
    purge: int
    settings: MarketSettings
    params: Mapping[str, object]
    windows: tuple[WalkWindow, ...]
    sessions: NDArray[np.datetime64]
    equity: Integers
    default: Integers
    unbroken: Integers
    benchmark_name: str
    benchmark_returns: Floats | None
    simulated: bool
    source_label: str
    command: str = ""
    warnings: tuple[str, ...] = ()
    record: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for array in (self.equity, self.default, self.unbroken):
            array.setflags(write=False)

    @cached_property
    def returns(self) -> Floats:
        """Daily returns out of sample, (sessions,), continuous across seams; the first on starting cash."""
        return returns_of(self.equity, self.settings.cash_mills)

    @cached_property
    def metrics(self) -> Metrics:
        """Figures of the stitched equity, against the benchmark where there is one."""
        return summary(self.returns, self.benchmark_returns)

    @cached_property
    def default_metrics(self) -> Metrics:
        """The same of the default parameters in the same windows."""
        return summary(returns_of(self.default, self.settings.cash_mills), self.benchmark_returns)

    @cached_property
    def unbroken_metrics(self) -> Metrics:
        """The same of the default parameters in one run."""
        return summary(returns_of(self.unbroken, self.settings.cash_mills), self.benchmark_returns)

    @cached_property
    def benchmark_metrics(self) -> Metrics | None:
        """Figures of the benchmark; None without one."""
        return None if self.benchmark_returns is None else summary(self.benchmark_returns)

    @property
    def traded(self) -> tuple[WalkWindow, ...]:
        """The windows in which parameters were chosen."""
        return tuple(each for each in self.windows if each.chosen is not None)

    @property
    def in_annual(self) -> float | None:
        """Growth a year in sample: of an account that kept each window's pace through its test.

        The geometric mean of the chosen trials' growth a year, each weighted
        by its test's sessions; windows in cash are left out.
        """
        rates = [(each.in_annual, each.window.test_sessions) for each in self.traded if each.in_annual is not None]
        if not rates or any(rate <= -1.0 for rate, _ in rates):
            return None
        total = sum(sessions for _, sessions in rates)
        return math.expm1(sum(math.log1p(rate) * sessions for rate, sessions in rates) / total)

    @property
    def out_annual(self) -> float | None:
        """Growth a year out of sample, of the same windows."""
        growth = math.prod(1.0 + each.out_return for each in self.traded)
        sessions = sum(each.window.test_sessions for each in self.traded)
        return growth ** (SESSIONS_A_YEAR / sessions) - 1.0 if sessions > 1 else None

    @property
    def efficiency(self) -> float | None:
        """Walk-forward efficiency: growth a year out of sample over that in sample.

        Pardo (2008), "The Evaluation and Optimization of Trading Strategies",
        2nd edition, where it is of profits. None where the growth in sample is not above 0.
        """
        return growth_kept(self.out_annual, self.in_annual)

    @cached_property
    def changes(self) -> Mapping[str, int]:
        """How often each parameter's choice differs from that of the window before it that had one."""
        chosen = [each.chosen or {} for each in self.traded]
        names = [axis.name for axis in self.space.axes]
        return {name: sum(one[name] != two[name] for one, two in pairwise(chosen)) for name in names}

    @property
    def changed(self) -> tuple[int, int]:
        """How often the choice as a whole changed, and how often it could have."""
        chosen = [each.chosen for each in self.traded]
        times = sum(one != two for one, two in pairwise(chosen))
        return times, max(len(chosen) - 1, 0)

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints; None where a figure does not exist."""
        times, chances = self.changed
        return {
            "strategy": self.strategy,
            "walk_id": self.walk_id,
            "simulated": self.simulated,
            "data": self.source_label,
            "start": str(self.sessions[0]),
            "end": str(self.sessions[-1]),
            "train": self.train,
            "test": self.test,
            "anchored": self.anchored,
            "purge": self.purge,
            "vary": self.space.as_dict(),
            "params": dict(self.params),
            "score": self.score_name,
            "constraints": list(self.constraints),
            "sampler": self.sampler,
            "trials": self.trials,
            "seed": self.seed,
            "windows": [each.as_dict() for each in self.windows],
            "efficiency": self.efficiency,
            "in_sample_annual_return": self.in_annual,
            "out_of_sample_annual_return": self.out_annual,
            "stability": {"changed": times, "of": chances, "by_parameter": dict(self.changes)},
            "metrics": asdict(self.metrics),
            "default_metrics": asdict(self.default_metrics),
            "default_unbroken_metrics": asdict(self.unbroken_metrics),
            "benchmark": None if self.benchmark_metrics is None else asdict(self.benchmark_metrics),
            "benchmark_name": self.benchmark_name,
            "equity": int(self.equity[-1]) / MILLS,
            "sentence": self.sentence,
            "warnings": list(self.warnings),
        }

    @property
    def sentence(self) -> str:
        """What came out, in plain words."""
        own, plain = self.metrics.total_return or 0.0, self.default_metrics.total_return or 0.0
        parts = [self._made(own, plain), _tuned(own - plain)]
        if self.efficiency is not None:
            share = f"{self.efficiency:.0%}"
            parts.append(said("Of the growth a year found in sample, %(share)s was there out of sample.", share=share))
        elif self.traded:
            parts.append(said("In sample there was no growth to keep."))
        times, chances = self.changed
        if chances:
            parts.append(
                said("The choice changed at %(times)s of %(seams)s.", times=times, seams=counted(chances, "seam"))
            )
        idle = len(self.windows) - len(self.traded)
        if idle:
            parts.append(said("%(windows)s stayed in cash.", windows=counted(idle, "window")))
        return listed(parts, " ")

    def _made(self, own: float, plain: float) -> Said:
        span = {
            "windows": counted(len(self.windows), "window"),
            "sessions": counted(len(self.sessions), "session"),
            "own": f"{abs(own):.1%}",
        }
        if own >= 0.0:
            made = said("Out of sample, over %(windows)s and %(sessions)s, the tuned thesis gained %(own)s", **span)
        else:
            made = said("Out of sample, over %(windows)s and %(sessions)s, the tuned thesis lost %(own)s", **span)
        if self.benchmark_metrics is None:
            return said("%(made)s; the default parameters made %(plain)s.", made=made, plain=f"{plain:+.1%}")
        return said(
            "%(made)s; the default parameters made %(plain)s, the benchmark %(benchmark)s.",
            made=made,
            plain=f"{plain:+.1%}",
            benchmark=f"{self.benchmark_metrics.total_return or 0.0:+.1%}",
        )


def _tuned(better: float) -> Said:
    """Say what tuning was worth, of the difference as a fraction."""
    points = f"{abs(better) * 100:,.1f}"
    if abs(better) < 0.0005:  # noqa: PLR2004  as written
        return said("Tuning changed nothing.")
    if better > 0:
        return said("Tuning earned %(points)s points.", points=points)
    return said("Tuning cost %(points)s points.", points=points)


def returns_of(equity: Integers, start_cash: int) -> Floats:
    """Return daily returns of an equity curve, the first on starting cash; 0 once nothing is left."""
    daily: Floats = Curves(equity[np.newaxis], np.array([start_cash])).returns(0, 1)[0]
    return daily


def growth_kept(outside: float | None, inside: float | None) -> float | None:
    """Return growth a year out of sample over that in sample; None unless the latter is above 0."""
    if outside is None or inside is None or inside <= 0.0:
        return None
    return outside / inside


def score_of(metrics: Metrics, score: str) -> float | None:
    """Return the figure of `metrics` that a score is."""
    value: float | None = getattr(metrics, SCORES[score])
    return value
