"""After which sessions the future is cut off or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from backfolio.history import History


def cuts_of(known: History, points: NDArray[np.int16], most: int, first: int = 0) -> tuple[int, ...]:
    """Return rows after which to change the future, rising; each has a row after it.

    A peek shows where a thesis decides. Of `most` rows about three in ten are
    such on which targets change, as many the row before one, two in ten the
    row before a catalyst can first be used, and the rest evenly spaced.

    Parameters
    ----------
    known
        What the thesis is asked on.
    points
        int16 basis points, sessions x symbols: what it says there.
    most
        How many; 0 = every row.
    first
        No cut lies before this row.
    """
    rows = len(known.bars.sessions)
    last = rows - 2
    if last < first:
        return ()
    if not most or most > last - first:
        return tuple(range(first, last + 1))
    changed = np.flatnonzero((points[1:] != points[:-1]).any(axis=1)) + 1
    before = [touch.row - 1 for touch in known.touches()]
    chosen: dict[int, None] = {}
    for rows_of, share in ((changed, 3), (changed - 1, 3), (before, 2)):
        chosen.update(dict.fromkeys(_spread(rows_of, first, last, max(most * share // 10, 1))))
    chosen = dict.fromkeys(list(chosen)[:most])
    for row in _spread(range(first, last + 1), first, last, most):
        if len(chosen) == most:
            break
        chosen[row] = None
    return tuple(sorted(chosen))


def spread(rows: Iterable[int], most: int) -> tuple[int, ...]:
    """Return at most `most` of some rows, evenly chosen."""
    there = tuple(rows)
    return tuple(_spread(there, min(there), max(there), most)) if there else ()


def _spread(rows: Iterable[int] | NDArray[np.intp], first: int, last: int, most: int) -> list[int]:
    inside = sorted({int(row) for row in rows if first <= row <= last})
    if len(inside) <= most:
        return inside
    places = np.linspace(0, len(inside) - 1, most + 2)[1:-1] if most > 1 else np.array([len(inside) // 2])
    return [inside[int(place)] for place in places]
