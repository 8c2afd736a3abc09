"""What the data does not say: risk warnings, listing dates, and the names that are not there at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare
from backfolio.ashare.limits import NORMAL, RISK_WARNING, limit_points
from backfolio.quality.scene import finding, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.quality.model import Finding
    from backfolio.quality.scene import Scene

MANY_SYMBOLS: Final = 200
MANY_SESSIONS: Final = 243
"""From so many symbols over so many sessions some name ends: a market without one holds survivors only."""


def st_unknown(scene: Scene) -> Iterator[Finding]:
    """Tell symbols of which no risk warning is known, nor its absence, where it would move the limits."""
    bars, rows = scene.bars, scene.rows
    if bars is None or rows is None:
        return
    held = rows.placed & rows.traded
    if "is_st" in rows.values:
        held &= np.isnan(rows.values["is_st"])
    silent = np.zeros(bars.traded.shape, dtype=np.bool_)
    silent[rows.session[held], rows.symbol[held]] = True
    boards = np.array([ashare.board_of(symbol) for symbol in bars.symbols])
    for board in np.unique(boards).tolist():
        points = [
            [limit_points(board, bars.sessions[at], status) for status in (NORMAL, RISK_WARNING)] for at in (0, -1)
        ]
        if all(normal == warned for normal, warned in points):
            silent[:, boards == board] = False
    count = silent.sum(axis=0)
    for column in np.flatnonzero(count).tolist():
        at = np.flatnonzero(silent[:, column])
        days = (bars.sessions[at[0]], bars.sessions[at[-1]])
        value = f"{count[column]:,} bars without a word on risk warning; the limits of an unwarned share are taken"
        yield finding("st_unknown", bars.symbols[column], days, value, int(count[column]))


def listing_assumed(scene: Scene) -> Iterator[Finding]:
    """Tell symbols whose listing date is their first bar, for want of a better one."""
    bars = scene.bars
    if bars is None:
        return
    for column in np.flatnonzero(bars.listing_assumed & ~np.isnat(bars.listed)).tolist():
        day = bars.listed[column]
        value = f"listing date assumed: {day}, the first bar"
        yield finding("listing_assumed", bars.symbols[column], (day, day), value)


def survivorship(scene: Scene) -> Iterator[Finding]:
    """Tell names of a universe's past that have no bars in their time, and a market in which no name ever ended."""
    bars = scene.bars
    if bars is None or scene.held.symbols is not None:
        return
    place = scene.place
    for universe in scene.held.universes:
        missing = {}
        due = set()
        for member in universe.members:
            inside = member.holds(bars.sessions)
            if not inside.any():
                continue
            due.add(member.symbol)
            column = place.get(member.symbol)
            if column is None or not bars.traded[inside, column].any():
                missing[member.symbol] = f"{member.symbol} {member.name}".strip()
        if missing:
            names = some(text for _, text in sorted(missing.items()))
            value = f"{universe.name}: {len(missing)} of {len(due)} members have no bars in their time ({names})"
            yield finding("survivorship", "", (None, None), value, len(missing))
    count, width = len(bars.sessions), len(bars.symbols)
    ended = bars.delisted <= bars.sessions[-1]
    if width >= MANY_SYMBOLS and count >= MANY_SESSIONS and not ended.any():
        value = f"no name ever ended: {width:,} symbols over {count:,} sessions, none delisted; only survivors are here"
        yield finding("survivorship", "", (None, None), value, width)
