"""Price limits: dated rules as data, and the arithmetic on mills.

Sources: SSE Trading Rules (1996 notice on the 10% limit; 2023 revision, 3.3),
SSE STAR Special Provisions on Trading (2019), SZSE ChiNext Special Provisions
(2020-08-24), BSE Trading Rules (2021-11-15), SSE and SZSE revisions effective
2026-07-06 (risk-warning shares of the main board from 5% to 10%). What rests
on secondary sources is marked in its row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.ashare.boards import BSE, CHINEXT, MAIN, STAR, board_of
from backfolio.money import BASIS_POINTS, FEN, half_up_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backfolio.money import Whole

UNKNOWN: Final = 0
LIMITED: Final = 1
UNLIMITED: Final = 2

NORMAL: Final = "normal"
RISK_WARNING: Final = "risk_warning"
S_SHARE: Final = "s_share"
ANY: Final = "any"

S_SHARES: Final = frozenset({"600182.SH"})
"""Companies that never did the share-structure reform; they keep 5%."""


@dataclass(frozen=True, slots=True)
class LimitRule:
    """The limit of one board and status from a date on; None = no limit."""

    board: int
    status: str
    start: str
    points: int | None


LIMIT_RULES: Final = (
    LimitRule(MAIN, ANY, "1990-12-19", None),
    LimitRule(MAIN, NORMAL, "1996-12-16", 1000),  # secondary sources agree
    LimitRule(MAIN, RISK_WARNING, "1996-12-16", 1000),
    LimitRule(MAIN, RISK_WARNING, "1998-04-22", 500),  # start from secondary sources
    LimitRule(MAIN, RISK_WARNING, "2026-07-06", 1000),
    LimitRule(MAIN, S_SHARE, "1996-12-16", 1000),
    LimitRule(MAIN, S_SHARE, "2007-01-08", 500),  # start from memory; 5% observed to 2026-07
    LimitRule(CHINEXT, NORMAL, "2009-10-30", 1000),
    LimitRule(CHINEXT, RISK_WARNING, "2009-10-30", 500),  # secondary source
    LimitRule(CHINEXT, ANY, "2020-08-24", 2000),
    LimitRule(STAR, ANY, "2019-07-22", 2000),
    LimitRule(BSE, ANY, "2021-11-15", 3000),
)


@dataclass(frozen=True, slots=True)
class ListingRule:
    """How a share trades in its first sessions, by the day it was listed.

    `days` sessions without a limit; or, where `first_up` is set, a first day
    limited to that much above and `first_down` below the issue price.
    """

    board: int
    listed_from: str
    days: int
    first_up: int = 0
    first_down: int = 0


LISTING_RULES: Final = (
    ListingRule(MAIN, "1990-12-19", 1),  # secondary source
    ListingRule(MAIN, "2014-01-01", 0, 4400, 3600),  # secondary source
    ListingRule(MAIN, "2023-04-10", 5),
    ListingRule(CHINEXT, "2009-10-30", 1),  # secondary source
    ListingRule(CHINEXT, "2014-01-01", 0, 4400, 3600),  # secondary source
    ListingRule(CHINEXT, "2020-08-24", 5),
    ListingRule(STAR, "2019-07-22", 5),
    ListingRule(BSE, "2021-11-15", 1),
)


def limit_prices(reference: Whole, up_points: Whole, down_points: Whole, inward: bool) -> tuple[Whole, Whole]:  # noqa: FBT001
    """Return the upper and lower limit price in mills.

    Parameters
    ----------
    reference
        Reference price in mills.
    up_points, down_points
        Limits in basis points.
    inward
        Beijing: the upper limit is rounded down and the lower one up to the
        fen. Shanghai and Shenzhen: half up.

    Notes
    -----
    Prices and points may be arrays of one shape.
    """
    over = BASIS_POINTS + up_points
    under = BASIS_POINTS - down_points
    if inward:
        unit = BASIS_POINTS * FEN
        return reference * over // unit * FEN, -(-reference * under // unit) * FEN
    return (
        half_up_ratio(reference, over, BASIS_POINTS, FEN),
        half_up_ratio(reference, under, BASIS_POINTS, FEN),
    )


def limit_points(board: int, day: str | np.datetime64, status: str = NORMAL) -> int | None:
    """Return the limit in basis points of a seasoned share, None = no limit.

    Parameters
    ----------
    board
        `MAIN`, `CHINEXT`, `STAR` or `BSE`.
    day
        The session.
    status
        `NORMAL`, `RISK_WARNING` (ST, *ST) or `S_SHARE`.
    """
    date = calendar.as_day(day)
    found = None
    for rule in LIMIT_RULES:
        if rule.board == board and rule.status in {status, ANY} and np.datetime64(rule.start) <= date:
            found = rule.points
    return found


def listing_rule(board: int, listed: np.datetime64) -> ListingRule:
    """Return how a share that was listed on that day trades in its first sessions."""
    rules = [rule for rule in LISTING_RULES if rule.board == board]
    in_force = [rule for rule in rules if np.datetime64(rule.listed_from) <= listed]
    return in_force[-1] if in_force else rules[0]


def limit_table(
    symbols: Sequence[str],
    sessions: NDArray[np.datetime64],
    reference: NDArray[np.int64],
    st: NDArray[np.bool_],
    listed: NDArray[np.datetime64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int8]]:
    """Compute every limit price of a market.

    Parameters
    ----------
    symbols
        (symbols,)
    sessions
        ``datetime64[D]`` (sessions,).
    reference
        int64 mills, sessions x symbols; 0 = unknown.
    st
        bool, sessions x symbols: under risk warning.
    listed
        ``datetime64[D]`` (symbols,); NaT = before the first session.

    Returns
    -------
    up, down
        int64 mills, sessions x symbols; 0 where the state is not `LIMITED`.
    state
        int8: `UNKNOWN` (no reference price, or not listed yet), `LIMITED` or
        `UNLIMITED`.

    Raises
    ------
    SymbolError
        If a symbol belongs to no board.
    """
    shape = (len(sessions), len(symbols))
    boards = np.array([board_of(symbol) for symbol in symbols], dtype=np.int64)
    up_points = np.full(shape, -1, dtype=np.int64)
    for board in np.unique(boards):
        at = np.flatnonzero(boards == board)
        normal, warned = (_points(int(board), sessions, status)[:, None] for status in (NORMAL, RISK_WARNING))
        up_points[:, at] = np.where(st[:, at], warned, normal)
    for column, symbol in enumerate(symbols):
        if symbol in S_SHARES:
            up_points[:, column] = _points(int(boards[column]), sessions, S_SHARE)
    down_points = up_points.copy()
    free, before = _first_sessions(boards, sessions, listed, up_points, down_points)
    state = np.where(reference > 0, LIMITED, UNKNOWN)
    state[free | (up_points < 0)] = UNLIMITED
    state[before] = UNKNOWN
    limited = state == LIMITED
    up, down = limit_prices(reference, up_points, down_points, inward=False)
    inward = boards == BSE
    if inward.any():
        up[:, inward], down[:, inward] = limit_prices(
            reference[:, inward], up_points[:, inward], down_points[:, inward], inward=True
        )
    return np.where(limited, up, 0), np.where(limited, down, 0), state.astype(np.int8)


def _points(board: int, sessions: NDArray[np.datetime64], status: str) -> NDArray[np.int64]:
    points = np.full(len(sessions), -1, dtype=np.int64)
    for rule in LIMIT_RULES:
        if rule.board == board and rule.status in {status, ANY}:
            points[sessions >= np.datetime64(rule.start)] = -1 if rule.points is None else rule.points
    return points


def _first_sessions(
    boards: NDArray[np.int64],
    sessions: NDArray[np.datetime64],
    listed: NDArray[np.datetime64],
    up_points: NDArray[np.int64],
    down_points: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Mark sessions without a limit and before listing; put first-day limits in place."""
    free = np.zeros(up_points.shape, dtype=np.bool_)
    before = np.zeros(up_points.shape, dtype=np.bool_)
    every = calendar.all_sessions()
    number = np.searchsorted(every, sessions)
    for column in np.flatnonzero(~np.isnat(listed)):
        age = number - np.searchsorted(every, listed[column])
        rule = listing_rule(int(boards[column]), listed[column])
        before[:, column] = age < 0
        free[:, column] = (age >= 0) & (age < rule.days)
        if rule.first_up:
            up_points[age == 0, column] = rule.first_up
            down_points[age == 0, column] = rule.first_down
    return free, before
