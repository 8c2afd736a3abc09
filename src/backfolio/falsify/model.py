"""What `falsify` is asked, and what it finds: frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

from backfolio.errors import UsageError
from backfolio.falsify import plain
from backfolio.said import Said, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from backfolio.strategy.claims import Claim
    from backfolio.tune.stated import Stamp

USUAL_PLACEBOS: Final = 1_000

LEAST_PLACEBOS: Final = 19
"""Fewer cannot show a chance of one in twenty, for the least p-value is 1 / (placebos + 1)."""

MOST_PLACEBOS: Final = 100_000

LEVEL: Final = 0.05
"""A p-value below it tells a figure from luck."""

Grade = Literal["survived", "weakened", "falsified", "not_enough", "unclaimed"]

LABELS: Final[Mapping[Grade, str]] = {
    "survived": "Survived",
    "weakened": "Weakened",
    "falsified": "Falsified",
    "not_enough": "Not enough evidence",
    "unclaimed": "No claims stated",
}
"""Grade in words; English, as pages look words up."""

NOTHING: Final = said("")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of `falsify`.

    Parameters
    ----------
    placebos
        How many of each kind are drawn.
    seed
        Of their lottery; the same seed gives the same placebos.

    Raises
    ------
    UsageError
        If a p-value needs more placebos, or there are too many.
    """

    placebos: int = USUAL_PLACEBOS
    seed: int = 0

    def __post_init__(self) -> None:
        if not LEAST_PLACEBOS <= self.placebos <= MOST_PLACEBOS:
            few = f"the least p-value is 1 / (placebos + 1), so {LEAST_PLACEBOS} are needed to show one of {LEVEL:g}"
            why = few if self.placebos < LEAST_PLACEBOS else "more than are drawn"
            message = f"{self.placebos} placebos: {why}; give {LEAST_PLACEBOS} to {MOST_PLACEBOS:,} with --placebos"
            raise UsageError(message)
        if self.seed < 0:
            message = f"the seed is {self.seed}: give a whole number from 0"
            raise UsageError(message)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the thesis, or a variant of it, makes under the compiled engine.

    Parameters
    ----------
    total_return, max_drawdown
        Fractions.
    sharpe
        A year; None where it does not exist.
    fills
        How many.
    final_equity
        Mills.
    p
        One-sided chance that its mean daily return beyond that of the
        benchmark (of cash where there is none) is luck, by the stationary
        bootstrap (Politis and Romano 1994); None where nothing is traded.
    """

    total_return: float
    sharpe: float | None
    max_drawdown: float
    fills: int
    final_equity: int
    p: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Placebos:
    """What those make who know nothing.

    Parameters
    ----------
    name
        "random_dates" or "random_names".
    label, words
        How pages call it, and what it is, in a sentence.
    totals
        float64 (placebos,): total return of each, rising; empty where none
        could be drawn.
    beats
        How many of them the thesis beats by total return.
    same
        How many asked for exactly what the thesis asks for.
    why
        Why there are none; "" where there are.
    """

    name: Literal["random_dates", "random_names"]
    label: str
    words: Said
    totals: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    beats: int = 0
    same: int = 0
    why: Said = NOTHING

    @property
    def drawn(self) -> int:
        """How many."""
        return len(self.totals)

    @property
    def p_value(self) -> float | None:
        """Chance that a placebo does at least as well, the thesis itself counted among them.

        (placebos at least as good + 1) / (placebos + 1), never 0 (Phipson and
        Smyth 2010).
        """
        return (self.drawn - self.beats + 1) / (self.drawn + 1) if self.drawn else None


class Variant(NamedTuple):
    """The thesis with one thing changed."""

    name: str
    """As in `strategy.claims.FIGURES` before the point where it stands there: "lag_1", "slippage_20"; else its own:
    the id of a catalyst, a symbol."""
    label: str
    """As pages show it: "1 session later", "20 bp", the catalyst's title, the name of the stock; `Said` or plain."""
    value: float
    """Where it stands on the picture's axis; its place, counted from 0, where there is none."""
    outcome: Outcome
    kept: float | None
    """Its profit as a share of the thesis' own; None where the thesis made none."""
    source: str = ""
    """Of a catalyst that is left out: where it is told, as its file says it."""


@dataclass(frozen=True, slots=True)
class Family:
    """Variants that belong together.

    Parameters
    ----------
    name
        "lag", "costs", "slippage", "participation", "capital", "without_catalyst", "without_name",
        "without_session".
    label, words
        How pages call it, and what it is, in a sentence.
    variants
        In the order shown; of those left out in turn, the one that costs most first.
    of
        How many there were to be tried; more than `variants` where only the
        most important were.
    why
        Why there are none; "" where there are.
    """

    name: str
    label: str
    words: Said
    variants: tuple[Variant, ...] = ()
    of: int = 0
    why: Said = NOTHING

    @property
    def worst(self) -> Variant | None:
        """The one that makes least."""
        return min(self.variants, key=lambda one: one.outcome.final_equity, default=None)


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The names that the thesis bought, held in equal parts with its mean exposure.

    Parameters
    ----------
    outcome
        What they make.
    exposure
        Mean share of the account that the thesis had in names; what is held.
    names
        How many were bought.
    excess
        Total return of the thesis less theirs.
    equity, own
        int64 mills (sessions,): theirs, and the thesis'.
    leads
        float64 (replications,): mean daily lead of the thesis a year, in
        histories made of pieces of the one there was (stationary bootstrap),
        rising.
    p
        One-sided chance that a lead as large comes from luck; None where
        nothing was bought.
    """

    outcome: Outcome
    exposure: float
    names: int
    excess: float
    equity: NDArray[np.int64]
    own: NDArray[np.int64]
    leads: NDArray[np.float64]
    p: float | None


class Attempt(NamedTuple):
    """One attempt to break the thesis, in a line."""

    name: str
    """As in `strategy.claims.FIGURES`."""
    label: str
    figure: float | None
    """None where it does not exist."""
    text: str
    """The figure as shown."""
    held: bool | None
    """Whether the thesis held; None where it cannot be told."""
    words: Said
    """What it would take to hold, and what was seen, in a sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be said of one claim.

    Parameters
    ----------
    claim
        As stated.
    grade
        "survived", "weakened", "falsified" or "not_enough".
    words
        Why, in a sentence with its figure.
    figure, value
        The figure that decided, as in `strategy.claims.FIGURES`, and its value; None where it does not exist.
    mean, low, high, p
        Mean cumulative abnormal return over the claim's sessions, its 95% band and the adjusted p-value; above 0 is
        the way that the claim says, so that all are turned where its sign is -1; None where they do not exist.
    events
        How many it rests on, and `effective` independent ones.
    against
        Symbol of the benchmark that says what was to be expected; "" = each name's own mean.
    """

    claim: Claim
    grade: Grade
    words: Said
    figure: str
    value: float | None
    mean: float | None
    low: float | None
    high: float | None
    p: float | None
    events: int
    effective: float
    against: str = ""

    @property
    def tested(self) -> bool:
        """Whether its effect can be told from luck at all; where not, a criterion on "study.mean" cannot be asked."""
        return self.p is not None and self.low is not None


@dataclass(frozen=True, slots=True, eq=False)
class Falsified:
    """All that `falsify` found.

    Parameters
    ----------
    falsify_id
        Name of the report folder after "falsify-".
    record
        What it follows from; JSON types only.
    strategy, title, params
        The thesis, and its parameters by name.
    kinds
        Kinds of catalysts that it asks for; () = none.
    start, end
        First and last session, ISO.
    sessions, symbols
        How many.
    source_label, simulated, benchmark, command
        As in a `Result`; `benchmark` is its name, "" without one.
    asked
        Placebos and seed.
    base
        What the thesis makes.
    dates, names
        The placebos.
    families
        Lag, costs, slippage, participation, capital and what is left out, in the order shown.
    held
        Its names held; None where it bought nothing.
    attempts
        All attempts to break it, a line each.
    answers
        Its claims, answered, in their order.
    stamp
        When they were stated; None without claims, or where no report is written.
    grade, sentence
        The judgement, and why.
    figures
        Every figure of `strategy.claims.FIGURES` but "study.mean"; None where it does not exist.
    warnings
        What the reader must know, one sentence each.
    """

    falsify_id: str
    record: Mapping[str, Any]
    strategy: str
    title: str
    params: Mapping[str, object]
    kinds: tuple[str, ...]
    start: str
    end: str
    sessions: int
    symbols: int
    source_label: str
    simulated: bool
    benchmark: str
    command: str
    asked: Asked
    base: Outcome
    dates: Placebos
    names: Placebos
    families: tuple[Family, ...]
    held: Held | None
    attempts: tuple[Attempt, ...]
    answers: tuple[Answer, ...]
    stamp: Stamp | None
    grade: Grade
    sentence: Said
    figures: Mapping[str, float | None]
    warnings: tuple[Said, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON types."""
        return plain.as_dict(self)
