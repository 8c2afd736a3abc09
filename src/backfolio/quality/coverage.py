"""What is there of each symbol and session, and what says why there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backfolio import calendar
from backfolio.bars.cells import days, numbers
from backfolio.bars.rows import read_rows
from backfolio.quality.model import BAR, DELISTED, GAP, NOTHING, SUSPENDED, Coverage, Held

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.bars.rows import BarRows


def coverage(held: Held) -> Coverage:
    """Return what is there of each symbol and session.

    A symbol has its states from its first row of bars on, and not before its
    listing, where that is known. A session without a
    bar is `SUSPENDED` where a row with traded = 0 or a spell of suspensions
    says so, `DELISTED` from the delisting date on, and else a `GAP`.
    """
    nothing = Coverage(np.empty(0, dtype="datetime64[D]"), (), np.empty((0, 0), dtype=np.int8))
    if not len(held.tables.bars):
        return nothing
    rows, _ = read_rows(held.tables)
    return coverage_of(held, rows) if len(rows.sessions) and rows.symbols else nothing


def coverage_of(held: Held, rows: BarRows) -> Coverage:
    """Return what is there, from bars already read; see `coverage`."""
    sessions = sessions_until(rows.sessions, held.as_of)
    shape = (len(sessions), len(rows.symbols))
    placed = rows.placed
    told = np.zeros(shape, dtype=np.bool_)
    told[rows.session[placed], rows.symbol[placed]] = True
    traded = np.zeros(shape, dtype=np.bool_)
    placed &= rows.traded
    traded[rows.session[placed], rows.symbol[placed]] = True
    state = np.full(shape, GAP, dtype=np.int8)
    state[known_suspensions(held, sessions, rows.symbols) | told] = SUSPENDED
    listed, delisted = _dates(held, rows.symbols)
    state[sessions[:, None] >= delisted[None, :]] = DELISTED
    state[~np.logical_or.accumulate(told, axis=0) | (sessions[:, None] < listed[None, :])] = NOTHING
    state[traded] = BAR
    return Coverage(sessions, rows.symbols, state)


def sessions_until(sessions: NDArray[np.datetime64], as_of: np.datetime64) -> NDArray[np.datetime64]:
    """Return `sessions`, longer where the last that should be there comes after them."""
    every = calendar.all_sessions()
    first = int(np.searchsorted(every, sessions[0]))
    wanted = sessions[-1] if np.isnat(as_of) else max(sessions[-1], as_of.astype("datetime64[D]"))
    return every[first : int(np.searchsorted(every, wanted, side="right"))]


def known_suspensions(held: Held, sessions: NDArray[np.datetime64], symbols: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return, sessions x symbols, where a spell of the table of suspensions lies; both its ends belong to it."""
    frame = held.suspensions
    covered = np.zeros((len(sessions) + 1, len(symbols)), dtype=np.int32)
    if len(frame):
        place = {symbol: at for at, symbol in enumerate(symbols)}
        column = np.array([place.get(str(symbol), -1) for symbol in frame["symbol"]], dtype=np.intp)
        first, last = (frame[name].to_numpy().astype("datetime64[D]") for name in ("first", "last"))
        begin = np.searchsorted(sessions, first)
        end = np.where(np.isnat(last), len(sessions), np.searchsorted(sessions, last, side="right"))
        real = (column >= 0) & ~np.isnat(first) & (begin < end)
        np.add.at(covered, (begin[real], column[real]), 1)
        np.add.at(covered, (end[real], column[real]), -1)
    inside: NDArray[np.bool_] = np.cumsum(covered, axis=0)[:-1] > 0
    return inside


def _dates(held: Held, symbols: tuple[str, ...]) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Return when each symbol was listed and delisted; NaT where that is not known, or assumed."""
    listed = np.full(len(symbols), np.datetime64("NaT", "D"))
    delisted = listed.copy()
    frame = held.tables.listings
    if frame is not None and len(frame):
        place = {symbol: at for at, symbol in enumerate(symbols)}
        at = np.array([place.get(str(symbol), -1) for symbol in frame["symbol"]], dtype=np.intp)
        known = at >= 0
        if "delisted" in frame:
            delisted[at[known]] = days(frame["delisted"])[0][known]
        if "assumed" in frame:
            known &= numbers(frame["assumed"])[0] != 1
        if "listed" in frame:
            listed[at[known]] = days(frame["listed"])[0][known]
    return listed, delisted
