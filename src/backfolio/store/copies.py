"""The good copy of the store beside it, and the way back to it."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from backfolio.calendar import clock_text
from backfolio.durable import locked
from backfolio.errors import StoreError, UsageError, command, counted
from backfolio.store.database import FILE, GOOD, LOCK, WRITER_WAITS, in_words, kept_out, opened, said_of, synced

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


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a store that was put back.

    Parameters
    ----------
    kept
        What was there before, under its new name; None where nothing was.
    copied
        Whether the good copy is in its place; False where the file itself was
        sound, and only the log of the last commits went aside.
    """

    kept: Path | None
    copied: bool


def restore(folder: Path, *, older: bool = False) -> Restored:
    """Put back what is whole, and keep what was there under another name.

    Where only the log of the last commits is torn, the log alone goes aside:
    the file is then newer than the good copy. Otherwise the good copy takes the
    place of the file.

    Parameters
    ----------
    folder
        Of the store.
    older
        Put the good copy in the place of a sound store as well, which loses
        what came since.

    Raises
    ------
    StoreError
        If another process has the store, it is sound and `older` is not asked,
        or there is no good copy.
    """
    try:
        lock = locked(folder / LOCK)
    except UsageError as error:
        raise StoreError(str(error)) from error
    except OSError as error:
        message = f"nothing can be put back in {folder}: {error.strerror}"
        raise StoreError(message) from error
    try:
        return _restored(folder, older=older)
    except OSError as error:
        message = f"the good copy cannot be put back in {folder}: {error.strerror}"
        raise StoreError(message) from error
    finally:
        lock.close()


def _restored(folder: Path, *, older: bool) -> Restored:
    file, good = folder / FILE, folder / GOOD
    sound = file.exists() and not _fault(folder, file)
    if sound and not older:
        raise StoreError(_nothing_torn(folder))
    now = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    kept = folder / f"market.{'before' if sound else 'torn'}-{now}-{secrets.token_hex(2)}.duckdb"
    logs = {log: kept.with_name(kept.name + log.name.removeprefix(FILE)) for log in sorted(folder.glob(f"{FILE}.wal*"))}
    for log, aside in logs.items():
        log.rename(aside)
    if logs and not sound and file.exists() and not _fault(folder, file):
        synced(folder)
        return Restored(next(iter(logs.values())), copied=False)
    partial = folder / f".{FILE}.{secrets.token_hex(4)}.partial"
    try:
        _demand_whole(folder, good)
        shutil.copyfile(good, partial)
    except (OSError, StoreError):
        partial.unlink(missing_ok=True)
        for log, aside in logs.items():
            aside.rename(log)
        raise
    before = next(iter(logs.values()), None)
    if file.exists():
        before = file.rename(kept)
    partial.replace(file)
    synced(folder)
    return Restored(before, copied=True)


def _nothing_torn(folder: Path) -> str:
    """Say what a sound store and the good copy of it have."""
    file, good = folder / FILE, folder / GOOD
    if not good.exists():
        copy = "there is no good copy beside it"
    elif _fault(folder, good):
        copy = f"the copy {good} is torn"
    else:
        back = f"{command('data restore --older')} goes back to it all the same"
        copy = f"the good copy has {_said_to_hold(good)}; {back}"
    return f"the store {file} is sound and has {_said_to_hold(file)}, so nothing is put back: {copy}"


def _said_to_hold(path: Path) -> str:
    connection = opened(path, read_only=True, wait=0)
    try:
        symbols, last = connection.execute("SELECT count(DISTINCT symbol), max(date) FROM bars").fetchone() or (0, None)
        (at,) = connection.execute('SELECT max("at") FROM fetch_log').fetchone() or (None,)
    finally:
        connection.close()
    until = f" up to {last}" if last else ""
    when = f", brought {clock_text(at.replace(tzinfo=dt.UTC))}" if at else ""
    return f"bars of {counted(symbols, 'symbol')}{until}{when}"


def _demand_whole(folder: Path, good: Path) -> None:
    if not good.exists():
        message = (
            f"there is no good copy {good} to put back: move {folder / FILE} away, then {command('fetch')} or "
            f"{command('import PATH')} fills a new store"
        )
        raise StoreError(message)
    wrong = _fault(folder, good)
    if wrong:
        message = (
            f"the copy {good} cannot be used either ({wrong}): move both away, then {command('fetch')} fills a new "
            "store"
        )
        raise StoreError(message)


def _fault(folder: Path, path: Path) -> str:
    """Read every block of a file and say what is wrong with it; "" where nothing is.

    Raises
    ------
    StoreError
        If it cannot be read for a reason that is none of its own.
    """
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
        if kept_out(error):
            raise StoreError(said_of(folder, error)) from error
        return said_of(folder, error)
    return ""
