"""What a report costs: its own page and tables, and the quantstats tear sheet."""

from __future__ import annotations

import logging
import statistics
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from backfolio import report
from backfolio.backtest import Request, backtest
from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.discover import discover
from backfolio.report.tearsheet import tear_sheet
from backfolio.settings import MarketSettings
from backfolio.source import load
from bench.timing import Row, measure, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.result import Result

ROOT: Final = Path(__file__).resolve().parents[1]
MOST_SHEET_SECONDS: Final = 1.2
MOST_SHARE: Final = 0.6
"""Of what quantstats' own page takes: it took 2 s where 1.2 s were asked for."""

IMPORTS: Final = """
import time, pandas, backfolio.report
begun = time.process_time()
import quantstats
print(time.process_time() - begun)
"""


def rows() -> Iterator[Row]:
    """Make the files of the sample run's report, without writing them."""
    result = _result()
    took, files = measure(lambda: report.render(result, tearsheet=False), 3)
    kilobytes = sum(map(len, files.values())) / 1024
    yield Row("index.html and tables of the sample run", f"{took}; {kilobytes:.0f} KB")
    yield from _sheet(result)


def _sheet(result: Result) -> Iterator[Row]:
    """Make the tear sheet, and have quantstats make its own page of the same returns."""
    took, sheet = measure(lambda: tear_sheet(result), 5)
    figures = f"{took}; {len(sheet) / 1024:.0f} KB"
    yield Row("tearsheet.html of the sample run", figures, f"< {MOST_SHEET_SECONDS} s", took.cpu < MOST_SHEET_SECONDS)
    own, _ = measure(lambda: _quantstats(result), 3)
    yield Row(
        "    the page that quantstats draws of it",
        f"{own}; ours takes {took.cpu / own.cpu:.0%} of it",
        f"ours < {MOST_SHARE:.0%}",
        took.cpu < MOST_SHARE * own.cpu,
    )
    imports = statistics.median(float(_printed(IMPORTS)) for _ in range(3))
    yield Row("    imports, once a process", f"{seconds(imports)} CPU")


def _quantstats(result: Result) -> bool:
    import matplotlib as mpl  # noqa: PLC0415  seconds of imports: only for this row

    mpl.use("Agg")
    from quantstats import reports  # noqa: PLC0415

    index = pd.DatetimeIndex(result.ledger.sessions.astype("datetime64[D]")).as_unit("ns")
    others = result.benchmark_returns()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
        reports.html(
            pd.Series(result.ledger.returns(), index=index, name="strategy"),
            None if others is None else pd.Series(others, index=index, name="benchmark"),
            output=str(Path(folder) / "page.html"),
            periods_per_year=SESSIONS_A_YEAR,
            match_dates=False,
        )
    return True


def _printed(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


def _result() -> Result:
    thesis = discover([ROOT / "strategies"], ROOT).find("domestic_compute")
    source = load("sample", ROOT)
    benchmark = min(source.bars.index_close)
    return backtest(thesis, source, Request(settings=MarketSettings(), params={}, benchmark=benchmark))
