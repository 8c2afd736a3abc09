"""The command `falsify`: what it prints and writes, how it leaves, and what it refuses."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from backfolio.cli.falsify import broken

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., subprocess.CompletedProcess[str]]

FEW = ("--placebos", "39")


def test_a_thesis_is_tried_printed_and_written_and_asked_again_it_is_there(cli: Cli, workspace: Path) -> None:
    done = cli("falsify", "model_release", *FEW, "--benchmark", "999001.SH", check=None)
    assert done.returncode in {0, 1}
    for attempt in ("Random dates", "Random names", "One session later", "Costs doubled"):
        assert attempt in done.stdout
    assert "Claim: " in done.stdout
    for figure in (
        r"Random dates +p [=<] 0\.\d{3}",
        r"Its names, held +lead [+-]\d",
        r"One session later +-?\d+% kept",
    ):
        assert re.search(figure, done.stdout), figure
    page = workspace / done.stdout.split("Report: ")[1].strip()
    record = json.loads((page.parent / "falsify.json").read_text(encoding="utf-8"))
    assert record["placebos"] == 39
    assert record["command"] == ("python run_backtest.py falsify model_release --benchmark 999001.SH --placebos 39")
    before = {path.name: path.read_bytes() for path in page.parent.iterdir()}
    again = cli("falsify", "model_release", *FEW, "--benchmark", "999001.SH", check=None)
    assert again.returncode == done.returncode
    assert f"Report, there already: {page.relative_to(workspace)}" in again.stdout
    assert {path.name: path.read_bytes() for path in page.parent.iterdir()} == before


def test_json_has_every_figure_and_no_report_writes_none(cli: Cli, workspace: Path) -> None:
    done = cli("falsify", "spillover", *FEW, "--seed", "3", "--json", "--no-report", check=None)
    told = json.loads(done.stdout)
    assert (told["strategy"], told["placebos"], told["seed"]) == ("spillover", 39, 3)
    assert told["report"] is None
    assert not (workspace / "reports" / "spillover").exists()
    assert set(told["figures"]) >= {"random_dates.p", "random_names.p", "hold.excess", "lag_1.kept"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--placebos", "18"), "18 placebos: the least p-value is 1 / (placebos + 1), so 19 are needed"),
        (("--placebos", "100001"), "100001 placebos: more than are drawn; give 19 to 100,000 with --placebos"),
        (("--seed", "-1"), "the seed is -1: give a whole number from 0"),
        (("--param", "hold=0"), "hold"),
        (("--benchmark", "999009.SH"), "999009.SH"),
    ],
)
def test_bad_words_are_refused_in_a_sentence(cli: Cli, words: tuple[str, ...], said: str) -> None:
    done = cli("falsify", "model_release", *words, check=2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "lacks"), [("falsify", "no targets to ask anew"), ("study", "no targets to follow")]
)
def test_a_plain_backtrader_strategy_is_refused(cli: Cli, workspace: Path, command: str, lacks: str) -> None:
    text = "import backtrader as bt\n\n\nclass Plain(bt.Strategy):\n    pass\n"
    (workspace / "strategies" / "plain.py").write_text(text, encoding="utf-8")
    assert cli(command, "plain", check=2).stderr == (
        f"Error: plain is a plain backtrader strategy, which has {lacks}: write it as a thesis on backfolio.Strategy\n"
    )


def test_a_file_in_the_place_of_the_reports_folder_is_refused_in_a_sentence(cli: Cli, workspace: Path) -> None:
    (workspace / "taken").write_text("a file", encoding="utf-8")
    done = cli("falsify", "model_release", "--placebos", "19", "--reports", "taken", check=2)
    assert done.stderr.startswith("Error: the run ledger cannot be kept in ")
    assert done.stderr.rstrip().endswith("choose another folder with --reports")
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("grade", "chances", "leaves"),
    [
        ("survived", (0.9, 0.9), False),
        ("weakened", (0.9, 0.9), False),
        ("falsified", (0.001, 0.001), True),
        ("not_enough", (0.001, 0.001), True),
        ("unclaimed", (0.01, 0.049), False),
        ("unclaimed", (0.01, 0.05), True),
        ("unclaimed", (None, 0.01), False),
        ("unclaimed", (None, None), True),
    ],
)
def test_it_leaves_with_1_where_the_thesis_is_broken_or_nothing_can_be_said(
    grade: str, chances: tuple[float | None, float | None], leaves: bool
) -> None:
    dates, names = (SimpleNamespace(p_value=one) for one in chances)
    assert broken(cast("Any", SimpleNamespace(grade=grade, dates=dates, names=names))) is leaves
