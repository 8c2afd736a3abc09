"""sina: raw daily bars of shares and indexes, and adjustment factors.

Bars of shares come packed, volume in shares and amount in CNY. What akshare
makes of them is not what the host sent. It deletes every session whose prices,
volume and amount all repeat an earlier one's; it adds a bar on each day on
which the number of tradable shares changes without a session; and it drops
sessions before the first such number. So the reply is decoded once more, its
rows are taken, and akshare's are only compared with them; the log says what
differed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import as_day
from backfolio.source.akshare import proofs
from backfolio.source.akshare.contract import Column, Contract, days, numbers
from backfolio.source.akshare.delivery import Delivery, deliver, failed, quarantined
from backfolio.source.akshare.eastmoney import LEAST, bar_frame
from backfolio.source.akshare.facts import as_table
from backfolio.source.akshare.library import library
from backfolio.source.akshare.sina_replies import guarded, unpacked
from backfolio.source.akshare.symbols import prefixed
from backfolio.source.akshare.transport import with_outcome
from backfolio.store.model import empty

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.source.akshare.transport import Asked, Desk

HOST: Final = "sina"
PACKED: Final = "klc_kl.js"
"""The end of the address of packed bars."""

NO_FACTORS: Final = b'"data":[]'
"""Stands in the script of factors of a share that sina has none for."""

BARS: Final = Contract(
    "stock_zh_a_daily",
    (
        Column("date", "date"),
        Column("open", "number", low=LEAST),
        Column("close", "number", low=LEAST),
        Column("high", "number", low=LEAST),
        Column("low", "number", low=LEAST),
        Column("volume", "integer", low=0),
        Column("amount", "number", low=0),
    ),
    may_be_empty=True,
)
INDEX: Final = Contract(
    "stock_zh_index_daily",
    (
        Column("date", "date"),
        Column("open", "number", low=LEAST),
        Column("close", "number", low=LEAST),
        Column("high", "number", low=LEAST),
        Column("low", "number", low=LEAST),
        # It comes last in a row: where it is there, the row was not cut off.
        Column("volume", "number", low=0),
    ),
    may_be_empty=True,
)
FACTORS: Final = Contract(
    "stock_zh_a_daily",
    (Column("date", "date", low="1900-01-01"), Column("hfq_factor", "number", low=1e-6, high=1e6)),
)


def bars(desk: Desk, symbol: str, since: np.datetime64, until: np.datetime64) -> Delivery:
    """Ask for raw daily bars of a share; `Delivery.frame` has columns of the store's `bars`.

    `since` and `until` are both included.
    """
    code = prefixed(symbol)
    first, last = as_day(since), as_day(until)

    def call() -> pd.DataFrame:
        with guarded():
            frame: pd.DataFrame = library().stock_zh_a_daily(
                symbol=code, start_date=_plain(first), end_date=_plain(last), adjust=""
            )
        return frame

    asked = desk.ask(HOST, BARS.function, symbol, call)
    body = _packed_bars(asked)
    # Bars come first, share counts second: without the latter akshare makes nothing of the former.
    if body is None or (asked.error is not None and asked.error.kind not in {"broken", "failed"}):
        return failed(desk, asked)
    try:
        raw = unpacked(body)
    except ValueError as error:
        return failed(desk, asked) if asked.quarantined else quarantined(asked, str(error))
    came = _within(raw, first, last)
    differs, note = _against(asked, came)
    # sina fills a day of suspension with noughts: a row that says nothing.
    idle = (came[["open", "high", "low", "close", "volume"]] == 0).all(axis=1)
    told = came[~idle]
    entry = replace(asked.entry, rows=len(told), outcome="ok" if len(told) else "empty", detail=note)
    settled = replace(asked, value=told, entry=entry, error=None, quarantined=())
    if differs:
        return quarantined(settled, differs)
    return deliver(desk, settled, BARS, lambda frame: bar_frame(symbol, HOST, frame, BARS), proofs.of_shares)


def index_bars(desk: Desk, symbol: str, since: np.datetime64, until: np.datetime64) -> Delivery:
    """Ask for daily bars of an index; `Delivery.frame` has columns of the store's `index_bars`.

    sina sends no amount with them, so that nothing tells the unit of their
    volume: it is left out.
    """
    code = prefixed(symbol)
    first, last = as_day(since), as_day(until)

    def call() -> pd.DataFrame:
        with guarded():
            frame: pd.DataFrame = library().stock_zh_index_daily(symbol=code)
        return frame if "date" not in frame else _within(frame, first, last)

    asked = desk.ask(HOST, INDEX.function, symbol, call)

    def normal(frame: pd.DataFrame) -> pd.DataFrame:
        columns = {name: numbers(frame[name]) for name in proofs.PRICES}
        return as_table("index_bars", {"symbol": symbol, "date": days(frame["date"]), **columns, "source": HOST})

    return deliver(desk, asked, INDEX, normal, proofs.of_bars, table="index_bars")


def factors(desk: Desk, symbol: str) -> Delivery:
    """Return sina's backward factors of a share, in columns of the table factors.

    One row a change, ascending; adjusted price = raw price x factor from that
    date on. The first date is 1900-01-01 as a rule: from the listing on.
    """
    code = prefixed(symbol)

    def call() -> pd.DataFrame:
        with guarded():
            frame: pd.DataFrame = library().stock_zh_a_daily(symbol=code, adjust="hfq-factor")
        return frame

    asked = desk.ask(HOST, FACTORS.function, symbol, call)
    if asked.error is not None and asked.error.kind == "broken" and NO_FACTORS in asked.replies[-1].body:
        # akshare raises where there are none.
        return Delivery(empty("factors"), HOST, (with_outcome(asked.entry, "empty", ""),))

    def normal(frame: pd.DataFrame) -> pd.DataFrame:
        values = {"date": days(frame["date"]), "factor": numbers(frame["hfq_factor"])}
        return as_table("factors", {"symbol": symbol, "source": HOST, **values}).sort_values("date", ignore_index=True)

    def told_twice(frame: pd.DataFrame) -> tuple[str, ...]:
        twice = frame["date"][frame["date"].duplicated()]
        return (f"two factors on {twice.iloc[0]:%Y-%m-%d}",) if len(twice) else ()

    delivery = deliver(desk, asked, FACTORS, normal, told_twice, table="factors")
    if delivery.frame is None:
        return delivery
    frame = delivery.frame
    return replace(delivery, frame=frame[frame["factor"].diff() != 0].reset_index(drop=True))


def _packed_bars(asked: Asked[pd.DataFrame]) -> bytes | None:
    """Return the last whole reply with packed bars; None where none came."""
    bodies = [reply.body for reply in asked.replies if PACKED in reply.url and reply.status < 400]  # noqa: PLR2004  HTTP
    return bodies[-1] if bodies else None


def _within(frame: pd.DataFrame, first: np.datetime64, last: np.datetime64) -> pd.DataFrame:
    """Return the rows of a stretch, and those without a readable date, which the contract then names."""
    day = days(frame["date"])
    return frame[((day >= first) & (day <= last)) | np.isnat(day)].reset_index(drop=True)


def _against(asked: Asked[pd.DataFrame], raw: pd.DataFrame) -> tuple[str, str]:
    """Compare akshare's bars with what the host sent: a contradiction ("" = none), and a note for the log."""
    frame = asked.value
    if frame is None:
        return "", f"bars taken from the reply itself, since {'' if asked.error is None else asked.error.text}"
    if not len(frame):
        return "", "akshare dropped every session: bars taken from the reply itself" if len(raw) else ""
    notes = []
    sent, made = days(raw["date"]), days(frame["date"])
    lost, added = np.setdiff1d(sent, made), np.setdiff1d(made, sent)
    if len(lost):
        notes.append(f"{_count(lost)} that akshare dropped put back")
    if len(added):
        notes.append(f"{_count(added)} that akshare made up left out")
    _, here, there = np.intersect1d(sent, made, return_indices=True)
    for name in (*proofs.PRICES, "volume"):
        gap = np.abs(numbers(raw[name])[here] - numbers(frame[name])[there])
        # akshare rounds prices to the fen.
        wrong = np.flatnonzero(~(gap <= 0.00501))  # noqa: PLR2004
        if len(wrong):
            return f"akshare's {name} of {sent[here[wrong[0]]]:.10} is not what the reply holds", ""
    return "", "; ".join(notes)


def _count(dates: NDArray[np.datetime64]) -> str:
    named = ", ".join(str(date)[:10] for date in dates[:3])
    return f"{len(dates)} session{'s' if len(dates) > 1 else ''} ({named}{', ...' if len(dates) > 3 else ''})"  # noqa: PLR2004


def _plain(day: np.datetime64) -> str:
    return str(day).replace("-", "")
