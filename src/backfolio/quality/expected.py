"""What each reference price should be: the previous close, moved by what is known of corporate actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backfolio.bars.actions import SOURCES, ex_price, shifted
from backfolio.money import PER_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.bars.sides import Actions


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
    """

    before: NDArray[np.int64]
    price: NDArray[np.int64]
    acted: NDArray[np.bool_]


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
    return Expected(before, due, acted)


def _rights(
    told: pd.DataFrame, cells: Callable[[pd.Series, pd.Series], tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> list[tuple[int, int, float, float]]:
    """Return session, column, rights a share and rights price; of several sources the first of `SOURCES`."""
    if not len(told) or "rights" not in told:
        return []
    frame = told[(told["rights"] > 0) & (told["rights_price"] > 0)]
    session, column = cells(frame["symbol"], frame["ex_date"])
    found: dict[tuple[int, int], tuple[int, float, float]] = {}
    rows = zip(session.tolist(), column.tolist(), frame["source"], frame["rights"], frame["rights_price"], strict=True)
    for day, symbol, source, rights, price in rows:
        rank = SOURCES.index(source) if source in SOURCES else len(SOURCES)
        kept = found.get((day, symbol))
        if day >= 0 and (kept is None or rank < kept[0]):
            found[day, symbol] = rank, float(rights), float(price)
    return [(day, symbol, rights, price) for (day, symbol), (_, rights, price) in found.items()]
