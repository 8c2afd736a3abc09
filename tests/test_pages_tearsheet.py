"""The tear sheet in a browser: both widths and themes, on paper, in Chinese, and the way to it and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backfolio import report
from backfolio.report.look import Look
from backfolio.report.tearsheet.drawn import TITLES
from opened import CONTRAST, SCHEMES, WIDER, Opened, launched
from test_tearsheet import walk

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

browser = launched

PHONE, DESK, A4 = 390, 1440, 718
"""Widths in CSS pixels; A4 less its margins at 96 a inch."""

INKS = """
() => [...document.querySelectorAll('.drawn svg text')].filter(node => node.getClientRects().length)
  .filter(node => { const box = node.getBoundingClientRect(), svg = node.ownerSVGElement.getBoundingClientRect();
    return box.left < svg.left - 1 || box.right > svg.right + 1 || box.height < 8; }).map(node => node.textContent)
"""
"""Words of the drawings that stand beyond their drawing, or are too small to be read."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report.write(walk(300, start=40), tmp_path_factory.mktemp("sheet")).path / "tearsheet.html"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_it_opens_quietly_fits_and_reads(browser: Browser, shown: Path, width: int, scheme: str) -> None:
    with Opened(browser, shown, width, scheme) as opened:
        assert opened.noise == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.page.evaluate(WIDER, width) == []
        assert opened.page.evaluate(CONTRAST) == []
        assert opened.page.evaluate(INKS) == []
        visible = [each for each in opened.page.locator(".drawn svg.chart").all() if each.is_visible()]
        assert len(visible) == len(TITLES)


def test_curves_stand_out_from_the_card_in_both_themes(browser: Browser, shown: Path) -> None:
    colours = []
    for scheme in SCHEMES:
        with Opened(browser, shown, DESK, scheme) as opened:
            ink = "node => [getComputedStyle(node).stroke, getComputedStyle(node.closest('.card')).backgroundColor]"
            drawn = [opened.page.locator(f"#gain .wide .{kind}").evaluate(ink) for kind in ("strategy", "benchmark")]
            assert len({colour for pair in drawn for colour in pair}) == 3
            colours.append(drawn[0][0])
    assert len(set(colours)) == 2


def test_a_gain_has_the_colour_that_was_asked_for(browser: Browser, tmp_path: Path) -> None:
    tones = []
    for colour in ("red", "green"):
        path = report.write(walk(300, start=40), tmp_path / colour, look=Look("en", colour)).path / "tearsheet.html"  # type: ignore[arg-type]
        with Opened(browser, path) as opened:
            cell = opened.page.locator(".months .up4, .months .up3, .months .up2").first
            tones.append(
                cell.evaluate("node => getComputedStyle(node).backgroundColor").removeprefix("rgba(").split(", ")
            )
    assert int(tones[0][0]) > int(tones[0][1])
    assert int(tones[1][0]) < int(tones[1][1])


def test_it_is_linked_from_the_run_and_back(browser: Browser, shown: Path) -> None:
    with Opened(browser, shown.with_name("index.html")) as opened:
        opened.page.locator(".crumb a", has_text="Tear sheet").click()
        assert opened.page.url == shown.resolve().as_uri()
        opened.page.locator(".crumb a", has_text="random_walk").click()
        assert opened.page.url == shown.with_name("index.html").resolve().as_uri()


def test_chinese_is_written_by_the_readers_fonts(browser: Browser, tmp_path: Path) -> None:
    path = report.write(walk(300, start=40), tmp_path, look=Look("zh")).path / "tearsheet.html"
    with Opened(browser, path, PHONE) as opened:
        assert opened.noise == []
        assert opened.page.evaluate("document.documentElement.lang") == "zh-CN"
        assert opened.page.evaluate("document.documentElement.scrollWidth") == PHONE
        # the name of the benchmark is text of the page, not a shape of a font without Chinese
        assert opened.page.locator("#gain .legend").inner_text().count("科创50 (000688.SH)") == 1
        assert "夏普比率" in opened.page.locator(".key").inner_text()
        assert "累计收益率" in opened.page.locator("#gain figcaption").inner_text()
        assert opened.page.evaluate(INKS) == []


def test_it_prints_on_a4(browser: Browser, shown: Path) -> None:
    with Opened(browser, shown, A4, "dark") as opened:
        opened.page.emulate_media(media="print")
        assert opened.page.evaluate("document.documentElement.scrollWidth") == A4
        assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert opened.page.evaluate(INKS) == []
        pages = opened.page.pdf(format="A4").count(b"/Type /Page\n")
        assert 3 <= pages <= 6
