"""Rows into a table by their key: what is new, what fills, what changes, and the record of changes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from backfolio.store.frames import NUMBERED, SQL_TYPES, apart, shaped
from backfolio.store.model import TABLES, Count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from duckdb import DuckDBPyConnection

    from backfolio.store.model import Table


def merge(
    connection: DuckDBPyConnection, name: str, rows: pd.DataFrame, at: dt.datetime
) -> tuple[Count, frozenset[str]]:
    """Put `shaped` rows into a table, inside a transaction of the caller.

    Parameters
    ----------
    connection
        Open for writing, in a transaction.
    name
        One of `GIVEN`.
    rows
        As `shaped` returns them; at least one.
    at
        When; the instant that changes are recorded with.

    Returns
    -------
    count
        What became of the rows.
    symbols
        Of the rows that are not what they were; empty for a table without symbols.
    """
    table, counts, touched = TABLES[name], [], set()
    naive = at.astimezone(dt.UTC).replace(tzinfo=None)
    for column in table.kept:
        rows[column] = rows[column].fillna(naive)
    if table.group:
        _regroup(connection, name, rows)
    for part in apart(rows, table.key):
        _come(connection, name, part)
        counts.append(_meet(connection, name))
        if "symbol" in table.kinds:
            touched |= _touched(connection, name)
        if counts[-1].revised and not table.whole:
            _record(connection, name, naive)
        if counts[-1].revised or counts[-1].filled:
            _update(connection, name)
        if counts[-1].new:
            _insert(connection, name)
        connection.execute("DROP TABLE met")
    sums = Count(
        sum(count.new for count in counts),
        sum(count.revised for count in counts),
        sum(count.same for count in counts),
        sum(count.filled for count in counts),
    )
    return sums, frozenset(touched)


def _regroup(connection: DuckDBPyConnection, name: str, rows: pd.DataFrame) -> None:
    """Take out the rows of the groups that `rows` names and does not bring, and the dates that it leaves open."""
    table = TABLES[name]
    columns = ", ".join(f'{_cast(column, table)} AS "{column}"' for column in (*table.key, *table.changing))
    connection.register("given", rows)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE told AS SELECT {columns} FROM given")  # noqa: S608
    connection.unregister("given")
    of_group, of_row = (
        " AND ".join(f't."{column}" IS NOT DISTINCT FROM g."{column}"' for column in names)
        for names in (table.group, table.key)
    )
    told = "EXISTS (SELECT 1 FROM told g WHERE {})"
    connection.execute(f'DELETE FROM "{name}" t WHERE {told.format(of_group)} AND NOT {told.format(of_row)}')  # noqa: S608
    for column in (column for column in table.changing if table.kinds[column] == "date"):
        connection.execute(
            f'UPDATE "{name}" t SET "{column}" = NULL FROM told g WHERE {of_row} AND g."{column}" IS NULL'  # noqa: S608
        )
    connection.execute("DROP TABLE told")


def append(connection: DuckDBPyConnection, name: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Add rows to a table as they are, inside a transaction of the caller."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    if rows:
        frame = shaped(name, pd.DataFrame(list(rows)))
        connection.register("given", frame)
        columns = ", ".join(_cast(column, TABLES[name]) for column in TABLES[name].columns)
        connection.execute(f'INSERT INTO "{name}" SELECT {columns} FROM given')  # noqa: S608  names are of TABLES
        connection.unregister("given")


def _cast(column: str, table: Table) -> str:
    return f'CAST("{column}" AS {SQL_TYPES[table.kinds[column]]})'


def _come(connection: DuckDBPyConnection, name: str, rows: pd.DataFrame) -> None:
    """Make the temporary table `came` of rows, in the types of the table."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    table, numbered = TABLES[name], NUMBERED.get(name, ())
    if numbered:
        numbers = _numbers(connection, {text for column in numbered for text in rows[column].cat.categories})
        rows = rows.copy(deep=False)
        for column in numbered:
            code = rows[column].cat.codes.to_numpy()
            of = [numbers[text] for text in rows[column].cat.categories]
            rows[column] = pd.array([*of, None], dtype="Int32")[code]
    connection.register("given", rows)
    casts = ", ".join(
        f'CAST("{column}" AS INTEGER) AS "{column}"' if column in numbered else f'{_cast(column, table)} AS "{column}"'
        for column in table.columns
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE came AS SELECT {casts} FROM given")  # noqa: S608
    connection.unregister("given")


def _numbers(connection: DuckDBPyConnection, texts: set[str]) -> dict[str, int]:
    """Return the number of each text; those that have none get the next ones, in their order."""
    numbers = {text: number for number, text in connection.execute("SELECT id, text FROM texts").fetchall()}
    new = sorted(texts - numbers.keys())
    if new:
        start = max(numbers.values(), default=-1) + 1
        numbers |= {text: start + place for place, text in enumerate(new)}
        connection.execute(
            "INSERT INTO texts SELECT unnest(?::INTEGER[]), unnest(?::VARCHAR[])",
            [[numbers[text] for text in new], new],
        )
    return numbers


def _meet(connection: DuckDBPyConnection, name: str) -> Count:
    """Make the temporary table `met`: what came, beside the place of the row that it meets."""
    table = TABLES[name]
    on = " AND ".join(f'c."{column}" IS NOT DISTINCT FROM t."{column}"' for column in table.key)
    revised = " OR ".join(f"({_revised(column, 'c')})" for column in table.changing) or "false"
    filled = " OR ".join(f'(c."{column}" IS NOT NULL AND t."{column}" IS NULL)' for column in table.changing) or "false"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE met AS SELECT c.*, t.rowid AS held,"  # noqa: S608
        f" t.rowid IS NOT NULL AND coalesce({revised}, false) AS revised,"
        f" t.rowid IS NOT NULL AND ({filled}) AS filled"
        f' FROM came c LEFT JOIN "{name}" t ON {on}'
    )
    connection.execute("DROP TABLE came")
    found = connection.execute(
        "SELECT count(*), count(*) FILTER (held IS NULL), count(*) FILTER (revised),"
        " count(*) FILTER (filled AND NOT revised) FROM met"
    ).fetchone()
    every, new, changed, given = found or (0, 0, 0, 0)
    return Count(new, changed, every - new - changed, given)


def _touched(connection: DuckDBPyConnection, name: str) -> set[str]:
    """Return the symbols whose rows `met` adds or changes."""
    symbols = "SELECT DISTINCT symbol FROM met WHERE held IS NULL OR revised OR filled"
    if "symbol" in NUMBERED.get(name, ()):
        symbols = f"SELECT text FROM texts WHERE id IN ({symbols})"  # noqa: S608  no cell of a user
    return {str(symbol) for (symbol,) in connection.execute(symbols).fetchall() if symbol is not None}


def _revised(column: str, came: str) -> str:
    return f'{came}."{column}" IS NOT NULL AND t."{column}" IS NOT NULL AND {came}."{column}" <> t."{column}"'


def _record(connection: DuckDBPyConnection, name: str, at: dt.datetime) -> None:
    """Write every changed value into `revisions`, with the old one."""
    table, numbered = TABLES[name], NUMBERED.get(name, ())

    def text(column: str, side: str) -> str:
        if column not in table.kinds:
            return "NULL"
        if column in numbered:
            return f'(SELECT text FROM texts WHERE id = {side}."{column}")'  # noqa: S608
        return f'CAST({side}."{column}" AS VARCHAR)'

    symbol = text("symbols" if "symbols" in table.kinds else "symbol", "t")
    day, order = (f't."{table.day}"', f'{symbol}, t."{table.day}"') if table.day else ("NULL", symbol)
    for column in table.changing:
        connection.execute(
            f"INSERT INTO revisions SELECT ?, ?, {symbol}, {day}, ?, {text(column, 't')}, {text(column, 'm')},"  # noqa: S608
            f' {text("source", "t")}, {text("source", "m")} FROM met m JOIN "{name}" t ON t.rowid = m.held'
            f" WHERE m.revised AND {_revised(column, 'm')} ORDER BY {order}",
            [at, name, column],
        )


def _update(connection: DuckDBPyConnection, name: str) -> None:
    table = TABLES[name]
    sets = [f'"{column}" = coalesce(m."{column}", t."{column}")' for column in table.changing]
    if "source" in table.kinds and "source" not in table.key:
        sets.append("source = CASE WHEN m.revised THEN coalesce(m.source, t.source) ELSE t.source END")
    connection.execute(
        f'UPDATE "{name}" t SET {", ".join(sets)} FROM met m WHERE t.rowid = m.held AND (m.revised OR m.filled)'  # noqa: S608
    )


def _insert(connection: DuckDBPyConnection, name: str) -> None:
    columns = ", ".join(f'"{column}"' for column in TABLES[name].columns)
    key = ", ".join(f'"{column}"' for column in TABLES[name].key)
    connection.execute(
        f'INSERT INTO "{name}" ({columns}) SELECT {columns} FROM met WHERE held IS NULL ORDER BY {key}'  # noqa: S608
    )
