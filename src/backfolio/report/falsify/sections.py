"""One section of the page for each attempt to break the thesis: its sentence, its figures, a picture, a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from markupsafe import Markup

from backfolio import calendar
from backfolio.report import plot
from backfolio.report.falsify import charts
from backfolio.report.falsify.charts import Point
from backfolio.report.lang import sentence, translate
from backfolio.report.run.events import addresses
from backfolio.report.text import gain, p_text, part, tone
from backfolio.report.words import MINUS
from backfolio.said import Said, said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from backfolio.falsify.model import Attempt, Falsified, Family, Held, Placebos, Variant
    from backfolio.report.look import Lang

ANCHORS: Final = (
    ("random_dates", "random_dates"), ("random_names", "random_names"), ("lag_", "lag"), ("early_", "lag"),
    ("costs_", "costs"), ("slippage_", "slippage"), ("participation_", "participation"), ("capital_", "capital"),
    ("without_best_catalyst", "without_catalyst"), ("without_best_name", "without_name"),
    ("without_best_session", "without_session"), ("hold.", "held"),
)  # fmt: skip
"""How the name of an attempt begins, and the section that it belongs to."""

STATES: Final = {True: ("stood", "held up"), False: ("broke", "broke"), None: ("untold", "cannot be told")}
"""Whether the thesis held, to a class and the word beside its sign."""

LEFT_OUT: Final = ("without_catalyst", "without_name")
"""Families of which the most important are shown."""

MOST_SHARE: Final = 3.0
"""Shares of the profit beyond it say that there was hardly any; then total returns are drawn."""

UPPER: Final = 0.95
"""Quantile of the placebos that is named: one in twenty does better."""


class State(NamedTuple):
    """Whether the thesis held against one attempt: class, word, and the sentence that says why."""

    kind: str
    word: str
    words: Said


class Row(NamedTuple):
    """A line of a table of variants, as text."""

    label: Said | str
    theirs: bool
    """Whether the label comes from a file."""
    symbol: str
    """Of a name, where the label does not say it; else ""."""
    links: tuple[str, ...]
    own: bool
    """Whether it is the thesis as it is."""
    total: str
    tone: str
    bar: Markup
    kept: str
    p: str
    drawdown: str


class Section(NamedTuple):
    """A section, as plain values."""

    anchor: str
    label: str
    words: Said
    states: list[State]
    why: Said | str
    """Why nothing was tried; "" where something was."""
    figures: list[tuple[Said, str, str]]
    """Label, value and tone."""
    pictures: list[tuple[Said | str, list[Markup], list[tuple[str, Said]]]]
    """Title, the drawing wide and narrow, and its legend: class and words."""
    rows: list[Row]
    head: Said | str
    """Of the first column."""
    brief: bool
    """Whether its labels are long, so that the table leaves out what matters least."""
    note: Said | str


def sections(found: Falsified, lang: Lang) -> list[Section]:
    """Return all sections in the order of the page."""
    made = [_placebos(found, found.dates, lang), _placebos(found, found.names, lang)]
    made += [_family(found, family, lang) for family in found.families]
    return [*made, _held(found, lang)]


def anchor_of(name: str) -> str:
    """Return the section that an attempt belongs to; "" where there is none."""
    return next((anchor for start, anchor in ANCHORS if name.startswith(start)), "")


def state_of(attempt: Attempt) -> State:
    """Return whether the thesis held, as a page shows it."""
    return State(*STATES[attempt.held], attempt.words)


def _states(found: Falsified, anchor: str) -> list[State]:
    return [state_of(one) for one in found.attempts if anchor_of(one.name) == anchor]


def _drawn(draw: Callable[[plot.Frame], str], frames: Sequence[plot.Frame]) -> list[Markup]:
    return [Markup(draw(frame)) for frame in frames]  # noqa: S704  escaped there


def _placebos(found: Falsified, one: Placebos, lang: Lang) -> Section:
    section = Section(
        one.name,
        one.label,
        one.words,
        _states(found, one.name),
        one.why if not one.drawn else "",
        [],
        [],
        [],
        "",
        brief=False,
        note="",
    )
    if not one.drawn:
        return section
    own = found.base.total_return
    middle, upper = (float(np.quantile(one.totals, share)) for share in (0.5, UPPER))
    figures = [
        (said("p-value"), p_text(one.p_value), ""),
        (said("The thesis beats"), said("%(n)s of %(all)s", n=f"{one.beats:,}", all=f"{one.drawn:,}"), ""),
        (said("The thesis"), gain(own), tone(own)),
        (said("Middle of the placebos"), gain(middle), tone(middle)),
        (said("One in twenty makes more than"), gain(upper), tone(upper)),
    ]
    label = sentence(
        "Total returns of %(n)s placebos, from %(low)s to %(high)s, half of them above %(middle)s; the thesis %(own)s",
        lang, n=f"{one.drawn:,}", low=gain(float(one.totals[0])), high=gain(float(one.totals[-1])),
        middle=gain(middle), own=gain(own),
    )  # fmt: skip
    mark = f"{translate('The thesis', lang)} {gain(own)}"
    drawing = _drawn(
        lambda frame: charts.histogram(one.totals, own, frame, side="above", label=label, mark_label=mark),
        (charts.WIDE, charts.NARROW),
    )
    legend = [
        ("bar benchmark", said("placebos by total return")),
        ("bar bad", said("placebos that do at least as well")),
        ("own", said("the thesis")),
    ]
    same = said("%(n)s of them ask for exactly what the thesis asks for.", n=f"{one.same:,}") if one.same else ""
    return section._replace(figures=figures, pictures=[("", drawing, legend)], note=same)


def _family(found: Falsified, family: Family, lang: Lang) -> Section:
    section = Section(
        family.name,
        family.label,
        family.words,
        _states(found, family.name),
        "",
        [],
        [],
        [],
        _head(family.name),
        brief=family.name in LEFT_OUT,
        note="",
    )
    if not family.variants:
        return section._replace(why=family.why)
    left_out = family.of - len(family.variants)
    note: Said | str = ""
    if left_out > 0:
        note = said(
            "The %(n)s that cost most of %(all)s.",
            n=f"{len(family.variants):,}", all=f"{family.of:,}",
        )  # fmt: skip
    pictures = []
    if family.name == "lag":
        pictures = [_lag(found, family, lang)]
    elif family.name == "slippage":
        pictures = [_slippage(found, family, lang)]
    return section._replace(pictures=pictures, rows=_rows(found, family), note=note)


def _head(name: str) -> Said:
    if name == "without_catalyst":
        return said("Without the catalyst")
    return said("Without the name") if name == "without_name" else said("Variant")


def _rows(found: Falsified, family: Family) -> list[Row]:
    own = found.base.total_return
    totals = [own, *(one.outcome.total_return for one in family.variants)]
    ends = (min(totals), max(totals))

    def row(one: Variant) -> Row:
        total = one.outcome.total_return
        return Row(
            label=one.label,
            theirs=family.name in LEFT_OUT,
            symbol=one.name if family.name == "without_name" and one.name not in one.label else "",
            links=addresses(one.source),
            own=False,
            total=gain(total),
            tone=tone(total),
            bar=Markup(charts.bar(total, own, *ends)),  # noqa: S704  numbers alone
            kept=part(one.kept),
            p=p_text(one.outcome.p),
            drawdown=gain(one.outcome.max_drawdown),
        )

    base = found.base
    itself = Row(
        label=said("the thesis as it is"),
        theirs=False,
        symbol="",
        links=(),
        own=True,
        total=gain(own),
        tone=tone(own),
        bar=Markup(charts.bar(own, own, *ends)),  # noqa: S704  the same
        kept=part(1.0 if own > 0.0 else None),
        p=p_text(base.p),
        drawdown=gain(base.max_drawdown),
    )
    return [itself, *map(row, family.variants)]


def _lag(found: Falsified, family: Family, lang: Lang) -> tuple[Said | str, list[Markup], list[tuple[str, Said]]]:
    """Draw what is kept of the profit, by sessions; what is made, where the thesis made none or next to none."""
    shares = all(one.kept is not None and abs(one.kept) <= MOST_SHARE for one in family.variants)
    own = 1.0 if shares else found.base.total_return
    text = part if shares else gain

    def point(one: Variant) -> Point:
        value = one.kept if shares and one.kept is not None else one.outcome.total_return
        return Point(one.value, value, f"{one.value:+g}".replace("-", MINUS), text(value))

    points = sorted([Point(0.0, own, "0", text(own), own=True), *map(point, family.variants)])
    told = "; ".join(f"{each.foot}: {each.text}" for each in points)
    title, early = _lagged(shares=shares, decided=not found.kinds)
    label = f"{translate(title, lang)}. {told}"
    drawing = _drawn(
        lambda frame: charts.response(
            points, frame, label=label, write=_shares if shares else plot.percents, shaded=0.0
        ),
        charts.LINES,
    )
    legend = [("ring", said("as it is")), ("band", early)]
    return title, drawing, legend if points[0].at < 0.0 else legend[:1]


def _lagged(*, shares: bool, decided: bool) -> tuple[Said, Said]:
    """Return the title of the picture of lags, and what its shaded ground is, by what is late: news or decisions."""
    if decided:
        early = said("before it could be decided: nobody can have this")
        if shares:
            return said("Share of the profit that is kept, by sessions that decisions come later"), early
        return said("Total return, by sessions that decisions come later"), early
    early = said("before it could be known: nobody can have this")
    if shares:
        return said("Share of the profit that is kept, by sessions that catalysts are known later"), early
    return said("Total return, by sessions that catalysts are known later"), early


def _slippage(found: Falsified, family: Family, lang: Lang) -> tuple[Said | str, list[Markup], list[tuple[str, Said]]]:
    own = found.base.total_return
    points = sorted(
        Point(one.value, one.outcome.total_return, f"{one.value:g}", gain(one.outcome.total_return))
        for one in family.variants
    )
    title = said("Total return by slippage, in basis points")
    told = "; ".join(f"{each.foot}: {each.text}" for each in points)
    label = f"{translate(title, lang)}. {told}"
    drawing = _drawn(
        lambda frame: charts.response(points, frame, label=label, write=plot.percents, level=own), charts.LINES
    )
    return title, drawing, [("line median", said("as it is"))]


def _shares(steps: Sequence[float]) -> Callable[[float], str]:
    """Return how shares are written beside levels: as gains are, without the plus."""
    write = plot.percents(steps)
    return lambda level: write(level).removeprefix("+")


def _held(found: Falsified, lang: Lang) -> Section:
    held = found.held
    section = Section(
        "held", said("Its names, held"),
        said("The names that the thesis bought, in equal parts and with its mean exposure, bought once and held."),
        _states(found, "held"), "", [], [], [], "", brief=False, note="",
    )  # fmt: skip
    if held is None:
        return section._replace(why=said("The thesis bought nothing, so there is nothing to hold."))
    figures = [
        (said("Its lead"), gain(held.excess), tone(held.excess)),
        (said("p-value of the lead"), p_text(held.p), ""),
        (said("The thesis"), gain(found.base.total_return), tone(found.base.total_return)),
        (said("Its names, held"), gain(held.outcome.total_return), tone(held.outcome.total_return)),
        (said("Names"), f"{held.names:,}", ""),
        (said("Mean exposure"), part(held.exposure), ""),
    ]
    own, other = _growth(held.own), _growth(held.equity)
    label = sentence(
        "Gain since the start: the thesis %(own)s, its names held %(other)s",
        lang, own=gain(float(own[-1])), other=gain(float(other[-1])),
    )  # fmt: skip
    days = calendar.sessions(found.start, found.end)
    lines = _drawn(lambda frame: charts.two_lines(days, own, other, frame, label, lang), charts.LINES)
    legend = [("line strategy", said("the thesis")), ("line benchmark", said("its names, held"))]
    pictures: list[tuple[Said | str, list[Markup], list[tuple[str, Said]]]] = [
        (said("Gain since the start"), lines, legend)
    ]
    if held.leads.size:
        pictures.append(_leads(held, lang))
    return section._replace(figures=figures, pictures=pictures)


def _leads(held: Held, lang: Lang) -> tuple[Said | str, list[Markup], list[tuple[str, Said]]]:
    leads = held.leads
    behind = float((leads < 0.0).mean())
    label = sentence(
        "Mean leads a year of %(n)s histories made of pieces of this one: %(low)s to %(high)s, below 0 in %(share)s",
        lang, n=f"{leads.size:,}", low=gain(float(leads[0])), high=gain(float(leads[-1])), share=part(behind, 1),
    )  # fmt: skip
    mark = translate("no lead", lang)
    drawing = _drawn(
        lambda frame: charts.histogram(leads, 0.0, frame, side="below", label=label, mark_label=mark),
        (charts.WIDE, charts.NARROW),
    )
    title = said("Mean lead a year, in %(n)s histories made of pieces of this one", n=f"{leads.size:,}")
    return title, drawing, [("bar benchmark", said("ahead")), ("bar bad", said("behind"))]


def _growth(equity: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the gain since the first session, (sessions,)."""
    return np.asarray(equity / equity[0] - 1.0, dtype=np.float64)
