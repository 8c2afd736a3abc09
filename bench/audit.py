"""What the short form of the look-ahead audit adds to a run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import TYPE_CHECKING, Final

from bench.timing import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
MOST: Final = 0.15
"""Part of the time that the command takes without it."""

TIMES: Final = 5


def rows() -> Iterator[Row]:
    """Measure the command on the sample, page included and tear sheet not, with the audit and without."""
    with tempfile.TemporaryDirectory() as reports:
        _seconds(reports, "--audit")  # writes Python's caches
        both = [(_seconds(reports, "--no-audit"), _seconds(reports, "--audit")) for _ in range(TIMES)]  # same noise
        without, with_it = (min(times) for times in zip(*both, strict=True))
        added = with_it - without
    yield Row(
        f"look-ahead audit in short, of a run that takes {without:.2f} s CPU without",
        f"{added * 1000:.0f} ms CPU, {added / without:.0%}",
        f"< {MOST:.0%}",
        added < MOST * without,
    )


def _seconds(reports: str, flag: str) -> float:
    words = ("run", "domestic_compute", "--no-tearsheet", "--quiet", "--reports", reports, flag)
    # A second run finds the compiled modules of the first, even where a setting keeps Python from writing them.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "run_backtest.py", *words], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
