"""What is asked of the market as a whole: who is listed, who left, who trades under risk warning; and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.fetch import missing
from backfolio.fetch.gathered import Gathered
from backfolio.fetch.known import BARS, MARKET, NEVER, SINCE, covers, dates_of, first_to_ask, mark, start_of
from backfolio.fetch.warned import told_of
from backfolio.source.akshare import daily, exchanges
from backfolio.source.akshare.exchanges import PLACES
from backfolio.store import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.fetch.plan import Window
    from backfolio.source.akshare.daily import Delivery
    from backfolio.source.akshare.transport import Desk

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


def gather(
    desk: Desk, piece: str, session: np.datetime64, spells: pd.DataFrame, read: NDArray[np.datetime64]
) -> Gathered:
    """Ask for one piece.

    Parameters
    ----------
    piece
        One of `pieces`.
    session
        ``datetime64[D]``: the last one that is over.
    spells
        The table st_spells of the store.
    read
        ``datetime64[D]``: the days of which the board was read before.
    """
    day = told_of(desk.now())
    got = Gathered()
    table, came = _ask(desk, piece, day)
    if got.take(came, table, piece):
        if piece == BOARD:
            got.tables["st_spells"] = [_goes_on(frame, day, spells, read) for frame in got.tables.get("st_spells", [])]
        got.log.append(mark(MARKET, piece, session, at=desk.now()))
    return got


def refresh_index(
    desk: Desk,
    index: str,
    held: pd.DataFrame,
    want: Window,
    *,
    asked: tuple[np.datetime64, np.datetime64] | None = None,
    ever: np.datetime64 = NEVER,
) -> Gathered | None:
    """Ask for what is missing of an index; None where nothing is.

    Sessions that the first host leaves out are asked of the others; an index
    never halts, so that what is left then is missing.

    Parameters
    ----------
    held
        Its rows of the table index_bars; none = ask for all of it.
    asked
        First and last session between which nothing is left to ask for; None = never.
    ever
        First session that was ever asked for; NaT = never.
    """
    dates = dates_of(held)
    since = want.since if want.told else start_of(want.since, ever, asked, dates)
    if covers(asked, since, want.until):
        return None
    if asked is not None:
        since = min(since, asked[1] + np.timedelta64(1, "D"))
    wanted = calendar.sessions(since, want.until)

    def left() -> NDArray[np.datetime64]:
        rows = got.rows("index_bars")
        told = dates if rows is None else np.union1d(dates, dates_of(rows))
        inside = wanted[wanted >= told[0]] if len(told) else wanted
        fresh = inside if asked is None else inside[(inside < asked[0]) | (inside > asked[1])]
        return missing.unexplained(fresh, told)

    got = Gathered()
    came = daily.index_bars(desk, index, first_to_ask(dates, asked, since, left()), want.until)
    if not got.take(came, "index_bars", "bars"):
        return got
    if not ever <= since:
        got.log.append(mark(SINCE, index, since, at=desk.now()))
    log, gone = came.log, left()
    others = tuple(host for host in daily.HOSTS if host not in {entry.host for entry in log})
    if len(gone) and others:
        came = daily.left_out(desk, index, gone, others, index=True)
        got.take(came, "index_bars")
        log, gone = log + came.log, left()
    gone = gone[~missing.settled(gone, want.last, missing.answered(log), daily.HOSTS)]
    if len(gone):
        got.missing.append(missing.sentence(gone, log))
    from_ = since if asked is None else min(since, asked[0])
    until = missing.covered(want.until, gone)
    if until >= from_:
        got.log.append(mark(BARS, index, from_, until, at=desk.now()))
    return got


def _ask(desk: Desk, piece: str, day: np.datetime64) -> tuple[str, Delivery]:
    if piece == RENAMINGS:
        return "st_spells", exchanges.st_spells(desk)
    if piece == BOARD:
        return "st_spells", exchanges.risk_board(desk, day)
    hosts = {place: host for host, place in EXCHANGES.items()}
    if piece.startswith(_LEFT):
        return "listings", exchanges.delistings(desk, hosts[piece.removeprefix(_LEFT)])
    return "listings", exchanges.listings(desk, hosts[piece.removeprefix(_LISTED)])


def _goes_on(
    board: pd.DataFrame, day: np.datetime64, spells: pd.DataFrame, read: NDArray[np.datetime64]
) -> pd.DataFrame:
    """Return the spells that begin with the board of a day, and those that it ends.

    A spell is over with the last day of which something was known before; one
    that goes on as the other kind, with the day before this one. Shenzhen is
    left out: its own list of renamings is dated.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    board = board[~board["symbol"].str.endswith(".SZ")]
    held = spells[spells["last"].isna() & (spells["source"] == BOARD_HOST) & (spells["first"] < day.astype("M8[s]"))]
    now, before = (pd.MultiIndex.from_frame(frame[["symbol", "kind"]]) for frame in (board, held))
    over = held[~before.isin(now)]
    earlier = read[read < day]
    unsaid = spells[(spells["kind"] == UNKNOWN) & spells["last"].isna()]
    # An import may have known more than the boards that were read here.
    begun = dict(zip(unsaid["symbol"], unsaid["first"].to_numpy().astype("datetime64[D]"), strict=True))
    until = [begun.get(symbol, earlier[-1] + 1 if len(earlier) else day) - 1 for symbol in over["symbol"]]
    told = pd.Series(until, index=over.index, dtype="datetime64[s]")
    last = told.where(~over["symbol"].isin(board["symbol"]), pd.Timestamp(day - 1)).clip(lower=over["first"])
    new = board[~now.isin(before)]
    return pd.concat([new, over.assign(last=last)], ignore_index=True) if len(over) else new
