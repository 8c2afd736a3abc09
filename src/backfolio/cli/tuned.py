"""What `tune` prints: a plan, or the best trials and what to think of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio.cli import console, parts
from backfolio.metrics import DEFINITIONS, TRADE_DEFINITIONS
from backfolio.tune.study import SHOWN
from backfolio.tune.trials import SCORES
from backfolio.tune.winner import written

if TYPE_CHECKING:
    from backfolio.tune.plan import Plan
    from backfolio.tune.study import Study

FIGURES: Final = {definition.name: definition for definition in (*DEFINITIONS, *TRADE_DEFINITIONS)}
COLUMNS: Final = {
    "sharpe": "Sharpe",
    "sortino": "Sortino",
    "calmar": "Calmar",
    "cagr": "CAGR",
    "total_return": "Return",
    "max_drawdown": "Drawdown",
    "fills": "Fills",
}
EDGED: Final = 3
"""Values from which on an axis has an edge worth a word."""

ALWAYS: Final = ("total_return", "sharpe", "max_drawdown", "fills")


def figure(name: str, value: float) -> str:
    """Write a figure as tables do."""
    return FIGURES[name].text(value)


def show(study: Study, folder: Path, page: Path | None) -> None:
    """Print the best trials, the verdict, and the winner as a command and as settings."""
    trials = study.trials
    score = SCORES[study.score_name]
    names = list(dict.fromkeys([score, *ALWAYS]))
    axes = [axis.name for axis in trials.space.axes]
    rows = []
    for row in trials.ranked(SHOWN):
        values = trials.values(row)
        shown = [figure(name, float(trials.figures[name][row])) for name in names]
        rows.append([str(row), *(written(values[name]) for name in axes), *shown])
    console.table(_title(study), ["trial", *axes, *(COLUMNS[name] for name in names)], rows)
    console.out("Decided after the close, filled at the next open.")
    console.out(_counts(study))
    if study.verdict is not None:
        console.out(f"Verdict: {study.verdict.sentence}")
        for note in (*(cliff.sentence for cliff in study.verdict.cliffs), *study.verdict.notes):
            console.out(f"Note: {note}")
    for note in (*_cautions(study), *study.warnings):
        console.out(f"Note: {note}")
    console.out(f"Winner: {study.winner_command}")
    console.out("Keep it in backfolio.toml:")
    console.out("\n".join(f"    {line}".rstrip() for line in study.winner_toml.splitlines()))
    if study.winner_report is not None:
        console.out(f"Winner's report: {parts.shown_path(Path(os.path.normpath(folder / study.winner_report)))}")
    console.out(f"Trials: {parts.shown_path(folder)}" if page is None else f"Report: {parts.shown_path(page)}")


def _cautions(study: Study) -> list[str]:
    """Return what a reader of the winner should know that no figure says."""
    trials, said = study.trials, []
    if trials.errors:
        said.append(f"the first trial that failed, {min(trials.errors)}: {trials.errors[min(trials.errors)]}")
    if study.benchmark_returns is None:
        said.append("without --benchmark the comparison is with cash, and nothing is more than doubtful")
    if trials.best is None:
        return said
    point = trials.space.point(int(trials.places[trials.best]))
    for axis, at in zip(trials.space.axes, point, strict=True):
        if axis.kind == "market":
            said.append(f"{axis.name} was varied: what trading costs is a condition, not a choice")
        elif axis.ordered and len(axis.values) >= EDGED and at in {0, len(axis.values) - 1}:
            said.append(f"the winner stands at the edge of {axis.name} ({written(axis.values[at])}): widen its range")
    return said


def show_plan(plan: Plan, folder: str) -> None:
    """Print what would run."""
    rows = [[name, _values(values), f"{len(values):,}"] for name, values in plan.axes.items()]
    console.table("Parameters", ["varied", "values", "count"], rows)
    already = f", {plan.there:,} of them there already" if plan.there else ""
    console.out(f"Points of the space: {plan.size:,}")
    console.out(f"Trials: {plan.trials:,}{already}")
    console.out(f"Distinct evaluations of the thesis: {plan.thesis_evaluations:,}")
    console.out(f"Window: {plan.sessions:,} sessions x {plan.symbols:,} names")
    each = f"{plan.milliseconds:.2f} ms a trial, measured"
    if plan.seconds is None:
        console.out(f"Time: {each} in one process here; the cluster's speed is not known")
    else:
        workers = "1 process or thread" if plan.workers == 1 else f"{plan.workers} processes or threads"
        console.out(f"Time: about {_duration(plan.seconds)} ({each}; {workers})")
    if plan.memory_bytes is not None:
        console.out(f"Memory: about {plan.memory_bytes / 1e6:,.0f} MB")
    console.out(f"Disk: about {max(plan.disk_bytes / 1e6, 0.1):,.1f} MB")
    console.out(f"Folder: {folder}")


def _title(study: Study) -> str:
    count = len(study.trials.sessions)
    return f"{study.strategy}, {study.source_label}, {study.start} to {study.end} ({count:,} sessions)"


def _counts(study: Study) -> str:
    trials = study.trials
    total = "1 trial" if len(trials) == 1 else f"{len(trials):,} trials"
    said = []
    if study.existed == len(trials):
        said.append("there already")
    else:
        if study.existed:
            said.append(f"{study.existed:,} there already")
        said.append(f"{study.trials_per_second:,.0f} a second")
    if study.trials_asked is not None and len(trials) > study.trials_asked:
        said.append(f"where {study.trials_asked:,} were asked for")
    if trials.errors:
        said.append(f"{len(trials.errors):,} failed")
    barred = len(trials) - len(trials.errors) - int(trials.allowed.sum())
    if barred:
        said.append(f"{barred:,} without a score or against a constraint")
    return f"{total}: {', '.join(said)}."


def _values(values: list[object]) -> str:
    shown = [written(value) for value in values]
    return ", ".join(shown if len(shown) <= 8 else [*shown[:3], "...", *shown[-2:]])  # noqa: PLR2004


def _duration(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"  # noqa: PLR2004
