"""The command `tune` as a user starts it: process start, workers, log, verdict, replay of the winner and pages."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.discover import discover
from backfolio.tune.samplers import make_sampler
from backfolio.tune.space import read_space
from bench import memory, world
from bench.timing import Row, Time, measure, now, since

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
THESES: Final = "bench/theses"
THESIS: Final = "fresh_strength"

NAMES: Final = 20
TRIALS: Final = 1_000
GRID: Final = ("hold=5:50:5", "names=1:10:1", "span=5:50:5")
"""A thousand points."""

LARGER: Final = ("hold=5:60:1", "names=1:10:1", "span=2:60:1")
"""Thirty-three thousand, of which random and TPE try a thousand."""

REPEATS: Final = 3
MOST_SECONDS: Final = 5.0
MOST_MEGABYTES: Final = 600


def rows() -> Iterator[Row]:
    """Measure every sampler."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        world.write(data, NAMES)
        _run("grid", GRID, data)  # the first writes caches
        yield from _sampler("grid", GRID, data)
        yield from _sampler("random", LARGER, data)
        yield from _sampler("tpe", LARGER, data, most_seconds=None, repeats=1)


def _sampler(
    kind: str,
    vary: tuple[str, ...],
    data: Path,
    *,
    most_seconds: float | None = MOST_SECONDS,
    repeats: int = REPEATS,
) -> Iterator[Row]:
    told = [_run(kind, vary, data) for _ in range(repeats)]
    took = Time(*(statistics.median(getattr(time, name) for time in told) for name in ("cpu", "wall")))
    yield Row(
        f"`tune` of {TRIALS:,} trials, {kind}, {NAMES} x {world.SESSIONS}, thesis parameters varied",
        f"{took}; {TRIALS / took.wall:,.0f} trials a second in all",
        f"< {most_seconds:.0f} s wall on 2 cores" if most_seconds else "",
        took.wall < most_seconds if most_seconds else None,
    )
    with tempfile.TemporaryDirectory() as reports:
        process = subprocess.Popen(_command(kind, vary, data, reports), cwd=ROOT, stdout=subprocess.DEVNULL)
        with memory.Watch(process.pid) as watch:
            assert process.wait() == 0
        yield _memory(watch)
        if kind == "tpe":
            yield _alone(kind, vary, Path(reports))


def _memory(watch: memory.Watch) -> Row:
    figure = "    most memory, all its processes together"
    if watch.most is None:
        return Row(figure, "n/a: the system does not tell")
    measured = f"{watch.most:.0f} MB in {watch.processes} processes"
    return Row(figure, measured, f"< {MOST_MEGABYTES} MB", watch.most < MOST_MEGABYTES)


def _alone(kind: str, vary: tuple[str, ...], reports: Path) -> Row:
    """Let a sampler propose the trials of a finished tune once more, told the same scores, and nothing else."""
    (log,) = reports.glob(f"{THESIS}/tune-*/trials.jsonl")
    trials = sorted(
        (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()), key=itemgetter("number")
    )
    places = np.array([trial["place"] for trial in trials])
    scores = np.array([trial["figures"]["sharpe"] for trial in trials], dtype=np.float64)
    scores[np.isnan(scores)] = -np.inf
    space = read_space(vary, discover([ROOT / THESES], ROOT).find(THESIS).strategy)

    def proposed() -> bool:
        sampler = make_sampler(kind, space, 0)
        same = True
        for first in range(0, TRIALS, sampler.block):
            block = slice(first, min(first + sampler.block, TRIALS))
            same = same and np.array_equal(sampler.propose(block.start, block.stop), places[block])
            sampler.learn(places[block], scores[block])
        return same

    took, same = measure(proposed, 1, warm=False)
    assert same, "the sampler proposed other trials than those of the tune"
    return Row("    of that the sampler itself", f"{took}; {took.cpu / TRIALS * 1000:.1f} ms CPU a trial")


def _run(kind: str, vary: tuple[str, ...], data: Path) -> Time:
    """Time the command; its reports go to a folder of their own, so that nothing is there already."""
    # A second run finds the compiled modules of the first, even where a setting keeps Python from writing them.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as reports:
        command = _command(kind, vary, data, reports)
        begun = now()
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        return since(begun)


def _command(kind: str, vary: tuple[str, ...], data: Path, reports: str) -> list[str]:
    trials = [] if kind == "grid" else ["--trials", str(TRIALS)]
    asked = [word for axis in vary for word in ("--vary", axis)]
    where = ["--data", str(data), "--reports", reports, "--strategies", THESES]
    return [sys.executable, "run_backtest.py", "tune", THESIS, *asked, "--sampler", kind, *trials, *where]
