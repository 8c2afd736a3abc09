"""Who may open the store when, and which versions of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from backfolio import store
from backfolio.errors import StoreError
from backfolio.store import TABLES, database, reading, write, writing
from backfolio.store import read as read_module
from backfolio.store.migrations import MIGRATIONS, Migration, migrate, version_of
from stocked import batch, numbers_in, start


def test_the_folder_lies_in_the_workspace(tmp_path: Path) -> None:
    folder = store.folder_of(tmp_path)
    assert folder == tmp_path / "data" / "store"
    assert not store.exists(folder)
    with writing(folder):
        pass
    assert store.exists(folder)


def test_a_second_writer_gets_one_sentence_that_names_the_first(tmp_path: Path) -> None:
    with start("hold", tmp_path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "holding\n"
        with pytest.raises(StoreError) as caught, writing(tmp_path):
            pass
        assert f"process {first.pid} is writing to {tmp_path}" in str(caught.value)
        with pytest.raises(StoreError, match=f"process {first.pid}"):
            store.restore(tmp_path)
        assert numbers_in(tmp_path) == set()  # reading goes on
        first.kill()
    with writing(tmp_path):
        pass


def test_one_process_writes_once_at_a_time_and_keeps_the_lock_when_told_so(tmp_path: Path) -> None:
    with writing(tmp_path):
        again = r"this program is writing to .* already: let it finish first"
        with pytest.raises(StoreError, match=again), writing(tmp_path / "."):
            pass
        probe = "import sys, pathlib, backfolio.store as s; s.writing(pathlib.Path(sys.argv[1])).__enter__()"
        run = subprocess.run([sys.executable, "-c", probe, tmp_path], capture_output=True, text=True, check=False)
        assert f"StoreError: process {os.getpid()} is writing" in run.stderr


def test_readers_see_whole_batches_while_a_writer_puts(tmp_path: Path) -> None:
    with start("put", tmp_path, 0, 15) as program:
        assert program.stdout is not None
        program.stdout.readline()
        seen = []
        while program.poll() is None:
            seen.append(len(numbers_in(tmp_path)))
            time.sleep(0.05)
        assert program.returncode == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 1
    assert numbers_in(tmp_path) == set(range(15))


def test_a_writer_reads_between_its_puts(tmp_path: Path) -> None:
    with writing(tmp_path) as writer:
        for number in (1, 2):
            writer.put(batch(number))
            with writer.read() as reader:
                assert len(reader.symbols()) == number


def test_a_reader_waits_for_a_commit(tmp_path: Path) -> None:
    with writing(tmp_path) as writer:
        writer.put(batch(1))
    with start("open", tmp_path, 0.5) as program:
        assert program.stdout is not None
        program.stdout.readline()
        began = time.monotonic()
        assert numbers_in(tmp_path) == {1}
        assert time.monotonic() - began > 0.2


def test_a_reader_that_waits_for_more_than_a_second_says_for_whom(tmp_path: Path) -> None:
    with writing(tmp_path) as writer:
        writer.put(batch(1))
    probe = "import sys, pathlib, stocked; print(stocked.numbers_in(pathlib.Path(sys.argv[1])))"
    words, pipes = [sys.executable, "-c", probe, str(tmp_path)], {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start("open", tmp_path, 60) as program:
        assert program.stdout is not None
        program.stdout.readline()
        with subprocess.Popen(words, cwd=Path(__file__).parent, text=True, **pipes) as reader:
            assert reader.stderr is not None
            said = reader.stderr.readline()
            program.kill()
            assert reader.communicate() == ("{1}\n", "")
    holder = rf"process {program.pid} \(python.*\) has the store \S+market.duckdb open"
    assert re.fullmatch(rf"{holder}: waiting for it, 30 s at most\n", said)


@pytest.mark.parametrize("who", ["reader", "writer"])
def test_who_waits_too_long_is_told_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    with writing(tmp_path):
        pass
    for module, name in ((read_module, "READER_WAITS"), (database, "WRITER_WAITS"), (write, "WRITER_WAITS")):
        monkeypatch.setattr(module, name, 0.1)
    with start("open", tmp_path, 60) as program:
        assert program.stdout is not None
        program.stdout.readline()
        with pytest.raises(StoreError, match=rf"in use by process {program.pid} \(python.*: wait for it, or end it"):
            (reading if who == "reader" else writing)(tmp_path).__enter__()
        program.kill()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match=r"no store can be kept in .*: Permission denied"), writing(tmp_path / "in"):
        pass


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreError, match=r"no store can be kept in .*: "), writing(tmp_path / "store"):
        pass


def test_steps_are_numbered_from_one_without_a_gap() -> None:
    assert [step.number for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_the_schema_has_the_columns_of_the_tables(tmp_path: Path) -> None:
    with writing(tmp_path):
        pass
    with duckdb.connect(str(tmp_path / "market.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal ORDER BY table_name, column_index"
        ).fetchall()
        assert connection.execute("SELECT number, name FROM migrations").fetchall() == [(1, "first tables")]
    made: dict[str, list[str]] = {}
    for table, column in rows:
        made.setdefault(table, []).append(column)
    assert made == {"texts": ["id", "text"], **{name: list(table.columns) for name, table in TABLES.items()}}


def _note(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("ALTER TABLE blocks ADD COLUMN note VARCHAR")
    connection.execute("UPDATE texts SET text = upper(text)")


def _fail(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("DROP TABLE bars")
    connection.execute("SELECT * FROM nowhere")


@pytest.mark.parametrize("by", ["writing", "reading"])
def test_a_store_of_version_1_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    with writing(tmp_path) as writer:
        writer.put(batch(1))
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, Migration(2, "note", _note), Migration(3, "none", id)))
    with (reading if by == "reading" else writing)(tmp_path):
        pass
    with duckdb.connect(str(tmp_path / "market.duckdb"), read_only=True) as connection:
        assert version_of(connection) == 3
        assert connection.execute("SELECT count(note) FROM blocks").fetchall() == [(0,)]
        assert connection.execute("SELECT text FROM texts ORDER BY text").fetchall() == [("600001.SH",), ("SINA",)]
        assert connection.execute("SELECT count(*) FROM bars").fetchall() == [(400,)]


def test_a_step_that_fails_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing(tmp_path) as writer:
        writer.put(batch(1))
    with monkeypatch.context() as patch:
        steps = (*MIGRATIONS, Migration(2, "note", _note), Migration(3, "fails", _fail))
        patch.setattr(database, "MIGRATIONS", steps)
        with pytest.raises(StoreError, match="nowhere"), reading(tmp_path):
            pass
    assert numbers_in(tmp_path) == {1}


@pytest.mark.parametrize("use", [reading, writing])
def test_a_store_of_a_newer_program_is_refused(tmp_path: Path, use: Any) -> None:
    with writing(tmp_path):
        pass
    with duckdb.connect(str(tmp_path / "market.duckdb")) as connection:
        migrate(connection, [*MIGRATIONS, Migration(7, "of later", id)])
    with pytest.raises(StoreError, match=r"has version 7 and was made by a newer backfolio; .*up to 1: update"):
        use(tmp_path).__enter__()


def test_a_file_of_a_newer_duckdb_is_named_so(tmp_path: Path) -> None:
    said = "IO Error: Trying to read a database file with version number 999, but we can only read versions up to 67."
    assert "was made by a newer DuckDB than this one: update duckdb" in database.said_of(tmp_path, OSError(said))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("IO Error: Cannot open file: Permission denied", "cannot be written or read: allow it, or copy it elsewhere"),
        (
            "Out of Memory Error: could not allocate",
            "cannot be used: Out of Memory Error: could not allocate; backfolio data",
        ),
        ("", "cannot be used: no reason given"),
        ("FATAL Error: database has been invalidated", "is torn (FATAL Error: database has been invalidated)"),
        ("different configuration than existing connections", "is in use by another part of the program"),
    ],
)
def test_every_other_fault_is_told_in_words(tmp_path: Path, said: str, words: str) -> None:
    assert words in database.said_of(tmp_path, OSError(said))


def test_nothing_heavy_is_imported_by_naming_the_store() -> None:
    probe = "import sys, backfolio.store; print({'duckdb', 'pandas', 'akshare'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize(("said", "raised"), [("Query interrupted", KeyboardInterrupt), ("no", RuntimeError)])
def test_a_query_that_a_signal_cuts_off_is_ctrl_c(tmp_path: Path, said: str, raised: type[BaseException]) -> None:
    with pytest.raises(raised), database.in_words(tmp_path):
        raise RuntimeError(said)
