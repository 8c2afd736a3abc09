"""The page of a run in a browser: definitions, sorting, links inside it, counts, languages and paper."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio import report
from backfolio.report.look import Look
from backfolio.report.run.stocks import MOST_OPEN
from backfolio.result import Null, Nulls
from backfolio.settings import MarketSettings
from backfolio.testing.build import World
from finished import path_of_prices, small_result
from opened import CONTRAST, SCHEMES, WIDER, Opened, launched

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from backfolio.result import Result

browser = launched

PHONE, DESK, A4 = 390, 1440, 718
"""Widths in CSS pixels; A4 less its margins at 96 a inch."""


def busy() -> Result:
    """Return a run of twelve names with a halt, an ex-date, a lock, fills and a refusal, beside null hypotheses."""
    symbols = [f"{at:06}.SZ" for at in range(1, 11)] + ["603019.SH", "688256.SH"]
    steps = ["=" + "+-="[at % 3] * 4 + "+-" * (at + 2) + "=" * (30 - 2 * at) for at in range(len(symbols))]
    lines = {symbol: path_of_prices(20.0 + at, steps[at], 0.01 + at / 1_000) for at, symbol in enumerate(symbols)}
    lines["603019.SH"] = path_of_prices(50.0, "==+(56.10;pre=51.00)(-)(-)(54.00;cash=0.5)" + "+-" * 16)
    held = ["700"] * 11 + ["700"]
    rows = [". " * 12, " ".join(held), *[". " * 12] * 8, " ".join("0" if at % 2 else "." for at in range(12))]
    listed = dict.fromkeys(lines, "2015-01-05")
    weights = "|".join(row.strip() for row in ["0 " * 12, rows[0], rows[1], *rows[2:]])
    world = World("2024-01-02", lines, weights, settings=MarketSettings(cash=5e6), listed=listed)
    result = small_result(world)
    returns, totals = np.zeros(len(result.ledger.sessions)), np.linspace(-0.3, 0.4, 50)
    hold = Null("hold", "Buy and hold", "Held.", returns, 1, 12, 0, 1.0, 0.9, 12, 12)
    draws = Null("random_names", "Random names", "By lot.", returns, 1, 9, 0, 1.0, 0.4, 9, 9, 50, 40, totals)
    return replace(result, nulls=Nulls(hold, draws))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report.write(busy(), tmp_path_factory.mktemp("run"), tearsheet=False).path / "index.html"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_it_opens_quietly_fits_and_reads(browser: Browser, shown: Path, width: int, scheme: str) -> None:
    with Opened(browser, shown, width, scheme) as opened:
        assert opened.noise == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.page.evaluate(WIDER, width) == []
        assert opened.page.evaluate(CONTRAST) == []
        # the four that are compared are all to be seen without scrolling
        box = opened.page.locator("#figures .compared th", has_text="Random names").first.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_definition_shows_on_hover_and_on_focus(browser: Browser, shown: Path, width: int) -> None:
    with Opened(browser, shown, width) as opened:
        term = opened.page.locator("#figures .def", has_text="Sharpe ratio").first
        tip = term.locator(".tip")
        assert not tip.is_visible()
        term.hover()
        inside(opened.page, width)
        opened.page.mouse.move(0, 0)
        assert not tip.is_visible()
        term.focus()
        assert "Mean daily return above the risk-free rate" in tip.inner_text()
        inside(opened.page, width)


def inside(page: Page, width: int) -> None:
    """Check that the one definition that shows lies in the window and is cut by no box."""
    (tip,) = [each for each in page.locator(".tip").all() if each.is_visible()]
    box = tip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    at = [box["x"] + box["width"] / 2, box["y"] + box["height"] - 3]
    assert page.evaluate("([x, y]) => { const tip = [...document.querySelectorAll('.tip')]"
                         ".find(each => each.offsetHeight); tip.style.pointerEvents = 'auto';"
                         "const there = document.elementFromPoint(x, y) === tip;"
                         "tip.style.pointerEvents = ''; return there; }", at)  # fmt: skip


def test_names_sort_by_what_they_brought(browser: Browser, shown: Path) -> None:
    with Opened(browser, shown) as opened:
        cells = "cells => cells.map(cell => Number(cell.textContent.replace(/[,+]/g, '').replace('\u2212', '-')))"
        column = ".stocks tbody td:nth-child(2)"
        before = opened.page.eval_on_selector_all(column, cells)
        button = opened.page.locator(".stocks thead th:nth-child(2) button")
        button.click()
        assert opened.page.eval_on_selector_all(column, cells) == sorted(before, reverse=True)
        button.click()
        assert opened.page.eval_on_selector_all(column, cells) == sorted(before)
        assert len(set(before)) > 5


def test_catalysts_sort_by_the_sum_of_their_trips(browser: Browser, shown: Path) -> None:
    with Opened(browser, shown) as opened:
        values = "cells => cells.map(cell => Number(cell.dataset.value))"
        column = ".events tbody td:nth-child(8)"
        opened.page.locator(".events thead th:nth-child(8) button").first.click()
        found = opened.page.eval_on_selector_all(column, values)
        assert found == sorted(found, reverse=True)


def test_every_fill_is_on_the_price_chart_of_its_name(browser: Browser, shown: Path) -> None:
    fills = Counter(row["symbol"] for row in rows(shown.parent / "fills.csv"))
    assert len(fills) > 5
    with Opened(browser, shown) as opened:
        opened.page.evaluate("document.querySelectorAll('details.stock').forEach(each => each.open = true)")
        for figure in opened.page.locator(".plot.candles").all():
            figure.scroll_into_view_if_needed()
            figure.locator("canvas").first.wait_for()
            symbol = (figure.get_attribute("data-plot") or "").removeprefix("name-")
            assert int(figure.get_attribute("data-fills") or "") == fills[symbol]
        account = opened.page.locator(".plot.account")
        assert account.get_attribute("data-marks") == "2"
        assert opened.page.locator("#fills tbody tr").count() == sum(fills.values())
        assert opened.page.locator("#refusals .log tbody tr").count() == len(rows(shown.parent / "refusals.csv"))
        assert opened.noise == []


def test_a_link_to_a_name_opens_its_section(browser: Browser, shown: Path) -> None:
    with Opened(browser, shown) as opened:
        link = opened.page.locator(".stocks tbody a").nth(MOST_OPEN)
        target = opened.page.locator(f"[id='{(link.get_attribute('href') or '')[1:]}']")
        assert not target.is_visible()
        link.click()
        target.locator("canvas").first.wait_for()
        assert target.is_visible()


def test_it_speaks_chinese_where_words_are_there(browser: Browser, tmp_path: Path) -> None:
    written = report.write(busy(), tmp_path, tearsheet=False, look=Look("zh")).path / "index.html"
    with Opened(browser, written) as opened:
        assert opened.page.evaluate("document.documentElement.lang") == "zh-CN"
        assert opened.noise == []


def test_on_paper_it_is_whole_and_fits(browser: Browser, shown: Path) -> None:
    with Opened(browser, shown, A4) as opened:
        opened.page.emulate_media(media="print")
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= A4
        assert [box for box in opened.page.locator(".long").all() if box.is_visible()
                and box.evaluate("box => box.scrollHeight > box.clientHeight + 1")] == []  # fmt: skip
        assert (
            opened.page.locator("svg.chart.wide").first.is_visible()
            or opened.page.locator("svg.chart.narrow").first.is_visible()
        )
        assert not opened.page.locator(".log").first.is_visible()
        assert opened.page.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF")
