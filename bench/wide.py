"""A market far larger than the sample can be, drawn session by session into the arrays of `Bars`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare, calendar
from backfolio.bars import Bars
from backfolio.money import FEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAST: Final = "2025-12-31"
HALTED: Final = 0.004
"""Part of all bars that are missing."""

PAYS: Final = 1 / 243
"""Chance of an ex-date in a session: one a year."""

GAP, DRIFT, DAILY = 0.006, 0.0003, 0.022
"""Deviation overnight, growth and deviation of a session, as fractions."""

WHOLE: Final = 10_000_000
"""Corporate actions are in units of 1e-7."""

STAR_PART: Final = 5
"""One name in so many is of the STAR board, the others of the main board."""

MAIN: Final = ("600", "601", "603", "605")
"""Code prefixes."""

ZERO: Final = ("open", "high", "low", "close", "volume", "amount", "reference", "up", "down", "mark",
               "cash_per_share", "share_ratio")  # fmt: skip


def market(names: int, sessions: int, seed: int = 1) -> Bars:
    """Return `names` companies over the `sessions` before 2026: gaps, limits, halts, an ex-date a year.

    Beside the arrays that it returns it takes the memory of a few rows.
    """
    random = np.random.default_rng(seed)
    days = calendar.all_sessions()
    stop = int(np.searchsorted(days, np.datetime64(LAST), side="right"))
    star = names // STAR_PART
    main = [f"{prefix}{number:03d}.SH" for prefix in MAIN for number in range(1_000)]
    symbols = (*main[: names - star], *(f"688{number:03d}.SH" for number in range(star)))
    assert len(symbols) == names, "there are codes for 5,000 names"
    points = np.where([ashare.board_of(symbol) == ashare.STAR for symbol in symbols], 2000, 1000)
    shape = (sessions, names)
    made = {name: np.zeros(shape, dtype=np.int64) for name in ZERO}
    traded = np.zeros(shape, dtype=np.bool_)
    factor = np.ones(shape)
    mark = np.rint(random.uniform(500, 8_000, names)).astype(np.int64) * FEN
    for row in range(sessions):
        cash = np.where(random.random(names) < PAYS, mark // 100 // FEN * FEN, 0)
        bonus = np.where((cash > 0) & (random.random(names) < 0.2), WHOLE * 3 // 10, 0)
        reference = np.maximum(_fen((mark - cash) * WHOLE / (WHOLE + bonus)), 10 * FEN)
        factor[row] = factor[row - 1] * mark / reference if row else 1.0
        up, down = ashare.limit_prices(reference, points, points, False)  # noqa: FBT003
        opened = _moved(random, reference, GAP, up, down)
        closed = _moved(random, opened, DAILY, up, down)
        traded[row] = random.random(names) >= HALTED
        mark = np.where(traded[row], closed, reference)
        volume = np.rint(np.exp(random.normal(14, 1, names))).astype(np.int64) * 100
        bar = {
            "open": opened, "high": np.maximum(opened, closed), "low": np.minimum(opened, closed), "close": closed,
            "volume": volume, "amount": volume * ((opened + closed) // 2),
        }  # fmt: skip
        for name, values in bar.items():
            made[name][row] = np.where(traded[row], values, 0)
        known = {"reference": reference, "up": up, "down": down, "mark": mark,
                 "cash_per_share": cash * (WHOLE // 1_000), "share_ratio": bonus}  # fmt: skip
        for name, values in known.items():
            made[name][row] = values
    return Bars(
        sessions=days[stop - sessions : stop].copy(),
        symbols=symbols,
        names=dict.fromkeys(symbols, ""),
        traded=traded,
        limit_state=np.full(shape, ashare.LIMITED, dtype=np.int8),
        st=np.zeros(shape, dtype=np.bool_),
        ratio_only=np.zeros(shape, dtype=np.bool_),
        factor=factor,
        listed=np.full(names, "NaT", dtype="datetime64[D]"),
        listing_assumed=np.zeros(names, dtype=np.bool_),
        delisted=np.full(names, "NaT", dtype="datetime64[D]"),
        st_unknown=np.zeros(names, dtype=np.bool_),
        **made,
    )


def _fen(mills: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(mills / FEN).astype(np.int64) * FEN


def _moved(
    random: np.random.Generator,
    prices: NDArray[np.int64],
    deviation: float,
    up: NDArray[np.int64],
    down: NDArray[np.int64],
) -> NDArray[np.int64]:
    moves = np.exp(random.normal(DRIFT * deviation / DAILY, deviation, len(prices)))
    return np.clip(_fen(prices * moves), down, up)
