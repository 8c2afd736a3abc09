"""`Known`: what the store holds of one symbol, as far as a fetch must know it; and the marks of what was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.fetch.plan import OVERLAP, back
from backfolio.source.akshare.eastmoney_facts import SUSPENSIONS
from backfolio.source.akshare.library import version
from backfolio.store import LogEntry, empty

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.store import Reader

BARS: Final = "bars are there"
FACTS: Final = "facts are there"
MARKET: Final = "market is there"
DAY: Final = "ratings of a day are there"
REPORTS: Final = "ratings of a symbol are there"
"""What our own entries in the log are called, in place of a function of akshare's."""

NEVER: Final = np.datetime64("NaT", "D")


def mark(what: str, *subject: object, at: dt.datetime, rows: int = 0) -> LogEntry:
    """Return the entry that says: all of this was asked, and came.

    It goes in with what came, in one transaction, so that a fetch that was cut
    off knows what it need not ask again.
    """
    words = " ".join(str(word) for word in subject)
    return LogEntry(at, "akshare", "", what, version(), words, rows, "", "ok", calls=0)


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What was asked before, and all came.

    Parameters
    ----------
    bars
        Symbol or index to the first and the last session asked for, ``datetime64[D]``.
    facts
        Symbol to the last session that was over when its facts were asked for.
    market
        "piece session", see `backfolio.fetch.market`.
    days
        Days of ratings that need not be asked for again.
    reports
        "symbol session": ratings of a symbol.
    suspensions
        Days whose suspensions were asked for.
    """

    bars: Mapping[str, tuple[np.datetime64, np.datetime64]] = field(default_factory=dict)
    facts: Mapping[str, np.datetime64] = field(default_factory=dict)
    market: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()
    reports: frozenset[str] = frozenset()
    suspensions: frozenset[str] = frozenset()


def read_marks(reader: Reader) -> Marks:
    """Read the marks of the store."""
    bars: dict[str, tuple[np.datetime64, np.datetime64]] = {}
    facts: dict[str, np.datetime64] = {}
    # By last session, and where that is the same, the longest first.
    spans = sorted((subject.split() for subject in reader.asked(BARS)), key=lambda span: (span[2], span[1]))
    for symbol, since, until in spans:
        day = np.datetime64(until, "D")
        if symbol not in bars or bars[symbol][1] < day:
            bars[symbol] = (np.datetime64(since, "D"), day)
    for symbol, until in (subject.split() for subject in reader.asked(FACTS)):
        day = np.datetime64(until, "D")
        facts[symbol] = max(day, facts.get(symbol, day))
    named = (reader.asked(name) for name in (MARKET, DAY, REPORTS, SUSPENSIONS.function))
    return Marks(bars, facts, *named)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What the store holds of one symbol.

    Parameters
    ----------
    bars
        Its rows of the table bars, by date.
    actions, suspensions
        Its rows of these tables.
    listed, delisted
        ``datetime64[D]``; NaT where unknown. An assumed date counts as unknown.
    name
        Its short name; "" where unknown.
    sampled
        Last session of a second host, ``datetime64[D]``; NaT = none.
    asked
        First and last session for which all was asked and came; None = never.
    facts
        Last session that was over when facts were asked for; NaT = never.
    """

    bars: pd.DataFrame
    actions: pd.DataFrame
    suspensions: pd.DataFrame
    listed: np.datetime64 = NEVER
    delisted: np.datetime64 = NEVER
    name: str = ""
    sampled: np.datetime64 = NEVER
    asked: tuple[np.datetime64, np.datetime64] | None = None
    facts: np.datetime64 = NEVER


def covers(asked: tuple[np.datetime64, np.datetime64] | None, since: np.datetime64, until: np.datetime64) -> bool:
    """Tell whether these sessions were all asked for, after the last of them was over."""
    return asked is not None and bool(asked[0] <= since and asked[1] >= until)


def first_to_ask(
    dates: NDArray[np.datetime64], asked: tuple[np.datetime64, np.datetime64] | None, since: np.datetime64
) -> np.datetime64:
    """Return the first session whose bar must be asked for.

    Parameters
    ----------
    dates
        ``datetime64[D]`` of the bars held, ascending.
    asked
        First and last session asked for before; None = never.
    since
        First session wanted.
    """
    if not len(dates):
        return since
    first = dates[0] if asked is None else min(dates[0], asked[0])
    again = back(dates[-1], OVERLAP)
    # A later first session must leave no hole behind the last bar held.
    return since if since < first else max(since, again) if since <= dates[-1] else again


def known_of(reader: Reader | None, symbol: str, marks: Marks) -> Known:
    """Read what the store holds of a symbol; None = there is no store yet."""
    if reader is None:
        return Known(empty("bars"), empty("actions"), empty("suspensions"))
    listing = reader.frame("listings", (symbol,))
    sure = listing.loc[~listing["assumed"].fillna(value=False).to_numpy(dtype=bool)]
    return Known(
        bars=reader.frame("bars", (symbol,)).sort_values("date", kind="stable", ignore_index=True),
        actions=reader.frame("actions", (symbol,)),
        suspensions=reader.frame("suspensions", (symbol,)),
        listed=latest(sure["listed"]),
        delisted=latest(listing["delisted"]),
        name=str(listing["name"].iloc[0]) if len(listing) else "",
        sampled=latest(reader.frame("second_bars", (symbol,))["date"]),
        asked=marks.bars.get(symbol),
        facts=marks.facts.get(symbol, NEVER),
    )


def latest(dates: Iterable[object]) -> np.datetime64:
    """Return the latest of some dates as ``datetime64[D]``; NaT where there is none."""
    found = np.asarray(dates, dtype="datetime64[D]")
    found = found[~np.isnat(found)]
    last: np.datetime64 = found.max() if len(found) else NEVER
    return last
