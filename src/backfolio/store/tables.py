"""What runs read: the store's bars and what surrounds them, in the import format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio import calendar
from backfolio.bars import Tables, events
from backfolio.bars.frames import OUTSIDE_LIMITS
from backfolio.bars.spells import UNWARNED, filled
from backfolio.store.frames import as_dates, as_numbers, fetched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

LABEL: Final = "store"

BEFORE: Final = np.datetime64(calendar.FIRST, "s")
"""An assumed listing date that was before any data; stored so, since a missing value takes no other's place."""

SOME: Final = "list_contains(?::VARCHAR[], coalesce(symbol, ''))"
"""SQL: the symbol is one of a list; "" is one as well."""

PRICES: Final = ("open", "high", "low", "close")
NEEDED: Final = (*PRICES, "volume")
OPTIONAL: Final = ("pre_close", "amount", "factor", "is_st", "traded", "up_limit", "down_limit")
FLAGS: Final = ("is_st", "traded")
EX_RIGHTS: Final = {"cash": "cash/share", "shares": "shares/share", "ratio": "price ratio"}
"""Columns of actions to what the import format calls them."""


def tables(
    connection: DuckDBPyConnection,
    texts: NDArray[np.object_],
    symbols: Sequence[str] | None,
    numbers: Sequence[int] | None,
    *,
    derived: bool = True,
) -> Tables:
    """Return the import format of some symbols; see `Reader.tables`.

    Parameters
    ----------
    connection
        Open for reading.
    texts
        Text of each number; "" for -1.
    symbols, numbers
        Which symbols, as texts and as numbers; None = all.
    derived
        Whether bars say of risk warnings what follows from the dated spells;
        False leaves the spells a table of their own.
    """
    listings = _asked(
        connection, "SELECT symbol, name, listed, delisted, assumed, st_known_from FROM listings", symbols
    )
    spells = _spells(connection, symbols)
    bars = _bars(connection, texts, numbers, listings, spells if derived else None)
    apart = None if derived else spells[(spells["kind"] != UNWARNED).to_numpy(dtype=bool)]
    return Tables(
        bars=bars,
        index=_index(connection),
        ex_rights=_ex_rights(connection, symbols, bars),
        listings=_listings(listings, with_spells=not derived),
        st_spells=apart,
        label=LABEL,
        last=_last(connection),
        unlimited=_unlimited(connection, symbols),
    )


def _last(connection: DuckDBPyConnection) -> np.datetime64 | None:
    """Return the last session of any bar in the store."""
    (day,) = connection.execute("SELECT max(date) FROM bars").fetchone() or (None,)
    return None if day is None else np.datetime64(day, "D")


def _unlimited(
    connection: DuckDBPyConnection, symbols: Sequence[str] | None
) -> tuple[tuple[str, np.datetime64, np.datetime64], ...]:
    """Return the days whose bars outside their limits a person accepted; see `Tables.unlimited`."""
    sql = f"SELECT symbol, first, last FROM findings WHERE rule = '{OUTSIDE_LIMITS}' AND because <> ''"  # noqa: S608
    wanted = None if symbols is None else set(symbols)
    return tuple(
        (symbol, np.datetime64(first, "D"), np.datetime64(last, "D"))
        for symbol, first, last in sorted(connection.execute(sql).fetchall())
        if first is not None and (wanted is None or symbol in wanted)
    )


def _asked(connection: DuckDBPyConnection, sql: str, symbols: Sequence[str] | None) -> dict[str, NDArray[Any]]:
    """Run a query on a table with symbols, of some of them, in their order."""
    if symbols is None:
        return fetched(connection.execute(f"{sql} ORDER BY ALL"))
    return fetched(connection.execute(f"{sql} WHERE {SOME} ORDER BY ALL", [list(symbols)]))


def _bars(
    connection: DuckDBPyConnection,
    texts: NDArray[np.object_],
    numbers: Sequence[int] | None,
    listings: Mapping[str, NDArray[Any]],
    spells: pd.DataFrame | None,
) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    columns = ", ".join(("symbol", "date", "name", *NEEDED, *OPTIONAL))
    if numbers is None:
        found = fetched(connection.execute(f"SELECT {columns} FROM bars"))  # noqa: S608
    else:
        where = f"SELECT {columns} FROM bars WHERE symbol IN (SELECT unnest(?::INTEGER[]))"  # noqa: S608
        found = fetched(connection.execute(where, [list(numbers)]))
    held = np.unique(found["symbol"])
    rank = np.zeros(len(texts), dtype=np.int64)
    names = sorted(texts[held].tolist())
    rank[held] = np.searchsorted(np.array(names, dtype=object), texts[held])
    code = rank[found["symbol"]]
    day = as_dates(found["date"])
    order = _order(code, day.astype("datetime64[D]").astype(np.int64))
    arrays: dict[str, NDArray[Any]] = {"date": day, "name": found["name"]}
    for column in (*NEEDED, *OPTIONAL):
        array = found[column]
        if column in NEEDED or not (np.ma.is_masked(array) and np.ma.getmaskarray(array).all()):
            arrays[column] = as_numbers(array)
    if order is not None:
        code = code[order]
        arrays = {column: array[order] for column, array in arrays.items()}
    if spells is not None:
        _warn(arrays, code, names, listings, spells)
    made: dict[str, object] = {
        "date": arrays["date"],
        "symbol": pd.Categorical.from_codes(code, categories=pd.Index(names, dtype="object")),
        **{column: arrays[column] for column in NEEDED},
    }
    for column in OPTIONAL:
        if column in arrays and len(code):
            if column == "traded":  # who says nothing of it tells of bars
                arrays[column] = np.where(np.isnan(arrays[column]), 1.0, arrays[column])
            made[column] = _flags(arrays[column]) if column in FLAGS else arrays[column]
    called = _names(arrays["name"], texts)
    if called is not None:
        made["name"] = called
    return pd.DataFrame(made, copy=False)


def _order(code: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.intp] | None:
    """Return the order by symbol and day; None where the rows stand so already."""
    key = code * 1_000_000 + day
    if bool((key[1:] > key[:-1]).all()):
        return None
    return np.argsort(key, kind="stable")


def _names(array: NDArray[Any], texts: NDArray[np.object_]) -> pd.Categorical | None:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    number = np.where(np.ma.getmaskarray(array), -1, np.ma.getdata(array))
    held = np.unique(number[number >= 0])
    if not len(held):
        return None
    rank = np.full(len(texts), -1, dtype=np.int64)
    rank[held] = np.arange(len(held))
    return pd.Categorical.from_codes(rank[number], categories=pd.Index(texts[held], dtype="object"))


def _flags(values: NDArray[Any]) -> object:
    """Return 0 and 1 as whole numbers, so that a file of them says 0 and 1."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    missing = np.isnan(values)
    whole = np.where(missing, 0, values).astype(np.int8)
    return pd.arrays.IntegerArray(whole, missing) if missing.any() else whole


def _warn(
    arrays: dict[str, NDArray[Any]],
    code: NDArray[np.int64],
    names: Sequence[str],
    listings: Mapping[str, NDArray[Any]],
    spells: pd.DataFrame,
) -> None:
    """Fill `is_st` from the dated spells; see `bars.spells`."""
    from_ = as_dates(listings["st_known_from"])
    known = {str(symbol): day for symbol, day in zip(listings["symbol"], from_, strict=True) if not np.isnat(day)}
    told = arrays.get("is_st", np.full(len(code), np.nan)).astype(np.float64)
    flag = filled(told, code, arrays["date"], names, known, spells)
    if not np.isnan(flag).all():
        arrays["is_st"] = flag


def _spells(connection: DuckDBPyConnection, symbols: Sequence[str] | None) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    found = _asked(connection, "SELECT symbol, first, last, kind, source FROM st_spells", symbols)
    texts = {name: _text(found[name]) for name in ("symbol", "kind", "source")}
    return pd.DataFrame({**texts, "first": as_dates(found["first"]), "last": as_dates(found["last"])})


def _index(connection: DuckDBPyConnection) -> pd.DataFrame | None:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    columns = ", ".join(("date", "symbol", *PRICES, "name"))
    found = fetched(connection.execute(f"SELECT {columns} FROM index_bars ORDER BY symbol, date"))  # noqa: S608
    if not len(found["symbol"]):
        return None
    made: dict[str, object] = {"date": as_dates(found["date"]), "symbol": _text(found["symbol"])}
    for column in PRICES:
        values = as_numbers(found[column])
        if column == "close" or not np.isnan(values).all():
            made[column] = values
    if not np.ma.getmaskarray(found["name"]).all():
        made["name"] = _text(found["name"])
    return pd.DataFrame(made)


def _text(array: NDArray[Any]) -> NDArray[np.object_]:
    made: NDArray[np.object_] = np.ma.getdata(array).astype(object)
    made[np.ma.getmaskarray(array)] = None
    return made


def _ex_rights(
    connection: DuckDBPyConnection, symbols: Sequence[str] | None, bars: pd.DataFrame
) -> pd.DataFrame | None:
    """Return one row's word on each event (see `bars.events`): cash and shares, or the price ratio alone."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    names = ("cash", "shares", "ratio", "rights", "rights_price")
    found = _asked(connection, f"SELECT symbol, ex_date, source, {', '.join(names)} FROM actions", symbols)  # noqa: S608
    texts = {name: _text(found[name]) for name in ("symbol", "source")}
    values, dates = {name: as_numbers(found[name]) for name in names}, as_dates(found["ex_date"])
    told = pd.DataFrame({**texts, "ex_date": dates, **values})
    rows = events.paid(told, bars).rows
    said = np.nan_to_num(np.stack([values[name][rows] for name in EX_RIGHTS], axis=1))
    cash, shares, ratio = said.T
    ratio[(cash != 0) | (shares != 0)] = 0.0
    event, kind = np.nonzero(said)
    if not len(event):
        return None
    at = rows[event]
    kinds = np.array([*EX_RIGHTS.values()], dtype=object)[kind]
    made = {"symbol": texts["symbol"][at], "ex_date": dates[at], "kind": kinds, "value": said[event, kind]}
    return pd.DataFrame(made)


def _listings(found: Mapping[str, NDArray[Any]], *, with_spells: bool) -> pd.DataFrame | None:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    if not len(found["symbol"]):
        return None
    listed = as_dates(found["listed"])
    made: dict[str, object] = {"symbol": _text(found["symbol"]), "listed": listed}
    if not np.ma.getmaskarray(found["name"]).all():
        made["name"] = _text(found["name"])
    delisted = as_dates(found["delisted"])
    if not np.isnat(delisted).all():
        made["delisted"] = delisted
    known = as_dates(found["st_known_from"])
    if with_spells and not np.isnat(known).all():
        made["st_known_from"] = known
    assumed = as_numbers(found["assumed"])
    made["listed"] = np.where((assumed == 1) & (listed <= BEFORE), np.datetime64("NaT", "s"), listed)
    if (assumed == 1).any():
        made["assumed"] = np.nan_to_num(assumed).astype(np.int8)
    return pd.DataFrame(made)
