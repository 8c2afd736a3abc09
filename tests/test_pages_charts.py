"""What a browser makes of charts: they draw what the data says, stay inside their folder, and can be read."""

from __future__ import annotations

import functools
import http.server
import json
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import ChoiceLoader, DictLoader, Environment

from backfolio.report import assets, plots
from backfolio.report import page as pages
from backfolio.report.look import USUAL, Look
from finished import alone, small_result
from opened import CONTRAST, SCHEMES, WIDER, Opened, launched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

    from backfolio.result import Result

browser = launched

TEMPLATE = """{% extends "base.html" %}{% from "plot.html" import plot, candle_signs with context %}
{% block head %}<h1>Charts</h1>{% endblock %}
{% block body %}
<section class="card">{% call plot("account", "account", "The account") %}
<svg class="chart" viewBox="0 0 100 30"><path d="M0 0H100"/></svg>{% endcall %}</section>
<section class="card">{% call plot("two", "lines", "Two curves") %}<p>drawn by the script</p>{% endcall %}</section>
<section class="card">{{ candle_signs() }}</section>
{% for symbol in symbols %}<section class="card"><h2>{{ symbol }}</h2>{{ plot(symbol, "candles", symbol) }}</section>
{% endfor %}
{{ plot("nowhere", "candles", "no data") }}
{% endblock %}"""


def write(folder: Path, result: Result | None = None, look: Look = USUAL) -> Path:
    """Write a page with charts as deep in a folder of reports as a run's; return its path."""
    result = result or small_result()
    marks = plots.marks_of(result.history)
    own, other = result.ledger.returns(), result.benchmark_returns()
    assert other is not None
    drawn = [plots.Line("thesis <b>", "strategy", own), plots.Line("科创50", "benchmark", other)]
    drawn += [plots.Line("Buy and hold", "null", other / 2), plots.Line("Random names", "null", -other)]
    charts: dict[str, object] = {
        "account": plots.account(result.ledger, drawn, marks),
        "two": plots.lines([plots.Line("A", "other", own), plots.Line("B", "other", other[-1:], first=len(other) - 1)]),
    }
    for column, symbol in enumerate(result.ledger.symbols):
        charts[symbol] = plots.candles(result.history, result.ledger, column, marks, look)
    environment: Environment = pages._environment(look.lang).overlay(
        loader=ChoiceLoader([DictLoader({"charts.html": TEMPLATE}), pages._environment(look.lang).loader])  # type: ignore[list-item]
    )
    block = plots.block(result.ledger.sessions, charts, marks, look)
    # The page as `page` makes it, but from this file's template.
    base = pages.page("base.html", {"title": "t", "fill_clock": "x", "simulated": ""}, look=look, plots=block).decode()
    (policy,) = re.findall(r'Security-Policy" content="([^"]+)"', base)
    text = environment.get_template("charts.html").render(
        look=look, policy=policy.replace("&#39;", "'"), style=pages.Markup(pages.style_sheet()), script="",
        linked=[f"../../assets/{asset.name}" for asset in assets.scripts()], plots=pages.as_block(block),
        title="t", fill_clock="x", simulated="", symbols=result.ledger.symbols,
    )  # fmt: skip
    assets.write_assets(folder)
    path = folder / "thesis" / "run" / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("charts") / "reports 报告")


@pytest.fixture(scope="module")
def told(written: Path) -> dict[str, Any]:
    (text,) = re.findall(r'id="plots">(.*?)</script>', written.read_text(encoding="utf-8"))
    return dict(json.loads(text))


def figure(page: Page, key: str) -> Locator:
    """Return a figure once it is drawn."""
    found = page.locator(f"figure[data-plot='{key}']")
    found.scroll_into_view_if_needed()
    page.wait_for_selector(f"figure[data-plot='{key}'][data-drawn=yes]")
    return found


def hover(page: Page, found: Locator, share: float, height: float = 0.3) -> None:
    box = found.locator(".stage").bounding_box()
    assert box is not None
    page.wait_for_timeout(300)  # what scrolled into view a moment ago does not zoom yet
    for step in (-3, 0):
        page.mouse.move(box["x"] + box["width"] * share + step, box["y"] + box["height"] * height)


def shown(page: Page, found: Locator) -> int:
    """Return how many days a chart shows."""
    page.wait_for_timeout(120)  # it says so with its next frame
    ends = [found.get_attribute("data-from"), found.get_attribute("data-to")]
    days: int = page.evaluate("([from, to]) => (Date.parse(to) - Date.parse(from)) / 864e5", ends)
    return days


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_charts_open_quietly_fit_and_can_be_read(browser: Browser, written: Path, width: int, scheme: str) -> None:
    with Opened(browser, written, width, scheme) as opened:
        for key in ("account", "two", "603019.SH"):
            figure(opened.page, key)
        assert opened.noise == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.page.evaluate(WIDER, width) == []
        assert opened.page.evaluate(CONTRAST) == []


def test_what_is_drawn_is_what_the_data_holds(browser: Browser, written: Path, told: dict[str, Any]) -> None:
    with Opened(browser, written) as opened:
        account = figure(opened.page, "account")
        assert account.get_attribute("data-marks") == str(len(told["charts"]["account"]["marks"])) == "2"
        assert account.get_attribute("data-lines") == "4"
        fills = 0
        for symbol in ("000977.SZ", "603019.SH", "688256.SH"):
            chart, found = told["charts"][symbol], figure(opened.page, symbol)
            counted = {name: int(found.get_attribute(f"data-{name}") or -1) for name in ("fills", "marks", "locked")}
            assert counted == {
                "fills": len(chart["fills"]), "marks": len(chart["marks"]), "locked": len(chart["up"] + chart["down"]),
            }  # fmt: skip
            halted = sum(count for _, count, kind in chart["gaps"] if kind)
            assert found.get_attribute("data-halts") == str(halted)
            assert found.get_attribute("data-ex") == str(len(chart["ex"]))
            assert found.get_attribute("data-refused") == str(len(chart["refused"]))
            fills += counted["fills"]
        assert fills == len(small_result().ledger.fills) > 0


def test_charts_below_are_drawn_when_they_come_near(browser: Browser, written: Path) -> None:
    with Opened(browser, written) as opened:
        last = opened.page.locator("figure[data-plot='688256.SH']")
        assert figure(opened.page, "account").locator("canvas").count() > 0
        opened.page.wait_for_timeout(200)
        assert last.get_attribute("data-drawn") is None
        assert figure(opened.page, "688256.SH").locator("canvas").count() > 0


def test_a_wheel_over_a_chart_zooms_and_a_button_shows_all(browser: Browser, written: Path) -> None:
    with Opened(browser, written) as opened:
        page = opened.page
        found = figure(page, "000977.SZ")
        whole = shown(page, found)
        assert whole == 63
        hover(page, found, 0.5)
        place = page.evaluate("scrollY")
        for _ in range(4):
            page.mouse.wheel(0, -200)
            page.wait_for_timeout(40)
        zoomed = shown(page, found)
        assert zoomed < whole * 0.8
        assert page.evaluate("scrollY") == place
        assert found.locator(".range").inner_text() == (
            f"{found.get_attribute('data-from')} \N{EN DASH} {found.get_attribute('data-to')}"
        )
        found.get_by_role("button", name="Zoom in").click()
        assert shown(page, found) < zoomed
        found.get_by_role("button", name="Whole window").click()
        assert shown(page, found) == whole


def test_dragging_moves_what_is_shown(browser: Browser, written: Path) -> None:
    with Opened(browser, written) as opened:
        page = opened.page
        found = figure(page, "account")
        for _ in range(2):
            found.get_by_role("button", name="Zoom in").click()
        before = found.get_attribute("data-from")
        hover(page, found, 0.3)
        page.mouse.down()
        box = found.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 200, steps=5)
        page.mouse.up()
        page.wait_for_timeout(100)
        assert str(found.get_attribute("data-from")) < str(before)


def test_a_page_that_scrolls_goes_on_past_a_chart(browser: Browser, written: Path) -> None:
    with Opened(browser, written) as opened:
        page = opened.page
        account = figure(page, "account")
        whole = shown(page, account)
        page.mouse.move(700, 10)
        page.evaluate("scrollTo(0, 0)")
        for _ in range(8):
            page.mouse.wheel(0, 100)
            page.wait_for_timeout(30)
        page.mouse.wheel(0, -100)
        page.wait_for_timeout(100)
        assert page.evaluate("scrollY") > 300
        assert shown(page, account) == whole


def test_the_legend_reads_the_values_under_the_pointer(browser: Browser, written: Path, told: dict[str, Any]) -> None:
    with Opened(browser, written) as opened:
        page = opened.page
        account = figure(page, "account")
        legend = account.locator(".read")
        last = sum(told["charts"]["account"]["lines"][0]["gain"]) / 100
        said = f"{last:+.2f}%".replace("-", "\N{MINUS SIGN}")
        assert re.search(rf"2024-03-05\s+thesis <b>\s*{re.escape(said)}", legend.inner_text())
        hover(page, account, 0.5)
        middle = legend.inner_text()
        day = re.findall(r"2024-\d\d-\d\d", middle)[0]
        assert "2024-01-20" < day < "2024-02-10"
        row = [str(each) for each in small_result().ledger.sessions.astype("datetime64[D]")].index(day)
        for line in told["charts"]["account"]["lines"]:
            gain = sum(line["gain"][: row + 1]) / 100
            text = f"{gain:+.2f}%" if gain else "0.00%"
            assert text.replace("-", "\N{MINUS SIGN}") in middle
        assert re.search(r"Exposure\s*\d+%", middle)
        candle = figure(page, "688256.SH")
        assert re.search(r"open\s*[\d.]+\s+high\s*[\d.]+\s+low\s*[\d.]+\s+close\s*[\d.]+", candle.inner_text())


def test_what_happened_stands_beside_the_pointer_as_text(browser: Browser, written: Path) -> None:
    with Opened(browser, written) as opened:
        page = opened.page
        account = figure(page, "account")
        account.locator(".stage").focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        tip = account.locator(".plot-tip")
        assert tip.is_visible()
        assert "2024-01-04" in tip.inner_text()
        assert "model release: <script>alert('x')</script> & more" in tip.inner_text()
        assert "a whole theme" in tip.inner_text()
        assert tip.locator("script").count() == 0
        assert account.locator(".name").first.inner_text() == "thesis <b>"
        page.keyboard.press("ArrowRight")
        candle = figure(page, "603019.SH")
        candle.locator(".stage").focus()
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        text = candle.locator(".plot-tip").inner_text()
        assert "opened at its upper limit: no buy" in text
        assert "refused: buy" in text
        assert "limit-up" in text
        page.keyboard.press("ArrowRight")
        assert "halted" in candle.locator(".plot-tip").inner_text()
        assert opened.noise == []


def test_colours_follow_the_system_at_once(browser: Browser, written: Path) -> None:
    with Opened(browser, written) as opened:
        page = opened.page
        account = figure(page, "account")
        page.mouse.move(5, 5)

        def pixels() -> bytes:
            page.wait_for_timeout(250)
            return account.locator(".stage").screenshot()

        light = pixels()
        page.emulate_media(color_scheme="dark")
        dark = pixels()
        assert dark != light
        page.emulate_media(color_scheme="light")
        assert pixels() == light
        assert opened.noise == []


def test_a_gain_has_the_colour_that_was_chosen(browser: Browser, tmp_path: Path) -> None:
    colours = []
    for look in (Look(up_colour="red"), Look(up_colour="green")):
        with Opened(browser, write(tmp_path / look.up_colour, look=look)) as opened:
            find = "name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()"
            root = "getComputedStyle(document.querySelector('.signs .rise')).stroke"
            assert opened.page.evaluate(find, "--gain") != opened.page.evaluate(find, "--loss")
            colours.append(opened.page.evaluate(root))
    assert colours == ["rgb(200, 50, 43)", "rgb(10, 85, 96)"]


def test_a_chart_speaks_chinese(browser: Browser, tmp_path: Path) -> None:
    with Opened(browser, write(tmp_path / "reports", look=Look("zh"))) as opened:
        account = figure(opened.page, "account")
        assert account.get_by_role("button", name="全部区间").is_visible()
        assert "仓位" in account.locator(".read").inner_text()
        assert re.search(r"开\s*[\d.]+", figure(opened.page, "688256.SH").inner_text())


def test_a_foreign_script_does_not_run_beside_ours(browser: Browser, written: Path) -> None:
    with Opened(browser, written) as opened:
        opened.page.evaluate(
            """() => {
              const script = document.createElement('script'); script.textContent = 'window.slipped = 1';
              document.body.append(script);
              const far = document.createElement('script'); far.src = 'https://example.org/x.js';
              document.body.append(far);
            }"""
        )
        opened.page.wait_for_timeout(100)
        assert opened.page.evaluate("window.slipped") is None
        assert len([said for said in opened.noise if "Content Security Policy" in said]) == 2


def test_without_a_script_the_drawing_stands(browser: Browser, written: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written.resolve().as_uri())
    assert page.locator("figure[data-plot=account] svg").is_visible()
    assert page.locator("canvas").count() == 0
    context.close()
    with Opened(browser, written) as opened:
        figure(opened.page, "account")
        assert not opened.page.locator("figure[data-plot=account] .static").is_visible()
        opened.page.emulate_media(media="print")
        assert opened.page.locator("figure[data-plot=account] .static").is_visible()


def test_every_chart_is_on_paper_in_the_colours_of_paper(browser: Browser, written: Path) -> None:
    pictures = []
    for scheme in SCHEMES:
        with Opened(browser, written, scheme=scheme) as opened:
            page = opened.page
            figure(page, "account")
            page.emulate_media(media="print", color_scheme=scheme)  # type: ignore[arg-type]
            papers = page.locator("figure.candles canvas.paper:visible")
            papers.last.wait_for()
            assert papers.count() == 3
            assert page.locator("figure.plot .stage:visible").count() == 0
            drawn = [papers.nth(at).evaluate("canvas => canvas.toDataURL()") for at in range(3)]
            assert len(set(drawn)) == 3
            assert min(map(len, drawn)) > 5_000
            pictures.append(drawn)
            page.emulate_media(media="screen", color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_selector("figure[data-plot=account] .stage")
            assert page.locator("canvas.paper").count() == 0
            assert opened.noise == []
    assert pictures[0] == pictures[1]


def test_a_page_whose_scripts_are_gone_shows_its_drawing(browser: Browser, tmp_path: Path) -> None:
    path = write(tmp_path / "reports")
    for asset in assets.scripts():
        (tmp_path / "reports" / "assets" / asset.name).unlink()
    with Opened(browser, path) as opened:
        assert opened.page.locator("figure[data-plot=account] svg").is_visible()


@pytest.mark.parametrize("line", ["10.00", "10.00 -", "10.00 10.10 - - -"])
def test_windows_with_next_to_nothing_in_them_are_drawn(browser: Browser, tmp_path: Path, line: str) -> None:
    with Opened(browser, write(tmp_path / "reports", alone(line, ""))) as opened:
        for key in ("account", "two", "600519.SH"):
            found = figure(opened.page, key)
            found.get_by_role("button", name="Zoom in").click()
            hover(opened.page, found, 0.5)
        assert opened.noise == []


def test_a_figure_without_data_stays_empty(browser: Browser, written: Path) -> None:
    with Opened(browser, written) as opened:
        opened.page.locator("figure[data-plot=nowhere]").scroll_into_view_if_needed()
        opened.page.wait_for_timeout(200)
        assert opened.page.locator("figure[data-plot=nowhere] canvas").count() == 0
        assert opened.noise == []


@pytest.fixture
def served(written: Path) -> Iterator[str]:
    """Yield the address of the reports on this machine, served as files."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(written.parents[2]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.enable_socket
def test_charts_are_drawn_over_http_too(browser: Browser, served: str) -> None:
    context = browser.new_context()
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{served}thesis/run/index.html")
    page.wait_for_selector("figure[data-plot=account][data-drawn=yes]")
    assert {url for url in asked if not url.startswith(served)} == set()
    assert len(asked) >= 3
    assert [text for text in said if "favicon" not in text and "404" not in text] == []
    context.close()
