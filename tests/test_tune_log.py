"""A tune's folder: what is written is read back, and what was cut short is seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.errors import UsageError
from backfolio.tune.evaluate import Batch
from backfolio.tune.log import Columns, Log, count_trials, equity_rows, read_head
from backfolio.tune.space import Axis, Space
from backfolio.tune.trials import FIGURES, as_kept, in_cny

ROOT = Path(__file__).resolve().parents[1]
SPACE = Space((Axis("hold", (5, 10, 20, 40)), Axis("exits.trailing", (None, 0.1))))
HEAD = {"tune_id": "abc", "identity": {"thesis": "名"}}
SESSIONS = 5


def batch(places: list[int], errors: dict[int, str] | None = None) -> Batch:
    """Return made-up trials, each with its own figures; a failed one has none."""
    rows = np.array(places, dtype=np.float64)
    figures = {name: rows * 1.1 + at for at, name in enumerate(FIGURES)}
    figures = {name: np.round(v) if name in {"fills", "refusals", "final_equity"} else v for name, v in figures.items()}
    equity = np.array(places, dtype=np.int64)[:, None] * 1_000 + np.arange(SESSIONS)
    for row in errors or {}:
        equity[row] = 0
        for values in figures.values():
            values[row] = np.nan
    return Batch(np.array(places, dtype=np.int64), figures, errors or {}, equity)


def opened(folder: Path) -> Log:
    return Log(folder, HEAD, SPACE, SESSIONS)


def filled(folder: Path) -> None:
    with opened(folder) as log:
        log.append(np.array([0, 1]), batch([4, 7]))
        log.append(np.array([4, 2]), batch([1, 0], {1: "it broke"}))


def test_what_is_written_is_read_back_exactly(tmp_path: Path) -> None:
    filled(tmp_path / "tune-abc")
    assert read_head(tmp_path / "tune-abc") == HEAD
    with opened(tmp_path / "tune-abc") as log:
        columns = log.columns
        assert log.found == columns.count == 4
        assert columns.numbers().tolist() == [0, 1, 2, 4]
        assert columns.end == 5
        assert columns.places[columns.numbers()].tolist() == [4, 7, 0, 1]
        assert columns.errors == {2: "it broke"}
        made = batch([4, 7, 1])
        for at, name in enumerate(FIGURES):
            assert columns.figures[at, [0, 1, 4]].tolist() == made.figures[name].tolist()
            assert np.isnan(columns.figures[at, 2])
        numbers = columns.numbers()
    equity = equity_rows(tmp_path / "tune-abc", numbers, SESSIONS)
    assert equity.tolist() == [*batch([4, 7]).equity.tolist(), [0] * SESSIONS, *batch([1]).equity.tolist()]


def test_a_line_names_its_trial(tmp_path: Path) -> None:
    filled(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "trials.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["number"] for line in lines] == [0, 1, 4, 2]
    assert lines[1]["values"] == {"hold": 40, "exits.trailing": 0.1}
    assert lines[1]["figures"]["fills"] == 16
    assert lines[1]["figures"]["final_equity"] == 0.018  # CNY, of 18 mills
    assert lines[3]["error"] == "it broke"
    assert lines[3]["figures"]["sharpe"] is None


@given(st.integers(0, 10**14))
def test_an_amount_is_written_in_cny_and_read_back_to_the_mill(mills: int) -> None:
    assert as_kept("final_equity", json.loads(json.dumps(in_cny("final_equity", float(mills))))) == mills
    assert as_kept("fills", in_cny("fills", float(mills))) == mills


def test_a_head_is_written_again_where_it_changes(tmp_path: Path) -> None:
    filled(tmp_path)
    path = tmp_path / "tune.json"
    before = path.stat().st_ino
    with opened(tmp_path) as log:
        log.describe(HEAD)
        assert path.stat().st_ino == before
        log.describe({**HEAD, "command": "another"})
    assert read_head(tmp_path) == {**HEAD, "command": "another"}


def test_curves_without_a_gap_stay_on_the_disk(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        log.append(np.array([1, 0]), batch([1, 2]))
    rows = equity_rows(tmp_path, np.arange(2), SESSIONS)
    assert isinstance(rows, np.memmap)
    assert rows.tolist() == batch([2, 1]).equity.tolist()
    assert equity_rows(tmp_path, np.zeros(0, np.int64), SESSIONS).shape == (0, SESSIONS)


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_torn_line_is_cut_off_and_its_trial_is_open_again(tmp_path: Path, cut: int) -> None:
    filled(tmp_path)
    path = tmp_path / "trials.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with opened(tmp_path) as log:
        assert log.columns.numbers().tolist() == [0, 1, 4]
        log.append(np.array([2]), batch([0], {0: "it broke"}))
    assert path.read_bytes() == whole


@pytest.mark.parametrize("broken", [b"\0" * 50 + b"\n", b'{"number": 3}\n', b"\xff\n\n", b'{"number": -1,\n'])
def test_a_broken_line_costs_no_trial_after_it(tmp_path: Path, broken: bytes) -> None:
    filled(tmp_path)
    path = tmp_path / "trials.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], broken, *lines[1:]]))
    assert count_trials(tmp_path) == 4
    with opened(tmp_path) as log:
        assert log.columns.numbers().tolist() == [0, 1, 2, 4]
        log.append(np.array([3]), batch([5]))
    with opened(tmp_path) as log:
        assert log.columns.numbers().tolist() == [0, 1, 2, 3, 4]


def test_trials_are_counted_once_however_often_they_are_written(tmp_path: Path) -> None:
    assert count_trials(tmp_path) == 0
    filled(tmp_path)
    with opened(tmp_path) as log:
        log.append(np.array([4]), batch([1]))
    path = tmp_path / "trials.jsonl"
    assert path.read_bytes().count(b"\n") == 5
    assert count_trials(tmp_path) == 4
    path.write_bytes(path.read_bytes()[:-3])
    assert count_trials(tmp_path) == 4


def test_a_curve_that_is_not_what_its_line_says_is_evaluated_again(tmp_path: Path) -> None:
    filled(tmp_path)
    path = tmp_path / "equity.bin"
    curves = bytearray(path.read_bytes())
    curves[8] ^= 1  # of trial 0
    path.write_bytes(curves[:-3])  # and the last, trial 4, is torn
    with opened(tmp_path) as log:
        assert log.columns.numbers().tolist() == [1, 2]
        log.append(np.array([0, 4]), batch([4, 1]))
    with opened(tmp_path) as log:
        assert log.columns.numbers().tolist() == [0, 1, 2, 4]
        assert log.columns.count == 4


def test_a_trial_that_is_evaluated_again_loses_its_error() -> None:
    columns = Columns.empty()
    columns.put(np.array([3]), batch([3], {0: "crashed"}))
    columns.put(np.array([3]), batch([3]))
    assert columns.errors == {}
    assert columns.count == 1


def test_a_second_writer_is_refused_and_a_dead_one_is_forgotten(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nsys.path[:0] = ['tests']\nfrom test_tune_log import opened\n"
        "with opened(Path(sys.argv[1])):\n    print('open', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        with pytest.raises(UsageError, match=f"process {writer.pid} is writing to .*: wait for it"), opened(tmp_path):
            pass
        writer.kill()
        writer.wait()
    filled(tmp_path)
    assert (tmp_path / ".lock").read_text(encoding="ascii") == f"{os.getpid()}\n"


def test_a_folder_that_is_no_tune_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no folder of a tune, it has no tune\.json"):
        read_head(tmp_path)
    (tmp_path / "tune.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"tune\.json cannot be read"):
        read_head(tmp_path)
    (tmp_path / "tune.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(UsageError, match=r"tune\.json is not what a tune writes"):
        read_head(tmp_path)


@pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(UsageError, match=r"cannot be written .*--reports"), opened(tmp_path / "file" / "tune-abc"):
        pass
