"""What a browser makes of the page of `falsify`: it fits, reads, speaks Chinese and prints."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from backfolio.report.falsify import write_falsify
from backfolio.report.look import Look
from falsified import bare, falsified
from opened import CONTRAST, LITTLE, SAID, SCHEMES, WIDER, WIDTHS, Opened, launched

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from backfolio.falsify import Answer

browser = launched

A4 = 718
"""CSS pixels less the margins."""


def unbroken() -> tuple[Answer, ...]:
    """Return an answer whose claim is one word without a place to break it."""
    answer = falsified().answers[0]
    return (replace(answer, claim=replace(answer.claim, says="very" * 90)),)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    reports = tmp_path_factory.mktemp("pages") / "reports 报告"
    made = {
        "en": write_falsify(falsified(), reports / "en"),
        "bare": write_falsify(bare(), reports / "en"),
        "zh": write_falsify(falsified(), reports / "zh", Look("zh")),
        "long": write_falsify(falsified(answers=unbroken()), reports / "long"),
    }
    return {name: written.path / "index.html" for name, written in made.items()}


@pytest.mark.parametrize("name", ["en", "bare", "zh", "long"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_opens_quietly_and_fits(browser: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    with Opened(browser, pages[name], width) as opened:
        assert opened.noise == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.page.evaluate(WIDER, width) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["en", "bare"])
def test_text_stands_out_from_its_ground(browser: Browser, pages: dict[str, Path], name: str, scheme: str) -> None:
    with Opened(browser, pages[name], scheme=scheme) as opened:
        assert opened.page.evaluate(CONTRAST) == []


@pytest.mark.parametrize(("width", "kind"), [(390, "narrow"), (1440, "wide")])
def test_one_drawing_of_each_is_seen_and_says_what_it_shows(
    browser: Browser, pages: dict[str, Path], width: int, kind: str
) -> None:
    with Opened(browser, pages["en"], width) as opened:
        seen = opened.page.evaluate(
            "[...document.querySelectorAll('svg.chart')].filter(node => node.getClientRects().length)"
            ".map(node => [node.getAttribute('class'), node.getAttribute('role'), node.getAttribute('aria-label')])"
        )
    assert len(seen) == 6
    assert all(kind in classes.split() and role == "img" and len(label) > 20 for classes, role, label in seen)


def test_an_attempt_leads_to_its_section(browser: Browser, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["en"], 390) as opened:
        opened.page.click("#attempts a[href='#held']")
        assert opened.page.evaluate("location.hash") == "#held"
        assert opened.page.evaluate("Math.abs(document.querySelector('#held').getBoundingClientRect().top)") < 400


def test_labels_of_points_keep_within_the_drawing(browser: Browser, pages: dict[str, Path]) -> None:
    for width in (390, 1440):
        with Opened(browser, pages["en"], width) as opened:
            out = opened.page.evaluate(
                """[...document.querySelectorAll('.test svg.chart text')].filter(node => {
                  const box = node.getBoundingClientRect(), card = node.closest('.card').getBoundingClientRect();
                  return box.width && (box.left < card.left || box.right > card.right);
                }).map(node => node.textContent)"""
            )
            assert out == []


def test_no_sentence_of_ours_is_english_on_a_chinese_page(browser: Browser, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["zh"]) as opened:
        told = opened.page.evaluate(SAID)
        text = opened.page.locator("body").inner_text()
    assert len(re.findall(r"[\u4e00-\u9fff]", text)) > 1_000
    assert [each for each in told if LITTLE.search(each)] == []


def test_it_prints_on_a4_in_light_with_all_rows(browser: Browser, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["en"], A4, "dark") as opened:
        opened.page.emulate_media(media="print")
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= A4
        assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        hidden = opened.page.evaluate(
            "[...document.querySelectorAll('.long')].filter(node => node.scrollHeight > node.clientHeight + 1).length"
        )
        assert hidden == 0
