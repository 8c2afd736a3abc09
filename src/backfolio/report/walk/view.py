"""What the page of a walk-forward shows, as plain values: a pure function of the walk."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from markupsafe import Markup

from backfolio.metrics import NOT_AVAILABLE, Metrics
from backfolio.report import words
from backfolio.report.gallery import line_of
from backfolio.report.lang import sentence
from backfolio.report.text import market_words, money, paragraphs, plain
from backfolio.report.tune.score import BY_NAME, levels_of, score_of
from backfolio.report.tune.view import values_of
from backfolio.report.walk.charts import NARROW, WIDE, against_chart, chosen_chart, stitched_chart
from backfolio.said import counted, listed, paired, said

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.report.look import Lang
    from backfolio.report.tune.score import Score
    from backfolio.said import Said
    from backfolio.tune.walk_model import Walk, WalkWindow

FIGURES: Final = (
    "total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "drawdown_sessions", "calmar", "beta",
    "alpha", "information_ratio",
)  # fmt: skip
"""Of the stitched equity, in the table beside its rivals."""

MOST_LEVELS: Final = 24
"""Values of an axis that a drawing holds apart."""

HELD_UP: Final = 0.5
"""Efficiency from which a walk is said to have held up."""

CONVENTION: Final = (
    "Every window starts in cash with what the one before ended with. Its first decision comes after the close of its "
    "first session, which therefore passes in cash, and entering pays fees; leaving at its last close pays none."
)

GUARD: Final = (
    "While it was tuned, the thesis saw nothing after the last training session. What it wanted after each session "
    "that was traded was asked for again with bars and catalysts that end there, and stayed the same bit for bit; the "
    "default parameters were asked so at a few sessions of every window. Every window's trades were replayed in "
    "backtrader, to the same ledger."
)


class Line(NamedTuple):
    """One line of the table of windows, as text."""

    number: int
    train: tuple[str, str]
    test: tuple[str, str]
    sessions: str
    chosen: list[str]
    figures: list[str]
    efficiency: str
    traded: str
    trials: str
    note: str


def view(walk: Walk, lang: Lang = "en") -> dict[str, object]:
    """Return what the template `walk.html` fills in, its drawings in `lang`."""
    score = score_of(walk.score_name, lang)
    return {
        "walk": walk,
        "score": score,
        "title": walk.title or walk.strategy,
        "lead": [each for each in paragraphs(walk.doc) if each.text.rstrip(".") != walk.title],
        "first": str(walk.sessions[0]),
        "last": str(walk.sessions[-1]),
        "fill_clock": words.fill_clock(walk.settings),
        "simulated": words.SIMULATED if walk.simulated else "",
        "counted": counted,
        "grade": grade(walk),
        "tiles": _tiles(walk, score),
        "benchmark": walk.benchmark_name if walk.benchmark_returns is not None else "",
        "charts": _charts(walk, lang),
        "axes": [axis.name for axis in walk.space.axes],
        "windows": [_line(walk, each, score) for each in walk.windows],
        "against": _against(walk, score),
        "chosen": _chosen(walk, lang),
        "heads": _heads(walk),
        "figures": _figures(walk),
        "efficiency_words": _efficiency_words(walk),
        "convention": listed([CONVENTION, _seams(walk)], " "),
        "guard": GUARD,
        "facts": _facts(walk, score),
        "settings": market_words(walk.settings),
        "fixed": [(name, plain(value)) for name, value in walk.params.items()],
        "changes": _changes(walk),
    }


def headline(walk: Walk, folder: str) -> dict[str, object]:
    """Return what the list of runs shows of a walk in `folder`; JSON types only."""
    benchmark = walk.benchmark_metrics
    return {
        "strategy": walk.strategy,
        "title": walk.title,
        "folder": folder,
        "walk_id": walk.walk_id,
        "first": str(walk.sessions[0]),
        "last": str(walk.sessions[-1]),
        "source": walk.source_label,
        "simulated": walk.simulated,
        "windows": len(walk.windows),
        "idle": len(walk.windows) - len(walk.traded),
        "trials": sum(each.trials for each in walk.windows),
        "efficiency": walk.efficiency,
        "benchmark": "" if benchmark is None else walk.benchmark_name,
        "benchmark_total_return": None if benchmark is None else benchmark.total_return,
        "default_total_return": walk.default_metrics.total_return,
        "metrics": asdict(walk.metrics),
        "grade": grade(walk)[1],
        "line": line_of(walk.returns),
        "benchmark_line": [] if walk.benchmark_returns is None else line_of(walk.benchmark_returns),
    }


def grade(walk: Walk) -> tuple[str, str]:
    """Return the class and the words of what came out.

    It held up where half of the growth in sample or more was there out of
    sample and the default parameters made less; it did not where neither is so.
    Of a walk that was in cash for most windows neither can be said.
    """
    if 2 * len(walk.traded) < len(walk.windows):
        return "doubt", "Mostly in cash"
    kept = walk.efficiency is not None and walk.efficiency >= HELD_UP
    better = int(walk.equity[-1]) > int(walk.default[-1])
    if kept and better:
        return "good", "Held up out of sample"
    if kept or better:
        return "doubt", "Held up in part"
    return "bad", "Did not hold up"


def percent(value: float | None) -> str:
    """Write a ratio as a whole percentage."""
    return NOT_AVAILABLE if value is None else f"{value:,.0%}"


def _tiles(walk: Walk, score: Score) -> list[tuple[str, str, str]]:
    """Return (label, value, line below) of the figures on top."""
    own, plain_, other = walk.metrics, walk.default_metrics, walk.benchmark_metrics
    times, chances = walk.changed

    def beside(name: str) -> Said:
        if other is None:
            return said("default %(value)s", value=BY_NAME[name].text(getattr(plain_, name)))
        return said("benchmark %(value)s", value=BY_NAME[name].text(getattr(other, name)))

    name = score.definition.name
    if name == "total_return":
        name = "sharpe"
    inside = [each.in_score for each in walk.traded if each.in_score is not None]
    mean = float(np.mean(inside)) if inside and name == score.definition.name else None
    gained = (own.total_return or 0.0) - (plain_.total_return or 0.0)
    return [
        ("Total return", BY_NAME["total_return"].text(own.total_return), beside("total_return")),
        (
            "Against the default",
            said("%(points)s pts", points=f"{gained * 100:+,.1f}"),
            said("default %(value)s", value=BY_NAME["total_return"].text(plain_.total_return)),
        ),
        (
            BY_NAME[name].label,
            BY_NAME[name].text(getattr(own, name)),
            beside(name) if mean is None else said("in sample %(score)s on average", score=score.text(mean)),
        ),
        ("Max drawdown", BY_NAME["max_drawdown"].text(own.max_drawdown), beside("max_drawdown")),
        ("Efficiency", percent(walk.efficiency), said("of the growth a year in sample")),
        ("Choice changed", said("%(n)s of %(all)s", n=times, all=chances) if chances else NOT_AVAILABLE, said("seams")),
    ]


def _charts(walk: Walk, lang: Lang) -> list[Markup]:
    start = walk.settings.cash_mills
    lines: list[tuple[str, NDArray[np.float64]]] = []
    if walk.benchmark_returns is not None:
        growth = np.asarray(np.cumprod(1.0 + walk.benchmark_returns) - 1.0, dtype=np.float64)
        lines.append(("against", growth))
    lines += [("top", walk.default / start - 1.0), ("strategy", walk.equity / start - 1.0)]
    first = walk.windows[0].window.test[0]
    shaded = [
        (
            each.window.test[0] - first,
            each.window.test[1] - first,
            sentence(
                "Window %(number)s, %(first)s to %(last)s: %(choice)s",
                lang,
                number=each.number,
                first=each.test[0],
                last=each.test[1],
                choice=_choice(each),
            ),
        )
        for each in walk.windows
    ]
    label = sentence("Gain out of sample over %(windows)s", lang, windows=counted(len(walk.windows), "window"))
    drawn = (stitched_chart(walk.sessions, lines, shaded, frame, label, lang) for frame in (WIDE, NARROW))
    return [Markup(chart) for chart in drawn]  # noqa: S704  every text in it is escaped where it is drawn


def _choice(window: WalkWindow) -> Said:
    if window.chosen is None:
        return said("in cash")
    return listed(paired(name, plain(value)) for name, value in window.chosen.items())


def _line(walk: Walk, each: WalkWindow, score: Score) -> Line:
    growth = BY_NAME["cagr"]
    names = [axis.name for axis in walk.space.axes]
    return Line(
        number=each.number,
        train=each.train,
        test=each.test,
        sessions=f"{each.window.train_sessions} + {each.window.test_sessions}",
        chosen=[] if each.chosen is None else [plain(each.chosen[name]) for name in names],
        figures=[
            score.text(_nan(each.in_score)),
            score.text(_nan(each.out_score)),
            growth.text(each.in_annual),
            growth.text(each.out_annual),
            BY_NAME["total_return"].text(each.out_return),
        ],
        efficiency=percent(each.efficiency),
        traded=f"{each.fills:,}",
        trials=_trials(each),
        note=each.note,
    )


def _trials(each: WalkWindow) -> str:
    count = f"{each.trials:,}"
    return said("%(n)s (%(failed)s failed)", n=count, failed=f"{each.failed:,}") if each.failed else count


def _nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _against(walk: Walk, score: Score) -> Markup | None:
    both = [
        (each.in_score, each.out_score, each.number)
        for each in walk.windows
        if each.in_score is not None and each.out_score is not None
    ]
    if not both:
        return None
    inside, outside = (np.array([pair[at] for pair in both], dtype=np.float64) for at in (0, 1))
    return Markup(against_chart(inside, outside, [pair[2] for pair in both], score))  # noqa: S704  escaped there


def _chosen(walk: Walk, lang: Lang) -> list[tuple[str, str, Markup]]:
    drawn = []
    for axis in walk.space.axes:
        places = [None if each.chosen is None else axis.values.index(each.chosen[axis.name]) for each in walk.windows]
        chart = Markup(chosen_chart(levels_of(axis, MOST_LEVELS, lang), places, lang))  # noqa: S704  escaped where it is drawn
        chances = walk.changed[1]
        changed = said("changed %(n)s of %(all)s times", n=walk.changes[axis.name], all=chances) if chances else ""
        drawn.append((axis.name, changed, chart))
    return drawn


def _changes(walk: Walk) -> Said:
    times, chances = walk.changed
    if not chances:
        return said("With fewer than two choices there is nothing to compare.")
    return said(
        "The choice as a whole changed at %(n)s of %(seams)s. A choice that jumps about follows noise; one that stays, "
        "or drifts, follows something.",
        n=times,
        seams=counted(chances, "seam"),
    )


def _heads(walk: Walk) -> list[str]:
    heads = ["Tuned, window by window", "Default parameters, same windows", "Default parameters, no seams"]
    return heads if walk.benchmark_returns is None else [*heads, walk.benchmark_name]


def _figures(walk: Walk) -> list[tuple[str, str, list[str]]]:
    """Return label, meaning and values of each line of the table of figures."""
    columns: list[Metrics] = [walk.metrics, walk.default_metrics, walk.unbroken_metrics]
    if walk.benchmark_metrics is not None:
        columns.append(walk.benchmark_metrics)
    lines = []
    for name in FIGURES:
        entry = BY_NAME[name]
        values: list[Any] = [getattr(column, name) for column in columns]
        if any(value is not None for value in values):
            lines.append((entry.label, entry.words, [entry.text(value) for value in values]))
    ends = [walk.equity, walk.default, walk.unbroken]
    blank = [""] if walk.benchmark_metrics is not None else []
    lines.append(
        ("Final equity", "CNY after the last session.", [f"¥{money(int(line[-1]), 0)}" for line in ends] + blank)
    )
    return lines


def _efficiency_words(walk: Walk) -> Said:
    growth = BY_NAME["cagr"]
    inside, outside = growth.text(walk.in_annual), growth.text(walk.out_annual)
    growths = said("Growth a year: %(inside)s in sample, %(outside)s out of sample.", inside=inside, outside=outside)
    if walk.efficiency is None:
        return listed([growths, said("Without growth in sample there is no efficiency (n/a).")], " ")
    share = percent(walk.efficiency)
    return listed([growths, said("Efficiency is the one over the other (Pardo 2008): %(share)s.", share=share)], " ")


def _seams(walk: Walk) -> Said:
    """Say what the seams cost, by the default parameters with and without them."""
    with_, without = walk.default_metrics.total_return or 0.0, walk.unbroken_metrics.total_return or 0.0
    cost = (without - with_) * 100
    found = {"points": f"{abs(cost):,.1f}", "seams": f"{with_:+.1%}", "one": f"{without:+.1%}"}
    if cost >= 0:
        return said(
            "With the default parameters that costs %(points)s points here: %(seams)s with seams, %(one)s in one run.",
            **found,
        )
    return said(
        "With the default parameters that gains %(points)s points here: %(seams)s with seams, %(one)s in one run.",
        **found,
    )


def _facts(walk: Walk, score: Score) -> list[tuple[str, str]]:
    varied = listed((listed([axis.name, values_of(axis.values)], ": ") for axis in walk.space.axes), "; ")
    train = counted(walk.train, "session")
    if walk.anchored:
        trained = said("from the first session (anchored), at least %(sessions)s", sessions=train)
    else:
        trained = said("the last %(sessions)s", sessions=train)
    if walk.sampler == "grid":
        sampler = said("grid of %(size)s", size=f"{walk.space.size:,}")
    else:
        sampler = said("%(sampler)s, seed %(seed)s", sampler=walk.sampler, seed=walk.seed)
    return [
        ("varied", varied),
        ("trained on", trained),
        ("dropped between", counted(walk.purge, "session")),
        (
            "traded",
            said(
                "%(sessions)s a window; what is left at the end makes a shorter last one",
                sessions=counted(walk.test, "session"),
            ),
        ),
        ("score", score.label),
        ("constraints", listed(walk.constraints) if walk.constraints else said("none")),
        ("sampler", sampler),
        (
            "trials",
            said(
                "%(trials)s a window, each from ¥%(cash)s",
                trials=counted(walk.trials, "trial"),
                cash=f"{walk.settings.cash:,.0f}",
            ),
        ),
    ]
