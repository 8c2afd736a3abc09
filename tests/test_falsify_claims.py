"""Claims answered: by the rules on figures, on markets with a planted effect, with none and with the contrary."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backfolio.falsify.claims import Effect, answer, answers, effect, figure_text, judge
from backfolio.falsify.model import Answer, Attempt
from backfolio.prepare import prepare
from backfolio.said import said
from backfolio.strategy import Claim
from backfolio.strategy.claims import FIGURES
from backfolio.study import HEADLINE, TESTS, Asked, Measured, Statistic, Window
from backfolio.targets import Targets
from studied import INDEX, SYMBOLS, Everyone, catalyst, market, studied, with_news

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.prepare import Prepared
    from backfolio.source import Source

KIND = "model_release"
SESSIONS = 460
EVENTS = tuple((row, SYMBOLS[at % 4]) for at, row in enumerate(range(140, 430, 9)))
"""Row and name of each, on days of their own."""

NO_FIGURES: dict[str, float | None] = dict.fromkeys(FIGURES)


def world(size: float, *, seed: int = 3, kind: str = KIND, strength: float = 1.0) -> Source:
    """Return a market in which each event moves its name by so much on its first session."""
    source = market(SESSIONS, seed=seed, effects=dict.fromkeys(EVENTS, size))
    days = source.bars.sessions
    news = [catalyst(f"n{row}", days[row - 1], (name,), kind=kind, strength=strength) for row, name in EVENTS]
    return with_news(source, *news)


def cut(source: Source, benchmark: str | None = INDEX, **window: str) -> Prepared:
    return prepare(Everyone, source, window.get("start"), window.get("end"), benchmark, covered=False)


def nothing_asked(prepared: Prepared) -> Targets:
    return Targets(np.full(prepared.bars.shape, -1, dtype=np.int16))


def answered(
    source: Source,
    *claims: Claim,
    kinds: tuple[str, ...] = (KIND,),
    figures: Mapping[str, float | None] = NO_FIGURES,
    benchmark: str | None = INDEX,
) -> tuple[Answer, ...]:
    prepared = cut(source, benchmark)
    return answers(claims, "mine", prepared, kinds, nothing_asked(prepared), figures)


@pytest.fixture(scope="module")
def risen() -> Source:
    return world(0.05)


@pytest.fixture(scope="module")
def fallen() -> Source:
    return world(-0.05)


def test_a_planted_effect_survives_and_the_contrary_is_falsified(risen: Source, fallen: Source) -> None:
    rise = Claim("They rise.", horizon=5, least=0.02)
    fall = Claim("They fall.", sign=-1, horizon=5, least=0.02)
    grades = {
        name: [one.grade for one in answered(source, rise, fall)] for name, source in (("up", risen), ("down", fallen))
    }
    assert grades == {"up": ["survived", "falsified"], "down": ["falsified", "survived"]}


def test_figures_are_turned_the_way_of_the_claim_and_words_say_them_as_they_are(fallen: Source) -> None:
    rise, fall = answered(fallen, Claim("Up.", horizon=5), Claim("Down.", sign=-1, horizon=5, least=0.01))
    assert rise.mean is not None
    assert fall.mean == -rise.mean > 0.03
    assert (fall.low, fall.high) == (-(rise.high or 0.0), -(rise.low or 0.0))
    assert fall.low is not None
    assert fall.high is not None
    assert fall.low < fall.mean < fall.high
    assert f"returned {-100 * fall.mean:.1f}% beyond what the benchmark explains" in fall.words
    assert "reaches the -1.0% that would be of use" in fall.words
    assert rise.words.endswith("independent ones: the other way than it says.")
    assert (fall.figure, fall.value) == ("study.mean", fall.mean)


def test_it_is_the_event_study_of_the_same_sessions(risen: Source) -> None:
    (one,) = answered(risen, Claim("Up.", horizon=8))
    headline = studied(risen, asked=Asked(Window(0, 8))).whole.headline
    assert (one.mean, one.low, one.high) == (headline.mean, headline.low, headline.high)
    assert one.p == headline.test(HEADLINE).p
    assert (one.events, one.effective, one.against) == (headline.events, headline.effective, INDEX)


def test_names_that_fall_after_bad_news_bear_out_a_claim_of_a_fall() -> None:
    source = world(-0.05, kind="analyst_downgrade", strength=-0.1)
    fall = Claim("Names follow it down.", sign=-1, horizon=5, least=0.02)
    down, up = answered(source, fall, replace(fall, sign=1), kinds=("analyst_downgrade", "target_cut"))
    assert (down.grade, up.grade) == ("survived", "falsified")
    assert "the names returned -" in down.words, "as they did, and as the claim says"
    assert "bad news turned" not in down.words


def test_bad_news_among_good_is_turned_and_the_words_say_so() -> None:
    source = world(-0.05, kind="policy", strength=-0.5)
    good = catalyst("good", source.bars.sessions[452], (SYMBOLS[0],), kind="policy")
    (one,) = answered(replace(source, catalysts=(*source.catalysts, good)), Claim("Up.", horizon=5), kinds=("policy",))
    assert one.grade == "survived"
    assert "beyond what the benchmark explains, bad news turned (95% band" in one.words
    (alone,) = answered(source, Claim("Up.", horizon=5), kinds=("policy",), benchmark=None)
    assert "beyond their own mean before, bad news turned (95% band" in alone.words


def on_any_days(source: Source, draws: int) -> list[str]:
    """Return what becomes of a claim where as many events fall on sessions drawn by lot, again and again."""
    generator, days = np.random.default_rng(7), source.bars.sessions
    grades = []
    for _ in range(draws):
        rows = generator.choice(np.arange(140, 450), len(EVENTS), replace=False)
        news = [catalyst(f"n{row}", days[row - 1], (SYMBOLS[row % 4],)) for row in rows.tolist()]
        grades.append(answered(with_news(source, *news), Claim("Up.", horizon=5))[0].grade)
    return grades


def test_where_news_falls_on_any_day_a_claim_is_weakened_and_seldom_survives(risen: Source) -> None:
    grades = on_any_days(world(0.0), 40)
    assert set(grades) <= {"weakened", "survived", "falsified"}
    assert grades.count("weakened") >= 33
    assert grades.count("survived") <= 5
    assert answered(risen, Claim("Up.", horizon=5))[0].grade == "survived", "of as many events"


def test_an_effect_that_is_certainly_too_small_is_falsified_and_an_uncertain_one_weakened() -> None:
    small = world(0.012)
    (too_small,) = answered(small, Claim("Up.", horizon=0, least=0.05))
    assert too_small.grade == "falsified"
    assert too_small.words.endswith("the whole band falls short of the +5.0% that would be of use.")


def test_of_a_claim_with_kinds_of_its_own_only_these_count(risen: Source) -> None:
    more = replace(
        risen, catalysts=(*risen.catalysts, catalyst("p", risen.bars.sessions[200], ("600519.SH",), "policy"))
    )
    both, own = answered(more, Claim("All."), Claim("Policy.", kinds=("policy",)), kinds=(KIND, "policy"))
    assert both.events == len(EVENTS) + 1
    assert (own.events, own.grade) == (1, "not_enough")
    assert own.words == "One event only of those it speaks of can be measured, and one has no spread to be judged by."
    (none,) = answered(more, Claim("Capital.", kinds=("capital_spending",)))
    assert (none.grade, none.mean, none.p, none.events) == ("not_enough", None, None, 0)
    assert none.words.startswith("No event of those it speaks of can be measured (0 found)")


def test_without_catalysts_its_decisions_to_buy_are_the_events(risen: Source) -> None:
    prepared = cut(replace(risen, catalysts=()))
    weights = np.full(prepared.bars.shape, 0, dtype=np.int16)
    for row, name in EVENTS:
        weights[row - 1 : row + 4, prepared.bars.symbols.index(name)] = 2_000
    claim = Claim("Up.", horizon=5, least=0.02)
    (own,) = answers([claim], "mine", prepared, (), Targets(weights), NO_FIGURES)
    (given,) = answered(risen, claim)
    assert own == given
    (none,) = answers([claim], "mine", prepared, (), nothing_asked(prepared), NO_FIGURES)
    assert none.grade == "not_enough"


def test_events_of_the_window_alone_count(risen: Source) -> None:
    days = risen.bars.sessions
    prepared = cut(risen, start=str(days[300]), end=str(days[380]))
    (one,) = answers([Claim("Up.", horizon=5)], "mine", prepared, (KIND,), nothing_asked(prepared), NO_FIGURES)
    assert one.events == sum(300 <= row <= 375 for row, _ in EVENTS)


def test_without_a_benchmark_that_covers_it_each_name_is_held_against_its_own_mean(risen: Source) -> None:
    (alone,) = answered(risen, Claim("Up.", horizon=5), benchmark=None)
    closes = risen.bars.index_close[INDEX].copy()
    closes[:30] = np.nan
    short = replace(risen, bars=replace(risen.bars, index_close={INDEX: closes}))
    (cut_off,) = answered(short, Claim("Up.", horizon=5))
    assert alone == cut_off
    assert alone.against == ""
    assert "beyond their own mean before (95% band" in alone.words


def test_one_release_on_many_names_is_not_many_events(risen: Source) -> None:
    news = [catalyst(name, risen.bars.sessions[200], (name,)) for name in SYMBOLS]
    days = [catalyst(f"d{row}", risen.bars.sessions[row], (SYMBOLS[0],)) for row in (200, 240, 280, 320)]
    (shared,) = answered(with_news(risen, *news), Claim("Up.", horizon=5), benchmark=None)
    (apart,) = answered(with_news(risen, *days), Claim("Up.", horizon=5), benchmark=None)
    assert shared.events == apart.events == 4
    assert shared.effective < 2.5
    assert apart.effective == 4.0


def measured(
    mean: float, width: float, p: float | None, *, effective: float = 12.0, events: int = 20, way: int = 0
) -> Measured:
    tests = {name: Statistic(name) for name in TESTS}
    if p is not None:
        tests[HEADLINE] = Statistic(HEADLINE, float(way or np.sign(mean)), p)
    known = p is not None
    return Measured(
        Window(0, 20), events, mean, mean - width if known else None, mean + width if known else None, 0.1, effective,
        tuple(tests.values()),
    )  # fmt: skip


FOUND = measured(0.03, 0.02, 0.01)
UP = Claim("Up.", least=0.02)


@pytest.mark.parametrize(
    ("claim", "seen", "figures", "grade", "figure", "words"),
    [
        (UP, FOUND, {}, "survived", "study.mean", "reaches the +2.0% that would be of use."),
        (replace(UP, least=0.0), FOUND, {}, "survived", "study.mean", "the way it says."),
        (UP, measured(0.015, 0.01, 0.01), {}, "weakened", "study.mean", "falls short of the +2.0%"),
        (UP, measured(0.03, 0.04, 0.2), {}, "weakened", "study.mean", "cannot be told from luck."),
        (UP, measured(0.03, 0.02, 0.05), {}, "weakened", "study.mean", "cannot be told from luck."),
        (UP, measured(0.03, 0.02, 0.01, way=-1), {}, "weakened", "study.mean", "points the other way"),
        (UP, measured(-0.03, 0.02, 0.01), {}, "falsified", "study.mean", "the other way than it says."),
        (UP, measured(-0.03, 0.06, 0.01), {}, "weakened", "study.mean", "the other way than it says, but the"),
        (UP, measured(0.03, 0.03, 0.01), {}, "weakened", "study.mean", "counts alike, holds 0."),
        (UP, measured(0.005, 0.01, 0.4), {}, "falsified", "study.mean", "falls short of the +2.0%"),
        (replace(UP, sign=-1), measured(-0.005, 0.01, 0.4), {}, "falsified", "study.mean", "short of the -2.0%"),
        (replace(UP, sign=-1), measured(-0.03, 0.02, 0.01), {}, "survived", "study.mean", "reaches the -2.0%"),
        (UP, measured(0.03, 0.02, None, events=1, effective=1.0), {}, "not_enough", "study.mean", "One event only"),
        (UP, measured(0.03, 0.02, None, effective=1.4), {}, "not_enough", "study.mean", "as much as 1.4 independent"),
        (UP, measured(0.03, 0.02, None), {}, "not_enough", "study.mean", "have no spread"),
        (
            replace(UP, kills=("random_names.p > 0.1",)), FOUND, {"random_names.p": 0.23}, "falsified",
            "random_names.p", "Its kill criterion random_names.p > 0.1 is met, at 0.230 (chance that the same trades",
        ),
        (
            replace(UP, kills=("random_names.p > 0.1",)), FOUND, {"random_names.p": 0.04}, "survived",
            "study.mean", "way",
        ),
        (  # luck that a criterion speaks of must be ruled out
            replace(UP, kills=("random_names.p > 0.1",)), FOUND, {"random_names.p": 0.1}, "weakened",
            "random_names.p", "is not met, but at 0.100 luck is not ruled out (chance that the same trades",
        ),
        (  # what is no chance need only not be met
            replace(UP, kills=("lag_1.kept < 0.5",)), FOUND, {"lag_1.kept": 0.6}, "survived", "study.mean", "way",
        ),
        (
            replace(UP, kills=("random_names.p > 0.1",)), FOUND, {}, "not_enough",
            "random_names.p", "cannot be asked, for that figure does not exist here",
        ),
        (  # what is measured against it outweighs a figure that is missing
            replace(UP, kills=("random_names.p > 0.1",)), measured(-0.03, 0.02, 0.01), {}, "falsified",
            "study.mean", "the other way",
        ),
        (  # a kill criterion needs no study
            replace(UP, kills=("random_names.p > 0.1", "total_return < 0")),
            measured(0.03, 0.02, None, events=1, effective=1.0),
            {"total_return": -0.02}, "falsified", "total_return", "is met, at -2.0% (what the thesis made).",
        ),
        (replace(UP, kills=("study.mean < 0.04",)), FOUND, {}, "falsified", "study.mean", "is met, at +3.0%"),
        (
            replace(UP, sign=-1, kills=("study.mean < 0.04",)), measured(-0.03, 0.02, 0.01), {}, "falsified",
            "study.mean", "is met, at +3.0%",
        ),
        (  # a mean that cannot be told from luck ends nothing
            replace(UP, kills=("study.mean < 0",)), measured(-0.03, 0.02, None, effective=1.4), {}, "not_enough",
            "study.mean", "independent ones",
        ),
        (
            replace(UP, kills=("lag_1.kept < 0.5", "total_return < 0")), FOUND,
            {"lag_1.kept": 0.4, "total_return": -0.1}, "falsified", "lag_1.kept", "at 40% (share of its profit",
        ),
    ],
)  # fmt: skip
def test_rules(claim: Claim, seen: Measured, figures: dict[str, float], grade: str, figure: str, words: str) -> None:
    one = answer(claim, Effect(seen, 25, 15, INDEX), {**NO_FIGURES, **figures})
    assert (one.grade, one.figure) == (grade, figure), one.words
    assert one.tested == (seen.low is not None)
    assert words in one.words


def graded(grade: Any, words: str = "Because.") -> Answer:
    one = answer(UP, Effect(FOUND, 25, 15, INDEX), NO_FIGURES)
    return replace(one, grade=grade, words=said(words))


@pytest.mark.parametrize(
    ("grades", "worst", "words"),
    [
        (("survived",), "survived", "Because survived."),
        (("survived", "survived"), "survived", "Of 2 claims: 2 survived. The one that decides: Because survived."),
        (
            ("survived", "not_enough", "weakened"), "not_enough",
            "Of 3 claims: 1 without enough evidence, 1 weakened, 1 survived. The one that decides: Because not_enough.",
        ),
        (
            ("weakened", "survived"), "weakened",
            "Of 2 claims: 1 weakened, 1 survived. The one that decides: Because weakened.",
        ),
        (
            ("not_enough", "falsified"), "falsified",
            "Of 2 claims: 1 falsified, 1 without enough evidence. The one that decides: Because falsified.",
        ),
    ],
)  # fmt: skip
def test_the_worst_answer_judges(grades: tuple[str, ...], worst: str, words: str) -> None:
    assert judge([graded(grade, f"Because {grade}.") for grade in grades], []) == (worst, words)


def attempt(name: str, figure: float | None, *, held: bool | None) -> Attempt:
    return Attempt(name, name, figure, "", held, said(""))


def test_without_claims_the_attempts_are_counted() -> None:
    tried = [
        attempt("random_dates.p", 0.012, held=True),
        attempt("random_names.p", 0.4, held=False),
        attempt("hold.excess", None, held=None),
    ]
    grade, sentence = judge([], tried)
    assert grade == "unclaimed"
    assert sentence == (
        "It states no claim that could be answered. 1 of 2 attempts to break it failed; p is 0.012 against random "
        "dates, 0.400 against random names."
    )
    assert "p is n/a against random dates" in judge([], [])[1]


@pytest.mark.parametrize(
    ("figure", "value", "text"),
    [("hold.p", 0.0321, "0.032"), ("early_1.kept", 1.4, "140%"), ("capital_x10.total_return", -0.034, "-3.4%")],
)
def test_figures_as_they_are_written(figure: str, value: float, text: str) -> None:
    assert figure_text(figure, value) == text


@pytest.mark.slow
def test_size_and_power_over_many_worlds() -> None:
    null = [grade for seed in range(5) for grade in on_any_days(world(0.0, seed=20 + seed), 50)]
    # two-sided at 5%: 2.5% each way of 250, within a binomial bound of 99.9%
    assert null.count("survived") <= 15
    assert null.count("falsified") <= 15
    assert null.count("weakened") >= 222
    found = [answered(world(0.04, seed=40 + seed), Claim("Up.", horizon=5))[0].grade for seed in range(20)]
    assert found.count("survived") >= 19


def test_effect_counts_what_was_found() -> None:
    source = world(0.0)
    prepared = cut(source)
    seen = effect(prepared.known, (KIND,), prepared.rows, 40)
    late = sum(row + 40 >= SESSIONS for row, _ in EVENTS)
    assert late
    assert (seen.found, seen.measured.events, seen.sessions) == (len(EVENTS), len(EVENTS) - late, len(EVENTS) - late)
