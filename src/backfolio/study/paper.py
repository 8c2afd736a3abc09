"""What a name returned from one close to another, and how much of it was abnormal: for asks, not only for events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from backfolio.study.model import Window
from backfolio.study.returns import abnormal, estimation_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.study.model import Asked
    from backfolio.study.returns import Panel


class Event(NamedTuple):
    """A name and the decision row of its news, in the rows of `known`."""

    news: int
    column: int


class Paper(NamedTuple):
    """What an event was worth on paper."""

    end: int
    """Row of the window's last session, or of the data's last one."""
    car: float
    """Cumulative abnormal return from the close of the decision row to the close of `end`."""
    measured: bool
    """Whether a model of the name itself could be estimated; else `car` is what it returned beyond the benchmark,
    or all that it returned where there is none."""
    over: bool
    """Whether the whole window lies in the data."""


def growth(bars: Bars, column: int, first: int, last: int) -> float:
    """Return what a name returned from one close to a later one, simple, dividends put back in.

    The close of a session without a bar is the last one before. 0 where there
    was no price yet, or `last` is not later.
    """
    before = float(bars.mark[first, column]) * float(bars.factor[first, column])
    if last <= first or before <= 0.0:
        return 0.0
    return float(bars.mark[last, column]) * float(bars.factor[last, column]) / before - 1.0


def papers(bars: Bars, panel: Panel, asked: Asked, events: Sequence[Event]) -> list[Paper]:
    """Return what each event was worth on paper, in order.

    The window is that of the study from session 0 on, session 0 being the first
    on which the name traded after the decision row, and the estimation window
    is the study's. Returns are not turned for bad news: what is held gains what
    the name gains. A window that the data cuts short ends with the data.

    Parameters
    ----------
    bars
        All that was known; `panel` is of the same.
    asked
        Window, model and estimation window; the window must end at 0 or later.
    """
    first, last = min(asked.window.first, 0), asked.window.last
    final = len(bars.sessions) - 1
    result: list[Paper | None] = [None] * len(events)
    groups: dict[int, list[tuple[int, int, int]]] = {}
    for at, (news, column) in enumerate(events):
        traded = np.flatnonzero(bars.traded[news + 1 :, column])
        zero = news + 1 + int(traded[0]) if traded.size else final
        length = min(last, final - zero)
        inside = replace(asked, window=Window(first, length))
        if _estimable(bars, panel, inside, zero, column):
            groups.setdefault(length, []).append((at, zero, column))
        else:
            end = zero + length
            beyond = growth(bars, column, news, end) - _of_market(panel, news, end)
            result[at] = Paper(end, beyond, measured=False, over=length == last)
    for length, found in groups.items():
        inside = replace(asked, window=Window(first, length))
        seen = abnormal(panel, [zero for _, zero, _ in found], [column for _, _, column in found], inside)
        for (at, zero, _), car in zip(found, seen.sums(Window(0, length)).tolist(), strict=True):
            result[at] = Paper(zero + length, float(car), measured=True, over=length == last)
    return [one for one in result if one is not None]


def _estimable(bars: Bars, panel: Panel, asked: Asked, row: int, column: int) -> bool:
    """Tell whether an event's model can be estimated, as the study asks it."""
    begin = row + asked.window.first
    if begin < 1 or not bars.traded[row, column] or not bars.traded[:row, column].any():
        return False
    used = estimation_days(panel, row, column, asked)
    if len(used) < asked.least_days or float(np.ptp(panel.returns[used, column])) == 0.0:
        return False
    if asked.model == "mean":
        return True
    since = max(begin - asked.estimation - 1, 0)
    return panel.market is not None and _closes(panel.market[since : row + asked.window.last + 1])


def _closes(values: NDArray[np.float64]) -> bool:
    return bool((values > 0.0).all())


def _of_market(panel: Panel, first: int, last: int) -> float:
    """Return what the benchmark returned from one close to another; 0 without one, or where it has no close."""
    if panel.market is None or last <= first or not _closes(panel.market[[first, last]]):
        return 0.0
    return float(panel.market[last] / panel.market[first] - 1.0)
