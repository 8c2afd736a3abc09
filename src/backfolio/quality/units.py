"""Bars that keep every rule of the format and still cannot be right: wrong units, repeated rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.bars.rows import PRICES
from backfolio.money import FEN, MILLS, cny_text
from backfolio.quality.scene import by_column, finding, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.quality.model import Finding
    from backfolio.quality.scene import Scene

LOT: Final = 100
LIKE_A_LOT: Final = 0.5
"""A bar whose average price misses its range by a factor within this share of 100 has its volume in lots."""


def average_price(scene: Scene) -> Iterator[Finding]:
    """Tell bars whose amount / volume lies outside low and high, with half a fen of room."""
    bars = scene.bars
    if bars is None:
        return
    judged = bars.traded & (bars.amount > 0) & (bars.volume > 0)
    average = np.divide(bars.amount, bars.volume, out=np.zeros(judged.shape), where=judged)
    wrong = judged & ((average < bars.low - FEN / 2) | (average > bars.high + FEN / 2))
    for column, sessions in by_column(wrong):
        times = average[sessions, column] / np.maximum(bars.close[sessions, column], FEN)
        few = float(np.mean((times > LOT * LIKE_A_LOT) & (times < LOT / LIKE_A_LOT)))
        many = float(np.mean((times * LOT > LIKE_A_LOT) & (times * LOT < 1 / LIKE_A_LOT)))
        unit = ""
        if few > LIKE_A_LOT:
            unit = "volume looks 100 times too small (lots): "
        elif many > LIKE_A_LOT:
            unit = "volume looks 100 times too large: "
        told = (
            f"{bars.sessions[at]} {average[at, column] / MILLS:.3f} outside "
            f"{cny_text(int(bars.low[at, column]))} to {cny_text(int(bars.high[at, column]))}"
            for at in sessions.tolist()
        )
        days = (bars.sessions[sessions[0]], bars.sessions[sessions[-1]])
        yield finding("average_price", bars.symbols[column], days, unit + some(told), len(sessions))


def repeated_bar(scene: Scene) -> Iterator[Finding]:
    """Tell bars that are a copy of the session before: prices, volume and amount, to the last digit."""
    bars = scene.bars
    if bars is None:
        return
    same = bars.traded[1:] & bars.traded[:-1] & (bars.volume[1:] > 0)
    for name in (*PRICES, "volume", "amount"):
        grid = getattr(bars, name)
        same &= grid[1:] == grid[:-1]
    for column, rows in by_column(same):
        sessions = rows + 1
        told = (f"{bars.sessions[at]} as {bars.sessions[at - 1]}" for at in sessions.tolist())
        days = (bars.sessions[sessions[0]], bars.sessions[sessions[-1]])
        yield finding("repeated_bar", bars.symbols[column], days, some(told), len(sessions))
