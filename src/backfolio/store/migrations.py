"""The schema as an ordered list of steps; each is applied once and recorded in `migrations`.

A step that was released is never edited: what it made stands on people's disks.
A later need is a later step. Inside, bars hold symbol, name and source as
numbers of `texts`, which is what makes a million rows readable in a blink;
instants are UTC without a zone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: its number (1, 2, ...), its name, and what it does to a connection."""

    number: int
    name: str
    apply: Callable[[DuckDBPyConnection], None]


def _first_tables(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        CREATE TABLE texts (id INTEGER, text VARCHAR);
        CREATE TABLE bars (
            symbol INTEGER, date DATE, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE,
            amount DOUBLE, pre_close DOUBLE, factor DOUBLE, name INTEGER, is_st BOOLEAN, traded BOOLEAN,
            up_limit DOUBLE, down_limit DOUBLE, source INTEGER);
        CREATE TABLE actions (
            symbol VARCHAR, ex_date DATE, source VARCHAR, announced DATE, record_date DATE, pay_date DATE,
            cash DOUBLE, shares DOUBLE, bonus DOUBLE, transfer DOUBLE, rights DOUBLE, rights_price DOUBLE,
            ratio DOUBLE, plan VARCHAR);
        CREATE TABLE factors (symbol VARCHAR, date DATE, source VARCHAR, factor DOUBLE);
        CREATE TABLE suspensions (symbol VARCHAR, first DATE, last DATE, reason VARCHAR, source VARCHAR);
        CREATE TABLE st_spells (symbol VARCHAR, first DATE, last DATE, kind VARCHAR, source VARCHAR);
        CREATE TABLE names (symbol VARCHAR, name VARCHAR, first DATE, source VARCHAR);
        CREATE TABLE listings (
            symbol VARCHAR, name VARCHAR, listed DATE, delisted DATE, assumed BOOLEAN, st_known_from DATE,
            source VARCHAR);
        CREATE TABLE index_bars (
            symbol VARCHAR, date DATE, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE,
            amount DOUBLE, name VARCHAR, source VARCHAR);
        CREATE TABLE second_bars (
            symbol VARCHAR, date DATE, host VARCHAR, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE,
            volume DOUBLE, amount DOUBLE);
        CREATE TABLE ratings (
            id VARCHAR, symbol VARCHAR, name VARCHAR, house VARCHAR, analyst VARCHAR, published DATE,
            time VARCHAR, rating VARCHAR, previous_rating VARCHAR, change VARCHAR, first_rating BOOLEAN,
            target_low DOUBLE, target_high DOUBLE, title VARCHAR, source VARCHAR, url VARCHAR,
            first_seen TIMESTAMP);
        CREATE TABLE catalysts (
            id VARCHAR, kind VARCHAR, title VARCHAR, known_at VARCHAR, symbols VARCHAR, segment VARCHAR,
            strength DOUBLE, source VARCHAR, certainty VARCHAR, time_known VARCHAR, note VARCHAR, house VARCHAR,
            old DOUBLE, new DOUBLE, first_seen TIMESTAMP);
        CREATE TABLE universes (
            universe VARCHAR, symbol VARCHAR, from_ DATE, name VARCHAR, name_zh VARCHAR, segment VARCHAR,
            route VARCHAR, "to" DATE, seen_at TIMESTAMP);
        CREATE TABLE findings (
            key VARCHAR, rule VARCHAR, severity VARCHAR, symbol VARCHAR, first DATE, last DATE, count BIGINT,
            value VARCHAR, remedy VARCHAR, found_at TIMESTAMP, accepted_at TIMESTAMP, because VARCHAR);
        CREATE TABLE revisions (
            "at" TIMESTAMP, "table" VARCHAR, symbol VARCHAR, date DATE, "column" VARCHAR, old VARCHAR, new VARCHAR,
            old_source VARCHAR, new_source VARCHAR);
        CREATE TABLE fetch_log (
            "at" TIMESTAMP, source VARCHAR, host VARCHAR, function VARCHAR, version VARCHAR, subject VARCHAR,
            rows BIGINT, hash VARCHAR, outcome VARCHAR, detail VARCHAR, calls BIGINT);
        CREATE TABLE quarantine (
            "at" TIMESTAMP, host VARCHAR, function VARCHAR, subject VARCHAR, reason VARCHAR, payload BLOB);
        CREATE TABLE blocks (host VARCHAR, until TIMESTAMP, reason VARCHAR);
        """
    )


MIGRATIONS: Final = (Migration(1, "first tables", _first_tables),)
"""Every step, in order."""


def version_of(connection: DuckDBPyConnection) -> int:
    """Return the number of the last step that was applied; 0 where none was."""
    import duckdb  # noqa: PLC0415  as late as every heavy import

    try:
        last = connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()
    except duckdb.CatalogException:  # no such table; to list the tables first takes a tenth of a load
        return 0
    return int(last[0]) if last else 0


def migrate(connection: DuckDBPyConnection, steps: Sequence[Migration] = MIGRATIONS) -> tuple[Migration, ...]:
    """Apply the steps that are not there yet, all of them or none; return them."""
    version = version_of(connection)
    wanted = tuple(step for step in steps if step.number > version)
    if not wanted:
        return ()
    connection.execute("BEGIN")
    connection.execute('CREATE TABLE IF NOT EXISTS migrations (number BIGINT, name VARCHAR, "at" TIMESTAMP)')
    for step in wanted:
        step.apply(connection)
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", [step.number, step.name, now])
    connection.execute("COMMIT")
    return wanted
