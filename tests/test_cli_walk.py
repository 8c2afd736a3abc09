"""The command `walk-forward`, run as a person would, in a copy of the workspace."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from called import COLUMNS, called

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).resolve().parents[1]
SHORT = ("--end", "2022-03-31", "--train", "120", "--test", "60", "--benchmark", "999001.SH")
SMALL = ("walk-forward", "domestic_compute", "--vary", "hold=10,30", "--vary", "names=3,5", *SHORT)

PEEK = '''
from backfolio import Param, Strategy, equal_weight, top


class Peek(Strategy):
    """Buy what will rise."""

    universe = "domestic-compute"
    names = Param(3, low=1, high=9, doc="names held")

    def targets(self, history):
        return equal_weight(top(history.returns(5).shift(-5), self.names), slots=self.names)
'''


def environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": COLUMNS, "PYTHONWARNINGS": "default"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    shutil.copy(ROOT / "run_backtest.py", folder)
    for name in ("strategies", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("store", "__pycache__"))
    (folder / "strategies" / "peek.py").write_text(PEEK, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def cli(workspace: Path) -> Cli:
    """Return ``cli(*words)``, which does in the workspace what ``python run_backtest.py`` does (see `called`)."""

    def call(*words: str, check: int = 0) -> subprocess.CompletedProcess[str]:
        done = called(workspace, *words)
        assert done.returncode == check, done.stderr + done.stdout
        return done

    return call


@pytest.fixture(scope="module")
def first(cli: Cli) -> subprocess.CompletedProcess[str]:
    return cli(*SMALL, "--reports", "first")


def ledger(workspace: Path, name: str) -> list[tuple[str, int]]:
    """Return the thesis and the trials of each line of a run ledger that counts trials."""
    lines = (workspace / name / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    return [(said["thesis"], said["trials"]) for said in map(json.loads, lines) if said["kind"] != "claims"]


def reports(workspace: Path, name: str) -> list[Path]:
    return sorted((workspace / name).glob("*/walk-*"))


def test_it_prints_the_windows_and_writes_the_report(first: subprocess.CompletedProcess[str], workspace: Path) -> None:
    assert first.stderr == ""
    (folder,) = reports(workspace, "first")
    assert f"Report: first/domestic_compute/{folder.name}/index.html" in first.stdout
    for said in ("SIMULATED sample market", "Sharpe in", "Sharpe out", "default", "Out of sample, over 4 windows"):
        assert said in first.stdout
    assert len(re.findall(r"^ ?\d +\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d ", first.stdout, re.MULTILINE)) == 4
    assert {path.name for path in folder.iterdir()} == {"index.html", "windows.csv", "equity.csv", "walk.json"}
    assert folder.name in (workspace / "first" / "index.html").read_text(encoding="utf-8")


def test_the_trials_are_counted_in_the_run_ledger(first: subprocess.CompletedProcess[str], workspace: Path) -> None:
    assert first.returncode == 0
    assert ledger(workspace, "first") == [("domestic_compute", 4 * 4)]
    lines = (workspace / "first" / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    claims, said = map(json.loads, lines)
    assert (said["kind"], said["start"], said["end"]) == ("walk-forward", "2021-01-04", "2022-03-31")
    assert (claims["kind"], claims["command"], claims["id"]) == ("claims", "walk-forward", said["id"])


def test_the_command_on_the_page_makes_the_same_walk(
    first: subprocess.CompletedProcess[str], cli: Cli, workspace: Path
) -> None:
    assert first.returncode == 0
    (folder,) = reports(workspace, "first")
    command = json.loads((folder / "walk.json").read_text(encoding="utf-8"))["command"]
    words = command.removeprefix("python run_backtest.py ").split()
    assert words != list(SMALL)
    again = cli(*words)
    assert f"Report, there already: first/domestic_compute/{folder.name}/index.html" in again.stdout


def test_json_and_one_process_give_the_same_numbers(
    first: subprocess.CompletedProcess[str], cli: Cli, workspace: Path
) -> None:
    assert first.returncode == 0
    (folder,) = reports(workspace, "first")
    recorded = json.loads((folder / "walk.json").read_text(encoding="utf-8"))["result"]
    done = cli(*SMALL, "--json", "--no-report", "--reports", "none", "--workers", "1")
    printed = json.loads(done.stdout)
    assert printed.pop("report") is None
    assert printed.pop("existed") is False
    assert printed == recorded
    assert "NaN" not in done.stdout
    assert [path.name for path in (workspace / "none").iterdir()] == ["ledger.jsonl"]
    assert ledger(workspace, "none") == [("domestic_compute", 16)], "what was looked at was looked at"
    cli(*SMALL, "--no-report", "--reports", "first")
    assert ledger(workspace, "first") == [("domestic_compute", 16)], "the same walk is the same trials"


def test_quiet_prints_the_path_alone(cli: Cli, workspace: Path) -> None:
    done = cli(*SMALL, "--anchored", "--purge", "5", "--quiet", "--reports", "quiet")
    (line,) = done.stdout.splitlines()
    assert (workspace / line).is_file()
    record = json.loads((workspace / line).with_name("walk.json").read_text(encoding="utf-8"))
    assert "--anchored --purge 5" in record["command"]
    assert {window["train"]["start"] for window in record["result"]["windows"]} == {"2021-01-04"}


def test_a_thesis_that_looks_ahead_is_refused_with_one_sentence(cli: Cli, workspace: Path) -> None:
    done = cli("walk-forward", "peek", "--vary", "names=2,3", *SHORT, "--reports", "peeked", check=2)
    assert re.fullmatch(r"Error: peek looks ahead: in window 1 the target of .+\n", done.stderr)
    assert [path.name for path in (workspace / "peeked").iterdir()] == ["ledger.jsonl"]
    assert ledger(workspace, "peeked") == [("peek", 2)], "its trials of window 1 were run"


def test_a_walk_that_finds_nothing_to_choose_counts_its_trials(cli: Cli, workspace: Path) -> None:
    done = cli(*SMALL, "--reports", "nothing", "--constraint", "fills>1e9", check=2)
    assert "no window has a trial with a score that every constraint allows" in done.stderr
    assert ledger(workspace, "nothing") == [("domestic_compute", 16)]
    assert reports(workspace, "nothing") == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--train", "5000"), "and one window needs 5,001 (5,000 to train and 1 to test)"),
        (("--train", "1"), "--train is 1: give whole sessions from 2"),
        (("--test", "0"), "--test is 0: give whole sessions from 1"),
        (("--purge", "-1"), "--purge is -1: give whole sessions from 0"),
        (("--vary", "nmaes=3"), "domestic_compute has no parameter 'nmaes' (did you mean 'names'?)"),
        (("--vary", "market.cash=1e5,2e5"), "--vary market.cash: a walk-forward carries its cash"),
        (("--score", "sharp"), "no score is called 'sharp' (did you mean 'sharpe'?)"),
        (("--constraint", "max_drawdown"), "--constraint 'max_drawdown': write FIGURE<NUMBER"),
        (("--sampler", "bayes"), "no sampler is called 'bayes'"),
        (("--trials", "9"), "--trials 9 is more than there is to try"),
        (("--workers", "0"), "--workers is 0: give a whole number from 1"),
        (("--start", "2031-01-01"), "start 2031-01-01 is after the last bar"),
        (("--benchmark", "000001.SH"), "benchmark '000001.SH' is not an index of this data"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    cli: Cli, workspace: Path, words: tuple[str, ...], said: str
) -> None:
    done = cli(*SMALL, "--reports", "bad", *words, check=2)
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert said in line
    assert done.stdout == ""
    assert not (workspace / "bad").exists()


def test_nothing_varied_is_refused(cli: Cli) -> None:
    done = cli("walk-forward", "domestic_compute", *SHORT, check=2)
    assert done.stderr.startswith("Error: nothing is varied: write NAME=LOW:HIGH:STEP")


def test_ctrl_c_says_what_was_finished(workspace: Path) -> None:
    mark = workspace / "under_way.txt"
    slow = PEEK.replace("class Peek", "class Slow").replace(".shift(-5)", "").replace(
        "        return",
        f"        import time\n\n        open({str(mark)!r}, 'a').close()\n        time.sleep(0.05)\n        return",
    )  # fmt: skip
    (workspace / "strategies" / "slow.py").write_text(slow, encoding="utf-8")
    words = ("walk-forward", "slow", "--vary", "names=1,2,3,4,5,6", *SHORT[2:], "--reports", "cut")
    with subprocess.Popen(
        [sys.executable, "run_backtest.py", *words],
        cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
        start_new_session=True,
    ) as process:  # fmt: skip
        while not mark.exists() and process.poll() is None:
            time.sleep(0.05)
        time.sleep(2)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert re.fullmatch(
        r"Interrupted( before the first window was finished|"
        r": \d+ windows? (was|were) finished of 19 \(.+ out of sample\)); no report was written\.\n",
        err,
    ), err
    assert reports(workspace, "cut") == []
    ((name, trials),) = ledger(workspace, "cut")
    assert name == "slow"
    assert 0 < trials < 6 * 19
