"""What a browser makes of the page of a tune: it opens quietly, fits, and its table sorts by mouse and keyboard."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

import pytest

from backfolio import report
from backfolio.report import words
from backfolio.report.tune import write_tune
from backfolio.tune.space import Axis
from finished import small_result
from opened import CONTRAST, SCHEMES, WIDER, Opened, launched
from tuned import made_equity, small_study, small_trials

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

browser = launched

NAMES = ("index.html", "../../index.html")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reports = tmp_path_factory.mktemp("pages") / "reports 报告"
    winner = report.write(small_result(simulated=True), reports, tearsheet=False).path
    made = reports / "small_thesis" / "tune-0123456789ab"
    made.mkdir()
    axes = [
        Axis("hold", tuple(range(5, 125, 5))),
        Axis("kind", ("国产算力", "a <long> name of a choice")),
        Axis("exits.stop_loss", (None, 0.05, 0.1, 0.2)),
    ]
    trials = small_trials(
        axes,
        equity=made_equity(192, 200),
        failed={3: "it <b>broke</b>", 9: "again"},
        constraints=["max_drawdown<0.2"],
        unscored=[20],
    )
    study = small_study(
        trials, constraints=("max_drawdown<0.2",), simulated=True, winner_report=f"../{winner.name}/index.html"
    )
    write_tune(study, made)
    return made


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_page_opens_quietly_fits_and_can_be_read(
    browser: Browser, folder: Path, name: str, width: int, scheme: str
) -> None:
    with Opened(browser, folder / name, width, scheme) as opened:
        assert opened.noise == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.page.evaluate(WIDER, width) == []
        assert opened.page.evaluate(CONTRAST) == []
        assert words.FILL_CLOCK in opened.page.inner_text("body")
        assert "SIMULATED" in opened.page.inner_text("body")


def column(page: Page, at: int) -> list[str]:
    texts: list[str] = page.eval_on_selector_all(
        f"table.sortable tbody tr td:nth-child({at})", "cells => cells.map(cell => cell.textContent)"
    )
    return texts


def numbers(texts: list[str]) -> list[float]:
    """Return the numbers among texts, which must stand before all others."""
    read = [text.replace("\N{MINUS SIGN}", "-").strip("+%").replace(",", "") for text in texts]
    found = [float(text) for text in read if text not in {"off", "n/a"}]
    assert {"off", "n/a"} >= set(read[len(found) :])
    return found


def sorts(page: Page) -> dict[str, str]:
    heads = page.eval_on_selector_all(
        "table.sortable th", "heads => heads.map(head => [head.textContent, head.getAttribute('aria-sort')])"
    )
    return {label: sort for label, sort in heads if sort != "none"}


def test_the_table_sorts_by_click(browser: Browser, folder: Path) -> None:
    with Opened(browser, folder / "index.html") as opened:
        page = opened.page
        before = column(page, 1)
        assert sorts(page) == {}
        page.get_by_role("button", name="Return", exact=True).click()
        found = numbers(column(page, 6))
        assert len(found) == 190
        assert found == sorted(found, reverse=True)
        assert min(found) < 0 < max(found)
        assert sorts(page) == {"Return": "descending"}
        page.get_by_role("button", name="Return", exact=True).click()
        assert numbers(column(page, 6)) == sorted(found)
        assert sorts(page) == {"Return": "ascending"}
        assert sorted(column(page, 1)) == sorted(before)
        assert opened.noise == []


def test_the_table_sorts_by_keyboard(browser: Browser, folder: Path) -> None:
    with Opened(browser, folder / "index.html") as opened:
        page = opened.page
        button = page.get_by_role("button", name="exits.stop_loss")
        button.focus()
        page.keyboard.press("Enter")
        found = column(page, 4)
        assert numbers(found) == sorted(numbers(found), reverse=True)
        assert found.count("off") > 0
        page.keyboard.press("Space")
        assert numbers(column(page, 4)) == sorted(numbers(found))
        # what is no number stays last, whichever way
        assert column(page, 4)[-1] == "off"
        assert sorts(page) == {"exits.stop_loss": "ascending"}
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert sorts(page) == {"Sharpe": "descending"}
        assert column(page, 5)[-1] == "n/a"


def test_words_sort_as_words_and_ties_keep_their_order(browser: Browser, folder: Path) -> None:
    with Opened(browser, folder / "index.html") as opened:
        page = opened.page
        page.get_by_role("button", name="Sharpe", exact=True).click()
        page.get_by_role("button", name="kind").click()
        kinds = column(page, 3)
        assert kinds.index("国产算力") in {0, kinds.count("a <long> name of a choice")}
        assert len([one for one, other in pairwise(kinds) if one != other]) == 1
        first = numbers(column(page, 5)[: kinds.count(kinds[0])])
        assert first == sorted(first, reverse=True)


def test_the_maps_switch_without_a_script(browser: Browser, folder: Path) -> None:
    with Opened(browser, folder / "index.html") as opened:
        page = opened.page
        shown = ".way:visible"
        assert page.locator(shown).count() == 1
        assert "mean of all trials" in page.inner_text(shown)
        page.get_by_label("Slice through the winner").check()
        assert page.locator(shown).count() == 1
        assert "as the winner has them" in page.inner_text(shown)
        assert page.locator(f"{shown} td.best").count() == 3
        page.keyboard.press("ArrowLeft")
        assert "mean of all trials" in page.inner_text(shown)


@pytest.mark.parametrize(("width", "drawn"), [(390, "narrow"), (1440, "wide")])
def test_drawings_are_shown_once_and_can_be_read(browser: Browser, folder: Path, width: int, drawn: str) -> None:
    with Opened(browser, folder / "index.html", width) as opened:
        charts = [chart for chart in opened.page.query_selector_all("svg.chart") if chart.is_visible()]
        kinds = [(chart.get_attribute("class") or "").split()[1] for chart in charts]
        assert kinds.count(drawn) == 1
        assert kinds.count("small") == 5
        for chart in charts:
            text = chart.query_selector("text")
            assert text is not None
            box = text.bounding_box()
            assert box is not None
            assert box["height"] >= 11


def test_the_policy_holds_against_what_slips_in(browser: Browser, folder: Path) -> None:
    with Opened(browser, folder / "index.html") as opened:
        opened.page.evaluate(
            """() => {
              const script = document.createElement('script'); script.textContent = 'window.slipped = 1';
              document.body.append(script);
              document.body.setAttribute('onclick', 'window.slipped = 1'); document.body.click();
            }"""
        )
        assert opened.page.evaluate("window.slipped") is None
        assert any("Content Security Policy" in said for said in opened.noise)


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_file(browser: Browser, folder: Path, name: str) -> None:
    with Opened(browser, folder / name) as opened:
        links = opened.page.eval_on_selector_all("a", "links => links.map(link => link.href)")
        assert links
        for link in links:
            address = urlparse(link)
            assert address.scheme == "file"
            assert (folder / unquote(address.path)).is_file(), link


def test_a_reader_goes_from_the_list_to_the_tune_and_its_winner(browser: Browser, folder: Path) -> None:
    with Opened(browser, folder.parents[1] / "index.html") as opened:
        tunes = opened.page.locator("tbody tr", has_text="tune")
        tunes.get_by_role("link", name="small_thesis").first.click()
        assert opened.page.get_by_role("heading", name="How likely it is luck").is_visible()
        opened.page.get_by_role("link", name="The winner's report").first.click()
        assert opened.page.get_by_role("heading", name="Catalysts").first.is_visible()
