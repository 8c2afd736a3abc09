"""The verdict as a page shows it: its sentence, its figures with their meaning, and two drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from markupsafe import Markup

from backfolio.metrics import NOT_AVAILABLE
from backfolio.report.tune.overfit import degradation_chart, logit_chart

if TYPE_CHECKING:
    from collections.abc import Callable

    from backfolio.verdict import Verdict

KINDS: Final = {"luck": "bad", "doubtful": "doubt", "some evidence": "good"}
"""Grade to the class that colours it."""

GRADES: Final = {"luck": "Treat it as luck", "doubtful": "Doubtful", "some evidence": "Some evidence"}

NONE: Final = "No verdict"


class Judgement(NamedTuple):
    """One figure of the verdict; `reason` says why there is none."""

    label: str
    value: str
    words: str
    reason: str = ""


class Judged(NamedTuple):
    """The verdict in words, its class, what to beware of, and its figures by group."""

    kind: str
    grade: str
    sentence: str
    warnings: list[str]
    groups: list[tuple[str, list[Judgement]]]


def judged(verdict: Verdict | None, without: str) -> Judged:
    """Return what the page says of a verdict; `without` is the sentence where there is none."""
    if verdict is None:
        return Judged("", NONE, without, [], [])
    warnings = [*(cliff.sentence for cliff in verdict.cliffs), *verdict.notes]
    return Judged(KINDS[verdict.grade], GRADES[verdict.grade], verdict.sentence, warnings, _groups(verdict))


def grade_of(verdict: Verdict | None) -> str:
    """Return the grade as lists of tunes show it."""
    return NONE if verdict is None else GRADES[verdict.grade]


def drawings(verdict: Verdict | None) -> dict[str, object] | None:
    """Return the drawings of the cross-validation and their captions; None where it was not made."""
    if verdict is None or not verdict.logit_counts or verdict.pbo is None:
        return None
    pairs = np.array(verdict.degradation, dtype=np.float64).reshape(-1, 2)
    splits = f"{verdict.splits:,} ways to halve {verdict.blocks} blocks of sessions"
    logits = logit_chart(
        np.array(verdict.logit_edges),
        np.array(verdict.logit_counts, dtype=np.int64),
        "Logits of the rank out of sample",
    )
    scatter = ""
    if len(pairs):
        line = (verdict.degradation_intercept, verdict.degradation_slope)
        scatter = degradation_chart(pairs[:, 0], pairs[:, 1], *line, "Sharpe ratio in sample against out of sample")
    slope = verdict.degradation_slope
    return {
        "logits": Markup(logits),  # noqa: S704  every text in it is escaped where it is drawn
        "logit_words": (
            f"In each of the {splits}, the trial that was best in one half was ranked among all in the other. "
            f"Left of 0 (orange) it was in the worse half: {_share(verdict.pbo)} of the ways, the probability of "
            "backtest overfitting."
        ),
        "degradation": Markup(scatter),  # noqa: S704
        "degradation_words": (
            "A dot is a split: the Sharpe ratio that the chosen trial showed where it was chosen, and what it showed "
            "on the sessions it had not seen."
            + ("" if slope is None else f" The line {_moves(slope)} for each 1 in sample.")
            + ("" if verdict.probability_of_loss is None else f" {_share(verdict.probability_of_loss)} lost (orange).")
        ),
    }


def _groups(verdict: Verdict) -> list[tuple[str, list[Judgement]]]:
    def row(name: str, label: str, write: Callable[[float], str], words: str) -> Judgement:
        value = getattr(verdict, name)
        if value is None:
            return Judgement(label, NOT_AVAILABLE, words, verdict.reasons.get(name, ""))
        return Judgement(label, write(value), words)

    rival = "the benchmark" if verdict.compared_with == "benchmark" else "cash"
    here = "" if verdict.trials_ever == verdict.trials else f" {verdict.trials:,} of them in this tune."
    many = [
        Judgement(
            "Trials ever",
            f"{verdict.trials_ever:,}",
            f"Parameter sets ever tried on this thesis and data.{here} The corrections below count them all.",
        ),
        row("sharpe", "Sharpe ratio of the winner", _ratio, f"Over {verdict.sessions:,} sessions, a year."),
        row(
            "probabilistic_sharpe",
            "Probabilistic Sharpe",
            _share,
            "Probability that its true Sharpe ratio is above 0, had it been the only try.",
        ),
        row(
            "expected_max_sharpe",
            "Expected maximum of luck",
            _ratio,
            "The best Sharpe ratio that as many tries without any merit would show, were they as far apart as all of "
            "these are.",
        ),
        row(
            "deflated_sharpe",
            "Deflated Sharpe (DSR)",
            _share,
            "Probability that its true Sharpe ratio is above 0, although the best of many was picked; 95% clears it.",
        ),
        row(
            "haircut_sharpe",
            "Sharpe ratio after a haircut",
            lambda value: f"{_ratio(value)}{'' if verdict.haircut is None else f' ({_share(verdict.haircut)} off)'}",
            "What is left once its p-value is multiplied by the number of tries (Bonferroni).",
        ),
        row(
            "min_track_sessions",
            "Minimum track record (MinTRL)",
            lambda value: f"{value:,.0f} sessions",
            "Length at which such a Sharpe ratio, as the only try, would be above 0 with 95% confidence; "
            f"the window has {verdict.sessions:,}.",
        ),
        row(
            "min_backtest_years",
            "Minimum backtest length",
            _years,
            "Below it, as many tries without any merit would show such a Sharpe ratio; "
            f"the window has {_years(verdict.years)}.",
        ),
    ]
    splits = "" if verdict.splits is None else f" ({verdict.splits:,} splits of {verdict.blocks} blocks)"
    overfit = [
        row(
            "pbo",
            "Backtest overfitting (PBO)",
            _share,
            f"Share of the splits{splits} in which the best of one half was no better than the median trial in the "
            "other; a search that finds something real is near 0, a blind one at 50%.",
        ),
        row(
            "probability_of_loss", "Probability of loss", _share, "Share of the splits in which it lost out of sample."
        ),
        row(
            "degradation_slope",
            "Degradation slope",
            _ratio,
            "Change of the Sharpe ratio out of sample for each 1 in sample; below 0, a better fit did worse.",
        ),
    ]
    bounds = ""
    if verdict.spa_lower is not None and verdict.spa_upper is not None:
        bounds = f" It lies between {_share(verdict.spa_lower)} and {_share(verdict.spa_upper)}."
    histories = "" if verdict.replications is None else f"; {verdict.replications:,} bootstrap histories"
    against = [
        row(
            "spa_consistent",
            "Superior ability (SPA)",
            _share,
            f"p-value of Hansen's test: how likely luck alone would beat {rival} as clearly{histories}; "
            f"up to 5% clears it.{bounds}",
        ),
        row(
            "reality_check",
            "Reality check",
            _share,
            "p-value of White's test, the same question without setting poor trials aside.",
        ),
    ]
    around = [
        row(
            "plateau",
            "Plateau",
            _share,
            "Share of the winner's edge over the median trial that its median neighbour keeps "
            f"({verdict.neighbours} of {verdict.neighbours_possible} neighbours were tried); 100% is flat ground, "
            "where the edge is within the error of the score.",
        ),
        row("neighbour_score", "Median score of the neighbours", _ratio, "Trials one step away along one parameter."),
        Judgement(
            "Cliffs",
            f"{len(verdict.cliffs)}",
            " ".join(cliff.sentence for cliff in verdict.cliffs)
            or "Steps off the winner along one parameter that cost more than half of its edge.",
        ),
    ]
    return [
        ("The many tries", many),
        ("Out of sample, by cross-validation", overfit),
        (f"Against {rival}", against),
        ("The neighbours", around),
    ]


def _moves(slope: float) -> str:
    return f"{'falls' if slope < 0.0 else 'rises'} by {_ratio(abs(slope))}"


def _ratio(value: float) -> str:
    return f"{value if round(value, 2) else 0.0:.2f}"


def _share(value: float) -> str:
    """Write a probability; what is not 0 or 1 is never rounded to it."""
    if 0.0 < value < 0.0005:  # noqa: PLR2004
        return "under 0.1%"
    return "over 99.9%" if 0.9995 <= value < 1.0 else f"{value:.1%}"  # noqa: PLR2004


def _years(value: float) -> str:
    return f"{value:,.1f} years"
