"""What lies in a reports folder: entries, comparisons, the store's page, and folders that are none of ours."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from backfolio.report import assets
from backfolio.report.gallery.entry import Entry, Place, count, table, text
from backfolio.report.gallery.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA_FILE: Final = "data/data.json"
"""What the page of the store has beside it."""

COMPARE: Final = "compare"
"""The folder of comparisons, in `reports/`."""

COMPARE_FILE: Final = "compare.json"
"""What marks the folder of a comparison."""

TUNE_STARTED: Final = "tune.json"
"""What a tune has from its start."""

LARGEST: Final = 8_000_000
"""Bytes of a record; a larger file is none of ours and is not read."""

KINDS_FOLDER: Final = "_kinds"
"""The folder of event studies of a kind of catalyst, one folder a kind below it."""

OWN: Final = frozenset({assets.FOLDER, "data"})
"""Folders in `reports/` that hold no runs."""


class Compared(NamedTuple):
    """A comparison: its folder, the runs in words, its common sessions."""

    folder: str
    runs: tuple[str, ...]
    first: str
    last: str


class Shelf(NamedTuple):
    """What the gallery shows.

    `entries` newest first; `broken` names folders with what is wrong with each.
    """

    entries: tuple[Entry, ...]
    compared: tuple[Compared, ...]
    broken: tuple[tuple[str, str], ...]


class Found(NamedTuple):
    """A folder two levels down: the file that marks it, "" where there is none, and when and how large that is."""

    thesis: str
    name: str
    file: str
    made_ns: int
    size: int


def found(reports: Path) -> tuple[Found, ...]:
    """List the folders of reports, by name; hidden ones are not finished and are left out."""
    return tuple(
        _marked(thesis, folder.name, Path(folder.path))
        for thesis in _above(reports)
        for folder in _inside(reports / thesis)
    )


def read(reports: Path, listed: tuple[Found, ...]) -> Shelf:
    """Read what `found` listed."""
    entries: list[Entry] = []
    compared: list[Compared] = []
    broken: list[tuple[str, str]] = []
    for each in listed:
        folder = f"{each.thesis}/{each.name}"
        try:
            if not each.file:
                _refuse("no report of ours")
            record = record_of(reports / folder / each.file)
            if each.file == COMPARE_FILE:
                compared.append(_compared(record, folder))
            elif each.file == TUNE_STARTED:
                _refuse("a tune that is not finished")
            else:
                kind = next(kind for kind in KINDS if kind.file == each.file)
                entries.append(kind.read(record, Place(each.thesis, each.name, each.made_ns / 1e9)))
        except (OSError, ValueError) as error:
            broken.append((folder, fault_of(each.file, error)))
    entries.sort(key=lambda entry: (entry.place.thesis, entry.place.name))
    entries.sort(key=lambda entry: (entry.place.made, entry.last, entry.first), reverse=True)
    return Shelf(tuple(entries), tuple(compared), tuple(broken))


def store(reports: Path) -> tuple[int, str, str, str] | None:
    """Return what the store's page says of itself: symbols, first and last session, grade; None without it."""
    try:
        told = table(record_of(reports / DATA_FILE), "headline")
        return count(told, "symbols"), text(told, "first"), text(told, "last"), text(told, "grade")
    except (OSError, ValueError):
        return None


def _above(reports: Path) -> list[str]:
    """Return the folders that hold folders of ours, from `reports`."""
    above = [name for name in _folders(reports) if name not in OWN and name != KINDS_FOLDER]
    return above + [f"{KINDS_FOLDER}/{kind}" for kind in _folders(reports / KINDS_FOLDER)]


def _folders(reports: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(reports) if entry.name[0] != "." and entry.is_dir())
    except FileNotFoundError:
        return []


def _inside(folder: Path) -> Iterator[os.DirEntry[str]]:
    inside = (entry for entry in os.scandir(folder) if entry.name[0] != "." and entry.is_dir())
    yield from sorted(inside, key=lambda entry: entry.name)


def _marked(thesis: str, name: str, folder: Path) -> Found:
    for file in (*(kind.file for kind in KINDS), COMPARE_FILE, TUNE_STARTED):
        try:
            stated = (folder / file).stat()
        except OSError:
            continue
        return Found(thesis, name, file, stated.st_mtime_ns, stated.st_size)
    return Found(thesis, name, "", 0, 0)


def record_of(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises
    ------
    ValueError
        If it is no record.
    OSError
        If it cannot be read.
    """
    if path.stat().st_size > LARGEST:
        _refuse(f"{path.name} is larger than a record can be")
    try:
        value = json.loads(path.read_bytes())
    except RecursionError:
        _refuse("nested too deeply")
    if not isinstance(value, dict):
        _refuse("it holds no table")
    return value


def _compared(record: dict[str, Any], folder: str) -> Compared:
    headline = table(record, "headline")
    runs = headline.get("runs")
    if not isinstance(runs, list) or not all(isinstance(run, str) for run in runs):
        _refuse("its runs are no list of names")
    return Compared(folder, tuple(runs), text(headline, "first"), text(headline, "last"))


def fault_of(file: str, error: OSError | ValueError) -> str:
    """Say in words what is wrong with a record."""
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return f"{file} is no JSON"
    if isinstance(error, OSError):
        return f"{file} cannot be read: {error.strerror}"
    return str(error)


def _refuse(why: str) -> NoReturn:
    raise ValueError(why)
