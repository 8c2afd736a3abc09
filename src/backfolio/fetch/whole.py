"""The whole market: more than its hosts give in a day, so what comes first, what is kept for longer, how far it is.

Bars come first, of every share: one request each to eastmoney. Facts take
`REQUESTS` to sina, which gives a few hundred shares a day; the shares whose
facts are the oldest are asked for first, so that the same command, day after
day, goes round. A second host is asked for a sample of the shares each day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.errors import counted
from backfolio.fetch.known import DIVIDENDS, FACTORS
from backfolio.fetch.plan import last_of
from backfolio.source.akshare.policy import POLICIES
from backfolio.source.akshare.symbols import renumbered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from backfolio.fetch.known import Marks
    from backfolio.fetch.plan import Window

REQUESTS: Final = {"eastmoney": 1, "sina": 4}
"""Requests for a share that is new: its bars; factors, dividends, rights and former names."""

SAMPLED: Final = 100
"""Shares a day of which a second host is asked for bars."""


def everyone(listings: pd.DataFrame, named: Iterable[str], want: Window) -> dict[str, np.datetime64]:
    """Return who was listed in the time that is wanted, and those named: symbol to the delisting date, or NaT."""
    left, listed = (listings[name].to_numpy().astype("datetime64[D]") for name in ("delisted", "listed"))
    inside = (np.isnat(left) | (left > want.since)) & (np.isnat(listed) | (listed <= want.until))
    # A share of Beijing is asked for by its new code alone: an import may have brought the old one.
    inside &= ~np.array([renumbered(symbol, want.last) for symbol in listings["symbol"]], dtype=np.bool_)
    found = dict.fromkeys(named, np.datetime64("NaT", "D"))
    found |= dict(zip(listings["symbol"][inside], left[inside], strict=True))
    return dict(sorted(found.items()))


def sampled(place: int, count: int, session: np.datetime64) -> bool:
    """Tell whether a second host is asked for a share in a session: each comes once in so many sessions.

    Parameters
    ----------
    place, count
        Which share of how many.
    session
        The last one that is over.
    """
    rounds = -(-count // SAMPLED)
    return int(np.searchsorted(calendar.all_sessions(), session)) % rounds == place % rounds


def oldest_first(symbols: Iterable[str], marks: Marks) -> list[str]:
    """Return the symbols in the order in which their facts are asked for: those without any, then the oldest."""
    return sorted(symbols, key=lambda symbol: (_facts(symbol, marks), symbol))


def progress(shares: Mapping[str, np.datetime64], marks: Marks, want: Window) -> str:
    """Say how much of the market is there, and what the rest takes.

    Parameters
    ----------
    shares
        Symbol to the delisting date, as `everyone` returns them.
    marks
        What is there now.
    """
    count = len(shares)
    bars = sum(bool(_until(symbol, marks) >= last_of(want.until, left)) for symbol, left in shares.items())
    facts = sum(bool(_facts(symbol, marks)) for symbol in shares)
    there = f"{bars:,} have all bars and {facts:,} have dividends and factors"
    said = f"the whole market: of {counted(count, 'share')}, {there}"
    rest = {"eastmoney": count - bars, "sina": count - facts}
    days: int = max(-(-rest[host] * REQUESTS[host] // POLICIES[host].budget) for host in rest)
    if not days:
        return said
    budget = POLICIES["sina"].budget
    return (
        f"{said}; at {budget:,} requests a day to sina it is whole in about {counted(days, 'day')}, "
        "if the same command runs on each"
    )


def _facts(symbol: str, marks: Marks) -> str:
    """Return the session of a symbol's facts; "" where they never came."""
    asked: Sequence[object] = [marks.facts.get(what, {}).get(symbol, "") for what in (FACTORS, DIVIDENDS)]
    return min(map(str, asked))


def _until(symbol: str, marks: Marks) -> np.datetime64:
    return marks.bars[symbol][1] if symbol in marks.bars else np.datetime64(calendar.FIRST, "D")
