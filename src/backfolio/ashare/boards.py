"""Boards and exchanges, read off the symbol."""

from __future__ import annotations

import re
from typing import Final

from backfolio.errors import SymbolError

MAIN: Final = 0
CHINEXT: Final = 1
STAR: Final = 2
BSE: Final = 3
BOARDS: Final = ("main", "chinext", "star", "bse")

SHANGHAI: Final = 0
SHENZHEN: Final = 1
BEIJING: Final = 2
EXCHANGES: Final = ("SH", "SZ", "BJ")

PREFIXES: Final[tuple[tuple[str, tuple[str, ...], int], ...]] = (
    ("SH", ("600", "601", "603", "605"), MAIN),
    ("SH", ("688", "689"), STAR),
    ("SZ", ("000", "001", "002", "003", "004"), MAIN),
    ("SZ", ("300", "301", "302"), CHINEXT),
    ("BJ", ("43", "83", "87", "88", "920"), BSE),
)
"""(exchange, code prefixes, board). Sources: SSE and SZSE securities code
allocation guides; BSE notice of 2024-04-22 on 920 codes; 689 is the STAR
board's depositary receipts; 002 was the SME board, part of main since
2021-04-06 under the same limits."""

NOT_SHARES: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("SH", ("000",), "an index"),
    ("SH", ("5",), "a fund"),
    ("SH", ("900",), "a B share"),
    ("SZ", ("399",), "an index"),
    ("SZ", ("15", "16", "18"), "a fund"),
    ("SZ", ("200", "201"), "a B share"),
    ("BJ", ("899",), "an index"),
)
"""(exchange, code prefixes, what it is): 000001.SH is the Shanghai index, and not Ping An Bank misspelt."""

_SHAPE: Final = re.compile(r"(\d{6})\.(SH|SZ|BJ)", re.ASCII)


def board_of(symbol: str) -> int:
    """Return the board of a symbol such as ``688256.SH``.

    Raises
    ------
    SymbolError
        If the symbol has another shape, or its code belongs to no board of
        its exchange (B shares, funds and indexes are not traded here).
    """
    match = _SHAPE.fullmatch(symbol)
    if match is None:
        message = f"{symbol!r} is not a symbol: write six digits and the exchange, as in 688256.SH"
        raise SymbolError(message)
    code, exchange = match.groups()
    for place, prefixes, what in NOT_SHARES:
        if exchange == place and code.startswith(prefixes):
            message = f"{symbol!r} is {what}: only A-shares are traded here; leave it out"
            raise SymbolError(message)
    for place, prefixes, board in PREFIXES:
        if code.startswith(prefixes):
            if place != exchange:
                message = f"{symbol!r}: code {code} trades on {place}; write {code}.{place}"
                raise SymbolError(message)
            return board
    known = ", ".join(f"{'/'.join(prefixes)} {place}" for place, prefixes, _ in PREFIXES)
    message = f"{symbol!r} belongs to no A-share board (known codes: {known}): leave it out"
    raise SymbolError(message)


def exchange_of(symbol: str) -> int:
    """Return `SHANGHAI`, `SHENZHEN` or `BEIJING`; raises as `board_of` does."""
    board_of(symbol)
    return EXCHANGES.index(symbol[-2:])
