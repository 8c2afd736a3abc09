"""What a worker of a cluster does: unpack the job once, and evaluate chunks of it.

Workers load this module by its name, so backfolio is installed where they run;
`identity` tells whether it is the same one.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import signal
import sys
import threading
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio import ashare
from backfolio.tune.evaluate import Batch, Evaluator
from backfolio.tune.pool import one_by_one

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from backfolio.tune.evaluate import Job

    Frames = tuple[bytes, list[NDArray[np.uint8]]]

MOST_JOBS: Final = 2
"""Jobs that a process keeps unpacked."""

PACKAGES: Final = ("numpy", "numba", "pandas")
"""What can change a figure, beside our own text."""

UNLIKE: Final = {"cli", "report", "testing"}
"""Folders whose text changes no figure."""

_LOCK: Final = threading.Lock()
_JOBS: Final[dict[str, Job]] = {}
_MINE: Final = threading.local()


class UnlikeError(Exception):
    """A worker runs another code than who asks; holds its `identity`."""


@cache
def identity() -> Mapping[str, str]:
    """Return what must be the same here and on every worker: versions, and a hash of the text that makes figures."""
    package = Path(ashare.__file__).resolve().parents[1]
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package)
        if inside.parts[0] not in UNLIKE:
            text = path.read_bytes()
            digest.update(f"{inside.as_posix()} {len(text)}\n".encode())
            digest.update(text)
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        **{name: version(name) for name in PACKAGES},
        "rules version": str(ashare.RULES_VERSION),
        "backfolio code": digest.hexdigest(),
    }


def difference(worker: str, theirs: Mapping[str, str]) -> str:
    """Say in what a worker's `identity` first differs from ours."""
    name, ours = next((name, ours) for name, ours in identity().items() if theirs.get(name) != ours)
    return f"the worker {worker} has {name} {theirs.get(name)}, and here it is {ours}; install the same on both"


def dask_setup(_worker: object) -> None:
    """Prepare a process that does nothing else: one of a cluster that a tune starts for itself. Dask calls it so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it ends us
    # What a thesis prints is nothing to read a thousand times.
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  for the life of the process


def evaluate_chunk(
    frames: Frames,
    job_id: str,
    places: NDArray[np.int64],
    expected: Mapping[str, str],
) -> Batch:
    """Evaluate places, perhaps in several threads of a process at the same time.

    Parameters
    ----------
    frames
        A pickled `Job`, and the memory of its arrays.
    job_id
        Names the job: the same one is unpacked once a process.
    places
        int64 (trials,).
    expected
        `identity` of who asks.

    Raises
    ------
    UnlikeError
        If this worker's `identity` is not `expected`.
    """
    if identity() != expected:
        raise UnlikeError(dict(identity()))
    evaluator = _evaluator(frames, job_id)
    try:
        return evaluator.run(places)
    except BaseException as error:  # noqa: BLE001  whatever a thesis raises, even SystemExit, is its trial's error
        return one_by_one(evaluator, places, error)


def _evaluator(frames: Frames, job_id: str) -> Evaluator:
    """Return this thread's evaluator; the threads of a process share the job."""
    mine: tuple[str, Evaluator] | None = getattr(_MINE, "kept", None)
    if mine is not None and mine[0] == job_id:
        return mine[1]
    with _LOCK:
        job = _JOBS.get(job_id)
        if job is None:
            head, buffers = frames
            job = pickle.loads(head, buffers=buffers)  # noqa: S301  Dask runs whatever its client sends anyway
            while len(_JOBS) >= MOST_JOBS:
                _JOBS.pop(next(iter(_JOBS)))
            _JOBS[job_id] = job
    evaluator = Evaluator(job)
    _MINE.kept = (job_id, evaluator)
    return evaluator
