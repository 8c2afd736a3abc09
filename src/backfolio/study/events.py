"""From catalysts to events: which name, on which session, and what is wrong with it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from backfolio.ashare import LIMITED
from backfolio.study.model import LEFT_OUT, MOST_SESSIONS, Event
from backfolio.study.returns import estimation_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.catalysts import Catalyst
    from backfolio.history import History
    from backfolio.study.model import Asked, Censored
    from backfolio.study.returns import Panel

FALLING = ("analyst_downgrade", "target_cut")
"""Kinds that are bad news also where nobody says by how much (strength 0)."""


class _Act(NamedTuple):
    """A catalyst and a name it touches."""

    catalyst: Catalyst
    column: int
    could: int
    """Row of the first session whose open could act on it."""
    row: int
    """Row of the first such session on which the name traded; the number of sessions where there is none."""


def find_events(
    history: History, panel: Panel, kinds: Sequence[str], asked: Asked, rows: tuple[int, int]
) -> tuple[Event, ...]:
    """Return every event of some kinds, those that cannot be measured with their reason.

    Catalysts of a name that act on one session are one event: its return is
    counted once. While a name is suspended its catalysts wait, all of them, for
    the session on which it trades again.

    Parameters
    ----------
    history
        What was known at the end; its catalysts of other kinds confound.
    panel
        Returns of the same bars.
    kinds
        Of catalysts.
    asked
        Window and estimation window.
    rows
        First row of those on which a catalyst must first have been able to act, and the row after the last.

    Returns
    -------
    events
        By session and symbol.
    """
    acts = _acts(history)
    groups: dict[tuple[int, int], list[_Act]] = defaultdict(list)
    every: dict[int, list[_Act]] = defaultdict(list)
    for act in acts:
        every[act.column].append(act)
        if act.catalyst.kind in kinds and rows[0] <= act.could < rows[1]:
            groups[act.row if act.row < len(history.bars.sessions) else -1 - act.could, act.column].append(act)
    events = [_event(history.bars, group, every[column], asked) for (_, column), group in groups.items()]
    events.sort(key=lambda one: (one.session, one.symbol))
    return tuple(replace(one, left_out=_reason(history.bars, panel, one, asked)) for one in events)


def direction(catalyst: Catalyst) -> int:
    """Return -1 for bad news, else 1."""
    if catalyst.strength:
        return -1 if catalyst.strength < 0.0 else 1
    return -1 if catalyst.kind in FALLING else 1


def _acts(history: History) -> list[_Act]:
    traded = history.bars.traded
    many = len(traded)
    rows = np.where(traded, np.arange(many)[:, None], many)
    following = np.minimum.accumulate(rows[::-1], axis=0)[::-1]
    found = []
    for touch in history.touches(-1):
        could = touch.row + 1
        if could < many:
            found += [_Act(touch.catalyst, column, could, int(following[could, column])) for column in touch.columns]
    return found


def _event(bars: Bars, group: list[_Act], others: Iterable[_Act], asked: Asked) -> Event:
    ranked = sorted(group, key=lambda act: (-abs(act.catalyst.strength), act.catalyst.known_at, act.catalyst.id))
    first = ranked[0]
    column = first.column
    could = min(act.could for act in group)
    known = first.row < len(bars.sessions)
    row = first.row if known else could
    low, high = row + asked.window.first, row + asked.window.last
    beside = [
        act.catalyst.id
        for act in others
        if act.catalyst.id != first.catalyst.id and (low <= act.row <= high if known else act in group)
    ]
    inside = bars.traded[max(low, 0) : high + 1, column]
    censored, locked = _stopped(bars, row, column) if known else ("", False)
    symbol = bars.symbols[column]
    return Event(
        catalysts=tuple(act.catalyst.id for act in ranked),
        kinds=tuple(sorted({act.catalyst.kind for act in ranked})),
        title=first.catalyst.title,
        symbol=symbol,
        name=bars.names.get(symbol, ""),
        row=row,
        column=column,
        session=str(bars.sessions[row]),
        moved=row - could,
        direction=direction(first.catalyst),
        censored=censored,
        locked=locked,
        halted=int((~inside).sum()),
        confounded=tuple(dict.fromkeys(beside)),
    )


def _stopped(bars: Bars, row: int, column: int) -> tuple[Censored, bool]:
    """Tell at which limit the session closed, and whether all of it stood there."""
    if bars.limit_state[row, column] != LIMITED:
        return "", False
    close, low, high = (int(getattr(bars, name)[row, column]) for name in ("close", "low", "high"))
    up, down = int(bars.up[row, column]), int(bars.down[row, column])
    if close >= up:
        return "up", low >= up
    if close <= down:
        return "down", high <= down
    return "", False


def _reason(bars: Bars, panel: Panel, event: Event, asked: Asked) -> str:
    """Return why an event cannot be measured; "" where it can."""
    traded: NDArray[np.bool_] = bars.traded[:, event.column]
    used = estimation_days(panel, event.row, event.column, asked)
    ask = {
        "unlisted": lambda: not traded[: event.row - event.moved].any(),
        "gone": lambda: not traded[event.row] or event.moved > MOST_SESSIONS,
        "early": lambda: event.row + asked.window.first < 1,
        "open": lambda: event.row + asked.window.last >= len(traded),
        "thin": lambda: len(used) < asked.least_days,
        "flat": lambda: float(np.ptp(panel.returns[used, event.column])) == 0.0,
        "confounded": lambda: asked.drop_confounded and bool(event.confounded),
    }
    return next((reason for reason in LEFT_OUT if ask[reason]()), "")
