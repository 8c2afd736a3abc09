"""The CSV files of a report: one line a fact, money in CNY, exact to the fen."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from backfolio.money import FEN, cny_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from backfolio.ledger import Ledger


def price_text(mills: int) -> str:
    """Write a price: two decimals, three where its tick is a mill."""
    return cny_text(mills, 3 if mills % FEN else 2)


def fills_csv(ledger: Ledger, *, dividend_tax: bool = False) -> str:
    """Write one line a fill; `dividend_tax` adds the column of that switch."""
    days = _days(ledger)
    tax = ("dividend_tax",) if dividend_tax else ()
    header = (
        "session", "symbol", "side", "shares", "price", "commission", "stamp_duty", "transfer_fee", *tax, "reason",
    )  # fmt: skip
    rows = (
        (
            days[fill.session],
            ledger.symbols[fill.symbol],
            fill.side,
            fill.shares,
            price_text(fill.price),
            cny_text(fill.commission),
            cny_text(fill.stamp_duty),
            cny_text(fill.transfer_fee),
            *((cny_text(fill.dividend_tax),) if dividend_tax else ()),
            fill.reason,
        )
        for fill in ledger.fills
    )
    return csv_text(header, rows)


def refusals_csv(ledger: Ledger) -> str:
    """Write one line a refusal."""
    days = _days(ledger)
    rows = (
        (days[refusal.session], ledger.symbols[refusal.symbol], refusal.side, refusal.shares, refusal.reason)
        for refusal in ledger.refusals
    )
    return csv_text(("session", "symbol", "side", "shares", "reason"), rows)


def equity_csv(ledger: Ledger) -> str:
    """Write one line a session: cash, value of the positions, and their sum."""
    rows = (
        (day, cny_text(cash), cny_text(equity - cash), cny_text(equity))
        for day, cash, equity in zip(_days(ledger), ledger.cash.tolist(), ledger.equity.tolist(), strict=True)
    )
    return csv_text(("session", "cash", "positions", "equity"), rows)


def positions_csv(ledger: Ledger) -> str:
    """Write one line a session and symbol held; close is the price it is valued at."""
    days = _days(ledger)
    held = np.argwhere(ledger.positions > 0)
    shares = ledger.positions[held[:, 0], held[:, 1]].tolist()
    marks = ledger.mark[held[:, 0], held[:, 1]].tolist()
    rows = (
        (days[row], ledger.symbols[column], count, price_text(mark), cny_text(count * mark))
        for (row, column), count, mark in zip(held.tolist(), shares, marks, strict=True)
    )
    return csv_text(("session", "symbol", "shares", "close", "value"), rows)


def _days(ledger: Ledger) -> list[str]:
    return [str(day) for day in ledger.sessions.astype("datetime64[D]")]


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a heading and rows as CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()
