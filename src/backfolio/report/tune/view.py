"""What the page of a tune shows, as plain values: a pure function of the study."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from markupsafe import Markup

from backfolio.metrics import summary
from backfolio.report import words
from backfolio.report.gallery import line_of, short_line
from backfolio.report.lang import sentence, translate
from backfolio.report.text import market_words, paragraphs, plain
from backfolio.report.tune import table
from backfolio.report.tune.cloud import NARROW, WIDE, Cloud, cloud, cloud_chart
from backfolio.report.tune.heatmaps import OUTSIDE, Maps, key_html, map_html, mean_maps, slice_maps
from backfolio.report.tune.judged import drawings, grade_of, judged
from backfolio.report.tune.score import BY_NAME, Score, figure_text, score_of
from backfolio.report.tune.spread import MOST_DOTS, spread_chart
from backfolio.said import counted, listed, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backfolio.report.look import Lang
    from backfolio.said import Said
    from backfolio.tune.study import Study
    from backfolio.tune.trials import Trials

    Integers = NDArray[np.int64]

GALLERY: Final = ("total_return", "sharpe", "max_drawdown")
"""Figures of the best trial that the gallery shows."""

ALL_DOTS: Final = 6_000
"""Dots of all drawings of the score by parameter."""


def view(study: Study, lang: Lang = "en") -> dict[str, object]:
    """Return what the template `tune.html` fills in, its drawings in `lang`."""
    trials, score = study.trials, score_of(study.score_name, lang)
    ranked = table.rank(trials)
    heads = table.heads(trials, score)
    return {
        "study": study,
        "trials": trials,
        "score": score,
        "title": study.title or study.strategy,
        "lead": [each for each in paragraphs(study.doc) if each.text.rstrip(".") != study.title],
        "first": study.start,
        "last": study.end,
        "fill_clock": words.fill_clock(study.settings),
        "simulated": words.SIMULATED if study.simulated else "",
        "counted": counted,
        "sampler": _sampler(study),
        "verdict": judged(study.verdict, _no_verdict(trials)),
        "tiles": _tiles(study, score, ranked),
        "resume": f"{study.command} --resume tune-{study.tune_id}",
        "facts": _facts(study, score),
        "settings": market_words(study.settings),
        "winner": _winner(trials),
        "no_winner": _no_winner(trials, ranked),
        "fixed": [(name, plain(value)) for name, value in study.params.items()],
        "benchmark": "" if study.benchmark_returns is None else study.benchmark_name,
        "overfit": drawings(study.verdict, lang),
        "spreads": _spreads(trials, score),
        "any_out": bool((~trials.allowed & ~np.isnan(trials.score)).any()),
        "maps": _maps(trials, score),
        "clouds": _clouds(study, ranked, lang),
        "heads": heads,
        "rows": rows_html(table.rows(trials, ranked, score, study.constraints), [head.number for head in heads], lang),
        "listed": _listed(len(ranked), score, trials),
        "failed": table.failed(trials),
        "failed_left_out": max(len(trials.errors) - table.MOST_FAILED, 0),
    }


def headline(study: Study, folder: str) -> dict[str, object]:
    """Return what the list of runs shows of a tune in `folder`; JSON types only."""
    trials, others = study.trials, study.benchmark_returns
    best = trials.best
    figures = {} if best is None else {name: float(trials.figures[name][best]) for name in GALLERY}
    shown = {name: figures[name] if math.isfinite(figures.get(name, math.nan)) else None for name in GALLERY}
    asked: Any = study.record.get("identity", {})
    return {
        "strategy": study.strategy,
        "title": study.title,
        "folder": folder,
        "tune_id": study.tune_id,
        "first": study.start,
        "last": study.end,
        "source": study.source_label,
        "simulated": study.simulated,
        "score": score_of(study.score_name).definition.name,
        "best_score": None if best is None else float(trials.score[best]),
        "total_return": shown["total_return"],
        "metrics": shown,
        "benchmark": "" if others is None else study.benchmark_name,
        "benchmark_total_return": None if others is None else summary(others).total_return,
        "line": [] if best is None else short_line(trials.equity[best] / trials.start_cash[best] - 1.0),
        "benchmark_line": [] if others is None else line_of(others),
        "basis": {name: asked.get(name) for name in ("data", "rules", "benchmark")},
        "trials": len(trials),
        "failed": len(trials.errors),
        "grade": grade_of(study.verdict),
    }


def rows_html(rows: Sequence[table.Row], numbers: Sequence[bool], lang: Lang = "en") -> Markup:
    """Return the lines of the table of trials; the last cell says what is particular about one."""
    sides = ["" if number else ' class="left"' for number in numbers]
    lines = []
    for row in rows:
        kind = f' class="{row.kind}"' if row.kind else ""
        shown = (escape(translate(cell, lang)) for cell in row.cells)
        cells = "".join(f"<td{side}>{cell}</td>" for side, cell in zip(sides, shown, strict=True))
        lines.append(f'<tr{kind}>{cells}<td class="left">{escape(translate(row.mark, lang))}</td></tr>')
    return Markup("\n".join(lines))  # noqa: S704  every text in it is escaped above


def _sampler(study: Study) -> Said:
    size = study.trials.space.size
    if study.sampler == "grid":
        return said("grid of %(size)s", size=f"{size:,}")
    return said(
        "%(sampler)s, seed %(seed)s, of %(size)s possible", sampler=study.sampler, seed=study.seed, size=f"{size:,}"
    )


def _facts(study: Study, score: Score) -> list[tuple[str, str]]:
    axes = study.trials.space.axes
    varied = listed((listed([axis.name, values_of(axis.values)], ": ") for axis in axes), "; ")
    return [
        ("varied", varied),
        ("score", score.label),
        ("constraints", listed(study.constraints) if study.constraints else said("none")),
        ("sampler", _sampler(study)),
    ]


def values_of(values: Sequence[object]) -> Said:
    """Return the values of an axis in words; of many, the ends."""
    texts = [plain(value) for value in values]
    if len(texts) > 8:  # noqa: PLR2004  a long list says less than its ends
        ends = {"first": texts[0], "second": texts[1], "last": texts[-1], "n": len(texts)}
        return said("%(first)s, %(second)s to %(last)s (%(n)s values)", **ends)
    return listed(texts)


def _tiles(study: Study, score: Score, ranked: Integers) -> list[tuple[str, str, str]]:
    """Return (label, value, line below) of the figures on top."""
    trials, best = study.trials, study.trials.best
    scores = trials.score[~np.isnan(trials.score)]
    others = None if study.benchmark_returns is None else summary(study.benchmark_returns)
    broken = int((~trials.allowed[ranked] & ~np.isnan(trials.score[ranked])).sum())

    def of(name: str) -> tuple[str, str]:
        own = "n/a" if best is None else figure_text(name, float(trials.figures[name][best]))
        if others is None:
            return own, said("no benchmark")
        return own, said("benchmark %(value)s", value=BY_NAME[name].text(getattr(others, name)))

    median = said("no trial has one")
    if scores.size:
        median = said("median of all %(score)s", score=score.text(float(np.median(scores))))
    best_score = "n/a" if best is None else score.text(float(trials.score[best]))
    gain = None if others is None else others.total_return
    beaten = "n/a"
    if gain is not None and len(ranked):
        beaten = f"{(trials.figures['total_return'][ranked] > gain).mean():.0%}"
    return [
        (score.label, best_score, median),
        ("Total return", *of("total_return")),
        ("Max drawdown", *of("max_drawdown")),
        ("Trials", f"{len(trials):,}", said("of %(points)s", points=counted(trials.space.size, "point"))),
        (
            "Beat the benchmark",
            beaten,
            said("no benchmark") if others is None else said("of trials, by total return"),
        ),
        ("Failed", f"{len(trials.errors):,}", said("%(n)s break a constraint", n=f"{broken:,}")),
    ]


def _winner(trials: Trials) -> dict[str, object] | None:
    if trials.best is None:
        return None
    values = trials.space.values(int(trials.places[trials.best]))
    return {"trial": trials.best, "params": [(name, plain(value)) for name, value in values.items()]}


def _no_winner(trials: Trials, ranked: Integers) -> Said:
    if not len(ranked):
        return said("There is none: every trial failed.")
    if np.isnan(trials.score[ranked]).all():
        return said("There is none: no trial has a score.")
    return said("There is none: every trial breaks a constraint.")


def _no_verdict(trials: Trials) -> Said:
    if trials.best is None:
        return said("There is nothing to judge: no trial has a score that every constraint allows.")
    return said("How likely the best trial is luck was not worked out.")


def _spreads(trials: Trials, score: Score) -> list[tuple[str, Markup]]:
    if np.isnan(trials.score).all():
        return []
    points = trials.space.points(trials.places)
    axes = trials.space.axes
    most = min(MOST_DOTS, ALL_DOTS // len(axes))
    return [
        (
            axis.name,
            Markup(  # noqa: S704  every text in it is escaped where it is drawn
                spread_chart(axis, points[:, at], trials.score, trials.allowed, trials.best, score, most=most)
            ),
        )
        for at, axis in enumerate(axes)
    ]


def _maps(trials: Trials, score: Score) -> dict[str, object] | None:
    axes = trials.space.axes
    if len(axes) < 2 or np.isnan(trials.score).all():  # noqa: PLR2004  a pair
        return None
    points = trials.space.points(trials.places)
    given = (axes, points, trials.score, trials.allowed)
    if len(axes) == 2:  # noqa: PLR2004  nothing to take a mean over
        ways = [_way("mean", said("Every pair of values."), mean_maps(*given, trials.best, score.lang), score)]
    else:
        ways = [
            _way(
                "mean",
                said("Each cell is the mean of all trials with its two values."),
                mean_maps(*given, trials.best, score.lang),
                score,
            )
        ]
        if trials.best is not None:
            sliced = slice_maps(*given, trials.best, score.lang)
            ways.append(_way("slice", said("All other parameters as the winner has them."), sliced, score))
    return {"ways": ways, "switch": len(ways) > 1, "key": Markup(key_html()), "outside": OUTSIDE}  # noqa: S704  no text in it


def _way(name: str, told: str, maps: Maps, score: Score) -> dict[str, object]:
    low, high = score.text(maps.low), score.text(maps.high)
    return {
        "name": name,
        "words": told,
        "low": said("%(score)s or less", score=low) if maps.clipped else low,
        "high": said("%(score)s or more", score=high) if maps.clipped else high,
        "outside": any(bool(grid.outside.any()) for grid in maps.grids),
        "tables": [Markup(map_html(grid, maps, score)) for grid in maps.grids],  # noqa: S704  escaped where it is made
    }


def _clouds(study: Study, ranked: Integers, lang: Lang) -> dict[str, object] | None:
    trials, best = study.trials, study.trials.best
    if not len(ranked):
        return None
    others = cloud(trials.equity, trials.start_cash, ranked[ranked != best] if best is not None else ranked)
    own = None if best is None else np.asarray(trials.equity[best] / trials.start_cash[best] - 1.0, dtype=np.float64)
    beside = study.benchmark_returns
    growth = None if beside is None else np.asarray(np.cumprod(1.0 + beside) - 1.0, dtype=np.float64)
    label = sentence("Gain since the start of %(trials)s", lang, trials=counted(len(ranked), "trial"))
    drawn = [cloud_chart(trials.sessions, others, own, growth, frame, label, lang) for frame in (WIDE, NARROW)]
    return {
        "charts": [Markup(chart) for chart in drawn],  # noqa: S704  every text in it is escaped where it is drawn
        "bands": others.bands is not None,
        "lines": _lines(others),
    }


def _lines(others: Cloud) -> str:
    if not others.trials:
        return ""
    if len(others.lines) == others.trials:
        return said("every other trial") if others.trials > 1 else said("the other trial")
    return said("%(n)s of the %(all)s other trials, evenly by rank", n=len(others.lines), all=f"{others.trials:,}")


def _listed(finished: int, score: Score, trials: Trials) -> Said:
    order = said("By %(score)s", score=score.label)
    if finished > table.MOST_ROWS:
        order = said("The first %(n)s by %(score)s", n=f"{table.MOST_ROWS:,}", score=score.label)
    if (~trials.allowed & ~np.isnan(trials.score)).any():
        return said("%(order)s, those that break a constraint after the others.", order=order)
    return said("%(order)s.", order=order)
