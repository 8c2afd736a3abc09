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
SINCE: Final = "bars were asked for"
FACTORS: Final = "factors are there"
DIVIDENDS: Final = "dividends are there"
PAY_DATES: Final = "pay dates are there"
FORMER: Final = "former names are there"
FACTS: Final = (FACTORS, DIVIDENDS, PAY_DATES, FORMER)
REFUSED: Final = "dividends were refused"
MARKET: Final = "market is there"
DAY: Final = "ratings of a day are there"
REPORTS: Final = "ratings of a symbol are there"
WARNINGS: Final = "risk warnings are told"
FINISHED: Final = "fetch is finished"
"""What our own entries in the log are called, in place of a function of akshare's."""

NEVER: Final = np.datetime64("NaT", "D")


def mark(what: str, *subject: object, at: dt.datetime, rows: int = 0, source: str = "akshare") -> LogEntry:
    """Return the entry that says what was asked, and that it came (but for `SINCE` and `REFUSED`).

    It goes in with what came, in one transaction, so that a fetch that was cut
    off knows what it need not ask again.
    """
    words = " ".join(str(word) for word in subject)
    return LogEntry(at, source, "", what, version() if source == "akshare" else "", words, rows, "", "ok", calls=0)


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What was asked before, and all came.

    Parameters
    ----------
    bars
        Symbol or index to the first and the last session between which nothing
        is left to ask for, ``datetime64[D]``.
    since
        Symbol or index to the first session that was ever asked for.
    facts
        Each of `FACTS` to symbol to the last session that was over when they
        were asked for.
    called
        Symbol to its short name when its former ones were asked for.
    refused
        Symbol to the last session that was over when sina first refused its
        dividends, since they last came.
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
    since: Mapping[str, np.datetime64] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, np.datetime64]] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, np.datetime64] = field(default_factory=dict)
    market: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()
    reports: frozenset[str] = frozenset()
    suspensions: frozenset[str] = frozenset()


def read_marks(reader: Reader) -> Marks:
    """Read the marks of the store."""
    bars: dict[str, tuple[np.datetime64, np.datetime64]] = {}
    # By last session, and where that is the same, the longest first.
    spans = sorted((subject.split() for subject in reader.asked(BARS)), key=lambda span: (span[2], span[1]))
    for symbol, since, until in spans:
        day = np.datetime64(until, "D")
        if symbol not in bars or bars[symbol][1] < day:
            bars[symbol] = (np.datetime64(since, "D"), day)
    facts = {what: _latest(reader.asked(what)) for what in FACTS}
    refused: dict[str, np.datetime64] = {}
    for symbol, session in sorted(map(str.split, reader.asked(REFUSED)), reverse=True):
        day = np.datetime64(session, "D")
        if facts[DIVIDENDS].get(symbol, NEVER) < day or symbol not in facts[DIVIDENDS]:
            refused[symbol] = day
    return Marks(
        bars=bars,
        since={symbol: np.datetime64(day, "D") for symbol, day in sorted(map(str.split, reader.asked(SINCE)))[::-1]},
        facts=facts,
        called={words[0]: "".join(words[2:]) for words in sorted(_words(reader.asked(FORMER)))},
        refused=refused,
        market=reader.asked(MARKET),
        days=reader.asked(DAY),
        reports=reader.asked(REPORTS),
        suspensions=reader.asked(SUSPENSIONS.function),
    )


def _words(subjects: Iterable[str]) -> list[list[str]]:
    return [subject.split(maxsplit=2) for subject in subjects]


def _latest(subjects: Iterable[str]) -> dict[str, np.datetime64]:
    """Return symbol to the latest session of subjects "symbol session ..."."""
    return {words[0]: np.datetime64(words[1], "D") for words in sorted(_words(subjects))}


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
        First and last session between which nothing is left to ask for; None = never.
    since
        First session that was ever asked for; NaT = never.
    facts
        Each of `FACTS` that was asked for to the last session that was over then.
    refused
        Last session that was over when sina first refused its dividends, since
        they last came; NaT = it did not.
    called
        Its short name when its former ones were asked for.
    """

    bars: pd.DataFrame
    actions: pd.DataFrame
    suspensions: pd.DataFrame
    listed: np.datetime64 = NEVER
    delisted: np.datetime64 = NEVER
    name: str = ""
    sampled: np.datetime64 = NEVER
    asked: tuple[np.datetime64, np.datetime64] | None = None
    since: np.datetime64 = NEVER
    facts: Mapping[str, np.datetime64] = field(default_factory=dict)
    refused: np.datetime64 = NEVER
    called: str = ""

    @property
    def dates(self) -> NDArray[np.datetime64]:
        """Sessions with a row of bars, ``datetime64[D]``, ascending."""
        return dates_of(self.bars)

    def start(self, wanted: np.datetime64, *, told: bool) -> np.datetime64:
        """Return the first session wanted of it.

        Parameters
        ----------
        wanted
            First session that the fetch wants.
        told
            Whether the user said so. If not, a symbol that is there keeps the
            first session that was asked for, or else that of its bars.
        """
        if told:
            return wanted
        return start_of(wanted, self.since, self.asked, self.dates)


def start_of(
    wanted: np.datetime64,
    since: np.datetime64,
    asked: tuple[np.datetime64, np.datetime64] | None,
    dates: NDArray[np.datetime64],
) -> np.datetime64:
    """Return the first session wanted of a symbol or index where the user named none; see `Known`."""
    if not np.isnat(since):
        return since
    if asked is not None:
        return asked[0]
    first: np.datetime64 = dates[0] if len(dates) else wanted
    return first


def covers(asked: tuple[np.datetime64, np.datetime64] | None, since: np.datetime64, until: np.datetime64) -> bool:
    """Tell whether nothing is left to ask for of these sessions."""
    return asked is not None and bool(asked[0] <= since and asked[1] >= until)


def first_to_ask(
    dates: NDArray[np.datetime64],
    asked: tuple[np.datetime64, np.datetime64] | None,
    since: np.datetime64,
    left: NDArray[np.datetime64],
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
    left
        ``datetime64[D]``, ascending: sessions that should have a bar, and have none.
    """
    if not len(dates):
        return since
    first = dates[0] if asked is None else min(dates[0], asked[0])
    if since < first:
        return since
    again = back(dates[-1], OVERLAP)
    # A later first session must leave no hole behind the last bar held.
    due = max(since, again) if since <= dates[-1] else again
    return min((due, *left[:1]))


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
        since=marks.since.get(symbol, NEVER),
        facts={what: asked[symbol] for what, asked in marks.facts.items() if symbol in asked},
        refused=marks.refused.get(symbol, NEVER),
        called=marks.called.get(symbol, ""),
    )


def dates_of(bars: pd.DataFrame) -> NDArray[np.datetime64]:
    """Return the column `date` as ``datetime64[D]``."""
    return bars["date"].to_numpy().astype("datetime64[D]")


def latest(dates: Iterable[object]) -> np.datetime64:
    """Return the latest of some dates as ``datetime64[D]``; NaT where there is none."""
    found = np.asarray(dates, dtype="datetime64[D]")
    found = found[~np.isnat(found)]
    last: np.datetime64 = found.max() if len(found) else NEVER
    return last
