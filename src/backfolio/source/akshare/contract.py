"""What a reply must look like before a row of it is believed: columns, kinds, ranges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd
    from numpy.typing import NDArray

SHOWN = 3
"""Rows that a sentence names."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a reply.

    Parameters
    ----------
    name
        As akshare calls it.
    kind
        "date" (a date, an instant or text that begins with one), "number",
        "integer" (a number without a fraction) or "text".
    low, high
        Least and greatest number allowed, both included; None = no bound.
        Of a date: as YYYY-MM-DD.
    may_be_missing
        Whether a cell may be empty. (The column itself never may.)
    pattern
        A regular expression that the whole text must match.
    """

    name: str
    kind: Literal["date", "number", "text", "integer"]
    low: float | str | None = None
    high: float | str | None = None
    may_be_missing: bool = False
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """What one of akshare's functions promises: its columns (further ones are let be), and whether none may come."""

    function: str
    columns: tuple[Column, ...]
    may_be_empty: bool = False


def breaches(frame: Any, contract: Contract) -> tuple[str, ...]:  # noqa: ANN401  akshare returns anything
    """Return one sentence for each way in which a reply breaks its contract; () = it is kept.

    An empty frame, with or without columns, is no breach where the contract
    lets a reply be empty.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    if not isinstance(frame, pd.DataFrame):
        return (f"{contract.function} gave {type(frame).__name__}, not a table",)
    if not len(frame):
        return () if contract.may_be_empty else (f"{contract.function} gave no rows",)
    twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
    if twice:
        return (f"columns stand twice: {', '.join(twice)}",)
    missing = [column.name for column in contract.columns if column.name not in frame.columns]
    if missing:
        came = ", ".join(map(str, frame.columns))
        return (f"no column {', '.join(missing)}; what came: {came}",)
    return tuple(sentence for column in contract.columns for sentence in _of_column(frame[column.name], column))


def numbers(values: pd.Series[Any]) -> NDArray[np.float64]:
    """Return cells as numbers; text that is a number counts, what is none becomes NaN."""
    import pandas as pd  # noqa: PLC0415

    return np.asarray(pd.to_numeric(values, errors="coerce"), np.float64)


def days(values: pd.Series[Any]) -> NDArray[np.datetime64]:
    """Return cells as ``datetime64[s]`` at midnight; what is no date becomes NaT."""
    import pandas as pd  # noqa: PLC0415

    read = pd.to_datetime(values.astype("object").where(values.notna(), None), errors="coerce", format="mixed")
    if getattr(read.dt, "tz", None) is not None:
        read = read.dt.tz_localize(None)
    return read.to_numpy().astype("datetime64[D]").astype("datetime64[s]")


def rows_of(wrong: NDArray[np.bool_], values: Iterable[object]) -> str:
    """Name the first rows in which something is wrong: ``2 rows (row 3: x; row 7: y)``."""
    at = np.flatnonzero(wrong)
    cells = list(values)
    named = "; ".join(f"row {row + 1}: {cells[row]!s:.60}" for row in at[:SHOWN])
    more = "; ..." if len(at) > SHOWN else ""
    return f"{len(at)} row{'s' if len(at) > 1 else ''} ({named}{more})"


def _of_column(values: pd.Series[Any], column: Column) -> Iterator[str]:
    gone = _gone(values)
    if gone.any() and not column.may_be_missing:
        yield f"{column.name} is missing in {rows_of(gone, values)}"
    if column.kind == "text":
        yield from _of_text(values, column, gone)
        return
    read = days(values) if column.kind == "date" else numbers(values)
    bad = (np.isnat(read) if column.kind == "date" else ~np.isfinite(read)) & ~gone
    if bad.any():
        yield f"{column.name} is no {column.kind} in {rows_of(bad, values)}"
    good = ~bad & ~gone
    if column.kind == "integer":
        broken = good & (np.mod(np.where(good, read, 0.0), 1.0) != 0)
        if broken.any():
            yield f"{column.name} is no whole number in {rows_of(broken, values)}"
    yield from _of_range(values, column, read, good)


def _of_text(values: pd.Series[Any], column: Column, gone: NDArray[np.bool_]) -> Iterator[str]:
    if column.pattern is not None:
        pattern = re.compile(column.pattern)
        bad = np.array([not pattern.fullmatch(str(value)) for value in values], np.bool_) & ~gone
        if bad.any():
            yield f"{column.name} is not like {column.pattern} in {rows_of(bad, values)}"


def _of_range(values: pd.Series[Any], column: Column, read: NDArray[Any], good: NDArray[np.bool_]) -> Iterator[str]:
    for bound, beyond in ((column.low, "below"), (column.high, "above")):
        if bound is not None:
            edge: Any = np.datetime64(str(bound), "s") if column.kind == "date" else float(bound)
            out = good & ((read < edge) if beyond == "below" else (read > edge))
            if out.any():
                yield f"{column.name} is {beyond} {bound} in {rows_of(out, values)}"


def _gone(values: pd.Series[Any]) -> NDArray[np.bool_]:
    """Return where a cell is empty: missing, or blank text, or one of the hosts' dashes."""
    gone = values.isna().to_numpy(bool).copy()
    if values.dtype == object or str(values.dtype) in {"str", "string"}:
        gone |= np.array([isinstance(value, str) and value.strip() in {"", "-", "--"} for value in values], np.bool_)
    return gone
