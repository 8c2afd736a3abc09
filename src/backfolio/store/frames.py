"""Frames made to fit a table of the store, on the way in and on the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from backfolio.errors import StoreError, did_you_mean
from backfolio.store.model import DTYPES, TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    from backfolio.store.model import Kind

NUMBERED: Final[Mapping[str, tuple[str, ...]]] = {"bars": ("symbol", "name", "source")}
"""Columns that are numbers of the table `texts` inside."""

SQL_TYPES: Final[Mapping[Kind, str]] = {
    "text": "VARCHAR",
    "date": "DATE",
    "number": "DOUBLE",
    "whole": "BIGINT",
    "flag": "BOOLEAN",
    "instant": "TIMESTAMP",
    "bytes": "BLOB",
}


def shaped(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame in the columns and dtypes of a table, ready to go in.

    Text that is empty counts as missing and is None; instants lose their zone,
    after being turned to UTC.

    Raises
    ------
    StoreError
        If a column is not of the table, a key is not there or has no value, a
        date has a time of day or a zone, an instant has none, or a cell is no
        number.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    table = TABLES[name]
    for column in frame.columns:
        if column not in table.kinds:
            message = f"{name} has no column {column!r}{did_you_mean(str(column), table.columns)}"
            raise StoreError(message)
    for column in table.key:
        if column not in frame:
            message = f"rows of {name} came without the column {column!r}, which is of their key"
            raise StoreError(message)
    made = {}
    for column, kind in table.kinds.items():
        cells = frame[column] if column in frame else pd.Series(None, index=frame.index, dtype="object")
        try:
            made[column] = _cells(cells, kind, numbered=column in NUMBERED.get(name, ()))
        except (TypeError, ValueError) as error:
            message = f"{name}, column {column}: {error}"
            raise StoreError(message) from error
    rows = pd.DataFrame(made, index=frame.index).reset_index(drop=True)
    for column in table.key:
        # A period may have begun before anyone looked; all else that names a row is known.
        if column not in {"first", "from_", "ex_date"} and bool(rows[column].isna().any()):
            message = f"{int(rows[column].isna().sum())} rows of {name} have no {column}, which is of their key"
            raise StoreError(message)
    return rows


def _cells(cells: pd.Series, kind: Kind, *, numbered: bool) -> pd.Series | pd.Categorical:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    if kind == "text":
        return _texts(cells, numbered=numbered)
    if kind == "date":
        if getattr(cells.dtype, "tz", None) is not None:
            message = "a date has no time zone"
            raise ValueError(message)
        days = pd.to_datetime(cells).astype("datetime64[s]")
        if not (days.isna() | (days == days.dt.normalize())).all():
            message = "a date has no time of day"
            raise ValueError(message)
        return days
    if kind == "instant":
        given = pd.to_datetime(cells)
        if not given.isna().all() and getattr(given.dtype, "tz", None) is None:
            message = "an instant has a time zone"
            raise ValueError(message)
        return pd.to_datetime(given, utc=True).dt.tz_localize(None).astype("datetime64[us]")
    if kind == "number":
        return pd.to_numeric(cells).astype("float64")
    if kind == "bytes":
        return cells.astype("object")
    return cells.astype(DTYPES[kind])  # type: ignore[call-overload, no-any-return]


def _texts(cells: pd.Series, *, numbered: bool) -> pd.Series | pd.Categorical:
    """Return text as objects, None where it is missing or empty; or as a categorical of what is there."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    code, found = pd.factorize(cells)
    texts = [str(text) for text in found]
    if numbered:
        if "" in texts:
            code = np.where(code == texts.index(""), -1, code)
        return pd.Categorical.from_codes(code, categories=pd.Index(texts, dtype="object"))
    every = np.array([text or None for text in texts] + [None], dtype=object)
    return pd.Series(every[code], index=cells.index, dtype="object")


def framed(name: str, arrays: Mapping[str, NDArray[Any]], texts: NDArray[np.object_]) -> pd.DataFrame:
    """Return what DuckDB gave of a table as a frame of its columns and dtypes.

    Parameters
    ----------
    name
        Name of the table.
    arrays
        Column name to array, as ``fetchnumpy`` gives them.
    texts
        Text of every number; the last is "" and answers for -1.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    made: dict[str, Any] = {}
    numbered = NUMBERED.get(name, ())
    for column, kind in TABLES[name].kinds.items():
        array = arrays[column]
        mask = np.ma.getmaskarray(array)
        plain: NDArray[Any] = np.ma.getdata(array)
        if column in numbered:
            made[column] = pd.Series(texts[np.where(mask, -1, plain)], dtype="object")
        elif kind == "text":
            made[column] = pd.Series(np.where(mask, "", plain), dtype="object")
        elif kind == "date":
            made[column] = as_dates(array)
        elif kind == "number":
            made[column] = as_numbers(array)
        elif kind == "instant":
            instants = np.where(mask, np.datetime64("NaT"), plain.astype("datetime64[us]"))
            made[column] = pd.DatetimeIndex(instants).tz_localize("UTC")
        elif kind == "bytes":
            made[column] = pd.Series([bytes(cell) for cell in plain], dtype="object")
        elif kind == "whole":
            made[column] = pd.arrays.IntegerArray(plain.astype(np.int64), mask.copy())
        else:
            made[column] = pd.arrays.BooleanArray(plain.astype(np.bool_), mask.copy())
    return pd.DataFrame(made)


def fetched(result: DuckDBPyConnection) -> dict[str, NDArray[Any]]:
    """Return the columns of a query; of no column that DuckDB would make a categorical of."""
    return cast("dict[str, NDArray[Any]]", result.fetchnumpy())


def as_numbers(array: NDArray[Any]) -> NDArray[np.float64]:
    """Return float64, NaN where nothing is."""
    values: NDArray[np.float64] = np.ma.getdata(array).astype(np.float64, copy=False)
    mask = np.ma.getmask(array)
    return np.where(mask, np.nan, values) if mask is not np.ma.nomask else values


def as_dates(array: NDArray[Any]) -> NDArray[np.datetime64]:
    """Return ``datetime64[s]``, NaT where nothing is."""
    days: NDArray[np.datetime64] = np.ma.getdata(array).astype("datetime64[s]")
    mask = np.ma.getmask(array)
    return np.where(mask, np.datetime64("NaT", "s"), days) if mask is not np.ma.nomask else days


def apart(rows: pd.DataFrame, key: Sequence[str]) -> list[pd.DataFrame]:
    """Split rows so that no part has a key twice; in the order in which they came.

    A row that repeats a key counts as one that came later.
    """
    again = rows.duplicated(list(key))
    if not again.any():
        return [rows]
    turn = rows.groupby(list(key), sort=False, dropna=False, observed=True).cumcount()
    return [part.reset_index(drop=True) for _, part in rows.groupby(turn)]
