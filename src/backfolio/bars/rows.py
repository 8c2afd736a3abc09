"""`BarRows`: the table of bars as flat arrays, each row a cell of the market."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare, calendar
from backfolio.bars.cells import date_faults, days, factorize, number_fault, numbers, session_faults, session_numbers
from backfolio.errors import SymbolError
from backfolio.money import FEN, MILLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.bars.faults import Fault
    from backfolio.bars.frames import Origin, Tables

PRICES: Final = ("open", "high", "low", "close")
FLAGS: Final = ("traded", "is_st")
NUMBERS: Final = (*FLAGS, *PRICES, "volume", "pre_close", "amount", "factor", "up_limit", "down_limit")
FEN_A_CNY: Final = MILLS // FEN

MOST_A_SHARE: Final = 100_000.0
"""CNY; no share ever cost a tenth of it, and it keeps products inside int64."""


@dataclass(frozen=True, slots=True, eq=False)
class BarRows:
    """Bars as they came, each row knowing its session and its symbol.

    Parameters
    ----------
    sessions
        ``datetime64[D]``, every session from the first row's to the last's.
    symbols
        Sorted: those that belong to a board.
    day
        ``datetime64[D]`` (rows,); NaT where the date cannot be read.
    session, symbol
        (rows,): place in `sessions` and `symbols`; -1 where there is none.
    texts, text
        The symbols as written, and each row's place among them (-1: missing).
    bad_symbols
        Each text that belongs to no board, and why.
    values
        Column name to float64 (rows,); only columns that came; NaN = missing.
    unreadable
        Column name to bool (rows,): cells that hold no number (their value is
        NaN as well); only columns that have such a cell.
    traded
        bool (rows,): a bar; False in a suspension.
    mills
        Each of `PRICES` as int64 mills (rows,); 0 where it is no price.
    first
        int32, sessions x symbols: the first row of each cell, -1 where none.
    origin
        Which line of which file each row was.
    """

    sessions: NDArray[np.datetime64]
    symbols: tuple[str, ...]
    day: NDArray[np.datetime64]
    session: NDArray[np.intp]
    symbol: NDArray[np.intp]
    texts: list[str]
    text: NDArray[np.intp]
    bad_symbols: Mapping[str, str]
    values: Mapping[str, NDArray[np.float64]]
    unreadable: Mapping[str, NDArray[np.bool_]]
    traded: NDArray[np.bool_]
    mills: Mapping[str, NDArray[np.int64]]
    first: NDArray[np.int32]
    origin: Origin

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Which rows have a session and a symbol."""
        return (self.session >= 0) & (self.symbol >= 0)

    def missing(self, column: str) -> NDArray[np.bool_]:
        """Return where a column has no value at all."""
        missing = np.isnan(self.values[column])
        return missing & ~self.unreadable[column] if column in self.unreadable else missing

    def bar(self, row: int) -> str:
        """Say which bar a row is."""
        at = int(self.text[row])
        symbol = self.texts[at] if at >= 0 else "(no symbol)"
        return f"{symbol} {'(no date)' if np.isnat(self.day[row]) else self.day[row]}"


def read_rows(tables: Tables) -> tuple[BarRows, list[Fault]]:
    """Turn the table of bars into flat arrays, and name the cells that cannot be read."""
    frame = tables.bars
    day, state = days(frame["date"])
    number = session_numbers(day)
    faults = [*date_faults("bars", frame, "date", state), *session_faults("bars", "date", day, number)]
    sessions, session = _sessions(number, tables.last)
    text, texts = factorize(frame["symbol"])
    symbols, places, bad_symbols = _symbols(texts)
    symbol = places[text]
    values, unreadable, traded = _values(frame)
    faults += [number_fault("bars", frame, column, wrong) for column, wrong in unreadable.items()]
    rows = BarRows(
        sessions=sessions,
        symbols=symbols,
        day=day,
        session=session,
        symbol=symbol,
        texts=texts,
        text=text,
        bad_symbols=bad_symbols,
        values=values,
        unreadable=unreadable,
        traded=traded,
        mills={name: price_mills(values[name]) for name in PRICES},
        first=_first_rows(session, symbol, (len(sessions), len(symbols))),
        origin=tables.origin("bars"),
    )
    return rows, faults


def price_mills(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Convert prices in CNY to mills, nearest fen; 0 where it is no price."""
    fen = np.rint(values * FEN_A_CNY)
    fen[~((values > 0) & (values < MOST_A_SHARE))] = 0.0  # NaN compares false, so it goes as well
    return fen.astype(np.int64) * FEN


def newest_names(
    frame: pd.DataFrame,
    keys: NDArray[np.intp],
    symbols: tuple[str, ...],
    day: NDArray[np.datetime64] | None = None,
) -> dict[str, str]:
    """Return each symbol's name in its last row that has one; no entry where none has.

    Parameters
    ----------
    frame
        May have a column `name`; empty text is no name.
    keys
        Symbol of each row, -1 where it has none.
    symbols
        What `keys` are places in.
    day
        Date of each row; None where the rows of each symbol ascend by date.
    """
    if "name" not in frame:
        return {}
    code, texts = factorize(frame["name"])
    if "" in texts:
        code = np.where(code == texts.index(""), -1, code)
    held = np.flatnonzero((code >= 0) & (keys >= 0))
    if day is not None:
        held = held[np.argsort(day[held], kind="stable")]
    last = np.full(len(symbols), -1, dtype=np.intp)
    last[keys[held]] = code[held]  # of many rows of a symbol the last one stays
    return {symbol: texts[at] for symbol, at in zip(symbols, last.tolist(), strict=True) if at >= 0}


def _sessions(number: NDArray[np.intp], until: np.datetime64 | None) -> tuple[NDArray[np.datetime64], NDArray[np.intp]]:
    held = number[number >= 0]
    if not len(held):
        return np.empty(0, dtype="datetime64[D]"), number
    first, last = int(held.min()), int(held.max())
    if until is not None:
        last = max(last, int(session_numbers(np.array([until], dtype="datetime64[D]"))[0]))
    return calendar.all_sessions()[first : last + 1].copy(), np.where(number >= 0, number - first, -1)


def _symbols(texts: list[str]) -> tuple[tuple[str, ...], NDArray[np.intp], dict[str, str]]:
    """Return the sorted symbols, each text's place among them, and what is no symbol."""
    bad: dict[str, str] = {}
    for text in texts:
        try:
            ashare.board_of(text)
        except SymbolError as error:
            bad[text] = str(error)
    symbols = tuple(sorted(set(texts) - set(bad)))
    place = {symbol: at for at, symbol in enumerate(symbols)}
    # The last entry answers for code -1, a missing symbol.
    return symbols, np.array([place.get(text, -1) for text in texts] + [-1], dtype=np.intp), bad


def _values(
    frame: pd.DataFrame,
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.bool_]], NDArray[np.bool_]]:
    """Read every column of numbers; a suspended row's prices are not looked at."""
    values: dict[str, NDArray[np.float64]] = {}
    unreadable: dict[str, NDArray[np.bool_]] = {}
    traded = np.ones(len(frame), dtype=np.bool_)
    for column in NUMBERS:
        if column not in frame:
            continue
        values[column], wrong = numbers(frame[column])
        if column == "traded":
            traded = values[column] != 0
        elif column not in FLAGS:
            wrong &= traded
        if wrong.any():
            unreadable[column] = wrong
    return values, unreadable, traded


def _first_rows(session: NDArray[np.intp], symbol: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.int32]:
    first = np.full(shape, -1, dtype=np.int32)
    placed = np.flatnonzero((session >= 0) & (symbol >= 0))[::-1]
    first[session[placed], symbol[placed]] = placed  # written backwards, so that the first row stays
    return first
