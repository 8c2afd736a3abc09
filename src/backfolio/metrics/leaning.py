"""What a result leans on: how few trades, names or catalysts its profit rests on, and how whole the data is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backfolio import ashare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.catalysts import Catalyst
    from backfolio.metrics.attribution import Attribution
    from backfolio.metrics.trades import RoundTrip


@dataclass(frozen=True, slots=True)
class Leaning:
    """Facts behind warnings; money in mills.

    A share is of the profit of all round trips, open ones at their mark. It is
    None where there is no profit, and above 1 where the rest lost.

    Parameters
    ----------
    trips
        Round trips closed.
    profit
        Result of all round trips.
    name, name_share
        Symbol with the highest result, and its share; "" where no round trip
        gained.
    catalyst, catalyst_share
        Catalyst with the highest result, and its share; None where none
        gained.
    after_lock, lock_share
        Round trips opened in a name's first session after one that closed at
        its upper limit, and their share.
    gaps
        Share of the sessions, from a member's first bar on, on which it has no
        bar: halted, or missing.
    gap_names
        Symbols with such sessions, most of them first, and their shares.
    """

    trips: int = 0
    profit: int = 0
    name: str = ""
    name_share: float | None = None
    catalyst: Catalyst | None = None
    catalyst_share: float | None = None
    after_lock: int = 0
    lock_share: float | None = None
    gaps: float = 0.0
    gap_names: tuple[tuple[str, float], ...] = ()


def leaning(
    bars: Bars, members: NDArray[np.bool_], trips: Sequence[RoundTrip], attribution: Attribution | None = None
) -> Leaning:
    """Return what a result leans on.

    Parameters
    ----------
    bars
        Of the window; the ones that the round trips were made on.
    members
        Who belongs to the universe, sessions x symbols.
    trips
        Of `metrics.round_trips`, with dividends.
    attribution
        Of the same round trips; None leaves catalysts out.
    """
    profit = sum(trip.result for trip in trips)
    names: dict[int, int] = defaultdict(int)
    for trip in trips:
        names[trip.symbol] += trip.result
    best = max(sorted(names), key=names.__getitem__, default=None)
    moved = () if attribution is None else attribution.moved
    strongest = max(moved, key=lambda one: one.result, default=None)
    locked = locked_up(bars)
    late = [trip for trip in trips if follows(locked, bars.traded, trip.opened, trip.symbol)]
    named = best is not None and names[best] > 0
    caused = strongest is not None and strongest.result > 0
    gaps, gap_names = _gaps(bars, members)
    return Leaning(
        trips=sum(trip.closed is not None for trip in trips),
        profit=profit,
        name=bars.symbols[best] if named and best is not None else "",
        name_share=_share(names[best], profit) if named and best is not None else None,
        catalyst=strongest.catalyst if caused and strongest is not None else None,
        catalyst_share=_share(strongest.result, profit) if caused and strongest is not None else None,
        after_lock=len(late),
        lock_share=_share(sum(trip.result for trip in late), profit) if late else None,
        gaps=gaps,
        gap_names=gap_names,
    )


def locked_up(bars: Bars) -> NDArray[np.bool_]:
    """Tell where a bar closed at its upper limit, so that buyers were left unserved; sessions x symbols."""
    locked: NDArray[np.bool_] = (bars.limit_state == ashare.LIMITED) & bars.traded & (bars.close >= bars.up)
    return locked


def locked_down(bars: Bars) -> NDArray[np.bool_]:
    """Tell where a bar closed at its lower limit, so that sellers were left unserved; sessions x symbols."""
    locked: NDArray[np.bool_] = (bars.limit_state == ashare.LIMITED) & bars.traded & (bars.close <= bars.down)
    return locked


def follows(marked: NDArray[np.bool_], traded: NDArray[np.bool_], session: int, symbol: int) -> bool:
    """Tell whether a name's last session with a bar before `session` is marked."""
    before = np.flatnonzero(traded[:session, symbol])
    return bool(before.size and marked[before[-1], symbol])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _gaps(bars: Bars, members: NDArray[np.bool_]) -> tuple[float, tuple[tuple[str, float], ...]]:
    here = ~np.isnat(bars.delisted) & (bars.sessions[:, None] >= bars.delisted)
    awaited = np.maximum.accumulate(bars.traded, axis=0) & members & ~here
    absent = awaited & ~bars.traded
    days, gone = awaited.sum(axis=0), absent.sum(axis=0)
    shares = [(bars.symbols[at], float(gone[at] / days[at])) for at in np.flatnonzero(gone)]
    whole = int(days.sum())
    return (int(gone.sum()) / whole if whole else 0.0), tuple(sorted(shares, key=lambda one: (-one[1], one[0])))
