"""The good copy of the store beside it, and the way back to it."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
from typing import TYPE_CHECKING, Final

from backfolio.durable import locked
from backfolio.errors import StoreError, UsageError
from backfolio.store.database import FILE, GOOD, LOCK, WRITER_WAITS, in_words, opened, said_of, synced

if TYPE_CHECKING:
    from pathlib import Path

MARGIN: Final = 64 << 20
"""Bytes that a copy must leave free on the disk."""


def snapshot(folder: Path) -> Path | None:
    """Copy the store beside itself, at once; None where there is no room. The caller holds the lock."""
    whole, copy = folder / FILE, folder / GOOD
    if shutil.disk_usage(folder).free < whole.stat().st_size + MARGIN:
        return None
    with in_words(folder):
        connection = opened(whole, read_only=False, wait=WRITER_WAITS)
        try:
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
    partial = folder / f".{GOOD}.{secrets.token_hex(4)}.partial"
    try:
        with whole.open("rb") as source, partial.open("xb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        wrong = _fault(folder, partial)
        if wrong:
            message = f"no copy is kept, for the store is not whole ({wrong}); the last good copy stays"
            raise StoreError(message)
        partial.replace(copy)
        synced(folder)
    except OSError as error:
        message = f"no copy of the store can be made in {folder}: {error.strerror}; the store itself is whole"
        raise StoreError(message) from error
    finally:
        partial.unlink(missing_ok=True)
    return copy


def restore(folder: Path) -> Path:
    """Put back what is whole, keep the torn file under another name, and return that name.

    Where only the log of the last commits is torn, the log alone goes aside:
    the file is then newer than the good copy. Otherwise the good copy takes the
    place of the file.

    Raises
    ------
    StoreError
        If another process writes to the store, or there is no good copy.
    """
    try:
        lock = locked(folder / LOCK)
    except UsageError as error:
        raise StoreError(str(error)) from error
    except OSError as error:
        message = f"nothing can be put back in {folder}: {error.strerror}"
        raise StoreError(message) from error
    try:
        return _restored(folder)
    except OSError as error:
        message = f"the good copy cannot be put back in {folder}: {error.strerror}"
        raise StoreError(message) from error
    finally:
        lock.close()


def _restored(folder: Path) -> Path:
    file, good = folder / FILE, folder / GOOD
    now = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    torn = folder / f"market.torn-{now}-{secrets.token_hex(2)}.duckdb"
    logs = {log: torn.with_name(torn.name + log.name.removeprefix(FILE)) for log in sorted(folder.glob(f"{FILE}.wal*"))}
    for log, aside in logs.items():
        log.rename(aside)
    if logs and file.exists() and not _fault(folder, file):
        synced(folder)
        return next(iter(logs.values()))
    partial = folder / f".{FILE}.{secrets.token_hex(4)}.partial"
    try:
        _demand_whole(folder, good)
        shutil.copyfile(good, partial)
    except (OSError, StoreError):
        partial.unlink(missing_ok=True)
        for log, aside in logs.items():
            aside.rename(log)
        raise
    if file.exists():
        file.rename(torn)
    partial.replace(file)
    synced(folder)
    return torn


def _demand_whole(folder: Path, good: Path) -> None:
    if not good.exists():
        message = (
            f"there is no good copy {good} to put back: move {folder / FILE} away, then `fetch` or `import` fills "
            "a new store"
        )
        raise StoreError(message)
    wrong = _fault(folder, good)
    if wrong:
        message = f"the copy {good} cannot be used either ({wrong}): move both away, then `fetch` fills a new store"
        raise StoreError(message)


def _fault(folder: Path, path: Path) -> str:
    """Read every block of a file and say what is wrong with it; "" where nothing is."""
    import duckdb  # noqa: PLC0415  as late as every heavy import

    try:
        connection = opened(path, read_only=True, wait=0)
        try:
            names = connection.execute(
                "SELECT table_name, string_agg('count(\"' || column_name || '\")', ', ') FROM duckdb_columns()"
                " WHERE NOT internal GROUP BY table_name"
            ).fetchall()
            for table, counts in names:
                connection.execute(f'SELECT {counts} FROM "{table}"').fetchall()  # noqa: S608  names of the file itself
        finally:
            connection.close()
    except duckdb.Error as error:
        return said_of(folder, error)
    return ""
