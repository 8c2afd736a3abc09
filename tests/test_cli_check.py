"""The command `check`, and the short form that `run` makes and marks on the page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Call = Callable[..., subprocess.CompletedProcess[str]]

CHEATS = Path(__file__).parent / "cheats"

PEEKS = '''import backtrader as bt


class Peeks(bt.Strategy):
    """Buys what closes higher tomorrow."""

    def next(self):
        for data in self.datas:
            up = len(data) < data.buflen() and data.close[1] > data.close[0]
            if up and not self.getposition(data).size:
                self.buy(data=data, size=200)
            elif not up and self.getposition(data).size:
                self.close(data=data)
'''


def folder(tmp_path: Path, *names: str) -> str:
    """Copy cheats into a folder of theses."""
    there = tmp_path / "cheats"
    there.mkdir()
    for name in names:
        shutil.copy(CHEATS / f"{name}.py", there)
    return str(there)


def test_a_clean_thesis_leaves_with_0(cli: Call) -> None:
    found = json.loads(cli("check", "buy_and_hold", "--cuts", "3", "--json").stdout)
    assert (found["state"], found["cuts"], found["findings"]) == ("clean", 3, [])
    assert found["simulated"]
    assert cli("check", "buy_and_hold", "--cuts", "2", "--start", "2024-01-02", "-q").stdout == "clean\n"


def test_a_thesis_that_looks_ahead_leaves_with_1_and_names_line_and_remedy(cli: Call, tmp_path: Path) -> None:
    out = cli("check", "shift_back", "--strategies", folder(tmp_path, "shift_back"), "--cuts", "3", check=1).stdout
    assert "shift_back.py line 11: tomorrow = gain.shift(-1)" in out
    assert "Remedy: shift with a negative number takes tomorrow's row: use shift(1)" in out
    assert "LOOKS AHEAD" in out
    assert "SIMULATED" in out


def test_wrong_use_leaves_with_2(cli: Call) -> None:
    assert "--cuts -1: give a whole number" in cli("check", "buy_and_hold", "--cuts", "-1", check=2).stderr
    assert "did you mean 'buy_and_hold'" in cli("check", "buy_and_hol", check=2).stderr
    assert "no parameter 'x'" in cli("check", "buy_and_hold", "--param", "x=1", check=2).stderr


def test_a_plain_backtrader_strategy_is_checked_by_its_orders(cli: Call, tmp_path: Path) -> None:
    (tmp_path / "peeks.py").write_text(PEEKS, encoding="utf-8")
    words = ("check", "peeks", "--strategies", str(tmp_path), "--start", "2025-09-01", "--cuts", "2", "--json")
    found = json.loads(cli(*words, check=1).stdout)
    assert {finding["what"] for finding in found["findings"]} == {"fill"}
    assert found["findings"][0]["line"]["text"].startswith("up = len(data)")


def test_a_run_asks_in_short_and_marks_its_page(cli: Call, tmp_path: Path) -> None:
    more = ("--strategies", folder(tmp_path, "shift_back"), "--no-tearsheet", "--start", "2024-01-02", "--json")
    runs = json.loads(cli("run", "buy_and_hold", "shift_back", *more, "--reports", str(tmp_path)).stdout)["runs"]
    clean, cheat = (run["audit"] for run in runs)
    assert (clean["state"], clean["quick"], cheat["state"]) == ("clean", True, "found")
    pages = [next((tmp_path / run["strategy"]).glob("*/index.html")) for run in runs]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    assert "Checked for look-ahead: 3 cuts of the future, nothing moved." in texts[0]
    assert 'role="alert" id="look-ahead"' not in texts[0]
    assert 'role="alert" id="look-ahead"' in texts[1]
    assert "shift_back.py line 11: tomorrow = gain.shift(-1)" in texts[1]
    assert "Ahead of all that it is compared with" not in texts[1]


def test_a_run_need_not_ask(cli: Call, tmp_path: Path) -> None:
    words = ("run", "buy_and_hold", "--no-audit", "--no-tearsheet", "--start", "2025-09-01", "--json")
    (run,) = json.loads(cli(*words, "--reports", str(tmp_path)).stdout)["runs"]
    assert run["audit"] is None
    assert "look-ahead" not in next((tmp_path / "buy_and_hold").glob("*/index.html")).read_text().split("</style>")[1]


def test_a_run_of_a_plain_strategy_says_that_it_was_not_checked(cli: Call, tmp_path: Path) -> None:
    (tmp_path / "peeks.py").write_text(PEEKS, encoding="utf-8")
    words = ("run", "peeks", "--strategies", str(tmp_path), "--no-tearsheet", "--start", "2025-09-01", "--json")
    (run,) = json.loads(cli(*words, "--reports", str(tmp_path / "out")).stdout)["runs"]
    assert run["audit"]["state"] == "unchecked"
    page = next((tmp_path / "out" / "peeks").glob("*/index.html")).read_text(encoding="utf-8")
    assert "Not checked for look-ahead." in page
