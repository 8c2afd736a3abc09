"""What the gallery lists: one small reader a kind of folder, by the JSON file that marks it.

A new kind is a row of `KINDS`: its name, its file, and a function from what the
file holds to an `Entry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from backfolio.metrics import DEFINITIONS, NOT_AVAILABLE
from backfolio.report.gallery.comparable import basis_of
from backfolio.report.gallery.entry import Entry, Place, count, number, points, table, text
from backfolio.report.text import gain, p_said, part
from backfolio.said import counted, said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TUNE_FILE: Final = "summary.json"
"""What the folder of a finished tune has in place of `run.json`; its `tune.json` is there from the start."""

WALK_FILE: Final = "walk.json"
"""The same of a walk-forward's."""

STUDY_FILE: Final = "study.json"
"""The same of an event study's."""

STUDIED: Final = "event study"
"""The kind that measures names, and has no account."""

FALSIFY_FILE: Final = "falsify.json"
"""The same of what `falsify` found."""


class Kind(NamedTuple):
    """A kind of folder.

    Parameters
    ----------
    name
        As an entry's `kind` and the page say it.
    one, many
        How many there are, with ``%(n)s`` for the count.
    file
        The file that marks its folder.
    read
        From what the file holds to an entry; raises ValueError where it does not fit.
    """

    name: str
    one: str
    many: str
    file: str
    read: Callable[[Mapping[str, Any], Place], Entry]


def read_run(record: Mapping[str, Any], place: Place) -> Entry:
    """Read ``run.json``."""
    headline = table(record, "headline")
    fills, refusals = count(headline, "fills"), count(headline, "refusals")
    return _entry(
        "run",
        record,
        headline,
        place,
        table(headline, "metrics"),
        (
            counted(fills, "fill"),
            counted(refusals, "refusal"),
        ),
        _settings(record),
    )


def read_tune(record: Mapping[str, Any], place: Place) -> Entry:
    """Read ``summary.json``."""
    headline = table(record, "headline")
    trials, failed = count(headline, "trials"), count(headline, "failed")
    score = _BY_NAME.get(text(headline, "score"))
    if score is None:
        message = "its score is no figure that is known"
        raise ValueError(message)
    told = [
        text(headline, "grade"),
        counted(trials, "trial"),
        *([said("%(n)s failed", n=f"{failed:,}")] if failed else []),
        said("best %(score)s %(value)s", score=said(score.label), value=score.text(number(headline, "best_score"))),
    ]
    winner, basis = record.get("winner"), headline.get("basis")
    figures = headline.get("metrics")
    return _entry(
        "tune",
        basis if isinstance(basis, dict) else {},
        headline,
        place,
        figures if isinstance(figures, dict) else {"total_return": number(headline, "total_return")},
        tuple(told),
        winner if isinstance(winner, dict) else {},
    )


def read_walk(record: Mapping[str, Any], place: Place) -> Entry:
    """Read ``walk.json``."""
    headline = table(record, "headline")
    windows, efficiency = count(headline, "windows"), number(headline, "efficiency")
    told = (
        text(headline, "grade"),
        counted(windows, "window"),
        said("efficiency %(share)s", share=NOT_AVAILABLE if efficiency is None else part(efficiency)),
        said("default parameters %(gain)s", gain=gain(number(headline, "default_total_return"))),
    )
    return _entry("walk-forward", record, headline, place, table(headline, "metrics"), told, {})


def read_study(record: Mapping[str, Any], place: Place) -> Entry:
    """Read ``study.json``."""
    headline = table(record, "headline")
    mean, p = number(headline, "mean"), number(headline, "p")
    told = (
        said(text(headline, "grade")),
        counted(count(headline, "events"), "event"),
        *([] if mean is None else [said("mean %(gain)s", gain=gain(mean))]),
        *([] if p is None else [said("p %(p)s", p=p_said(p))]),
    )
    return _entry(STUDIED, record, headline, place, {"total_return": None}, told, {})


def read_falsify(record: Mapping[str, Any], place: Place) -> Entry:
    """Read ``falsify.json``."""
    headline = table(record, "headline")
    chances = [number(headline, name) for name in ("random_dates", "random_names")]
    told = (
        said(text(headline, "grade")),
        said(
            "held up in %(n)s of %(all)s attempts",
            n=str(count(headline, "stood")),
            all=str(count(headline, "attempts")),
        ),
        *([] if chances[0] is None else [said("random dates p %(p)s", p=p_said(chances[0]))]),
        *([] if chances[1] is None else [said("random names p %(p)s", p=p_said(chances[1]))]),
    )
    return _entry("falsify", record, headline, place, table(headline, "metrics"), told, {})


def _entry(
    kind: str,
    record: Mapping[str, Any],
    headline: Mapping[str, Any],
    place: Place,
    figures: Mapping[str, Any],
    told: tuple[str, ...],
    params: Mapping[str, object],
) -> Entry:
    title, benchmark = headline.get("title"), headline.get("benchmark")
    named = benchmark if isinstance(benchmark, str) else ""
    return Entry(
        kind=kind,
        place=place,
        title=title if isinstance(title, str) else "",
        first=text(headline, "first"),
        last=text(headline, "last"),
        source=text(headline, "source"),
        simulated=bool(headline.get("simulated")),
        basis=basis_of(record, headline),
        line=points(headline, "line"),
        benchmark_line=points(headline, "benchmark_line"),
        total_return=number(figures, "total_return"),
        sharpe=number(figures, "sharpe") if "sharpe" in figures else None,
        max_drawdown=number(figures, "max_drawdown") if "max_drawdown" in figures else None,
        benchmark=named,
        benchmark_return=number(headline, "benchmark_total_return") if named else None,
        told=told,
        params=params,
    )


def _settings(record: Mapping[str, Any]) -> dict[str, object]:
    """Return all that a user may have chosen of a run, by name."""
    found: dict[str, object] = {}
    for name, prefix in (("params", ""), ("exits", "exits."), ("market", "market.")):
        inside = record.get(name)
        if isinstance(inside, dict):
            found |= {f"{prefix}{key}": value for key, value in inside.items()}
    return found


_BY_NAME: Final = {entry.name: entry for entry in DEFINITIONS}

KINDS: Final = (
    Kind("run", "%(n)s run", "%(n)s runs", "run.json", read_run),
    Kind("tune", "%(n)s tune", "%(n)s tunes", TUNE_FILE, read_tune),
    Kind("walk-forward", "%(n)s walk-forward", "%(n)s walk-forwards", WALK_FILE, read_walk),
    Kind(STUDIED, "%(n)s event study", "%(n)s event studies", STUDY_FILE, read_study),
    Kind("falsify", "%(n)s falsification", "%(n)s falsifications", FALSIFY_FILE, read_falsify),
)
"""Every kind that is listed; a folder is of the first whose file it has."""
