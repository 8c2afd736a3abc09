"""Indexes: sessions without a close, and closes that no index could have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.bars.cells import days, numbers, session_numbers
from backfolio.bars.frames import FORMS, missing_columns
from backfolio.bars.sides import read_index
from backfolio.quality.scene import finding, runs, sessions_after, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.quality.model import Finding
    from backfolio.quality.rules import Severity
    from backfolio.quality.scene import Scene

LIMITED_FROM: Final = np.datetime64("1996-12-16", "D")
"""Since when shares have daily limits; before, an index could double (Shanghai, 1992-05-21)."""

MOST: Final = 0.21
MOST_BEIJING: Final = 0.31
"""Fraction by which an index may move in a session: no share of it moves by more than 20% (30%), but on days
without limits, which weigh little; a hundredth is left for those."""

ODD: Final = 0.11
APART: Final = 0.12
"""A move beyond `ODD` that lies further than `APART` from the median of the other indexes is looked at.

On 2024-09-30 and 2024-10-08, the wildest sessions of ten years, no index of
Shanghai or Shenzhen was further than 0.1 from the others.
"""

OTHERS: Final = 2
"""Other indexes that it takes to compare with."""


@dataclass(frozen=True, slots=True, eq=False)
class _Indexes:
    """Closes of every index on the sessions from the first row of all to the last; whatever bars there are."""

    sessions: NDArray[np.datetime64]
    closes: dict[str, NDArray[np.float64]]
    blank: dict[str, NDArray[np.bool_]]
    """Where an index has a row without a close above 0."""


def _indexes(scene: Scene) -> _Indexes | None:
    tables = scene.held.tables
    frame = tables.index
    if frame is None or not len(frame) or missing_columns(FORMS["index"], [str(name) for name in frame.columns]):
        return None
    day, _ = days(frame["date"])
    number = session_numbers(day)
    if (number < 0).all():
        return None
    held = number[number >= 0]
    sessions = calendar.all_sessions()[int(held.min()) : int(held.max()) + 1]
    closes, _, _ = read_index(tables, sessions)
    blank = {symbol: np.zeros(len(sessions), dtype=np.bool_) for symbol in closes}
    bad = np.flatnonzero(~(numbers(frame["close"])[0] > 0) & (number >= 0) & frame["symbol"].notna().to_numpy())
    for symbol, at in zip(frame["symbol"].iloc[bad], (number[bad] - int(held.min())).tolist(), strict=True):
        blank[str(symbol)][at] = True
    return _Indexes(sessions, closes, blank)


def index_gaps(scene: Scene) -> Iterator[Finding]:
    """Tell sessions for which an index has no close above 0."""
    indexes = _indexes(scene)
    if indexes is None:
        return
    sessions = indexes.sessions
    until = scene.held.tables.last if scene.bars is None else scene.bars.sessions[-1]
    for symbol, closes in sorted(indexes.closes.items()):
        blank = indexes.blank[symbol]
        told = np.flatnonzero(~np.isnan(closes) | blank)
        missing = np.isnan(closes)
        missing[: told[0]] = False
        missing[told[-1] + 1 :] = False
        for _, first, stop in runs(missing[:, None]):
            count, rows = stop - first + 1, int(blank[first : stop + 1].sum())
            value = f"{count} session{'s' * (count > 1)} without a close"
            value += f" ({rows} row{'s' * (rows > 1)} whose close is not above 0)" * (rows > 0)
            yield finding("index_gap", symbol, (sessions[first], sessions[stop]), value, count)
        behind = 0 if until is None else sessions_after(sessions[told[-1]], until)
        if until is not None and behind:
            value = f"last close {sessions[told[-1]]}, {behind} session{'s' * (behind > 1)} before the last bar"
            yield finding("index_gap", symbol, (sessions[told[-1]], until), value, behind)


def index_jumps(scene: Scene) -> Iterator[Finding]:
    """Tell moves of an index that its shares cannot have made, and those that no other index made."""
    indexes = _indexes(scene)
    if indexes is None:
        return
    sessions, symbols = indexes.sessions, sorted(indexes.closes)
    closes = np.stack([indexes.closes[symbol] for symbol in symbols], axis=1)
    moves = np.full(closes.shape, np.nan)
    moves[1:] = closes[1:] / closes[:-1] - 1
    for column, symbol in enumerate(symbols):
        beijing = symbol.endswith(".BJ")
        impossible = _impossible(closes[:, column], sessions, MOST_BEIJING if beijing else MOST)
        yield from _told(sessions, symbol, closes[:, column], impossible, "error")
        if beijing or len(symbols) <= OTHERS:
            continue
        move, others = moves[:, column], np.delete(moves, column, axis=1)
        enough = (~np.isnan(others)).sum(axis=1) >= OTHERS
        odd = (np.abs(move) > ODD) & enough & (sessions >= LIMITED_FROM)
        at = np.flatnonzero(odd)
        odd[at] = np.abs(move[at] - np.nanmedian(others[at], axis=1)) > APART
        yield from _told(sessions, symbol, closes[:, column], odd & ~impossible, "warning")


def _impossible(close: NDArray[np.float64], sessions: NDArray[np.datetime64], most: float) -> NDArray[np.bool_]:
    """Return where a close is further from the one before it than limits allow in the sessions between them."""
    found = np.zeros(len(close), dtype=np.bool_)
    there = np.flatnonzero(~np.isnan(close))
    since, at = there[:-1], there[1:]
    move, count = np.log(close[at] / close[since]), at - since
    wide = (move > count * np.log1p(most)) | (move < count * np.log1p(-most))
    found[at] = wide & (sessions[since] >= LIMITED_FROM)
    return found


def _told(
    sessions: NDArray[np.datetime64],
    symbol: str,
    close: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    severity: Severity,
) -> Iterator[Finding]:
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return
    before = [close[:at][~np.isnan(close[:at])][-1] for at in rows.tolist()]
    told = (f"{sessions[at]} {close[at]:,.2f} after {was:,.2f}" for at, was in zip(rows.tolist(), before, strict=True))
    yield finding("index_jump", symbol, (sessions[rows[0]], sessions[rows[-1]]), some(told), len(rows), severity)
