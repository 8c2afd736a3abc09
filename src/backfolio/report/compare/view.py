"""What the page of a comparison shows, as plain values: a pure function of the comparison."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

import numpy as np
from markupsafe import Markup

from backfolio.metrics import DEFINITIONS
from backfolio.report import plots
from backfolio.report.compare.drawn import FRAMES, hue, lines_chart
from backfolio.report.compare.facts import ABSENT, LETTERS
from backfolio.report.compare.figures import rows
from backfolio.report.gallery.comparable import WORDS
from backfolio.report.lang import sentence
from backfolio.report.tables import price_text
from backfolio.report.text import gain, part
from backfolio.report.words import SIMULATED
from backfolio.said import listed, said

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.report.compare.facts import Comparison, Order
    from backfolio.report.compare.sides import Side
    from backfolio.report.look import Look

MOST_PARTINGS: Final = 300
"""Lines of the table of fills; its file has all."""

FEW: Final = 3
"""So many runs are each told of in a sentence."""

MOST_TEXT: Final = 400
"""Lines shown of how the text of a thesis changed."""


class Named(NamedTuple):
    """A run as the page calls it."""

    letter: str
    hue: str
    strategy: str
    run_id: str
    digits: str
    title: str
    href: str
    window: tuple[str, str]
    source: str


def view(found: Comparison, folder: Path, look: Look) -> dict[str, object]:
    """Return what the template `compare.html` fills in, for a page in `folder`."""
    sides = found.sides
    names = [_named(at, side, folder) for at, side in enumerate(sides)]
    gains = list(np.cumprod(1.0 + found.returns, axis=1) - 1.0)
    label = sentence("Gain and drawdown of the compared runs.", look.lang)
    lone = [each for each in found.partings if None in each.orders]
    partings = lone[:MOST_PARTINGS]
    return {
        "title": " : ".join(f"{each.strategy} {each.digits}" for each in names),
        "fill_clock": "",
        "simulated": SIMULATED if all(side.headline.get("simulated") for side in sides) else "",
        "names": names,
        "first": str(found.sessions[0]),
        "last": str(found.sessions[-1]),
        "sessions": len(found.sessions),
        "judged": _judged(found),
        "verdict": "" if not found.apart or found.comparable else "bad",
        "hard": listed(WORDS[name] for name in found.hard),
        "soft": listed(WORDS[name] for name in found.soft),
        "partly": not found.whole,
        "charts": [Markup(lines_chart(found.sessions, gains, frame, label)) for frame in FRAMES],  # noqa: S704  escaped
        "figures": rows(found),
        "settings": _grouped(found),
        "correlations": _correlations(found),
        "counts": found.shared,
        "partings": [(each, [_order(order) for order in each.orders]) for each in partings],
        "partings_all": len(found.partings),
        "partings_left_out": len(lone) - len(partings),
        "lone": len(lone),
        "texts": [
            (names[at + 1].letter, text[:MOST_TEXT], max(len(text) - MOST_TEXT, 0))
            for at, text in enumerate(found.texts)
            if text
        ],
    }


def drawn(found: Comparison, look: Look) -> dict[str, object]:
    """Return what the page's chart draws."""
    lines = [
        plots.Line(f"{letter} {side.strategy} {side.digits}", "other", returns)
        for letter, side, returns in zip(LETTERS, found.sides, found.returns, strict=False)
    ]
    return plots.block(found.sessions, {"lines": plots.lines(lines)}, look=look)


def _named(at: int, side: Side, folder: Path) -> Named:
    title, source = side.headline.get("title"), side.headline.get("source")
    return Named(
        letter=LETTERS[at],
        hue=hue(at),
        strategy=side.strategy,
        run_id=side.run_id,
        digits=side.digits,
        title=title if isinstance(title, str) else "",
        href=_href(side.folder, folder),
        window=side.window,
        source=source if isinstance(source, str) else "",
    )


def _href(run: Path, folder: Path) -> str:
    """Return the link from the page to a run's page; "" where the run lies in another folder of reports."""
    reports = folder.resolve().parents[1]
    if not run.resolve().is_relative_to(reports):
        return ""
    return quote(os.path.relpath(run.resolve() / "index.html", folder.resolve()).replace(os.sep, "/"))


def _judged(found: Comparison) -> list[str]:
    """Return what came out, in sentences."""
    runs = list(zip(LETTERS, found.metrics, strict=False))
    sentences: list[str] = []
    if len(runs) <= FEW:
        made = (
            said(
                "%(run)s made %(gain)s with a worst drawdown of %(fall)s",
                run=letter,
                gain=gain(each.total_return),
                fall=part(each.max_drawdown, 1),
            )
            for letter, each in runs
        )
        sentences.append(said("%(made)s.", made=listed(made)))
    else:
        ranked = sorted(runs, key=lambda run: run[1].total_return or 0.0)
        sentences.append(
            said(
                "%(best)s made most, %(most)s, and %(worst)s least, %(least)s.",
                best=ranked[-1][0],
                most=gain(ranked[-1][1].total_return),
                worst=ranked[0][0],
                least=gain(ranked[0][1].total_return),
            )
        )
    if len(found.sides) == 2:  # noqa: PLR2004  of two, how alike they are fits into a sentence
        together, one = found.correlations[0][1], found.shared[0]
        sentences.append(
            said(
                "Their daily returns correlate at %(ratio)s; of A's %(n)s fills B has %(same)s to the share "
                "and %(other)s in another size.",
                ratio=_RATIO.text(together),
                n=f"{one.fills:,}",
                same=f"{one.same:,}",
                other=f"{one.other:,}",
            )
        )
    if found.partings:
        sentences.append(said("They first trade differently on %(day)s.", day=found.partings[0].session))
    else:
        sentences.append(said("They trade the same."))
    return sentences


def _grouped(found: Comparison) -> list[tuple[str, list[tuple[str, tuple[str, ...]]]]]:
    groups: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for setting in found.settings:
        groups.setdefault(setting.group, []).append((setting.name, setting.values))
    return list(groups.items())


def _correlations(found: Comparison) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return for each run its letter, and the correlation with each as text and shade."""
    return [
        (letter, [(_RATIO.text(value), _shade(value)) for value in row])
        for letter, row in zip(LETTERS, found.correlations, strict=False)
    ]


def _shade(value: float | None) -> str:
    """Return the class of the ground behind a correlation: darker where it is stronger."""
    return "" if value is None else f"h{min(int(max(value, 0.0) * 6), 5)}"


def _order(order: Order | None) -> tuple[str, str]:
    return (ABSENT, "") if order is None else (f"{order.shares:,}", price_text(order.price))


_RATIO: Final = next(entry for entry in DEFINITIONS if entry.name == "correlation")
