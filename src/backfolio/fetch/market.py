"""What is asked of the market as a whole: who is listed, who left, who trades under risk warning; and indexes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import SHANGHAI
from backfolio.fetch.gathered import Gathered
from backfolio.fetch.known import BARS, MARKET, covers, first_to_ask, mark
from backfolio.source.akshare import daily, exchanges
from backfolio.source.akshare.exchanges import FIRST_ST, PLACES, RENAMES, st_kind
from backfolio.source.akshare.sina_facts import NAMES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd

    from backfolio.fetch.plan import Window
    from backfolio.source.akshare.daily import Delivery
    from backfolio.source.akshare.transport import Desk
    from backfolio.store import Reader

RENAMINGS: Final = "renamings in Shenzhen"
BOARD: Final = "risk warnings of today"

EXCHANGES: Final = {"sse": "Shanghai", "szse": "Shenzhen", "bse": "Beijing"}
_LISTED: Final = "listings of "
_LEFT: Final = "delistings of "
BOARD_HOST: Final = "eastmoney"
_NO_LIST: Final = ("bse",)
"""Beijing publishes no list of who left."""


def pieces(symbols: Sequence[str], *, everyone: bool) -> list[str]:
    """Return what to ask for the exchanges of some symbols (or of all), by name."""
    hosts = [host for host, place in PLACES.items() if everyone or any(one.endswith(f".{place}") for one in symbols)]
    listed = [f"{_LISTED}{EXCHANGES[host]}" for host in hosts]
    left = [f"{_LEFT}{EXCHANGES[host]}" for host in hosts if host not in _NO_LIST]
    renamed = [RENAMINGS] if "szse" in hosts else []
    warned = [BOARD] if {"sse", "bse"} & set(hosts) else []
    return [*listed, *left, *renamed, *warned]


def gather(desk: Desk, piece: str, session: np.datetime64, spells: pd.DataFrame) -> Gathered:
    """Ask for one piece.

    Parameters
    ----------
    piece
        One of `pieces`.
    session
        ``datetime64[D]``: the last one that is over.
    spells
        The table st_spells of the store.
    """
    today = np.datetime64(desk.now().astimezone(SHANGHAI).date(), "D")
    got = Gathered()
    table, came = _ask(desk, piece, today)
    if got.take(came, table, piece):
        if piece == BOARD:
            got.tables["st_spells"] = [_goes_on(frame, today, spells) for frame in got.tables.get("st_spells", [])]
        got.log.append(mark(MARKET, piece, session, at=desk.now()))
    return got


def refresh_index(
    desk: Desk,
    index: str,
    held: pd.DataFrame,
    asked: tuple[np.datetime64, np.datetime64] | None,
    want: Window,
) -> Gathered | None:
    """Ask for what is missing of an index; None where nothing is.

    Parameters
    ----------
    held
        Its rows of the table index_bars; none = ask for all of it.
    asked
        First and last session asked for before; None = never.
    """
    if covers(asked, want.since, want.until):
        return None
    first = first_to_ask(held["date"].to_numpy().astype("datetime64[D]"), asked, want.since)
    got = Gathered()
    if got.take(daily.index_bars(desk, index, first, want.until), "index_bars", "bars"):
        since = want.since if asked is None else min(want.since, asked[0])
        got.log.append(mark(BARS, index, since, want.until, at=desk.now()))
    return got


def known_from(reader: Reader, told: Collection[str], today: np.datetime64) -> pd.DataFrame:
    """Return the listings for which it becomes known since when all spells of ST are told.

    Shenzhen's renamings go back to the first ST. Elsewhere only the board of
    the day is read, so spells are told from the first reading on; what began and
    ended between two readings is not. But a symbol whose short names of all its
    past are known, none of them with an ST, never was under risk warning: a spell
    changes the name (Listing Rules of both exchanges, on risk warnings).

    Parameters
    ----------
    reader
        The store, with what came put in.
    told
        The `pieces` that came.
    today
        ``datetime64[D]``.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    places: dict[str, np.datetime64] = {"SZ": FIRST_ST} if RENAMINGS in told else {}
    if BOARD in told:
        places |= {"SH": today, "BJ": today}
    listings = reader.frame("listings")
    first = listings["symbol"].str[-2:].map(places).astype("datetime64[s]")
    first = first.mask(listings["symbol"].isin(_never(reader, listings)), pd.Timestamp(FIRST_ST))
    before = listings["st_known_from"]
    sooner = first.notna() & (before.isna() | (first < before)) & ~listings["symbol"].isin(_doubtful(reader))
    return listings[sooner].assign(st_known_from=first[sooner])


def _never(reader: Reader, listings: pd.DataFrame) -> set[str]:
    """Return the symbols whose names, former ones and today's, are all known and without an ST."""
    names = reader.frame("names")
    warned = {
        symbol
        for frame in (names, listings)
        for symbol, name in zip(frame["symbol"], frame["name"], strict=True)
        if st_kind(name)
    }
    named = set(listings.loc[listings["name"].notna(), "symbol"])
    return (named & reader.asked(NAMES.function)) - warned - set(reader.frame("st_spells")["symbol"])


def _doubtful(reader: Reader) -> set[str]:
    """Return the symbols in Shenzhen some of whose renamings were set aside: nothing is known of their spells."""
    kept = reader.frame("quarantine")
    texts = (
        bytes(payload).decode("utf-8", "replace")
        for payload in kept.loc[kept["function"] == RENAMES.function, "payload"]
    )
    return {f"{code}.SZ" for text in texts if "证券代码" in text[:200] for code in re.findall(r"\b\d{6}\b", text)}


def _ask(desk: Desk, piece: str, today: np.datetime64) -> tuple[str, Delivery]:
    if piece == RENAMINGS:
        return "st_spells", exchanges.st_spells(desk)
    if piece == BOARD:
        return "st_spells", exchanges.risk_board(desk, today)
    hosts = {place: host for host, place in EXCHANGES.items()}
    if piece.startswith(_LEFT):
        return "listings", exchanges.delistings(desk, hosts[piece.removeprefix(_LEFT)])
    return "listings", exchanges.listings(desk, hosts[piece.removeprefix(_LISTED)])


def _goes_on(board: pd.DataFrame, today: np.datetime64, spells: pd.DataFrame) -> pd.DataFrame:
    """Return the spells that begin with today's board, and those that it ends.

    Shenzhen is left out: its own list of renamings is dated.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    board = board[~board["symbol"].str.endswith(".SZ")]
    yesterday = (today - np.timedelta64(1, "D")).astype("datetime64[s]")
    held = spells[spells["last"].isna() & (spells["source"] == BOARD_HOST)]
    now, before = (pd.MultiIndex.from_frame(frame[["symbol", "kind"]]) for frame in (board, held))
    over = held[~before.isin(now) & (held["first"] <= yesterday)].assign(last=yesterday)
    new = board[~now.isin(before)]
    return pd.concat([new, over], ignore_index=True) if len(over) else new
