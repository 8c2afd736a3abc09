"""Targets as sparse rows: what a session's row names, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backfolio.sweep.layout import Orders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    from numpy.typing import NDArray

    from backfolio.targets import Targets

    Whole = TypeVar("Whole", np.int16, np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of some `Targets` that say anything, sparse: a few bytes for every weight emitted.

    Row ``row[k]`` of the bars buys ``buy_symbol[buy_start[k]:buy_start[k + 1]]``,
    columns of the bars in rising order, at the weights (basis points) of the
    same places, and sells the symbols that ``sell_start`` and ``sell_symbol``
    tell in the same way. A weight of 0 on what no earlier row bought changes
    nothing and is left out.

    Parameters
    ----------
    shape
        Sessions and symbols.
    row
        int32 (rows,), rising.
    buy_start, sell_start
        int32 (rows + 1,).
    buy_symbol, sell_symbol
        int32.
    buy_weight
        int16, basis points above 0.
    """

    shape: tuple[int, int]
    row: NDArray[np.int32]
    buy_start: NDArray[np.int32]
    buy_symbol: NDArray[np.int32]
    buy_weight: NDArray[np.int16]
    sell_start: NDArray[np.int32]
    sell_symbol: NDArray[np.int32]


def sparse(targets: Targets) -> Rows:
    """Return the sparse rows of targets; whoever keeps many targets keeps these instead."""
    weights = targets.weights
    sessions, symbols = weights.shape
    said = np.flatnonzero(weights >= 0)
    row = said // max(symbols, 1)
    symbol = said - row * symbols
    weight = weights.ravel()[said]
    buys = weight > 0
    buy_row, buy_symbol = row[buys], symbol[buys]
    first = np.full(symbols, sessions, dtype=np.int64)
    first[buy_symbol[::-1]] = buy_row[::-1]  # the last assignment stays: the earliest row
    sells = ~buys & (row > first[symbol])
    told = row[buys | sells]
    rows = told[np.diff(told, prepend=-1) > 0]
    return Rows(
        shape=(sessions, symbols),
        row=rows.astype(np.int32),
        buy_start=_starts(buy_row, rows),
        buy_symbol=buy_symbol.astype(np.int32),
        buy_weight=weight[buys],
        sell_start=_starts(row[sells], rows),
        sell_symbol=symbol[sells].astype(np.int32),
    )


def combine(rows: Sequence[Rows], shape: tuple[int, int]) -> tuple[NDArray[np.int64], Orders]:
    """Lay the rows of many targets one after the other.

    Returns
    -------
    columns, orders
        The symbols that any of them buys, as rising columns of the bars, and
        the rows in places among them.
    """
    sessions, symbols = shape
    bought = np.zeros(symbols, dtype=np.bool_)
    for each in rows:
        bought[each.buy_symbol] = True
    columns = np.flatnonzero(bought)
    place = np.zeros(symbols, dtype=np.int32)
    place[columns] = np.arange(len(columns), dtype=np.int32)
    counts = [len(each.row) + 1 for each in rows]
    # each list of rows ends with one beyond the last session, which never comes
    ends = [np.append(each.row, np.int32(sessions)) for each in rows]
    return columns, Orders(
        start=np.cumsum([0, *counts], dtype=np.int64),
        row=_joined(ends, np.int32),
        buy_start=_joined_starts([each.buy_start for each in rows]),
        buy_name=place[_joined([each.buy_symbol for each in rows], np.int32)],
        buy_weight=_joined([each.buy_weight for each in rows], np.int16),
        sell_start=_joined_starts([each.sell_start for each in rows]),
        sell_name=place[_joined([each.sell_symbol for each in rows], np.int32)],
    )


def _starts(row: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int32]:
    return np.append(np.searchsorted(row, rows), len(row)).astype(np.int32)


def _joined(parts: list[NDArray[Whole]], kind: type[Whole]) -> NDArray[Whole]:
    return np.concatenate([np.empty(0, dtype=kind), *parts])


def _joined_starts(parts: list[NDArray[np.int32]]) -> NDArray[np.int64]:
    made, offset = [np.empty(0, dtype=np.int64)], 0
    for part in parts:
        made.append(part.astype(np.int64) + offset)
        offset += int(part[-1])
    return np.concatenate(made)
