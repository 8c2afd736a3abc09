"""The verdict as a page shows it: its sentence, its figures with their meaning, and two drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from markupsafe import Markup

from backfolio.metrics import NOT_AVAILABLE
from backfolio.report.lang import translate
from backfolio.report.tune.overfit import degradation_chart, logit_chart
from backfolio.said import listed, said
from backfolio.verdict.model import rival

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backfolio.report.look import Lang
    from backfolio.said import Said
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


def drawings(verdict: Verdict | None, lang: Lang = "en") -> dict[str, object] | None:
    """Return the drawings of the cross-validation and their captions; None where it was not made."""
    if verdict is None or not verdict.logit_counts or verdict.pbo is None:
        return None
    pairs = np.array(verdict.degradation, dtype=np.float64).reshape(-1, 2)
    logits = logit_chart(
        np.array(verdict.logit_edges),
        np.array(verdict.logit_counts, dtype=np.int64),
        translate("Logits of the rank out of sample", lang),
        lang,
    )
    scatter = ""
    if len(pairs):
        line = (verdict.degradation_intercept, verdict.degradation_slope)
        label = translate("Sharpe ratio in sample against out of sample", lang)
        scatter = degradation_chart(pairs[:, 0], pairs[:, 1], *line, label, lang)
    return {
        "logits": Markup(logits),  # noqa: S704  every text in it is escaped where it is drawn
        "logit_words": said(
            "In each of the %(splits)s ways to halve %(blocks)s blocks of sessions, the trial that was best in one "
            "half was ranked among all in the other. Left of 0 (orange) it was in the worse half: %(share)s of the "
            "ways, the probability of backtest overfitting.",
            splits=f"{verdict.splits:,}",
            blocks=verdict.blocks,
            share=_share(verdict.pbo),
        ),
        "degradation": Markup(scatter),  # noqa: S704
        "degradation_words": listed(_degradation_words(verdict), " "),
    }


def _degradation_words(verdict: Verdict) -> Iterator[Said]:
    yield said(
        "A dot is a split: the Sharpe ratio that the chosen trial showed where it was chosen, and what it showed on "
        "the sessions it had not seen."
    )
    slope = verdict.degradation_slope
    if slope is not None:
        size = _ratio(abs(slope))
        if slope < 0.0:
            yield said("The line falls by %(slope)s for each 1 in sample.", slope=size)
        else:
            yield said("The line rises by %(slope)s for each 1 in sample.", slope=size)
    if verdict.probability_of_loss is not None:
        yield said("%(share)s lost (orange).", share=_share(verdict.probability_of_loss))


def _groups(verdict: Verdict) -> list[tuple[str, list[Judgement]]]:
    def row(name: str, label: str, write: Callable[[float], str], words: str) -> Judgement:
        value = getattr(verdict, name)
        if value is None:
            return Judgement(label, NOT_AVAILABLE, words, verdict.reasons.get(name, ""))
        return Judgement(label, write(value), words)

    against_whom = rival(verdict.compared_with)
    ever = said("Parameter sets ever tried on this thesis and data. The corrections below count them all.")
    if verdict.trials_ever != verdict.trials:
        ever = said(
            "Parameter sets ever tried on this thesis and data. %(here)s of them in this tune. The corrections below "
            "count them all.",
            here=f"{verdict.trials:,}",
        )
    many = [
        Judgement(
            "Trials ever",
            f"{verdict.trials_ever:,}",
            ever,
        ),
        row(
            "sharpe",
            "Sharpe ratio of the winner",
            _ratio,
            said("Over %(sessions)s sessions, a year.", sessions=f"{verdict.sessions:,}"),
        ),
        row(
            "probabilistic_sharpe",
            "Probabilistic Sharpe",
            _share,
            said("Probability that its true Sharpe ratio is above 0, had it been the only try."),
        ),
        row(
            "expected_max_sharpe",
            "Expected maximum of luck",
            _ratio,
            said(
                "The best Sharpe ratio that as many tries without any merit would show, were they as far apart as all "
                "of these are."
            ),
        ),
        row(
            "deflated_sharpe",
            "Deflated Sharpe (DSR)",
            _share,
            said(
                "Probability that its true Sharpe ratio is above 0, although the best of many was picked; 95% clears "
                "it."
            ),
        ),
        row(
            "haircut_sharpe",
            "Sharpe ratio after a haircut",
            lambda value: (
                _ratio(value)
                if verdict.haircut is None
                else said("%(ratio)s (%(share)s off)", ratio=_ratio(value), share=_share(verdict.haircut))
            ),
            said("What is left once its p-value is multiplied by the number of tries (Bonferroni)."),
        ),
        row(
            "min_track_sessions",
            "Minimum track record (MinTRL)",
            lambda value: said("%(n)s sessions", n=f"{value:,.0f}"),
            said(
                "Length at which such a Sharpe ratio, as the only try, would be above 0 with 95% confidence; the "
                "window has %(sessions)s.",
                sessions=f"{verdict.sessions:,}",
            ),
        ),
        row(
            "min_backtest_years",
            "Minimum backtest length",
            _years,
            said(
                "Below it, as many tries without any merit would show such a Sharpe ratio; the window has %(years)s.",
                years=_years(verdict.years),
            ),
        ),
    ]
    splits = said("the splits")
    if verdict.splits is not None:
        splits = said(
            "the splits (%(splits)s splits of %(blocks)s blocks)",
            splits=f"{verdict.splits:,}",
            blocks=verdict.blocks,
        )
    overfit = [
        row(
            "pbo",
            "Backtest overfitting (PBO)",
            _share,
            said(
                "Share of %(splits)s in which the best of one half was no better than the median trial in the other; a "
                "search that finds something real is near 0, a blind one at 50%.",
                splits=splits,
            ),
        ),
        row(
            "probability_of_loss",
            "Probability of loss",
            _share,
            said("Share of the splits in which it lost out of sample."),
        ),
        row(
            "degradation_slope",
            "Degradation slope",
            _ratio,
            said("Change of the Sharpe ratio out of sample for each 1 in sample; below 0, a better fit did worse."),
        ),
    ]
    against = [
        row(
            "spa_consistent",
            "Superior ability (SPA)",
            _share,
            listed(_superior_words(verdict, against_whom), " "),
        ),
        row(
            "reality_check",
            "Reality check",
            _share,
            said("p-value of White's test, the same question without setting poor trials aside."),
        ),
    ]
    around = [
        row(
            "plateau",
            "Plateau",
            _share,
            said(
                "Share of the winner's edge over the median trial that its median neighbour keeps (%(tried)s of "
                "%(possible)s neighbours were tried); 100% is flat ground, where the edge is within the error of the "
                "score.",
                tried=verdict.neighbours,
                possible=verdict.neighbours_possible,
            ),
        ),
        row(
            "neighbour_score",
            "Median score of the neighbours",
            _ratio,
            said("Trials one step away along one parameter."),
        ),
        Judgement(
            "Cliffs",
            f"{len(verdict.cliffs)}",
            listed((cliff.sentence for cliff in verdict.cliffs), " ")
            or said("Steps off the winner along one parameter that cost more than half of its edge."),
        ),
    ]
    return [
        ("The many tries", many),
        ("Out of sample, by cross-validation", overfit),
        (said("Against %(rival)s", rival=against_whom), against),
        ("The neighbours", around),
    ]


def _superior_words(verdict: Verdict, against: Said) -> Iterator[Said]:
    if verdict.replications is None:
        yield said(
            "p-value of Hansen's test: how likely luck alone would beat %(rival)s as clearly; up to 5% clears it.",
            rival=against,
        )
    else:
        yield said(
            "p-value of Hansen's test: how likely luck alone would beat %(rival)s as clearly; %(n)s bootstrap "
            "histories; up to 5% clears it.",
            rival=against,
            n=f"{verdict.replications:,}",
        )
    if verdict.spa_lower is not None and verdict.spa_upper is not None:
        low, high = _share(verdict.spa_lower), _share(verdict.spa_upper)
        yield said("It lies between %(low)s and %(high)s.", low=low, high=high)


def _ratio(value: float) -> str:
    return f"{value if round(value, 2) else 0.0:.2f}"


def _share(value: float) -> str:
    """Write a probability; what is not 0 or 1 is never rounded to it."""
    if 0.0 < value < 0.0005:  # noqa: PLR2004
        return said("under %(share)s", share="0.1%")
    return said("over %(share)s", share="99.9%") if 0.9995 <= value < 1.0 else f"{value:.1%}"  # noqa: PLR2004


def _years(value: float) -> str:
    return said("%(years)s years", years=f"{value:,.1f}")
