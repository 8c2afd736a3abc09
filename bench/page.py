"""What a report costs: its own page and tables, and the quantstats tear sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio import report
from backfolio.backtest import Request, backtest
from backfolio.discover import discover
from backfolio.settings import MarketSettings
from backfolio.source import load
from bench.timing import Row, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.result import Result

ROOT: Final = Path(__file__).resolve().parents[1]


def rows() -> Iterator[Row]:
    """Make the files of the sample run's report, without writing them."""
    result = _result()
    took, files = measure(lambda: report.render(result, tearsheet=False), 3)
    kilobytes = sum(map(len, files.values())) / 1024
    yield Row("index.html and tables of the sample run", f"{took}; {kilobytes:.0f} KB")
    took, files = measure(lambda: report.render(result), 1)
    kilobytes = sum(map(len, files.values())) / 1024
    yield Row("the same with tearsheet.html (quantstats)", f"{took}; {kilobytes:.0f} KB")


def _result() -> Result:
    thesis = discover([ROOT / "strategies"], ROOT).find("domestic_compute")
    source = load("sample", ROOT)
    benchmark = min(source.bars.index_close)
    return backtest(thesis, source, Request(settings=MarketSettings(), params={}, benchmark=benchmark))
