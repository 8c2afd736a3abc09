"""The exchanges themselves: who is listed since when, who left, and when a name in Shenzhen carried ST.

Shanghai and Beijing publish no dated list of short names; there, ``risk_board``
(eastmoney's board of names under risk warning) tells of today only.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio.calendar import as_day
from backfolio.errors import UsageError, did_you_mean
from backfolio.source.akshare.contract import Column, Contract
from backfolio.source.akshare.delivery import Delivery
from backfolio.source.akshare.facts import (
    FIRST_DAY,
    Sifted,
    as_table,
    cut_short,
    days,
    lasting_name,
    short_name,
    sift,
    symbol_of,
    told,
    words,
)
from backfolio.source.akshare.inquiry import Inquiry, Reading, inquire
from backfolio.source.akshare.symbols import renumbered
from backfolio.store.model import empty

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from backfolio.source.akshare.transport import Asked, Desk

PLACES: Final = {"sse": "SH", "szse": "SZ", "bse": "BJ"}
"""Host to the exchange in a symbol."""

FIRST_ST: Final = np.datetime64("1998-04-28", "D")
"""The first session on which a name carried ST (notice of both exchanges, 1998-04-22)."""

_CODE: Final = r"\d{6}"
_MARK: Final = re.compile(r"(?:N|C|G|XD|XR|DR)?S?(\*?ST)")
"""ST and *ST behind the marks that trading days and share reform put before a name (XD, S, G ...)."""


def st_kind(name: object) -> str:
    """Return "ST" or "*ST" where a short name carries it, else ""."""
    found = _MARK.match(short_name(name).upper())
    return found[1] if found else ""


# --- who is listed ---------------------------------------------------------------------------------


def _listed(
    function: str, code: str, name: str, listed: str, *, left: str = "", may_be_empty: bool = False
) -> Contract:
    columns = [
        Column(code, "text", may_be_missing=True, pattern=_CODE),
        Column(name, "text"),
        Column(listed, "date", may_be_missing=True),
    ]
    if left:
        columns.append(Column(left, "date", may_be_missing=True))
    return Contract(function, tuple(columns), may_be_empty=may_be_empty)


SHANGHAI: Final = _listed("stock_info_sh_name_code", "证券代码", "证券简称", "上市日期")
SHENZHEN: Final = _listed("stock_info_sz_name_code", "A股代码", "A股简称", "A股上市日期")
BEIJING: Final = _listed("stock_info_bj_name_code", "证券代码", "证券简称", "上市日期")
SHANGHAI_LEFT: Final = _listed("stock_info_sh_delist", "公司代码", "公司简称", "上市日期", left="暂停上市日期")
SHENZHEN_LEFT: Final = _listed("stock_info_sz_delist", "证券代码", "证券简称", "上市日期", left="终止上市日期")

LISTED: Final[dict[str, tuple[tuple[str, Contract, dict[str, str]], ...]]] = {
    "sse": (
        ("Shanghai main board", SHANGHAI, {"symbol": "主板A股"}),
        ("STAR market", SHANGHAI, {"symbol": "科创板"}),
    ),
    "szse": (("Shenzhen", SHENZHEN, {"symbol": "A股列表"}),),
    "bse": (("Beijing", BEIJING, {}),),
}
LEFT: Final[dict[str, tuple[tuple[str, Contract, dict[str, str]], ...]]] = {
    "sse": (("left Shanghai", SHANGHAI_LEFT, {"symbol": "全部"}),),
    "szse": (("left Shenzhen", SHENZHEN_LEFT, {"symbol": "终止上市公司"}),),
    "bse": (),
}
_TOTALS: Final[dict[str, tuple[str | int, ...]]] = {"sse": ("pageHelp", "total"), "bse": (0, "totalElements")}
"""Where a reply says how many rows there are; Shenzhen's spreadsheets do not."""


def listings(desk: Desk, host: str) -> Delivery:
    """Return who is listed on an exchange ("sse", "szse", "bse") and since when, as rows of the table listings.

    Raises
    ------
    UsageError
        If there is no such exchange.
    """
    return _joined(desk, host, LISTED)


def delistings(desk: Desk, host: str) -> Delivery:
    """Return who left an exchange and when, as rows of the table listings. Beijing publishes no such list.

    What akshare calls the day of a suspended listing in Shanghai (暂停上市日期)
    is the host's DELIST_DATE.

    Raises
    ------
    UsageError
        If there is no such exchange.
    """
    return _joined(desk, host, LEFT)


def _joined(desk: Desk, host: str, lists: dict[str, tuple[tuple[str, Contract, dict[str, str]], ...]]) -> Delivery:
    """Return several lists of one exchange as one: all of them, or none."""
    if host not in lists:
        message = f"no exchange {host!r}{did_you_mean(host, lists)}: choose one of {', '.join(lists)}"
        raise UsageError(message)
    parts: list[Delivery] = []
    for subject, contract, arguments in lists[host]:
        parts.append(_list(desk, host, subject, contract, arguments))
        if parts[-1].frame is None:
            break
    if not parts:
        return Delivery(empty("listings"), host)
    log = tuple(entry for part in parts for entry in part.log)
    aside = tuple(kept for part in parts for kept in part.quarantined)
    frames = [part.frame for part in parts if part.frame is not None]
    if len(frames) < len(parts):
        return replace(parts[-1], log=log, quarantined=aside)
    return replace(parts[-1], frame=_one_each(frames), log=log, quarantined=aside)


def _one_each(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    return pd.concat(frames, ignore_index=True).drop_duplicates("symbol", ignore_index=True)


def _list(desk: Desk, host: str, subject: str, contract: Contract, arguments: dict[str, str]) -> Delivery:
    code, name, listed, *left = (column.name for column in contract.columns)

    def read(frame: pd.DataFrame, asked: Asked[pd.DataFrame]) -> Reading:
        short = cut_short(len(frame), told(asked.replies[-1].body, *_TOTALS[host])) if host in _TOTALS else ()
        if short:
            return Reading(breaches=short)
        since = days(frame[listed])
        until = days(frame[left[0]]) if left else None
        here = frame[code].astype(str).map(symbol_of)
        faults = {
            f"{listed} is before there was an exchange": since < str(FIRST_DAY),
            f"{code} belongs to another exchange": here.notna() & ~here.astype(str).str.endswith(PLACES[host]),
            f"{code} is one that Beijing gave up": here.map(
                lambda symbol: isinstance(symbol, str) and renumbered(symbol, np.datetime64(asked.entry.at.date(), "D"))
            ).astype(bool),
            f"{name} is a number": frame[name].astype(str).str.fullmatch(r"[\d.,\s-]+"),
        }
        if until is None:
            faults[f"{listed} is missing"] = since.isna()
        else:
            faults[f"{left[0]} is before {listed}"] = until < since
        sifted = sift(frame, faults)
        rows = _listing_rows(sifted, contract, host)
        if rows.empty and not sifted.reasons:
            return Reading(breaches=("no A-share stands in the list",))
        return Reading(sifted=sifted, rows=rows)

    return inquire(
        desk,
        Inquiry(
            host,
            subject,
            "listings",
            contract,
            lambda akshare: getattr(akshare, contract.function)(**arguments),
            read,
            nothing=lambda _: False,
        ),
    )


def _listing_rows(sifted: Sifted, contract: Contract, host: str) -> pd.DataFrame:
    code, name, listed, *left = (column.name for column in contract.columns)
    frame = sifted.kept
    rows = as_table(
        "listings",
        {
            "symbol": frame[code].astype(str).map(symbol_of),
            "name": frame[name].map(lasting_name),
            "listed": days(frame[listed]),
            "delisted": days(frame[left[0]]) if left else None,
            "assumed": [False] * len(frame),
            "source": host,
        },
    )
    # B shares stand in the same lists.
    return rows[rows["symbol"].notna()].reset_index(drop=True)


# --- spells of ST ----------------------------------------------------------------------------------

RENAMES: Final = Contract(
    "stock_info_sz_change_name",
    (
        Column("变更日期", "date"),
        Column("证券代码", "text", pattern=_CODE),
        Column("变更前简称", "text"),
        Column("变更后简称", "text"),
    ),
    may_be_empty=False,
)


def st_spells(desk: Desk) -> Delivery:
    """Return when names in Shenzhen carried ST or *ST, from its dated list of renamings, as rows of st_spells.

    A spell lasts from the day of a renaming to the day before the next one
    that changes it; NaT = it lasts. A symbol whose renamings contradict each
    other is left out, its rows set aside: nothing is said of it.
    """

    def read(frame: pd.DataFrame, asked: Asked[pd.DataFrame]) -> Reading:  # noqa: ARG001  the shape of a reader
        frame = frame.drop_duplicates(["变更日期", "证券代码", "变更前简称", "变更后简称"])
        changed = days(frame["变更日期"])
        symbols = frame["证券代码"].astype(str).map(symbol_of)
        faults = {"变更日期 is before there was an exchange": changed < str(FIRST_DAY)}
        spells: list[tuple[str, np.datetime64, np.datetime64, str]] = []
        torn: list[str] = []
        told_of = frame.assign(day=changed, symbol=symbols).dropna(subset=["symbol", "day"])
        for symbol, rows in told_of.groupby("symbol", sort=True):
            found = spells_of(rows[["day", "变更前简称", "变更后简称"]].itertuples(index=False, name=None))
            if found is None:
                torn.append(str(symbol))
            else:
                spells += [(str(symbol), *spell) for spell in found]
        faults["the renamings of a symbol contradict each other"] = symbols.isin(torn)
        return Reading(sifted=sift(frame, faults), rows=_spell_rows(spells, "szse"))

    return inquire(
        desk,
        Inquiry(
            "szse",
            "renamings",
            "st_spells",
            RENAMES,
            lambda akshare: akshare.stock_info_sz_change_name(symbol="简称变更"),
            read,
            nothing=lambda _: False,
        ),
    )


def spells_of(
    renamings: Iterable[tuple[Any, str, str]],
) -> list[tuple[np.datetime64, np.datetime64, str]] | None:
    """Return the spells (first, last, kind) of one symbol from its renamings (day, before, after).

    None where a name carried ST before a renaming, and no renaming before gave
    it that. The very first may find ST: it then lasts since `FIRST_ST`.
    """
    left = sorted(((np.datetime64(day, "D"), st_kind(old), st_kind(new)) for day, old, new in renamings))
    spells: list[tuple[np.datetime64, np.datetime64, str]] = []
    kind: str | None = None
    since = FIRST_ST
    while left:
        # Renamings of one day stand in no order: one that goes on from here is next, first those that change nothing.
        day = left[0][0]
        fits = [row for row in left if row[0] == day and (kind is None or row[1] == kind)]
        if not fits:
            return None
        taken = min(fits, key=lambda row: row[1] != row[2])
        left.remove(taken)
        _, before, after = taken
        if kind is None:
            kind = before
        if after == kind:
            continue
        if kind and since < day:
            last: Any = day - np.timedelta64(1, "D")
            spells.append((since, last, kind))
        kind, since = after, day
    if kind:
        spells.append((since, np.datetime64("NaT", "D"), kind))
    return spells


def _spell_rows(spells: Sequence[tuple[str, np.datetime64, np.datetime64, str]], source: str) -> pd.DataFrame:
    symbols, first, last, kinds = zip(*spells, strict=True) if spells else ((), (), (), ())
    return as_table("st_spells", {"symbol": symbols, "first": first, "last": last, "kind": kinds, "source": source})


BOARD: Final = Contract(
    "stock_zh_a_st_em",
    (Column("代码", "text", pattern=_CODE), Column("名称", "text")),
    may_be_empty=False,
)


def risk_board(desk: Desk, day: str | dt.date | np.datetime64) -> Delivery:
    """Return the names that carry ST or *ST on the day of the reading, of all exchanges, as open rows of st_spells.

    The board tells of no earlier day: `first` is `day`, and a spell that the
    store already knows goes on. One that is short of the names that the host
    counts is not believed, for it would end spells.

    Parameters
    ----------
    day
        The session that the board is about.
    """
    today = as_day(day)

    def read(frame: pd.DataFrame, asked: Asked[pd.DataFrame]) -> Reading:
        total = told(asked.replies[-1].body, "data", "total")
        codes = frame["代码"].nunique()
        # Pages are sorted by a price that moves: a name may slip from one to the other between two requests.
        short = cut_short(codes, total, "names")
        if short:
            return Reading(breaches=short)
        rows = [record for reply in asked.replies for record in (told(reply.body, "data", "diff") or ())]
        here = sorted((str(code), short_name(name)) for code, name in zip(frame["代码"], frame["名称"], strict=True))
        there = sorted((str(row.get("f12")), short_name(row.get("f14"))) for row in rows if isinstance(row, dict))
        if rows and here != there:
            return Reading(breaches=("the columns 代码 and 名称 do not hold the fields f12 and f14 of the reply",))
        names = words(frame["名称"])
        kinds = names.map(st_kind)
        # Names in their last sessions (退市...) stand on the board too, and carry no ST.
        sifted = sift(frame, {"名称 carries no risk warning": (kinds == "") & ~names.str.contains("退", na=False)})
        marked = frame[kinds != ""]
        symbols = marked["代码"].map(symbol_of)
        spells = [
            (symbol, today, np.datetime64("NaT", "D"), st_kind(name))
            for symbol, name in zip(symbols, marked["名称"], strict=True)
            if isinstance(symbol, str)
        ]
        return Reading(sifted=sifted, rows=_spell_rows(spells, "eastmoney"))

    return inquire(
        desk,
        Inquiry(
            "eastmoney",
            str(today),
            "st_spells",
            BOARD,
            lambda akshare: akshare.stock_zh_a_st_em(),
            read,
            nothing=lambda _: False,
        ),
    )
