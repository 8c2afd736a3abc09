"""The store: what an import takes, how long bars take to load, and what a run from it costs beside one from Parquet."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio.source import load, sample
from backfolio.source.files import MARKER
from bench.timing import Row, Time, measure, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
BROAD: Final = ROOT.parent / "shared" / "market" / "broad"
THESIS: Final = "domestic_compute"

NAMES: Final = 20
LOADS: Final = 9
RUNS: Final = 7
MOST_IMPORT_SECONDS: Final = 15.0
MOST_IMPORT_MEGABYTES: Final = 2_000
MOST_LOAD_SECONDS: Final = 0.150
MOST_BROAD_SECONDS: Final = 2.0
MOST_TIMES: Final = 1.3


def rows() -> Iterator[Row]:
    """Measure in workspaces of their own."""
    with tempfile.TemporaryDirectory() as place:
        yield from _small(Path(place))
    if not BROAD.is_dir():
        yield Row("import of ../shared/market/broad", "left out: the folder is not beside the project")
        return
    with tempfile.TemporaryDirectory() as place:
        yield from _broad(Path(place))


def _small(workspace: Path) -> Iterator[Row]:
    """Load 20 names x 5 years, and start runs on them, from the store and from Parquet."""
    bars = workspace / "bars"
    _market(bars)
    for part in ("universes", "catalysts"):
        shutil.copytree(bars / part, workspace / "data" / part)
    shutil.copytree(ROOT / "strategies", workspace / "strategies", ignore=shutil.ignore_patterns("__pycache__"))
    _run(workspace, "import", str(bars))
    took, source = measure(lambda: load("store", workspace, [None]), LOADS)
    sessions, symbols = source.bars.shape
    yield Row(
        f"load {symbols} names x {sessions} sessions from the store",
        str(took),
        f"< {MOST_LOAD_SECONDS * 1000:.0f} ms",
        took.wall < MOST_LOAD_SECONDS,
    )
    asked = ("run", THESIS, "--no-report", "--data")
    cold: dict[str, list[Time]] = {str(bars): [], "store": []}
    for turn in range(RUNS + 1):  # in turn, so that both meet the same noise; the first writes Python's caches
        for where, times in cold.items():
            found, _ = _run(workspace, *asked, where)
            if turn:
                times.append(found)
    parquet, store = (statistics.median(one.cpu for one in times) for times in cold.values())
    yield Row(
        "cold `run --no-report` from the store, beside the same from Parquet",
        f"{seconds(store)} and {seconds(parquet)} CPU: {store / parquet:.2f}x",
        f"< {MOST_TIMES}x",
        store / parquet < MOST_TIMES,
    )


def _broad(workspace: Path) -> Iterator[Row]:
    took, megabytes = _run(workspace, "import", str(BROAD))
    yield Row(
        "import of ../shared/market/broad, all checks included",
        f"{took}; {megabytes:.0f} MB",
        f"< {MOST_IMPORT_SECONDS:.0f} s, < {MOST_IMPORT_MEGABYTES} MB",
        took.wall < MOST_IMPORT_SECONDS and megabytes < MOST_IMPORT_MEGABYTES,
    )
    loaded, source = measure(lambda: load("store", workspace, [None]), 3)
    sessions, symbols = source.bars.shape
    yield Row(
        f"load all of it from the store, {symbols} x {sessions}",
        str(loaded),
        f"< {MOST_BROAD_SECONDS:.0f} s",
        loaded.wall < MOST_BROAD_SECONDS,
    )


def _market(folder: Path) -> None:
    """Write 20 names x 5 years of the simulated market as Parquet, without the mark that keeps it out of a store."""
    sample.write(folder, names=NAMES)
    (folder / MARKER).unlink()
    import pandas as pd  # noqa: PLC0415

    for name in ("bars", "index"):
        path = folder / f"{name}.csv"
        pd.read_csv(path).to_parquet(folder / f"{name}.parquet")
        path.unlink()


def _run(workspace: Path, *words: str) -> tuple[Time, float]:
    """Run a command in a workspace; return what it took and the most memory of it, MB."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "backfolio", *words],
        cwd=workspace,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(said.decode())
    kilobyte = 1024 if sys.platform == "darwin" else 1
    return Time(usage.ru_utime + usage.ru_stime, time.perf_counter() - begun), usage.ru_maxrss / kilobyte / 1024
