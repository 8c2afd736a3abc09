"""Of which sessions it is known who traded under risk warning: worked out anew from all that was asked.

Shenzhen's renamings are dated, back to the first ST, and hold up to the session
before which they were last read. Elsewhere only the board of the day is read:
nothing is said of a session between two readings, nor since the last one, and a
spell of the kind `UNKNOWN` stands there. But a symbol whose short names of all
its past were read, none of them with an ST, was not under risk warning until
then: a spell changes the name (Listing Rules of the exchanges, on risk warnings).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from backfolio import calendar
from backfolio.fetch.known import NEVER, WARNINGS
from backfolio.source.akshare.exchanges import BOARD, FIRST_ST, RENAMES, st_kind
from backfolio.source.akshare.sina_facts import NAMES
from backfolio.store import TABLES, UNKNOWN, UNWARNED

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.store import Reader

DERIVED: Final = "backfolio"
"""Source of spells of which no host tells."""

NONE: Final = np.array([], dtype="datetime64[D]")
_DAY: Final = np.timedelta64(1, "D")


class _Evidence(NamedTuple):
    """What is known of a symbol: all from `since` to `until` (NaT = nothing), and the sessions `read` after that.

    Between `hosts` and `until` an import has told it, with the unknown stretches that it brought.
    """

    since: np.datetime64
    until: np.datetime64
    read: NDArray[np.datetime64]
    hosts: np.datetime64


def told_of(now: dt.datetime) -> np.datetime64:
    """Return the session of which a board speaks that is read `now`: the last one whose 09:15 has passed.

    Names change with the morning of a session.
    """
    return calendar.previous_session(calendar.acting_session(now))


def readings(reader: Reader) -> NDArray[np.datetime64]:
    """Return the days of which the board was read, ``datetime64[D]``, ascending."""
    return np.array(sorted(reader.asked(BOARD.function)), dtype="datetime64[D]")


def known(reader: Reader, last: np.datetime64) -> dict[str, pd.DataFrame]:
    """Return the rows that make the store say what is known, where it says otherwise.

    Parameters
    ----------
    reader
        The store, with what came put in.
    last
        ``datetime64[D]``: last session that is over.

    Returns
    -------
    dict
        Table to rows: `listings` with another `st_known_from`; `st_spells` of
        the kinds `UNKNOWN`, and `UNWARNED` where something is known by now.
    """
    listings, spells = reader.frame("listings"), reader.frame("st_spells")
    evidence = _evidence(reader, listings, spells)
    before = listings["st_known_from"].to_numpy().astype("datetime64[D]")
    since = np.array([evidence[symbol].since for symbol in listings["symbol"]], dtype="datetime64[D]")
    # What turns out not to be known is taken back: all sessions that are over lie before this date then.
    since = np.where(np.isnat(since) & ~np.isnat(before), np.maximum(before, last + _DAY), since)
    changed = listings[~np.isnat(since) & (np.isnat(before) | (since != before))].index
    warned = dict(tuple(_certain(spells).groupby("symbol")))
    stretches = {
        (symbol, first): end
        for symbol, found in evidence.items()
        if not np.isnat(found.since)
        for first, end in _unknown(found, warned.get(symbol, spells[:0]), last)
    }
    tables = {
        "listings": listings.loc[changed].assign(st_known_from=since[changed].astype("datetime64[s]")),
        "st_spells": _other(stretches, spells, evidence),
    }
    return {table: rows for table, rows in tables.items() if len(rows)}


def _evidence(reader: Reader, listings: pd.DataFrame, spells: pd.DataFrame) -> dict[str, _Evidence]:
    """Return what is known of each symbol of the listings."""
    board = readings(reader)
    renamed = reader.answered(RENAMES.function)
    shenzhen = told_of(max(times[-1] for times in renamed.values())) if renamed else NEVER
    doubtful, unwarned, imported = _doubtful(reader), _unwarned(reader, listings, spells), _imported(reader, spells)
    found = {}
    for symbol in listings["symbol"]:
        dated = symbol.endswith(".SZ")
        # Of a page of names it is not told how fresh it is: it speaks of the sessions before the one it was read in.
        named = calendar.previous_session(told_of(unwarned[symbol])) if symbol in unwarned else NEVER
        hosts = np.fmax(named, shenzhen if dated and symbol not in doubtful else NEVER)
        since, until = (NEVER if np.isnat(hosts) else FIRST_ST), hosts
        first, last = imported.get(symbol, (NEVER, NEVER))
        if np.isnat(hosts) or first <= hosts + _DAY:
            since, until = np.fmin(since, first), np.fmax(until, last)
        read = NONE if dated else board[np.isnat(until) | (board > until)]
        if np.isnat(until) and len(read):
            since, until, read = read[0], read[0], read[1:]
        found[symbol] = _Evidence(since, until, read, hosts)
    return found


def _imported(reader: Reader, spells: pd.DataFrame) -> dict[str, tuple[np.datetime64, np.datetime64]]:
    """Return from when to when an import told all spells of a symbol, but for an unknown end."""
    unknown = spells[(spells["kind"] == UNKNOWN) & spells["last"].isna()]
    begun = dict(zip(unknown["symbol"], unknown["first"].to_numpy().astype("datetime64[D]"), strict=True))
    found: dict[str, tuple[np.datetime64, np.datetime64]] = {}
    for symbol, since, until in sorted(map(str.split, reader.asked(WARNINGS)), key=lambda words: words[2]):
        last = np.fmin(np.datetime64(until, "D"), begun.get(symbol, NEVER) - _DAY)
        found[symbol] = (np.datetime64(since, "D"), last)
    return found


def _unwarned(reader: Reader, listings: pd.DataFrame, spells: pd.DataFrame) -> dict[str, dt.datetime]:
    """Return the symbols whose names, former ones and today's, are known and without an ST, and when they were read."""
    warned = set(_certain(spells)["symbol"])
    for frame in (reader.frame("names"), listings):
        pairs = zip(frame["symbol"], frame["name"], strict=True)
        warned |= {symbol for symbol, name in pairs if st_kind(name)}
    named = set(listings.loc[listings["name"].fillna("") != "", "symbol"]) - warned
    return {symbol: times[-1] for symbol, times in reader.answered(NAMES.function).items() if symbol in named}


def _doubtful(reader: Reader) -> set[str]:
    """Return the symbols in Shenzhen some of whose renamings were set aside: nothing is known of their spells."""
    kept = reader.frame("quarantine")
    texts = (
        bytes(payload).decode("utf-8", "replace")
        for payload in kept.loc[kept["function"] == RENAMES.function, "payload"]
    )
    return {f"{code}.SZ" for text in texts if "证券代码" in text[:200] for code in re.findall(r"\b\d{6}\b", text)}


def _unknown(
    found: _Evidence, warned: pd.DataFrame, last: np.datetime64
) -> Iterator[tuple[np.datetime64, np.datetime64]]:
    """Yield first and last day of each stretch with a session of which nothing is known; NaT = it goes on."""
    sure = np.array([found.until, *found.read], dtype="datetime64[D]")
    for earlier, later in pairwise(sure):
        days = _between(earlier, later - _DAY)
        # On the board at both readings, a name was on it in between: no warning is taken back and given anew so soon.
        if len(days) and not _covered(days, warned):
            yield earlier + _DAY, later - _DAY
    if len(_between(sure[-1], last)):
        yield sure[-1] + _DAY, NEVER


def _between(after: np.datetime64, until: np.datetime64) -> NDArray[np.datetime64]:
    """Return the sessions after a day up to another."""
    days = calendar.all_sessions()
    return days[np.searchsorted(days, after, side="right") : np.searchsorted(days, until, side="right")]


def _covered(days: NDArray[np.datetime64], warned: pd.DataFrame) -> bool:
    first, last = (warned[name].to_numpy().astype("datetime64[D]") for name in ("first", "last"))
    inside = (days[:, None] >= first) & (np.isnat(last) | (days[:, None] <= last))
    return bool(inside.any(axis=1).all())


def _certain(spells: pd.DataFrame) -> pd.DataFrame:
    return spells[~spells["kind"].isin([UNKNOWN, UNWARNED])]


def _other(
    stretches: dict[tuple[str, np.datetime64], np.datetime64], spells: pd.DataFrame, evidence: dict[str, _Evidence]
) -> pd.DataFrame:
    """Return the spells by which the unknown stretches differ from what is held."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    unknown = spells[spells["kind"] == UNKNOWN]
    days = (unknown[name].to_numpy().astype("datetime64[D]") for name in ("first", "last"))
    held = {(symbol, first): last for symbol, first, last in zip(unknown["symbol"], *days, strict=True)}
    new = {key: last for key, last in stretches.items() if str(held.get(key, "")) != str(last)}
    rows = [(*key, last, UNKNOWN, DERIVED) for key, last in new.items()]
    rows += [
        (*key, last, UNWARNED, DERIVED)
        for key, last in held.items()
        if key not in stretches and not _brought(*key, last, evidence)
    ]
    frame = pd.DataFrame(rows, columns=list(TABLES["st_spells"].columns))
    return frame.astype({"first": "datetime64[s]", "last": "datetime64[s]"})


def _brought(symbol: str, first: np.datetime64, last: np.datetime64, evidence: dict[str, _Evidence]) -> bool:
    """Tell whether an unknown stretch came with an import, and no host has told of it since."""
    found = evidence.get(symbol)
    return found is None or bool(first <= found.until and not last <= found.hosts and found.until != found.hosts)
