"""Volumes that cannot be right though each row keeps the format: another unit than before, no share at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.bars.rows import PRICES
from backfolio.quality.rules import VOLUME_TIMES
from backfolio.quality.scene import by_column, finding, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.quality.model import Finding
    from backfolio.quality.rules import Severity
    from backfolio.quality.scene import Scene

EDGE: Final = 5.0
"""Times by which a volume differs from the one before where another unit begins or ends: where one looks."""

NEAR: Final = 10
"""Bars on each side that a single volume is compared with."""

LEVEL: Final = 20
"""Bars on each side of which the medians are compared where another unit stays; as many begin a history."""

SIDE: Final = 5
SIDE_TIMES: Final = 10
"""So many bars on each side must lie so many times apart, each from each, where another unit stays."""

LAST_TIMES: Final = 3 * VOLUME_TIMES
"""Times the median where fewer than `SIDE` bars have come since: a crowd that stays may have come that day."""


def volume_jumps(scene: Scene) -> Iterator[Finding]:
    """Tell bars whose volume is in another unit than the symbol's others, on some days or from a day on.

    Judged against the symbol's own history (medians, so that the wrong ones do
    not hide themselves); amounts play no part, for they may be wrong alike.
    Bars of one price are never too small: hardly a share trades at a limit.
    """
    bars = scene.bars
    if bars is None:
        return
    for column in range(len(bars.symbols)):
        rows = np.flatnonzero(bars.traded[:, column] & (bars.volume[:, column] > 0))
        if len(rows) <= LEVEL:
            continue
        volume = bars.volume[rows, column].astype(np.float64)
        step = np.abs(np.diff(np.log(volume)))
        edges = np.flatnonzero(step >= np.log(EDGE)) + 1
        edges = edges[edges >= LEVEL]
        if len(edges):
            still = bars.high[rows, column] == bars.low[rows, column]
            yield from _jumps(bars, column, rows, volume, edges, still)


def _jumps(
    bars: Bars,
    column: int,
    rows: NDArray[np.intp],
    volume: NDArray[np.float64],
    edges: NDArray[np.intp],
    still: NDArray[np.bool_],
) -> Iterator[Finding]:
    symbol = bars.symbols[column]
    single: dict[int, float] = {}
    for edge in edges.tolist():
        stays = _stays(volume, edge)
        if stays is not None:
            before, after = stays
            day = bars.sessions[rows[edge]]
            value = f"from {day} on {after / before:,.4g} times as much (medians: {before:,.0f}, then {after:,.0f})"
            yield finding("volume_jump", symbol, (day, day), value)
            continue
        at = edge
        while at < len(volume) and (usual := _usual(volume, at, still=bool(still[at]))) is not None:
            single[at] = usual
            at += 1
    if single:
        told = (
            f"{bars.sessions[rows[at]]} {volume[at]:,.0f}, {volume[at] / usual:,.4g} times the usual {usual:,.0f}"
            for at, usual in sorted(single.items())
        )
        days = bars.sessions[rows[min(single)]], bars.sessions[rows[max(single)]]
        yield finding("volume_jump", symbol, days, some(told), len(single))


def _stays(volume: NDArray[np.float64], edge: int) -> tuple[float, float] | None:
    """Return the medians before and after an edge where another unit begins; None where none does."""
    left, right = volume[edge - SIDE : edge], volume[edge : edge + SIDE]
    if len(right) < SIDE:
        return None
    before, after = (float(np.median(part)) for part in (volume[edge - LEVEL : edge], volume[edge : edge + LEVEL]))
    more = after >= VOLUME_TIMES * before and right.min() >= SIDE_TIMES * left.max()
    less = before >= VOLUME_TIMES * after and left.min() >= SIDE_TIMES * right.max()
    return (before, after) if more or less else None


def _usual(volume: NDArray[np.float64], at: int, *, still: bool) -> float | None:
    """Return the median around a volume that is in another unit; None where it is in the same."""
    usual = float(np.median(volume[at - NEAR : at + NEAR + 1]))
    most = VOLUME_TIMES if len(volume) - at > SIDE else LAST_TIMES
    wrong = volume[at] > most * usual or (not still and most * volume[at] < usual)
    return usual if wrong else None


def no_volume(scene: Scene) -> Iterator[Finding]:
    """Tell bars without a share traded: those whose prices moved all the same, and those that are a halt."""
    bars = scene.bars
    if bars is None:
        return
    none = bars.traded & (bars.volume == 0)
    if not none.any():
        return
    moved = np.zeros_like(none)
    for name in PRICES:
        price = getattr(bars, name)
        moved |= np.where(bars.reference > 0, price != bars.reference, price != bars.close)
    moved |= bars.amount > 0
    kinds: tuple[tuple[NDArray[np.bool_], Severity, str], ...] = (
        (none & moved, "warning", "no share traded, and prices or an amount that say otherwise"),
        (none & ~moved, "note", "no share traded at the reference price: a halt rather than a bar"),
    )
    for mask, severity, words in kinds:
        for column, sessions in by_column(mask):
            days = bars.sessions[sessions[0]], bars.sessions[sessions[-1]]
            value = f"{words} ({some(str(day) for day in bars.sessions[sessions])})"
            yield finding("no_volume", bars.symbols[column], days, value, len(sessions), severity)
