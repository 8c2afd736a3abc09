"""The list of reports and a comparison: how long they take to make, how soon a browser shows the list."""

from __future__ import annotations

import json
import random
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio import report
from backfolio.backtest import Request, backtest
from backfolio.discover import discover
from backfolio.report.compare import compare, read_side, render_comparison
from backfolio.report.gallery import write_gallery
from backfolio.settings import MarketSettings
from backfolio.source import load
from bench.paint import OPENINGS, PAINTED
from bench.timing import Row, measure, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
COUNT: Final = 500
MOST_SECONDS: Final = 1.0
THESES: Final = ("domestic_compute", "model_release", "analyst_upgrade", "chip_cycle", "capex")


def rows() -> Iterator[Row]:
    """Make a folder of many reports, list them, and open the list in a browser of its own."""
    with tempfile.TemporaryDirectory() as place:
        one, two = (_report(Path(place) / "real", hold) for hold in (20, 40))
        took, _ = measure(
            lambda: render_comparison(compare([read_side(one), read_side(two)]), one.parents[1] / "c" / "x"), 3
        )
        yield Row("read, compare and draw two runs of the sample", str(took))
        reports = Path(place) / "many"
        fill(one, reports, COUNT)
        took, page = measure(lambda: write_gallery(reports), 3)
        yield Row(
            f"read {COUNT} reports and write their list",
            f"{took}; {page.stat().st_size / 1e6:.2f} MB",
            f"< {MOST_SECONDS:.0f} s",
            took.cpu < MOST_SECONDS,
        )
        yield from _painted(page)


def fill(real: Path, reports: Path, count: int) -> None:
    """Write `count` folders, each with the ``run.json`` of a real report under other parameters and another curve."""
    record = json.loads((real / "run.json").read_text(encoding="utf-8"))
    headline = record["headline"]
    draw = random.Random(0)  # noqa: S311  made figures, no secret
    for number in range(count):
        thesis = THESES[number % len(THESES)]
        run_id = f"{record['start']}_{record['end']}_{draw.getrandbits(48):012x}"
        line = [0]
        while len(line) < len(headline["line"]):
            line.append(line[-1] + draw.randint(-700, 900))
        made = {
            **record,
            "strategy": thesis,
            "run_id": run_id,
            "params": {"hold": draw.randint(5, 60), "names": draw.randint(1, 10)},
            "data": {**record["data"], "fingerprint": draw.choice(("8ca00120a745ef91", "5f09bf1a12c4d0e7"))},
            "headline": {
                **headline,
                "strategy": thesis,
                "run_id": run_id,
                "line": line,
                "metrics": {**headline["metrics"], "total_return": line[-1] / 10_000},
            },
        }
        folder = reports / thesis / run_id
        folder.mkdir(parents=True)
        text = json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False)
        (folder / "run.json").write_text(text, encoding="utf-8")
        (folder / "index.html").write_text("<!doctype html><title>run</title>", encoding="utf-8")


def _painted(page: Path) -> Iterator[Row]:
    browser = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if browser is None:
        yield Row("    first paint", "left out: no Chromium here")
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    paints = []
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(OPENINGS):
            context = opened.new_context(viewport={"width": 1440, "height": 900})
            tab = context.new_page()
            tab.goto(page.as_uri())
            paints.append(float(tab.evaluate(PAINTED)) / 1000)
            assert tab.locator("output").inner_text() == f"{COUNT} shown"
            context.close()
        opened.close()
    median = statistics.median(paints)
    yield Row("    first paint in headless Chromium", seconds(median), f"< {MOST_SECONDS:.0f} s", median < MOST_SECONDS)


def _report(reports: Path, hold: int) -> Path:
    thesis = discover([ROOT / "strategies"], ROOT).find("domestic_compute")
    source = load("sample", ROOT)
    benchmark = min(source.bars.index_close)
    asked = Request(settings=MarketSettings(), params={"hold": hold}, benchmark=benchmark)
    return report.write(backtest(thesis, source, asked), reports, tearsheet=False).path
