"""A cold run on the sample, as a user starts it, and where its CPU time goes."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.timing import Row, Time, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
COMMAND: Final = ("run_backtest.py", "run", "domestic_compute", "--data", "sample", "--no-report")
STAGES: Final = str(Path(__file__).with_name("stages.py"))
MOST: Final = 1.5
REPEATS: Final = 7


def rows() -> Iterator[Row]:
    """Measure; the first run, which writes Python's caches, does not count."""
    told = [_run([*COMMAND])[0] for _ in range(REPEATS + 1)][1:]
    took = Time(*(statistics.median(getattr(time_, name) for time_ in told) for name in ("cpu", "wall")))
    yield Row(f"cold `{' '.join(COMMAND[1:])}`", str(took), f"< {MOST} s CPU", took.cpu < MOST)
    runs = [_stages() for _ in range(REPEATS)]
    spent = {stage: statistics.median(run[stage] for run in runs) for stage in runs[0]}
    spent["the rest"] = max(0.0, took.cpu - sum(spent.values()))
    yield from (Row(f"    {stage}", f"{seconds(cpu)} CPU") for stage, cpu in spent.items())


def _stages() -> dict[str, float]:
    took, printed = _run([STAGES, str(ROOT)])
    spent: dict[str, float] = json.loads(printed)
    return {**spent, "leaving Python": took.cpu - sum(spent.values())}


def _run(arguments: list[str]) -> tuple[Time, str]:
    # A second run finds the compiled modules of the first, even where a setting keeps Python from writing them.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Time(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, wall), done.stdout
