"""Symbols as each host writes them, and what Beijing called its shares before; the one home of it.

On 2025-10-09 the Beijing exchange gave all its shares codes of 920xxx; six had
theirs since 2025-05-06, and new listings since 2024-04-22. Prices of the whole
past go on under the new code (exchange's notices of 2023-11-17, no. 2023-103,
and of 2025-09-12). Most kept their last three digits, not all, so that no code
is turned into another here. Who left for another exchange is another listing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from backfolio.errors import SymbolError

RENUMBERED: Final = np.datetime64("2025-10-09", "D")
"""The first session on which no share of Beijing has an old code."""

PILOT: Final = ("430489.BJ", "830799.BJ", "831445.BJ", "833819.BJ", "834682.BJ", "839167.BJ")
"""Those that got their new code before."""

PILOT_DAY: Final = np.datetime64("2025-05-06", "D")

LEFT: Final = {"832317.BJ": "688287.SH", "833874.BJ": "301192.SZ", "833994.BJ": "301321.SZ"}
"""Who left Beijing for another exchange, and its listing there: both stand. All left in 2022 (from memory)."""


def bare(symbol: str) -> str:
    """Return ``688256`` of ``688256.SH``."""
    return _split(symbol)[0]


def prefixed(symbol: str) -> str:
    """Return ``sh688256`` of ``688256.SH``; of an index alike: ``sz399006`` of ``399006.SZ``."""
    code, exchange = _split(symbol)
    return exchange.lower() + code


def from_prefixed(text: str) -> str:
    """Return ``688256.SH`` of ``sh688256``."""
    return f"{text[2:]}.{text[:2].upper()}"


def of_exchange(code: str, exchange: str) -> str:
    """Return ``000977.SZ`` of a code (as a number, too) and SH, SZ or BJ."""
    return f"{str(code).strip().zfill(6)}.{exchange.upper()}"


def renumbered(symbol: str, day: np.datetime64) -> bool:
    """Tell whether a symbol is one of Beijing's old codes on a day on which the share has a new one."""
    code, exchange = _split(symbol)
    if exchange != "BJ" or code.startswith("920") or symbol in LEFT:
        return False
    return bool(day >= (PILOT_DAY if symbol in PILOT else RENUMBERED))


def must_be_current(symbol: str, day: np.datetime64) -> None:
    """Refuse an old code of Beijing: hosts know the share by its new one, and it would be held twice.

    Raises
    ------
    SymbolError
        If the share has a new code on `day` (``datetime64[D]``).
    """
    if renumbered(symbol, day):
        message = (
            f"{symbol} has had a code of 920xxx since {PILOT_DAY if symbol in PILOT else RENUMBERED}, under which its "
            f"whole past is told: ask for that, mostly 920{bare(symbol)[3:]}.BJ (the exchange's list has it by name)"
        )
        raise SymbolError(message)


def _split(symbol: str) -> tuple[str, str]:
    code, _, exchange = symbol.partition(".")
    if len(code) != 6 or not (code.isascii() and code.isdecimal()) or exchange not in {"SH", "SZ", "BJ"}:  # noqa: PLR2004  digits of a code
        message = f"{symbol!r} is not a symbol: write six digits and the exchange, as in 688256.SH"
        raise SymbolError(message)
    return code, exchange
