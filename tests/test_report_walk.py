"""The page of a walk-forward and its files: what they show, whole or not at all, and what a browser makes of it."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.errors import UsageError
from backfolio.report import words
from backfolio.report.tune.score import levels_of, score_of
from backfolio.report.walk import render_walk, write_walk
from backfolio.report.walk.charts import NARROW, WIDE, against_chart, chosen_chart, stitched_chart
from backfolio.report.walk.view import grade, view
from backfolio.tune.space import Axis
from htmlpage import Page
from opened import CONTRAST, SCHEMES, WIDER, WIDTHS, Opened, launched
from walked import INDEX, walked

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from backfolio.tune.walk_model import Walk

browser = launched


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    made = walked(
        tmp_path_factory.mktemp("walk"), benchmark=INDEX, vary=("back=2:8:3", "names=1,2", "exits.trailing=none,0.1")
    )
    return replace(
        made,
        simulated=True,
        title="Hold <b>what</b> rose",
        command="python run_backtest.py walk-forward momentum --vary back=2:8:3 --train 30 --test 15",
        warnings=("Listing date assumed: <x>.",),
    )


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Return a walk of which some windows stayed in cash, and without a benchmark."""
    folder = tmp_path_factory.mktemp("idle")
    totals = sorted(window.in_score or 0.0 for window in walked(folder, score="total").windows)
    return walked(folder, score="total", constraints=(f"total_return>={totals[-1]}",))


@pytest.fixture(scope="module")
def folder(walk: Walk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_walk(walk, tmp_path_factory.mktemp("pages") / "reports 报告").path


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_the_folder_holds_four_files_and_its_name_is_the_id(folder: Path, walk: Walk) -> None:
    assert folder.name == f"walk-{walk.walk_id}"
    assert sorted(path.name for path in folder.iterdir()) == ["equity.csv", "index.html", "walk.json", "windows.csv"]
    assert not list(folder.parent.glob(".*"))


def test_the_same_walk_gives_the_same_bytes_and_is_kept(folder: Path, walk: Walk) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert render_walk(walk) == before
    again = write_walk(walk, folder.parents[1])
    assert again.existed
    assert again.path == folder


def test_windows_csv_has_what_was_chosen_and_figures_in_full(walk: Walk) -> None:
    lines = rows(render_walk(walk)["windows.csv"])
    assert [line["window"] for line in lines] == ["1", "2", "3", "4"]
    for line, window in zip(lines, walk.windows, strict=True):
        assert window.chosen is not None
        assert line["back"] == str(window.chosen["back"])
        assert line["exits.trailing"] == ("none" if window.chosen["exits.trailing"] is None else "0.1")
        assert float(line["in_score"]) == window.in_score
        assert float(line["out_return"]) == window.out_return
        assert (line["test_start"], line["test_end"]) == window.test
        assert float(line["end_equity"]) * 1000 == window.equity[-1]


def test_equity_csv_has_every_session_and_all_four_lines(walk: Walk) -> None:
    lines = rows(render_walk(walk)["equity.csv"])
    assert [line["session"] for line in lines] == [str(day) for day in walk.sessions]
    for name, equity in (
        ("equity", walk.equity), ("default_equity", walk.default), ("default_unbroken_equity", walk.unbroken),
    ):  # fmt: skip
        assert [round(float(line[name]) * 1000) for line in lines] == equity.tolist()
    assert walk.benchmark_returns is not None
    assert float(lines[-1]["benchmark_growth"]) == pytest.approx(math.prod(1.0 + walk.benchmark_returns))
    assert [line["window"] for line in lines] == [str(1 + at // 15) for at in range(60)]


def test_a_window_in_cash_is_said_so_everywhere(idle: Walk) -> None:
    files = render_walk(idle)
    empty = [line for line in rows(files["windows.csv"]) if not line["back"]]
    assert len(empty) == 3
    assert all(line["note"].startswith("Stayed in cash") and not line["out_score"] for line in empty)
    assert files["index.html"].decode().count("Stayed in cash: no trial has a score") == 3
    assert "benchmark_growth" not in files["equity.csv"].decode()
    assert json.loads(files["walk.json"])["headline"]["idle"] == 3


def test_walk_json_has_what_is_needed_to_walk_again(walk: Walk) -> None:
    record = json.loads(render_walk(walk)["walk.json"])
    assert record["vary"] == {"back": [2, 5, 8], "names": [1, 2], "exits.trailing": [None, 0.1]}
    assert "class Momentum" in record["thesis"]["source"]
    assert (record["train"], record["test"], record["purge"], record["anchored"]) == (30, 15, 0, False)
    assert record["headline"]["folder"] == f"walk-{walk.walk_id}"
    assert record["result"] == json.loads(json.dumps(walk.as_dict()))


def test_the_page_says_what_matters_and_escapes_what_is_not_ours(walk: Walk) -> None:
    content = render_walk(walk)["index.html"]
    page, text = Page(content), content.decode()
    assert page.faults == []
    assert words.SIMULATED in page.text
    assert words.FILL_CLOCK in page.text
    assert re.sub(r"(?<=\s)-(?=\d)", words.MINUS, walk.sentence) in page.text
    assert walk.command in page.text
    assert "Hold &lt;b&gt;what&lt;/b&gt; rose" in text
    assert "<b>what</b>" not in text
    assert "Listing date assumed: &lt;x&gt;." in text
    assert "starts in cash with what the one before ended with" in text
    assert "<script" not in text
    assert 'class="chart wide"' in text
    assert 'class="chart narrow"' in text
    assert text.count('class="chart small"') == 4, "in against out of sample, and three parameters"


def test_the_list_of_runs_names_the_walk(folder: Path, walk: Walk) -> None:
    text = (folder.parents[1] / "index.html").read_text(encoding="utf-8")
    assert f'href="momentum/walk-{walk.walk_id}/index.html"' in text
    assert "1 walk-forward" in text
    assert "Folders that cannot be read" not in text


def test_a_damaged_folder_is_refused_and_kept(walk: Walk, tmp_path: Path) -> None:
    place = tmp_path / "momentum" / f"walk-{walk.walk_id}"
    place.mkdir(parents=True)
    (place / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="is not a whole report: delete it and run again"):
        write_walk(walk, tmp_path)
    assert [path.name for path in place.iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_is_said(walk: Walk, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file", encoding="utf-8")
    with pytest.raises(UsageError, match=r"the report of the walk-forward cannot be written to .*--reports"):
        write_walk(walk, tmp_path / "reports")


@pytest.mark.parametrize(
    ("own", "plain", "expected"), [(0.4, 0.1, "good"), (0.4, 0.9, "doubt"), (-0.4, -0.9, "doubt"), (-0.4, 0.9, "bad")]
)
def test_the_grade_asks_for_growth_that_stayed_and_for_more_than_the_default(
    walk: Walk, own: float, plain: float, expected: str
) -> None:
    windows = tuple(replace(window, in_annual=0.1, out_return=own / 4) for window in walk.windows)
    equity, default = (np.full(60, round(200_000_000 * (1.0 + gain))) for gain in (own, plain))
    assert grade(replace(walk, windows=windows, equity=equity, default=default))[0] == expected


def test_a_walk_mostly_in_cash_is_called_that(idle: Walk) -> None:
    assert grade(idle) == ("doubt", "Mostly in cash")
    assert ("Choice changed", "n/a", "seams") in view(idle)["tiles"]  # type: ignore[operator]


def test_a_score_of_total_return_and_no_benchmark_have_a_page_too(idle: Walk) -> None:
    shown = view(idle)
    assert shown["benchmark"] == ""
    labels = [label for label, _, _ in shown["tiles"]]  # type: ignore[attr-defined]
    assert len(set(labels)) == len(labels) == 6
    assert len(shown["heads"]) == 3  # type: ignore[arg-type]


def test_drawings_of_the_least_there_can_be() -> None:
    day = np.array(["2024-01-02"], dtype="datetime64[D]")
    for frame in (WIDE, NARROW):
        drawn = stitched_chart(day, [("strategy", np.zeros(1))], [(0, 1, "a <b>")], frame, "gain")
        assert "nan" not in drawn
        assert "a &lt;b&gt;" in drawn
    assert "nan" not in against_chart(np.ones(1), np.ones(1), [1], score_of("sharpe"))
    assert "nan" not in chosen_chart(levels_of(Axis("loud", (True,)), 24), [None])


def test_every_other_window_is_shaded_and_each_is_numbered() -> None:
    days = np.arange(np.datetime64("2024-01-02"), np.datetime64("2024-03-02"))
    windows = [(at, at + 15, f"window {at}") for at in (0, 15, 30, 45)]
    drawn = stitched_chart(days, [("strategy", np.linspace(0.0, 0.1, 60))], windows, WIDE, "gain")
    assert drawn.count('<rect class="band"') == 2
    assert drawn.count("<title>window") == 4
    assert all(f">{number}</text>" in drawn for number in (1, 2, 3, 4))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_opens_quietly_and_fits(browser: Browser, folder: Path, width: int) -> None:
    with Opened(browser, folder / "index.html", width) as opened:
        assert opened.noise == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.page.evaluate(WIDER, width) == []
        assert "SIMULATED" in opened.page.inner_text("body")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out_from_its_ground(browser: Browser, folder: Path, scheme: str) -> None:
    for name in ("index.html", "../../index.html"):
        with Opened(browser, folder / name, scheme=scheme) as opened:
            assert opened.page.evaluate(CONTRAST) == []


def test_every_link_leads_to_a_file(browser: Browser, folder: Path) -> None:
    with Opened(browser, folder / "index.html") as opened:
        links = opened.page.eval_on_selector_all("a", "links => links.map(link => link.getAttribute('href'))")
    assert links
    assert [link for link in links if not (folder / link).is_file()] == []
