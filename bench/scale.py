"""What many trials on the whole market take on many machines: units measured here, the rest multiplied out.

``python -m bench.scale`` takes some minutes and 4 GB.
"""

from __future__ import annotations

import datetime as dt
import gc
import pickle
import sys
import time
import tracemalloc
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.history import History
from backfolio.settings import MarketSettings
from backfolio.sweep import sparse, sweep
from backfolio.tune.cluster import TOGETHER, Cluster
from backfolio.tune.evaluate import Evaluator, Job
from backfolio.tune.pool import CHUNKS, MOST_CHUNK
from backfolio.tune.space import read_space
from bench import kernel, wide, world
from bench.theses.fresh_strength import FreshStrength
from bench.timing import Row, measure, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.bars import Bars

NAMES: Final = 5_000
SESSIONS: Final = 2_430
"""Ten years."""

TRIALS: Final = 100_000
MACHINES: Final = (1, 10, 100)
CORES: Final = 8
"""Of a machine."""

SMALLER: Final = (1_000, 2_000)
"""Names on which a thesis is evaluated; a cell costs as much in a wider market."""

EVALUATED: Final = 6
"""Thesis evaluations timed, each with parameters of its own."""

SWEPT: Final = 400
"""Trials timed on the whole market."""

EVERY: Final = 20
"""Sessions from one draw of names to the next, in the sweep."""

EMPTY_TASKS: Final = 1_000
FLYING: Final = 64
"""Chunks sent and not answered yet, as with 32 threads."""

GIGABIT: Final = 125e6
"""Bytes a second."""

BRANCHES: Final = 2
"""Workers that Dask lets one worker send a replica to at a time."""

VARY: Final = ("hold=5:60:5", "names=1:10:1", "span=5:60:5")
CATALYSTS: Final = 20
"""Of a name, in ten years."""


@dataclass(frozen=True)
class Units:
    """What one of each costs: bytes, and seconds of one core."""

    cell: float
    frames: float
    transient: float
    packed: float
    packing: float
    evaluation: float
    exits: float
    sweep: float
    returned: float
    chunk: float
    rate: float


def rows() -> Iterator[Row]:
    """Measure the units; one row each."""
    _say("a sweep of the whole market")
    bars = wide.market(NAMES, SESSIONS)
    cells = NAMES * SESSIONS
    exits, sweep_bytes = _swept(bars)
    size = f"{NAMES:,} x {SESSIONS:,}"
    yield Row(f"sweep of a trial, {size}, one core", f"{exits * 1e3:.2f} ms")
    yield Row("memory that it takes beside bars and results", f"{sweep_bytes / 1e6:.0f} MB")
    cell = _bytes(bars) / cells
    yield Row(f"bars of {size}", f"{_bytes(bars) / 1e9:.2f} GB, {cell:.0f} bytes a bar")
    packed, packing = _packed(bars)
    yield Row("the same, compressed (zlib 1)", f"{packed:.0%} of it, {packing / 1e6:.0f} MB a second")
    del bars
    gc.collect()
    evaluations, frames, transients = [], [], []
    for names in SMALLER:
        _say(f"a thesis on {names:,} names")
        took, kept, transient, returned = _evaluated(names)
        evaluations.append(took / (names * SESSIONS))
        frames.append(kept / (names * SESSIONS))
        transients.append(transient / (names * SESSIONS))
        yield Row(
            f"evaluation of a thesis, {names:,} x {SESSIONS:,}, one core",
            f"{took * 1e3:.0f} ms; frames kept {kept / 1e6:.0f} MB, while it works {transient / 1e6:.0f} MB more",
        )
    _say("chunks on a cluster of two processes")
    chunk, rate = _chunk()
    yield Row("a chunk: submit, schedule, gather, nothing else", f"{chunk * 1e3:.2f} ms")
    yield Row("a job sent to both, loopback", f"{rate / 1e6:.0f} MB a second, both together")
    yield Row("what a trial returns", f"{returned / 1e3:.1f} KB")
    units = Units(
        cell, frames[-1], transients[-1], packed, packing, evaluations[-1], exits, sweep_bytes, returned, chunk, rate
    )
    yield from _machines(units, cells)


def _machines(units: Units, cells: int) -> Iterator[Row]:
    """Multiply out."""
    job = units.cell * cells
    work = (units.frames + units.transient) * cells
    apart, shared = CORES * (job + work), job + CORES * units.sweep
    yield Row(
        f"computed: memory of a machine of {CORES} cores",
        f"{apart / 1e9:.0f} GB in {CORES} processes, for thesis parameters; {shared / 1e9:.1f} GB in {CORES} threads, "
        "for exits",
    )
    evaluation = units.evaluation * cells + units.exits
    results = TRIALS * units.returned / GIGABIT
    for machines in MACHINES:
        cores = machines * CORES
        chunk = min(max(TRIALS // (cores * CHUNKS), 1), MOST_CHUNK)
        overhead = units.chunk * TRIALS / chunk
        for what, each, copies in (("thesis parameters", evaluation, cores), ("exits", units.exits, machines)):
            send = _send(units, job, copies, machines)
            serial = max(results, overhead)
            compute = TRIALS * each / cores
            whole = send + max(compute, serial)
            yield Row(
                f"computed: {TRIALS:,} trials of {what}, {machines} x {CORES} cores",
                f"{_long(whole)}: sending {_long(send)}, evaluating {_long(compute)}, returning {_long(results)} "
                f"of network and {_long(overhead)} of the client",
            )


def _send(units: Units, job: float, copies: int, machines: int) -> float:
    """Return the seconds until every process has the job.

    From here to the scheduler and to the first process; then each that has it
    sends it to `BRANCHES` more, over one line of 1 Gbit/s a machine. On one
    machine the loopback carries it.
    """
    if machines == 1:
        return copies * job / units.rate
    once = job / GIGABIT
    seconds, holders = 2 * once, 1
    while holders < copies:
        more = min(BRANCHES * holders, copies - holders)
        seconds += once * more / min(holders, machines)
        holders += more
    return seconds


def _swept(bars: Bars) -> tuple[float, float]:
    """Return the CPU seconds of a trial of exits, and the bytes a sweep takes beside bars and curves."""
    targets = [sparse(world.lottery(bars, kernel.HELD, EVERY, seed)) for seed in range(kernel.WIDE_TARGETS)]
    trials = kernel.draw(SWEPT, kernel.WIDE_TARGETS)
    few, _ = measure(lambda: sweep(bars, targets, trials[:1], equity=True, workers=1), 3)
    many, _ = measure(lambda: sweep(bars, targets, trials, equity=True, workers=1), 3, warm=False)
    tracemalloc.start()
    sweep(bars, targets, trials, equity=True, workers=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (many.cpu - few.cpu) / (SWEPT - 1), peak - SWEPT * SESSIONS * 8


def _packed(bars: Bars) -> tuple[float, float]:
    """Return the size of compressed bars, as a part, and bytes a second, on the last year."""
    year = bars.rows(SESSIONS - 243, SESSIONS)
    raw = [np.ascontiguousarray(getattr(year, name)).view(np.uint8).data for name in _arrays(year)]
    begun = time.process_time()
    made = sum(len(zlib.compress(array, 1)) for array in raw)
    whole = sum(array.nbytes for array in raw)
    return made / whole, whole / (time.process_time() - begun)


def _evaluated(names: int) -> tuple[float, float, float, float]:
    """Return a thesis evaluation's CPU seconds, bytes kept and bytes in passing, and the bytes a trial returns."""
    job = _job(names)
    evaluator = Evaluator(job)
    places = np.random.default_rng(7).choice(job.space.size, EVALUATED + 1, replace=False)
    evaluator.run(places[:1])
    begun = time.process_time()
    for place in places[1:]:
        evaluator.run(np.array([place]))
    took = (time.process_time() - begun) / EVALUATED
    kept = job.history.__dict__["_kept"].nbytes
    tracemalloc.start()
    Evaluator(job).run(places[:1])
    transient = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    batch = evaluator.run(np.repeat(places[:1], MOST_CHUNK))
    return took, kept, transient, len(pickle.dumps(batch, protocol=5)) / MOST_CHUNK


def _chunk() -> tuple[float, float]:
    """Return the seconds of an empty chunk on a cluster, and the bytes a second that all processes take in of a job."""
    job = _job(SMALLER[0])
    with Cluster(job, "local:2") as there:
        begun = time.perf_counter()
        there._send_job()  # noqa: SLF001  the very thing that is measured
        took = time.perf_counter() - begun
        rate = 2 * len(pickle.dumps(job, protocol=5)) / took
        client = there._client  # noqa: SLF001
        begun = time.perf_counter()
        flying = []
        for number in range(EMPTY_TASKS):
            flying.append(client.submit(len, b"", key=f"empty-{number}", pure=False))
            if len(flying) == FLYING:
                client.gather(flying[:TOGETHER])
                del flying[:TOGETHER]
        client.gather(flying)
        return (time.perf_counter() - begun) / EMPTY_TASKS, rate


def _job(names: int) -> Job:
    bars = wide.market(names, SESSIONS)
    random = np.random.default_rng(9)
    days = bars.sessions.astype("datetime64[D]").tolist()
    events = [
        Catalyst(
            id=f"n{number}", kind="analyst_upgrade", title="news", symbols=(bars.symbols[number % names],),
            known_at=dt.datetime.combine(days[random.integers(len(days))], dt.time(16), SHANGHAI), source="simulated",
            certainty="certain", time_known="yes",
        )
        for number in range(names * CATALYSTS)
    ]  # fmt: skip
    return Job(
        FreshStrength, History(bars, events), (0, SESSIONS), MarketSettings(), {}, read_space(VARY, FreshStrength)
    )


def _bytes(bars: Bars) -> int:
    return sum(getattr(bars, name).nbytes for name in _arrays(bars))


def _arrays(bars: Bars) -> list[str]:
    return [name for name in type(bars).__dataclass_fields__ if isinstance(getattr(bars, name), np.ndarray)]


def _long(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6_000 else f"{seconds / 3600:.1f} h"


def _say(what: str) -> None:
    print(f"measuring: {what} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    show(rows(), f"{TRIALS:,} trials on {NAMES:,} names x {SESSIONS:,} sessions")
