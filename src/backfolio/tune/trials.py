"""`Trials`: the finished trials of a tune, column by column, and what makes one the best."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import numpy as np

from backfolio.errors import UsageError, did_you_mean
from backfolio.money import MILLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from backfolio.tune.space import Space, Value

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

FIGURES: Final = (
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "calmar",
    "turnover",
    "fills",
    "refusals",
    "final_equity",
)
"""The array fields of `sweep.Outcomes`, as a tune keeps them."""

SCORES: Final = {
    "sharpe": "sharpe",
    "sortino": "sortino",
    "calmar": "calmar",
    "cagr": "cagr",
    "total": "total_return",
}
"""What a tune can maximise, and the figure that it is."""

DEPTH: Final = "max_drawdown"
"""The figure that is kept as a number at or below 0 and asked for as a depth: 0.3 is a fall by 30%."""

AMOUNT: Final = "final_equity"
"""The figure that is kept in mills, as the engine counts, and asked for, written and shown in CNY."""

Relation = Literal["<", "<=", ">", ">="]
_CONSTRAINT: Final = re.compile(r"\s*([a-z_]+)\s*(<=|>=|<|>)\s*([-+.\w]+?)\s*")


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a trial's figure must satisfy for the trial to be chosen.

    Parameters
    ----------
    figure
        One of `FIGURES`. Fractions are fractions; ``max_drawdown`` is compared
        as a depth, so that "max_drawdown<0.3" keeps the falls of less than 30%,
        and ``final_equity`` in CNY.
    relation
        How it is compared with `bound`.
    bound
        The number.
    """

    figure: str
    relation: Relation
    bound: float

    def __str__(self) -> str:
        return f"{self.figure}{self.relation}{_exact(self.bound)}"

    def holds(self, values: Floats) -> NDArray[np.bool_]:
        """Tell where the figure, (trials,) as `Trials` keeps it, satisfies it; NaN never does."""
        shown = -values if self.figure == DEPTH else in_cny(self.figure, values)
        if self.relation == "<":
            return shown < self.bound
        if self.relation == "<=":
            return shown <= self.bound
        return shown > self.bound if self.relation == ">" else shown >= self.bound


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Finished trials, in order of their number; arrays read-only.

    Parameters
    ----------
    space
        Where they were taken from.
    places
        int64 (trials,): each trial's place in the space.
    figures
        Every one of `FIGURES` as float64 (trials,), ``final_equity`` in mills;
        NaN where the trial failed or the figure does not exist.
    errors
        Row to one line, of the trials that failed.
    score
        float64 (trials,), to be maximised; NaN where there is none.
    allowed
        bool (trials,): finished, with a score, and every constraint holds.
    equity
        int64 mills, trials x sessions, perhaps on disk; 0 in a failed trial's row.
    sessions
        ``datetime64[D]``, (sessions,).
    start_cash
        int64 mills, (trials,).
    best
        Row of the best allowed score, the lowest row on a tie; None where no
        trial is allowed.
    """

    space: Space
    places: Integers
    figures: Mapping[str, Floats]
    errors: Mapping[int, str]
    score: Floats
    allowed: NDArray[np.bool_]
    equity: Integers
    sessions: NDArray[np.datetime64]
    start_cash: Integers
    best: int | None

    def __post_init__(self) -> None:
        for array in (self.places, self.score, self.allowed, self.start_cash, *self.figures.values()):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.places)

    def values(self, row: int) -> dict[str, Value]:
        """Return the parameter values of a trial."""
        return self.space.values(int(self.places[row]))

    def ranked(self, most: int | None = None) -> list[int]:
        """Return the rows of the allowed trials, best first, a tie by number."""
        rows = np.flatnonzero(self.allowed)
        order = rows[np.argsort(-self.score[rows], kind="stable")]
        return [int(row) for row in order[:most]]


def make_trials(
    space: Space,
    places: Integers,
    figures: Mapping[str, Floats],
    errors: Mapping[int, str],
    equity: Integers,
    sessions: NDArray[np.datetime64],
    start_cash: int,
    score: str,
    constraints: Sequence[Constraint] = (),
) -> Trials:
    """Score trials and find the best.

    Parameters
    ----------
    start_cash
        Mills, of the trials that do not vary it.
    score
        One of `SCORES`.
    """
    failed = np.zeros(len(places), dtype=np.bool_)
    failed[list(errors)] = True
    scores, allowed = score_trials(figures, failed, score, constraints)
    best = int(np.argmax(np.where(allowed, scores, -np.inf))) if allowed.any() else None
    return Trials(
        space=space,
        places=places,
        figures=dict(figures),
        errors=dict(errors),
        score=scores,
        allowed=allowed,
        equity=equity,
        sessions=sessions,
        start_cash=_start_cash(space, places, start_cash),
        best=best,
    )


def score_trials(
    figures: Mapping[str, Floats], failed: NDArray[np.bool_], score: str, constraints: Sequence[Constraint] = ()
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the score of each trial, NaN where there is none, and whether the trial may be chosen."""
    scores = np.where(failed, np.nan, figures[SCORES[score]])
    allowed = np.isfinite(scores)
    for constraint in constraints:
        allowed &= constraint.holds(figures[constraint.figure])
    return scores, allowed


def in_cny(name: str, values: Any) -> Any:  # noqa: ANN401  a number, or an array of them
    """Return a figure, or many of it, as it is shown: an amount in CNY, anything else as it is."""
    return values / MILLS if name == AMOUNT else values


def as_kept(name: str, shown: float) -> float:
    """Return a figure as `Trials` keeps it; the inverse of `in_cny`."""
    return float(round(shown * MILLS)) if name == AMOUNT else float(shown)


def read_score(name: str) -> str:
    """Return the name of a score.

    Raises
    ------
    UsageError
        If there is none such.
    """
    if name not in SCORES:
        message = f"no score is called {name!r}{did_you_mean(name, SCORES)}: choose from {', '.join(SCORES)}"
        raise UsageError(message)
    return name


def read_constraints(words: Iterable[str]) -> tuple[Constraint, ...]:
    """Read ``--constraint`` words, as in "max_drawdown<0.3".

    Raises
    ------
    UsageError
        If one is not a figure, a relation and a number.
    """
    return tuple(_constraint(word) for word in words)


def _constraint(word: str) -> Constraint:
    matched = _CONSTRAINT.fullmatch(word)
    if matched is None:
        message = f"--constraint {word!r}: write FIGURE<NUMBER (or <=, >, >=), as in max_drawdown<0.3"
        raise UsageError(message)
    figure, relation, text = matched.groups()
    if figure not in FIGURES:
        message = (
            f"--constraint {word!r}: no figure is called {figure!r}{did_you_mean(figure, FIGURES)}: "
            f"choose from {', '.join(FIGURES)}"
        )
        raise UsageError(message)
    try:
        bound = float(text)
    except ValueError:
        bound = float("nan")
    if not np.isfinite(bound):
        message = f"--constraint {word!r}: {text!r} is no number; write fractions as such, 0.3 for 30%"
        raise UsageError(message)
    if figure == DEPTH and bound < 0:
        message = f"--constraint {word!r}: a drawdown is given as its depth; write {figure}{relation}{_exact(-bound)}"
        raise UsageError(message)
    if figure == DEPTH and bound > 1:
        message = (
            f"--constraint {word!r}: a drawdown is a fraction of the account, at most 1; "
            f"write {figure}{relation}{_exact(bound / 100)} for {_exact(bound)}%"
        )
        raise UsageError(message)
    return Constraint(figure, cast("Relation", relation), bound)


def _exact(number: float) -> str:
    """Write a number so that it reads back the same: two tunes that differ in it are two tunes."""
    return str(int(number)) if number.is_integer() else repr(number)


def _start_cash(space: Space, places: Integers, start_cash: int) -> Integers:
    for column, axis in enumerate(space.axes):
        if axis.name == "market.cash":
            cash = np.array([round(float(value or 0) * MILLS) for value in axis.values], dtype=np.int64)
            return cash[space.points(places)[:, column]]
    return np.full(len(places), start_cash, dtype=np.int64)
