"""`rows_of`: checked tables of the import format as the rows that the store keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.bars.cells import days, factorize, numbers
from backfolio.bars.rows import read_rows
from backfolio.bars.sides import KINDS
from backfolio.money import PER_SHARE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.bars import Bars, Tables

SOURCE: Final = "import"

_FLAGS: Final = ("is_st", "traded")
_INDEX_NUMBERS: Final = ("open", "high", "low", "close")


def rows_of(tables: Tables, bars: Bars) -> dict[str, pd.DataFrame]:
    """Return the tables of the store that market data in the import format fills.

    Parameters
    ----------
    tables
        As read.
    bars
        What `build_bars` made of them, so that every cell is known to be sound.

    Returns
    -------
    dict
        ``bars`` and ``listings``; ``index_bars``, ``actions`` and ``st_spells``
        where the data has them. A listing date that had to be assumed is settled here, from
        the whole of the data: a part of it read alone gives the same.
    """
    found = {"bars": _bars(tables), "listings": _listings(tables, bars)}
    if tables.index is not None:
        found["index_bars"] = _index(tables.index)
    if tables.ex_rights is not None and len(tables.ex_rights):
        found["actions"] = _actions(tables.ex_rights)
    if tables.st_spells is not None and len(tables.st_spells):
        found["st_spells"] = _spells(tables.st_spells)
    return found


def _bars(tables: Tables) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    rows, _ = read_rows(tables)
    columns: dict[str, object] = {"symbol": _texts(rows.text, rows.texts), "date": rows.day.astype("datetime64[s]")}
    for name, cells in rows.values.items():  # noqa: PD011  no frame
        columns[name] = flags(cells) if name in _FLAGS else cells
    # A bar says that its session was no halt: it takes the place of one that the store holds.
    columns["traded"] = rows.traded
    if "name" in tables.bars:
        columns["name"] = _texts(*factorize(tables.bars["name"]))
    return pd.DataFrame({**columns, "source": SOURCE})


def _texts(code: NDArray[np.intp], texts: Sequence[str]) -> NDArray[np.object_]:
    """Return the text of each code; None for -1."""
    return np.array([*texts, None], dtype=object)[code]


def flags(values: NDArray[np.float64]) -> pd.arrays.BooleanArray:
    """Return 0, 1 and NaN as flags that may be missing."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    return pd.arrays.BooleanArray(values != 0, np.isnan(values))


def _index(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    columns: dict[str, object] = {
        "symbol": _texts(*factorize(frame["symbol"])),
        "date": days(frame["date"])[0].astype("datetime64[s]"),
    }
    columns |= {name: numbers(frame[name])[0] for name in _INDEX_NUMBERS if name in frame}
    if "name" in frame:
        columns["name"] = _texts(*factorize(frame["name"]))
    return pd.DataFrame({**columns, "source": SOURCE})


def _actions(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row a symbol and ex-date, the rows of the format added up in whole units.

    They are all that happens on their date: what they do not tell is nought,
    and takes the place of what an earlier import told.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    value = numbers(frame["value"])[0]
    cash, shares, ratio = (np.where(frame["kind"].to_numpy() == kind, value, np.nan) for kind in KINDS)
    rows = pd.DataFrame(
        {
            "symbol": _texts(*factorize(frame["symbol"])),
            "ex_date": days(frame["ex_date"])[0].astype("datetime64[s]"),
            "cash": np.rint(cash * PER_SHARE),
            "shares": np.rint(shares * PER_SHARE),
            "ratio": ratio,
        }
    )
    together = rows.groupby(["symbol", "ex_date"], sort=True).sum().reset_index()
    return together.assign(cash=together["cash"] / PER_SHARE, shares=together["shares"] / PER_SHARE, source=SOURCE)


def _spells(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    columns = {name: _texts(*factorize(frame[name])) for name in ("symbol", "kind")}
    told = _texts(*factorize(frame["source"])) if "source" in frame else np.full(len(frame), None)
    source = np.array([text or SOURCE for text in told], dtype=object)
    dates = {name: days(frame[name])[0].astype("datetime64[s]") for name in ("first", "last")}
    return pd.DataFrame({**columns, **dates, "source": source})


def _listings(tables: Tables, bars: Bars) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    settled = pd.DataFrame(
        {
            "listed": bars.listed.astype("datetime64[s]"),
            "delisted": bars.delisted.astype("datetime64[s]"),
            "assumed": pd.array(bars.listing_assumed, dtype="boolean"),
        },
        index=pd.Index(bars.symbols, dtype=object),
    )
    given = tables.listings
    if given is not None and len(given):
        rows = pd.DataFrame(
            {
                "name": _texts(*factorize(given["name"])) if "name" in given else None,
                "listed": days(given["listed"])[0].astype("datetime64[s]"),
                "delisted": days(given["delisted"])[0].astype("datetime64[s]")
                if "delisted" in given
                else np.datetime64("NaT", "s"),
            },
            index=pd.Index(_texts(*factorize(given["symbol"])), dtype=object),
        )
        if "st_known_from" in given:
            rows["st_known_from"] = days(given["st_known_from"])[0].astype("datetime64[s]")
            settled["st_known_from"] = rows["st_known_from"].reindex(settled.index)
        names = rows["name"].reindex(settled.index)
        settled.insert(0, "name", names.astype(object).where(names.notna(), None))
        beside = rows.loc[~rows.index.isin(settled.index)]
        if len(beside):
            settled = pd.concat([settled, beside.assign(assumed=beside["listed"].isna().astype("boolean"))])
    return settled.rename_axis("symbol").reset_index().assign(source=SOURCE)
