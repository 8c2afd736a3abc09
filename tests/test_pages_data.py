"""What a browser makes of the page of the store: it opens quietly, fits, and its picture shows what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

import numpy as np
import pytest

from backfolio import calendar
from backfolio.quality import Coverage
from backfolio.quality.model import BAR, GAP
from backfolio.report.data import write_data
from opened import CONTRAST, SCHEMES, WIDER, Opened, launched
from shelved import SESSIONS, finding, small_shelf

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

browser = launched

NAMES = ("data/index.html", "many/data/index.html", "index.html")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages") / "reports 报告"
    write_data(small_shelf(), folder)
    symbols = tuple(f"{code}.SH" for code in range(600000, 601433))
    sessions = calendar.sessions("2023-04-03", "2025-12-31")
    states = np.full((len(sessions), len(symbols)), BAR, dtype=np.int8)
    states[300, 702] = GAP
    told = [finding(symbol=symbol, value="a word_that_is_far_too_long_for_a_telephone " * 3) for symbol in symbols[:40]]
    write_data(small_shelf(told, coverage=Coverage(sessions, symbols, states)), folder / "many")
    return folder


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_page_opens_quietly_fits_and_can_be_read(
    browser: Browser, reports: Path, name: str, width: int, scheme: str
) -> None:
    with Opened(browser, reports / name, width, scheme) as opened:
        for details in opened.page.query_selector_all("details:not([open]) > summary"):
            details.click()
        assert opened.noise == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.page.evaluate(WIDER, width) == []
        assert opened.page.evaluate(CONTRAST) == []


@pytest.mark.parametrize(("width", "drawn"), [(390, "narrow"), (1440, "wide")])
@pytest.mark.parametrize("name", NAMES[:2])
def test_the_picture_is_shown_once_and_can_be_read(
    browser: Browser, reports: Path, name: str, width: int, drawn: str
) -> None:
    with Opened(browser, reports / name, width) as opened:
        charts = [chart for chart in opened.page.query_selector_all("svg.coverage") if chart.is_visible()]
        assert [(chart.get_attribute("class") or "").split()[-1] for chart in charts] == [drawn]
        (chart,) = charts
        box, runs = chart.bounding_box(), chart.query_selector("use")
        assert box is not None
        assert runs is not None
        assert 60 <= box["height"] <= 560
        for text in chart.query_selector_all("text"):
            place = text.bounding_box()
            assert place is not None
            assert place["height"] >= 11
            assert place["x"] + place["width"] <= box["x"] + box["width"] + 1


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_gap_among_many_symbols_is_seen(browser: Browser, reports: Path, width: int, scheme: str) -> None:
    with Opened(browser, reports / "many" / "data" / "index.html", width, scheme) as opened:
        page = opened.page
        colour = page.evaluate("getComputedStyle(document.querySelector('.legend .gap')).stroke")
        (chart,) = [chart for chart in page.query_selector_all("svg.coverage") if chart.is_visible()]
        shot = chart.screenshot()
        found = page.evaluate(
            """async ([bytes, colour]) => {
              const image = await createImageBitmap(new Blob([new Uint8Array(bytes)], {type: 'image/png'}));
              const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
              canvas.drawImage(image, 0, 0);
              const [r, g, b] = colour.match(/\\d+/g).map(Number);
              const data = canvas.getImageData(0, 0, image.width, image.height).data;
              let near = 0;
              for (let at = 0; at < data.length; at += 4)
                if (Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 60) near += 1;
              return near;
            }""",
            [list(shot), colour],
        )
        assert 1 <= found <= 60


def test_a_pointer_over_a_line_names_its_symbols(browser: Browser, reports: Path) -> None:
    with Opened(browser, reports / "data" / "index.html") as opened:
        titles = opened.page.eval_on_selector_all(
            "svg.coverage.wide rect.over title", "titles => titles.map(title => title.textContent)"
        )
        assert titles[1] == f"688256.SH 寒武纪: {len(SESSIONS) - 13} bars, 10 halts, 3 gaps"
        assert len(titles) == 4
    with Opened(browser, reports / "many" / "data" / "index.html") as opened:
        title = opened.page.text_content("svg.coverage.wide rect.over:nth-of-type(1) title")
        assert title == "600000.SH, 600001.SH, 600002.SH, 600003.SH"


@pytest.mark.parametrize("name", NAMES[::2])
def test_every_link_leads_to_a_file(browser: Browser, reports: Path, name: str) -> None:
    with Opened(browser, reports / name) as opened:
        links = opened.page.eval_on_selector_all("a", "links => links.map(link => link.href)")
        assert links
        for link in links:
            address = urlparse(link)
            assert address.scheme == "file"
            assert (reports / unquote(address.path)).is_file(), link


def test_findings_open_by_keyboard(browser: Browser, reports: Path) -> None:
    with Opened(browser, reports / "many" / "data" / "index.html") as opened:
        page = opened.page
        row = page.locator("table.found td", has_text="600000.SH")
        assert not row.is_visible()
        page.locator("summary").focus()
        page.keyboard.press("Enter")
        assert row.is_visible()
