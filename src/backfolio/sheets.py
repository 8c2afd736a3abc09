"""Small hand-kept CSV files: read whole, every fault with its file and line.

Catalysts and universes are written by people in spreadsheets. So a byte order
mark, blank lines and any order of columns are fine, and all else that is wrong
is said at once, not one fault a try.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from backfolio.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

WORD: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""A segment or route: small letters and digits, joined by hyphens."""

EVERYONE: Final = "*"
"""The segment that means every member of a universe."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a sheet.

    Parameters
    ----------
    where
        File name, with its folder.
    row
        1-based line of the file on which the row begins; the header is line 1.
    cells
        Column to text, without surrounding blanks.
    """

    where: str
    row: int
    cells: Mapping[str, str]

    def problem(self, value: str, rule: str, remedy: str) -> Problem:
        """Return a fault of this row."""
        return Problem(self.where, self.row, value, rule, remedy)


def sheets_in(folder: Path) -> list[Path]:
    """Return the CSV files of a folder by name, leaving out hidden and lock files.

    Raises
    ------
    DataError
        If there is no such folder.
    """
    if not folder.is_dir():
        problem = Problem(str(folder), 0, "no such folder", "CSV files are read from a folder", "create it")
        raise DataError([problem])
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == ".csv" and not path.name.startswith((".", "~$")) and path.is_file()
    )


def read_sheet(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> tuple[list[Line], list[Problem]]:
    """Read one CSV file.

    Parameters
    ----------
    path
        UTF-8, with or without a byte order mark.
    columns
        Columns that must be there, in any order.
    optional
        Columns that may be; "" is read where they are not.

    Returns
    -------
    lines, problems
        The rows that have the right number of cells, and the faults found.
    """
    where = f"{path.parent.name}/{path.name}"
    try:
        data = path.read_bytes()
    except OSError as error:
        return [], [Problem(where, 0, str(error.strerror), "the file must be readable", "check its permissions")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        value = f"byte 0x{data[error.start]:02x}"
        return [], [Problem(where, row, value, "text must be UTF-8", "save it again as 'CSV UTF-8'")]

    records, problems = _records(where, text)
    if not records:
        fault = Problem(where, 0, "empty file", "a header and rows are needed", "fill it, or delete the file")
        return [], problems or [fault]
    header = [cell.strip() for cell in records[0][1]]
    faults = _header_problems(where, header, columns, optional)
    if faults:
        return [], faults
    if len(records) == 1 and not problems:
        fault = Problem(where, 0, "a header and no rows", "rows are needed", "add some, or delete the file")
        return [], [fault]

    lines = []
    blank = dict.fromkeys(optional, "")
    for row, cells in records[1:]:
        if len(cells) != len(header):
            value, rule = f"{len(cells)} cells", f"the header has {len(header)}"
            problems.append(Problem(where, row, value, rule, "put text that holds a comma in double quotes"))
            continue
        lines.append(Line(where, row, {**blank, **dict(zip(header, map(str.strip, cells), strict=True))}))
    return lines, problems


def _records(where: str, text: str) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    """Split into (first line, cells), blank records left out; the record after a quoting fault is unknown."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records = []
    row = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((row, cells))
            row = reader.line_num + 1
    except csv.Error as error:
        return records, [Problem(where, row, str(error), "rows must be valid CSV", 'write a quote inside quotes as ""')]
    return records, []


def _header_problems(
    where: str, header: Sequence[str], columns: Sequence[str], optional: Sequence[str]
) -> list[Problem]:
    known = [*columns, *optional]
    missing = [name for name in columns if name not in header]
    problems = [
        Problem(
            where,
            1,
            f"column {name!r}" if name else "a column without a name",
            f"no such column is known{did_you_mean(name, missing or known)}",
            f"use {','.join(known)}",
        )
        for name in header
        if name not in known
    ]
    problems += [
        Problem(where, 1, f"column {name!r} twice", "each column stands once", "delete one")
        for name in dict.fromkeys(header)
        if name in known and header.count(name) > 1
    ]
    if missing:
        value = f"no column {', '.join(map(repr, missing))}"
        problems.append(Problem(where, 1, value, "all are needed", f"use {','.join(known)}"))
    return problems
