"""The command `study`: what it prints and writes, how it leaves, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backfolio.cli.config import load_config
from backfolio.cli.study import Words, study
from backfolio.cli.workspace import Workspace
from backfolio.errors import UsageError
from backfolio.study import STEPS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Cli = Callable[..., subprocess.CompletedProcess[str]]

SAMPLE_INDEX = "999001.SH"


def test_a_thesis_is_studied_printed_and_written(cli: Cli, workspace: Path) -> None:
    done = cli("study", "model_release")
    assert "model release" in done.stdout
    assert "Evidence: Over sessions 0 to 20 the names returned +" in done.stdout
    assert "BMP adj." in done.stdout
    page = workspace / done.stdout.split("Report: ")[1].strip()
    assert page.is_file()
    assert page.parent.parent.name == "model_release"
    record = json.loads((page.parent / "study.json").read_text(encoding="utf-8"))
    assert record["kinds"] == ["model_release"]
    assert record["benchmark"] == SAMPLE_INDEX
    assert record["command"] == "python run_backtest.py study model_release"
    again = cli("study", "model_release")
    assert f"Report, there already: {page.relative_to(workspace)}" in again.stdout


def test_a_thesis_is_followed_from_paper_to_what_it_kept(cli: Cli, workspace: Path) -> None:
    words = ("study", "analyst_upgrade", "--cash", "200000", "--slippage", "20")
    done = cli(*words)
    assert "analyst_upgrade: from paper to kept, sessions 0:20" in done.stdout
    for label in ("paper (CAR)", *(step.label for step in STEPS.values()), "kept", "asks", "of them bought"):
        assert f"\n {label} " in done.stdout, label
    assert re.search(r"\n asked for, CNY +[\d,]+ ", done.stdout)
    assert not re.search(r"\d+x", done.stdout), "a number of asks is no leverage"
    assert "Events never asked for: analyst upgrade " in done.stdout
    assert "Events of names held, or asked for after other news, already: analyst upgrade " in done.stdout
    assert re.search(r"\nAll \d+ measured events returned \S+ beyond .* the thesis asked for .*\.\n", done.stdout)
    page = workspace / done.stdout.split("Report: ")[1].strip()
    record = json.loads((page.parent / "study.json").read_text(encoding="utf-8"))
    assert record["command"].endswith("study analyst_upgrade --cash 200000 --slippage 20")
    assert (record["thesis"]["market"]["cash"], record["thesis"]["market"]["slippage"]) == (200_000.0, 20)
    total = record["result"]["tradable"]["total"]
    assert total["paper"] + sum(total["steps"].values()) == total["kept"]
    assert total["steps"]["slippage"] < 0
    assert sum(one["kept"] for one in record["result"]["tradable"]["kinds"]) == total["kept"]
    ran = json.loads(cli("run", "analyst_upgrade", *words[2:], "--no-report", "--json").stdout)
    assert total["kept"] / 1_000 == pytest.approx(200_000 * found_total(ran), abs=1.0)
    other = cli(*words[:-1], "0")
    assert "Report, there already" not in other.stdout, "other settings are another study"


def found_total(ran: object) -> float:
    """Return the total return that `run --json` tells, wherever it stands."""
    if isinstance(ran, dict):
        if "total_return" in ran:
            return float(ran["total_return"])
        ran = list(ran.values())
    if isinstance(ran, list):
        for one in ran:
            try:
                return found_total(one)
            except LookupError:
                continue
    raise LookupError


def test_a_thesis_without_catalysts_is_studied_by_its_own_decisions(cli: Cli) -> None:
    told = json.loads(cli("study", "spillover", "--no-report", "--json", check=None).stdout)
    assert (told["kinds"], told["own_decisions"]) == (["price_event"], True)
    assert told["warnings"][0].startswith("This thesis asks for no catalyst. Studied are its own decisions to buy")
    (only,) = told["tradable"]["kinds"]
    assert (only["unasked"], only["steps"]["later"]) == (0, 0)
    assert only["asks"] >= told["groups"][0]["events"]
    shown = cli("study", "spillover", "--no-report", check=None).stdout
    assert "spillover: its own decisions to buy, " in shown
    assert "price event" not in shown


def test_a_kind_is_studied_as_json_and_no_evidence_leaves_with_1(cli: Cli, workspace: Path) -> None:
    words = (
        "study", "--kind", "policy", "--universe", "domestic-compute", "--window", "-10:-6", "--model", "mean",
    )  # fmt: skip
    done = cli(*words, "--json", "--reports", "my reports", check=1)
    told = json.loads(done.stdout)
    assert (told["subject"], told["thesis"], told["model"], told["window"]) == ("policy", False, "mean", [-10, -6])
    assert told["benchmark"] == ""
    assert told["verdict"]["grade"] in {"none", "too_little"}
    assert told["groups"][0]["headline"]["window"] == [-10, -6]
    assert set(told["groups"][0]["headline"]["tests"]) == {"kp_bmp", "kp_patell", "t", "patell", "bmp", "rank", "sign"}
    assert Path(told["report"]).parts[:3] == ("my reports", "_kinds", "policy")
    assert (workspace / told["report"]).is_file()
    command = json.loads((workspace / told["report"]).with_name("study.json").read_text(encoding="utf-8"))["command"]
    for part in ("--kind policy", "--universe domestic-compute", "--window -10:-6", "--model mean"):
        assert part in command


def test_some_symbols_without_a_report(cli: Cli, workspace: Path) -> None:
    words = ("study", "--kind", "results", "--symbols", "003901.SZ, 003902.SZ", "--json", "--no-report")
    told = json.loads(cli(*words, check=None).stdout)
    assert told["report"] is None
    assert told["symbols"] == 2
    assert not (workspace / "reports").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (Words(None), "takes a thesis, or --kind"),
        (Words("model_release", kind="policy"), "one of the two"),
        (Words(None, "model_releases"), "did you mean 'model_release'"),
        (Words("model_release", universe="daily-life"), "says itself which names it trades"),
        (Words(None, "policy", "domestic-compute", ("688256.SH",)), "give one of the two"),
        (Words(None, "policy", params=("hold=3",)), "a --kind has none"),
        (Words("model_release", window="5"), "write it as FIRST:LAST"),
        (Words("model_release", window="5:1"), "ends before it begins"),
        (Words("model_release", model="capm"), "choose from market, mean, market-adjusted"),
        (Words("model_release", estimation=5), "give at least 30"),
    ],
)
def test_words_that_make_no_study_are_refused_before_anything_is_read(words: Words, said: str, tmp_path: Path) -> None:
    here = Workspace(tmp_path, "backfolio")
    with pytest.raises(UsageError, match=said) as refused:
        study(here, load_config(tmp_path, {}), words, as_json=False, quiet=True)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "takes a thesis, or --kind"),
        (("--kind", "rating_kept"), "no catalyst of kind rating_kept could act"),
        (("--kind", "policy", "--symbols", "688999.SH"), "has no 688999.SH"),
        (("buy_and_hold", "--end", "2021-05-31"), "events of its own decisions to buy can be measured"),
        (("--kind", "policy", "--slippage", "5"), "--slippage is a setting of trades, and a --kind trades nothing"),
        (("model_release", "--slippage", "-5"), "slippage is -5"),
        (("model_release", "--benchmark", "000905.SH"), "is not an index of this data"),
        (("model_release", "--end", "2021-05-31"), "none of the"),
    ],
)
def test_wrong_use_is_one_sentence_and_2(cli: Cli, words: tuple[str, ...], said: str) -> None:
    done = cli("study", *words, check=2)
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
