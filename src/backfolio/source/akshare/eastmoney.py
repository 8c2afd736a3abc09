"""Daily bars from eastmoney: volume comes in hands of a hundred shares, always."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from backfolio.source.akshare import proofs
from backfolio.source.akshare.contract import Column, Contract, days, numbers
from backfolio.source.akshare.delivery import Delivery, deliver
from backfolio.source.akshare.library import library
from backfolio.source.akshare.symbols import bare, prefixed

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from backfolio.source.akshare.transport import Asked, Desk

HOST: Final = "eastmoney"
HAND: Final = 100
"""Shares in a hand; volume is rounded to hands, so up to half of one is off."""

SHANGHAI: Final = "1"
ELSEWHERE: Final = "0"
"""Its numbers of markets, as in ``secid=1.688256``; the second is Shenzhen's and Beijing's."""

LEAST: Final = 0.001
"""The least number that can be a price; adjusted prices of old bars can be below 0."""

BARS: Final = Contract(
    "stock_zh_a_hist",
    (
        Column("日期", "date"),
        Column("开盘", "number", low=LEAST),
        Column("收盘", "number", low=LEAST),
        Column("最高", "number", low=LEAST),
        Column("最低", "number", low=LEAST),
        Column("成交量", "integer", low=0),
        Column("成交额", "number", low=0, may_be_missing=True),
    ),
    may_be_empty=True,
)
INDEX: Final = Contract(
    "stock_zh_index_daily_em",
    (
        Column("date", "date"),
        Column("open", "number", low=LEAST),
        Column("close", "number", low=LEAST),
        Column("high", "number", low=LEAST),
        Column("low", "number", low=LEAST),
        Column("volume", "number", low=0, may_be_missing=True),
        Column("amount", "number", low=0, may_be_missing=True),
    ),
    may_be_empty=True,
)


def bars(desk: Desk, symbol: str, since: np.datetime64, until: np.datetime64) -> Delivery:
    """Ask for raw daily bars of a share; `Delivery.frame` has columns of the store's `bars`."""
    akshare, code = library(), bare(symbol)
    asked: Asked[pd.DataFrame] = desk.ask(
        HOST,
        BARS.function,
        symbol,
        lambda: akshare.stock_zh_a_hist(
            symbol=code, period="daily", start_date=_written(since), end_date=_written(until), adjust=""
        ),
    )

    def normal(frame: pd.DataFrame) -> pd.DataFrame:
        return between(bar_frame(symbol, HOST, frame, BARS, volume=HAND), since, until)

    def proved(frame: pd.DataFrame) -> tuple[str, ...]:
        return (*_another(asked, symbol), *proofs.of_shares(frame, shares_room=HAND))

    return deliver(desk, asked, BARS, normal, proved, note=proofs.unproved)


def index_bars(desk: Desk, symbol: str, since: np.datetime64, until: np.datetime64) -> Delivery:
    """Ask for daily bars of an index; `Delivery.frame` has columns of the store's `index_bars`."""
    akshare = library()
    asked: Asked[pd.DataFrame] = desk.ask(
        HOST,
        INDEX.function,
        symbol,
        lambda: akshare.stock_zh_index_daily_em(
            symbol=prefixed(symbol), start_date=_written(since), end_date=_written(until)
        ),
    )

    def normal(frame: pd.DataFrame) -> pd.DataFrame:
        rows = between(bar_frame(symbol, HOST, frame, INDEX, volume=HAND), since, until)
        return index_frame(rows).assign(name=str(_told(asked).get("name") or "") or None)

    def proved(frame: pd.DataFrame) -> tuple[str, ...]:
        return (*_another(asked, symbol), *proofs.of_bars(frame))

    return deliver(desk, asked, INDEX, normal, proved, note=units_left_out, table="index_bars")


def bar_frame(
    symbol: str, host: str, frame: pd.DataFrame, contract: Contract, *, volume: float = 1.0, amount: float = 1.0
) -> pd.DataFrame:
    """Return rows in columns of the store's `bars`.

    Parameters
    ----------
    symbol, host
        Whose bars they are, and who says so.
    frame, contract
        What came; the contract's columns are date, open, close, high, low,
        volume and amount, in this order.
    volume, amount
        Shares in the host's unit of volume, CNY in its unit of amount.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    names = ("date", "open", "close", "high", "low", "volume", "amount")
    column = dict(zip(names, (frame[one.name] for one in contract.columns), strict=True))
    shares = (numbers(column["volume"]) * volume).round()
    return pd.DataFrame(
        {
            "symbol": symbol,
            "date": days(column["date"]),
            **{name: numbers(column[name]) for name in proofs.PRICES},
            "volume": shares,
            "amount": numbers(column["amount"]) * amount,
            # A session in which nothing was traded has no bar, though some hosts write one.
            "traded": shares > 0,
            "source": host,
        }
    )


def between(frame: pd.DataFrame, since: np.datetime64, until: np.datetime64) -> pd.DataFrame:
    """Return the rows from `since` to `until`; hosts send more than was asked for."""
    dates = frame["date"].to_numpy()
    return frame.loc[(dates >= since) & (dates <= until)].reset_index(drop=True)


def index_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Return bars of an index without a volume and an amount whose units cannot be told: no fill uses them."""
    rows = rows.drop(columns="traded")
    return rows if proofs.index_units(rows) else rows.assign(volume=float("nan"), amount=float("nan"))


def units_left_out(frame: pd.DataFrame) -> str:
    """Say that an index's volume and amount were left out, "" where they were not."""
    return "units of volume and amount cannot be told: left out" if frame["volume"].isna().all() else ""


def _written(day: np.datetime64) -> str:
    return str(day.astype("datetime64[D]")).replace("-", "")


def _told(asked: Asked[pd.DataFrame]) -> dict[str, Any]:
    """Return what the reply says about itself: akshare writes the symbol that was asked for over it."""
    with suppress(ValueError, AttributeError, IndexError):
        told = json.loads(asked.replies[-1].text).get("data")
        return told if isinstance(told, dict) else {}
    return {}


def _another(asked: Asked[pd.DataFrame], symbol: str) -> tuple[str, ...]:
    """Say whose bars came where they are another's: an index and a share may have one code in two markets."""
    told = _told(asked)
    ours = {"code": bare(symbol), "market": SHANGHAI if symbol.endswith(".SH") else ELSEWHERE}
    came = {name: str(told.get(name, value)) for name, value in ours.items()}
    return () if came == ours else (f"the reply is about {came['code']} of its market {came['market']}",)
