"""Processes that evaluate chunks of trials, of which any may die without harm to another trial."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections import deque
from dataclasses import dataclass
from multiprocessing import connection
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from backfolio.sweep import Trial, sparse, sweep
from backfolio.targets import LEAVE_ALONE, Targets
from backfolio.tune.evaluate import Batch, Evaluator, empty, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from backfolio.tune.evaluate import Job

METHOD: Final = "fork" if sys.platform == "linux" else "spawn"
"""How processes start: fork is a hundred times faster, and safe on Linux before threads are there."""

MOST_CHUNK: Final = 64
"""Trials of a chunk at most: what a process that dies costs in time, and how often progress is told."""

CHUNKS: Final = 8
"""Chunks a process, so that none waits long for the others at the end."""

PATIENCE: Final = 2.0
"""Seconds that a process has for leaving on its own."""

LOOK: Final = 0.5
"""Seconds after which a process looks again whether the one that started it is still there."""


class _Task(NamedTuple):
    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    alone: bool = False


@dataclass(slots=True, eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: _Task | None = None
    fresh: bool = True


class Pool:
    """Evaluates places in processes of its own; a context manager.

    Start it before any thread is started: a fork copies locks, not threads.

    Parameters
    ----------
    job
        What to evaluate. Forked processes share its memory.
    workers
        How many processes.
    method
        "fork" or "spawn".
    """

    def __init__(self, job: Job, workers: int, method: str = METHOD) -> None:
        self._job = job
        self._count = workers
        self._context: Any = multiprocessing.get_context(method)
        self._forks = method == "fork"
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        warm_up(self._job)
        for _ in range(self._count):
            self._workers.append(self._started())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            self._stop(worker, at_once=kind is not None or worker.task is not None)

    def run(self, places: NDArray[np.int64], chunk: int | None = None) -> Iterator[tuple[NDArray[np.int64], Batch]]:
        """Yield (rows of `places`, their batch) as chunks finish.

        A chunk whose process dies is evaluated again trial by trial, each in a
        fresh process; the trial that kills this one too is a row with that error.

        Parameters
        ----------
        chunk
            Trials sent to a process at a time.
        """
        keys = self._job.space.thesis_keys(places)
        order = np.argsort(keys, kind="stable")  # equal targets in one process
        size = chunk or min(max(len(places) // (self._count * CHUNKS), 1), MOST_CHUNK)
        waiting = deque(
            _Task(rows, places[rows]) for rows in (order[at : at + size] for at in range(0, len(order), size))
        )
        while self._hand_out(waiting):
            for worker, task in self._answered():
                batch = _received(worker.pipe)
                if batch is not None:
                    yield task.rows, batch
                    continue
                died = self._death(worker)
                self._workers[self._workers.index(worker)] = self._started()
                if task.alone:
                    yield task.rows, empty(task.places, len(self._job.sessions), died)
                else:
                    waiting.extendleft(
                        _Task(task.rows[at : at + 1], task.places[at : at + 1], alone=True)
                        for at in range(len(task.rows))
                    )

    def _hand_out(self, waiting: deque[_Task]) -> bool:
        """Give every idle process a task; tell whether any is at work."""
        for place, worker in enumerate(self._workers):
            if worker.task is None and waiting:
                task = waiting.popleft()
                if task.alone and not worker.fresh:
                    self._stop(worker, at_once=False)
                    self._workers[place] = self._started()
                self._send(self._workers[place], task)
        return any(worker.task is not None for worker in self._workers)

    def _answered(self) -> list[tuple[_Worker, _Task]]:
        """Wait until a process answers or dies; return all that did, with the task that each had."""
        ready = connection.wait([worker.pipe for worker in self._workers if worker.task is not None])
        found = []
        for worker in self._workers:
            if worker.task is not None and worker.pipe in ready:
                found.append((worker, worker.task))
                worker.task = None
        return found

    def _started(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        # A fork copies every open pipe: as long as one copy of our ends is open, no process sees that we are gone.
        copied = [ours, *(worker.pipe for worker in self._workers)] if self._forks else []
        given = (theirs, self._job, os.getpid(), copied)
        process = self._context.Process(target=_work, args=given, daemon=True)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # what stands in a buffer would be written by both
        with warnings.catch_warnings():
            # The only threads are those of the linear algebra library, which takes care of forks itself.
            warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)
            process.start()
        theirs.close()
        return _Worker(process, ours)

    @staticmethod
    def _send(worker: _Worker, task: _Task) -> None:
        worker.task, worker.fresh = task, False
        with contextlib.suppress(OSError):  # dead already: the wait for its answer tells
            worker.pipe.send(task.places)

    @staticmethod
    def _stop(worker: _Worker, *, at_once: bool) -> None:
        if at_once:
            worker.process.kill()  # it holds nothing that would have to be put in order
        else:
            with contextlib.suppress(OSError):
                worker.pipe.send(None)
        worker.process.join(PATIENCE)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.pipe.close()
        worker.process.close()

    @staticmethod
    def _death(worker: _Worker) -> str:
        """Say how a process ended."""
        worker.process.join(PATIENCE)
        code = worker.process.exitcode
        worker.pipe.close()
        if code is not None and code < 0:
            how = f"signal {_signal_name(-code)}"
        else:
            how = "an unknown state" if code is None else f"exit status {code}"
        return f"crashed: the process that evaluated it ended with {how}"


def warm_up(job: Job) -> None:
    """Compile the engine here, or load it from disk, so that forked processes have it."""
    weights = np.full(job.bars.shape, LEAVE_ALONE, dtype=np.int16)
    sweep(job.bars, [sparse(Targets(weights))], [Trial()], equity=True, workers=1)


def _received(pipe: Connection) -> Batch | None:
    """Return what a process sends; None if it died instead."""
    try:
        batch: Batch = pipe.recv()
    except (EOFError, OSError):
        return None
    return batch


def _work(pipe: Connection, job: Job, parent: int, copied: Sequence[Connection]) -> None:
    """Evaluate chunks until there are none, or `parent` is gone; in a process of its own."""
    for end in copied:
        end.close()
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # What a thesis prints is nothing to read a thousand times. The streams are new: a lock of the old ones may have
    # been held by a thread that is not here.
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  for the life of the process
    sys.stderr = open(os.dup(2), "w", encoding="utf-8", errors="replace", buffering=1)  # noqa: SIM115, PTH123
    gc.freeze()
    gc.enable()
    evaluator = Evaluator(job)
    while True:
        try:
            places = pipe.recv()
        except (EOFError, OSError):
            return
        if places is None:
            return
        try:
            batch = evaluator.run(places)
        except BaseException as error:  # noqa: BLE001  whatever a thesis raises, even SystemExit, is its trial's error
            batch = one_by_one(evaluator, places, error)
        try:
            pipe.send(batch)
        except OSError:
            return


def _leave_with(parent: int) -> None:
    """End this process, whatever it is doing, once `parent` is not its parent any more."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)


def one_by_one(evaluator: Evaluator, places: NDArray[np.int64], error: BaseException) -> Batch:
    """Evaluate each place on its own after their chunk raised what no trial should."""
    sessions = len(evaluator.job.sessions)
    if len(places) == 1:
        return empty(places, sessions, one_line(error))
    made = empty(places, sessions)
    errors = {}
    for row in range(len(places)):
        try:
            one = evaluator.run(places[row : row + 1])
        except BaseException as fault:  # noqa: BLE001
            errors[row] = one_line(fault)
            continue
        if one.errors:
            errors[row] = one.errors[0]
        made.equity[row] = one.equity[0]
        for name, values in one.figures.items():
            made.figures[name][row] = values[0]
    return Batch(places, made.figures, errors, made.equity)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
