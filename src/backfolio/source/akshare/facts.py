"""What the hosts' tables of facts have in common: a column is proved by its content, a row by its neighbours.

akshare names the columns of several of these tables by their position in the
reply. A field more, or two that changed places, and every later column holds
another's values under the wrong name. So a table is taken only if each column
holds the field of the reply that it is named after (`misnamed`) and values of
its own kind; a few faulty rows are set aside (`sift`), many mean that the
columns themselves are wrong.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from backfolio import ashare
from backfolio.errors import SymbolError
from backfolio.store.model import DTYPES, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

FIRST_DAY: Final = dt.date(1990, 12, 1)
"""The first session of the Shenzhen exchange: no fact about a listed share is older."""

MOST_FAULTY: Final = 0.2
"""Part of the rows above which faults are the columns', not the rows'."""

FEW: Final = 3
"""Rows from which on a single faulty one is that row's own fault."""

PER: Final = 10
"""Issuers announce cash and shares per ten shares."""

NOTHING: Final = frozenset({"", "-", "--", "nan", "None", "NaT", "不适用"})
"""How hosts write that a text is missing."""

_DECIMALS: Final = 7
"""Issuers announce per ten shares with six decimals: a share has seven."""

_DATE: Final = re.compile(r"(\d{4})(?:[-/](\d\d?)[-/](\d\d?)|(\d\d)(\d\d))(?![\d.])")

_MARK_OF_A_DAY: Final = re.compile(r"(?:XD|XR|DR|N|C)(?=[\u4e00-\u9fff*]|S\*?ST|ST)")
"""What stands before a name for a day or a few: ex dividend, ex rights, both; the first session, the next four.
Source: Trading Rules of both exchanges, on the display of ex-rights and of new shares."""

_PLAN: Final = re.compile(r"(送|转增?|派)(?:红股|发?现金红利|现金|息)?(\d+(?:\.\d+)?)")
_ROUNDED: Final = 0.01
"""How far a plan in words may be from its numbers: words are cut to two decimals per ten shares."""


@dataclass(frozen=True, slots=True, eq=False)
class Sifted:
    """Rows that are good, rows that are not, and what is wrong with them.

    Parameters
    ----------
    kept, aside
        The good rows and the faulty ones.
    reasons
        A sentence a fault.
    broken
        So many rows are faulty that none can be believed.
    """

    kept: pd.DataFrame
    aside: pd.DataFrame
    reasons: tuple[str, ...]
    broken: bool


def sift(frame: pd.DataFrame, faults: Mapping[str, pd.Series[bool]]) -> Sifted:
    """Set aside the rows of `frame` that have one of `faults` (sentence to mask)."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    bad = pd.Series(data=False, index=frame.index)
    reasons = []
    for rule, mask in faults.items():
        if mask.any():
            reasons.append(f"{rule}: {int(mask.sum())} of {len(frame)} rows, first {_row_text(frame[mask].iloc[0])}")
            bad |= mask
    alone = 1 if len(frame) >= FEW else 0
    broken = bool(bad.sum() > max(MOST_FAULTY * len(frame), alone))
    return Sifted(frame[~bad], frame[bad], tuple(reasons), broken)


def misnamed(
    frame: pd.DataFrame, records: Sequence[Mapping[str, Any]], fields: Mapping[str, tuple[str, str]]
) -> tuple[str, ...]:
    """Name the columns of `frame` that do not hold the field of the host's `records` they are named after.

    Parameters
    ----------
    frame
        As akshare gives it.
    records
        The rows of the reply, each field under the host's own name.
    fields
        Column to (host's name of the field, "text", "number" or "date").

    Returns
    -------
    tuple of str
        A sentence for each. Nothing where the host no longer uses any of these
        names: then only the content can prove a column.
    """
    known = {name for record in records for name in record}
    if not known & {name for name, _ in fields.values()}:
        return ()
    told = []
    for column, (name, kind) in fields.items():
        if name not in known:
            told.append(f"the reply has no field {name}, which the column {column} should hold")
            continue
        here = Counter(_plain(value, kind) for value in frame[column])
        there = Counter(_plain(record.get(name), kind) for record in records)
        if here != there:
            told.append(f"the column {column} does not hold the field {name} of the reply")
    return tuple(told)


def _plain(value: Any, kind: str) -> object:  # noqa: ANN401  whatever JSON holds
    """Return a value as both akshare and the host would write it; None where it is missing."""
    text = str(value).strip()
    if text in NOTHING:
        return None
    if kind == "date":
        return text[:10].replace("/", "-")
    if kind == "number":
        try:
            return round(float(text), 6)
        except ValueError:
            return None
    return text


def _row_text(row: pd.Series[Any]) -> str:
    return ", ".join(str(value) for value in row.to_list()[:6])


def cut_short(rows: int, total: object, what: str = "rows") -> tuple[str, ...]:
    """Return a sentence where fewer rows came than the host itself counts; one that does not count proves nothing."""
    if isinstance(total, bool) or not isinstance(total, int | float | str) or not str(total).isdecimal():
        return ()
    return (f"{rows} {what} came of the {int(total)} that the reply speaks of",) if int(total) > rows else ()


# --- the reply as it came --------------------------------------------------------------------------


def decoded(body: bytes) -> Any:  # noqa: ANN401  whatever JSON holds
    """Return what a reply says in JSON, also where it is wrapped in a call (``null([...])``); None if nothing."""
    text = body.decode("utf-8", "replace").strip()
    wrapped = re.fullmatch(r"[\w$]*\((.*)\);?", text, re.DOTALL)
    try:
        return json.loads(wrapped[1] if wrapped else text)
    except ValueError:
        return None


def rows_of(bodies: Iterable[bytes], *way: str | int) -> list[Mapping[str, Any]]:
    """Return the records that lie at `way` in each reply, one after the other; replies said twice count once."""
    found: list[Mapping[str, Any]] = []
    for body in dict.fromkeys(bodies):
        place = decoded(body)
        for step in way:
            place = _inner(place, step)
        if isinstance(place, list):
            found += [record for record in place if isinstance(record, dict)]
    return found


def told(body: bytes, *way: str | int) -> Any:  # noqa: ANN401  whatever JSON holds
    """Return what lies at `way` in a reply, None where nothing does."""
    place = decoded(body)
    for step in way:
        place = _inner(place, step)
    return place


def _inner(place: Any, step: str | int) -> Any:  # noqa: ANN401  whatever JSON holds
    if isinstance(step, str):
        return place.get(step) if isinstance(place, dict) else None
    return place[step] if isinstance(place, list) and len(place) > step else None


# --- from cells to the columns of the store --------------------------------------------------------


def days(column: Iterable[object]) -> pd.Series[Any]:
    """Return dates (objects or text) as ``datetime64[s]``; NaT where there is none."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    cells = pd.Series([_written(cell) for cell in column], dtype=object)
    found = pd.to_datetime(cells, errors="coerce", format="%Y-%m-%d")
    return found.astype("datetime64[s]").set_axis(_index_of(column, cells))


def _written(cell: object) -> str | None:
    """Return a date as ``2025-08-24``; None for nanoseconds, a year alone or words, whatever pandas makes of them."""
    found = _DATE.match(str(cell).strip())
    return None if found is None else "-".join(part for part in found.groups() if part)


def numbers(column: Iterable[object]) -> pd.Series[Any]:
    """Return numbers, NaN where there is none."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    cells = pd.Series(list(column), dtype=object)
    return pd.to_numeric(cells, errors="coerce").astype("float64").set_axis(_index_of(column, cells))


def words(column: Iterable[object]) -> pd.Series[Any]:
    """Return texts without white space around them, None where there is none."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    cells = [None if str(cell).strip() in NOTHING else str(cell).strip() for cell in column]
    found = pd.Series(cells, dtype=object)
    return found.set_axis(_index_of(column, found))


def _index_of(column: Iterable[object], found: pd.Series[Any]) -> pd.Index[Any]:
    """Return the index of a column, so that what is made of it fits its frame; of a bare list, its places."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    return column.index if isinstance(column, pd.Series) else found.index


def short_name(name: object) -> str:
    """Return a short name as one writes it: Shenzhen pads with spaces and writes letters in full width."""
    return "".join(unicodedata.normalize("NFKC", str(name)).split())


def lasting_name(name: object) -> str | None:
    """Return a short name; None where it bears a mark of the day (``XD浦发银``), which also cuts it off."""
    found = short_name(name)
    return None if not found or _MARK_OF_A_DAY.match(found) else found


def symbol_of(code: object) -> str | None:
    """Return ``688256.SH`` of ``688256``; None for what is no A-share (B shares, funds, bonds)."""
    for exchange in ashare.EXCHANGES:
        symbol = f"{code}.{exchange}"
        try:
            ashare.board_of(symbol)
        except SymbolError:
            continue
        return symbol
    return None


def as_table(table: str, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return rows of a table of the store, in its columns and dtypes; columns left out are missing."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    length = next((len(values) for values in columns.values() if not isinstance(values, str)), 0)
    made = {}
    for column, kind in TABLES[table].kinds.items():
        values = columns.get(column)
        if values is None or isinstance(values, str):
            values = [values] * length
        dtype: Any = DTYPES[kind]
        cells = pd.Series(list(values), dtype=object)
        made[column] = cells.where(cells.notna(), None) if dtype == "object" else cells.astype(dtype)
    return pd.DataFrame(made)


def rating_ids(host: str, rows: pd.DataFrame) -> pd.Series[Any]:
    """Return the id of each row of ratings: 16 hex digits of what makes a report one and the same."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    parts = zip(
        rows["symbol"],
        rows["house"],
        rows["published"].dt.strftime("%Y-%m-%d"),
        rows["rating"],
        *(rows[column].map("{:.4f}".format) for column in ("target_low", "target_high")),
        strict=True,
    )
    keys = ("|".join("" if cell in {None, "nan"} else str(cell) for cell in (host, *row)) for row in parts)
    ids = [hashlib.blake2b(key.encode(), digest_size=8).hexdigest() for key in keys]
    return pd.Series(ids, index=rows.index, dtype=object)


# --- corporate actions -----------------------------------------------------------------------------


def a_share(per_ten: pd.Series[Any]) -> pd.Series[Any]:
    """Return what a share gets of what ten get; 0 where nothing is given."""
    return (per_ten.fillna(0.0) / PER).round(_DECIMALS)


def plan_faults(plan: pd.Series[Any], cash: pd.Series[Any], bonus: pd.Series[Any], transfer: pd.Series[Any]) -> Any:  # noqa: ANN401  a mask
    """Tell which plans in words (``10送3转5派1.00元``) speak of other numbers than the columns per ten shares.

    This proves units and columns at once. A plan that cannot be read proves nothing.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    given = zip(plan, cash.fillna(0.0), bonus.fillna(0.0), transfer.fillna(0.0), strict=True)
    return pd.Series([_contradicts(*row) for row in given], index=plan.index, dtype=bool)


def _contradicts(plan: str | None, cash: float, bonus: float, transfer: float) -> bool:
    text = re.sub(r"\(.*?\)", "", short_name(plan or ""))
    if not re.match(r"(?:每)?10股?(?:送|转|派)", text):
        return False
    said = [(word[0], float(number)) for word, number in _PLAN.findall(text)]
    if not said or len({word for word, _ in said}) != len(said):
        return False
    in_words = dict(said)
    return any(
        abs(in_words.get(word, 0.0) - value) > _ROUNDED
        for word, value in (("派", cash), ("送", bonus), ("转", transfer))
    )


def one_a_day(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up the actions of a symbol on one ex-date: an annual and a special dividend may fall together."""
    if not rows.duplicated(["symbol", "ex_date"]).any():
        return rows
    sums = ["cash", "shares", "bonus", "transfer"]
    how: dict[str, Any] = dict.fromkeys(rows.columns.difference(["symbol", "ex_date"]), "first")
    how |= dict.fromkeys(sums, "sum") | {"plan": lambda plans: "; ".join(plan for plan in plans if plan)}
    added = rows.groupby(["symbol", "ex_date"], as_index=False, sort=False).agg(how)
    added[sums] = added[sums].round(_DECIMALS)
    return as_table("actions", {column: added[column] for column in rows.columns})
