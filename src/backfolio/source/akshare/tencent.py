"""Daily bars from tencent, the third host: a request a year, and units that akshare mistakes for some codes.

The host counts volume in hands of a hundred shares, but STAR shares singly.
akshare multiplies by a hundred unless the symbol begins with sh688, sz399,
sh000 or sz000. So what it gives for sz000 shares is a hundred times too small,
and for the STAR board's depositary receipts (sh689) a hundred times too large.
Both are put right by name here, and every row is proved afterwards; should an
akshare to come give them right, its numbers are the ones that are proved.
Without a prefix akshare would guess the exchange from a list that is too short
(302, 920 and others are not in it): it always gets one.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from backfolio.source.akshare import proofs
from backfolio.source.akshare.contract import Column, Contract
from backfolio.source.akshare.delivery import Delivery, deliver
from backfolio.source.akshare.eastmoney import LEAST, bar_frame, between, index_frame, units_left_out
from backfolio.source.akshare.library import library
from backfolio.source.akshare.symbols import prefixed

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd

    from backfolio.source.akshare.transport import Asked, Desk

HOST: Final = "tencent"
HAND: Final = 100
MISTAKEN: Final = (("sz000", 100.0), ("sh689", 0.01))
"""Prefix of a share, and what akshare's volume must be multiplied by to be shares."""

AMOUNT_ROOM: Final = 100.0
"""CNY: amounts come in ten thousands with two decimals."""

BARS: Final = Contract(
    "stock_zh_a_hist_tx",
    (
        Column("date", "date"),
        Column("open", "number", low=LEAST),
        Column("close", "number", low=LEAST),
        Column("high", "number", low=LEAST),
        Column("low", "number", low=LEAST),
        Column("volume", "number", low=0),
        Column("amount", "number", low=0, may_be_missing=True),
    ),
    may_be_empty=True,
)


def bars(desk: Desk, symbol: str, since: np.datetime64, until: np.datetime64) -> Delivery:
    """Ask for raw daily bars of a share; `Delivery.frame` has columns of the store's `bars`."""
    code = prefixed(symbol)
    asked = _asked(desk, symbol, since, until)
    repairs = [factor for prefix, factor in MISTAKEN if code.startswith(prefix)]

    def normal(frame: pd.DataFrame) -> pd.DataFrame:
        read = [between(bar_frame(symbol, HOST, frame, BARS, volume=by), since, until) for by in (*repairs, 1.0)]
        return next((rows for rows in read if not units(rows)), read[0])

    def units(rows: pd.DataFrame) -> tuple[str, ...]:
        return proofs.of_shares(rows, shares_room=HAND, cny_room=AMOUNT_ROOM)

    def proved(rows: pd.DataFrame) -> tuple[str, ...]:
        return (*_adjusted(asked, code), *units(rows))

    return deliver(desk, asked, BARS, normal, proved, note=proofs.unproved)


def index_bars(desk: Desk, symbol: str, since: np.datetime64, until: np.datetime64) -> Delivery:
    """Ask for daily bars of an index; `Delivery.frame` has columns of the store's `index_bars`."""
    code = prefixed(symbol)
    asked = _asked(desk, symbol, since, until)

    def normal(frame: pd.DataFrame) -> pd.DataFrame:
        return index_frame(between(bar_frame(symbol, HOST, frame, BARS), since, until))

    def proved(frame: pd.DataFrame) -> tuple[str, ...]:
        return (*_adjusted(asked, code), *proofs.of_bars(frame))

    return deliver(desk, asked, BARS, normal, proved, note=units_left_out, table="index_bars")


def _asked(desk: Desk, symbol: str, since: np.datetime64, until: np.datetime64) -> Asked[pd.DataFrame]:
    akshare = library()
    # With dashes: akshare reads the last year off the text, and would ask for every year up to today's.
    first, last = str(since.astype("datetime64[D]")), str(until.astype("datetime64[D]"))
    call: Callable[[], pd.DataFrame] = lambda: akshare.stock_zh_a_hist_tx(  # noqa: E731  as the other hosts are asked
        symbol=prefixed(symbol), start_date=first, end_date=last, adjust=""
    )
    return desk.ask(HOST, BARS.function, symbol, call)


def _adjusted(asked: Asked[pd.DataFrame], code: str) -> tuple[str, ...]:
    """Refuse an adjusted series: where the host sends no raw one, akshare takes that without a word."""
    for reply in asked.replies:
        if "newfqkline" in reply.url:
            with suppress(ValueError, KeyError, TypeError):
                told = json.loads(reply.text.partition("=")[2])["data"][code]
                if "day" not in told and {"qfqday", "hfqday"} & set(told):
                    return (f"an adjusted series came ({', '.join(sorted(told))}), not the raw one",)
    return ()
