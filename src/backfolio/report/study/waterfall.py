"""From paper to what was kept: the drawing, the table and the words of each kind of catalyst."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from markupsafe import Markup

from backfolio.metrics import NOT_AVAILABLE
from backfolio.money import cny_text
from backfolio.report.lang import sentence, translate
from backfolio.report.plot import Frame, Scale
from backfolio.report.tables import csv_text
from backfolio.report.text import gain, money, signed, tone
from backfolio.said import Said, counted, said
from backfolio.study import ALL, STEPS
from backfolio.study.judge import picked_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.report.look import Lang
    from backfolio.study import Study, Waterfall

WIDE: Final = Frame("wide", 1120, 0, 216, 0, left=236, top=6, foot=6)
NARROW: Final = Frame("narrow", 360, 0, 2, 0, left=2, top=4, foot=4)
"""Heights follow from the steps that are drawn; a narrow one has the words above each bar."""

HEIGHTS: Final = {"wide": 27, "narrow": 37}
"""Of a step."""

EVERY: Final = "all kinds"
PAPER: Final = "On paper"
KEPT: Final = "What was kept"
PAPER_WORDS: Final = "CAR times what was asked for, from the close before the news"
KEPT_WORDS: Final = "what the positions made, all costs taken off"

COLUMNS: Final = (
    "session", "symbol", "name", "kind", "catalyst", "news", "until", "bought", "again", "measured", "window_over",
    "notional", "paper", *STEPS, "kept",
)  # fmt: skip


class Bar(NamedTuple):
    """A value or a step of the drawing, mills."""

    label: str
    words: str
    amount: int
    whole: bool
    """Whether it stands on 0: paper and kept."""


class Cell(NamedTuple):
    """A line of the table, as text."""

    label: str
    words: str
    amount: str
    share: str
    tone: str
    whole: bool


class Shown(NamedTuple):
    """A kind, as the page shows it."""

    name: str
    sentence: Said
    picked: Said | None
    notes: list[Said]
    charts: list[Markup]
    cells: list[Cell]


def waterfalls(study: Study, lang: Lang) -> list[Shown]:
    """Return every kind, the sum of all first where there are several; none where nothing was asked for."""
    if study.tradable is None:
        return []
    return [_shown(study, one, lang) for one in study.tradable.shown]


def tradable_csv(study: Study) -> str:
    """Write every ask from paper to kept, CNY to the mill."""
    lines = () if study.tradable is None else study.tradable.lines
    rows = (
        (
            line.session,
            line.symbol,
            line.name,
            line.kind,
            line.catalyst,
            line.news,
            line.until,
            line.bought,
            _yes(line.again),
            _yes(line.measured),
            _yes(line.over),
            *(cny_text(mills, 3) for mills in (line.notional, line.paper, *line.steps, line.kept)),
        )
        for line in lines
    )
    return csv_text(COLUMNS, rows)


def draw(bars: Sequence[Bar], notional: int, frame: Frame, label: str, lang: Lang) -> str:
    """Draw one bar a line from paper down to kept, each beginning where the one before ended.

    Parameters
    ----------
    bars
        Paper, steps and kept; steps of 0 are left out.
    notional
        What shares are shown of, mills.
    label
        What a screen reader says.
    """
    drawn = [bar for bar in bars if bar.whole or bar.amount]
    tall, roomy = HEIGHTS[frame.name], frame.name == "wide"
    frame = Frame(frame.name, frame.width, frame.top + tall * len(drawn) + frame.foot, frame.right, 0, frame.left)
    ends = [0, *(end for pair in _ends(drawn) for end in pair)]
    place = Scale(float(min(ends)), float(max(ends)), frame.left, frame.end)  # from left to right
    zero = place(0.0)
    parts = [frame.open(label, "waterfall")]
    if roomy:
        parts.append(f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="{frame.top}" y2="{frame.height - 4}"/>')
    for at, (bar, (begin, end)) in enumerate(zip(drawn, _ends(drawn), strict=True)):
        y = frame.top + tall * at
        words = y + 17 if roomy else y + 12
        low, high = sorted((place(begin), place(end)))
        kind = "whole" if bar.whole else "rise" if bar.amount > 0 else "fall"
        name, amount = translate(bar.label, lang), signed(bar.amount)
        share = gain(bar.amount / notional) if notional else NOT_AVAILABLE
        top, thick = (y + 4, tall - 10) if roomy else (y + 17, 13)
        parts.append(
            f"<g><title>{escape(name)}: {amount} ({share})</title>"
            f'<text class="{"name total" if bar.whole else "name"}" x="0" y="{words}">{escape(name)}</text>'
            f'<rect class="step {kind}" x="{low:.1f}" y="{top}" width="{max(high - low, 1.2):.1f}" height="{thick}"/>'
            f'<text class="value" x="{frame.width - 64}" y="{words}">{amount}</text>'
            f'<text class="value" x="{frame.width}" y="{words}">{share}</text></g>'
        )
        if not roomy:  # words stand between the bars
            parts.append(f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="{top - 2}" y2="{top + thick + 2}"/>')
        elif at + 1 < len(drawn):
            x = place(end)
            below = top + tall
            parts.append(f'<line class="joint" x1="{x:.1f}" x2="{x:.1f}" y1="{top + thick}" y2="{below}"/>')
    parts.append("</svg>")
    return "".join(parts)


def _ends(bars: Sequence[Bar]) -> list[tuple[int, int]]:
    """Return where each bar begins and ends."""
    found, level = [], 0
    for bar in bars:
        begin = 0 if bar.whole else level
        level = begin + bar.amount
        found.append((begin, level))
    return found


def _bars(one: Waterfall) -> list[Bar]:
    steps = zip(STEPS.values(), one.steps, strict=True)
    return [
        Bar(PAPER, PAPER_WORDS, one.paper, whole=True),
        *(Bar(step.label, step.words, amount, whole=False) for step, amount in steps),
        Bar(KEPT, KEPT_WORDS, one.kept, whole=True),
    ]


def _shown(study: Study, one: Waterfall, lang: Lang) -> Shown:
    name = EVERY if one.kind == ALL else study.called(one.kind)
    bars = _bars(one)
    label = sentence("From paper to kept: %(kind)s", lang, kind=said(name))
    charts = [Markup(draw(bars, one.notional, frame, label, lang)) for frame in (WIDE, NARROW)]  # noqa: S704  escaped there
    return Shown(
        name=name,
        sentence=said("The thesis asked for no name after any of them.")
        if not one.asks
        else said(
            "%(asks)s, %(bought)s of them bought; asked for, each event once, %(notional)s CNY: on paper %(paper)s, "
            "kept %(kept)s.",
            asks=counted(one.asks, "ask"),
            notional=money(one.notional, 0),
            bought=f"{one.bought:,}",
            paper=signed(one.paper),
            kept=signed(one.kept),
        ),
        picked=None if one.picked is None else picked_words(one.picked),
        notes=list(_notes(one)),
        charts=charts if one.asks else [],
        cells=[
            Cell(
                bar.label,
                bar.words,
                signed(bar.amount),
                gain(bar.amount / one.notional, 2) if one.notional else NOT_AVAILABLE,
                tone(bar.amount),
                bar.whole,
            )
            for bar in bars
        ],
    )


def _notes(one: Waterfall) -> list[Said]:
    told, every, found = [], f"{one.asks:,}", f"{one.events:,}"
    if one.unasked > one.covered:
        told.append(
            said(
                "%(n)s of %(found)s events in the window were never asked for, so they stand on neither side.",
                n=f"{one.unasked - one.covered:,}",
                found=found,
            )
        )
    if one.covered:
        told.append(
            said(
                "%(n)s of %(found)s events touched a name that was held, or asked for after other news, already: they "
                "are no asks of their own, and what they moved counts with the ask that stood.",
                n=f"{one.covered:,}",
                found=found,
            )
        )
    if one.again:
        told.append(
            said(
                "%(n)s of %(all)s ask again for a name after the same catalyst: an event and its money are counted "
                "once, and what came of it later stands in later drift.",
                n=f"{one.again:,}",
                all=every,
            )
        )
    if one.overlapping:
        told.append(
            said(
                "%(n)s of %(all)s ask for a name while the window of an earlier ask for it still runs: what the name "
                "did on the sessions that they share is on paper for each, and later drift takes it off again.",
                n=f"{one.overlapping:,}",
                all=every,
            )
        )
    if one.unmeasured:
        told.append(
            said(
                "%(n)s of %(all)s have no model of their own, for too few days came before: their paper is what the "
                "name returned beyond the benchmark, or all that it returned where there is none.",
                n=f"{one.unmeasured:,}",
                all=every,
            )
        )
    if one.unfinished:
        told.append(
            said(
                "The data ends within the window of %(n)s of %(all)s; they are followed up to there.",
                n=f"{one.unfinished:,}",
                all=every,
            )
        )
    return told


def _yes(value: bool) -> str:  # noqa: FBT001
    return "yes" if value else ""
