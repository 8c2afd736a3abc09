"""The loop of a tune: propose, evaluate, write down, learn; again from where it was left."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, nullcontext, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from backfolio.errors import UsageError
from backfolio.tune.evaluate import Batch, Evaluator
from backfolio.tune.pool import Pool
from backfolio.tune.trials import FIGURES, score_trials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from backfolio.tune.evaluate import Job
    from backfolio.tune.identity import Asked
    from backfolio.tune.log import Log
    from backfolio.tune.samplers import Sampler

    Integers = NDArray[np.int64]

SLICE: Final = 2_048
"""Trials of one sweep where threads evaluate: how often progress is told and trials are written."""


class Runner(Protocol):
    """Evaluates places: here, in processes, or on a cluster."""

    def run(self, places: Integers, chunk: int | None = None) -> Iterator[tuple[Integers, Batch]]:
        """Yield (rows of `places`, their batch) as they finish."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a tune is.

    Parameters
    ----------
    done, total
        Trials, those of earlier runs included.
    best
        Best score so far of a trial that is allowed; None without one.
    per_second
        Trials of this run a second.
    """

    done: int
    total: int
    best: float | None
    per_second: float


@dataclass(frozen=True, eq=False)
class Threads:
    """Evaluates in this process; the sweep itself has threads. For spaces of exits and market settings alone.

    What the thesis prints goes to standard error.
    """

    evaluator: Evaluator

    def run(self, places: Integers, chunk: int | None = None) -> Iterator[tuple[Integers, Batch]]:
        """Yield slices in order."""
        size = max(chunk or SLICE, SLICE)
        for at in range(0, len(places), size):
            rows = np.arange(at, min(at + size, len(places)))
            with redirect_stdout(sys.stderr):
                batch = self.evaluator.run(places[rows])
            yield rows, batch


def make_runner(job: Job, workers: int, cluster: str | None = None) -> AbstractContextManager[Runner]:
    """Return what evaluates: a cluster where one is named, threads where one set of targets does, else processes."""
    if cluster is not None:
        from backfolio.tune.cluster import Cluster  # noqa: PLC0415  distributed: only for a cluster

        return Cluster(job, cluster)
    if job.space.distinct_theses == 1:
        return nullcontext(Threads(Evaluator(job, threads=workers)))
    return Pool(job, workers)


def run_trials(
    job: Job,
    sampler: Sampler,
    asked: Asked,
    log: Log,
    on_progress: Callable[[Progress], None] | None = None,
) -> float:
    """Evaluate every trial that is not in the log yet; return the seconds that it took.

    The trials are those of an uninterrupted tune, whatever was there before.
    At least as many are evaluated as the log's highest number demands.

    Raises
    ------
    UsageError
        If the log holds a trial that the sampler would not have tried.
    """
    count = max(asked.trials, log.columns.end)
    log.columns.reserve(count)
    pending = count - int(log.columns.done[:count].sum())
    if not pending:
        return 0.0
    began = time.perf_counter()
    teller = _Teller(log, asked, count, on_progress)
    with ExitStack() as stack:
        runner = stack.enter_context(make_runner(job, min(asked.workers, pending), asked.cluster))
        teller.start()
        for first in range(0, count, sampler.block):
            stop = min(first + sampler.block, count)
            _run_block(runner, sampler, log, (first, stop), asked.workers, teller)
            if stop < count:
                sampler.learn(log.columns.places[first:stop], _lessons(log, asked, first, stop))
    return time.perf_counter() - began


def _run_block(
    runner: Runner, sampler: Sampler, log: Log, block: tuple[int, int], workers: int, teller: _Teller
) -> None:
    first, stop = block
    done = log.columns.done[first:stop]
    if done.all():
        return
    places = sampler.propose(first, stop)
    if not np.array_equal(log.columns.places[first:stop][done], places[done]):
        message = (
            f"{log.folder} holds trials that its sampler does not propose any more, another version of it wrote them: "
            "move the folder away, and run the tune again"
        )
        raise UsageError(message)
    numbers = first + np.flatnonzero(~done)
    # A small block waits for its slowest chunk: give every process one.
    chunk = -(-len(numbers) // workers) if sampler.block < SLICE else None
    for rows, batch in runner.run(places[numbers - first], chunk):
        log.append(numbers[rows], batch)
        teller.tell(len(rows), batch)


def _lessons(log: Log, asked: Asked, first: int, stop: int) -> NDArray[np.float64]:
    figures = {name: log.columns.figures[at, first:stop] for at, name in enumerate(FIGURES)}
    failed = np.array([number in log.columns.errors for number in range(first, stop)])
    scores, allowed = score_trials(figures, failed, asked.score, asked.constraints)
    return np.where(allowed, scores, -np.inf)


class _Teller:
    """Keeps the best score and the speed, and passes them on."""

    def __init__(self, log: Log, asked: Asked, total: int, on_progress: Callable[[Progress], None] | None) -> None:
        self.asked = asked
        self.total = total
        self.on_progress = on_progress
        self.before = self.done = log.columns.count
        self.best = -np.inf
        numbers = log.columns.numbers()
        figures = {name: log.columns.figures[at, numbers] for at, name in enumerate(FIGURES)}
        self._note(figures, np.isin(numbers, list(log.columns.errors)))
        self.began = time.perf_counter()

    def start(self) -> None:
        """Tell where the tune stands before its first trial."""
        self.began = time.perf_counter()
        self._say()

    def tell(self, count: int, batch: Batch) -> None:
        """Take in finished trials."""
        self.done += count
        failed = np.zeros(len(batch), dtype=np.bool_)
        failed[list(batch.errors)] = True
        self._note(dict(batch.figures), failed)
        self._say()

    def _note(self, figures: dict[str, NDArray[np.float64]], failed: NDArray[np.bool_]) -> None:
        scores, allowed = score_trials(figures, failed, self.asked.score, self.asked.constraints)
        self.best = max(self.best, float(np.max(scores[allowed], initial=-np.inf)))

    def _say(self) -> None:
        if self.on_progress is None:
            return
        seconds = max(time.perf_counter() - self.began, 1e-9)
        best = float(self.best) if np.isfinite(self.best) else None
        self.on_progress(Progress(self.done, self.total, best, (self.done - self.before) / seconds))
