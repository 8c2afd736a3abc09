"""Which figures stand in the tear sheet, in quantstats' order, and what their keys say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from markupsafe import Markup

from backfolio.report.lang import translate
from backfolio.report.tearsheet import figures
from backfolio.report.tearsheet.figures import Line, Panel
from backfolio.report.text import part
from backfolio.report.words import MINUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.report.look import Look
    from backfolio.report.tearsheet.asked import Asked

    Values = NDArray[np.float64]

TITLES: Final = {
    "gain": "Cumulative return",
    "log": "Cumulative return, log scale",
    "matched": "Cumulative return at the benchmark's volatility",
    "years": "Return by year",
    "often": "Monthly returns, how often",
    "summed": "Daily returns, summed up",
    "beta": "Rolling beta",
    "volatility": "Rolling volatility, half a year",
    "sharpe": "Rolling Sharpe ratio, half a year",
    "sortino": "Rolling Sortino ratio, half a year",
    "longest": "The longest drawdowns",
    "drawdown": "Drawdown",
    "quartiles": "Returns by length of period",
}
"""Name of a figure to its title."""

PERIODS: Final = {"Daily": "day", "Weekly": "week", "Monthly": "month", "Quarterly": "quarter", "Yearly": "year"}
"""quantstats' lengths of period to what stands below their boxes."""

KEYS: Final = {
    "strategy": "strategy",
    "average": "mean",
    "half": "half a year",
    "year": "one year",
    "span": "the five longest",
    "box": "middle half",
    "middle": "median",
    "whisker": "within 1.5 times its height",
    "dots": "beyond",
}
"""Key of a drawing to its words."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a line or an area means: CSS class, words of ours or the benchmark's name, and its level if it has one."""

    kind: str
    words: str = ""
    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure of the page."""

    name: str
    title: str
    keys: tuple[Key, ...]
    svg: Markup


def drawings(asked: Asked, benchmark: str, look: Look) -> list[Drawing]:
    """Draw every figure that there are values for.

    Parameters
    ----------
    benchmark
        Its name; "" without one.
    """
    made = (
        Drawing(name, TITLES[name], keys, Markup(svg))  # noqa: S704  ours; every word in it is escaped
        for name, keys, svg in _drawn(asked, benchmark, look)
    )
    return [each for each in made if each.svg]


def _drawn(asked: Asked, benchmark: str, look: Look) -> Iterator[tuple[str, tuple[Key, ...], str]]:
    """Yield name, keys and drawing."""
    own, other, against = asked.own, asked.other, asked.against
    both = _both(benchmark)

    def titled(name: str) -> str:
        return translate(TITLES[name], look.lang)

    def over_time(name: str, panel: Panel) -> str:
        return figures.over_time(asked.days, panel, titled(name))

    gains = _pair(own.gain, None if other is None else other.gain)
    yield "gain", both, over_time("gain", Panel(gains, 190))
    yield "log", both, over_time("log", Panel(gains, 150, log=True))
    if against is not None and other is not None:
        yield "matched", both, over_time("matched", Panel(_pair(against.matched, other.gain), 150))
    yearly = np.array([year.own for year in asked.years]) / 100
    theirs = None if other is None else np.array([year.other for year in asked.years], float) / 100
    average = float(yearly.mean())
    drawn = figures.by_year([year.year for year in asked.years], yearly, theirs, average, titled("years"))
    yield "years", (*both, _average(part(average, 1))), drawn
    yield "often", both, figures.how_often(*_months(asked), titled("often"))
    yield "summed", (), over_time("summed", Panel(_pair(asked.summed, None)))
    if against is not None:
        betas = _pair(against.beta_half, against.beta_year)
        average_beta = figures.mean(against.beta_half)
        keys = (Key("strategy", KEYS["half"]), Key("benchmark", KEYS["year"]), *_level(average_beta))
        yield "beta", keys, over_time("beta", Panel(betas, percent=False, average=average_beta))
    shaken = _pair(own.volatility, None if other is None else other.volatility)
    average_volatility = figures.mean(own.volatility)
    keys = (*both, *_level(average_volatility, percent=True))
    yield "volatility", keys, over_time("volatility", Panel(shaken, average=average_volatility))
    for name, values in (("sharpe", asked.sharpe), ("sortino", asked.sortino)):
        level = figures.mean(values)
        yield name, _level(level), over_time(name, Panel(_pair(values, None), percent=False, average=level))
    spans = Panel(_pair(own.gain, None), 150, spans=asked.longest)
    yield "longest", (Key("span", KEYS["span"]),) if asked.longest else (), over_time("longest", spans)
    deep = figures.mean(asked.drawdown)
    panel = Panel((Line("fall strategy", asked.drawdown),), average=deep, filled=True)
    yield "drawdown", _level(deep, percent=True), over_time("drawdown", panel)
    names = [translate(PERIODS.get(spread.name, spread.name), look.lang) for spread in asked.spreads]
    boxes = tuple(Key(kind, KEYS[kind]) for kind in ("box", "middle", "whisker", "dots"))
    yield "quartiles", boxes, figures.quartiles(asked.spreads, names, titled("quartiles"))


def _pair(own: Values, other: Values | None) -> tuple[Line, ...]:
    """Return the curves of a panel, the strategy's last so that it lies on top."""
    return (Line("strategy", own),) if other is None else (Line("benchmark", other), Line("strategy", own))


def _both(benchmark: str) -> tuple[Key, ...]:
    return (Key("strategy", KEYS["strategy"]), Key("benchmark", name=benchmark)) if benchmark else ()


def _months(asked: Asked) -> tuple[Values, Values | None]:
    """Return the returns of the window's months, (months,), of the strategy and of the benchmark."""
    own, other = asked.own.months, None if asked.other is None else asked.other.months
    return own[np.isfinite(own)], None if other is None else other[np.isfinite(other)]


def _average(value: str) -> Key:
    return Key("average", KEYS["average"], value=value)


def _level(value: float | None, *, percent: bool = False) -> tuple[Key, ...]:
    if value is None:
        return ()
    return (_average(part(value, 1) if percent else f"{value:.2f}".replace("-", MINUS)),)
