"""From figures to a judgement: a grade and one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.said import LEAST_CHANCE, chance, counted, said
from backfolio.study.measured import HEADLINE, LEAST_EFFECTIVE, LEVEL, Verdict

if TYPE_CHECKING:
    from backfolio.said import Said
    from backfolio.study.measured import Grade, Measured
    from backfolio.study.tradable import Picked

LABELS: Final[dict[Grade, str]] = {
    "evidence": "Evidence",
    "weak": "Weak evidence",
    "none": "No evidence",
    "against": "Against the news",
    "too_little": "Too little evidence",
}
"""Grade in words; English, as pages look words up."""

ONE: Final = "%(n)s of %(found)s events can be measured; fewer than two have no spread to be judged by."
FEW: Final = (
    "%(n)s on %(sessions)s share their days so closely that they say as much as %(effective)s "
    "independent ones; %(least)s are needed."
)
FLAT: Final = "The measured events (%(n)s) have no spread to be judged by."
FIGURES: Final = (
    "Over sessions %(window)s the names returned %(mean)s beyond what was expected (95% band %(low)s to %(high)s), "
    "p %(p)s, by %(n)s on %(sessions)s that say as much as %(effective)s independent ones."
)
WEAK: Final = FIGURES + " The band, in which every event counts alike whatever its variance, holds 0."

PICKED: Final = (
    "All %(n)s measured events returned %(mean)s beyond what was expected in the mean, the %(asked)s of them that the "
    "thesis asked for %(own)s, and %(weighed)s weighed by the money asked for."
)
TURNED: Final = (
    "All %(n)s measured events returned %(mean)s beyond what was expected in the mean, bad news turned, the %(asked)s "
    "of them that the thesis asked for %(own)s, and %(weighed)s weighed by the money asked for."
)
EVERY: Final = (
    "All %(n)s measured events, each of which the thesis asked for, returned %(mean)s beyond what was expected in the "
    "mean, and %(weighed)s weighed by the money asked for."
)
"""What a thesis chose beside all that there was; templates, as pages look them up."""


def judge(headline: Measured, sessions: int, found: int) -> Verdict:
    """Judge a group by the adjusted BMP test of its headline window (Kolari and Pynnönen 2010).

    Parameters
    ----------
    headline
        What was measured.
    sessions
        Different sessions among its events.
    found
        Events, those that cannot be measured included.
    """
    if headline.events < 2:  # noqa: PLR2004
        return Verdict("too_little", said(ONE, n=f"{headline.events:,}", found=f"{found:,}"), None)
    values: dict[str, str] = {"n": counted(headline.events, "event"), "sessions": counted(sessions, "session")}
    values["effective"] = f"{headline.effective:.1f}"
    if headline.effective < LEAST_EFFECTIVE:
        return Verdict("too_little", said(FEW, **values, least=f"{LEAST_EFFECTIVE:g}"), None)
    test = headline.test(HEADLINE)
    if test.p is None or headline.mean is None or headline.low is None or headline.high is None:
        return Verdict("too_little", said(FLAT, **values), None)
    figures = {
        **values,
        "window": in_words(headline.window.first, headline.window.last),
        "mean": percent(headline.mean),
        "low": percent(headline.low),
        "high": percent(headline.high),
        "p": chance(test.p),
    }
    grade: Grade = "evidence" if headline.mean > 0.0 else "against"
    if test.p >= LEVEL:
        grade = "none"
    elif headline.low <= 0.0 <= headline.high:
        grade = "weak"
    return Verdict(grade, said(WEAK if grade == "weak" else FIGURES, **figures), test.p)


def picked_words(one: Picked) -> Said:
    """Hold what a thesis asked for against all that was measured."""
    values = {
        "n": f"{one.events:,}",
        "mean": percent(one.mean),
        "asked": f"{one.asked:,}",
        "own": percent(one.asked_mean),
        "weighed": percent(one.weighed),
    }
    if one.turned:
        return said(TURNED, **values)
    return said(EVERY if one.asked == one.events else PICKED, **values)


def in_words(first: int, last: int) -> str:
    """Write a window: "0 to 20", "-5 to -1", "0"; the words between are said in the language of a page."""
    return f"{first}" if first == last else said("%(first)s to %(last)s", first=f"{first}", last=f"{last}")


def percent(fraction: float) -> str:
    """Write a return with its sign: "+3.4%"."""
    text = f"{fraction:+.1%}"
    return "0.0%" if text in {"+0.0%", "-0.0%"} else text


def p_words(p: float) -> str:
    """Write a probability: "0.032", "below 0.001"."""
    return "below 0.001" if p < LEAST_CHANCE else f"{p:.3f}"
