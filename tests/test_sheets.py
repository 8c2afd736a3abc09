"""Small CSV files: what is read, and what is said of a broken one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backfolio.errors import DataError
from backfolio.sheets import read_sheet, sheets_in

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("a", "b")


def write(folder: Path, data: bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        b"a,b,c\n1,2,3\n",
        b"\xef\xbb\xbfa,b,c\r\n1,2,3\r\n",
        b"a,b,c\n\n,,\n1,2,3",
        b" a , b ,c\n 1 ,2 , 3\n",
        b'c,b,a\n"3",2,"1"\n',
    ],
    ids=["plain", "mark and CRLF", "blank lines", "blanks around", "order and quotes"],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, data: bytes) -> None:
    lines, problems = read_sheet(write(tmp_path, data), COLUMNS, ("c",))
    assert problems == []
    assert [dict(line.cells) for line in lines] == [{"a": "1", "b": "2", "c": "3"}]


def test_an_optional_column_may_be_missing(tmp_path: Path) -> None:
    lines, _ = read_sheet(write(tmp_path, b"a,b\n1,2\n"), COLUMNS, ("c",))
    assert lines[0].cells["c"] == ""


def test_a_row_is_named_by_its_first_line(tmp_path: Path) -> None:
    lines, _ = read_sheet(write(tmp_path, b'a,b\n"1\nand more",2\n\n3,4\n'), COLUMNS)
    assert [(line.row, line.cells["b"]) for line in lines] == [(2, "2"), (5, "4")]
    assert lines[0].where == f"{tmp_path.name}/x.csv"


@pytest.mark.parametrize(
    ("data", "row", "words"),
    [
        (b"", 0, "empty file"),
        (b"\n\n", 0, "empty file"),
        (b"a,b\n", 0, "a header and no rows"),
        (b"a,bb\n1,2\n", 1, "column 'bb': no such column is known (did you mean 'b'?)"),
        (b"a\n1\n", 1, "no column 'b'"),
        (b"a,b,a\n1,2,3\n", 1, "column 'a' twice"),
        (b"a,b,\n1,2,3\n", 1, "a column without a name"),
        (b"a,b\n1,2\n1,2,3\n", 3, "3 cells: the header has 2"),
        (b"a,b\n1\n", 2, "1 cells: the header has 2"),
        (b'a,b\n1,"2"x\n', 2, "rows must be valid CSV"),
        (b'a,b\n1,2\n1,"2\n', 3, "rows must be valid CSV"),
        ("a,b\n1,2\n寒武纪,2\n".encode("gbk"), 3, "text must be UTF-8; save it again as 'CSV UTF-8'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, data: bytes, row: int, words: str) -> None:
    _, problems = read_sheet(write(tmp_path, data), COLUMNS)
    assert any(problem.row == row and words in str(problem) for problem in problems), problems


def test_a_wrong_row_does_not_hide_the_next_one(tmp_path: Path) -> None:
    lines, problems = read_sheet(write(tmp_path, b"a,b\n1\n3,4\n5,6,7\n"), COLUMNS)
    assert [line.row for line in lines] == [3]
    assert [problem.row for problem in problems] == [2, 4]


def test_hidden_and_lock_files_are_no_sheets(tmp_path: Path) -> None:
    for name in ("b.csv", "A.CSV", ".c.csv", "~$b.csv", "d.txt"):
        write(tmp_path, b"a,b\n", name)
    (tmp_path / "folder.csv").mkdir()
    assert [path.name for path in sheets_in(tmp_path)] == ["A.CSV", "b.csv"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        sheets_in(tmp_path / "nowhere")
