"""What the page of an event study shows, as plain values: a pure function of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from markupsafe import Markup

from backfolio.metrics import NOT_AVAILABLE
from backfolio.report import words
from backfolio.report.lang import sentence, translate
from backfolio.report.study.charts import NARROW, SMALL, WIDE, path_chart
from backfolio.report.study.waterfall import waterfalls
from backfolio.report.text import gain, market_words, p_text, tone
from backfolio.said import listed, said
from backfolio.study import ALL, LEFT_OUT, TESTS
from backfolio.study.judge import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.report.look import Lang
    from backfolio.report.plot import Frame
    from backfolio.said import Said
    from backfolio.study import Event, Group, Measured, Study

MOST_EVENTS: Final = 400
"""Events that the page lists; all are in the CSV file."""

CLASSES: Final = {"evidence": "good", "weak": "doubt", "none": "bad", "against": "bad", "too_little": "doubt"}
"""Grade to the class of its card."""

MODELS: Final = {
    "market": "market model: alpha plus beta times the benchmark, estimated for each event",
    "mean": "the name's own mean in the estimation window",
    "market-adjusted": "what the benchmark returned in the same session",
}
"""What would have been expected, in words."""

RETURNS: Final = {"log": "logarithms of growth, close to close", "simple": "simple, close to close"}

CENSORED: Final = {"up": "closed at its upper limit", "down": "closed at its lower limit"}

LOCKED: Final = {"up": "at its upper limit all session", "down": "at its lower limit all session"}


class Line(NamedTuple):
    """A window or a session, as text: figures, and statistic and p of each test."""

    label: str
    events: str
    mean: str
    tone: str
    band: str
    effective: str
    tests: list[tuple[str, str, bool]]
    """Statistic, p, and whether that is below 5%."""


class Shown(NamedTuple):
    """An event, as text."""

    session: str
    symbol: str
    name: str
    title: str
    kinds: list[str]
    first_day: str
    first_tone: str
    car: str
    car_tone: str
    notes: list[Said]
    out: str


class Small(NamedTuple):
    """A kind of its own, among several."""

    name: str
    chart: Markup
    sentence: Said


def view(study: Study, lang: Lang = "en") -> dict[str, object]:
    """Return what the template `study.html` fills in, its drawings in `lang`."""
    whole = study.whole
    shown = _events(study)
    return {
        "study": study,
        "whole": whole,
        "files": [
            "events.csv",
            "windows.csv",
            "days.csv",
            "path.csv",
            *(["tradable.csv"] if study.tradable else []),
            "study.json",
        ],
        "title": study.title or study.subject.replace("_", " "),
        "fill_clock": "",
        "simulated": words.SIMULATED if study.simulated else "",
        "grade": (CLASSES[study.verdict.grade], LABELS[study.verdict.grade]),
        "tiles": _tiles(whole),
        "charts": [_chart(whole, frame, lang) for frame in (WIDE, NARROW)] if whole.path else [],
        "tests": list(TESTS.items()),
        "windows": [_line(one) for one in whole.windows],
        "days": [_line(one) for one in whole.days],
        "kinds": [_small(study, group, lang) for group in study.groups[1:]] if whole.name == ALL else [],
        "events": shown[:MOST_EVENTS],
        "more_events": max(len(shown) - MOST_EVENTS, 0),
        "reasons": [(LEFT_OUT[reason], f"{count:,}") for reason, count in whole.reasons.items()],
        "facts": _facts(study),
        "waterfalls": waterfalls(study, lang),
        "market": market_words(study.settings) if study.settings else [],
    }


def headline(study: Study, folder: str) -> dict[str, object]:
    """Return what the list of runs shows of a study in `folder`; JSON types only."""
    one = study.whole.headline
    return {
        "strategy": study.subject,
        "title": study.title,
        "folder": folder,
        "study_id": study.study_id,
        "first": study.start,
        "last": study.end,
        "source": study.source_label,
        "simulated": study.simulated,
        "grade": LABELS[study.verdict.grade],
        "events": one.events,
        "sessions": study.whole.sessions,
        "effective": one.effective,
        "window": [*one.window],
        "mean": one.mean,
        "p": study.verdict.p,
    }


def window_text(one: Measured) -> str:
    """Write the sessions of a window: "0 to 20", "-5"."""
    first, last = (str(day).replace("-", words.MINUS) for day in one.window)
    return first if first == last else f"{first} … {last}"


def _tiles(group: Group) -> list[tuple[Said, str, str, Said | str]]:
    """Return label, value, tone and what stands below of each headline figure."""
    one = group.headline
    total = f"{len(group.events) + len(group.left_out):,}"
    band: Said | str = said("no band")
    if one.low is not None and one.high is not None:
        band = said("95% band %(low)s to %(high)s", low=gain(one.low), high=gain(one.high))
    sessions = said("Mean, sessions %(window)s", window=window_text(one))
    return [
        (sessions, gain(one.mean), tone(one.mean), band),
        (said("p-value"), p_text(group.verdict.p), "", said("adjusted for shared days")),
        (said("Events"), f"{len(group.events):,}", "", said("of %(found)s found", found=total)),
        (said("Event sessions"), f"{group.sessions:,}", "", said("different dates")),
        (said("Independent events"), f"{one.effective:,.1f}", "", said("that say as much")),
        (said("Closed at a limit"), f"{group.censored:,}", "", said("on their first session")),
    ]


def _chart(group: Group, frame: Frame, lang: Lang) -> Markup:
    label = sentence("Mean cumulative abnormal return around %(n)s events", lang, n=len(group.events))
    event = translate("First tradable session", lang)
    return Markup(path_chart(group.path, frame, label, event))  # noqa: S704  escaped there


def _small(study: Study, group: Group, lang: Lang) -> Small:
    chart = _chart(group, SMALL, lang) if group.path else Markup("")
    return Small(study.called(group.name), chart, group.verdict.sentence)


def _line(one: Measured) -> Line:
    return Line(
        label=window_text(one),
        events=f"{one.events:,}",
        mean=gain(one.mean, 2),
        tone=tone(one.mean),
        band=NOT_AVAILABLE if one.low is None else f"{gain(one.low, 2)} … {gain(one.high, 2)}",
        effective=f"{one.effective:,.1f}",
        tests=[
            (
                NOT_AVAILABLE if test.statistic is None else f"{test.statistic:.2f}",
                p_text(test.p),
                test.p is not None and test.p < 0.05,  # noqa: PLR2004
            )
            for test in one.tests
        ],
    )


def _events(study: Study) -> list[Shown]:
    group = study.whole
    rows = [
        _shown(study, event, first, car)
        for event, first, car in zip(group.events, group.first_days, group.cars, strict=True)
    ]
    rows += [_shown(study, event, None, None) for event in group.left_out]
    return sorted(rows, key=lambda row: (row.session, row.symbol), reverse=True)


def _shown(study: Study, event: Event, first: float | None, car: float | None) -> Shown:
    return Shown(
        session=event.session,
        symbol=event.symbol,
        name=event.name,
        title=event.title,
        kinds=[study.called(kind) for kind in event.kinds],
        first_day=gain(first),
        first_tone=tone(first),
        car=gain(car),
        car_tone=tone(car),
        notes=list(_notes(event)),
        out=LEFT_OUT.get(event.left_out, ""),
    )


def _notes(event: Event) -> Sequence[Said]:
    told = []
    if event.direction < 0:
        told.append(said("bad news: returns turned"))
    if event.censored:
        told.append(said((LOCKED if event.locked else CENSORED)[event.censored]))
    if event.moved:
        told.append(said("suspended, moved on by %(n)s sessions", n=event.moved))
    if event.halted:
        told.append(said("%(n)s sessions of the window without a bar", n=event.halted))
    if event.confounded:
        told.append(said("also in the window: %(ids)s", ids=_few(event.confounded)))
    return told


def _few(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:4])
    return shown if len(ids) <= 4 else f"{shown} +{len(ids) - 4}"  # noqa: PLR2004


def _facts(study: Study) -> list[tuple[str, Said | str]]:
    asked = study.asked
    first, last = (str(day).replace("-", words.MINUS) for day in asked.window)
    return [
        ("kinds", listed([said(study.called(kind)) for kind in study.kinds])),
        ("names", f"{study.symbols:,}"),
        ("window", said("sessions %(first)s to %(last)s; 0 is the first tradable one", first=first, last=last)),
        ("expected", said(MODELS[asked.model])),
        *([("benchmark", study.benchmark)] if study.benchmark else []),
        (
            "estimated from",
            said(
                "the %(n)s sessions before the window, at least %(least)s with a return",
                n=asked.estimation,
                least=asked.least_days,
            ),
        ),
        ("returns", said(RETURNS[asked.returns])),
        ("other catalysts in the window", said("left out" if asked.drop_confounded else "kept, and named")),
    ]
