"""The trials as a table of the page, and all of them as a CSV file."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from backfolio.report.text import plain
from backfolio.report.tune.score import BY_NAME, figure_text
from backfolio.said import listed, paired, said
from backfolio.tune.trials import read_constraints

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from backfolio.report.tune.score import Score
    from backfolio.tune.space import Axis
    from backfolio.tune.trials import Trials

    Integers = NDArray[np.int64]

MOST_ROWS: Final = 1_000
"""Trials on the page; the CSV file holds all."""

MOST_FAILED: Final = 200
"""Failed trials on the page."""

SHOWN: Final = (
    "total_return", "cagr", "sharpe", "sortino", "calmar", "max_drawdown", "volatility", "turnover", "fills",
    "refusals",
)  # fmt: skip
"""Figures of the page's table, in order."""

SHORT: Final = {
    "total_return": "Return",
    "sharpe": "Sharpe",
    "sortino": "Sortino",
    "calmar": "Calmar",
    "max_drawdown": "Drawdown",
    "turnover": "Turnover",
}
"""Labels that leave room for the parameters' columns."""

WHOLE: Final = ("fills", "refusals", "final_equity")
"""Figures that count; the others are fractions or ratios."""

OWN: Final = ("trial", "score", "allowed", "error")
"""Columns of the CSV file that are neither a parameter nor a figure."""


class Head(NamedTuple):
    """A column of the table: its label, what it means, and whether it holds numbers."""

    label: str
    words: str
    number: bool


class Row(NamedTuple):
    """A finished trial: the class of its row, its mark, and its cells."""

    kind: str
    mark: str
    cells: list[str]


class Failed(NamedTuple):
    """A trial that gave no ledger."""

    trial: str
    params: str
    error: str


def rank(trials: Trials) -> Integers:
    """Return the rows of the finished trials: those allowed by score, then the others by score, then those without."""
    finished = np.ones(len(trials.places), dtype=bool)
    finished[list(trials.errors)] = False
    score = np.where(np.isnan(trials.score), -np.inf, trials.score)
    order = np.lexsort((np.arange(len(score)), -score, ~trials.allowed))
    return np.asarray(order[finished[order]], dtype=np.int64)


def heads(trials: Trials, score: Score) -> list[Head]:
    """Return the columns of the page's table: the trial, its parameters, the score, other figures."""
    return [
        Head("Trial", "Its number, in the order in which trials were asked for.", number=True),
        *(Head(axis.name, "", number=_numeric(axis)) for axis in trials.space.axes),
        *(Head(SHORT.get(name, BY_NAME[name].label), BY_NAME[name].words, number=True) for name in _shown(score)),
    ]


def rows(trials: Trials, ranked: Integers, score: Score, constraints: Sequence[str] = ()) -> list[Row]:
    """Return the first `MOST_ROWS` of the ranked trials as text, each with the constraints that it breaks."""
    kept = ranked[:MOST_ROWS]
    points = trials.space.points(trials.places)[kept]
    columns = [[str(row) for row in kept.tolist()]]
    for at, axis in enumerate(trials.space.axes):
        texts = [plain(value) for value in axis.values]
        columns.append([texts[value] for value in points[:, at].tolist()])
    columns += [[figure_text(name, value) for value in trials.figures[name][kept].tolist()] for name in _shown(score)]
    marks = _marks(trials, kept, constraints)
    return [Row(*mark, list(cells)) for mark, cells in zip(marks, zip(*columns, strict=True), strict=True)]


def failed(trials: Trials) -> list[Failed]:
    """Return the first `MOST_FAILED` failed trials with what they failed of."""
    return [
        Failed(
            str(row),
            listed(paired(name, plain(value)) for name, value in trials.space.values(int(trials.places[row])).items()),
            trials.errors[row],
        )
        for row in sorted(trials.errors)[:MOST_FAILED]
    ]


def trials_csv(trials: Trials) -> str:
    """Write one line a trial, in the order of their numbers, with every figure in full.

    Numbers are written so that they read back the same. A parameter stands as
    it is given on the command line (``none`` where it is off), under its name,
    or ``params.<name>`` where a figure has that name. What a failed trial or an
    undefined figure lacks is empty. ``final_equity`` is in CNY.
    """
    names = list(trials.figures)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    taken = {*OWN, *names}
    params = [f"params.{axis.name}" if axis.name in taken else axis.name for axis in trials.space.axes]
    writer.writerow(["trial", *params, "score", "allowed", *names, "error"])
    points = trials.space.points(trials.places)
    values = [
        [_typed(value) for value in (axis.values[at] for at in points[:, column].tolist())]
        for column, axis in enumerate(trials.space.axes)
    ]
    columns = [_column(name, trials.figures[name]) for name in names]
    allowed = ["yes" if each else "no" for each in trials.allowed.tolist()]
    errors = (trials.errors.get(row, "") for row in range(len(trials.places)))
    writer.writerows(
        zip(range(len(points)), *values, _column("score", trials.score), allowed, *columns, errors, strict=True)
    )
    return stream.getvalue()


def _shown(score: Score) -> list[str]:
    own = score.definition.name
    return [own, *(name for name in SHOWN if name != own)]


def _numeric(axis: Axis) -> bool:
    return all(
        value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in axis.values
    )


def _marks(trials: Trials, rows: Integers, constraints: Sequence[str]) -> list[tuple[str, str]]:
    """Return the class and the mark of every row."""
    read = read_constraints(constraints)
    held = [each.holds(trials.figures[each.figure][rows]).tolist() for each in read]
    unscored = np.isnan(trials.score[rows]).tolist()
    marks: list[tuple[str, str]] = []
    for at, row in enumerate(rows.tolist()):
        broken = [str(each) for each, holds in zip(read, held, strict=True) if not holds[at]]
        if row == trials.best:
            marks.append(("best", said("winner")))
        elif unscored[at]:
            marks.append(("out", said("no score")))
        elif trials.allowed[row]:
            marks.append(("", ""))
        else:
            marks.append(
                (
                    "out",
                    said("breaks %(constraints)s", constraints=listed(broken))
                    if broken
                    else said("breaks a constraint"),
                )
            )
    return marks


def _typed(value: object) -> str:
    """Write a parameter as the command line takes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _column(name: str, values: NDArray[np.float64]) -> Iterator[str]:
    if name == "final_equity":
        return ("" if value != value else f"{int(value) // 1000}.{int(value) % 1000:03d}" for value in values.tolist())  # noqa: PLR0124  NaN
    if name in WHOLE:
        return ("" if value != value else f"{int(value)}" for value in values.tolist())  # noqa: PLR0124
    return ("" if value != value else repr(value) for value in values.tolist())  # noqa: PLR0124
