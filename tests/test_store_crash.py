"""What becomes of a store whose process is killed, whose disk is full, whose file is torn."""

from __future__ import annotations

import os
import random
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

import fetched
from answered import answered
from backfolio.errors import StoreError
from backfolio.fetch import fetch
from backfolio.quality import Finding
from backfolio.store import exists, reading, restore, writing
from stocked import batch, crash, numbers_in, start, symbol_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backfolio.store import Writer


def fill(folder: Path, *numbers: int, keep: bool = False) -> None:
    with writing(folder) as writer:
        for number in numbers:
            writer.put(batch(number))
        if keep:
            assert writer.snapshot() == folder / "market.good.duckdb"


def logged(folder: Path) -> bytes:
    """Make a store with two batches in its file and a third in its log only; return the log."""
    fill(folder, 1, 2)
    crash(folder, 3, "after commit")
    return (folder / "market.duckdb.wal").read_bytes()


@pytest.mark.parametrize(("where", "held"), [("before commit", {1}), ("after commit", {1, 2})])
def test_a_killed_put_is_in_whole_or_not_at_all(tmp_path: Path, where: str, held: set[int]) -> None:
    fill(tmp_path, 1)
    crash(tmp_path, 2, where)
    assert numbers_in(tmp_path) == held
    fill(tmp_path, 2, 3)
    assert numbers_in(tmp_path) == {1, 2, 3}


def test_what_a_killed_process_left_without_an_examination_the_next_fetch_examines(tmp_path: Path) -> None:
    with answered(*fetched.hosts(), strict=False):
        fetch(tmp_path, fetched.ask(), fetched.desk(tmp_path))
    crash(tmp_path, 2, "after commit")
    with reading(tmp_path) as reader:
        assert reader.unexamined() == (symbol_of(2),)
    (tmp_path / "market.good.duckdb").unlink()
    with answered(*fetched.hosts(), strict=False):
        again = fetch(tmp_path, fetched.ask(), fetched.desk(tmp_path))
    assert {one.state for one in again.outcomes} == {"up to date"}
    with reading(tmp_path) as reader:
        assert reader.unexamined() == ()
        assert reader.findings((symbol_of(2),))
    assert (tmp_path / "market.good.duckdb").is_file()


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_what_was_committed_survives_kill_9_at_any_time(tmp_path: Path, kills: int) -> None:
    chance, promised = random.Random(kills), set()  # noqa: S311  when to kill
    for turn in range(kills):
        with start("put", tmp_path, turn * 100, 100) as program:
            assert program.stdout is not None
            for _ in range(chance.randint(1, 4)):
                promised.add(int(program.stdout.readline()))
            time.sleep(chance.random() * 0.15)
            program.kill()
            promised |= {int(line) for line in program.stdout if line.endswith("\n")}
        held = numbers_in(tmp_path)
        assert promised <= held
        assert len(held - promised) <= turn + 1  # one a kill: committed, and killed before it could say so
    assert not list(tmp_path.glob("*.wal.*"))


def test_a_process_killed_while_it_makes_the_store_leaves_none(tmp_path: Path) -> None:
    (tmp_path / ".market.duckdb.0badcafe.partial").write_bytes(b"half")
    (tmp_path / ".market.good.duckdb.0badcafe.partial").write_bytes(b"half")
    with pytest.raises(StoreError, match=r"no store .*: backfolio fetch --universe NAME fills it"), reading(tmp_path):
        pass
    fill(tmp_path, 1)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["market.duckdb", "market.lock"]
    assert numbers_in(tmp_path) == {1}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder with 8 MB of disk, 3 of them taken."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.name == "nt" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root on Linux: the full disk is NOT tested here")
    try:
        (folder / "filler").write_bytes(b"x" * (3 << 20))
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_what_was_committed_and_takes_more_once_there_is_room(small_disk: Path) -> None:
    put: list[int] = []

    def until_full(writer: Writer) -> None:
        while True:
            writer.put(batch(len(put)))
            put.append(len(put))

    with writing(small_disk) as writer:
        with pytest.raises(StoreError) as caught:
            until_full(writer)
        assert f"the disk of {small_disk} is full" in str(caught.value)
        assert "nothing of the last refresh is in" in str(caught.value)
        with pytest.raises(StoreError, match="is full"):
            writer.put(batch(len(put)))
        assert writer.snapshot() is None
    assert len(put) > 3
    assert numbers_in(small_disk) == set(put)
    (small_disk / "filler").unlink()
    fill(small_disk, len(put))
    assert numbers_in(small_disk) == {*put, len(put)}


def test_a_disk_that_is_full_before_the_findings_are_in_is_told_so(small_disk: Path) -> None:
    found = [Finding("gap", "warning", f"{code:06}.SZ", None, None, 1, "no bar" * 99, "fetch") for code in range(9_000)]
    with writing(small_disk) as writer:
        writer.put(batch(1))
        with pytest.raises(StoreError, match=r"is full: .*what came last too, but not what an examination found of it"):
            writer.replace_findings(found, None)
        with writer.read() as reader:
            assert reader.unexamined() == (symbol_of(1),)
        writer.replace_findings(found[:9], None)
        with writer.read() as reader:
            assert reader.unexamined() == ()


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_log_cut_short_loses_the_last_batch_alone(tmp_path: Path, part: float) -> None:
    whole = logged(tmp_path)
    assert numbers_in(tmp_path) == {1, 2, 3}
    (tmp_path / "market.duckdb.wal").write_bytes(whole[: int(len(whole) * part)])
    assert numbers_in(tmp_path) == {1, 2}
    fill(tmp_path, 3)
    assert numbers_in(tmp_path) == {1, 2, 3}


def test_a_log_with_a_wrong_byte_is_told_and_set_aside_alone(tmp_path: Path) -> None:
    whole = bytearray(logged(tmp_path))
    whole[len(whole) // 2] ^= 0xFF
    (tmp_path / "market.duckdb.wal").write_bytes(whole)
    with pytest.raises(StoreError, match=r"is torn .*data restore .* fetch then brings what is missing"):
        numbers_in(tmp_path)
    with pytest.raises(StoreError, match="is torn"):
        fill(tmp_path, 4)
    done = restore(tmp_path)  # without a good copy: the file is sound
    assert not done.copied
    assert done.kept is not None
    assert done.kept.read_bytes() == whole
    assert done.kept.name.startswith("market.torn-")
    assert numbers_in(tmp_path) == {1, 2}


TEARS = {
    "empty": lambda _: b"",
    "first page": lambda whole: whole[:4096],
    "half": lambda whole: whole[: len(whole) // 2],
    "zeros in the middle": lambda whole: whole[:20_000] + bytes(len(whole) - 20_000),
    "another file": lambda _: b"<html>" * 5_000,
    "a wrong byte in every block": lambda whole: bytes(
        byte ^ (0xFF if at % 4096 == 100 else 0) for at, byte in enumerate(whole)
    ),
}


@pytest.mark.parametrize("tear", TEARS)
def test_a_torn_file_is_told_and_the_good_copy_put_back(tmp_path: Path, tear: str) -> None:
    fill(tmp_path, 1, 2, keep=True)
    fill(tmp_path, 3)
    file = tmp_path / "market.duckdb"
    torn = TEARS[tear](file.read_bytes())
    file.write_bytes(torn)
    with pytest.raises(StoreError, match=r"is torn .*backfolio data restore puts the last good copy back"):
        numbers_in(tmp_path)
    done = restore(tmp_path)
    assert done.copied
    assert done.kept is not None
    assert done.kept.read_bytes() == torn
    assert numbers_in(tmp_path) == {1, 2}
    fill(tmp_path, 3)
    assert numbers_in(tmp_path) == {1, 2, 3}


def test_without_a_good_copy_nothing_is_moved(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (tmp_path / "market.duckdb").write_bytes(b"no store" * 1_000)
    (tmp_path / "market.duckdb.wal").write_bytes(b"no log")
    before = {entry.name: entry.read_bytes() for entry in tmp_path.iterdir() if entry.suffix != ".lock"}
    with pytest.raises(StoreError, match=r"no good copy .*move .* away, then backfolio fetch or .* fills a new store"):
        restore(tmp_path)
    (tmp_path / "market.good.duckdb").write_bytes(b"torn as well" * 1_000)
    with pytest.raises(StoreError, match="cannot be used either"):
        restore(tmp_path)
    (tmp_path / "market.good.duckdb").unlink()
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir() if entry.suffix != ".lock"} == before


def test_where_the_file_is_gone_and_its_good_copy_is_not_no_new_store_is_begun(tmp_path: Path) -> None:
    fill(tmp_path, 1, keep=True)
    (tmp_path / "market.duckdb").unlink()
    before = (tmp_path / "market.good.duckdb").read_bytes()
    for use in (reading, writing, exists):
        with pytest.raises(StoreError, match=r"is gone, and its good copy .* is there: .*data restore puts that back"):
            _ = use(tmp_path) if use is exists else use(tmp_path).__enter__()
    assert (tmp_path / "market.good.duckdb").read_bytes() == before
    assert restore(tmp_path).kept is None
    assert numbers_in(tmp_path) == {1}


def test_the_good_copy_is_of_the_moment_and_a_later_one_takes_its_place(tmp_path: Path) -> None:
    fill(tmp_path, 1, keep=True)
    fill(tmp_path, 2)
    restore(tmp_path, older=True)
    assert numbers_in(tmp_path) == {1}
    fill(tmp_path, 3, keep=True)
    fill(tmp_path, 4)
    restore(tmp_path, older=True)
    assert numbers_in(tmp_path) == {1, 3}


def test_a_sound_store_gives_way_to_the_good_copy_only_where_that_is_asked(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with pytest.raises(StoreError, match=r"is sound and has bars of 1 symbol .*: there is no good copy beside it"):
        restore(tmp_path, older=False)
    fill(tmp_path, 1, keep=True)
    fill(tmp_path, 2)
    crash(tmp_path, 3, "after commit")  # leaves a log that is sound as well
    before = {entry.name: entry.read_bytes() for entry in tmp_path.iterdir() if entry.suffix != ".lock"}
    words = (
        r"is sound and has bars of 3 symbols up to 2025-08-\d\d, brought 2025-08-22 17:30 CST, so nothing is "
        r"put back: the good copy has bars of 1 symbol up to .*; .* data restore --older goes back to it all the same"
    )
    with pytest.raises(StoreError, match=words):
        restore(tmp_path)
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir() if entry.suffix != ".lock"} == before
    done = restore(tmp_path, older=True)
    assert done.copied
    assert done.kept is not None
    assert done.kept.name.startswith("market.before-")
    assert numbers_in(tmp_path) == {1}
    (tmp_path / "market.good.duckdb").write_bytes(b"torn" * 9_000)
    with pytest.raises(StoreError, match=r"so nothing is put back: the copy .* is torn"):
        restore(tmp_path)


def test_a_store_that_another_program_has_open_is_not_taken_for_torn(tmp_path: Path) -> None:
    fill(tmp_path, 1, keep=True)
    with start("open", tmp_path, 60) as program:
        assert program.stdout is not None
        program.stdout.readline()
        for older in (False, True):
            with pytest.raises(StoreError, match=f"in use by process {program.pid}"):
                restore(tmp_path, older=older)
        program.kill()
    assert numbers_in(tmp_path) == {1}
