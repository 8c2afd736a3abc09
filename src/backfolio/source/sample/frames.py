"""The simulated market in the import format, as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from backfolio.money import to_cny
from backfolio.source.sample.cast import THEME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.source.sample.prices import Market
    from backfolio.source.sample.stage import Stage

INDEXES: Final = (
    ("999001.SH", "SIMULATED all names"),
    ("999002.SH", "SIMULATED domestic compute"),
)
"""No exchange has these codes. Each is the mean return of its names, dividends included."""

_INDEX_START: Final = 1_000.0
_UNITS: Final = 10_000_000


def frames(stage: Stage, market: Market) -> dict[str, pd.DataFrame]:
    """Return a market's tables by name; rows by symbol, then date."""
    return {
        "bars": _bars(stage, market),
        "index": _indexes(stage, market),
        "ex_rights": _ex_rights(stage, market),
        "listings": _listings(stage),
    }


def _bars(stage: Stage, market: Market) -> pd.DataFrame:
    traded = stage.traded.T
    column, row = np.nonzero(traded)
    cny = {
        name: to_cny(getattr(market, source).T[traded])
        for name, source in (
            ("open", "open"),
            ("high", "high"),
            ("low", "low"),
            ("close", "close"),
            ("pre_close", "reference"),
            ("amount", "amount"),
        )
    }
    amount = cny.pop("amount")
    return pd.DataFrame(
        {
            "date": stage.sessions[row],
            "symbol": pd.Series(stage.symbols).take(column).reset_index(drop=True),
            **cny,
            "volume": market.volume.T[traded],
            "amount": amount,
            "is_st": stage.st.T[traded].astype(np.int64),
        }
    )


def _indexes(stage: Stage, market: Market) -> pd.DataFrame:
    theme = np.array([role.universe == THEME for role in stage.roles])
    parts = []
    for (symbol, name), members in zip(INDEXES, (np.ones_like(theme), theme), strict=True):
        traded = stage.traded & members
        close = _mean_ratio(market.close, market.reference, traded)
        before = _INDEX_START * np.concatenate([[1.0], np.cumprod(close)])[:-1]
        levels = {
            price: np.round(before * _mean_ratio(getattr(market, price), market.reference, traded), 2)
            for price in ("open", "high", "low", "close")
        }
        parts.append(pd.DataFrame({"date": stage.sessions, "symbol": symbol, **levels, "name": name}))
    return pd.concat(parts, ignore_index=True)


def _mean_ratio(
    price: NDArray[np.int64], reference: NDArray[np.int64], traded: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Mean of price / reference over the traded names; summed as whole numbers, so in no order."""
    ratio = np.where(traded, price * _UNITS // reference, 0)
    count = traded.sum(axis=1)
    return np.where(count > 0, ratio.sum(axis=1) / np.maximum(count, 1) / _UNITS, 1.0)


def _ex_rights(stage: Stage, market: Market) -> pd.DataFrame:
    rows = sorted(market.ex_rights, key=lambda event: (event[1], event[0]))
    return pd.DataFrame(
        {
            "symbol": [stage.symbols[column] for _, column, _, _ in rows],
            "ex_date": stage.sessions[[row for row, _, _, _ in rows]],
            "kind": [kind for _, _, kind, _ in rows],
            "value": np.array([value for _, _, _, value in rows], dtype=np.float64),
        }
    )


def _listings(stage: Stage) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "symbol": stage.symbols,
            "name": [role.name_zh for role in stage.roles],
            "listed": stage.listed,
            "delisted": stage.delisted,
        }
    )
