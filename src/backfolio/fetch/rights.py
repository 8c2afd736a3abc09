"""The reference price of a rights issue, which no reader of the import format could work out.

On the ex-date it is ``(previous close - cash + rights x price) / (1 + shares +
rights)``, half up to the fen. Source: Trading Rules of the Shanghai and
Shenzhen exchanges, 2023 revision, on ex-rights prices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backfolio.bars import events
from backfolio.money import FEN, MILLS, PER_SHARE

if TYPE_CHECKING:
    import pandas as pd


def with_references(symbol: str, bars: pd.DataFrame, actions: pd.DataFrame) -> pd.DataFrame:
    """Return the bars that are the first on or after a rights issue's ex-date, with their reference price.

    Parameters
    ----------
    symbol
        Whose bars and actions they are.
    bars
        Rows of the table bars of one symbol, by date.
    actions
        Rows of the table actions; those of other symbols are not looked at.

    Returns
    -------
    DataFrame
        Rows of the table bars with `pre_close`; a bar that has one keeps it
        and is left out, for the exchange's own is better.
    """
    mine = actions[actions["symbol"] == symbol]
    priced = mine[mine["rights_price"] > 0]
    dates = bars["date"].to_numpy().astype("datetime64[D]")
    found = []
    said = priced.iloc[events.offered(priced).rows]
    dividends = mine.iloc[events.paid(mine, bars).rows]
    for day, rights, rights_price in zip(said["ex_date"], said["rights"], said["rights_price"], strict=True):
        at = int(np.searchsorted(dates, day.to_datetime64().astype("datetime64[D]")))
        if not 0 < at < len(dates) or not np.isnan(bars["pre_close"].iloc[at]) or np.isnan(bars["close"].iloc[at - 1]):
            continue
        paid = dividends[dividends["ex_date"] == day]
        cash, shares = (paid["cash"].iloc[0], paid["shares"].iloc[0]) if len(paid) else (0.0, 0.0)
        price = reference(bars["close"].iloc[at - 1], cash, shares, rights, rights_price)
        found.append(bars.iloc[[at]].assign(pre_close=price))
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    return pd.concat(found, ignore_index=True) if found else bars.iloc[:0]


def reference(close: float, cash: float, shares: float, rights: float, rights_price: float) -> float:
    """Return the reference price of a rights issue's ex-date, in CNY; half up to the fen.

    Parameters
    ----------
    close
        Previous close, CNY.
    cash, shares, rights
        CNY, bonus shares and rights for one share held; NaN is none.
    rights_price
        CNY for one new share.
    """
    before, offered = round(close * MILLS), round(rights_price * MILLS)
    paid, given, right = (round(np.nan_to_num(value) * PER_SHARE) for value in (cash, shares, rights))
    over = before * PER_SHARE - paid * MILLS + right * offered
    under = PER_SHARE + given + right
    price: int = (2 * over + FEN * under) // (2 * FEN * under) * FEN
    return price / MILLS
