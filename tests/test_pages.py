"""What a browser makes of the pages: no script error, nothing from elsewhere, readable at every width."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

import pytest

from backfolio import report
from backfolio.report import words
from finished import small_result
from opened import CONTRAST, SCHEMES, WIDER, WIDTHS, Opened, launched

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

browser = launched

FOLLOWED = {"https://www.tradingview.com/", "https://example.org/a"}
"""Addresses that only a reader goes to: who made the charts, and where a catalyst is written."""

NAMES = ("index.html", "tearsheet.html", "../../index.html")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report.write(small_result(simulated=True), tmp_path_factory.mktemp("pages") / "reports 报告").path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_opens_quietly_and_fits(browser: Browser, folder: Path, name: str, width: int) -> None:
    with Opened(browser, folder / name, width) as opened:
        assert opened.noise == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        # Whatever is wider than the window scrolls inside its own box.
        assert opened.page.evaluate(WIDER, width) == []
        assert words.FILL_CLOCK in opened.page.inner_text("body")
        assert "SIMULATED" in opened.page.inner_text("body")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out_from_its_ground(browser: Browser, folder: Path, name: str, scheme: str) -> None:
    with Opened(browser, folder / name, scheme=scheme) as opened:
        assert opened.page.evaluate(CONTRAST) == []


def test_light_and_dark_differ(browser: Browser, folder: Path) -> None:
    grounds = []
    for scheme in SCHEMES:
        with Opened(browser, folder / "index.html", scheme=scheme) as opened:
            grounds.append(opened.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(246, 247, 249)", "rgb(16, 18, 21)"]


@pytest.mark.parametrize(("width", "shown"), [(390, "narrow"), (1440, "wide")])
def test_one_chart_is_shown_and_is_large_enough(browser: Browser, folder: Path, width: int, shown: str) -> None:
    with Opened(browser, folder / "index.html", width) as opened:
        # where the script has drawn, what it drew stands instead, but for paper
        assert opened.page.locator(".plot.account canvas").first.is_visible()
        opened.page.emulate_media(media="print")
        (visible,) = [chart for chart in opened.page.query_selector_all("svg.chart") if chart.is_visible()]
        assert shown in (visible.get_attribute("class") or "")
        text = visible.query_selector("text")
        assert text is not None
        box = text.bounding_box()
        assert box is not None
        assert box["height"] >= 11


def test_chinese_names_are_drawn(browser: Browser, folder: Path) -> None:
    with Opened(browser, folder / "index.html") as opened:
        assert opened.page.get_by_role("heading", name="寒武纪").is_visible()
        assert opened.page.get_by_text("科创50 (000688.SH)").locator("visible=true").first.is_visible()


def test_the_policy_holds_against_what_slips_in(browser: Browser, folder: Path) -> None:
    with Opened(browser, folder / "index.html") as opened:
        blocked: list[tuple[str, str | None]] = []
        opened.page.on("requestfailed", lambda request: blocked.append((request.url, request.failure)))
        opened.page.evaluate(
            """() => {
              const image = new Image(); image.src = 'https://example.org/x.png'; document.body.append(image);
              const script = document.createElement('script'); script.textContent = 'window.slipped = 1';
              document.body.append(script);
            }"""
        )
        assert opened.page.evaluate("window.slipped") is None
        assert blocked == [("https://example.org/x.png", "csp")]
        assert any("Content Security Policy" in said for said in opened.noise)


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_file(browser: Browser, folder: Path, name: str) -> None:
    with Opened(browser, folder / name) as opened:
        links = opened.page.eval_on_selector_all("a", "links => links.map(link => link.href)")
        assert links
        for link in set(links) - FOLLOWED:
            address = urlparse(link)
            assert address.scheme == "file"
            assert (folder / unquote(address.path)).is_file(), link


def test_a_reader_goes_from_the_list_to_the_tear_sheet_and_back(browser: Browser, folder: Path) -> None:
    with Opened(browser, folder.parents[1] / "index.html") as opened:
        opened.page.get_by_role("link", name="small_thesis").click()
        assert opened.page.get_by_role("heading", level=1).inner_text() == "Buy what the news touches"
        opened.page.get_by_role("link", name="Tear sheet").first.click()
        assert opened.page.get_by_role("heading", name="Key figures").is_visible()
        opened.page.get_by_role("link", name="All runs").click()
        assert opened.page.get_by_role("heading", level=1).inner_text() == "Reports"
