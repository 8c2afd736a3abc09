"""What is to be said of a thesis' claims: each answered by one figure, and the judgement over all.

The effect that a claim speaks of is measured by the event study's own code
(`backfolio.study`): the mean cumulative abnormal return of its events over the
sessions 0 to its horizon, by the market model where there is a benchmark, else
against each name's own mean, with the band and the test that allow for shared
days (Kolari and Pynnönen 2010). Where bad news is among other news it is
turned, as there; of kinds that are bad news alone (`events.FALLING`) the names'
own returns are taken, so that names which fall after a downgrade bear out a
claim of a fall. The rules, the first that holds:

1. a kill criterion is met: *falsified*, whatever the study can say, for the
   thesis itself said what would show that it is wrong;
2. the effect differs from 0 at 5% (two-sided) against the claim, by the test
   and the 95% band, or the whole band lies below the least effect that would be
   of use: *falsified*;
3. no event or one, fewer independent ones than a test needs, no spread among
   them, or a figure that a kill criterion names does not exist: *not_enough*;
4. the effect differs from 0 at 5% the way of the claim, by the test and the
   band, and is at least the least one, and each chance of luck that a kill criterion names lies below
   5%: *survived*;
5. else *weakened*.

Of several claims the worst says what became of the thesis.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from backfolio.falsify.model import LEVEL, Answer
from backfolio.history import History
from backfolio.history.prices import floats
from backfolio.said import chance, counted, listed, said
from backfolio.strategy.claims import FIGURES, is_chance
from backfolio.study import curves
from backfolio.study.decisions import KIND, decisions
from backfolio.study.events import FALLING, find_events
from backfolio.study.judge import FEW, FLAT, p_words, percent
from backfolio.study.measured import HEADLINE, LEAST_EFFECTIVE, Measured
from backfolio.study.model import Asked, Window
from backfolio.study.returns import abnormal, panel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from backfolio.falsify.model import Attempt, Grade
    from backfolio.prepare import Prepared
    from backfolio.said import Said
    from backfolio.strategy.claims import Claim, Kill
    from backfolio.targets import Targets


def answers(
    claims: Sequence[Claim],
    thesis: str,
    prepared: Prepared,
    kinds: Sequence[str],
    targets: Targets,
    figures: Mapping[str, float | None],
) -> tuple[Answer, ...]:
    """Answer each claim.

    Parameters
    ----------
    claims
        As the thesis states them.
    thesis
        Its name.
    prepared
        Its market; `known` is what events are looked for in, `rows` the window.
    kinds
        Kinds of catalysts that the thesis asks for; () = none, and its own
        decisions to buy are the events.
    targets
        What it asks for in the window.
    figures
        Of `strategy.claims.FIGURES`, all but "study.mean", which is measured
        here, claim by claim; None where one does not exist.

    Returns
    -------
    answers
        In the order of the claims.
    """
    known = prepared.known
    own = (
        History(known.bars, decisions(targets, known, thesis), known.universe, known.benchmark_symbol)
        if not kinds and any(not claim.kinds for claim in claims)
        else known
    )
    answered = []
    for claim in claims:
        asked = claim.kinds or tuple(kinds)
        history, of = (known, asked) if asked else (own, (KIND,))
        answered.append(answer(claim, effect(history, of, prepared.rows, claim.horizon), figures))
    return tuple(answered)


class Effect(NamedTuple):
    """What the event study says of a claim.

    Parameters
    ----------
    measured
        Over the sessions 0 to its horizon.
    found
        Events, those that cannot be measured included.
    sessions
        Different sessions among the measured.
    against
        Symbol of the benchmark that says what was to be expected; "" = each name's own mean.
    turned
        Whether there is bad news among other news, whose returns are turned.
    """

    measured: Measured
    found: int
    sessions: int
    against: str
    turned: bool = False

    @property
    def enough(self) -> bool:
        """Whether it can be told from luck at all."""
        one = self.measured
        told = one.test(HEADLINE).p is not None and one.mean is not None and one.low is not None
        return told and one.effective >= LEAST_EFFECTIVE


def effect(history: History, kinds: Sequence[str], rows: tuple[int, int], horizon: int) -> Effect:
    """Measure what names did from their first tradable session to `horizon` sessions after it.

    By the market model where the history has a benchmark with a close on every
    session that is needed, else by the mean model.

    Parameters
    ----------
    history
        What was known at the end.
    kinds
        Of catalysts whose events count.
    rows
        First row of those on which a catalyst must first have been able to act, and the row after the last.
    """
    inside = Window(0, horizon)
    asked = Asked(inside)
    bars = history.bars
    market = None if history.benchmark_symbol is None else bars.index_close[history.benchmark_symbol]
    seen = panel(floats(bars, "close", adjusted=True), bars.traded, market, log=True)
    found = find_events(history, seen, kinds, asked, rows)
    used = [event for event in found if not event.left_out]
    if not used:
        return Effect(curves.nothing([inside])[0], len(found), 0, "")
    if market is None or not _covers(market, [event.row for event in used], asked):
        market, asked = None, Asked(inside, model="mean")
        seen = replace(seen, market=None)
    directions = np.ones(len(used)) if {*kinds} <= {*FALLING} else np.array([float(event.direction) for event in used])
    drawn = curves.sample(
        abnormal(seen, [event.row for event in used], [event.column for event in used], asked), directions
    )
    against = "" if market is None else history.benchmark_symbol or ""
    sessions = len({event.row for event in used})
    return Effect(curves.measure(drawn, inside), len(found), sessions, against, bool((directions < 0.0).any()))


def _covers(market: NDArray[np.float64], rows: Sequence[int], asked: Asked) -> bool:
    """Tell whether the benchmark has a close wherever events are estimated or measured."""
    begin = max(min(rows) + asked.window.first - asked.estimation - 1, 0)
    return bool((market[begin : max(rows) + asked.window.last + 1] > 0.0).all())


def answer(claim: Claim, seen: Effect, figures: Mapping[str, float | None]) -> Answer:
    """Answer one claim; the rules stand at the top of this module."""
    measured, turned = seen.measured, claim.sign
    mean = None if measured.mean is None else turned * measured.mean
    ends = () if measured.low is None or measured.high is None else (turned * measured.low, turned * measured.high)
    told = {**figures, "study.mean": mean if seen.enough else None}
    grade, words, figure = _graded(claim, seen, mean, ends, told)
    return Answer(
        claim=claim,
        grade=grade,
        words=words,
        figure=figure,
        value=told.get(figure),
        mean=mean,
        low=min(ends, default=None),
        high=max(ends, default=None),
        p=measured.test(HEADLINE).p,
        events=measured.events,
        effective=measured.effective,
        against=seen.against,
    )


class _Said(NamedTuple):
    grade: Grade
    words: Said
    figure: str


def _graded(
    claim: Claim, seen: Effect, mean: float | None, ends: tuple[float, ...], told: Mapping[str, float | None]
) -> _Said:
    values = [(kill, told.get(kill.figure)) for kill in claim.criteria]
    met = next(((kill, value) for kill, value in values if value is not None and kill.met(value)), None)
    if met is not None:
        return _Said("falsified", _of_kill(MET, *met), met[0].figure)
    judged = None
    if seen.enough and mean is not None:
        judged = _by_effect(claim, seen, mean, ends)
        if judged.grade == "falsified":
            return judged
    missing = next((kill for kill, value in values if value is None and kill.figure != "study.mean"), None)
    if missing is not None:
        return _Said("not_enough", _of_kill(MISSING, missing, None), missing.figure)
    if judged is None:
        return _Said("not_enough", _too_little(seen), "study.mean")
    lucky = next(((kill, p) for kill, p in values if p is not None and is_chance(kill.figure) and p >= LEVEL), None)
    if judged.grade == "survived" and lucky is not None:
        return _Said("weakened", _of_kill(LUCKY, *lucky), lucky[0].figure)
    return judged


def _by_effect(claim: Claim, seen: Effect, mean: float, ends: tuple[float, ...]) -> _Said:
    """Grade what is measured and can be tested."""
    test = seen.measured.test(HEADLINE)
    way = claim.sign * (test.statistic or 0.0)
    sure = test.p is not None and test.p < LEVEL
    rules: tuple[tuple[bool, Grade, str], ...] = (
        (sure and way < 0.0 and max(ends) < 0.0, "falsified", AGAINST),
        (max(ends) < claim.least, "falsified", BELOW if claim.least else AGAINST),
        (not sure, "weakened", UNSURE),
        (way < 0.0 and mean < 0.0, "weakened", DOUBTED),
        (way < 0.0 or mean <= 0.0, "weakened", TORN),
        (min(ends) <= 0.0, "weakened", BANDED),
        (mean < claim.least, "weakened", SMALL),
    )
    grade, template = next(
        ((grade, template) for holds, grade, template in rules if holds), ("survived", ENOUGH if claim.least else RIGHT)
    )
    return _of_effect(grade, template, claim, seen)


EFFECT: Final = (
    "Over %(sessions)s the names returned %(mean)s beyond %(expected)s (95% band %(low)s to %(high)s), "
    "p %(p)s, by %(n)s that say as much as %(effective)s independent ones: "
)
RIGHT: Final = EFFECT + "the way it says."
ENOUGH: Final = EFFECT + "the way it says, and reaches the %(least)s that would be of use."
SMALL: Final = EFFECT + "the way it says, but falls short of the %(least)s that would be of use."
UNSURE: Final = EFFECT + "that cannot be told from luck."
BANDED: Final = EFFECT + "the way it says, but the band, in which every event counts alike, holds 0."
DOUBTED: Final = EFFECT + "the other way than it says, but the band, in which every event counts alike, holds 0."
TORN: Final = EFFECT + "but the test, in which restless names count for less, points the other way than the mean."
AGAINST: Final = EFFECT + "the other way than it says."
BELOW: Final = EFFECT + "the whole band falls short of the %(least)s that would be of use."
"""Why a claim has its grade; templates, as pages look them up."""

EXPECTED: Final = "what the benchmark explains"
OWN_MEAN: Final = "their own mean before"
EXPECTED_TURNED: Final = "what the benchmark explains, bad news turned"
OWN_MEAN_TURNED: Final = "their own mean before, bad news turned"
"""What the effect is held against, by the market model and by the mean model."""

NONE: Final = "No event of those it speaks of can be measured (%(found)s found), so nothing can be said of it."
ONE: Final = "One event only of those it speaks of can be measured, and one has no spread to be judged by."
MET: Final = "Its kill criterion %(kill)s is met, at %(value)s (%(figure)s)."
LUCKY: Final = (
    "The effect is there, and its kill criterion %(kill)s is not met, but at %(value)s luck is not ruled out "
    "(%(figure)s)."
)
MISSING: Final = "Its kill criterion %(kill)s cannot be asked, for that figure does not exist here (%(figure)s)."


def _of_effect(grade: Grade, template: str, claim: Claim, seen: Effect) -> _Said:
    one = seen.measured
    words = said(
        template,
        sessions=claim.sessions,
        mean=percent(one.mean or 0.0),
        expected=_expected(seen),
        low=percent(one.low or 0.0),
        high=percent(one.high or 0.0),
        p=chance(one.test(HEADLINE).p or 0.0),
        n=counted(one.events, "event"),
        effective=f"{one.effective:.1f}",
        least=percent(claim.sign * claim.least),
    )
    return _Said(grade, words, "study.mean")


def _expected(seen: Effect) -> Said:
    if seen.turned:
        return said(EXPECTED_TURNED if seen.against else OWN_MEAN_TURNED)
    return said(EXPECTED if seen.against else OWN_MEAN)


def _of_kill(template: str, kill: Kill, value: float | None) -> Said:
    written = "" if value is None else figure_text(kill.figure, value)
    return said(template, kill=str(kill), value=written, figure=said(FIGURES[kill.figure]))


def _too_little(seen: Effect) -> Said:
    one = seen.measured
    if one.events < 2:  # noqa: PLR2004
        return said(ONE) if one.events else said(NONE, found=f"{seen.found:,}")
    values: dict[str, str] = {"n": counted(one.events, "event"), "sessions": counted(seen.sessions, "session")}
    values["effective"] = f"{one.effective:.1f}"
    if one.effective < LEAST_EFFECTIVE:
        return said(FEW, **values, least=f"{LEAST_EFFECTIVE:g}")
    return said(FLAT, **values)


def figure_text(figure: str, value: float) -> str:
    """Write a figure of `strategy.claims.FIGURES`: a chance as "0.032", a share as "40%", a return as "+3.4%"."""
    if is_chance(figure):
        return p_words(value)
    return f"{value:.0%}" if figure.endswith(".kept") else percent(value)


SEVERITY: Final[Mapping[Grade, str]] = {
    "falsified": "%(n)s falsified",
    "not_enough": "%(n)s without enough evidence",
    "weakened": "%(n)s weakened",
    "survived": "%(n)s survived",
}
"""Grades of claims, the worst first, and how many have one."""

OVERALL: Final = "Of %(claims)s: %(counts)s. The one that decides: %(words)s"
UNCLAIMED: Final = (
    "It states no claim that could be answered. %(held)s of %(asked)s attempts to break it failed; p is %(dates)s "
    "against random dates, %(names)s against random names."
)


def judge(answered: Sequence[Answer], attempts: Sequence[Attempt]) -> tuple[Grade, Said]:
    """Judge a thesis: the worst of its answers, falsified before not enough before weakened before survived.

    Without claims "unclaimed": how many of the attempts to break it failed, and
    the two placebos' p-values.
    """
    if not answered:
        told = {attempt.name: attempt.figure for attempt in attempts}
        chances = {name: told.get(f"random_{name}.p") for name in ("dates", "names")}
        words = {name: said("n/a") if p is None else p_words(p) for name, p in chances.items()}
        asked = [attempt.held for attempt in attempts if attempt.held is not None]
        return "unclaimed", said(UNCLAIMED, held=f"{sum(asked):,}", asked=f"{len(asked):,}", **words)
    order = list(SEVERITY)
    worst = min(answered, key=lambda one: order.index(one.grade))
    if len(answered) == 1:
        return worst.grade, worst.words
    counts = {grade: sum(one.grade == grade for one in answered) for grade in order}
    parts = [said(SEVERITY[grade], n=f"{count:,}") for grade, count in counts.items() if count]
    claims = counted(len(answered), "claim")
    return worst.grade, said(OVERALL, claims=claims, counts=listed(parts), words=worst.words)
