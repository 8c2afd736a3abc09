"""The equity of the winner and its benchmark over the cloud of all other trials, in bounded room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.report import plot
from backfolio.report.plot import Across, Frame, Scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.report.look import Lang

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

MOST_COLUMNS: Final = 150
"""Sessions at which the cloud is measured."""

MOST_LINES: Final = 200
"""Other trials drawn one by one."""

MOST_MEASURED: Final = 20_000
"""Other trials that the bands are worked out of; beyond, every so many by score."""

CHUNK: Final = 256
"""Trials read at once, so that a file of any length takes little memory."""

BANDS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles of the bands, the median in the middle."""

FEWEST_BANDS: Final = 20
"""Below as many trials a quantile says less than their lines."""


WIDE: Final = Frame("wide", 1120, 400, 58, 12, left=2)
NARROW: Final = Frame("narrow", 360, 270, 44, 5, left=2)

LINES: Final = {WIDE.name: MOST_LINES, NARROW.name: 60}
"""How many there is room for."""


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """Gains of the trials that are not the winner, at some sessions.

    Parameters
    ----------
    columns
        int64 (columns,): rows of the sessions, the first and the last among them.
    bands
        float64 (quantiles, columns), or None where trials are few.
    lines
        float32 (lines, columns): some of the trials, evenly spaced by rank.
    trials, measured
        How many there are, and how many the bands were worked out of.
    """

    columns: Integers
    bands: Floats | None
    lines: NDArray[np.float32]
    trials: int
    measured: int


def cloud(equity: Integers, start_cash: Integers, ranked: Integers) -> Cloud:
    """Measure the cloud of some trials.

    Parameters
    ----------
    equity
        int64 mills, (trials, sessions); may lie in a file (``np.memmap``).
    start_cash
        int64 mills, (trials,).
    ranked
        Rows of the trials that belong to it, by rank.
    """
    sessions = equity.shape[1]
    columns = np.unique(np.linspace(0, max(sessions - 1, 0), min(MOST_COLUMNS, sessions)).round().astype(np.int64))
    chosen = np.sort(ranked[_evenly(len(ranked), MOST_MEASURED)])
    gains = _gains(equity, start_cash, chosen, columns)
    return Cloud(
        columns=columns,
        bands=np.quantile(gains, BANDS, axis=0).astype(np.float64) if len(chosen) >= FEWEST_BANDS else None,
        lines=_gains(equity, start_cash, ranked[_evenly(len(ranked), MOST_LINES)], columns),
        trials=len(ranked),
        measured=len(chosen),
    )


def cloud_chart(
    sessions: NDArray[np.datetime64],
    others: Cloud,
    best: Floats | None,
    benchmark: Floats | None,
    frame: Frame,
    label: str,
    lang: Lang = "en",
) -> str:
    """Draw gains since the start.

    Parameters
    ----------
    sessions
        ``datetime64[D]``, (sessions,), at least one.
    others
        The cloud below the lines.
    best, benchmark
        float64 (sessions,): gain since the start; None is not drawn.
    label
        What a screen reader says.
    lang
        Of the dates.
    """
    rows = len(sessions)
    bottom = frame.bottom
    lines = others.lines[_evenly(len(others.lines), LINES[frame.name])]
    drawn = [line for line in (best, benchmark, others.bands, lines) if line is not None and line.size]
    low = min(0.0, *(float(line.min()) for line in drawn), 0.0)
    high = max(0.0, *(float(line.max()) for line in drawn), 0.0)
    scale = Scale(*plot.padded(low, high), bottom, frame.top)
    across = Across(rows, frame.left, frame.end)
    steps = plot.ticks(scale.low, scale.high, 6)
    parts = [frame.open(label)]
    parts += plot.dates(sessions, across, top=frame.top, bottom=bottom, labels=frame.labels, lang=lang)
    # The cloud lies below the lines of the levels, so that they can be followed through it.
    parts += _below(others, lines, across, scale)
    ends = {"left": frame.left, "right": frame.end, "labels": frame.width - 2}
    parts += plot.levels(steps, scale, **ends, write=plot.percents(steps))
    for name, line in (("against", benchmark), ("strategy", best)):
        if line is not None:
            parts.append(f'<path class="line {name}" d="{plot.path(line, across, scale)}"/>')
    parts.append("</svg>")
    return "".join(parts)


def _gains(equity: Integers, start_cash: Integers, rows: Integers, columns: Integers) -> NDArray[np.float32]:
    gains = np.empty((len(rows), len(columns)), dtype=np.float32)
    for first in range(0, len(rows), CHUNK):
        read = rows[first : first + CHUNK]
        gains[first : first + CHUNK] = equity[read][:, columns] / start_cash[read, None] - 1.0
    return gains


def _below(others: Cloud, lines: NDArray[np.float32], across: Across, scale: Scale) -> list[str]:
    xs = [across(int(row)) for row in others.columns]
    parts = []
    if others.bands is not None:
        q05, q25, middle, q75, q95 = others.bands
        parts += [f'<path class="band" d="{_area(one, other, xs, scale)}"/>' for one, other in ((q05, q95), (q25, q75))]
        median = "L".join(f"{x:.1f} {scale(value):.1f}" for x, value in zip(xs, middle.tolist(), strict=True))
        parts.append(f'<path class="line median" d="M{median}"/>')
    if len(lines) and len(xs) > 1:
        # Whole tenths, drawn smaller: half the bytes of decimals.
        across_steps = np.diff(np.rint(np.array(xs) * 10).astype(np.int64), prepend=0).tolist()
        heights = np.rint((scale.bottom - (lines - scale.low) * _slope(scale)) * 10).astype(np.int64)
        moves = np.diff(heights, axis=1, prepend=0).tolist()
        parts.append('<g class="faint" transform="scale(.1)">')
        parts += [f'<path d="{_relative(across_steps, line)}"/>' for line in moves]
        parts.append("</g>")
    return parts


def _slope(scale: Scale) -> float:
    return (scale.bottom - scale.top) / (scale.high - scale.low)


def _relative(steps: list[int], moves: list[int]) -> str:
    """Return a line as moves from point to point; a minus sign parts two numbers as well as a space."""
    return "m" + " ".join(f"{step} {move}" for step, move in zip(steps, moves, strict=True)).replace(" -", "-")


def _area(low: Floats, high: Floats, xs: list[float], scale: Scale) -> str:
    there = [f"{x:.1f} {scale(value):.1f}" for x, value in zip(xs, low.tolist(), strict=True)]
    back = [f"{x:.1f} {scale(value):.1f}" for x, value in zip(reversed(xs), high.tolist()[::-1], strict=True)]
    return f"M{'L'.join(there)}L{'L'.join(back)}Z"


def _evenly(count: int, most: int) -> Integers:
    """Return at most `most` places out of `count`, evenly spaced, both ends among them."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).round().astype(np.int64)
