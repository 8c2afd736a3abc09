"""A folder of the reports that appears whole or not at all, whatever it is the report of."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from backfolio.durable import write_whole
from backfolio.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PARTIAL: Final = ".partial"
"""Ending of what is not finished; such names begin with a dot."""

STALE_SECONDS: Final = 3_600
"""An unfinished folder older than this was left behind by a run that ended early."""


@dataclass(frozen=True, slots=True)
class Written:
    """Where a report lies; usable as a path.

    Parameters
    ----------
    path
        The folder.
    existed
        True where the same report had been written before; its figures and tables were kept.
    """

    path: Path
    existed: bool

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)


def place(folder: Path, record: str, render: Callable[[], Mapping[str, bytes]]) -> bool:
    """Write a folder that is not there, unless another process finishes the same one first; tell whether one did.

    Parameters
    ----------
    folder
        Appears under its name only when every file is on the disk.
    record
        Name of the file without which it is no report.
    render
        Returns the files by name.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left then.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{PARTIAL}")
    files = render()
    try:
        _fill(partial, files)
        try:
            partial.rename(folder)
        except OSError:
            # Another process finished the same report first; the two are equal.
            if not (folder / record).exists():
                raise
            return True
        _sync(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return False


def record_bytes(record: Mapping[str, object]) -> bytes:
    """Write the record of a folder as JSON, the same for the same record.

    Raises
    ------
    ValueError
        If a number in it is none that JSON has.
    """
    return (json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def demand_whole(folder: Path, record: str) -> None:
    """Refuse a folder that stands there without its page, or without a record that can be read.

    Raises
    ------
    UsageError
        If one of them is missing, or the record is no JSON object.
    OSError
        If the record cannot be read.
    """
    try:
        whole = isinstance(json.loads((folder / record).read_bytes()), dict) and (folder / "index.html").exists()
    except (FileNotFoundError, ValueError, RecursionError):
        whole = False
    if not whole:
        message = f"{folder} is not a whole report: delete it and run again"
        raise UsageError(message)


def place_or_restyle(
    folder: Path, record: str, shown: Callable[[], bytes], render: Callable[[], Mapping[str, bytes]]
) -> bool:
    """Write a folder, or remake the page of one that is there where it would now look different.

    Returns
    -------
    Whether it was there.

    Raises
    ------
    UsageError
        If a damaged one stands in its place.
    OSError
        If it cannot be written.
    """
    if not folder.exists():
        return place(folder, record, render)
    demand_whole(folder, record)
    page, content = folder / "index.html", shown()
    if page.read_bytes() != content:
        write_whole(page, content)
    return True


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        _write_file(folder / name, content)
    _sync(folder)


def _write_file(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make a folder's entries durable, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(parent: Path) -> None:
    """Remove what interrupted runs left behind; a young one may belong to a run under way."""
    for left in parent.glob(f".*{PARTIAL}"):
        if time.time() - left.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
