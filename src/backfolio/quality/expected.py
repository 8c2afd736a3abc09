"""What each reference price should be: the previous close, moved by what is known of corporate actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.bars.actions import ex_price, shifted
from backfolio.bars.events import offered
from backfolio.bars.sides import RATIO_UNIT
from backfolio.money import FEN, PER_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.bars.sides import Actions

MOST_ROUNDED: Final = 10_000
"""A price ratio is taken as given to 1 / this at least: 0.9 has four decimals, the last three being 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Reference prices as corporate actions make them, sessions x symbols.

    Parameters
    ----------
    before
        int64 mills: previous close, moved by ex-dates that passed in a halt.
    price
        int64 mills: the reference price that follows; 0 where `before` is.
    acted
        bool: a corporate action is known, a rights issue included.
    room
        int64 mills: what rounding leaves open: a fen, and of a price ratio
        half of its last decimal (of four decimals, where it has fewer).
    """

    before: NDArray[np.int64]
    price: NDArray[np.int64]
    acted: NDArray[np.bool_]
    room: NDArray[np.int64]


def expected_of(
    bars: Bars,
    actions: Actions,
    told: pd.DataFrame,
    cells: Callable[[pd.Series, pd.Series], tuple[NDArray[np.intp], NDArray[np.intp]]],
) -> Expected:
    """Work out what reference prices should be.

    Parameters
    ----------
    bars, actions
        As `look` returns them.
    told
        The store's table of actions: the one place that knows rights issues,
        where shareholders buy shares at a price below the market. Source: the
        exchanges' Trading Rules on ex-rights prices, ``(previous close - cash
        + rights x rights price) / (1 + shares + rights)``.
    cells
        Columns of symbols and dates to sessions and columns; -1 where none.
    """
    before = shifted(bars.mark)
    cash, shares, ratio = (np.zeros_like(before) for _ in range(3))
    at = actions.session, actions.symbol
    cash[at], shares[at], ratio[at] = actions.cash, actions.shares, actions.ratio
    acted = np.zeros(before.shape, dtype=np.bool_)
    acted[at] = True
    for session, column, rights, price in _rights(told, cells):
        cash[session, column] -= round(rights * price * PER_SHARE)
        shares[session, column] += round(rights * PER_SHARE)
        acted[session, column] = True
    due = before.copy()
    due[acted] = ex_price(before[acted], cash[acted], shares[acted], ratio[acted])
    due[before == 0] = 0
    return Expected(before, due, acted, FEN + before * _half_decimal(ratio) // RATIO_UNIT)


def _half_decimal(ratio: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return half of the last decimal that each ratio is written with, in 1 / `RATIO_UNIT`; 0 where there is none."""
    half = np.zeros_like(ratio)
    decimal = 10
    while decimal <= RATIO_UNIT // MOST_ROUNDED:
        half[(ratio > 0) & (ratio % decimal == 0)] = decimal // 2
        decimal *= 10
    return half


def _rights(
    told: pd.DataFrame, cells: Callable[[pd.Series, pd.Series], tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> list[tuple[int, int, float, float]]:
    """Return session, column, rights a share and rights price, one an issue (see `bars.events`)."""
    if not len(told) or "rights" not in told:
        return []
    priced = told[told["rights_price"] > 0]
    frame = priced.iloc[offered(priced).rows]
    session, column = cells(frame["symbol"], frame["ex_date"])
    rows = zip(session.tolist(), column.tolist(), frame["rights"], frame["rights_price"], strict=True)
    return [(day, symbol, float(rights), float(price)) for day, symbol, rights, price in rows if day >= 0]
