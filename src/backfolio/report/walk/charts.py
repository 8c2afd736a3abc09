"""Drawings of a walk-forward: numbers in, markup out, no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from backfolio.report import plot
from backfolio.report.lang import sentence
from backfolio.report.plot import Across, Frame, Scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from backfolio.report.look import Lang
    from backfolio.report.tune.score import Levels, Score

    Floats = NDArray[np.float64]

SMALL: Final = (400, 250)
"""View box of a small drawing."""

LEFT: Final = 4
RIGHT: Final = 46
TOP: Final = 26
FOOT: Final = 44

CHARACTER: Final = 6.6
"""Width of one in the units of the view box."""

MOST_CHARACTERS: Final = 12
"""Of a level's label; the rest is cut."""

MOST_NUMBERS: Final = 16
"""Windows whose number is written; of more, every so many."""


WIDE: Final = Frame("wide", 1120, 350, 58, 12, left=2, top=24)
NARROW: Final = Frame("narrow", 360, 250, 44, 5, left=2, top=24)


def stitched_chart(
    sessions: NDArray[np.datetime64],
    lines: Sequence[tuple[str, Floats]],
    windows: Sequence[tuple[int, int, str]],
    frame: Frame,
    label: str,
    lang: Lang = "en",
) -> str:
    """Draw gains since the start over the windows, every other one shaded.

    Parameters
    ----------
    sessions
        ``datetime64[D]``, (sessions,), at least one.
    lines
        CSS class and gain since the start, (sessions,), the lowest first.
    windows
        First row, row after the last, and what a pointer over it says.
    label
        What a screen reader says.
    lang
        Of the dates.
    """
    bottom = frame.bottom
    low = min(0.0, *(float(line.min()) for _, line in lines))
    high = max(0.0, *(float(line.max()) for _, line in lines))
    scale = Scale(*plot.padded(low, high), bottom, frame.top)
    across = Across(len(sessions), frame.left, frame.end)
    steps = plot.ticks(scale.low, scale.high, 6)
    parts = [frame.open(label)]
    every = _every(len(windows), frame.end)
    for at, (first, stop, said) in enumerate(windows):
        left, right = across(first), across(min(stop, len(sessions) - 1))
        kind = "band" if at % 2 == 0 else "blank"
        place = f'x="{left:.1f}" y="{frame.top}" width="{max(right - left, 0.5):.1f}" height="{bottom - frame.top}"'
        # "blank" has no rule: without a fill of its own it would be black
        fill = "" if kind == "band" else ' fill="none" pointer-events="all"'
        parts.append(f'<rect class="{kind}" {place}{fill}><title>{escape(said)}</title></rect>')
        if at % every == 0:
            parts.append(f'<text class="tick" x="{(left + right) / 2:.1f}" y="{frame.top - 8}">{at + 1}</text>')
    parts += plot.dates(sessions, across, top=frame.top, bottom=bottom, labels=frame.labels, lang=lang)
    ends = {"left": frame.left, "right": frame.end, "labels": frame.width - 2}
    parts += plot.levels(steps, scale, **ends, write=plot.percents(steps))
    parts += [f'<path class="line {name}" d="{plot.path(line, across, scale)}"/>' for name, line in lines]
    parts.append("</svg>")
    return "".join(parts)


def against_chart(inside: Floats, outside: Floats, numbers: Sequence[int], score: Score) -> str:
    """Draw each window's score, in sample against out of sample, beside the line on which the two are equal.

    Parameters
    ----------
    inside, outside
        float64 (windows,), at least one, all finite.
    numbers
        Of the windows.
    score
        How it is called and written.
    """
    width, height = SMALL
    over = Scale(*_ends(inside), LEFT, width - RIGHT)
    scale = Scale(*_ends(outside), height - FOOT, TOP)
    steps = plot.ticks(scale.low, scale.high, 5)
    lang, name = score.lang, score.label
    parts = [_open(sentence("%(score)s of every window, in sample against out of sample", lang, score=name))]
    ends = {"left": LEFT, "right": width - RIGHT, "labels": width - 2}
    parts += plot.levels(steps, scale, **ends, write=score.levels(steps))
    low, high = max(over.low, scale.low), min(over.high, scale.high)
    if low < high:
        parts.append(
            f'<path class="line median" d="M{over(low):.1f} {scale(low):.1f}L{over(high):.1f} {scale(high):.1f}"/>'
        )
    for number, x, y in zip(numbers, inside.tolist(), outside.tolist(), strict=True):
        told = {"number": number, "inside": score.text(x), "outside": score.text(y)}
        said = sentence("window %(number)s: %(inside)s in sample, %(outside)s out of sample", lang, **told)
        place = f"M{over(x):.1f} {scale(y):.1f}h0"
        parts.append(f'<path class="marks mean" d="{place}"><title>{escape(said)}</title></path>')
        parts.append(f'<text class="tick name" x="{over(x):.1f}" y="{scale(y) - 8:.1f}">{number}</text>')
    below = plot.ticks(over.low, over.high, 5)
    write = score.levels(below)
    parts += [f'<text class="tick" x="{over(at):.1f}" y="{height - FOOT + 17}">{write(at)}</text>' for at in below]
    middle = (LEFT + width - RIGHT) / 2
    below_it = sentence("%(score)s in sample", lang, score=name)
    above_it = sentence("%(score)s out of sample", lang, score=name)
    parts.append(f'<text class="tick name" x="{middle:g}" y="{height - 8}">{escape(below_it)}</text>')
    parts.append(f'<text class="value name" x="{width - 2}" y="12">{escape(above_it)}</text></svg>')
    return "".join(parts)


def chosen_chart(levels: Levels, chosen: Sequence[int | None], lang: Lang = "en") -> str:
    """Draw the value of one parameter that was chosen in each window.

    Parameters
    ----------
    levels
        The values of its axis, lowest first.
    chosen
        Place on the axis, by window; None where nothing was chosen.
    lang
        Of what a screen reader says.
    """
    room = max(CHARACTER * min(max(len(label) for label in levels.labels), MOST_CHARACTERS), 24.0)
    width, height = SMALL[0], 40 + 18 * min(max(len(levels), 3), 10)
    top, bottom = 12.0, height - 26.0
    across = Across(len(chosen), LEFT + 14, width - room - 24)
    scale = Scale(0.0, max(len(levels) - 1, 1), bottom - 8, top + 8)
    parts = [f'<svg class="chart small" viewBox="0 0 {width} {height}" role="img" ', ""]
    label = sentence("%(name)s chosen by window", lang, name=levels.name)
    parts[1] = f'aria-label="{escape(label)}">'
    every = max(1, -(-len(levels) // 12))
    for level in range(len(levels)):
        y = scale(level)
        parts.append(f'<line class="level" x1="{LEFT}" x2="{width - room - 10:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        if level % every == 0:
            text = levels.labels[level]
            text = text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
            parts.append(f'<text class="value" x="{width - 2}" y="{y + 4:.1f}">{escape(text)}</text>')
    line, marks, before = [], [], False
    for at, value in enumerate(chosen):
        if value is None:
            before = False
            continue
        place = f"{across(at):.1f} {scale(int(levels.of[value])):.1f}"
        line.append(f"{'L' if before else 'M'}{place}")
        marks.append(f"M{place}h0")
        before = True
    parts.append(f'<path class="line mean" d="{"".join(line)}"/><path class="marks mean" d="{"".join(marks)}"/>')
    skip = _every(len(chosen), width - room)
    parts += [
        f'<text class="tick" x="{across(at):.1f}" y="{height - 6:g}">{at + 1}</text>'
        for at in range(0, len(chosen), skip)
    ]
    parts.append("</svg>")
    return "".join(parts)


def _every(count: int, width: float) -> int:
    """Return of how many numbers in a row one has room."""
    return max(1, -(-count // max(int(min(width / 22, MOST_NUMBERS)), 1)))


def _open(label: str) -> str:
    return f'<svg class="chart small" viewBox="0 0 {SMALL[0]} {SMALL[1]}" role="img" aria-label="{escape(label)}">'


def _ends(values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = max((high - low) * 0.1, 0.05)
    return low - room, high + room
