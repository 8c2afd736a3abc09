"""`writing`: the one process that may change the store, a whole refresh at a time."""

from __future__ import annotations

import datetime as dt
import os
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from backfolio.durable import locked, uninterrupted
from backfolio.errors import StoreError, UsageError, command, did_you_mean
from backfolio.quality.model import Finding
from backfolio.quality.rules import RULES, UNEXAMINED
from backfolio.store.copies import snapshot
from backfolio.store.database import FILE, LOCK, WHOLE, WRITER_WAITS, create, in_words, opened, upgrade
from backfolio.store.frames import shaped
from backfolio.store.merge import append, merge
from backfolio.store.model import EXAMINED, GIVEN, TABLES, Count
from backfolio.store.read import Reader, connected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from duckdb import DuckDBPyConnection

    from backfolio.store.model import Batch

_HERE: Final[set[str]] = set()
"""Folders that this process writes to: the system's lock is of a process and lets the same one in twice."""

_GUARD: Final = threading.Lock()

_NOTHING: Final = f"{WHOLE}, nothing of the last refresh is in"
_NOT_EXAMINED: Final = (
    f"{WHOLE}, what came last too, but not what an examination found of it: runs refuse it until it is examined"
)


@contextmanager
def writing(folder: Path) -> Iterator[Writer]:
    """Hold the store for writing; make it, or bring its schema up to date, where needed.

    Raises
    ------
    StoreError
        If another process writes to it, or the file cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        where = os.path.realpath(folder)
        with _GUARD:
            if where in _HERE:
                message = f"this program is writing to {folder} already: let it finish first"
                raise StoreError(message)
            lock = locked(folder / LOCK)
            _HERE.add(where)
    except UsageError as error:
        raise StoreError(str(error)) from error
    except OSError as error:
        message = f"no store can be kept in {folder}: {error.strerror}"
        raise StoreError(message) from error
    try:
        create(folder)
        upgrade(folder)
        yield Writer(folder)
    finally:
        with _GUARD:
            _HERE.discard(where)
            lock.close()


class Writer:
    """What may be done to the store while nobody else writes.

    Parameters
    ----------
    folder
        Where the store lies. The file is open during each call only, so that
        others can read in between.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, batch: Batch) -> Mapping[str, Count]:
        """Put a batch in, in one transaction, and return what became of each table's rows.

        A row whose key is there updates it: a missing value erases nothing, a
        first value is filled in, a changed one is written over and recorded in
        `revisions`. The source of a row is that of its last changed value. Rows
        that repeat a key of the same batch count as having come later.

        Every symbol with bars, and every index, whose rows are not what they
        were gets an open finding `unexamined` with them: runs refuse it until
        `replace_findings` tells what an examination found, whatever happens in
        between.

        Raises
        ------
        StoreError
            If a frame does not fit its table, the disk is full, or the store
            cannot be used: nothing of the batch is in then.
        """
        for name in batch.tables:
            if name not in GIVEN:
                message = f"a batch has no table {name!r}{did_you_mean(name, GIVEN)}: it has {', '.join(GIVEN)}"
                raise StoreError(message)
        rows = {name: shaped(name, frame) for name, frame in batch.tables.items() if len(frame)}
        at = dt.datetime.now(dt.UTC)
        counts: dict[str, Count] = {name: Count() for name in batch.tables}
        touched: dict[str, frozenset[str]] = {}
        with self._transaction(_NOTHING) as connection:
            for name, frame in rows.items():
                counts[name], touched[name] = merge(connection, name, frame, at)
            for name in batch.tables:
                if TABLES[name].whole:
                    _keep_only(connection, name, rows.get(name))
            append(connection, "fetch_log", [asdict(entry) for entry in batch.log])
            append(connection, "quarantine", [asdict(reply) for reply in batch.quarantine])
            latest = {block.host: asdict(block) for block in batch.blocks}
            for host in latest:
                connection.execute("DELETE FROM blocks WHERE host = ?", [host])
            append(connection, "blocks", list(latest.values()))
            _mark(connection, touched, at)
        return counts

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Read what is in the store now; put nothing while this is open."""
        with connected(self.folder) as reader:
            yield reader

    def replace_findings(self, findings: Sequence[Finding], symbols: Sequence[str] | None) -> None:
        """Put the findings of an examination in the place of the earlier ones of the same symbols.

        A finding that was there keeps the time when it was first found and,
        where it was accepted, stays so.

        Parameters
        ----------
        findings
            What was found.
        symbols
            Whose earlier findings go; "" stands for those of the whole store.
            None = all.
        """
        keys = {finding.key: finding for finding in findings}
        now = dt.datetime.now(dt.UTC)
        with self._transaction(_NOT_EXAMINED) as connection:
            held = connection.execute("SELECT key, found_at, accepted_at, because FROM findings").fetchall()
            before = {key: (_utc(found), _utc(accepted), because) for key, found, accepted, because in held}
            if symbols is None:
                connection.execute("DELETE FROM findings")
            else:
                gone = "DELETE FROM findings WHERE list_contains(?, coalesce(symbol, '')) OR list_contains(?, key)"
                connection.execute(gone, [list(symbols), list(keys)])
            append(
                connection, "findings", [_row(one, before.get(key, (now, None, "")), now) for key, one in keys.items()]
            )

    def accept(self, key: str, because: str) -> None:
        """Mark a finding as looked at and right, with the reason.

        Raises
        ------
        UsageError
            If no finding has the key, no reason is given, or no run could read
            the rows all the same (`Rule.acceptable`).
        """
        if not because.strip():
            message = f"finding {key}: say why it is accepted, as in --because 'the exchange announced it'"
            raise UsageError(message)
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        with self._transaction(f"{WHOLE}, nothing was accepted") as connection:
            rules = dict(connection.execute("SELECT key, rule FROM findings").fetchall())
            keys = list(rules)
            if key not in keys:
                listing = f": the store has {len(keys)}, which {command('data check --all')} lists"
                hint = did_you_mean(key, keys) or listing
                message = f"no finding {key!r}{hint}"
                raise UsageError(message)
            rule = RULES.get(rules[key])
            if rule is not None and not rule.acceptable:
                message = f"finding {key} ({rule.name}) cannot be accepted, for no run could read it: {rule.remedy}"
                raise UsageError(message)
            connection.execute(
                "UPDATE findings SET accepted_at = ?, because = ? WHERE key = ?", [now, because.strip(), key]
            )

    def snapshot(self) -> Path | None:
        """Copy the whole store to ``market.good.duckdb`` beside it, at once; None where there is no room."""
        return snapshot(self.folder)

    @contextmanager
    def _transaction(self, standing: str) -> Iterator[DuckDBPyConnection]:
        """Open the file, let the block change it, and commit; nothing stays of a block that fails."""
        with uninterrupted(), in_words(self.folder, standing):
            connection = opened(self.folder / FILE, read_only=False, wait=WRITER_WAITS)
            try:
                connection.execute("BEGIN")
                yield connection
                connection.execute("COMMIT")
            finally:
                # What was committed is in the log, whatever becomes of the checkpoint that closing makes;
                # what was not is undone by closing.
                with suppress(Exception):
                    connection.close()


def _keep_only(connection: DuckDBPyConnection, name: str, frame: pd.DataFrame | None) -> None:
    """Take out the rows of a table that a frame, which has all of it, does not bring."""
    (key,) = TABLES[name].key
    brought = [] if frame is None else frame[key].tolist()
    connection.execute(f"DELETE FROM {name} WHERE NOT list_contains(?, {key})", [brought])  # noqa: S608  a name of ours


def _mark(connection: DuckDBPyConnection, touched: Mapping[str, frozenset[str]], at: dt.datetime) -> None:
    """Write the finding `unexamined` for what no rule has looked at as it now is.

    A symbol without bars is nothing that a run could read: it is marked with its first bar.
    """
    symbols = frozenset[str]().union(*(touched.get(name, ()) for name in EXAMINED if name != "index_bars"))
    if symbols:
        of_bars = "SELECT DISTINCT text FROM texts JOIN (SELECT DISTINCT symbol FROM bars) ON id = symbol"
        symbols &= {text for (text,) in connection.execute(of_bars).fetchall()}
    rule = RULES[UNEXAMINED]
    found = [
        Finding(rule.name, rule.severity, symbol, None, None, 1, "rows that no rule has looked at yet", rule.remedy)
        for symbol in sorted(symbols | touched.get("index_bars", frozenset()))
    ]
    marked = {key for (key,) in connection.execute("SELECT key FROM findings WHERE rule = ?", [rule.name]).fetchall()}
    append(connection, "findings", [_row(one, (at, None, ""), at) for one in found if one.key not in marked])


def _utc(instant: dt.datetime | None) -> dt.datetime | None:
    return None if instant is None else instant.replace(tzinfo=dt.UTC)


def _row(
    finding: Finding, before: tuple[dt.datetime | None, dt.datetime | None, str | None], now: dt.datetime
) -> dict[str, object]:
    found_at, accepted_at, because = before
    because = because or finding.accepted
    return {
        "key": finding.key,
        "rule": finding.rule,
        "severity": finding.severity,
        "symbol": finding.symbol,
        "first": finding.first,
        "last": finding.last,
        "count": finding.count,
        "value": finding.value,
        "remedy": finding.remedy,
        "found_at": found_at,
        "accepted_at": (accepted_at or now) if because else None,
        "because": because,
    }
