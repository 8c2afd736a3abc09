"""`reports/index.html`: the store, and every run, tune and walk-forward of a reports folder, from their JSON files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from backfolio.metrics import DEFINITIONS, NOT_AVAILABLE
from backfolio.report import words
from backfolio.report.page import page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

L = TypeVar("L", "Listed", "ListedTune", "ListedWalk")

TUNE_FILE: Final = "summary.json"
"""What the folder of a finished tune has in place of `run.json`; its `tune.json` is there from the start."""

WALK_FILE: Final = "walk.json"
"""The same of a walk-forward's."""

DATA_FILE: Final = "data/data.json"
"""What the page of the store has beside it."""


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


@dataclass(frozen=True, slots=True)
class ListedTune:
    """One line of the list of tunes, as text."""

    href: str
    strategy: str
    run_id: str
    first: str
    last: str
    source: str
    simulated: bool
    trials: str
    failed: str
    score: str
    best_score: str
    total_return: str
    grade: str


@dataclass(frozen=True, slots=True)
class ListedWalk:
    """One line of the list of walk-forwards, as text."""

    href: str
    strategy: str
    run_id: str
    first: str
    last: str
    source: str
    simulated: bool
    windows: str
    total_return: str
    default_return: str
    benchmark: str
    benchmark_return: str
    efficiency: str
    grade: str


def overview(reports: Path) -> bytes:
    """Return the page over all runs, tunes and walk-forwards of a folder: the latest window first, then by name.

    The page of the store is linked on top, if it is there.

    A folder whose JSON file cannot be read is named as such and left out.
    """
    runs, broken = _read(reports, "run.json", _listed)
    tunes, more = _read(reports, TUNE_FILE, _listed_tune)
    walks, others = _read(reports, WALK_FILE, _listed_walk)
    values: dict[str, object] = {
        "title": "backfolio: runs",
        "fill_clock": words.FILL_CLOCK,
        "simulated": "",
        "runs": runs,
        "tunes": tunes,
        "walks": walks,
        "store": _store(reports),
        "broken": sorted(broken + more + others),
    }
    return page("overview.html", values)


def _store(reports: Path) -> str:
    """Return what the store's page says of itself, one line; "" where there is none that can be read."""
    try:
        said = json.loads((reports / DATA_FILE).read_text(encoding="utf-8"))["headline"]
        symbols, first, last, grade = said["symbols"], said["first"], said["last"], said["grade"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f"{symbols:,} {'symbol' if symbols == 1 else 'symbols'}, {first} to {last}. {grade}."


def _read(reports: Path, name: str, line: Callable[[dict[str, Any]], L]) -> tuple[list[L], list[tuple[str, str]]]:
    """Return the lines of every folder with a file of that name, in order, and the folders that have none."""
    lines, broken = [], []
    for path in sorted(reports.glob(f"*/*/{name}")):
        if any(part.startswith(".") for part in path.relative_to(reports).parts):
            continue
        try:
            lines.append(line(json.loads(path.read_text(encoding="utf-8"))["headline"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            broken.append((path.parent.relative_to(reports).as_posix(), f"{type(error).__name__}: {error}"))
    lines.sort(key=lambda each: (each.strategy, each.run_id))
    lines.sort(key=lambda each: (each.last, each.first), reverse=True)
    return lines, broken


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


def _listed_tune(headline: dict[str, Any]) -> ListedTune:
    of = {entry.name: entry for entry in DEFINITIONS}
    score = of[headline["score"]]
    return ListedTune(
        href=quote(f"{headline['strategy']}/{headline['folder']}/index.html"),
        strategy=headline["strategy"],
        run_id=headline["folder"],
        first=headline["first"],
        last=headline["last"],
        source=headline["source"],
        simulated=bool(headline["simulated"]),
        trials=f"{headline['trials']:,}",
        failed=f"{headline['failed']:,} failed" if headline["failed"] else "",
        score=score.label,
        best_score=score.text(headline["best_score"]),
        total_return=of["total_return"].text(headline["total_return"]),
        grade=headline["grade"],
    )


def _listed_walk(headline: dict[str, Any]) -> ListedWalk:
    of = {entry.name: entry for entry in DEFINITIONS}
    total = of["total_return"]
    efficiency = headline["efficiency"]
    return ListedWalk(
        href=quote(f"{headline['strategy']}/{headline['folder']}/index.html"),
        strategy=headline["strategy"],
        run_id=headline["folder"],
        first=headline["first"],
        last=headline["last"],
        source=headline["source"],
        simulated=bool(headline["simulated"]),
        windows=f"{headline['windows']:,}",
        total_return=total.text(headline["metrics"]["total_return"]),
        default_return=total.text(headline["default_total_return"]),
        benchmark=headline["benchmark"],
        benchmark_return=total.text(headline["benchmark_total_return"]) if headline["benchmark"] else "",
        efficiency=NOT_AVAILABLE if efficiency is None else f"{efficiency:,.0%}",
        grade=headline["grade"],
    )
