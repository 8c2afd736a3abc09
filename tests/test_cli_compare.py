"""`compare`, run as a person would."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backfolio import report
from finished import small_result

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def reports(workspace: Path) -> Path:
    """Return the workspace's folder of reports with two runs, one of the two as two theses have it."""
    folder = workspace / "reports"
    for strategy, run_id in (("small_thesis", "2024_aaaa"), ("small_thesis", "2024_bbbb"), ("other", "2024_aacc")):
        record = {
            "strategy": strategy,
            "run_id": run_id,
            "params": {"hold": len(run_id)},
            "market": {"cash": 200_000.0},
            "data": {"fingerprint": "x"},
            "rules": run_id if strategy == "other" else "1",
        }
        report.write(small_result(strategy=strategy, run_id=run_id, record=record), folder, tearsheet=False)
    return folder


def test_two_runs_are_compared_by_path_and_by_id(cli: Cli, reports: Path) -> None:
    told = cli("compare", "bbbb", str(reports / "small_thesis" / "2024_aaaa")).stdout
    page = Path("reports/compare/bbbb-aaaa/index.html")
    assert told.splitlines()[-1] == f"Page: {page}"
    assert "A small_thesis bbbb" in told
    assert "Total return" in told
    assert (reports.parent / page).is_file()
    assert cli("compare", "bbbb", "aaaa", "-q").stdout == f"{page}\n"


def test_json_says_it_all(cli: Cli, reports: Path) -> None:
    answer = json.loads(cli("compare", "aaaa", "other/2024_aacc", "bbbb", "--json").stdout)
    assert answer["report"] == str(Path("reports/compare/aaaa-aacc-bbbb/index.html"))
    assert [answer["runs"][letter]["run_id"] for letter in "ABC"] == ["2024_aaaa", "2024_aacc", "2024_bbbb"]
    assert answer["not_comparable"] == {"B": ["rules"]}
    assert answer["figures"]["total_return"]["A"] == answer["figures"]["total_return"]["C"]
    assert answer["fills"]["differences"] == 0
    assert answer["correlations"][0][0] == pytest.approx(1.0)


def test_wrong_use_is_said_in_a_sentence(cli: Cli, reports: Path) -> None:
    (reports / "small_thesis" / "tune-0123").mkdir()
    (reports / "small_thesis" / "tune-0123" / "tune.json").write_text("{}", encoding="utf-8")
    shutil.copytree(reports / "small_thesis" / "2024_bbbb", reports / "small_thesis" / "2024_dddd")
    (reports / "small_thesis" / "2024_dddd" / "equity.csv").unlink()
    for words, said in (
        (("aaaa",), "one run cannot be compared: name two or more"),
        (("aaaa", "nowhere"), "no report 'nowhere'"),
        (("aa", "bbbb"), "run 'aa' may be "),
        (("aaaa", "2024_aaaa"), "run 2024_aaaa of small_thesis is named twice"),
        (("aaaa", "tune-0123"), "compare its winner's report"),
        (("aaaa", "dddd"), "equity.csv is not there; run it again"),
    ):
        done = cli("compare", *words, check=2)
        assert said in " ".join(done.stderr.split()), words
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
    assert not (reports / "compare").exists()


def test_words_in_another_language(cli: Cli, reports: Path) -> None:
    page = reports.parent / cli("compare", "aaaa", "bbbb", "-q", "--lang", "zh").stdout.strip()
    assert '<html lang="zh-CN"' in page.read_text(encoding="utf-8")
    assert '<html lang="zh-CN"' in (reports / "index.html").read_text(encoding="utf-8")


def test_the_list_of_theses_says_where_reports_are(cli: Cli, reports: Path) -> None:
    page = str(Path("reports/index.html"))
    assert cli("list").stdout.splitlines()[-1] == f"Reports so far: {page}"
    assert json.loads(cli("list", "--json").stdout)["reports"] == page
