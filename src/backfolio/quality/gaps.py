"""Sessions without bars: gaps, bars inside suspensions, symbols that have fallen behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backfolio.money import FEN, cny_text
from backfolio.quality.coverage import known_suspensions
from backfolio.quality.model import BAR, DELISTED, GAP
from backfolio.quality.rules import STALE_SESSIONS
from backfolio.quality.scene import finding, runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.quality.model import Coverage, Finding
    from backfolio.quality.rules import Severity
    from backfolio.quality.scene import Scene


def gaps(scene: Scene) -> Iterator[Finding]:
    """Tell sessions without a bar that no suspension explains, between a symbol's first and last bar.

    Where the reference price after the gap is the close before it, no session
    was traded in between (a bar that is lost would leave another close): that
    is a halt that no source tells, and a note.
    """
    covered = scene.coverage
    if covered is None:
        return
    last = _last_bar(covered)
    inside = (covered.state == GAP) & (np.arange(len(covered.sessions))[:, None] < last)
    for column, first, stop in runs(inside):
        severity, why = _across(scene, column, first, stop)
        count = stop - first + 1
        value = f"{count} session{'s' * (count > 1)} without a bar and no suspension known{why}"
        days = (covered.sessions[first], covered.sessions[stop])
        yield finding("gap", covered.symbols[column], days, value, count, severity)


def _across(scene: Scene, column: int, first: int, stop: int) -> tuple[Severity | None, str]:
    """Say what the reference price after a gap tells of it."""
    if scene.bars is None or scene.expected is None:
        return None, ""
    given, due = (int(grid[stop + 1, column]) for grid in (scene.looked.given, scene.expected.price))
    if not due or not given or not scene.bars.traded[stop + 1, column]:
        return None, ""
    before = cny_text(int(scene.bars.mark[first - 1, column]))
    if abs(given - due) > FEN:
        return None, f"; the reference price after it is {cny_text(given)}, the close before it {before}"
    if scene.expected.acted[first : stop + 2, column].any():
        return "note", f"; the reference price after it, {cny_text(given)}, follows from the close before it: a halt"
    return "note", f"; the reference price after it is the close before it ({before}): a halt"


def traded_in_suspension(scene: Scene) -> Iterator[Finding]:
    """Tell bars with shares traded on days of which a suspension is known."""
    covered, rows = scene.coverage, scene.rows
    if covered is None or rows is None or not len(scene.held.suspensions):
        return
    placed = rows.placed & rows.traded & (rows.values["volume"] > 0)
    traded = np.zeros(covered.state.shape, dtype=np.bool_)
    traded[rows.session[placed], rows.symbol[placed]] = True
    wrong = traded & known_suspensions(scene.held, covered.sessions, covered.symbols)
    for column, first, stop in runs(wrong):
        count = stop - first + 1
        value = f"{count} session{'s' * (count > 1)} with shares traded in a known suspension"
        days = (covered.sessions[first], covered.sessions[stop])
        yield finding("traded_in_suspension", covered.symbols[column], days, value, count)


def stale(scene: Scene) -> Iterator[Finding]:
    """Tell symbols whose bars end too early, and once where all of them do.

    Not those that are delisted by the last session: a stock is halted for
    weeks before it goes.
    """
    covered = scene.coverage
    if covered is None:
        return
    last = _last_bar(covered)
    behind = ((covered.state == GAP) & (np.arange(len(covered.sessions))[:, None] > last)).sum(axis=0)
    behind[covered.state[-1] == DELISTED] = 0
    end = int(last.max())
    whole = scene.held.symbols is None
    if whole and end >= 0 and end < len(covered.sessions) - STALE_SESSIONS:
        missing = len(covered.sessions) - 1 - end
        ends = int((last == end).sum())
        value = (
            f"all bars: end {covered.sessions[end]}, {missing} sessions before the last, {ends:,} symbols on that day"
        )
        yield finding("stale", "", (covered.sessions[end], covered.sessions[-1]), value, missing)
    for column in np.flatnonzero((behind >= STALE_SESSIONS) & (last >= 0)).tolist():
        at = int(last[column])
        if whole and at == end:
            continue
        count = int(behind[column])
        value = f"last bar {covered.sessions[at]}, {count} session{'s' * (count > 1)} without one since"
        days = (covered.sessions[at], covered.sessions[-1])
        yield finding("stale", covered.symbols[column], days, value, count)


def _last_bar(covered: Coverage) -> NDArray[np.intp]:
    """Return the row of each symbol's last bar; -1 where it has none."""
    bar = covered.state == BAR
    last = len(bar) - 1 - bar[::-1].argmax(axis=0)
    found: NDArray[np.intp] = np.where(bar.any(axis=0), last, -1)
    return found
