"""`fetch`, `import` and `data`, run as a person would, the hosts answered on this machine.

Each has its part in processes of their own; the rest is called in this one.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import fetched
from answered import Answer, eastmoney_bars, staged
from backfolio.source.files import MARKER
from called import COLUMNS, called

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Call = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).resolve().parents[1]
ANSWERED = ROOT / "tests" / "answered.py"
ASKED = ("fetch", "--universe", "three", "--index", fetched.INDEX, "--since", str(fetched.SINCE))

HAND_MADE = """date,symbol,open,high,low,close,volume
2025-07-01,600000.SH,13.00,13.20,12.90,13.10,1000000
2025-07-02,600000.SH,13.10,13.30,13.00,13.20,1000000
2025-07-03,600000.SH,13.20,13.40,13.10,13.30,1000000
"""


def environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": COLUMNS, "PYTHONWARNINGS": "default"}


def new_workspace(folder: Path) -> Path:
    """Make a workspace whose one universe is that of `fetched`."""
    (folder / "data" / "universes").mkdir(parents=True)
    shutil.copy(ROOT / "run_backtest.py", folder)
    shutil.copytree(ROOT / "strategies", folder / "strategies", ignore=shutil.ignore_patterns("__pycache__"))
    lines = [f"{one.symbol},{one.name},{one.name_zh},{one.segment},,," for one in fetched.UNIVERSE.members]
    text = "\n".join(["symbol,name,name_zh,segment,route,from,to", *lines, ""])
    (folder / "data" / "universes" / "three.csv").write_text(text, encoding="utf-8")
    return folder


def staged_in(folder: Path, answers: Sequence[Answer]) -> Path:
    """Write a scenario in which hosts say `answers`; what is asked of them stands in ``asked.txt``."""
    told = []
    for answer in answers:
        cells: dict[str, Any] = {**asdict(answer), "headers": dict(answer.headers)}
        if isinstance(answer.body, bytes):
            cells["base64"] = base64.b64encode(cells.pop("body")).decode()
        told.append(cells)
    scene = {"answers": told, "now": fetched.NOW.isoformat(), "urls": str(folder / "asked.txt")}
    (folder / "scene.json").write_text(json.dumps(scene), encoding="utf-8")
    return folder / "scene.json"


def words_of(folder: Path, words: Sequence[str], answers: Sequence[Answer]) -> list[str]:
    """Return the words of a process whose hosts say `answers`."""
    return [sys.executable, str(ANSWERED), str(staged_in(folder, answers)), "--", *words]


def checked(done: subprocess.CompletedProcess[str], check: int | None) -> subprocess.CompletedProcess[str]:
    assert check in {None, done.returncode}, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done


def call(
    folder: Path, *words: str, answers: Sequence[Answer] = (), check: int | None = 0
) -> subprocess.CompletedProcess[str]:
    """Run a command in a workspace (see `called`); with answers, its hosts give them."""
    with staged(staged_in(folder, answers)) if answers else contextlib.nullcontext():
        return checked(called(folder, *words), check)


def process(
    folder: Path, *words: str, answers: Sequence[Answer] = (), check: int | None = 0
) -> subprocess.CompletedProcess[str]:
    """Run a command in a workspace in a process of its own, as a person would."""
    program = words_of(folder, words, answers) if answers else [sys.executable, "run_backtest.py", *words]
    done = subprocess.run(
        program, cwd=folder, capture_output=True, text=True, encoding="utf-8", env=environment(), check=False
    )
    return checked(done, check)


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Return a workspace into which everything was fetched, and what that printed. Tests do not change it."""
    folder = new_workspace(tmp_path_factory.mktemp("brought"))
    return folder, call(folder, *ASKED, answers=fetched.hosts())


@pytest.fixture
def copied(brought: tuple[Path, object], tmp_path: Path) -> Path:
    """Return a copy of it, to be changed."""
    shutil.copytree(brought[0], tmp_path / "copied")
    return tmp_path / "copied"


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return new_workspace(tmp_path / "fresh")


def asked(folder: Path) -> int:
    """Return how many requests were made so far."""
    path = folder / "asked.txt"
    return path.read_text(encoding="utf-8").count("://") if path.exists() else 0


def waits_for(folder: Path, host: str) -> bool:
    """Tell whether a host was asked that takes its time: the last symbol's, once the others' bars are there."""
    path = folder / "asked.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return any(all(word in line for word in host.split()) for line in lines)


def left(folder: Path) -> set[str]:
    """Return what a command wrote beside the workspace's own files."""
    own = {"run_backtest.py", "strategies", "data", "scene.json", "asked.txt", "mine.csv", "bars"}
    inside = {path.name for path in (folder / "data").iterdir()} - {"universes"}
    return {path.name for path in folder.iterdir()} - own | inside


# --- fetch -----------------------------------------------------------------------------------------


def test_a_fetch_says_what_is_new_and_writes_the_page(
    brought: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = brought
    assert done.stderr == ""
    assert "Bars: 70 new" in done.stdout
    assert "Members of universes: 3 new" in done.stdout
    assert done.stdout.splitlines()[-1] == f"Page: {Path('reports/data/index.html')}"
    page = (folder / "reports" / "data" / "index.html").read_text(encoding="utf-8")
    assert "stock_zh_a_hist" in page
    assert "688256.SH" in page
    assert "Data in the store" in (folder / "reports" / "index.html").read_text(encoding="utf-8")


def test_a_fetch_without_words_brings_what_is_there_up_to_date(copied: Path) -> None:
    before = asked(copied)
    done = call(copied, "fetch", "--json", answers=fetched.hosts())
    said = json.loads(done.stdout)
    assert asked(copied) - before < before / 4
    assert {one["subject"] for one in said["outcomes"]} >= {*fetched.SYMBOLS, fetched.INDEX}
    assert all(one["state"] in {"done", "up to date"} for one in said["outcomes"])
    assert said["rows"].get("bars", {}).get("new", 0) == 0
    assert (copied / said["page"]).is_file()


def test_one_symbol_that_fails_is_named_and_the_others_are_there(fresh: Path) -> None:
    answers = fetched.hosts()
    for of in (f"{fetched.KLINE} secid=0.000977", "realstock/company/sz000977 klc_kl.js"):
        answers = fetched.but(answers, of, status=404)
    done = call(fresh, *ASKED, answers=answers, check=1)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("000977.SZ failed: ")]
    assert "eastmoney" in line
    said = json.loads(call(fresh, "data", "--json").stdout)
    assert said["symbols"] == 2
    again = call(fresh, *ASKED, "--quiet", answers=answers, check=1)
    assert again.stdout.splitlines() == [str(Path("reports/data/index.html"))]
    assert "000977.SZ failed: " in again.stderr


@pytest.mark.parametrize("raises", ["no name", "unreachable"])
def test_offline_is_said_in_one_sentence_and_leaves_no_store(fresh: Path, raises: str) -> None:
    done = call(fresh, *ASKED, answers=[Answer("", raises=raises)], check=1)
    (line,) = [line for line in done.stdout.splitlines() if "no host of market data can be reached" in line.lower()]
    assert "check the network" in line
    assert "Page" not in done.stdout
    assert left(fresh) <= {"store"}
    assert not (fresh / "data" / "store" / "market.duckdb").exists()


def test_offline_leaves_a_store_as_it_was(copied: Path) -> None:
    path = copied / "data" / "store" / "market.duckdb"
    before = path.read_bytes()
    call(copied, "fetch", "--full", "--since", str(fetched.SINCE), answers=[Answer("", raises="no name")], check=1)
    assert path.read_bytes() == before


def test_ctrl_c_keeps_what_had_come_and_the_same_command_goes_on(fresh: Path) -> None:
    slow_host = f"{fetched.KLINE} secid=1.688256"
    slow = fetched.but(fetched.hosts(), slow_host, delay=300.0)
    with subprocess.Popen(
        words_of(fresh, ASKED, slow),
        cwd=fresh, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    ) as program:  # fmt: skip
        until = time.monotonic() + 240
        while program.poll() is None and time.monotonic() < until and not waits_for(fresh, slow_host):
            time.sleep(0.1)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=60)
    assert program.returncode == 130, err
    assert out == ""
    assert err == "Interrupted: what had come is in the store. The same command goes on where it stopped.\n"
    done = call(fresh, *ASKED, answers=fetched.hosts())
    assert "Bars: 25 new" in done.stdout
    assert "up to date already: " in done.stdout.lower()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals on this system")
def test_on_a_terminal_a_bar_names_what_is_in_work(fresh: Path) -> None:
    import pty  # noqa: PLC0415  only where there are any

    main, side = pty.openpty()
    alone = ("fetch", "--symbols", "688256.SH", "--since", str(fetched.SINCE))
    words = words_of(fresh, alone, fetched.hosts())
    with subprocess.Popen(words, cwd=fresh, stdout=subprocess.PIPE, stderr=side, env=environment()) as program:
        os.close(side)
        drawn = b""
        while True:
            try:
                piece = os.read(main, 4096)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            drawn += piece
    os.close(main)
    assert program.returncode == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn.decode())
    assert "688256.SH 寒武纪" in text
    assert " left " in text
    assert re.search(r" \d+/\d+ ", text)


# --- import, check, accept, export, restore --------------------------------------------------------------


def test_an_import_is_checked_stored_and_exported_again(fresh: Path) -> None:
    (fresh / "mine.csv").write_text(HAND_MADE, encoding="utf-8")
    done = process(fresh, "import", "mine.csv")
    assert "Bars: 3 new" in done.stdout
    assert "Listing date assumed for 1 of 1 symbols" in done.stdout
    assert (fresh / "reports" / "data" / "index.html").is_file()
    said = json.loads(call(fresh, "data", "--json").stdout)
    assert (said["symbols"], said["bars"], said["first"], said["last"]) == (1, 3, "2025-07-01", "2025-07-03")
    assert said["last_call"]["what"].endswith("mine.csv")
    plain = process(fresh, "data").stdout
    assert re.search(r"^  sessions +2025-07-01 to 2025-07-03$", plain, re.MULTILINE)
    files = json.loads(call(fresh, "data", "export", "out", "--format", "csv", "--json").stdout)["files"]
    assert "out" in files[0]
    assert (fresh / "out" / "bars.csv").read_text(encoding="utf-8").startswith("date,symbol,open,high,low,close,volume")
    again = call(fresh, "import", "out", "--json")
    assert json.loads(again.stdout)["rows"]["bars"] == {"new": 0, "revised": 0, "same": 3, "filled": 0}
    assert "already" in call(fresh, "data", "export", "out", check=2).stderr


def test_an_open_error_is_shown_refuses_runs_and_can_be_accepted(fresh: Path) -> None:
    bars = list(fetched.BARS["688256.SH"])
    day, *_ = bars[10]
    bars[10] = (day, 160.0, 165.0, 159.0, 164.0, 1_000_000, 162_000_000.0)
    body = eastmoney_bars("688256", bars)
    answers = fetched.but(fetched.hosts(), f"{fetched.KLINE} secid=1.688256", body=body)
    done = call(fresh, "fetch", "--symbols", "688256.SH", "--since", str(fetched.SINCE), answers=answers, check=1)
    assert "open error" in done.stdout
    checked = call(fresh, "data", "check", check=1)
    (line,) = [line for line in checked.stdout.splitlines() if f"688256.SH {day}" in line and "limit" in line]
    assert "ERROR outside_limits" in checked.stdout
    run = ("run", "buy_and_hold", "--data", "store", "--no-report")
    assert "data check" in call(fresh, *run, check=2).stderr
    found = json.loads(call(fresh, "data", "check", "--json", check=1).stdout)
    keys = {one["key"] for one in found["findings"] if one["severity"] == "error"}
    assert line.split()[0] in keys
    assert len(keys) == found["errors"]
    # The close of that day, believed, puts the next one outside its limits.
    for key in keys:
        told = call(fresh, "data", "accept", key, "--because", "a relisting <b>without</b> limits").stdout
        assert told.startswith("Accepted: ")
    assert "1 open error" in call(fresh, *run, check=2).stderr
    found = json.loads(call(fresh, "data", "check", "--json", check=1).stdout)
    (error,) = (one for one in found["findings"] if one["severity"] == "error" and not one["accepted"])
    assert error["first"] > str(day)
    call(fresh, "data", "accept", error["key"], "--because", "and the day after")
    after = json.loads(call(fresh, "data", "check", "--json").stdout)
    assert (after["errors"], after["accepted"]) == (0, len(keys) + 1)
    page = (fresh / "reports" / "data" / "index.html").read_text(encoding="utf-8")
    assert "Accepted: a relisting &lt;b&gt;without" in page


DOUBTFUL = """date,symbol,open,high,low,close,volume,pre_close
2025-07-01,600000.SH,13.00,13.20,12.90,13.10,1000000,13.00
2025-07-02,600000.SH,13.10,13.30,13.00,13.20,1000000,13.50
2025-07-03,600000.SH,13.20,13.40,13.10,13.30,1000000,13.20
"""


def test_an_import_that_a_run_would_refuse_is_a_no_and_counts_what_was_accepted_apart(fresh: Path) -> None:
    (fresh / "mine.csv").write_text(DOUBTFUL, encoding="utf-8")
    done = call(fresh, "import", "mine.csv", check=1)
    assert "1 open error in this data: a run that reads it is refused. python run_backtest.py data check" in done.stdout
    quiet = call(fresh, "import", "mine.csv", "--quiet", check=1)
    assert quiet.stdout == f"{Path('reports/data/index.html')}\n"
    assert "1 open error in this data" in quiet.stderr
    (error,) = json.loads(call(fresh, "data", "check", "--json", check=1).stdout)["findings"][:1]
    call(fresh, "data", "accept", error["key"], "--because", "the exchange says so")
    again = call(fresh, "import", "mine.csv")
    assert "No open error in this data; 1 error that a person accepted." in again.stdout
    assert call(fresh, "import", "mine.csv", "--quiet").stderr == ""
    checked = call(fresh, "data", "check").stdout
    assert error["key"] not in checked
    assert "1 accepted." in checked
    assert "python run_backtest.py data check --all" in checked
    every = call(fresh, "data", "check", "--all").stdout
    (line,) = [line for line in every.splitlines() if error["key"] in line]
    assert line.endswith("[accepted: the exchange says so]")
    assert f"ACCEPTED ERROR {error['rule']} (1): " in every
    assert "0 errors" in call(fresh, "data").stdout


def test_a_check_of_some_symbols_speaks_of_them_alone(copied: Path) -> None:
    whole = json.loads(call(copied, "data", "check", "--json", check=None).stdout)
    own = json.loads(call(copied, "data", "check", "688256.SH,000977.SZ", "--json", check=None).stdout)
    assert {one["symbol"] for one in own["findings"]} <= {"688256.SH", "000977.SZ"}
    told = {one["key"] for one in whole["findings"] if one["symbol"] in {"688256.SH", "000977.SZ"}}
    assert told == {one["key"] for one in own["findings"]}
    again = json.loads(call(copied, "data", "check", "--json", check=None).stdout)
    assert again == whole


def test_the_last_import_is_told_with_all_its_files_and_a_zone(fresh: Path) -> None:
    (fresh / "bars").mkdir()
    (fresh / "bars" / "bars.csv").write_text(HAND_MADE, encoding="utf-8")
    listing = "symbol,name,listed,delisted\n600000.SH,Bank,1999-11-10,\n"
    (fresh / "bars" / "listings.csv").write_text(listing, encoding="utf-8")
    call(fresh, "import", "bars", "--quiet")
    plain = call(fresh, "data").stdout
    (line,) = [line for line in plain.splitlines() if "last fetch or import" in line]
    assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d CST, import of 2 files of bars$", line)
    said = json.loads(call(fresh, "data", "--json").stdout)["last_call"]
    assert said["at"].endswith("+08:00")
    assert [Path(file).name for file in said["files"]] == ["bars.csv", "listings.csv"]


def test_a_torn_store_is_said_and_restored(copied: Path) -> None:
    path = copied / "data" / "store" / "market.duckdb"
    whole = json.loads(call(copied, "data", "--json").stdout)
    path.write_bytes(path.read_bytes()[:5_000])
    for words in (("data",), ("data", "check"), ("run", "buy_and_hold", "--data", "store", "--no-report")):
        (line,) = call(copied, *words, check=2).stderr.splitlines()
        assert line.startswith("Error: ")
        assert "data restore" in line
    done = call(copied, "data", "restore")
    assert "is kept as" in done.stdout
    assert json.loads(call(copied, "data", "--json").stdout) == whole


# --- wrong use --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fetch",), ["nothing that could be brought up to date", "--universe three"]),
        (("fetch", "--universe", "thre"), ["did you mean 'three'", "choose from three"]),
        (("fetch", "--symbols", "999999.SH"), ["999999.SH", "no A-share board"]),
        (("fetch", "--symbols", "688256"), ["688256", "as in 688256.SH"]),
        (("fetch", "--index", "688"), ["688", "as in 000688.SH"]),
        (("fetch", "--index", "600519.SH"), ["'600519.SH' is a share: ask for it with --symbols"]),
        (("fetch", "--index", "000001.SZ"), ["'000001.SZ' is a share (did you mean '000001.SH'?)"]),
        (("fetch", "--symbols", "688256.SH", "--since", "2025-13-01"), ["2025-13-01", "YYYY-MM-DD"]),
        (("fetch", "--symbols", "688256.SH", "--since", "2025-07-01", "--until", "2025-06-01"), ["exchange the dates"]),
        (("fetch", "--symbol", "688256.SH"), ["No such option"]),
        (("import", "nowhere"), ["nowhere", "no such file or folder"]),
        (("import",), ["PATH"]),
        (("data",), ["store", "fetch", "import"]),
        (("data", "check"), ["store", "fetch", "import"]),
        (("data", "export", "out"), ["store", "fetch", "import"]),
        (("data", "accept", "0123"), ["--because"]),
        (("data", "accept", "0123", "--because", "it is right"), ["store", "fetch", "import"]),
        (("data", "restore"), ["store"]),
        (("data", "chekc"), ["Did you mean 'check'"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_is_said_and_writes_nothing(fresh: Path, words: tuple[str, ...], said: list[str]) -> None:
    done = call(fresh, *words, check=2)
    assert done.stdout == ""
    for part in said:
        assert part in done.stderr
    assert left(fresh) == set()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("data", "accept", "0123", "--because", "it is right"), ["0123", "data check"]),
        (("data", "accept", "0123", "--because", " "), ["--because"]),
        (("data", "export", "out", "--format", "xml"), ["--format 'xml'", "parquet or csv"]),
        (("data", "export", "out", "--form", "xml"), ["xml", "parquet"]),
        (("data", "check", "688257.SH"), ["688257.SH", "did you mean '688256.SH'", "run_backtest.py data says"]),
        (("data", "export", "out", "--symbols", "688257.SH"), ["688257.SH", "did you mean '688256.SH'"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_of_a_store_is_said(brought: tuple[Path, object], words: tuple[str, ...], said: list[str]) -> None:
    done = call(brought[0], *words, check=2)
    assert done.stdout == ""
    for part in said:
        assert part in done.stderr
    assert not (brought[0] / "out").exists()


def test_the_simulated_market_stays_out_of_the_store(fresh: Path) -> None:
    (fresh / "bars").mkdir()
    (fresh / "bars" / MARKER).write_text("made by code\n", encoding="utf-8")
    (fresh / "bars" / "bars.csv").write_text(HAND_MADE, encoding="utf-8")
    assert "simulated" in call(fresh, "import", "bars", check=2).stderr
    assert left(fresh) == set()


def test_help_of_every_command_imports_none_of_the_heavy_packages() -> None:
    code = (
        "import sys\nfrom backfolio.cli import main\n"
        "heavy = {'akshare', 'duckdb', 'pandas', 'requests', 'jinja2'}\n"
        "for words in (['--help'], ['fetch', '--help'], ['import', '--help'], ['data', '--help'],\n"
        "              ['data', 'check', '--help']):\n"
        "    sys.argv = ['backfolio', *words]\n"
        "    try:\n        main()\n    except SystemExit as end:\n        assert end.code == 0\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for word in ("fetch", "--universe", "--all-market", "accept", "restore"):
        assert word in done.stdout


def test_a_run_on_the_sample_needs_no_store_and_no_host(fresh: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom backfolio.cli import main\n"
        "sys.argv = ['backfolio', 'run', 'buy_and_hold', '--no-report', '--end', '2021-03-31']\n"
        "main(Path.cwd())\n"
    )
    after = "import atexit, sys\natexit.register(lambda: print(sorted({'akshare', 'duckdb'} & set(sys.modules))))\n"
    done = subprocess.run([sys.executable, "-c", after + code], cwd=fresh, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
