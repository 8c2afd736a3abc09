"""What the short form of the look-ahead audit adds to a run."""

from __future__ import annotations

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

TIMES: Final = 3


def rows() -> Iterator[Row]:
    """Measure the command on the sample, page included and tear sheet not, with the audit and without."""
    with tempfile.TemporaryDirectory() as reports:
        without = min(_seconds(reports, "--no-audit") for _ in range(TIMES))
        added = min(_seconds(reports, "--audit") for _ in range(TIMES)) - without
    yield Row(
        f"look-ahead audit in short, of a run that takes {without:.2f} s CPU without",
        f"{added * 1000:.0f} ms CPU, {added / without:.0%}",
        f"< {MOST:.0%}",
        added < MOST * without,
    )


def _seconds(reports: str, flag: str) -> float:
    words = ("run", "domestic_compute", "--no-tearsheet", "--quiet", "--reports", reports, flag)
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "run_backtest.py", *words], cwd=ROOT, check=True, capture_output=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
