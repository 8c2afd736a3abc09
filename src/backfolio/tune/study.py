"""`Study`: all that a finished tune hands to its page, its table and its JSON."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio.errors import UsageError
from backfolio.tune.log import MILLS
from backfolio.tune.trials import FIGURES, in_cny
from backfolio.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from backfolio.settings import MarketSettings
    from backfolio.tune.trials import Trials
    from backfolio.verdict import Earlier, Verdict

SHOWN: Final = 10
"""Trials in the printed table and in the JSON."""

RATIOS: Final = frozenset({"sharpe", "sortino"})
"""Scores that are a mean return over a risk."""

HELD: Final = 256_000_000
"""Bytes of equity that are copied in memory where failed trials must be left out; more goes to a file."""

COPIED: Final = 4_096
"""Rows copied at a time."""


@dataclass(frozen=True, eq=False)
class Study:
    """A finished tune.

    Parameters
    ----------
    strategy, title, doc
        The thesis: name, first line and text of its docstring.
    tune_id
        Names the folder ``tune-<id>``.
    trials
        All finished trials.
    score_name, constraints
        What was maximised, and what a trial had to satisfy.
    sampler, seed
        How trials were taken.
    start, end
        First and last session, as dates.
    settings
        Market settings, before what was varied of them.
    params
        Parameters and exits that did not vary, by name.
    benchmark_name, benchmark_returns
        "" and None without a benchmark; float64 (sessions,), the first 0.
    verdict
        On the best trial; None where no trial is allowed.
    trials_ever
        Trials ever run on this thesis and data, by the run ledger.
    simulated, source_label
        Where the bars came from.
    command
        The command line that makes this tune again.
    winner_command, winner_toml
        The best trial as a command line and as blocks of ``backfolio.toml``;
        "" without one.
    winner_report
        Link from the tune's folder to the winner's page; None without one.
    seconds, trials_per_second
        Of the evaluation in this run; 0 where every trial was there already.
    existed
        Trials that were there already.
    trials_asked
        How many were asked for: fewer than `trials` where more were there.
    warnings
        What the reader must know before believing the winner, one sentence each.
    record
        What ``tune.json`` holds; JSON types only.
    """

    strategy: str
    title: str
    doc: str
    tune_id: str
    trials: Trials
    score_name: str
    constraints: tuple[str, ...]
    sampler: str
    seed: int
    start: str
    end: str
    settings: MarketSettings
    params: Mapping[str, object]
    benchmark_name: str
    benchmark_returns: NDArray[np.float64] | None
    verdict: Verdict | None
    trials_ever: int
    simulated: bool
    source_label: str
    command: str
    winner_command: str
    winner_toml: str
    winner_report: str | None
    seconds: float = 0.0
    trials_per_second: float = 0.0
    existed: int = 0
    trials_asked: int | None = None
    warnings: tuple[str, ...] = ()
    record: Mapping[str, object] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        trials = self.trials
        return {
            "strategy": self.strategy,
            "tune_id": self.tune_id,
            "simulated": self.simulated,
            "data": self.source_label,
            "start": self.start,
            "end": self.end,
            "sampler": self.sampler,
            "seed": self.seed,
            "score": self.score_name,
            "constraints": list(self.constraints),
            "space": trials.space.as_dict(),
            "params": dict(self.params),
            "trials": len(trials),
            "trials_asked": len(trials) if self.trials_asked is None else self.trials_asked,
            "failed": len(trials.errors),
            "allowed": int(trials.allowed.sum()),
            "existed": self.existed,
            "trials_ever": self.trials_ever,
            "best": None if trials.best is None else trial_dict(trials, trials.best),
            "top": [trial_dict(trials, row) for row in trials.ranked(SHOWN)],
            "verdict": None if self.verdict is None else self.verdict.as_dict(),
            "benchmark_name": self.benchmark_name,
            "command": self.command,
            "winner": {"command": self.winner_command, "toml": self.winner_toml, "report": self.winner_report},
            "warnings": list(self.warnings),
            "seconds": self.seconds,
            "trials_per_second": self.trials_per_second,
        }


def trial_dict(trials: Trials, row: int) -> dict[str, Any]:
    """Return a trial as JSON types, amounts in CNY; None where a figure does not exist."""
    figures = {name: float(in_cny(name, trials.figures[name][row])) for name in FIGURES}
    score = float(trials.score[row])
    return {
        "number": row,
        "values": trials.values(row),
        "score": score if np.isfinite(score) else None,
        "allowed": bool(trials.allowed[row]),
        "figures": {name: value if np.isfinite(value) else None for name, value in figures.items()},
        "error": trials.errors.get(row),
    }


def no_best(trials: Trials, constraints: tuple[str, ...], score: str, where: str) -> UsageError:
    """Return the error of a tune that has no best trial: what became of its trials, and where they are."""
    failed = len(trials.errors)
    scored = int(np.isfinite(trials.score).sum())
    reasons = []
    if failed:
        reasons.append(f"{failed:,} failed (the first: {trials.errors[min(trials.errors)]})")
    if len(trials) - failed - scored:
        reasons.append(f"{len(trials) - failed - scored:,} have no {score}")
    if scored:
        reasons.append(f"{scored:,} break {' or '.join(constraints)}")
    remedy = "mend the thesis" if failed == len(trials) else "widen --vary or loosen --constraint"
    return UsageError(
        f"none of {len(trials):,} trials can be chosen: {', '.join(reasons)}; they are kept in {where}, so {remedy}"
    )


def judged(
    trials: Trials,
    *,
    benchmark: NDArray[np.float64] | None,
    ever: int,
    seed: int,
    earlier: Sequence[Earlier] | None = None,
    score: str = "sharpe",
) -> Verdict | None:
    """Return the verdict on the best trial, over all that did not fail; None where there is no best.

    Parameters
    ----------
    ever
        Trials ever run on this thesis and data, where `earlier` is None.
    earlier
        The other runs (`ever.earlier`).
    score
        Name of what was maximised.
    """
    if trials.best is None:
        return None
    keep = np.ones(len(trials), dtype=np.bool_)
    keep[list(trials.errors)] = False
    rows = np.flatnonzero(keep)
    with tempfile.TemporaryFile() as file:
        equity = trials.equity if keep.all() else _without_failed(trials.equity, rows, file)
        return judge(
            equity,
            trials.start_cash[rows],
            trials.score[rows],
            trials.space.points(trials.places[rows]),
            trials.space.ordered,
            int(np.searchsorted(rows, trials.best)),
            benchmark=benchmark,
            trials_ever=ever,
            earlier=earlier,
            seed=seed,
            shape=trials.space.shape,
            names=[axis.name for axis in trials.space.axes],
            apart=[axis.values[0] is None for axis in trials.space.axes],
            sharpe_like=score in RATIOS,
        )


def _without_failed(equity: NDArray[np.int64], rows: NDArray[np.int64], file: Any) -> NDArray[np.int64]:  # noqa: ANN401
    sessions = equity.shape[1]
    if len(rows) * sessions * MILLS.itemsize <= HELD:
        return np.asarray(equity[rows])
    kept = np.memmap(file, dtype=MILLS, mode="w+", shape=(len(rows), sessions))
    for at in range(0, len(rows), COPIED):
        kept[at : at + COPIED] = equity[rows[at : at + COPIED]]
    return kept
