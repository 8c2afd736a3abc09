"""Bars as the loop reads them, and the scratch it works in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backfolio import ashare
from backfolio.book import NEVER
from backfolio.sweep.layout import BLOCK, ORDER_WIDTH, POSITION_WIDTH, TALLIES, Market, State, Tape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.bars import Bars


def market(bars: Bars, columns: NDArray[np.int64], *, taxed: bool, fees: int = 1) -> Market:
    """Prepare bars for the loop.

    Parameters
    ----------
    bars
        The sessions of the sweep.
    columns
        Columns of the symbols that may be held, rising.
    taxed
        Whether some trial pays dividend tax.
    fees
        Times stamp duty and transfer fee.
    """
    symbols = [bars.symbols[column] for column in columns]
    boards = [ashare.board_of(symbol) for symbol in symbols]
    rates = ashare.fee_rates(bars.sessions)
    since, tax = _tax(bars.sessions if taxed else bars.sessions[:0])
    mark = np.ascontiguousarray(bars.mark[:, columns].T)
    starts = np.arange(0, mark.shape[1], BLOCK)
    return Market(
        columns=columns,
        mark=mark,
        lowest=np.minimum.reduceat(mark, starts, axis=1),
        highest=np.maximum.reduceat(mark, starts, axis=1),
        traded=_plain(bars.traded, np.bool_),
        open=_plain(bars.open, np.int64),
        volume=_plain(bars.volume, np.int64),
        amount=_plain(bars.amount, np.int64),
        up=_plain(bars.up, np.int64),
        down=_plain(bars.down, np.int64),
        limit_state=_plain(bars.limit_state, np.int8),
        minimum=np.array([ashare.LOT_MINIMUM[board] for board in boards], dtype=np.int64),
        step=np.array([ashare.LOT_STEP[board] for board in boards], dtype=np.int64),
        exchange=np.array([ashare.exchange_of(symbol) for symbol in symbols], dtype=np.int64),
        delisted=day_numbers(bars.delisted[columns]),
        days=day_numbers(bars.sessions),
        stamp_buy=rates.stamp_buy * fees,
        stamp_sell=rates.stamp_sell * fees,
        transfer_value=rates.transfer_value * fees,
        transfer_face=rates.transfer_face * fees,
        **_ex_dates(bars, columns),
        tax_since=since,
        tax_rates=tax,
    )


def day_numbers(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return days as whole numbers, `book.NEVER` for a day that does not come."""
    return np.where(np.isnat(days), NEVER, days.astype("datetime64[D]").astype(np.int64))


def scratch(names: int, sessions: int, lots: int) -> State:
    """Return what one thread works in.

    Parameters
    ----------
    lots
        Tax lots a name has room for; 0 where no dividend is taxed.
    """
    return State(
        position=np.zeros((names, POSITION_WIDTH), dtype=np.int64),
        order=np.zeros((names, ORDER_WIDTH), dtype=np.int64),
        held=np.zeros(names, dtype=np.int64),
        standing=np.zeros(names, dtype=np.int64),
        unsized=np.zeros(names, dtype=np.int64),
        tally=np.zeros(TALLIES, dtype=np.int64),
        lot_day=np.zeros((names, lots), dtype=np.int64),
        lot_shares=np.zeros((names, lots), dtype=np.int64),
        lot_dividend=np.zeros((names, lots), dtype=np.int64),
        equity=np.zeros(sessions, dtype=np.int64),
        returns=np.zeros(sessions, dtype=np.float64),
    )


def tape(fills: int = 0, refusals: int = 0, sessions: int = 0, names: int = 0) -> Tape:
    """Return where a ledger is written: room for so many fills and refusals."""
    return Tape(
        fills=np.zeros((fills, 10), dtype=np.int64),
        refusals=np.zeros((refusals, 5), dtype=np.int64),
        cash=np.zeros(sessions, dtype=np.int64),
        dividends=np.zeros(sessions, dtype=np.int64),
        positions=np.zeros((sessions, names), dtype=np.int64),
    )


def _plain(array: NDArray[Any], kind: type[np.generic]) -> NDArray[Any]:
    """Return the array itself where it is laid out row by row; read-only, so that one compiled form serves all."""
    plain = np.ascontiguousarray(array, dtype=kind).view()
    plain.setflags(write=False)
    return plain


def _ex_dates(bars: Bars, columns: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return the ex-dates name by name, after each name's last one that never comes."""
    sessions = len(bars.sessions)
    found = ((bars.cash_per_share != 0) | (bars.share_ratio != 0) | bars.ratio_only)[:, columns]
    found = np.append(found, np.ones((1, len(columns)), dtype=np.bool_), axis=0)
    name, row = np.nonzero(found.T)
    comes = row < sessions
    at = (row[comes], columns[name[comes]])

    def spread(values: NDArray[Any]) -> NDArray[Any]:
        made = np.zeros(len(row), dtype=values.dtype)
        made[comes] = values[at]
        return made

    return {
        "ex_start": np.searchsorted(name, np.arange(len(columns) + 1)).astype(np.int64),
        "ex_row": row.astype(np.int64),
        "ex_cash": spread(bars.cash_per_share),
        "ex_ratio": spread(bars.share_ratio),
        "ex_ratio_only": spread(bars.ratio_only),
        "ex_reference": spread(bars.reference),
    }


def _tax(sessions: NDArray[np.datetime64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    since = [[ashare.months_before(day, months) for months in (1, 12)] for day in sessions]
    rates = [ashare.dividend_tax_rates(day) for day in sessions]
    return (
        np.array(since, dtype="datetime64[D]").astype(np.int64).reshape(-1, 2),
        np.array(rates, dtype=np.int64).reshape(-1, 3),
    )
