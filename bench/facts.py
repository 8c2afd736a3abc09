"""The figures behind a run's page: its null hypotheses, and what attributes, counts and weighs its trades."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio.backtest import Request, backtest
from backfolio.caveats import leans
from backfolio.discover import discover
from backfolio.metrics import attribute, capacity, missed, slippage_cost, trade_statistics
from backfolio.nulls import PLACEBOS, nulls
from backfolio.settings import MarketSettings
from backfolio.source import load
from bench.timing import Row, measure, milliseconds, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.result import Result

ROOT: Final = Path(__file__).resolve().parents[1]
MOST_WARM: Final = 0.2
MOST_FACTS: Final = 0.05


def rows() -> Iterator[Row]:
    """Measure on the run of `domestic_compute` on the sample."""
    result = run()
    size = f"{len(result.ledger.fills)} fills, {result.history.bars.shape[1]} names"
    took, _ = measure(lambda: _facts(result), 5)
    yield Row(
        f"attribution, refusals, capacity and warnings of a run ({size})",
        milliseconds(took),
        f"< {seconds(MOST_FACTS)} CPU",
        took.cpu < MOST_FACTS,
    )
    took, _ = measure(lambda: _nulls(result), 5)
    yield Row(
        f"null hypotheses of that run, {PLACEBOS} placebos",
        milliseconds(took),
        f"< {seconds(MOST_WARM)} CPU",
        took.cpu < MOST_WARM,
    )
    arguments = [sys.executable, "-m", "bench.facts"]
    done = subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    yield Row("    the first of a process, numba and its kept code loaded", f"{seconds(told['cpu'])} CPU")


def run() -> Result:
    """Return the run that is measured."""
    thesis = discover([ROOT / "strategies"], ROOT).find("domestic_compute")
    return backtest(thesis, load("sample", ROOT), Request(settings=MarketSettings(), params={}))


def _nulls(result: Result) -> object:
    return nulls(result.history, result.targets, result.exits, result.settings)


def _facts(result: Result) -> object:
    ledger, bars = result.ledger, result.history.bars
    trading = trade_statistics(ledger, bars)
    return (
        attribute(result.history, ledger, trading.trips),
        missed(bars, ledger, result.targets),
        capacity(ledger, bars),
        slippage_cost(ledger, bars, result.settings),
        list(leans(result.history, ledger)),
    )


def main() -> None:
    """Work out the null hypotheses once and print what it took as JSON."""
    result = run()
    took, _ = measure(lambda: _nulls(result), 1, warm=False)
    print(json.dumps({"cpu": took.cpu}))


if __name__ == "__main__":
    main()
