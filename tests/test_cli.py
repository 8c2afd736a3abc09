"""The command line, run as a person would, in a copy of the workspace; what only a process shows, in processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
SHORT = ("--end", "2021-06-30", "--no-tearsheet")

WAITS = """
from pathlib import Path
from time import sleep

from backfolio import Strategy


class Waits(Strategy):
    universe = "domestic-compute"

    def targets(self, history):
        Path("asked").touch()
        sleep(60.0)
"""

Run = "Callable[..., subprocess.CompletedProcess[str]]"


def test_help_imports_none_of_the_heavy_packages() -> None:
    code = (
        "import sys\nsys.argv = ['backfolio', '--help']\nfrom backfolio.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'backtrader', 'akshare', 'quantstats', 'pandas', 'matplotlib', 'pyarrow', 'jinja2', 'numba'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "run" in done.stdout


def test_a_run_prints_the_table_and_writes_the_report(
    process: Callable[..., subprocess.CompletedProcess[str]],
    cli: Callable[..., subprocess.CompletedProcess[str]],
    workspace: Path,
) -> None:
    done = process("run", "domestic_compute", "--benchmark", "999001.SH", *SHORT)
    assert done.stderr == ""
    assert "SIMULATED sample market" in done.stdout
    assert "Total return" in done.stdout
    assert "Decided after the close, filled at the next open." in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("Report: ")]
    page = workspace / line.removeprefix("Report: ")
    assert {path.name for path in page.parent.iterdir()} == {
        "index.html", "fills.csv", "refusals.csv", "equity.csv", "positions.csv", "run.json",
    }  # fmt: skip
    shown = page.read_text(encoding="utf-8")
    assert "SIMULATED" in shown
    assert "Buy and hold" in shown
    assert "Random names" in shown
    again = cli("run", "domestic_compute", "--benchmark", "999001.SH", *SHORT)
    assert "Report, there already: " in again.stdout


def test_json_holds_figures_and_nothing_else(cli: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = cli("run", "model_release", "buy_and_hold", "--json", "--no-report", *SHORT)
    runs = json.loads(done.stdout)["runs"]
    assert [run["strategy"] for run in runs] == ["model_release", "buy_and_hold"]
    assert all(run["simulated"] and run["report"] is None for run in runs)
    assert set(runs[0]["metrics"]) >= {"total_return", "sharpe", "max_drawdown"}
    assert "NaN" not in done.stdout
    assert "Infinity" not in done.stdout


def test_several_theses_give_one_table(cli: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = cli("run", "model_release", "analyst_upgrade", "--no-report", *SHORT)
    rows = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert "model_release" in rows
    assert "analyst_upgrade" in rows
    assert done.stdout.count("Decided after the close") == 1


def test_quiet_prints_the_path_alone(cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path) -> None:
    done = cli("run", "buy_and_hold", "--quiet", "--reports", "pages", *SHORT)
    (line,) = done.stdout.splitlines()
    assert (workspace / line).is_file()
    assert line.startswith("pages")


def test_flags_and_parameters_reach_the_run(cli: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    words = ["run", "domestic_compute", "--json", "--no-report", "--param", "hold=10", "-p", "exits.stop_loss=none"]
    words += ["--cash", "500000", "--slippage", "10", "--participation", "0.05", "--chase", "2", "--price", "vwap"]
    words += ["--commission", "0.0002", "--min-commission", "1", "--start", "2021-02-01", *SHORT]
    (run,) = json.loads(cli(*words).stdout)["runs"]
    assert run["params"]["hold"] == 10
    assert run["exits"]["stop_loss"] is None
    assert run["start"] == "2021-02-01"
    assert 400_000 < run["equity"] < 600_000


def test_the_settings_file_is_read_and_flags_win(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path
) -> None:
    (workspace / "backfolio.toml").write_text(
        '[run]\ncash = 200000\nend = "2021-06-30"\nreport = false\n[params.domestic_compute]\nhold = 30\n',
        encoding="utf-8",
    )
    (run,) = json.loads(cli("run", "domestic_compute", "--json").stdout)["runs"]
    assert run["params"]["hold"] == 30
    assert run["end"] == "2021-06-30"
    assert 150_000 < run["equity"] < 300_000
    (run,) = json.loads(cli("run", "domestic_compute", "--json", "--param", "hold=5", "--cash", "1e6").stdout)["runs"]
    assert run["params"]["hold"] == 5
    assert run["equity"] > 500_000
    shown = cli("show-config").stdout
    assert [line.split() for line in shown.splitlines() if line.strip().startswith("cash")] == [
        ["cash", "200000", "backfolio.toml"]
    ]
    assert json.loads(cli("show-config", "--json").stdout)["chase"] == {"value": 0, "from": "default"}


def test_the_printed_command_makes_the_same_run(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path
) -> None:
    (workspace / "backfolio.toml").write_text(
        "[run]\nslippage = 7\n[params.domestic_compute]\nhold = 15\n", encoding="utf-8"
    )
    first = cli("run", "domestic_compute", "--quiet", *SHORT).stdout.strip()
    record = json.loads((workspace / first).with_name("run.json").read_text(encoding="utf-8"))
    (workspace / "backfolio.toml").unlink()
    words = record["command"].removeprefix("python run_backtest.py ").split()
    assert cli(*words, "--no-tearsheet", "--quiet").stdout.strip() == first


def test_list_shows_theses_and_broken_files_with_their_traceback(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path
) -> None:
    (workspace / "strategies" / "bad.py").write_text("x = 1\ny = x / 0\n", encoding="utf-8")
    text = cli("list").stdout
    assert "domestic_compute" in text
    assert "BROKEN" in text
    assert "bad.py line 2: ZeroDivisionError" in text
    assert "Traceback" in text
    found = json.loads(cli("list", "--json").stdout)
    assert [broken["line"] for broken in found["broken"]] == [2]
    assert cli("run", "buy_and_hold", "--no-report", *SHORT).returncode == 0


def test_new_writes_a_thesis_that_runs(cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path) -> None:
    assert "Run it: python run_backtest.py run chip_cycle" in cli("new", "chip_cycle").stdout
    assert (workspace / "strategies" / "chip_cycle.py").is_file()
    assert "Total return" in cli("run", "chip_cycle", "--no-report", *SHORT).stdout
    assert "already" in cli("new", "chip_cycle", check=2).stderr


def test_another_folder_of_theses_is_searched_too(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path
) -> None:
    cli("new", "elsewhere", "--folder", "more")
    assert "elsewhere" in cli("list", "--strategies", "more").stdout
    assert cli("run", "elsewhere", "--strategies", "more", "--no-report", *SHORT).returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "domestic_computer"], ["did you mean 'domestic_compute'", "choose from"]),
        (["run", "domestic_compute", "--param", "hodl=3"], ["did you mean 'hold'"]),
        (["run", "domestic_compute", "--param", "hold=500"], ["hold", "60"]),
        (["run", "domestic_compute", "--param", "hold"], ["NAME=VALUE"]),
        (["run", "domestic_compute", "--cash", "-1"], ["cash is -1.0", "above 0"]),
        (["run", "domestic_compute", "--commission", "0.3"], ["commission is 0.3", "legal cap"]),
        (["run", "domestic_compute", "--participation", "10"], ["participation is 10.0", "fraction"]),
        (["run", "domestic_compute", "--price", "close"], ["price is 'close'", "open or vwap"]),
        (["run", "domestic_compute", "--slippage", "0.5"], ["--slippage"]),
        (["run", "domestic_compute", "--start", "2024-13-01"], ["2024-13-01", "YYYY-MM-DD"]),
        (["run", "domestic_compute", "--start", "2030-01-01"], ["after the last bar", "up to 2025-12-31"]),
        (["run", "domestic_compute", "--start", "2024-02-01", "--end", "2024-01-01"], ["exchange the dates"]),
        (["run", "domestic_compute", "--benchmark", "000300.SH"], ["999001.SH", "choose one"]),
        (["run", "domestic_compute", "--data", "nowhere"], ["nowhere", "sample"]),
        (["run", "domestic_compute", "--data", "store"], ["no store", "fetch", "import PATH"]),
        (["run", "domestic_compute", "--strategies", "nowhere"], ["nowhere", "--strategies"]),
        (["new", "1st"], ["cannot name a thesis"]),
        (["rnu"], ["Did you mean 'run'"]),
        (["run"], ["THESIS"]),
        (["run", "domestic_compute", "--bench", "x"], ["No such option"]),
    ],
    ids=" ".join,
)
def test_wrong_use_is_said_in_a_sentence_and_leaves_with_2(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path, words: list[str], said: list[str]
) -> None:
    done = cli(*words, check=2)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for part in said:
        assert part in done.stderr
    assert not (workspace / "reports").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[run]\ncsh = 5\n", ["csh", "did you mean 'cash'"]),
        ("[rum]\n", ["[rum]", "did you mean 'run'"]),
        ("[run]\ncash = 'much'\n", ["cash is 'much'", "CNY"]),
        ("[run]\nchase = true\n", ["chase is True"]),
        ("[run\n", ["not valid TOML"]),
        ("params = 3\n", ["params is 3"]),
        ("run = 3\n", ["run is 3"]),
        ('[run]\nlang = "fr"\n', ["lang is 'fr'", "en or zh"]),
        ('[run]\nup_colour = "gren"\n', ["up_colour is 'gren'", "did you mean 'green'", "red or green"]),
        ("[params]\ndomestic_compute = 3\n", ["[params.domestic_compute]"]),
    ],
)
def test_a_wrong_settings_file_is_said(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path, text: str, said: list[str]
) -> None:
    (workspace / "backfolio.toml").write_text(text, encoding="utf-8")
    done = cli("show-config", check=2)
    for part in ["backfolio.toml", *said]:
        assert part in done.stderr


def test_pages_speak_the_language_that_is_set_and_runs_stay_the_same(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path
) -> None:
    words = ["run", "buy_and_hold", "--quiet", "--no-tearsheet", "--end", "2021-03-31"]
    page = workspace / cli(*words).stdout.strip()
    english, record = page.read_text(encoding="utf-8"), (page.parent / "run.json").read_bytes()
    (workspace / "backfolio.toml").write_text('[run]\nlang = "zh"\n', encoding="utf-8")
    assert workspace / cli(*words, "--up-colour", "green").stdout.strip() == page
    chinese = page.read_text(encoding="utf-8")
    assert '<html lang="en" class="up-red">' in english
    assert '<html lang="zh-CN" class="up-green">' in chinese
    assert "总收益率" in chinese
    assert "--lang" not in chinese
    assert '<html lang="zh-CN"' in (workspace / "reports" / "index.html").read_text(encoding="utf-8")
    assert (page.parent / "run.json").read_bytes() == record
    assert cli(*words, "--lang", "fr", check=2).stderr.strip() == "Error: --lang is 'fr': give en or zh"


def test_bad_data_is_listed_and_leaves_with_2(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path
) -> None:
    rows = ["date,symbol,open,high,low,close,volume"]
    rows += [f"2024-01-{day:02},600000.SH,10,9,9,10,100" for day in range(2, 30)]
    (workspace / "mine.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = cli("run", "domestic_compute", "--data", "mine.csv", check=2)
    assert "problems in the data" in done.stderr
    assert "mine.csv:2" in done.stderr
    assert " more" in done.stderr
    assert done.stderr.count("\n") < 30


def test_debug_shows_the_traceback(cli: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    assert "Traceback" in cli("run", "domestic_compute", "--cash", "0", "--debug", check=2).stderr


def test_an_interrupted_run_leaves_no_half_report(workspace: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "run_backtest.py", "run", "domestic_compute"],
        cwd=workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    pages = list((workspace / "reports").rglob("index.html")) if (workspace / "reports").exists() else []
    folders = {page.parent for page in pages if page.parent.parent.name == "domestic_compute"}
    for folder in folders:  # it had finished before the signal came: then it is whole
        assert {path.name for path in folder.iterdir()} >= {"index.html", "tearsheet.html", "run.json", "fills.csv"}
    if not folders:
        assert process.returncode != 0


@pytest.mark.parametrize(
    ("command", "number", "status"),
    [("run", signal.SIGINT, 130), ("run", signal.SIGTERM, 143), ("falsify", signal.SIGINT, 130)],
)
def test_a_stopped_command_says_so_and_leaves_nothing(
    workspace: Path, command: str, number: signal.Signals, status: int
) -> None:
    (workspace / "strategies" / "waits.py").write_text(WAITS, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "run_backtest.py", command, "waits", "--data", "sample"],
        cwd=workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60.0
    while not (workspace / "asked").exists() and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert err.splitlines()[-1] == "Interrupted: no report was left half-written; the same command starts anew."
    assert "Traceback" not in err
    assert not (workspace / "reports").exists()


def test_a_closed_pipe_is_no_traceback(workspace: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} run_backtest.py list | head -n 1"],
        cwd=workspace,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr


def test_the_installed_command_takes_the_current_folder(workspace: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "backfolio", "list"], cwd=workspace, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(workspace) in done.stdout
