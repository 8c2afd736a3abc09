"""`read_tables`: a folder, or one file of bars, as CSV or Parquet.

What is wrong with a file as a whole is told here; every cell is judged in
`build_bars`, which knows its file and line from here.
"""

from __future__ import annotations

import csv
import re
import warnings
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.bars.cells import MISSING, days
from backfolio.bars.frames import ALIKE, FORMS, Form, Origin, Tables, missing_columns
from backfolio.errors import DataError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

NO_VALUE: Final = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
"""What pandas takes for no value in a CSV file; of words that is the empty text alone: a company may be called NA."""

FORMATS: Final = (".csv", ".parquet")
NEEDED: Final = "a folder of market data holds bars.csv or bars.parquet (or several bars-*.csv, bars-*.parquet)"


class _BadFileError(Exception):
    """Carries the problem of one file to where all are collected."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read_tables(path: Path) -> Tables:
    """Read market data in the import format.

    Parameters
    ----------
    path
        A folder with ``bars.csv`` or ``bars.parquet`` (or several ``bars-*``)
        and, optionally, ``index``, ``ex_rights``, ``listings``,
        ``st_spells`` and ``accepted``; or one file of bars, which is then read alone.

    Returns
    -------
    Tables
        Column names are stripped and in lower case, columns that the format
        does not know are left out, and a column of dates that are all good is
        ``datetime64``.

    Raises
    ------
    DataError
        If a file is missing, doubled, empty, unreadable, or lacks a column.
    """
    frames: dict[str, pd.DataFrame] = {}
    origins: dict[str, Origin] = {}
    problems: list[Problem] = []
    for table, files in _find(path).items():
        parts = []
        for file in files:
            try:
                parts.append((file.name, *_read_file(file, FORMS[table])))
            except _BadFileError as error:
                problems.append(error.problem)
        if len(parts) == len(files):
            frames[table], origins[table] = _join(parts)
    if problems:
        raise DataError(problems)
    frames = {table: _dated(frame, FORMS[table]) for table, frame in frames.items()}
    return Tables(
        bars=frames["bars"],
        index=frames.get("index"),
        ex_rights=frames.get("ex_rights"),
        listings=frames.get("listings"),
        st_spells=frames.get("st_spells"),
        accepted=frames.get("accepted"),
        label=path.name or str(path),
        origins=origins,
    )


def _find(path: Path) -> dict[str, list[Path]]:
    """Return the files of each table."""
    if path.is_file():
        if path.suffix.lower() not in FORMATS:
            value = f"the file ends in {path.suffix!r}"
            raise DataError([Problem(str(path), 0, value, "bars are CSV or Parquet", "give a .csv or .parquet file")])
        return {"bars": [path]}
    if not path.is_dir():
        raise DataError([Problem(str(path), 0, "not found", NEEDED, "check the path")])
    entries = sorted(entry for entry in path.iterdir() if entry.is_file() and entry.suffix.lower() in FORMATS)
    found = {table: [entry for entry in entries if _belongs(entry.stem, table)] for table in FORMS}
    problems = [_doubled(path, table, files) for table, files in found.items() if _doubles(files)]
    absent = [table for table, files in found.items() if not files]
    for entry in entries:
        near = get_close_matches(entry.stem, absent, n=1, cutoff=ALIKE)
        if near:
            problems.append(
                Problem(
                    entry.name,
                    0,
                    f"{entry.name} is no table of the import format (did you mean {near[0] + entry.suffix!r}?)",
                    f"the tables are {', '.join(FORMS)}",
                    "rename it, or move it out of the folder",
                )
            )
    if not found["bars"] and not any(problem.value.count("'bars") for problem in problems):
        names = ", ".join(entry.name for entry in sorted(path.iterdir())[:10])
        problems.append(
            Problem(str(path), 0, f"holds {names}" if names else "the folder is empty", NEEDED, "add the bars")
        )
    if problems:
        raise DataError(problems)
    return {table: files for table, files in found.items() if files}


def _belongs(stem: str, table: str) -> bool:
    return stem == table or (table == "bars" and stem.startswith("bars-"))


def _doubles(files: Sequence[Path]) -> bool:
    """Tell whether a table came twice: in both formats, or whole and in parts."""
    stems = [file.stem for file in files]
    return len(set(stems)) < len(stems) or ("bars" in stems and len(stems) > 1)


def _doubled(path: Path, table: str, files: Sequence[Path]) -> Problem:
    value = f"holds {', '.join(file.name for file in files)}"
    return Problem(str(path), 0, value, f"a folder has the table {table} once", "keep one of them")


def _read_file(file: Path, form: Form) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Return the known columns of a file and the line of each row."""
    read = _read_csv if file.suffix.lower() == ".csv" else _read_parquet
    frame, lines = read(file, form)
    if not len(frame) and not form.may_be_empty:
        raise _BadFileError(Problem(file.name, 0, "the file has no rows", "a table has rows", "fill it, or remove it"))
    return frame, lines


def _read_csv(file: Path, form: Form) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    columns = _names(file, _header(file), form)
    try:
        with warnings.catch_warnings():
            # A first row longer than the header would lose its tail with no more than a warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                file,
                header=0,
                names=columns,
                index_col=False,
                dtype=dict.fromkeys({*form.dates, *form.texts}, str),
                keep_default_na=False,
                na_values={column: [""] if column in form.texts else NO_VALUE for column in columns},
                encoding="utf-8-sig",
                low_memory=False,
                skip_blank_lines=False,
            )
    except UnicodeDecodeError as error:
        raise _BadFileError(_encoding(file)) from error
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        line = re.search(r"Expected \d+ fields in line (\d+), saw \d+|row (\d+)", str(error))
        said = str(error).split("C error: ")[-1].strip().rstrip(".")
        if isinstance(error, pd.errors.ParserWarning):
            said, line = "the first row has more fields than the header", None
        row = int(line[1] or int(line[2]) + 1) if line else 0
        remedy = "quote text that holds a comma, and close every quote"
        raise _BadFileError(Problem(file.name, row, said, "every line has the fields of the header", remedy)) from error
    frame = frame[[column for column in form.known if column in columns]]
    lines = np.arange(2, len(frame) + 2, dtype=np.intp)
    blank = frame.iloc[:, 0].isna().to_numpy()
    if blank.any():
        blank = blank & frame.isna().all(axis=1).to_numpy()
        frame, lines = frame[~blank].reset_index(drop=True), lines[~blank]
    return frame, lines


def _header(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream), None)
    except UnicodeDecodeError as error:
        raise _BadFileError(_encoding(file)) from error
    if header is None:
        raise _BadFileError(
            Problem(file.name, 0, "the file is empty", "a table has a header and rows", "fill it, or remove it")
        )
    return header


def _encoding(file: Path) -> Problem:
    return Problem(file.name, 0, "the text is not UTF-8", "CSV files are UTF-8", "save it again as UTF-8")


def _names(file: Path, header: Sequence[str], form: Form) -> list[str]:
    """Return the column names, stripped and in lower case; refuse a table that lacks one."""
    plain = [column.strip().lower() for column in header]
    twice = sorted({column for column in plain if column and plain.count(column) > 1})
    if twice:
        value = f"{', '.join(twice)} stands twice in the header"
        raise _BadFileError(Problem(file.name, 1, value, "a column stands once", "remove or rename one of them"))
    lacking = missing_columns(form, plain)
    if lacking is not None:
        raise _BadFileError(Problem(file.name, 1, *lacking))
    return [column or f"(no name {at})" for at, column in enumerate(plain)]


def _read_parquet(file: Path, form: Form) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    try:
        frame = pd.read_parquet(file)
    except (ValueError, OSError) as error:
        said = "the file is empty" if not file.stat().st_size else "the file cannot be read as Parquet"
        problem = Problem(
            file.name, 0, said, "a .parquet file is written by pandas, Arrow or a database", "write it again"
        )
        raise _BadFileError(problem) from error
    if frame.index.names != [None]:
        frame = frame.reset_index()
    columns = _names(file, [str(column) for column in frame.columns], form)
    frame.columns = pd.Index(columns)
    return frame[[column for column in form.known if column in columns]], np.arange(2, len(frame) + 2, dtype=np.intp)


def _join(parts: Sequence[tuple[str, pd.DataFrame, NDArray[np.intp]]]) -> tuple[pd.DataFrame, Origin]:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    names = tuple(name for name, _, _ in parts)
    frames = [frame for _, frame, _ in parts]
    starts = np.cumsum([0, *(len(frame) for frame in frames[:-1])], dtype=np.intp)
    origin = Origin(names, starts, np.concatenate([lines for _, _, lines in parts]))
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True), origin


def _dated(frame: pd.DataFrame, form: Form) -> pd.DataFrame:
    """Make columns of dates ``datetime64`` where no cell is wrong; wrong ones stay for `build_bars` to show."""
    read = {column: days(frame[column]) for column in form.dates if column in frame}
    good = {column: day.astype("datetime64[s]") for column, (day, state) in read.items() if (state <= MISSING).all()}
    return frame.assign(**good) if good else frame
