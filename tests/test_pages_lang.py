"""What a browser makes of Chinese pages: nothing of ours is left in English, they fit, and gains can be green."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from backfolio import report
from backfolio.report import lang
from backfolio.report.data import write_data
from backfolio.report.look import Look
from backfolio.report.tune import write_tune
from backfolio.report.walk import write_walk
from finished import small_result
from opened import LITTLE, SAID, SCHEMES, WIDER, Opened, launched
from shelved import small_shelf
from tuned import small_study, small_trials
from walked import INDEX, walked

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

browser = launched

KINDS = ("run", "tune", "walk", "data", "gallery")
ZH = Look("zh")

THEIRS = (
    "Hold ",
    "Buy what the news touches",
    "Twelve <trials>",
    "a <b>",
    "upgrade",
    "exchange <b>",
    "Fetch the symbol again",
    "sessions without a bar",
    "it <b>",
    "100 times",
)
"""What the made-up thesis, catalysts and store of these tests say."""

SAME = {"all", "names", "SIMULATED", "volume", "close", "bars", "n/a", "refused"}
"""Strings of the table that are also names of columns and codes of the store."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    reports = tmp_path_factory.mktemp("pages") / "reports 报告"
    made = reports / "small_thesis" / "tune-0123456789ab"
    made.mkdir(parents=True)
    walk = walked(tmp_path_factory.mktemp("walk"), benchmark=INDEX, vary=("back=2:8:3", "exits.trailing=none,0.1"))
    return {
        "run": report.write(small_result(simulated=True), reports, tearsheet=False, look=ZH).path / "index.html",
        "tune": write_tune(small_study(small_trials(unscored=[5], failed={3: "it <b>broke</b>"})), made, ZH),
        "walk": write_walk(walk, reports, ZH).path / "index.html",
        "data": write_data(small_shelf(), reports, ZH),
        "gallery": reports / "index.html",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_no_sentence_of_ours_is_english(browser: Browser, pages: dict[str, Path], kind: str) -> None:
    with Opened(browser, pages[kind]) as opened:
        assert opened.page.evaluate("document.documentElement.lang") == "zh-CN"
        found: list[str] = opened.page.evaluate(SAID)
        text = opened.page.locator("body").inner_text()
    assert len(re.findall(r"[\u4e00-\u9fff]", text)) > 100
    known = set(lang.table("zh")) - SAME
    told = [each for each in found if not any(theirs in each for theirs in THEIRS)]
    assert [
        each
        for each in told
        if each.rstrip(":") in known and re.search("[A-Za-z]{2}", lang.translate(each, "zh")) is None
    ] == []
    assert [each for each in told if LITTLE.search(each)] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_opens_quietly_and_fits(
    browser: Browser, pages: dict[str, Path], kind: str, width: int, scheme: str
) -> None:
    with Opened(browser, pages[kind], width, scheme) as opened:
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.page.evaluate(WIDER, width) == []
        assert opened.noise == []


@pytest.mark.parametrize(("colour", "stronger"), [("red", 0), ("green", 1)])
def test_a_gain_has_the_colour_that_was_asked_for(browser: Browser, tmp_path: Path, colour: str, stronger: int) -> None:
    look = Look("zh", colour)  # type: ignore[arg-type]
    written = report.write(small_result(), tmp_path, tearsheet=False, look=look).path / "index.html"
    with Opened(browser, written) as opened:
        paint = opened.page.evaluate("getComputedStyle(document.querySelector('.gain')).color")
    parts = [int(part) for part in re.findall(r"\d+", paint)[:3]]
    assert parts[stronger] == max(parts[:2])
