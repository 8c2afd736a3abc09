"""The command `tune`, run as a person would, in a copy of the workspace; what is stopped runs in processes."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backfolio.cli import commands
from backfolio.cli.app import app
from backfolio.cli.config import load_config
from backfolio.cli.workspace import Workspace
from backfolio.errors import BackfolioError

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).resolve().parents[1]
SHORT = ("--end", "2021-06-30")
WORDS = ("tune", "domestic_compute", "--vary", "hold=5:20:5", "--vary", "names=2,3", *SHORT)
SLOW = '''
import time

from backfolio import Param, Strategy, equal_weight, top


class Slow(Strategy):
    """Buy what rose, and take its time."""

    universe = "domestic-compute"
    back = Param(5, low=1, high=60)

    def targets(self, history):
        time.sleep(0.05)
        return equal_weight(top(history.returns(self.back).where(history.tradable), 2), slots=3)
'''


def folder_of(workspace: Path, thesis: str = "domestic_compute") -> Path:
    """Return the only tune of a thesis."""
    (folder,) = (workspace / "reports" / thesis).glob("tune-*")
    return folder


def kept(folder: Path) -> tuple[list[str], bytes]:
    """Return every trial that a folder keeps, by number."""
    lines = (folder / "trials.jsonl").read_text(encoding="utf-8").splitlines()
    return sorted(lines, key=lambda line: json.loads(line)["number"]), (folder / "equity.bin").read_bytes()


def words_of(command: str) -> list[str]:
    """Return the words of a printed command, after the program."""
    return shlex.split(command.removeprefix("python run_backtest.py "))


def test_a_tune_prints_the_best_the_verdict_and_what_to_do_with_it(cli: Cli, workspace: Path) -> None:
    done = cli(*WORDS, "--benchmark", "999001.SH")
    assert done.stderr == ""
    folder = folder_of(workspace)
    lines = done.stdout.splitlines()
    assert "SIMULATED sample market" in lines[0]
    assert [line.split()[:3] for line in lines if line.startswith(" trial")] == [["trial", "hold", "names"]]
    said = {line.partition(": ")[0]: line.partition(": ")[2] for line in lines if ": " in line}
    assert said["8 trials"].endswith("a second.")
    assert said["Verdict"].startswith("Of 8 trials on this data the best has a Sharpe ratio of")
    assert said["Report"] == f"reports/domestic_compute/{folder.name}/index.html"
    assert (workspace / said["Report"]).is_file()
    page = said["Winner's report"]
    assert (workspace / page).is_file()
    again = cli(*words_of(said["Winner"]), "--no-tearsheet")
    assert f"Report, there already: {page}" in again.stdout
    block = done.stdout.partition("Keep it in backfolio.toml:\n")[2].partition("Winner's report")[0]
    window = f'[run]\nend = "{SHORT[1]}"\nbenchmark = "999001.SH"\ntearsheet = false\n'
    (workspace / "backfolio.toml").write_text("\n".join([*map(str.strip, block.splitlines()), window]), "utf-8")
    by_file = cli("run", "domestic_compute")
    assert f"Report, there already: {page}" in by_file.stdout
    (workspace / "backfolio.toml").unlink()
    before = kept(folder)
    once_more = cli(*WORDS, "--benchmark", "999001.SH", "--resume", folder.name)
    assert "8 trials: there already." in once_more.stdout
    assert kept(folder) == before
    assert cli("tune", *WORDS[1:], "--benchmark", "999001.SH", "--quiet").stdout.strip() == said["Report"]


def test_json_holds_the_study_and_its_verdict(cli: Cli, workspace: Path) -> None:
    done = cli(*WORDS, "--json", "--sampler", "tpe", "--trials", "6", "--score", "total", "--constraint", "fills>0")
    told = json.loads(done.stdout)
    assert done.stderr == ""
    assert (told["trials"], told["failed"], told["sampler"], told["score"]) == (6, 0, "tpe", "total")
    assert told["simulated"] is True
    assert told["constraints"] == ["fills>0"]
    assert told["best"] == told["top"][0]
    assert [trial["score"] for trial in told["top"]] == sorted((t["score"] for t in told["top"]), reverse=True)
    assert told["best"]["score"] == told["best"]["figures"]["total_return"]
    assert told["verdict"]["trials"] == 6
    assert told["verdict"]["sentence"]
    assert told["trials_ever"] == 6
    assert told["winner"]["command"].startswith("python run_backtest.py run domestic_compute --end 2021-06-30 --param ")
    assert (workspace / told["report"]).is_file()
    assert (workspace / told["folder"] / told["winner"]["report"]).resolve().is_file()
    assert "NaN" not in done.stdout
    assert json.loads(cli(*words_of(told["command"]), "--json").stdout)["existed"] == 6


def test_market_settings_and_exits_can_be_tuned(cli: Cli, workspace: Path) -> None:
    words = ("--vary", "exits.trailing=none,0.1", "--vary", "market.slippage=0,30", "--cash", "1234567.5")
    told = json.loads(cli("tune", "buy_and_hold", *words, *SHORT, "--no-report", "--json").stdout)
    assert told["trials"] == 4
    assert told["report"] is None
    assert not list((workspace / "reports").rglob("*.html"))
    winner = json.loads(cli(*words_of(told["winner"]["command"]), "--no-report", "--json").stdout)["runs"][0]
    assert winner["equity"] == told["best"]["figures"]["final_equity"]
    flag = cli("tune", "buy_and_hold", *words, *SHORT, "--slippage", "5", check=2)
    assert "market.slippage is both varied and fixed by --slippage: drop one" in flag.stderr


def test_an_amount_is_asked_for_and_told_in_cny(cli: Cli, workspace: Path) -> None:
    words = ("tune", "buy_and_hold", "--vary", "market.slippage=0,9000", *SHORT, "--no-report", "--json")
    told = json.loads(cli(*words, "--constraint", "final_equity>800000").stdout)
    assert (told["trials"], told["allowed"], told["constraints"]) == (2, 1, ["final_equity>800000"])
    assert 800_000 < told["best"]["figures"]["final_equity"] < 2_000_000
    (line,) = (json.loads(line) for line in kept(folder_of(workspace, "buy_and_hold"))[0] if '"number": 0' in line)
    assert line["figures"] == told["best"]["figures"]
    others = cli(*words, "--constraint", "final_equity>800000.0001")
    assert json.loads(others.stdout)["tune_id"] != told["tune_id"]


def test_printed_commands_reproduce_beside_a_settings_file_and_without_it(cli: Cli, workspace: Path) -> None:
    settings = workspace / "backfolio.toml"
    settings.write_text(
        '[run]\nslippage = 10\ndividend_tax = true\nend = "2021-03-31"\nbenchmark = "999001.SH"\nreport = false\n'
        '[params.buy_and_hold]\n"exits.trailing" = 0.2\n',
        "utf-8",
    )
    words = ("--vary", "market.slippage=0,5", "--vary", "market.dividend_tax=true,false", "--cash", "1000000")
    told = json.loads(cli("tune", "buy_and_hold", *words, "--train", "2021-02-01:", "--json").stdout)
    assert (told["start"], told["trials"], told["params"]) == ("2021-02-01", 4, {"exits.trailing": 0.2})
    assert told["end"] > "2021-03-31"  # the flag wins over the file
    assert told["best"]["values"]["market.slippage"] == 0
    head = json.loads((folder_of(workspace, "buy_and_hold") / "tune.json").read_text(encoding="utf-8"))
    assert head["command"] == told["command"]
    assert "--slippage" not in words_of(told["command"])
    assert "--slippage 0" in told["winner"]["command"]
    for there in (True, False):
        if not there:
            settings.unlink()
        again = json.loads(cli(*words_of(told["command"]), "--no-report", "--json").stdout)
        assert (again["tune_id"], again["existed"]) == (told["tune_id"], 4)
        assert again["command"] == (told["command"] if there else told["command"].replace(" --end ''", ""))
        (winner,) = json.loads(cli(*words_of(told["winner"]["command"]), "--no-report", "--json").stdout)["runs"]
        assert winner["equity"] == told["best"]["figures"]["final_equity"]
        assert (winner["start"], winner["end"]) == (told["start"], told["end"])


@pytest.mark.parametrize(
    ("filed", "given", "words"),
    [
        ("", {}, []),
        ("", {"slippage": 0, "cash": 1e6, "dividend_tax": False}, []),
        ("slippage = 10", {}, ["--slippage", "10"]),
        ("slippage = 10", {"slippage": 0}, ["--slippage", "0"]),
        ("dividend_tax = true", {}, ["--dividend-tax"]),
        ("dividend_tax = true", {"dividend_tax": False}, ["--no-dividend-tax"]),
        ("cash = 5", {"cash": 1e6}, ["--cash", "1000000"]),
        ("", {"commission": 0.0001 + 0.0002}, ["--commission", "0.00030000000000000003"]),
        ("", {"participation": 0.00012}, ["--participation", "0.00012"]),
        ('end = "2021-06-30"', {}, ["--end", "2021-06-30"]),
        ('end = "2021-06-30"', {"end": ""}, ["--end", ""]),
        ('benchmark = "x"', {"benchmark": ""}, ["--benchmark", ""]),
        ("", {"end": "", "benchmark": ""}, []),
        ('strategies = ["a", "b"]', {}, ["--strategies", "a", "--strategies", "b"]),
        ('strategies = ["a"]', {"strategies": ["c"]}, ["--strategies", "c"]),
        ("report = false\ntearsheet = false", {}, []),
    ],
)
def test_flags_make_the_same_settings_beside_the_file_and_without_it(
    tmp_path: Path, filed: str, given: dict[str, object], words: list[str]
) -> None:
    (tmp_path / "backfolio.toml").write_text(f"[run]\n{filed}\n", encoding="utf-8")
    config = load_config(tmp_path, given)
    assert config.flags() == words
    seen: list[dict[str, object]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "run", lambda _here, config, *_, **__: seen.append(dict(config.values)))
        for folder in (tmp_path, tmp_path / "elsewhere"):
            app(["run", "x", *words], obj=Workspace(folder, "backfolio"), standalone_mode=False)
    drawn = {"report", "tearsheet"}
    for values in seen:
        assert {key: values[key] for key in values if key not in drawn} == {
            key: config.values[key] for key in config.values if key not in drawn
        }
    assert len(seen) == 2


def test_flags_are_dropped_and_forced(tmp_path: Path) -> None:
    config = load_config(tmp_path, {"slippage": 5, "cash": 7})
    assert config.flags(without=["slippage"]) == ["--cash", "7"]
    assert config.flags(always=["chase", "dividend_tax"]) == [
        "--cash", "7", "--slippage", "5", "--chase", "0", "--no-dividend-tax",
    ]  # fmt: skip


def test_more_trials_than_are_asked_for_are_said_and_in_the_command(cli: Cli, workspace: Path) -> None:
    words = (*WORDS, "--sampler", "random", "--no-report")
    cli(*words, "--trials", "6", "--quiet")
    told = json.loads(cli(*words, "--trials", "3", "--json").stdout)
    assert (told["trials"], told["trials_asked"], told["existed"]) == (6, 3, 6)
    assert "--trials 6" in told["command"]
    assert json.loads((folder_of(workspace) / "tune.json").read_text(encoding="utf-8"))["command"] == told["command"]
    assert "6 trials: there already, where 3 were asked for." in cli(*words, "--trials", "3").stdout
    every = json.loads(cli(*words, "--json").stdout)
    assert (every["trials"], every["existed"]) == (8, 6)
    assert "--trials" not in every["command"]


@pytest.mark.parametrize("vary", ["back=1,2", "exits.trailing=none,0.1"])
def test_what_a_thesis_prints_is_not_in_the_json(cli: Cli, workspace: Path, vary: str) -> None:
    text = "print('loaded')\n" + SLOW.replace("        time.sleep(0.05)\n", "        print('noise')\n")
    (workspace / "strategies" / "slow.py").write_text(text, encoding="utf-8")
    done = cli("tune", "slow", "--vary", vary, *SHORT, "--json")
    assert json.loads(done.stdout)["trials"] == 2
    assert "noise" in done.stderr  # of the winner's replay
    assert "axes" in json.loads(cli("tune", "slow", "--vary", vary, *SHORT, "--plan", "--json").stdout)
    assert json.loads(cli("run", "slow", *SHORT, "--no-report", "--json").stdout)["runs"]
    assert cli("list", "--json").stdout.startswith("{")


def test_a_thesis_that_leaves_fails_its_trials_and_a_run(cli: Cli, workspace: Path) -> None:
    text = SLOW.replace("        time.sleep(0.05)\n", "        raise SystemExit(0)\n")
    (workspace / "strategies" / "slow.py").write_text(text, encoding="utf-8")
    done = cli("tune", "slow", "--vary", "exits.trailing=none,0.1", *SHORT, "--json", check=2)
    assert "none of 2 trials can be chosen: 2 failed (the first: SystemExit: 0)" in done.stderr
    done = cli("run", "slow", *SHORT, check=2)
    assert done.stderr == ("Error: slow: it calls sys.exit(0): raise an error with a message there instead\n")


def test_train_gives_the_window(cli: Cli) -> None:
    words = ("tune", "buy_and_hold", "--vary", "exits.trailing=none,0.1", "--no-report", "--json")
    told = json.loads(cli(*words, "--train", "2021-02-01:2021-06-30").stdout)
    assert (told["start"], told["end"]) == ("2021-02-01", "2021-06-30")
    told = json.loads(cli(*words, "--train", ":2021-06-30").stdout)
    assert (told["start"], told["end"]) == ("2021-01-04", "2021-06-30")


def test_the_settings_file_is_read_and_a_varied_parameter_wins_over_it(cli: Cli, workspace: Path) -> None:
    (workspace / "backfolio.toml").write_text(
        '[run]\nend = "2021-06-30"\nreport = false\n[params.domestic_compute]\nhold = 30\nnames = 2\n', "utf-8"
    )
    told = json.loads(cli("tune", "domestic_compute", "--vary", "hold=5,10", "--json").stdout)
    assert told["space"] == {"hold": [5, 10]}
    assert told["params"]["names"] == 2
    assert told["end"] == "2021-06-30"


def test_a_plan_shows_what_would_run_and_writes_nothing(cli: Cli, workspace: Path) -> None:
    done = cli(*WORDS, "--plan")
    assert "Trials: 8\n" in done.stdout
    assert "Distinct evaluations of the thesis: 8\n" in done.stdout
    assert "118 sessions x 14 names" in done.stdout
    assert "Time: about" in done.stdout
    assert not (workspace / "reports").exists()
    told = json.loads(cli(*WORDS, "--plan", "--json").stdout)
    assert told["axes"] == {"hold": [5, 10, 15, 20], "names": [2, 3]}
    assert not (workspace / "reports").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ["nothing is varied", "--vary hold=5:60:5"]),
        (["--vary", "hodl=5,10"], ["did you mean 'hold'", "vary one of"]),
        (["--vary", "hold=60:5:5"], ["runs backward"]),
        (["--vary", "hold="], ["it has no values"]),
        (["--vary", "hold=5:60:0"], ["the step is 0"]),
        (["--vary", "hold=5,10", "--vary", "hold=20"], ["hold twice"]),
        (["--vary", "hold=5,10", "--param", "hold=20"], ["both varied and fixed"]),
        (["--vary", "hold=5,10", "--param", "nmes=2"], ["did you mean 'names'"]),
        (["--vary", "hold=5,10", "--score", "sharp"], ["did you mean 'sharpe'"]),
        (["--vary", "hold=5,10", "--constraint", "drawdown<0.3"], ["did you mean 'max_drawdown'"]),
        (["--vary", "hold=5,10", "--constraint", "max_drawdown"], ["FIGURE<NUMBER"]),
        (["--vary", "hold=5,10", "--sampler", "bayes"], ["no sampler is called 'bayes'", "grid, random, tpe"]),
        (["--vary", "hold=5:60:5", "--vary", "names=3:8", "--sampler", "random", "--trials", "73"],
         ["--trials 73", "the space holds 72 points"]),
        (["--vary", "hold=5,10", "--trials", "0"], ["--trials is 0"]),
        (["--vary", "hold=5,10", "--workers", "0"], ["--workers is 0"]),
        (["--vary", "hold=5,10", "--seed", "-1"], ["--seed is -1"]),
        (["--vary", "hold=5,10", "--train", "2021-01-04"], ["write START:END"]),
        (["--vary", "hold=5,10", "--train", "2021-01-04:2021-03-01", "--start", "2021-01-04"], ["drop one"]),
        (["--vary", "hold=5,10", "--end", "2021-01-20"], ["a tune needs at least 32"]),
        (["--vary", "hold=5,10", "--resume", "0123"], ["--resume 0123: no tune is there"]),
        (["--vary", "hold=5,10", "--cluster", "nowhere"], ["--cluster nowhere", "tcp://HOST:PORT"]),
        (["--vary", "hold=5,10", "--benchmark", "x"], ["999001.SH"]),
    ],
    ids=lambda case: " ".join(case) if case and case[0].startswith("--") else "",
)  # fmt: skip
def test_wrong_use_is_one_sentence_and_leaves_with_2(workspace: Path, words: list[str], said: list[str]) -> None:
    with pytest.raises(BackfolioError) as fault:
        app(["tune", "domestic_compute", *words], obj=Workspace(workspace, "backfolio"), standalone_mode=False)
    assert fault.value.exit_status == 2
    assert "\n" not in str(fault.value)
    for part in said:
        assert part in str(fault.value)
    assert not (workspace / "reports").exists()


def test_an_error_is_printed_alone(cli: Cli) -> None:
    done = cli("tune", "domestic_compute", "--vary", "hold=60:5:5", check=2)
    assert done.stdout == ""
    assert done.stderr == ("Error: --vary hold=60:5:5: the range runs backward, from 60 down to 5; exchange the two\n")


def test_a_plain_backtrader_strategy_is_refused(cli: Cli, workspace: Path) -> None:
    (workspace / "strategies" / "cross.py").write_text(
        "import backtrader as bt\nclass Cross(bt.Strategy):\n    '''X.'''\n    params = (('n', 5),)\n", "utf-8"
    )
    assert "plain backtrader strategy" in cli("tune", "cross", "--vary", "n=1,2", check=2).stderr


def test_a_tune_of_another_thesis_or_other_data_is_not_resumed(cli: Cli, workspace: Path) -> None:
    cli(*WORDS, "--quiet")
    folder = folder_of(workspace)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = cli(
        "tune",
        "model_release",
        "--vary",
        "hold=5:20:5",
        "--vary",
        "names=2,3",
        *SHORT,
        "--resume",
        str(folder),
        check=2,
    )
    assert "of another thesis, domestic_compute, and here model_release" in other.stderr
    path = folder / "tune.json"
    head = json.loads(path.read_text(encoding="utf-8"))
    head["identity"]["data"]["fingerprint"] = "0" * 16
    path.write_text(json.dumps(head), encoding="utf-8")
    changed = path.read_bytes()
    other = cli(*WORDS, "--resume", folder.name, check=2)
    assert "it is of other data" in other.stderr
    assert other.stderr.count("\n") == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {**before, "tune.json": changed}


def test_where_no_trial_can_be_chosen_they_are_kept_and_the_status_is_2(cli: Cli, workspace: Path) -> None:
    done = cli(*WORDS, "--constraint", "fills>100000", check=2)
    folder = folder_of(workspace)
    assert (
        f"none of 8 trials can be chosen: 8 break fills>100000; they are kept in reports/domestic_compute/{folder.name}"
        in done.stderr
    )
    assert len(kept(folder)[0]) == 8


def test_a_crash_and_an_error_are_rows_and_the_rest_is_judged(cli: Cli, workspace: Path) -> None:
    statement = (
        "        if self.back == 3: raise ValueError('three')\n        if self.back == 4: import os; os._exit(9)\n"
    )
    text = SLOW.replace("        time.sleep(0.05)\n", statement)
    (workspace / "strategies" / "slow.py").write_text(text, encoding="utf-8")
    told = json.loads(cli("tune", "slow", "--vary", "back=1:6", *SHORT, "--json").stdout)
    assert (told["trials"], told["failed"], told["verdict"]["trials"]) == (6, 2, 4)
    errors = {
        json.loads(line)["values"]["back"]: json.loads(line)["error"] for line in kept(folder_of(workspace, "slow"))[0]
    }
    assert "ValueError: three" in errors[3]
    assert "crashed" in errors[4]
    assert [back for back, error in errors.items() if error is None] == [1, 2, 5, 6]


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_killed_tune_resumes_to_the_very_trials_of_an_uninterrupted_one(
    cli: Cli, workspace: Path, sampler: str
) -> None:
    (workspace / "strategies" / "slow.py").write_text(SLOW, encoding="utf-8")
    words = ("tune", "slow", "--vary", "back=1:60", "--sampler", sampler, "--trials", "48", *SHORT, "--quiet")
    process = subprocess.Popen([sys.executable, "run_backtest.py", *words], cwd=workspace)
    path = wait_for_trials(workspace, 10)
    process.kill()
    process.wait()
    finished = path.read_bytes().count(b"\n")
    assert 10 <= finished < 48
    cli(*words, "--workers", "1")
    resumed = kept(path.parent)
    assert len(resumed[0]) == 48
    shutil.rmtree(workspace / "reports")
    cli(*words)
    assert kept(path.parent) == resumed


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_resume(cli: Cli, workspace: Path) -> None:
    (workspace / "strategies" / "slow.py").write_text(SLOW, encoding="utf-8")
    words = ["tune", "slow", "--vary", "back=1:60", *SHORT]
    process = subprocess.Popen(
        [sys.executable, "run_backtest.py", *words],
        cwd=workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    path = wait_for_trials(workspace, 10)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the processes that evaluate get it too
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    finished = path.read_bytes().count(b"\n")
    assert 10 <= finished < 60
    interrupted, resume = err.splitlines()
    assert interrupted == f"Interrupted: {finished} finished trials are kept in reports/slow/{path.parent.name}."
    assert not list((workspace / "reports").rglob("index.html"))
    (line,) = (workspace / "reports" / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["trials"] == finished
    told = json.loads(cli(*words_of(resume.removeprefix("Resume: ")), "--json").stdout)
    assert (told["trials"], told["existed"]) == (60, finished)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_parent_that_ends_takes_its_processes_along_whatever_they_do(workspace: Path, number: int) -> None:
    pids = workspace / "pids"
    pids.mkdir()
    asleep = f"import os; from pathlib import Path; Path({str(pids)!r}, str(os.getpid())).touch()\n        "
    text = SLOW.replace("time.sleep(0.05)", f"{asleep}time.sleep(0 if self.back < 20 else 120)")
    (workspace / "strategies" / "slow.py").write_text(text, encoding="utf-8")
    words = ["tune", "slow", "--vary", "back=1:59:2", *SHORT, "--workers", "3"]
    said = workspace / "said"
    with said.open("w", encoding="utf-8") as file:
        process = subprocess.Popen([sys.executable, "run_backtest.py", *words], cwd=workspace, stderr=file)
    path = wait_for_trials(workspace, 9)
    process.send_signal(number)  # to the parent alone
    process.wait(timeout=60)
    evaluating = [int(each.name) for each in pids.iterdir()]
    assert len(evaluating) == 3
    assert left_behind(evaluating) == []
    if number == signal.SIGKILL:
        assert process.returncode == -number
        return
    assert process.returncode == 143
    finished = path.read_bytes().count(b"\n")
    interrupted, resume = said.read_text(encoding="utf-8").splitlines()
    assert interrupted == f"Interrupted: {finished} finished trials are kept in reports/slow/{path.parent.name}."
    assert resume.startswith("Resume: python run_backtest.py tune slow ")
    (line,) = (workspace / "reports" / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["trials"] == finished


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_idle_processes_leave_at_once_when_their_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nsys.path[:0] = ['tests']\nfrom tunes import job, mine\n"
        "from backfolio.tune.pool import Pool\n"
        "with Pool(job(mine(Path(sys.argv[1])), ['back=1:4']), 3) as pool:\n"
        "    print(*(worker.process.pid for worker in pool._workers), flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        idle = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(idle) == 3
        assert all(map(alive, idle))
        parent.kill()
    assert left_behind(idle) == []


def left_behind(pids: list[int]) -> list[int]:
    """Return the processes that are still there after a while, and end them."""
    deadline = time.monotonic() + 20
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = [pid for pid in pids if alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left


def alive(pid: int) -> bool:
    """Tell whether a process is there; one that ended and waits for its new parent is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.is_file() and status.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z")


def wait_for_trials(workspace: Path, count: int) -> Path:
    """Wait until a tune of `slow` has written so many trials; return their file."""
    for _ in range(1_200):
        for path in (workspace / "reports").glob("slow/tune-*/trials.jsonl"):
            if path.read_bytes().count(b"\n") >= count:
                return path
        time.sleep(0.05)
    pytest.fail("the tune never started")


def test_two_writers_of_one_tune_are_told_apart(cli: Cli, workspace: Path) -> None:
    text = SLOW.replace("time.sleep(0.05)", "time.sleep(60 if self.back > 6 else 0)")
    (workspace / "strategies" / "slow.py").write_text(text, encoding="utf-8")
    words = ["tune", "slow", "--vary", "back=1:60", *SHORT, "--quiet"]
    with subprocess.Popen(
        [sys.executable, "run_backtest.py", *words], cwd=workspace, start_new_session=True
    ) as process:
        wait_for_trials(workspace, 1)
        second = cli(*words, check=2)
        os.killpg(process.pid, signal.SIGKILL)
    assert f"process {process.pid} is writing to" in second.stderr
    assert second.stderr.count("\n") == 1


def test_a_thesis_that_is_not_repeatable_leaves_with_1(cli: Cli, workspace: Path) -> None:
    statement = (
        "        from pathlib import Path\n"
        f"        flag = Path({str(workspace / 'flag')!r}) / str(self.back)\n"
        "        if flag.exists(): return history.returns(1) * 0.0\n"
        "        flag.parent.mkdir(exist_ok=True); flag.touch()\n"
    )
    (workspace / "strategies" / "slow.py").write_text(SLOW.replace("        time.sleep(0.05)\n", statement), "utf-8")
    done = cli("tune", "slow", "--vary", "back=1:6", *SHORT, check=1)
    assert "slow with back=" in done.stderr
    assert "another equity now than in its trial, first on 2021-" in done.stderr


def test_a_winner_at_an_edge_and_a_missing_benchmark_are_said(cli: Cli) -> None:
    printed = cli("tune", "domestic_compute", "--vary", "hold=5:15:5", "--vary", "market.slippage=0,5", *SHORT).stdout
    assert "Note: without --benchmark the comparison is with cash" in printed
    assert "Note: market.slippage was varied: what trading costs is a condition, not a choice" in printed
    best = next(line for line in printed.splitlines() if "--param hold=" in line)
    edge = "hold=5" in best.split() or "hold=15" in best.split()
    assert ("the winner stands at the edge of hold" in printed) == edge


def test_a_winner_that_looks_ahead_is_refused(cli: Cli, workspace: Path) -> None:
    statement = "        return (history.returns(1).shift(-1) > 0.02 * self.back) * 0.05\n"
    (workspace / "strategies" / "slow.py").write_text(SLOW.replace("        time.sleep(0.05)\n", statement), "utf-8")
    done = cli("tune", "slow", "--vary", "back=1:3", *SHORT, check=2)
    assert "slow looks ahead: its target of " in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list((workspace / "reports").rglob("index.html"))


def test_a_tune_imports_no_more_than_it_needs(workspace: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        f"sys.argv = ['backfolio', *{list(WORDS)!r}, '--quiet']\n"
        "from backfolio.cli import main\n"
        "try:\n    main(Path.cwd())\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'quantstats', 'matplotlib', 'akshare', 'optuna', 'distributed'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (winner,) = (path.parent for path in (workspace / "reports").rglob("run.json"))
    assert not (winner / "tearsheet.html").exists()


def test_the_winners_tear_sheet_is_drawn_where_it_is_asked_for(cli: Cli, workspace: Path) -> None:
    cli(*WORDS, "--quiet", "--tearsheet")
    (winner,) = (path.parent for path in (workspace / "reports").rglob("run.json"))
    assert (winner / "tearsheet.html").is_file()
