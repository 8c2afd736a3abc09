"""`reading`: what is in the store, as frames, as the import format, and as answers to small questions."""

from __future__ import annotations

import datetime as dt
import math
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio import calendar
from backfolio.catalysts import Catalyst
from backfolio.errors import StoreError, command, did_you_mean
from backfolio.quality.model import Finding, Held
from backfolio.quality.rules import SEVERITIES, UNEXAMINED
from backfolio.store import tables as import_format
from backfolio.store.database import FILE, READER_WAITS, exists, in_words, known, opened
from backfolio.store.frames import NUMBERED, fetched, framed
from backfolio.store.model import TABLES, Block, LogEntry
from backfolio.store.tables import SOME
from backfolio.universe import Member, Universe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    from backfolio.bars import Tables

_TOLD: Final = tuple(name for name in TABLES["catalysts"].columns if name != "first_seen")
_FOUND: Final = ("rule", "severity", "symbol", "first", "last", "count", "value", "remedy", "because")
_BLANK: Final[Mapping[str, str | float]] = {"text": "", "number": math.nan}

PUBLISHED_AT = dt.time(17, 0)
"""When, Shanghai time, the hosts have a session's bars."""


def demand(folder: Path) -> None:
    """Refuse where there is no store; `writing` would make one.

    Raises
    ------
    StoreError
        If there is none.
    """
    if not exists(folder):
        message = (
            f"there is no store in {folder} yet: {command('fetch --universe NAME')} fills it from the network, "
            f"{command('import PATH')} from files"
        )
        raise StoreError(message)


@contextmanager
def reading(folder: Path) -> Iterator[Reader]:
    """Open the store for reading; wait for up to `READER_WAITS` seconds while a writer commits.

    A store of an earlier version is brought up to date first.

    Raises
    ------
    StoreError
        If there is no store, it is in use, torn, or made by a newer version.
    """
    demand(folder)
    with connected(folder) as reader:
        if reader.current(folder):
            yield reader
            return
    from backfolio.store.write import writing  # noqa: PLC0415  it imports this module

    with writing(folder):
        pass
    with connected(folder) as reader:
        yield reader


@contextmanager
def connected(folder: Path) -> Iterator[Reader]:
    """Open a store for reading, of whatever version."""
    with in_words(folder):
        connection = opened(folder / FILE, read_only=True, wait=READER_WAITS)
        try:
            yield Reader(connection)
        finally:
            connection.close()


class Reader:
    """What can be asked of the store, at one moment of it.

    Parameters
    ----------
    connection
        Open for reading, for as long as the reader is used.

    Notes
    -----
    `symbols` = None means all; a symbol that is not there is just absent.
    """

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def current(self, folder: Path) -> bool:
        """Tell whether the store has every step of the schema; raise `StoreError` if it has unknown ones."""
        return known(folder, self._connection)

    @cached_property
    def _texts(self) -> NDArray[np.object_]:
        """Text of every number of `texts`; "" for -1."""
        found = fetched(self._connection.execute("SELECT id, text FROM texts"))
        texts = np.full(len(found["id"]) + 1, "", dtype=object)
        texts[found["id"]] = found["text"]
        return texts

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols with bars, sorted."""
        return tuple(sorted(self.last_bar()))

    def indexes(self) -> tuple[str, ...]:
        """Return the indexes with bars, sorted."""
        found = self._connection.execute("SELECT DISTINCT symbol FROM index_bars ORDER BY symbol").fetchall()
        return tuple(symbol for (symbol,) in found)

    def unexamined(self) -> tuple[str, ...]:
        """Return the symbols and indexes some of whose rows no rule has looked at yet, sorted."""
        sql = "SELECT symbol FROM findings WHERE rule = ? ORDER BY symbol"
        return tuple(symbol for (symbol,) in self._connection.execute(sql, [UNEXAMINED]).fetchall())

    def counts(self) -> Mapping[str, int]:
        """Return the rows of each table."""
        return {name: int(self._one(f'SELECT count(*) FROM "{name}"')) for name in TABLES}  # noqa: S608  names of ours

    def span(self) -> tuple[dt.date, dt.date] | None:
        """Return the dates of the first and the last bar; None without any."""
        first, last = (self._one(f"SELECT {which}(date) FROM bars") for which in ("min", "max"))  # noqa: S608  of ours
        return None if first is None else (_date(first), _date(last))

    def last_bar(self) -> Mapping[str, np.datetime64]:
        """Return each symbol's last session with a row, ``datetime64[D]``."""
        rows = fetched(self._connection.execute("SELECT symbol, max(date) AS date FROM bars GROUP BY symbol"))
        days = np.asarray(rows["date"]).astype("datetime64[D]")
        return {str(self._texts[number]): day for number, day in zip(rows["symbol"], days, strict=True)}

    def frame(self, table: str, symbols: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table in its columns; see `TABLES` and `DTYPES`.

        Sorted by its key; a table that is only added to, in the order of time.
        Text that is missing is "".

        Raises
        ------
        StoreError
            If there is no such table.
        """
        if table not in TABLES:
            message = f"the store has no table {table!r}{did_you_mean(table, TABLES)}: it has {', '.join(TABLES)}"
            raise StoreError(message)
        frame = framed(table, fetched(self._asked(table, TABLES[table].columns, symbols)), self._texts)
        if table in NUMBERED:
            frame = frame.sort_values(list(TABLES[table].key), kind="stable", ignore_index=True)
        return frame

    def tables(self, symbols: Sequence[str] | None = None, *, derived: bool = True) -> Tables:
        """Return bars, indexes, corporate actions and listings in the import format.

        Bars are sorted by symbol and date and have only the columns that hold
        anything; `symbol` and `name` are categorical. Every index is there.
        Where it is `derived`, a bar says of risk warning what follows from the
        dated spells; else the spells stand beside the bars, as they were told.
        """
        numbers = None if symbols is None else self._numbers(symbols)
        return import_format.tables(self._connection, self._texts, symbols, numbers, derived=derived)

    def held(self, symbols: Sequence[str] | None = None) -> Held:
        """Return what an examination of the data looks at."""
        names = ("actions", "factors", "suspensions", "st_spells", "names", "listings", "second_bars", "revisions")
        frames = {name: self.frame(name, symbols) for name in names}
        return Held(
            tables=self.tables(symbols),
            quarantine=self.frame("quarantine"),
            universes=self.universes(),
            as_of=self.as_of(),
            symbols=None if symbols is None else tuple(symbols),
            **frames,
        )

    def as_of(self) -> np.datetime64:
        """Return the last session that should be there: NaT where the store is empty.

        That is the last one that was over at the last answer of a host, and no
        earlier than the last bar; data that came from files alone ends where
        the files end.
        """
        last = max(self.last_bar().values(), default=np.datetime64("NaT", "D"))
        asked = self._one("SELECT max(\"at\") FROM fetch_log WHERE host <> '' AND outcome IN ('ok', 'empty')")
        if asked is None:
            return last
        local = asked.replace(tzinfo=dt.UTC).astimezone(calendar.SHANGHAI)
        day = np.datetime64(local.date(), "D")
        sessions = calendar.all_sessions()
        at = np.searchsorted(sessions, day, side="right" if local.time() >= PUBLISHED_AT else "left")
        session: np.datetime64 = sessions[max(int(at) - 1, 0)]
        return session if np.isnat(last) or session > last else last

    def universes(self) -> tuple[Universe, ...]:
        """Return the universes that were fetched, by name."""
        members: dict[str, list[Member]] = {}
        for row in self.frame("universes").to_dict("records"):
            words: Any = (row[name] for name in ("symbol", "name", "name_zh", "segment", "route"))
            days = (np.datetime64(_day(row[name]), "D") for name in ("from_", "to"))
            members.setdefault(row["universe"], []).append(Member(*words, *days))
        return tuple(Universe(name, tuple(every)) for name, every in sorted(members.items()))

    def catalysts(self, symbols: Sequence[str] | None = None) -> tuple[Catalyst, ...]:
        """Return catalysts that name one of the symbols, or a segment; sorted by (known_at, id)."""
        wanted = None if symbols is None else set(symbols)
        found = []
        for fields in self._rows("catalysts", _TOLD):
            fields["symbols"] = tuple(fields["symbols"].split(";")) if fields["symbols"] else ()
            if wanted is not None and not fields["segment"] and not wanted.intersection(fields["symbols"]):
                continue
            fields |= {name: None if np.isnan(fields[name]) else fields[name] for name in ("old", "new")}
            found.append(Catalyst(**fields | {"known_at": dt.datetime.fromisoformat(fields["known_at"])}))
        return tuple(sorted(found, key=lambda one: (one.known_at, one.id)))

    def findings(self, symbols: Sequence[str] | None = None, *, open_errors: bool = False) -> tuple[Finding, ...]:
        """Return findings, most serious first; `open_errors` leaves only errors that nobody accepted."""
        found = (Finding(*row.values()) for row in self._rows("findings", _FOUND, symbols))
        wanted = (one for one in found if one.is_open_error or not open_errors)
        return tuple(sorted(wanted, key=_rank))

    def calls_today(self, now: dt.datetime | None = None) -> Mapping[str, int]:
        """Return the requests spent by host on this day in Shanghai; none that a wrong clock put on a later one."""
        local = (now or dt.datetime.now(dt.UTC)).astimezone(calendar.SHANGHAI)
        midnight = dt.datetime.combine(local.date(), dt.time(), calendar.SHANGHAI).astimezone(dt.UTC)
        begins = midnight.replace(tzinfo=None)
        rows = self._connection.execute(
            'SELECT host, sum(calls) FROM fetch_log WHERE "at" >= ? AND "at" < ? AND host <> \'\' GROUP BY host'
            " ORDER BY host",
            [begins, begins + dt.timedelta(days=1)],
        ).fetchall()
        return {host: int(calls) for host, calls in rows}

    def blocks(self) -> Mapping[str, Block]:
        """Return each host that was told to be left alone, those whose time has passed included."""
        rows = self._connection.execute("SELECT host, until, reason FROM blocks ORDER BY host").fetchall()
        return {host: Block(host, until.replace(tzinfo=dt.UTC), reason or "") for host, until, reason in rows}

    def asked(self, function: str, since: dt.datetime | None = None) -> frozenset[str]:
        """Return the subjects that a function has answered (also with nothing), at `since` or later."""
        rows = self._connection.execute(
            "SELECT DISTINCT subject FROM fetch_log"
            " WHERE function = ? AND outcome IN ('ok', 'empty') AND \"at\" >= coalesce(?, \"at\")",
            [function, None if since is None else since.astimezone(dt.UTC).replace(tzinfo=None)],
        ).fetchall()
        return frozenset(row[0] for row in rows)

    def answered(self, function: str) -> Mapping[str, tuple[dt.datetime, ...]]:
        """Return when a function answered (also with nothing), by subject; ascending, time-zone aware."""
        rows = self._connection.execute(
            'SELECT subject, list("at" ORDER BY "at") FROM fetch_log'
            " WHERE function = ? AND outcome IN ('ok', 'empty') GROUP BY subject ORDER BY subject",
            [function],
        ).fetchall()
        return {subject: tuple(at.replace(tzinfo=dt.UTC) for at in times) for subject, times in rows}

    def log(self, limit: int) -> tuple[LogEntry, ...]:
        """Return the last calls of hosts and imports in the order in which they came in, the newest first."""
        columns = ", ".join(f'"{column}"' for column in TABLES["fetch_log"].columns)
        sql = f"SELECT {columns} FROM fetch_log ORDER BY rowid DESC LIMIT ?"  # noqa: S608
        rows = self._connection.execute(sql, [limit]).fetchall()
        return tuple(_entry(*row) for row in rows)

    def _asked(self, table: str, columns: Sequence[str], symbols: Sequence[str] | None) -> DuckDBPyConnection:
        """Ask for columns of a table, of some symbols where it has any, by its key; numbered ones in no order."""
        where, values = "", []
        if symbols is not None and "symbol" in TABLES[table].kinds:
            numbered = "symbol" in NUMBERED.get(table, ())
            where = " WHERE " + ("symbol IN (SELECT unnest(?::INTEGER[]))" if numbered else SOME)
            values = [self._numbers(symbols) if numbered else list(symbols)]
        names = ", ".join(f'"{column}"' for column in columns)
        order = "" if table in NUMBERED else ", ".join(f'"{column}"' for column in TABLES[table].key)
        sql = f'SELECT {names} FROM "{table}"{where}' + (f" ORDER BY {order}" if order else "")  # noqa: S608
        return self._connection.execute(sql, values)

    def _rows(self, table: str, columns: Sequence[str], symbols: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Return rows of a small table, which a frame would take longer to make than to ask for.

        Missing is "" in text, NaN in numbers and None in the rest.
        """
        blank = [_BLANK.get(TABLES[table].kinds[column]) for column in columns]
        rows = self._asked(table, columns, symbols).fetchall()
        return [
            {name: none if cell is None else cell for name, cell, none in zip(columns, row, blank, strict=True)}
            for row in rows
        ]

    def _numbers(self, symbols: Sequence[str]) -> list[int]:
        place = {text: number for number, text in enumerate(self._texts[:-1])}
        return sorted({place[symbol] for symbol in symbols if symbol in place})

    def _one(self, sql: str) -> Any:  # noqa: ANN401  of the type of the column
        found = self._connection.execute(sql).fetchone()
        return found[0] if found else None


def _entry(at: dt.datetime, *cells: Any) -> LogEntry:  # noqa: ANN401  of the types of the columns
    known_cells: Any = ("" if cell is None else cell for cell in cells)
    return LogEntry(at.replace(tzinfo=dt.UTC), *known_cells)


def _date(moment: dt.date) -> dt.date:
    return moment.date() if isinstance(moment, dt.datetime) else moment


def _day(stamp: pd.Timestamp) -> dt.date | None:
    return None if stamp != stamp else stamp.date()  # noqa: PLR0124  NaT differs from itself


def _rank(finding: Finding) -> tuple[int, str, str, str]:
    return (SEVERITIES.index(finding.severity), finding.rule, finding.symbol, str(finding.first))
