"""What a tune would do: counts, and estimates from a few measured trials. Nothing is written."""

from __future__ import annotations

import sys
import time
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio.tune.evaluate import Evaluator
from backfolio.tune.log import count_trials
from backfolio.tune.pool import warm_up
from backfolio.tune.samplers import TPE_STARTUP, make_sampler

if TYPE_CHECKING:
    from backfolio.tune.folder import Tune

MEASURED: Final = 6
"""Trials evaluated for the estimate, where the thesis' own parameters vary."""

SWEPT: Final = 64
"""The same where only exits or market settings do."""

LINE_BYTES: Final = 500
"""Of a trial in the log, about."""

AROUND: Final = 2.0
"""Seconds for the winner's replay and the page, about."""

TPE_SECONDS: Final = 0.004
"""That Optuna takes to propose a trial, about; twice that where a tune has a thousand trials."""

WORKER_BYTES: Final = 90_000_000
"""Of an evaluating process that it does not share, about: frames it keeps, targets, a chunk of equity."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A tune before it is run.

    Parameters
    ----------
    axes
        Name to values.
    size
        Points of the space.
    trials, there
        To be had in the end, and there already.
    thesis_evaluations
        Times that the thesis is asked for targets, at most.
    sessions, symbols
        Of the window.
    workers
        Processes or threads.
    seconds
        Estimate of the whole; None on a cluster, whose speed is not known here.
    milliseconds
        Of one trial in one process, measured; the engine alone where only exits
        or market settings vary.
    memory_bytes, disk_bytes
        Estimates, of all processes and of the folder.
    folder
        Where it would be written.
    """

    axes: dict[str, list[Any]]
    size: int
    trials: int
    there: int
    thesis_evaluations: int
    sessions: int
    symbols: int
    workers: int
    seconds: float | None
    milliseconds: float
    memory_bytes: int | None
    disk_bytes: int
    folder: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return asdict(self)


def measure(tune: Tune) -> Plan:
    """Measure a few trials and estimate the rest."""
    asked, job = tune.asked, tune.job
    space = asked.space
    there = count_trials(tune.folder)
    trials = max(asked.trials, there)
    places = _some_places(tune, trials)
    warm_up(job)
    alone = space.distinct_theses == 1
    evaluator = Evaluator(job, threads=asked.workers if alone else 1)
    with redirect_stdout(sys.stderr):  # what a thesis prints is no part of the plan
        if alone:
            evaluator.run(places[:1])  # the thesis is asked once, whatever comes after
        began = time.perf_counter()
        evaluator.run(places)
        each = (time.perf_counter() - began) / len(places)
    pending = trials - there
    seconds = pending * each / (1 if alone else asked.workers) + AROUND
    if asked.sampler == "tpe":
        seconds += max(pending - TPE_STARTUP, 0) * TPE_SECONDS * (1 + trials / 1_000)
    rest = _resident_bytes()
    processes = 0 if alone else asked.workers
    return Plan(
        axes=space.as_dict(),
        size=space.size,
        trials=trials,
        there=there,
        thesis_evaluations=_evaluations(tune, trials),
        sessions=len(job.sessions),
        symbols=len(job.bars.symbols),
        workers=asked.workers,
        seconds=None if asked.cluster else seconds,
        milliseconds=each * 1_000,
        memory_bytes=None if rest is None else rest + processes * WORKER_BYTES,
        disk_bytes=trials * (len(job.sessions) * 8 + LINE_BYTES),
        folder=str(tune.folder),
    )


def _some_places(tune: Tune, trials: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return places from all over the space, each once."""
    count = min(MEASURED if tune.asked.space.distinct_theses > 1 else SWEPT, trials)
    return np.unique(np.linspace(0, tune.asked.space.size - 1, count).astype(np.int64))


def _evaluations(tune: Tune, trials: int) -> int:
    space = tune.asked.space
    if tune.asked.sampler == "tpe":
        return min(trials, space.distinct_theses)
    if trials == space.size:
        return space.distinct_theses
    sampler = make_sampler(tune.asked.sampler, space, tune.asked.seed)
    return len(np.unique(space.thesis_keys(sampler.propose(0, trials))))


def _resident_bytes() -> int | None:
    """Return the most memory that this process has had; None where the system does not say."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1_024
