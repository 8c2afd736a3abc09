"""`reports/index.html`: every run of a reports folder, from their `run.json` files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from backfolio.metrics import DEFINITIONS, NOT_AVAILABLE
from backfolio.report import words
from backfolio.report.page import page

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list, as text."""

    href: str
    strategy: str
    run_id: str
    first: str
    last: str
    source: str
    simulated: bool
    total_return: str
    benchmark: str
    benchmark_return: str
    sharpe: str
    max_drawdown: str
    fills: str
    refusals: str


def overview(reports: Path) -> bytes:
    """Return the page over all runs of a folder: the latest window first, then by name.

    A folder whose `run.json` cannot be read is named as such and left out.
    """
    runs, broken = [], []
    for path in sorted(reports.glob("*/*/run.json")):
        if any(part.startswith(".") for part in path.relative_to(reports).parts):
            continue
        try:
            runs.append(_listed(json.loads(path.read_text(encoding="utf-8"))["headline"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            broken.append((path.parent.relative_to(reports).as_posix(), f"{type(error).__name__}: {error}"))
    runs.sort(key=lambda run: (run.strategy, run.run_id))
    runs.sort(key=lambda run: (run.last, run.first), reverse=True)
    values: dict[str, object] = {
        "title": "backfolio: runs",
        "fill_clock": words.FILL_CLOCK,
        "simulated": "",
        "runs": runs,
        "broken": broken,
    }
    return page("overview.html", values)


def _listed(headline: dict[str, Any]) -> Listed:
    of = {entry.name: entry for entry in DEFINITIONS}
    figures = headline["metrics"]
    benchmark = headline["benchmark_total_return"]
    return Listed(
        href=quote(f"{headline['strategy']}/{headline['run_id']}/index.html"),
        strategy=headline["strategy"],
        run_id=headline["run_id"],
        first=headline["first"],
        last=headline["last"],
        source=headline["source"],
        simulated=bool(headline["simulated"]),
        total_return=of["total_return"].text(figures["total_return"]),
        benchmark=headline["benchmark"],
        benchmark_return=of["total_return"].text(benchmark) if headline["benchmark"] else "",
        sharpe=of["sharpe"].text(figures.get("sharpe")) or NOT_AVAILABLE,
        max_drawdown=of["max_drawdown"].text(figures.get("max_drawdown")),
        fills=f"{headline['fills']:,}",
        refusals=f"{headline['refusals']:,}",
    )
