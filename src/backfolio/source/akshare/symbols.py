"""Symbols as each host writes them; the one home of it."""

from __future__ import annotations

from backfolio.errors import SymbolError


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


def _split(symbol: str) -> tuple[str, str]:
    code, _, exchange = symbol.partition(".")
    if len(code) != 6 or not (code.isascii() and code.isdecimal()) or exchange not in {"SH", "SZ", "BJ"}:  # noqa: PLR2004  digits of a code
        message = f"{symbol!r} is not a symbol: write six digits and the exchange, as in 688256.SH"
        raise SymbolError(message)
    return code, exchange
