"""Price limits of a session, written out a second time for tests.

Kept apart from `ashare` on purpose, and in another arithmetic (decimals): two
who read the same rules must come to the same prices. Sources: the exchanges' trading rules as amended on
2020-08-24 (ChiNext), 2023-04-10 (main board), 2021-11-15 (Beijing) and
2026-07-06 (risk-warning stocks of the main board).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Final

import numpy as np

from backfolio import calendar

UNKNOWN: Final = 0
LIMITED: Final = 1
UNLIMITED: Final = 2

CHINEXT_REFORM: Final = np.datetime64("2020-08-24", "D")
MAIN_REFORM: Final = np.datetime64("2023-04-10", "D")
ST_REFORM: Final = np.datetime64("2026-07-06", "D")


@dataclass(frozen=True)
class Limits:
    """State and limit prices of one session, mills; 0 where there is none."""

    state: int
    up: int = 0
    down: int = 0


def board(symbol: str) -> str:
    """Return main, chinext, star or bse."""
    code, exchange = symbol.split(".")
    if exchange == "BJ":
        return "bse"
    if exchange == "SH" and code.startswith(("688", "689")):
        return "star"
    return "chinext" if exchange == "SZ" and code.startswith(("300", "301", "302")) else "main"


def limits(symbol: str, day: np.datetime64, reference: int, listed: np.datetime64, *, st: bool) -> Limits:
    """Limits of `symbol` in the session `day`; `reference` in mills, 0 = unknown; `listed` NaT = long ago."""
    kind = board(symbol)
    up, down = _percent(kind, day, st=st)
    if not np.isnat(listed):
        age = _sessions_since(listed, day)
        free = _free_sessions(kind, listed)
        if 0 <= age < free:
            return Limits(UNLIMITED)
        if free == 0 and age == 0:
            up, down = Decimal("0.44"), Decimal("0.36")
    if reference == 0:
        return Limits(UNKNOWN)
    inward = kind == "bse"
    return Limits(
        LIMITED,
        _to_fen(reference * (1 + up), ROUND_FLOOR if inward else ROUND_HALF_UP),
        _to_fen(reference * (1 - down), ROUND_CEILING if inward else ROUND_HALF_UP),
    )


def _sessions_since(listed: np.datetime64, day: np.datetime64) -> int:
    # Sessions of the exchange, a suspension included: the rules count trading days from the listing day.
    days = calendar.all_sessions()
    return int(np.searchsorted(days, day) - np.searchsorted(days, listed))


def _percent(kind: str, day: np.datetime64, *, st: bool) -> tuple[Decimal, Decimal]:
    if kind == "bse":
        share = Decimal("0.3")
    elif kind == "star" or (kind == "chinext" and day >= CHINEXT_REFORM):
        share = Decimal("0.2")
    elif st and not (kind == "main" and day >= ST_REFORM):
        share = Decimal("0.05")
    else:
        share = Decimal("0.1")
    return share, share


def _free_sessions(kind: str, listed: np.datetime64) -> int:
    if kind == "bse":
        return 1
    if kind == "star" or (kind == "chinext" and listed >= CHINEXT_REFORM) or (kind == "main" and listed >= MAIN_REFORM):
        return 5
    return 0


def _to_fen(price: Decimal, rounding: str) -> int:
    return int((price / 10).quantize(Decimal(1), rounding)) * 10
