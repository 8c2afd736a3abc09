"""What the page of a run says of its thesis' event study and falsification: the right ones, the newest, or none."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from backfolio import report
from backfolio.report.look import Look
from backfolio.report.run import run_page
from backfolio.report.run.evidence import evidence
from backfolio.result import Evidence
from backfolio.tune.identity import source_hash
from finished import small_result
from htmlpage import Page
from opened import CONTRAST, SCHEMES, Opened, launched

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser

browser = launched

MODULES = {"helper": "x = 1\n"}
RUN: dict[str, Any] = {
    "thesis": {"file": "mine.py", "source": "class Mine: ...\n"},
    "modules": MODULES,
    "params": {"hold": 20},
    "exits": {"stop_loss": 0.1},
    "rebalance": "on_change",
    "market": {"cash": 1e6},
    "start": "2024-01-02",
    "end": "2024-12-31",
    "rules": "2026.1",
    "benchmark": None,
    "data": {"simulated": False, "fingerprint": "plain"},
}
STUDIED: dict[str, Any] = {
    "thesis": {"source": source_hash({"source": RUN["thesis"]["source"], "modules": MODULES}), "params": {"hold": 20}},
    "start": "2024-01-02",
    "end": "2024-12-31",
    "rules": "2026.1",
    "benchmark": "000300.SH",
    "data": {"simulated": False, "fingerprint": "with 300"},
    "headline": {"grade": "Evidence", "mean": 0.0321, "p": 0.0119, "window": [0, 20], "events": 48},
}
BROKEN: dict[str, Any] = {
    **RUN,
    "placebos": 1000,
    "headline": {"grade": "Weakened", "attempts": 11, "stood": 9, "random_dates": 0.0009, "random_names": None},
}
PRINTS = {None: "plain", "000300.SH": "with 300"}
COMMANDS = {"study": "backfolio study mine", "falsify": "backfolio falsify mine"}
FILES = {"study": "study.json", "falsify": "falsify.json"}


def put(folder: Path, kind: str, name: str, record: object, made: int = 1_000) -> None:
    place = folder / f"{kind}-{name}"
    place.mkdir(parents=True)
    text = record if isinstance(record, str) else json.dumps(record)
    (place / FILES[kind]).write_text(text, encoding="utf-8")
    os.utime(place / FILES[kind], (made, made))


def found(folder: Path, run: dict[str, Any] = RUN) -> tuple[Evidence, Evidence]:
    study, falsify = evidence(folder, run, lambda benchmark: PRINTS.get(benchmark, ""), COMMANDS)
    return study, falsify


# ---------------------------------------------------------------- what is found
def test_nothing_is_there_yet(tmp_path: Path) -> None:
    assert found(tmp_path / "mine") == (
        Evidence("study", "backfolio study mine"), Evidence("falsify", "backfolio falsify mine"),
    )  # fmt: skip


def test_both_are_found_with_their_figures(tmp_path: Path) -> None:
    put(tmp_path, "study", "a", STUDIED)
    put(tmp_path, "falsify", "b", BROKEN)
    study, falsify = found(tmp_path)
    assert (study.page, study.grade) == ("../study-a/index.html", "Evidence")
    assert study.words == "+3.2% over sessions 0 to 20, p = 0.012"
    assert (falsify.page, falsify.grade) == ("../falsify-b/index.html", "Weakened")
    assert falsify.words == "held up in 9 of 11 attempts; random dates p < 0.001, random names p = n/a"
    assert study.faults == falsify.faults == ()


def test_the_newest_that_fits_is_shown(tmp_path: Path) -> None:
    put(tmp_path, "study", "old", STUDIED, 1_000)
    put(tmp_path, "study", "new", {**STUDIED, "headline": {**STUDIED["headline"], "grade": "No evidence"}}, 2_000)
    put(tmp_path, "study", "newest", {**STUDIED, "end": "2025-12-31"}, 3_000)
    assert (found(tmp_path)[0].page, found(tmp_path)[0].grade) == ("../study-new/index.html", "No evidence")


@pytest.mark.parametrize(
    "changes",
    [
        {"thesis": {"source": "another"}},
        {"thesis": {**STUDIED["thesis"], "params": {"hold": 40}}},
        {"start": "2024-01-03"},
        {"end": "2024-12-30"},
        {"rules": "2025.9"},
        {"data": {"fingerprint": "other"}},
        {"benchmark": None},
        {"benchmark": "000905.SH"},
    ],
)
def test_a_study_of_something_else_is_none_of_it(tmp_path: Path, changes: dict[str, Any]) -> None:
    put(tmp_path, "study", "a", {**STUDIED, **changes})
    assert found(tmp_path)[0] == Evidence("study", "backfolio study mine")


@pytest.mark.parametrize(
    "changes",
    [
        {"thesis": {"file": "mine.py", "source": "class Mine: pass\n"}},
        {"modules": {"helper": "x = 2\n"}},
        {"params": {"hold": 21}},
        {"exits": {"stop_loss": None}},
        {"rebalance": "weekly"},
        {"market": {"cash": 2e6}},
        {"data": {"fingerprint": "with 300"}},
    ],
)
def test_a_falsification_of_something_else_is_none_of_it(tmp_path: Path, changes: dict[str, Any]) -> None:
    put(tmp_path, "falsify", "a", {**BROKEN, **changes})
    assert found(tmp_path)[1].page == ""


def test_an_event_study_holds_whatever_is_traded(tmp_path: Path) -> None:
    put(tmp_path, "study", "a", {**STUDIED, "thesis": {**STUDIED["thesis"], "market": {"cash": 5.0}}})
    assert found(tmp_path)[0].page
    older = {"source": STUDIED["thesis"]["source"]}
    put(tmp_path, "study", "b", {**STUDIED, "thesis": older}, 2_000)
    assert found(tmp_path)[0].page == "../study-b/index.html"


def test_a_study_that_cannot_judge_says_so(tmp_path: Path) -> None:
    headline = {**STUDIED["headline"], "grade": "Too little evidence", "mean": None, "p": None, "events": 1}
    put(tmp_path, "study", "a", {**STUDIED, "headline": headline})
    assert found(tmp_path)[0].words == "1 events cannot be judged"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("{", "study.json is no JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "it holds no table"),
        ("{}", "its thesis is missing"),
        ('{"thesis": null}', "its thesis is missing"),
        ('{"thesis": {"source": 3}}', "its source is no text"),
        (json.dumps({**STUDIED, "data": 3}), "its data is no table"),
        (json.dumps({**STUDIED, "benchmark": 3}), "its benchmark is no text"),
        (json.dumps({**STUDIED, "modules": 3}), "its modules is no table"),
        (json.dumps({**STUDIED, "headline": {}}), "its grade is missing"),
        (json.dumps({**STUDIED, "headline": {**STUDIED["headline"], "window": [0]}}), "its window is no pair"),
        (json.dumps({**STUDIED, "headline": {**STUDIED["headline"], "mean": "x"}}), "its mean is no number"),
    ],
)
def test_a_damaged_one_is_named_and_an_older_one_shown(tmp_path: Path, content: str, fault: str) -> None:
    put(tmp_path, "study", "bad", content, 2_000)
    put(tmp_path, "study", "good", STUDIED, 1_000)
    study = found(tmp_path)[0]
    assert study.page == "../study-good/index.html"
    assert len(study.faults) == 1
    assert study.faults[0].startswith(f"study-bad ({fault}")


def test_hidden_folders_and_odd_names_do_no_harm(tmp_path: Path) -> None:
    put(tmp_path, "falsify", "a #1?", BROKEN)
    hidden = tmp_path / ".falsify-b.partial"
    hidden.mkdir()
    (hidden / "falsify.json").write_text("{", encoding="utf-8")
    falsify = found(tmp_path)[1]
    assert falsify.page == "../falsify-a%20%231%3F/index.html"
    assert falsify.faults == ()


# ---------------------------------------------------------------- what the page says
def shown(*told: Evidence, look: Look | None = None) -> tuple[Page, str]:
    content = run_page(small_result(evidence=told), tearsheet=False, look=look or Look())
    return Page(content), content.decode()


def test_without_evidence_the_page_is_as_it_was() -> None:
    page, text = shown()
    assert page.faults == []
    assert 'class="evidence' not in text
    assert text.count("evidence") == text.count(".evidence"), "the style sheet's alone"


def test_lines_stand_with_the_judgement_and_lead_to_their_pages(tmp_path: Path) -> None:
    put(tmp_path, "study", "a", STUDIED)
    put(tmp_path, "falsify", "b", BROKEN)
    page, text = shown(*found(tmp_path))
    assert page.faults == []
    judgement = Page(
        re.findall(r'<section class="card verdict[^>]*id="judgement">.*?</section>', text, re.DOTALL)[0].encode()
    )
    assert "Event study : Evidence (+3.2% over sessions 0 to 20, p = 0.012)" in judgement.text
    assert "Falsification : Weakened (held up in 9 of 11 attempts; random dates p < 0.001" in judgement.text
    links = [attributes["href"] for tag, attributes in judgement.tags if tag == "a"]
    assert links == ["../study-a/index.html", "../falsify-b/index.html"]
    assert "Not known yet" not in page.text


def test_what_is_not_known_yet_is_one_line_of_commands() -> None:
    study, falsify = Evidence("study", "backfolio study <a>"), Evidence("falsify", "backfolio falsify <a>")
    page, text = shown(study, falsify)
    assert page.faults == []
    assert text.count('<p class="small evidence">') == 1
    told = "Event study: backfolio study <a> ; Falsification: backfolio falsify <a>"
    assert f"Not known yet for this thesis, these parameters and this data: {told}" in page.text
    one, _ = shown(replace(study, page="../study-a/index.html", grade="Evidence", words="x"), falsify)
    assert "this data: Falsification: backfolio falsify <a>" in one.text


def test_faults_are_told_as_the_list_of_reports_tells_them() -> None:
    page, _ = shown(Evidence("study", "c", faults=("study-<1> (study.json is no JSON)",)), Evidence("falsify", "d"))
    assert "1 folder is not shown: study-<1> (study.json is no JSON)" in page.text
    assert page.faults == []


def test_chinese_pages_say_it_in_chinese(tmp_path: Path) -> None:
    put(tmp_path, "study", "a", STUDIED)
    page, _ = shown(*found(tmp_path), look=Look("zh"))
    assert "第 0 至 20 日 +3.2%，p = 0.012" in page.text
    assert "尚未做" in page.text


def test_evidence_that_came_remakes_the_page_alone(tmp_path: Path) -> None:
    bare = (Evidence("study", "backfolio study mine"), Evidence("falsify", "backfolio falsify mine"))
    folder = report.write(small_result(evidence=bare), tmp_path, tearsheet=False).path
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    put(tmp_path / "small_thesis", "study", "a", STUDIED)
    again = report.write(small_result(evidence=found(tmp_path / "small_thesis")), tmp_path, tearsheet=False)
    assert again.existed
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"index.html"}
    assert "../study-a/index.html" in after["index.html"][0].decode()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_lines_can_be_read(browser: Browser, tmp_path: Path, scheme: str) -> None:
    put(tmp_path / "small_thesis", "study", "a", STUDIED)
    written = report.write(small_result(evidence=found(tmp_path / "small_thesis")), tmp_path, tearsheet=False)
    with Opened(browser, written.path / "index.html", 390, scheme) as opened:
        assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
        assert opened.page.evaluate(CONTRAST) == []
        assert opened.page.locator("#judgement .evidence").count() == 2


# ---------------------------------------------------------------- the command
def test_a_run_finds_the_study_of_its_own_decisions(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path
) -> None:
    studied = cli("study", "spillover", "--quiet", check=None).stdout.strip()
    page = cli("run", "spillover", "--quiet", "--no-tearsheet").stdout.strip()
    text = (workspace / page).read_text(encoding="utf-8")
    assert f'<a href="../{studied.split("/")[-2]}/index.html">' in text
    assert "run_backtest.py study" not in text


def test_a_run_finds_the_study_that_was_made_before_it(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path
) -> None:
    words = ("model_release", "--start", "2023-01-03", "--quiet", "--no-tearsheet")
    first = cli("run", *words).stdout.strip()
    text = (workspace / first).read_text(encoding="utf-8")
    command = "python run_backtest.py study model_release --start 2023-01-03"
    assert f"<code>{command}</code>" in text
    studied = cli(*command.split()[2:], "--quiet", check=None).stdout.strip()
    assert cli("run", *words).stdout.strip() == first
    text = (workspace / first).read_text(encoding="utf-8")
    assert f'<a href="../{studied.split("/")[-2]}/index.html">' in text
    assert command not in text
    assert "python run_backtest.py falsify model_release --start 2023-01-03" in text
    cli("run", *words, "--param", "hold=40")
    other = cli("run", *words, "--param", "hold=40").stdout.strip()
    assert f"{command} --param hold=40" in (workspace / other).read_text(encoding="utf-8")
