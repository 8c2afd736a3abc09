"""What goes into the store and comes out of it: the tables' columns, and a refresh as one `Batch`."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import pandas as pd

Kind = Literal["text", "date", "number", "whole", "flag", "instant", "bytes"]
"""What a column holds; see `DTYPES` for how a frame holds it."""

DTYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "text": "object",
        "date": "datetime64[s]",
        "number": "float64",
        "whole": "Int64",
        "flag": "boolean",
        "instant": "datetime64[us, UTC]",
        "bytes": "object",
    }
)
"""`Kind` to pandas dtype. Missing is None in text, NaT in dates and instants, NaN in numbers, NA in the rest."""

OUTCOMES: Final = ("ok", "empty", "quarantined", "refused", "failed")
"""How a call of a host, or an import, can end."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the store.

    Parameters
    ----------
    kinds
        Column name to `Kind`, in order.
    key
        The columns that make a row one and the same; () = rows are only added.
    kept
        Columns whose first value stays, whatever comes later.
    day
        The column of dates that a revision names; "" where none fits.
    whole
        A batch brings all of it: rows that it does not bring are gone, for
        they were worked out from others that say something else now.
    group
        Columns of the key by which rows belong together: a batch brings all
        rows of each group that it names, and a date that it leaves open is.
        () = each row stands alone.
    """

    kinds: Mapping[str, Kind]
    key: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    day: str = ""
    whole: bool = False
    group: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(self.kinds)

    @property
    def changing(self) -> tuple[str, ...]:
        """The columns that a later row may change."""
        return tuple(column for column in self.kinds if column not in {*self.key, *self.kept, "source"})


def _table(text: str, *, day: str = "", whole: bool = False, group: tuple[str, ...] = ()) -> Table:
    """Read a table from words: ``name``, ``name:kind``, ``*name`` (key), ``!name`` (first value stays)."""
    kinds: dict[str, Kind] = {}
    key, kept = [], []
    for word in text.split():
        name, _, kind = word.lstrip("*!").partition(":")
        kinds[name] = cast("Kind", kind or "text")
        if word[0] == "*":
            key.append(name)
        elif word[0] == "!":
            kept.append(name)
    unknown = set(kinds.values()) - set(get_args(Kind))
    if unknown:
        message = f"no such kind of column: {unknown}"
        raise ValueError(message)
    return Table(MappingProxyType(kinds), tuple(key), tuple(kept), day, whole, group)


TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        "bars": _table(
            "*symbol *date:date open:number high:number low:number close:number volume:number amount:number"
            " pre_close:number factor:number name is_st:flag traded:flag up_limit:number down_limit:number source",
            day="date",
        ),
        "actions": _table(
            "*symbol *ex_date:date *source announced:date record_date:date pay_date:date cash:number shares:number"
            " bonus:number transfer:number rights:number rights_price:number ratio:number plan",
            day="ex_date",
        ),
        "factors": _table("*symbol *date:date *source factor:number", day="date"),
        "suspensions": _table("*symbol *first:date last:date reason source", day="first"),
        "st_spells": _table("*symbol *first:date last:date kind source", day="first"),
        "names": _table("*symbol *name first:date source", day="first"),
        "listings": _table("*symbol name listed:date delisted:date assumed:flag st_known_from:date source"),
        "index_bars": _table(
            "*symbol *date:date open:number high:number low:number close:number volume:number amount:number name"
            " source",
            day="date",
        ),
        "second_bars": _table(
            "*symbol *date:date *host open:number high:number low:number close:number volume:number amount:number",
            day="date",
        ),
        "ratings": _table(
            "*id symbol name house analyst published:date time rating previous_rating change first_rating:flag"
            " target_low:number target_high:number title source url !first_seen:instant",
            day="published",
        ),
        "catalysts": _table(
            "*id kind title known_at symbols segment strength:number source certainty time_known note house"
            " old:number new:number !first_seen:instant",
            whole=True,
        ),
        "universes": _table(
            "*universe *symbol *from_:date name name_zh segment route to:date !seen_at:instant",
            day="from_",
            group=("universe", "symbol"),
        ),
        "findings": _table(
            "*key rule severity symbol first:date last:date count:whole value remedy found_at:instant"
            " accepted_at:instant because"
        ),
        "revisions": _table("at:instant table symbol date:date column old new old_source new_source"),
        "fetch_log": _table(
            "at:instant source host function version subject rows:whole hash outcome detail calls:whole"
        ),
        "quarantine": _table("at:instant host function subject reason payload:bytes"),
        "blocks": _table("*host until:instant reason"),
        "migrations": _table("*number:whole name at:instant"),
    }
)
"""Table name to its columns, in order. Prices are CNY, volume is shares, amount is CNY, as they came."""

GIVEN: Final = tuple(TABLES)[: tuple(TABLES).index("findings")]
"""The tables that a `Batch` may bring; the store writes the others itself."""

EXAMINED: Final = GIVEN[: GIVEN.index("ratings")]
"""The tables that the rules of quality look at, symbol by symbol."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One call of a host, or one import.

    Parameters
    ----------
    at
        When it ended; time-zone aware.
    source
        "akshare" or "import".
    host
        As in "eastmoney"; "" for files.
    function
        As in "stock_zh_a_hist".
    version
        Of akshare; "" for files.
    subject
        What was asked: a symbol, an index, a day as YYYY-MM-DD, or a path.
    rows
        Rows that came.
    hash
        16 hex digits over the bytes of the reply, or of the file.
    outcome
        One of `OUTCOMES`.
    detail
        What went wrong, in words; "" where nothing did.
    calls
        HTTP requests spent.
    """

    at: dt.datetime
    source: str
    host: str
    function: str
    version: str
    subject: str
    rows: int
    hash: str
    outcome: str
    detail: str = ""
    calls: int = 1


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A reply that broke its contract, kept as it came (`payload`; a frame as CSV text), and why."""

    at: dt.datetime
    host: str
    function: str
    subject: str
    reason: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """A host that must not be asked before `until` (time-zone aware), and why."""

    host: str
    until: dt.datetime
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What goes into the store in one transaction: all of it, or nothing.

    Parameters
    ----------
    tables
        Name (one of `GIVEN`) to rows. Columns in any order; one that is left
        out is missing in every row.
    log, quarantine, blocks
        What was asked of whom, what was kept aside, and who must be left alone.
    """

    tables: Mapping[str, pd.DataFrame]
    log: tuple[LogEntry, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """Rows of one table, by what became of them.

    Parameters
    ----------
    new
        Rows whose key was not there.
    revised
        Rows in which a value changed; each change is in `revisions`.
    same
        Rows that changed nothing that was known.
    filled
        Of `same`: rows that gave a value where none was.
    """

    new: int = 0
    revised: int = 0
    same: int = 0
    filled: int = 0


def empty(table: str) -> pd.DataFrame:
    """Return a frame of a table's columns and dtypes, without rows."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    kinds = TABLES[table].kinds
    return pd.DataFrame({column: pd.Series([], dtype=DTYPES[kind]) for column, kind in kinds.items()})
