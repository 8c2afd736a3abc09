"""Chunks of trials on a Dask cluster: the same rows as on this machine, whichever worker answers, or dies.

This module alone imports distributed, when a cluster is asked for.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import pickle
import queue
import re
import sys
import uuid
import warnings
from collections import deque
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import numpy as np

from backfolio.errors import BackfolioError, UsageError
from backfolio.tune.evaluate import Batch, empty, one_line
from backfolio.tune.pool import CHUNKS, MOST_CHUNK, warm_up
from backfolio.tune.remote import UnlikeError, difference, evaluate_chunk, identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from backfolio.tune.evaluate import Job
    from backfolio.tune.remote import Frames


REACH: Final = 5
"""Seconds in which a scheduler must answer."""

START: Final = 60
"""Seconds in which workers must be there: those of a local cluster, and any after all were lost."""

LOOK: Final = 1.0
"""Seconds without an answer after which the cluster is looked at."""

AHEAD: Final = 2
"""Chunks sent for each thread: one that it evaluates, and one that waits."""

TOGETHER: Final = 16
"""Chunks taken in at a time, at most."""

PREPARED: Final = "backfolio.tune.remote"
"""Module whose `dask_setup` every process of a local cluster calls."""

MOST_LOCAL: Final = 1_024
"""Processes of a local cluster."""

HOW: Final = "write --cluster tcp://HOST:PORT, or --cluster local:2 for two processes here"
CRASHED: Final = "crashed: the process that evaluated it died"
_ADDRESS: Final = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(\d{1,5})")
_LOCAL: Final = re.compile(r"local:(\d+)")
_LOGGERS: Final = ("distributed", "tornado", "asyncio")


class _Task(NamedTuple):
    """A chunk: `rows` of the places asked for, and whether nothing else may run beside it."""

    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    apart: bool = False


def check_cluster(where: str) -> int | None:
    """Check what ``--cluster`` says, without asking anyone.

    Returns
    -------
    processes
        How many to start; None for the address of a scheduler.

    Raises
    ------
    UsageError
        If it is neither an address nor a number of processes, or distributed
        is not installed.
    """
    local = _LOCAL.fullmatch(where)
    if local is not None and not 1 <= int(local[1]) <= MOST_LOCAL:
        _refuse(where, f"a local cluster has 1 to {MOST_LOCAL:,} processes")
    address = _ADDRESS.fullmatch(where)
    if address is not None and not 1 <= int(address[3]) < 2**16:
        _refuse(where, f"port {address[3]} does not exist; they run from 1 to {2**16 - 1}")
    if local is None and address is None:
        _refuse(where, HOW)
    if importlib.util.find_spec("distributed") is None:
        _refuse(where, f"distributed is not installed for {sys.executable}: run `pip install 'backfolio[cluster]'`")
    return None if local is None else int(local[1])


def reach(where: str) -> None:
    """See whether a cluster can be used, before anything is written; one on this machine is not started for that.

    Raises
    ------
    UsageError
        As `Cluster` does on entering.
    """
    if check_cluster(where) is None:
        with _quiet(), _connected(where, where) as client:
            _check(where, client)


class Cluster:
    """Evaluates places on the workers of a Dask cluster; a context manager, like `pool.Pool`.

    Each worker process is sent the job once. A worker that dies costs no trial:
    its chunk goes to another. One that kills its workers again and again is
    evaluated with nothing beside it, trial by trial, and the trial that does it
    is a row with that error.

    Parameters
    ----------
    job
        What to evaluate.
    where
        "tcp://host:port", or "local:2" to start a cluster of two processes on
        this machine, which ends with the context.

    Raises
    ------
    UsageError
        On entering, if `check_cluster` does, the scheduler cannot be reached,
        it has no workers, or a worker runs other versions than this process.
    """

    def __init__(self, job: Job, where: str) -> None:
        self._processes = check_cluster(where)
        self._job = job
        self._where = where
        self._id = uuid.uuid4().hex
        self._sent = 0
        self._client: Any = None
        self._frames: Any = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if self._processes is not None:
            warm_up(self._job)  # where nothing is on the disk yet, all processes would compile
        with ExitStack() as stack:
            stack.enter_context(_quiet())
            address = self._where if self._processes is None else stack.enter_context(_started(self._processes))
            self._client = stack.enter_context(_connected(self._where, address))
            _check(self._where, self._client)
            self._send_job()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames = None
        self._stack.close()

    @property
    def workers(self) -> int:
        """How many chunks are evaluated at the same time: threads of all workers."""
        return sum(self._asked(self._client.nthreads).values())

    def run(self, places: NDArray[np.int64], chunk: int | None = None) -> Iterator[tuple[NDArray[np.int64], Batch]]:
        """Yield (rows of `places`, their batch) as chunks finish; every row once.

        Parameters
        ----------
        chunk
            Trials of a task.

        Raises
        ------
        UsageError
            If the scheduler is lost, or all workers are and none comes back.
        """
        threads = max(self.workers, 1)
        keys = self._job.space.thesis_keys(places)
        order = np.argsort(keys, kind="stable")  # equal targets on one worker
        size = chunk or min(max(len(places) // (threads * CHUNKS), 1), MOST_CHUNK)
        waiting = deque(
            _Task(rows, places[rows]) for rows in (order[at : at + size] for at in range(0, len(order), size))
        )
        apart: deque[_Task] = deque()
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        flying: dict[Any, _Task] = {}
        try:
            while waiting or flying or apart:
                while waiting and len(flying) < AHEAD * threads:
                    self._submit(waiting.popleft(), flying, answers)
                if not flying:
                    self._submit(apart.popleft(), flying, answers)
                ready = self._next(answers)
                for future, batch in zip(ready, self._results(ready), strict=True):
                    task = flying.pop(future)
                    if batch is not None:
                        yield task.rows, batch
                    elif task.apart and len(task.rows) == 1:
                        yield task.rows, empty(task.places, len(self._job.sessions), CRASHED)
                    else:
                        # Of those that ran together any may be guilty, so they are tried one after the other.
                        apart.extend(_divided(task))
        finally:
            with suppress(Exception):
                self._client.cancel(list(flying))

    def _submit(self, task: _Task, flying: dict[Any, _Task], answers: queue.SimpleQueue[Any]) -> None:
        if self._frames.status != "finished":
            self._send_job()
        self._sent += 1
        future = self._client.submit(
            evaluate_chunk, self._frames, self._id, task.places, identity(),
            key=f"backfolio-{self._id}-{self._sent}", pure=False,
        )  # fmt: skip
        flying[future] = task
        future.add_done_callback(answers.put)

    def _next(self, answers: queue.SimpleQueue[Any]) -> list[Any]:
        """Wait for chunks; look now and then whether anyone is there to evaluate them."""
        ready: list[Any] = []
        while not ready:
            with suppress(queue.Empty):
                ready.append(answers.get(timeout=LOOK))
                while len(ready) < TOGETHER:
                    ready.append(answers.get_nowait())
            if not ready and not self.workers:
                _wait(self._where, self._client, START)
        return ready

    def _results(self, ready: list[Any]) -> list[Batch | None]:
        """Return `_result` of each; asking for all at once takes a third of the time."""
        if len(ready) > 1:
            with suppress(Exception, asyncio.CancelledError):  # told one by one below
                found: list[Batch | None] = self._client.gather(ready)
                for future in ready:
                    future.release()
                return found
        return [self._result(future) for future in ready]

    def _result(self, future: Any) -> Batch | None:  # noqa: ANN401
        """Return what a worker made; None if the workers that ran it died, or all of them at the same time."""
        from distributed import KilledWorker  # noqa: PLC0415

        try:
            batch: Batch = future.result()
        except (KilledWorker, CancelledError, asyncio.CancelledError):
            self._alive()  # with the scheduler gone no trial is guilty of anything
            return None
        except UnlikeError as error:
            _refuse(self._where, difference("that came later", error.args[0]))
        except BackfolioError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, it is no trial's: those are caught where they run
            self._alive()
            _refuse(self._where, f"a worker failed ({one_line(error)}); look at its log")
        finally:
            future.release()
        return batch

    def _send_job(self) -> None:
        """Send the job to all workers: its arrays as they lie in memory, neither copied nor hashed."""
        _wait(self._where, self._client, START)
        buffers: list[pickle.PickleBuffer] = []
        head = pickle.dumps(self._job, protocol=5, buffer_callback=buffers.append)
        frames: Frames = (head, [np.frombuffer(buffer.raw(), dtype=np.uint8) for buffer in buffers])
        self._sent += 1
        name = f"backfolio-{self._id}-job-{self._sent}"
        self._frames = self._asked(self._client.scatter, {name: frames}, broadcast=True)[name]

    def _alive(self) -> None:
        """Refuse to go on without the scheduler."""
        if self._client.status != "running":
            _lost(self._where)
        self._asked(self._client.nthreads)

    def _asked(self, function: Any, *arguments: object, **named: object) -> Any:  # noqa: ANN401
        """Call the client; one sentence if the scheduler does not answer."""
        try:
            return function(*arguments, **named)
        except Exception as error:  # noqa: BLE001  its errors are of many kinds
            _lost(self._where, error)


def _wait(where: str, client: Any, seconds: int) -> None:  # noqa: ANN401  distributed's Client
    """Wait until there is a worker."""
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError:
        _refuse(where, f"no worker was there for {seconds} seconds; start some with `dask worker`, and run it again")
    except Exception as error:  # noqa: BLE001  its errors are of many kinds
        _lost(where, error)


def _check(where: str, client: Any) -> None:  # noqa: ANN401
    """Refuse workers whose figures might not be ours."""
    _wait(where, client, REACH)
    try:
        found = client.run(identity)
    except (ImportError, AttributeError) as error:
        _refuse(where, f"its workers cannot load this backfolio ({one_line(error)}); install the same version there")
    except Exception as error:  # noqa: BLE001
        _lost(where, error)
    for worker, theirs in sorted(found.items()):
        if theirs != identity():
            _refuse(where, difference(worker, theirs))


def _divided(task: _Task) -> list[_Task]:
    """Return what is tried with nothing beside it: first the chunk as a whole, then each of its trials."""
    if not task.apart:
        return [task._replace(apart=True)]
    return [task._replace(rows=task.rows[at : at + 1], places=task.places[at : at + 1]) for at in range(len(task.rows))]


def _lost(where: str, error: Exception | None = None) -> NoReturn:
    said = "" if error is None else f" ({one_line(error)})"
    _refuse(where, f"the connection to the scheduler is lost{said}; start it, and run the same command again")


def _refuse(where: str, fault: str) -> NoReturn:
    message = f"--cluster {where}: {fault}"
    raise UsageError(message)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep distributed from telling of every connection that opens or closes."""
    import distributed  # noqa: F401, PLC0415  it sets levels when it is loaded

    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _LOGGERS]
    before = {name: logging.getLogger(name).level for name in names}
    for name in before:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _started(processes: int) -> Iterator[str]:
    """Start a scheduler and workers on this machine, which only this machine reaches; yield its address."""
    import dask  # noqa: PLC0415
    from distributed import LocalCluster  # noqa: PLC0415

    make: Any = LocalCluster
    # One death is enough to look at a chunk alone: what dies here dies of what it evaluates.
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        try:
            started = make(
                n_workers=processes, threads_per_worker=1, processes=True, host="127.0.0.1", memory_limit=None,
                dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False}, worker_dashboard_address=None,
                preload=PREPARED, silence_logs=logging.CRITICAL + 1,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001  its errors are of many kinds
            _refuse(f"local:{processes}", f"it does not start ({one_line(error)}); leave --cluster out")
        with started:
            yield started.scheduler_address


@contextmanager
def _connected(where: str, address: str) -> Iterator[Any]:
    from distributed import Client  # noqa: PLC0415

    made: Any = Client
    try:
        asyncio.run(asyncio.wait_for(_greeted(address), REACH))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are compared below, more strictly
            client = made(address, timeout=REACH, set_as_default=False)
    except Exception:  # noqa: BLE001  its errors are of many kinds
        start = f"start one with `dask scheduler`, or {HOW}"
        _refuse(where, f"no Dask scheduler answers there within {REACH} seconds; {start}")
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=REACH)


async def _greeted(address: str) -> None:
    """Shake hands with a scheduler: a client waits for ever for somebody who listens and says nothing."""
    from distributed import Security  # noqa: PLC0415
    from distributed.comm.core import connect  # noqa: PLC0415

    ways: Any = Security
    greeting: Any = connect
    comm = await greeting(address, timeout=REACH, **ways().get_connection_args("client"))
    comm.abort()
