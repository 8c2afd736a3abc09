"""The page of a run with its charts: how long it takes to make, what it weighs, how soon a browser shows it."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio import report
from backfolio.backtest import Request, backtest
from backfolio.discover import discover
from backfolio.report.assets import LIBRARY
from backfolio.settings import MarketSettings
from backfolio.source import load
from bench import world
from bench.timing import Row, measure, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.result import Result

ROOT: Final = Path(__file__).resolve().parents[1]
THESIS: Final = "domestic_compute"
NAMES: Final = 16
SESSIONS: Final = 972
"""Four years."""
OPENINGS: Final = 7
MOST_BUILD_SECONDS: Final = 0.4
MOST_MEGABYTES: Final = 1.5
MOST_PAINT_SECONDS: Final = 1.0

PAINTED: Final = """
() => new Promise(done => new PerformanceObserver((list, self) => {
  const first = list.getEntriesByName('first-contentful-paint')[0];
  if (first) { self.disconnect(); done(first.startTime); }
}).observe({type: 'paint', buffered: true}))
"""
DRAWN: Final = "document.querySelector('figure[data-kind=account]').dataset.drawn === 'yes'"
LOADED: Final = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def rows() -> Iterator[Row]:
    """Make the page, write it, and open it in a browser of its own."""
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        world.write(data, NAMES, SESSIONS)
        result = _result(data)
        shape = f"{NAMES} names x {SESSIONS} sessions, {len(result.ledger.fills)} fills"
        took, files = measure(lambda: report.render(result, tearsheet=False), 5)
        yield Row(
            f"make the page and tables of a run, {shape}",
            str(took),
            f"< {MOST_BUILD_SECONDS} s",
            took.cpu < MOST_BUILD_SECONDS,
        )
        folder = report.write(result, Path(place) / "reports", tearsheet=False).path
        megabytes = len(files["index.html"]) / 1e6
        shared = (folder.parents[1] / "assets" / LIBRARY).stat().st_size / 1e6
        yield Row(
            "    what it weighs, beside the shared script",
            f"{megabytes:.2f} MB, beside {shared:.2f} MB",
            f"< {MOST_MEGABYTES} MB",
            megabytes < MOST_MEGABYTES,
        )
        yield from _painted(folder / "index.html")


def _painted(page: Path) -> Iterator[Row]:
    browser = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if browser is None:
        yield Row("    first paint", "left out: no Chromium here")
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    paints, drawn = [], []
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(OPENINGS):
            context = opened.new_context(viewport={"width": 1440, "height": 900})
            tab = context.new_page()
            tab.goto(page.as_uri())
            paints.append(float(tab.evaluate(PAINTED)) / 1000)
            assert tab.evaluate(DRAWN)
            drawn.append(float(tab.evaluate(LOADED)) / 1000)
            context.close()
        opened.close()
    median = statistics.median(paints)
    yield Row(
        "    first paint in headless Chromium",
        f"{seconds(median)}, account drawn after {seconds(statistics.median(drawn))}",
        f"< {MOST_PAINT_SECONDS:.0f} s",
        median < MOST_PAINT_SECONDS,
    )


def _result(data: Path) -> Result:
    thesis = discover([ROOT / "strategies"], ROOT).find(THESIS)
    source = load(str(data), ROOT)
    benchmark = min(source.bars.index_close)
    return backtest(thesis, source, Request(settings=MarketSettings(), params={}, benchmark=benchmark))
