"""The score by one parameter: every trial as a dot, the mean and the best of each value."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.report import plot
from backfolio.report.lang import sentence
from backfolio.report.plot import Across, Scale
from backfolio.report.tune.score import Levels, Score, levels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.tune.space import Axis

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

WIDTH: Final = 360
HEIGHT: Final = 236
LEFT: Final = 4
RIGHT: Final = 46
TOP: Final = 12
FOOT: Final = 28
CHARACTER: Final = 6.6
"""Width of one in the units of the view box, for telling which labels have room."""

GAP: Final = 8
"""Between two labels."""

MOST_CHARACTERS: Final = 24
"""Of a label at most."""

FEWEST_CHARACTERS: Final = 8
"""Below as much room for each, some values are left out instead."""

FIRST_WIDE: Final = 0x2E80
"""From this code point on, characters are about as wide as high."""

MOST_LEVELS: Final = 40
"""Values of an axis that a drawing holds apart."""

MOST_DOTS: Final = 600
"""Dots of one drawing; of a value with more trials, every so many by score are drawn, the ends always."""

GOLDEN: Final = 0.6180339887498949
"""Multiples of it spread dots of one value sideways evenly and the same way every time."""


def spread_chart(
    axis: Axis, points: Integers, score: Floats, allowed: Flags, best: int | None, kind: Score, *, most: int = MOST_DOTS
) -> str:
    """Draw the scores of all trials over the values of one axis.

    Parameters
    ----------
    axis
        The parameter.
    points
        int64 (trials,): the place of each trial's value on the axis.
    score
        float64 (trials,); NaN is not drawn.
    allowed
        bool (trials,): every constraint holds; other dots are hollow, and
        neither counts as best.
    best
        Row of the winner, which is ringed.
    kind
        How the score is called and written.
    most
        Dots at most.
    """
    levels = levels_of(axis, MOST_LEVELS, kind.lang)
    scored = np.flatnonzero(~np.isnan(score))
    own = levels.of[points[scored]]
    values = score[scored]
    scale = Scale(*_ends(values), HEIGHT - FOOT, TOP)
    slot = (WIDTH - RIGHT - LEFT) / len(levels)
    across = Across(len(levels), LEFT + slot / 2, WIDTH - RIGHT - slot / 2)
    steps = plot.ticks(scale.low, scale.high, 5)
    label = sentence("%(score)s by %(name)s", kind.lang, score=kind.label, name=axis.name)
    parts = [f'<svg class="chart small" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">']
    ends = {"left": LEFT, "right": WIDTH - RIGHT, "labels": WIDTH - 2}
    parts += plot.levels(steps, scale, **ends, write=kind.levels(steps))
    parts += _names(levels, across)
    kept = _dots(own, values, len(levels), most)
    for name, drawn in (("", kept[allowed[scored][kept]]), (" out", kept[~allowed[scored][kept]])):
        if drawn.size:
            parts.append(f'<path class="dots{name}" d="{_places(drawn, own, values, across, scale, slot)}"/>')
    means, tops = _means(own, values, len(levels)), _tops(own, values, allowed[scored], len(levels))
    for name, line in (("top", tops), ("mean", means)):
        parts.append(_line(name, line, across, scale, joined=levels.ordered))
    if best is not None:
        x, y = across(int(levels.of[points[best]])), scale(float(score[best]))
        parts.append(f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="6"/>')
    parts.append("</svg>")
    return "".join(parts)


def _ends(values: Floats) -> tuple[float, float]:
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = max((high - low) * 0.06, plot.FLAT)
    return low - room, high + room


def _names(levels: Levels, across: Across) -> list[str]:
    """Write the values below the drawing, as many as have room."""
    slot = (WIDTH - RIGHT - LEFT) / len(levels)
    # Where a few long names have no room side by side, each is cut to its own.
    fits = int((slot - GAP) / CHARACTER)
    most = fits if fits >= FEWEST_CHARACTERS else MOST_CHARACTERS
    texts = [_cut(label, most) for label in levels.labels]
    longest = max(_room(text) for text in texts)
    parts = []
    free = 0.0
    for level in range(0, len(levels), max(1, math.ceil((longest + GAP) / slot))):
        half = _room(texts[level]) / 2
        # A label wider than its slot must leave neither the drawing nor the next one's room.
        x = min(max(across(level), half), WIDTH - half)
        if x - half >= free:
            free = x + half + GAP
            parts.append(f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 8}">{escape(texts[level])}</text>')
    return parts


def _cut(text: str, most: int) -> str:
    """Return a text of at most `most` narrow characters' room, its end replaced where it is longer."""
    if _room(text) <= most * CHARACTER:
        return text
    while _room(text) > (most - 1) * CHARACTER:
        text = text[:-1]
    return f"{text}\N{HORIZONTAL ELLIPSIS}"


def _room(text: str) -> float:
    """Return about how wide a text is; Chinese characters take two places."""
    return CHARACTER * sum(2 if ord(character) >= FIRST_WIDE else 1 for character in text)


def _dots(own: Integers, values: Floats, count: int, most: int) -> Integers:
    """Return which trials are drawn: of a crowded value every so many, its lowest and highest among them."""
    if len(values) <= most:
        return np.arange(len(values))
    each = max(most // count, 3)
    kept = []
    for level in range(count):
        inside = np.flatnonzero(own == level)
        if len(inside) > each:
            inside = inside[np.argsort(values[inside], kind="stable")]
            inside = inside[np.linspace(0, len(inside) - 1, each).round().astype(np.int64)]
        kept.append(inside)
    return np.concatenate(kept)


def _places(drawn: Integers, own: Integers, values: Floats, across: Across, scale: Scale, slot: float) -> str:
    aside = ((drawn * GOLDEN) % 1.0 - 0.5) * min(slot * 0.5, 22.0)
    return "".join(
        f"M{across(level) + step:.1f} {scale(value):.1f}h0"
        for level, step, value in zip(own[drawn].tolist(), aside.tolist(), values[drawn].tolist(), strict=True)
    )


def _means(own: Integers, values: Floats, count: int) -> Floats:
    counts = np.bincount(own, minlength=count)
    sums = np.bincount(own, weights=values, minlength=count)
    return np.asarray(np.divide(sums, counts, out=np.full(count, np.nan), where=counts > 0), dtype=np.float64)


def _tops(own: Integers, values: Floats, allowed: Flags, count: int) -> Floats:
    tops = np.full(count, -np.inf)
    np.maximum.at(tops, own[allowed], values[allowed])
    return np.where(np.isinf(tops), np.nan, tops)


def _line(name: str, line: Floats, across: Across, scale: Scale, *, joined: bool) -> str:
    """Draw a point a level, and lines between neighbours that both exist."""
    parts, marks = [], []
    before = False
    for level, value in enumerate(line.tolist()):
        if np.isnan(value):
            before = False
            continue
        place = f"{across(level):.1f} {scale(value):.1f}"
        parts.append(f"{'L' if before and joined else 'M'}{place}")
        marks.append(f"M{place}h0")
        before = True
    return f'<path class="line {name}" d="{"".join(parts)}"/><path class="marks {name}" d="{"".join(marks)}"/>'
