"""Reading folders and files: CSV and Parquet alike, and what is refused as a whole."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from backfolio.bars import Bars, build_bars, read_tables
from backfolio.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

A, B = "600001.SH", "688001.SH"

CSV = (
    "date,symbol,open,high,low,close,volume,pre_close,amount,name,is_st\n"
    "2025-08-18,600001.SH,10.00,10.20,9.90,10.10,1000,,10050.55,第一,0\n"
    "2025-08-19,600001.SH,10.10,10.30,10.00,10.20,1100,10.10,,第一,1\n"
    "2025-08-21,600001.SH,10.30,10.50,10.20,10.33,1200,10.20,12360.01,第一,0\n"
    "2025-08-18,688001.SH,50.01,50.50,49.50,50.07,200,50.00,10002.00,,0\n"
)
INDEX_CSV = "date,symbol,close\n2025-08-18,000300.SH,4000.1234\n2025-08-19,000300.SH,4010.3\n"
ACTIONS_CSV = "symbol,ex_date,kind,value\n600001.SH,2025-08-20,cash/share,0.0123457\n"
LISTINGS_CSV = "symbol,name,listed,delisted\n688001.SH,Star,2019-07-22,\n"
FOLDER = {"bars.csv": CSV, "index.csv": INDEX_CSV, "ex_rights.csv": ACTIONS_CSV, "listings.csv": LISTINGS_CSV}


def write(folder: Path, files: dict[str, str | tuple[str, ...]]) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else "".join(f"{line}\n" for line in content)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def load(path: Path) -> Bars:
    return build_bars(read_tables(path))


def test_parquet_and_csv_are_the_same_data(tmp_path: Path) -> None:
    expected = load(write(tmp_path, FOLDER)).fingerprint
    for name in FOLDER:
        frame = pd.read_csv(tmp_path / name)
        for dates in {"date", "ex_date", "listed"} & set(frame.columns):
            frame[dates] = pd.to_datetime(frame[dates])
        frame.to_parquet(tmp_path / name.replace("csv", "parquet"))
        (tmp_path / name).unlink()
        assert load(tmp_path).fingerprint == expected
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".parquet"] * 4


def columns_of(**kinds: object) -> pd.DataFrame:
    return pd.read_csv(StringIO(CSV)).assign(**kinds)


def days_as(kind: str) -> Any:
    texts = [line[:10] for line in CSV.splitlines()[1:]]
    dates = [dt.date.fromisoformat(text) for text in texts]
    return {
        "dates": dates,
        "seconds": np.array(dates, dtype="datetime64[s]"),
        "nanoseconds": np.array(dates, dtype="datetime64[ns]"),
        "midnight": [f"{text} 00:00:00" for text in texts],
        "iso midnight": [f"{text}T00:00:00.000000" for text in texts],
    }[kind]


@pytest.mark.parametrize("kind", ["dates", "seconds", "nanoseconds", "midnight", "iso midnight"])
def test_dates_may_be_typed_in_many_ways(kind: str, tmp_path: Path) -> None:
    columns_of(date=days_as(kind)).to_parquet(tmp_path / "bars.parquet")
    assert load(tmp_path).fingerprint == load(write(tmp_path, {"one.csv": CSV}) / "one.csv").fingerprint


def test_numbers_may_be_typed_in_many_ways(tmp_path: Path) -> None:
    frame = columns_of(open=[Decimal("10.00"), Decimal("10.10"), Decimal("10.30"), Decimal("50.01")])
    frame = frame.astype({"symbol": "category", "volume": "Int64", "pre_close": "Float64", "is_st": bool})
    frame.to_parquet(tmp_path / "bars.parquet")
    assert load(tmp_path).fingerprint == load(write(tmp_path, {"one.csv": CSV}) / "one.csv").fingerprint


def test_rows_may_be_ordered_by_date_or_by_symbol_and_come_in_parts(tmp_path: Path) -> None:
    expected = load(write(tmp_path, {"one.csv": CSV}) / "one.csv").fingerprint
    lines = CSV.splitlines(keepends=True)
    orders = {
        "by-date": {"bars.csv": "".join([lines[0], lines[1], lines[4], lines[2], lines[3]])},
        "by-symbol": {"bars-600001.csv": "".join(lines[:4]), "bars-688001.csv": lines[0] + lines[4]},
        "later-first": {"bars-a.csv": lines[0] + lines[3], "bars-b.csv": "".join(lines[:3]) + lines[4]},
    }
    for name, files in orders.items():
        (tmp_path / name).mkdir()
        assert load(write(tmp_path / name, files)).fingerprint == expected
    columns_of().iloc[3:].to_parquet(tmp_path / "by-symbol" / "bars-688001.parquet")
    (tmp_path / "by-symbol" / "bars-688001.csv").unlink()
    assert load(tmp_path / "by-symbol").fingerprint == expected


def test_a_file_is_read_alone_and_a_folder_with_what_lies_beside(tmp_path: Path) -> None:
    write(tmp_path, FOLDER)
    alone = read_tables(tmp_path / "bars.csv")
    assert (alone.index, alone.ex_rights, alone.listings, alone.label) == (None, None, None, "bars.csv")
    folder = read_tables(tmp_path)
    assert folder.label == tmp_path.name
    assert folder.ex_rights is not None
    assert folder.ex_rights["ex_date"].dtype.kind == "M"
    assert folder.bars["date"].dtype.kind == "M"
    bars = build_bars(folder)
    assert bars.cash_per_share[2, 0] == 123_457
    assert bars.listing_assumed.tolist() == [True, False]
    assert bars.names == {A: "第一", B: "Star"}


def test_headers_of_spreadsheets_and_columns_of_others_are_no_trouble(tmp_path: Path) -> None:
    lines = CSV.splitlines()
    header = " Date,SYMBOL,Open,high ,low,close,volume,pre_close,amount,name,is_st"
    odd = ["," + header + ",source,qfq_factor", *(f"{k},{line},vendor,0.5" for k, line in enumerate(lines[1:]))]
    (tmp_path / "bars.csv").write_text("\r\n".join(odd) + "\r\n\r\n", encoding="utf-8-sig")
    write(tmp_path, {"notes.txt": "x", "halts.csv": "symbol\n"})
    tables = read_tables(tmp_path)
    assert list(tables.bars.columns) == [
        "date", "symbol", "open", "high", "low", "close", "volume", "pre_close", "amount", "name", "is_st",
    ]  # fmt: skip
    assert build_bars(tables).fingerprint == load(write(tmp_path, {"one.csv": CSV}) / "one.csv").fingerprint


def test_a_parquet_file_may_keep_its_keys_in_the_index(tmp_path: Path) -> None:
    columns_of().set_index(["date", "symbol"]).to_parquet(tmp_path / "bars.parquet")
    assert load(tmp_path).fingerprint == load(write(tmp_path, {"one.csv": CSV}) / "one.csv").fingerprint


def test_tables_without_rows_of_actions_and_listings_are_good(tmp_path: Path) -> None:
    empty = {"ex_rights.csv": "symbol,ex_date,kind,value\n", "listings.csv": "symbol,listed\n"}
    assert load(write(tmp_path, {"bars.csv": CSV, **empty})).fingerprint == load(tmp_path / "bars.csv").fingerprint


# ---------------------------------------------------------------- fingerprint
def change(table: str, line: int, old: str, new: str) -> dict[str, str]:
    lines = FOLDER[table].splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    return {table: "".join(lines)}


CHANGES = [
    change("bars.csv", 2, "10.00", "10.01"),
    change("bars.csv", 3, "10.30", "10.31"),
    change("bars.csv", 3, "10.00", "10.01"),
    change("bars.csv", 4, "10.33", "10.34"),
    change("bars.csv", 4, "1200", "1201"),
    change("bars.csv", 4, "12360.01", "12360.011"),
    change("bars.csv", 4, ",10.20,12360", ",10.19,12360"),
    change("bars.csv", 4, "第一,0", "第一,1"),
    change("bars.csv", 4, "第一", "第二"),
    change("bars.csv", 4, "2025-08-21", "2025-08-22"),
    change("bars.csv", 5, "688001", "688002"),
    change("index.csv", 2, "4000.1234", "4000.1235"),
    change("ex_rights.csv", 2, "0.0123457", "0.0123458"),
    change("listings.csv", 2, "2019-07-22", "2019-07-23"),
    change("listings.csv", 2, ",\n", ",2030-01-02\n"),
]


@pytest.mark.parametrize("changed", CHANGES, ids=[f"{n}" for n in range(len(CHANGES))])
def test_the_fingerprint_changes_with_any_number(changed: dict[str, str], tmp_path: Path) -> None:
    original = load(write(tmp_path, FOLDER))
    again = load(tmp_path)
    assert original.fingerprint == again.fingerprint
    assert len(original.fingerprint) == 16
    assert load(write(tmp_path, changed)).fingerprint != original.fingerprint


# ---------------------------------------------------------------- files as a whole
COLUMNS = "the columns are date, symbol, open, high, low, close, volume, and optional pre_close, amount, factor, "
HOLDS = "a folder of market data holds bars.csv or bars.parquet (or several bars-*.csv, bars-*.parquet)"
HEADER = "date,symbol,open,high,low,close,volume"
LINES = tuple(f"2025-08-{day},600001.SH,10.00,10.20,9.90,10.10,1000" for day in (18, 19, 20))
GOOD = (HEADER, *LINES)
INDEX = ("date,symbol,close", "2025-08-18,000300.SH,4000.5")
ACTIONS = ("symbol,ex_date,kind,value", "600001.SH,2025-08-20,cash/share,0.1")

FILES = [
    ("empty file", {"bars.csv": ""}, "bars.csv: the file is empty: a table has a header and rows; fill it, or remove"),
    ("header alone", {"bars.csv": (HEADER,)}, "bars.csv: the file has no rows: a table has rows; fill it, or remove"),
    (
        "column missing",
        {"bars.csv": ("date,symbol,open,high,low,close", *LINES)},
        "bars.csv:1: columns date, symbol, open, high, low, close: volume missing: " + COLUMNS,
    ),
    (
        "column misspelt",
        {"bars.csv": ("date,symbol,opne,high,low,close,volume", *LINES)},
        "rename 'opne' (did you mean 'open'?)",
    ),
    (
        "optional column misspelt",
        {"bars.csv": (HEADER + ",preclose", *(f"{line},10" for line in LINES))},
        "rename 'preclose' (did you mean 'pre_close'?)",
    ),
    ("column twice", {"bars.csv": (HEADER + ",close", *(f"{line},1" for line in LINES))}, "close stands twice in the"),
    (
        "a line too long",
        {"bars.csv": (HEADER, *LINES[:2], LINES[2] + ",9")},
        "bars.csv:4: Expected 7 fields in line 4, saw 8: every line has the fields of the header; quote text",
    ),
    (
        "the first line too long",
        {"bars.csv": (HEADER, LINES[0] + ",9", LINES[1])},
        "bars.csv: the first row has more fields than the header: every line has the fields of the header;",
    ),
    (
        "a quote left open",
        {"bars.csv": (HEADER + ",name", LINES[0] + ',"First')},
        "bars.csv:2: EOF inside string starting at row 1: every line has the fields of the header;",
    ),
    ("no Parquet", {"bars.parquet": "date,symbol"}, "bars.parquet: the file cannot be read as Parquet: a .parquet"),
    ("empty Parquet", {"bars.parquet": ""}, "bars.parquet: the file is empty: a .parquet file is written by pandas"),
    ("both formats", {"bars.csv": GOOD, "bars.parquet": "x"}, "holds bars.csv, bars.parquet: a folder has the table"),
    ("whole and in parts", {"bars.csv": GOOD, "bars-1.csv": GOOD}, "holds bars-1.csv, bars.csv: a folder has the"),
    ("index twice", {"bars.csv": GOOD, "index.csv": INDEX, "index.parquet": "x"}, "a folder has the table index once"),
    ("empty folder", {}, f": the folder is empty: {HOLDS}; add the bars"),
    ("no bars", {"index.csv": INDEX, "notes.txt": "x"}, f": holds index.csv, notes.txt: {HOLDS}; add the bars"),
    ("bars misnamed", {"bar.csv": GOOD}, "bar.csv is no table of the import format (did you mean 'bars.csv'?)"),
    (
        "ex_rights misnamed",
        {"bars.csv": GOOD, "ex-rights.csv": ACTIONS},
        (
            "ex-rights.csv is no table of the import format (did you mean 'ex_rights.csv'?): the tables are bars, "
            "index, ex_rights, listings, st_spells, accepted; rename it, or move it out of the folder"
        ),
    ),
    ("empty index", {"bars.csv": GOOD, "index.csv": ("date,symbol,close",)}, "index.csv: the file has no rows"),
    (
        "index without closes",
        {"bars.csv": GOOD, "index.csv": ("date,symbol,last", "2025-08-18,000300.SH,4000")},
        "index.csv:1: columns date, symbol, last: close missing: the columns are date, symbol, close, and optional",
    ),
    (
        "listings without dates",
        {"bars.csv": GOOD, "listings.csv": ("symbol,name", "600001.SH,First")},
        "listings.csv:1: columns symbol, name: listed missing: the columns are symbol, listed, and optional name",
    ),
]


@pytest.mark.parametrize(("files", "says"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_a_file_that_is_wrong_as_a_whole(files: dict[str, str | tuple[str, ...]], says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_tables(write(tmp_path, files))
    assert caught.value.total == 1
    assert says in str(caught.value)


def test_faults_of_several_files_come_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="2 problems in the data") as caught:
        read_tables(write(tmp_path, {"bars.csv": "", "index.csv": ""}))
    assert [problem.where for problem in caught.value.problems] == ["bars.csv", "index.csv"]


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_bytes(f"{HEADER},name\n{LINES[0]},第一\n".encode("gbk"))
    with pytest.raises(DataError, match=r"bars\.csv: the text is not UTF-8: .*; save it again as UTF-8"):
        read_tables(tmp_path)


def test_a_path_that_is_not_there_and_a_file_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: not found: .*; check the path"):
        read_tables(tmp_path / "nowhere")
    (tmp_path / "bars.xlsx").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match=r"ends in '\.xlsx': bars are CSV or Parquet; give a \.csv or \.parquet file"):
        read_tables(tmp_path / "bars.xlsx")
