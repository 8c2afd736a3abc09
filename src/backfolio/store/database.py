"""The file of the store: where it lies, how it is opened, and what its faults mean in words.

DuckDB lets one process write or many read. The file is opened for as long as
one reading or one commit takes, never while the network is waited for. Its
write-ahead log makes a commit all or nothing: a process that is killed leaves
what was committed before, which the next one to open the file finds.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from backfolio.errors import StoreError, command
from backfolio.store.migrations import MIGRATIONS, migrate, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

FILE: Final = "market.duckdb"
GOOD: Final = "market.good.duckdb"
LOCK: Final = "market.lock"

READER_WAITS: Final = 30.0
"""Seconds that a reader waits while a writer commits."""

WRITER_WAITS: Final = 60.0
"""Seconds that a commit waits while others read."""

TOLD_AFTER: Final = 1.0
"""Seconds after which who waits is told so, and for whom."""

LOOK_AGAIN: Final = 0.02
"""Seconds between two attempts."""

WHOLE: Final = "what was committed before is whole"

_LOG: Final = logging.getLogger(__name__)

_BUSY: Final = ("Could not set lock", "different configuration", "used by another process")
_FULL: Final = ("No space left on device", "not enough space", "disk is full")
_REFUSED: Final = ("Permission denied", "Read-only file system", "read-only mode")
_NEWER: Final = ("version number", "newer version of DuckDB")
_TORN: Final = (
    "Corrupt",
    "not a valid DuckDB",
    "Could not read enough bytes",
    "replaying WAL",
    "INTERNAL Error",
    "FATAL Error",
    "Serialization Error",
    "database has been invalidated",
)
_HOLDER: Final = re.compile(r"held in (\S+) .*?\(PID (\d+)\)|held in (\S+)")


def folder_of(workspace: Path) -> Path:
    """Return the folder of a workspace's store."""
    return workspace / "data" / "store"


def exists(folder: Path) -> bool:
    """Tell whether a folder holds a store.

    Raises
    ------
    StoreError
        If its file is gone and the good copy is there: a new store in its place
        would soon have a copy of its own, and all that was known would be lost.
    """
    file, good = folder / FILE, folder / GOOD
    if file.is_file():
        return True
    if good.is_file():
        message = (
            f"the store {file} is gone, and its good copy {good} is there: {command('data restore')} puts that back; "
            "to begin a new store, move the copy away"
        )
        raise StoreError(message)
    return False


def said_of(folder: Path, error: Exception, standing: str = WHOLE) -> str:
    """Say in words what an error of DuckDB means and what to do; `standing`: how the store stands after it."""
    text, file = str(error), folder / FILE
    if any(mark in text for mark in _BUSY):
        return f"the store {file} is in use by {_holder(text)}: wait for it, or end it, then run this again"
    if any(mark in text for mark in _FULL):
        return f"the disk of {folder} is full: {standing}; make room, then run this again"
    if any(mark in text for mark in _REFUSED):
        return f"the store {file} cannot be written or read: allow it, or copy it elsewhere ({_brief(text)})"
    if any(mark in text for mark in _NEWER):
        return f"the store {file} was made by a newer DuckDB than this one: update duckdb ({_brief(text)})"
    if any(mark in text for mark in _TORN):
        return (
            f"the store {file} is torn ({_brief(text)}): {command('data restore')} puts the last good copy back and "
            f"keeps the torn file beside it; {command('fetch')} then brings what is missing"
        )
    return f"the store {file} cannot be used: {_brief(text)}; {command('data check')} looks at what is in it"


def _holder(text: str) -> str:
    held = _HOLDER.search(text)
    return f"process {held[2]} ({held[1].rpartition('/')[2]})" if held and held[2] else "another part of the program"


def kept_out(error: Exception) -> bool:
    """Tell whether an error says who may not use the file, or that there is no room, and nothing of the file itself."""
    return any(mark in str(error) for mark in (*_BUSY, *_FULL, *_REFUSED))


def _brief(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else "no reason given"
    return line.partition(". See also")[0].rstrip(".")


@contextmanager
def in_words(folder: Path, standing: str = WHOLE) -> Iterator[None]:
    """Turn an error of DuckDB inside the block into a `StoreError` (see `said_of`), and a query cut off into Ctrl-C."""
    import duckdb  # noqa: PLC0415  as late as every heavy import

    try:
        yield
    except duckdb.Error as error:
        raise StoreError(said_of(folder, error, standing)) from error
    except RuntimeError as error:
        # What DuckDB makes of a signal that comes during a query, whatever its handler raised.
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise


def opened(path: Path, *, read_only: bool, wait: float) -> DuckDBPyConnection:
    """Open a file, waiting for up to `wait` seconds while another process has it.

    A wait that lasts is told through `logging`, which prints it on standard
    error where nothing else is asked of it.

    Raises
    ------
    duckdb.Error
        If it cannot be opened.
    """
    import duckdb  # noqa: PLC0415  as late as every heavy import

    # Nothing is ever loaded from the network.
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    began, told = time.monotonic(), False
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only, config=config)
        except duckdb.Error as error:
            waited = time.monotonic() - began
            if not any(mark in str(error) for mark in _BUSY) or waited >= wait:
                raise
            if waited >= TOLD_AFTER and not told:
                told = True
                who = _holder(str(error))
                _LOG.warning("%s has the store %s open: waiting for it, %.0f s at most", who, path, wait)
        time.sleep(LOOK_AGAIN)


def create(folder: Path) -> None:
    """Make an empty store where there is none, whole or not at all. The caller holds the lock."""
    for left in folder.glob(".market*.partial*"):  # of a process that was killed
        left.unlink(missing_ok=True)
    if exists(folder):
        return
    partial = folder / f".{FILE}.{secrets.token_hex(4)}.partial"
    try:
        with in_words(folder):
            connection = opened(partial, read_only=False, wait=0)
            try:
                migrate(connection, MIGRATIONS)
            finally:
                connection.close()
        partial.replace(folder / FILE)
    except OSError as error:
        message = f"no store can be made in {folder}: {error.strerror}"
        raise StoreError(message) from error
    finally:
        for left in folder.glob(f"{partial.name}*"):
            left.unlink()


def upgrade(folder: Path) -> None:
    """Apply the steps of the schema that a store lacks. The caller holds the lock."""
    with in_words(folder):
        connection = opened(folder / FILE, read_only=False, wait=WRITER_WAITS)
        try:
            known(folder, connection)
            migrate(connection, MIGRATIONS)
        finally:
            with suppress(Exception):  # a failed step left a transaction open; its own error is the one to tell
                connection.close()


def known(folder: Path, connection: DuckDBPyConnection) -> bool:
    """Tell whether a store has every step of the schema.

    Raises
    ------
    StoreError
        If it has steps that this program does not know.
    """
    version, newest = version_of(connection), MIGRATIONS[-1].number
    if version > newest:
        message = (
            f"the store {folder / FILE} has version {version} and was made by a newer backfolio; "
            f"this one knows versions up to {newest}: update backfolio"
        )
        raise StoreError(message)
    return version == newest


def synced(path: Path) -> None:
    """Wait until a folder's entries are on the disk."""
    if os.name != "nt":
        entry = os.open(path, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)
