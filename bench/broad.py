"""Replay of a whole real market, in a process of its own so that its memory can be told."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio.bars import build_bars, read_tables
from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.targets import Exits
from bench import world
from bench.timing import Row, Time, measure, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT.parent / "shared" / "market" / "broad"

HELD: Final = 50
EVERY: Final = 5
REPEATS: Final = 5
MOST_SECONDS: Final = 2.0
MOST_MEGABYTES: Final = 1500


def rows() -> Iterator[Row]:
    """Measure in another process, or say why not."""
    figure = "replay of ../shared/market/broad"
    if not FOLDER.is_dir():
        yield Row(figure, "left out: the folder is not beside the project")
        return
    done = subprocess.run([sys.executable, "-m", "bench.broad"], cwd=ROOT, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    took = Time(told["cpu"], told["wall"])
    yield Row("load and check ../shared/market/broad", f"{seconds(told['load'])} CPU; {told['symbols']} symbols")
    yield Row(
        f"{figure}, {told['symbols']} x {told['sessions']}",
        f"{took}; {told['fills']} fills",
        f"< {MOST_SECONDS:.0f} s",
        took.cpu < MOST_SECONDS,
    )
    yield Row(
        "most memory it ever took, loading included",
        f"{told['megabytes']:.0f} MB",
        f"< {MOST_MEGABYTES} MB",
        told["megabytes"] < MOST_MEGABYTES,
    )


def main() -> None:
    """Load, replay, and print what it took as JSON."""
    load, bars = measure(lambda: build_bars(read_tables(FOLDER)), 1, warm=False)
    targets, settings = world.lottery(bars, HELD, EVERY), MarketSettings(cash=10_000_000)
    took, ledger = measure(lambda: replay(bars, targets, Exits(), settings), REPEATS)
    sessions, symbols = bars.shape
    kilobyte = 1024 if sys.platform == "darwin" else 1
    told = {
        "load": load.cpu,
        "cpu": took.cpu,
        "wall": took.wall,
        "symbols": symbols,
        "sessions": sessions,
        "fills": len(ledger.fills),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / kilobyte / 1024,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
