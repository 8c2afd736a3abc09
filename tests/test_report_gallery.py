"""The list of all reports: what is read, what is marked, and what a reader can do with it in a browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio import report
from backfolio.report.falsify import write_falsify
from backfolio.report.gallery import Basis, differs, gallery, write_gallery
from backfolio.report.gallery.lines import HEIGHT, POINTS, WIDTH, line_of, short_line, spark
from backfolio.report.look import Look
from backfolio.report.tune import write_tune
from falsified import bare, falsified
from finished import small_result
from htmlpage import Page
from opened import CONTRAST, SCHEMES, WIDER, WIDTHS, Opened, launched
from tuned import small_study

if TYPE_CHECKING:
    from playwright.sync_api import Browser

browser = launched
EVIL = "<script>alert('x')</script>"


def written(reports: Path, made: int, **changes: object) -> Path:
    """Write the report of a small run as if `made` seconds after the epoch; `basis` goes into its record."""
    result = small_result(**changes)
    folder = report.write(result, reports, tearsheet=False).path
    os.utime(folder / "run.json", (made, made))
    return folder


def on_basis(fingerprint: str, rules: str = "2026.1", **more: object) -> dict[str, object]:
    """Return a record as far as the gallery looks at it."""
    return {
        "strategy": "small_thesis",
        "data": {"simulated": False, "fingerprint": fingerprint},
        "rules": rules,
        "universe": "theme",
        "benchmark": "000688.SH",
        **more,
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with five runs, the newest last, and a tune that is older than all."""
    folder = tmp_path_factory.mktemp("made") / "reports"
    tune = folder / "small_thesis" / "tune-0123456789ab"
    tune.mkdir(parents=True)
    write_tune(small_study(), tune)
    os.utime(tune / "summary.json", (1_000_000, 1_000_000))
    base = on_basis("aaaa")
    written(folder, 1_100_000, run_id="r1", record={**base, "params": {"hold": 20}})
    written(folder, 1_200_000, run_id="r2", record={**base, "params": {"hold": 40}}, simulated=True)
    written(folder, 1_300_000, run_id="r3", record={**on_basis("bbbb"), "params": {"hold": 20}}, source_label="others")
    written(folder, 1_400_000, run_id="r4", record={**on_basis("aaaa", "2025.9"), "params": {"hold": 20}})
    written(folder, 1_500_000, run_id="r5", strategy="other", record={**base, "params": {"hold": 3}})
    write_gallery(folder)
    return folder


@pytest.fixture
def reports(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it, as old, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "reports"))


def rows_of(page: bytes) -> list[str]:
    body = page.decode().split("<tbody>")[1].split("</tbody>")[0]
    return [Page(f"<table>{row}</tr></table>".encode()).text for row in body.split("</tr>")[:-1]]


# ---------------------------------------------------------------- what is read
def test_a_falsification_is_listed_with_its_grade_and_figures(reports: Path) -> None:
    found = falsified()
    place = write_falsify(found, reports).path
    os.utime(place / "falsify.json", (1_900_000, 1_900_000))
    content = gallery(reports)
    page, row = Page(content), rows_of(content)[0]
    assert f"chips/{place.name}/index.html" in {attributes.get("href") for _, attributes in page.tags}
    assert "1 falsification" in page.text
    assert "chips falsify" in row
    assert f"+{found.base.total_return:.2%}" in row
    told = f"Falsified, held up in 5 of 7 attempts, random dates p = {found.dates.p_value:.3f}"
    assert told in row
    assert content.decode().split("<tbody>")[1].split("</tr>")[0].count('class="spark"') == 1
    assert "not shown" not in page.text


def test_an_event_study_has_no_account_so_no_figure_of_one_is_shown(reports: Path) -> None:
    folder = reports / "chips" / "study-0123456789ab"
    folder.mkdir(parents=True)
    headline = {
        "strategy": "chips", "first": "2024-01-02", "last": "2024-12-31", "source": "bars", "grade": "No evidence",
        "events": 12, "mean": 0.01, "p": 0.4,
    }  # fmt: skip
    (folder / "study.json").write_text(json.dumps({**on_basis("aaaa"), "headline": headline}), encoding="utf-8")
    os.utime(folder / "study.json", (1_900_000, 1_900_000))
    content = gallery(reports)
    row = rows_of(content)[0]
    assert "No evidence, 12 events, mean +1.0%, p = 0.400" in row
    for absent in ("n/a", "Sharpe", "Drawdown"):
        assert absent not in row


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("{", "falsify.json is no JSON"),
        ('{"headline": {}}', "its random_dates is missing"),
        ('{"headline": {"random_dates": "x", "random_names": null}}', "its random_dates is no number"),
        ('{"headline": {"random_dates": 1, "random_names": null}}', "its grade is missing"),
        ('{"headline": {"random_dates": 1, "random_names": null, "grade": "x", "stood": -1}}', "its stood is no count"),
    ],
)
def test_a_damaged_falsification_is_named(reports: Path, content: str, fault: str) -> None:
    folder = reports / "some" / "falsify-1"
    folder.mkdir(parents=True)
    (folder / "falsify.json").write_text(content, encoding="utf-8")
    assert f"1 folder is not shown: some/falsify-1 ({fault})" in Page(gallery(reports)).text


def test_a_falsification_without_placebos_or_trades_is_listed(reports: Path) -> None:
    write_falsify(bare(), reports)
    row = rows_of(gallery(reports))[0]
    assert "No claims stated, held up in 0 of 7 attempts" in row
    assert "p =" not in row


def test_the_newest_comes_first_and_all_links_lead_somewhere(reports: Path) -> None:
    page = Page((reports / "index.html").read_bytes())
    assert page.faults == []
    links = [attributes["href"] or "" for tag, attributes in page.tags if tag == "a"]
    assert links == [
        "other/r5/index.html",
        *(f"small_thesis/{name}/index.html" for name in ("r4", "r3", "r2", "r1", "tune-0123456789ab")),
    ]
    assert all((reports / link).is_file() for link in links)
    assert "5 runs | 1 tune | newest first" in page.text


def test_a_line_says_what_came_out(reports: Path) -> None:
    rows = rows_of((reports / "index.html").read_bytes())
    record = json.loads((reports / "small_thesis" / "r1" / "run.json").read_text(encoding="utf-8"))["headline"]
    assert f"{record['metrics']['total_return']:+.2%}".replace("-", "\N{MINUS SIGN}") in rows[4]
    assert f"{record['fills']} fills, {record['refusals']} refusal" in rows[4]
    assert f"{record['first']} to {record['last']}" in rows[4]
    assert "tune" in rows[5]
    assert "12 trials" in rows[5]
    assert [("SIMULATED" in row) for row in rows[:5]] == [False, False, False, True, False]


def test_what_differs_within_a_thesis_is_a_chip_and_nothing_else(reports: Path) -> None:
    rows = rows_of((reports / "index.html").read_bytes())
    assert "hold 40" in rows[3]
    assert "hold 20" in rows[4]
    assert "hold" not in rows[0]  # the only run of its thesis


def test_other_data_and_other_rules_are_not_comparable(reports: Path) -> None:
    rows = rows_of((reports / "index.html").read_bytes())
    said = [row.partition("not comparable: ")[2].split(" 1970")[0] for row in rows]
    assert said[0] == ""
    assert said[1].startswith("other rules")
    assert said[2].startswith("other source")
    assert "rules" not in said[2]
    assert said[3:5] == ["", ""]


BASIS = Basis("aaaa", "1", "sample", "theme", "2025-12-31", "none")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, ()),
        ({"window": "2024-06-28", "source": "store"}, ()),  # the fingerprint decides
        ({"fingerprint": "b", "window": "2024-06-28"}, ("window",)),
        ({"fingerprint": "b", "universe": "all", "benchmark": "000300.SH"}, ("universe", "benchmark")),
        ({"fingerprint": "b"}, ("values",)),
        ({"fingerprint": "b", "universe": ""}, ("values",)),  # not recorded is no difference
        ({"rules": "2"}, ("rules",)),
        ({"rules": ""}, ()),
        ({"fingerprint": "b", "rules": "2"}, ("values", "rules")),
        ({"fingerprint": ""}, ("unknown",)),
    ],
)
def test_what_can_be_compared(changes: dict[str, str], found: tuple[str, ...]) -> None:
    assert differs(BASIS, BASIS._replace(**changes)) == found
    assert differs(BASIS._replace(**changes), BASIS) == found


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "run.json is no JSON"),
        ("{", "run.json is no JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "it holds no table"),
        ("{}", "its headline is missing"),
        ('{"headline": 3}', "its headline is no table"),
        ('{"headline": {"strategy": "x"}}', "its fills is missing"),
        ('{"headline": {"fills": 1, "refusals": 0, "metrics": "x"}}', "its metrics is no table"),
        ('{"headline": {"fills": true, "refusals": 0}}', "its fills is no number"),
        ('{"headline": {"fills": NaN, "refusals": 0}}', "its fills is no number"),
    ],
)
def test_a_damaged_folder_is_named_in_a_line_and_costs_nothing(reports: Path, content: str, fault: str) -> None:
    folder = reports / "some" / "run <1>"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(content, encoding="utf-8")
    page = Page(gallery(reports))
    assert f"1 folder is not shown: some/run <1> ({fault})" in page.text
    assert "5 runs" in page.text
    assert page.faults == []


def test_foreign_and_unfinished_folders_are_named_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("notes/mine", "small_thesis/tune-1", "small_thesis/.x.partial", "assets/a", ".git/x", "thesis/big"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "small_thesis" / "tune-1" / "tune.json").write_text("{}", encoding="utf-8")
    (tmp_path / "small_thesis" / ".x.partial" / "run.json").write_text("{}", encoding="utf-8")
    with (tmp_path / "thesis" / "big" / "run.json").open("wb") as file:
        file.truncate(9_000_000)
    (tmp_path / "loose.txt").write_text("", encoding="utf-8")
    text = Page(gallery(tmp_path)).text
    assert "No run yet" in text
    assert (
        "3 folders are not shown: notes/mine (no report of ours); small_thesis/tune-1 (a tune that is not finished); "
        "thesis/big (run.json is larger than a record can be)"
    ) in text


def test_a_folder_without_a_line_shows_none(reports: Path) -> None:
    path = reports / "small_thesis" / "r1" / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    for line in ([1, 2.5], ["x", 1], "12", [True, 1], list(range(1000)), [5]):
        record["headline"] |= {"line": line, "benchmark_line": line}
        path.write_text(json.dumps(record), encoding="utf-8")
        assert gallery(reports).decode().count('<svg class="spark"') == 5
    del record["headline"]["line"], record["headline"]["benchmark_line"]
    path.write_text(json.dumps(record), encoding="utf-8")
    assert gallery(reports).decode().count('<svg class="spark"') == 5
    assert "5 runs" in Page(gallery(reports)).text


def test_text_of_files_stays_text(reports: Path) -> None:
    path = reports / "small_thesis" / "r1" / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["params"] = {EVIL: EVIL}
    record["data"]["fingerprint"] = f'"{EVIL}'
    record |= {"rules": EVIL, "universe": EVIL, "benchmark": EVIL}
    record["headline"] |= {"title": EVIL, "source": EVIL, "benchmark": EVIL, "strategy": "../../evil", "run_id": EVIL}
    path.write_text(json.dumps(record), encoding="utf-8")
    content = gallery(reports)
    assert content.count(b"<script") == 1
    page = Page(content)
    assert page.faults == []
    assert EVIL in page.text
    assert [a["href"] for tag, a in page.tags if tag == "a" and "evil" in (a["href"] or "")] == []


def test_the_same_folder_gives_the_same_bytes(reports: Path) -> None:
    assert gallery(reports) == gallery(reports) == (reports / "index.html").read_bytes()
    assert gallery(reports, Look(lang="zh")) != gallery(reports)


def test_a_comparison_is_linked(reports: Path) -> None:
    folder = reports / "compare" / "r1-r2"
    folder.mkdir(parents=True)
    told = {"headline": {"runs": ["small_thesis r1", "small_thesis r2"], "first": "2024-01-02", "last": "2024-03-01"}}
    (folder / "compare.json").write_text(json.dumps(told), encoding="utf-8")
    page = Page(gallery(reports))
    assert "compare/r1-r2/index.html" in [a["href"] for tag, a in page.tags if tag == "a"]
    assert "small_thesis r1 against small_thesis r2" in page.text


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from falsified import bare, falsified
from finished import small_result
from backfolio import report
for number in range(6):
    report.write(replace(small_result(), run_id=f"{sys.argv[2]}{number}"), Path(sys.argv[1]), tearsheet=False)
"""


def test_two_processes_at_once_leave_a_whole_page_with_the_runs_of_both(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    started = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], env=environment) for name in ("a", "b")
    ]
    assert [process.wait(120) for process in started] == [0, 0]
    page = Page((tmp_path / "index.html").read_bytes())
    assert page.faults == []
    assert "12 runs" in page.text
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


# ---------------------------------------------------------------- small lines
@pytest.mark.parametrize("sessions", [1, 2, 39, 40, 41, 1_000])
def test_a_line_begins_and_ends_with_the_curve(sessions: int) -> None:
    gain = np.linspace(0.0, 0.5, sessions)
    line = short_line(gain)
    assert len(line) == min(POINTS, sessions)
    assert (line[0], line[-1]) == (0, 5_000 if sessions > 1 else 0)
    assert line == sorted(line)


def test_a_line_of_returns_compounds_them() -> None:
    assert line_of(np.array([0.0, 0.1, 0.1])) == [0, 1_000, 2_100]
    assert line_of(np.array([])) == []


@pytest.mark.parametrize("line", [(0, 0), (0, -10_000, 5), tuple(range(0, 4_000, 100)), (5, 7)])
def test_a_drawing_stays_in_its_box(line: tuple[int, ...]) -> None:
    for drawn in (spark(line, ()), spark(line, (0, 20_000, -3_000))):
        for path in drawn.split('d="M')[2:]:
            start, steps = path.split('"')[0].split("l")
            numbers = [int(number) for number in f"{start} {steps}".split()]
            x, y = np.cumsum(numbers[::2]), np.cumsum(numbers[1::2])
            assert (x[0], x[-1]) == (0, WIDTH)
            assert all(one < two for one, two in pairwise(x.tolist()))
            assert 0 <= y.min() <= y.max() <= HEIGHT
    assert spark((3,), ()) == spark((), (1, 2)) == ""


# ---------------------------------------------------------------- in a browser
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_is_quiet_fits_and_can_be_read(browser: Browser, reports: Path, width: int, scheme: str) -> None:
    with Opened(browser, reports / "index.html", width, scheme) as opened:
        assert opened.noise == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.page.evaluate(WIDER, width) == []
        assert opened.page.evaluate(CONTRAST) == []


def shown(opened: Opened) -> list[str]:
    rows = "[...document.querySelectorAll('tbody tr')].filter(row => !row.hidden)"
    script = f"{rows}.map(row => row.querySelector('.id').textContent)"
    found: list[str] = opened.page.evaluate(script)
    return found


def test_it_filters_and_sorts(browser: Browser, reports: Path) -> None:
    with Opened(browser, reports / "index.html") as opened:
        page = opened.page
        everything = shown(opened)
        assert everything == ["r5", "r4", "r3", "r2", "r1", "tune-0123456789ab"]
        assert page.locator("output").inner_text() == "6 shown"
        page.fill("input[name=text]", "HOLD 40")
        assert shown(opened) == ["r2"]
        assert page.locator("output").inner_text() == "1 of 6 shown"
        page.fill("input[name=text]", "no such thing")
        assert page.locator(".none").is_visible()
        page.fill("input[name=text]", "")
        page.select_option("select[name=kind]", "tune")
        assert shown(opened) == ["tune-0123456789ab"]
        page.select_option("select[name=kind]", "")
        page.select_option("select[name=source]", "others")
        assert shown(opened) == ["r3"]
        page.select_option("select[name=source]", "")
        page.select_option("select[name=thesis]", "other")
        assert shown(opened) == ["r5"]
        page.select_option("select[name=thesis]", "")
        page.get_by_role("button", name="Made").click()
        assert shown(opened) == everything[::-1]
        page.get_by_role("button", name="Thesis").click()
        assert shown(opened) == ["r5", "r1", "r2", "r3", "r4", "tune-0123456789ab"]
        assert opened.noise == []


def test_another_reference_marks_others(browser: Browser, reports: Path) -> None:
    with Opened(browser, reports / "index.html") as opened:
        page = opened.page

        def marked() -> dict[str, str]:
            script = "row => [row.querySelector('.id').textContent, row.querySelector('.differs').textContent]"
            pairs = page.evaluate(f"[...document.querySelectorAll('tbody tr')].map({script})")
            return {name: said for name, said in pairs if said}

        before = marked()
        assert set(before) == {"r4", "r3", "tune-0123456789ab"}
        page.locator("tr", has_text="r4").locator("input").check()
        assert set(marked()) == {"r5", "r3", "r2", "r1", "tune-0123456789ab"}
        assert marked()["r1"] == "not comparable: other rules"
        page.check("input[name=same]")
        assert shown(opened) == ["r4"]
        page.uncheck("input[name=same]")
        page.locator("tr", has_text="r5").locator("input").check()
        assert marked() == before  # the script marks as the page was made


def test_a_narrow_page_sorts_by_a_list(browser: Browser, reports: Path) -> None:
    with Opened(browser, reports / "index.html", 390) as opened:
        assert opened.page.locator("select[name=order]").is_visible()
        opened.page.select_option("select[name=order]", label="Thesis")
        assert shown(opened)[0] == "r5"
        opened.page.select_option("select[name=order]", label="Made")
        assert shown(opened)[0] == "r5"


def test_a_run_twice_is_one_line(reports: Path) -> None:
    report.write(replace(small_result(), run_id="r1"), reports, tearsheet=False)
    assert "5 runs" in Page((reports / "index.html").read_bytes()).text
