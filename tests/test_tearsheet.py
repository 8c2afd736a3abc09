from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio import report
from backfolio.metrics import Metrics, summary
from backfolio.report import words
from backfolio.report.tearsheet import FIGURES, drawings, tear_sheet, why_not
from finished import alone, small_result
from htmlpage import Page

if TYPE_CHECKING:
    from backfolio.result import Result


def walk(sessions: int, start: int, seed: int = 3) -> Result:
    """Return a run that buys on row `start` of a random walk; nothing moves before."""
    steps = np.random.default_rng(seed).normal(0.001, 0.02, sessions).clip(-0.06, 0.06)
    prices = np.round(50 * np.cumprod(1 + steps), 2)
    line = " ".join(f"{price:.2f}" for price in prices)
    return alone(line, "|".join(["."] * start + ["9000"]), strategy="random_walk")


@pytest.fixture(scope="module")
def long_run() -> Result:
    return walk(300, start=40)


@pytest.fixture(scope="module")
def sheet(long_run: Result) -> str:
    return tear_sheet(long_run).decode()


def rows_of(sheet: str) -> dict[str, list[str]]:
    """Return the cells of every table row by its first cell."""
    lines = re.findall(r"<tr>\s*<td>(.*?)</td>(.*?)</tr>", sheet)
    return {name: re.findall(r"<td>(.*?)</td>", rest) for name, rest in lines}


def test_quantstats_agrees_with_our_figures(long_run: Result, sheet: str) -> None:
    returns, others = long_run.ledger.returns(), long_run.benchmark_returns()
    assert others is not None
    # Its leading sessions without a position are kept, or the yearly figures would differ.
    assert not returns[:41].any()
    assert returns[41:].any()
    ours: tuple[Metrics, Metrics] = (summary(others), summary(returns, others))
    rows = rows_of(sheet)
    for label, field, scale in (
        ("Cumulative Return", "total_return", 100),
        ("CAGR\N{SMALL PERCENT SIGN}", "cagr", 100),
        ("Sharpe", "sharpe", 1),
        ("Sortino", "sortino", 1),
        ("Omega", "omega", 1),
        ("Max Drawdown", "max_drawdown", 100),
        ("Volatility (ann.)", "volatility", 100),
        ("Calmar", "calmar", 1),
        ("Skew", "skew", 1),
        ("Kurtosis", "kurtosis", 1),
        ("Ulcer Index", "ulcer_index", 1),
        ("Prob. Sharpe Ratio", "probabilistic_sharpe", 100),
    ):
        shown = [float(cell.rstrip("%")) for cell in rows[label]]
        expected = [getattr(figures, field) * scale for figures in ours]
        # It shows two decimals; its Ulcer index divides by n - 1, which is below that.
        assert shown == pytest.approx(expected, abs=0.0051), label
    assert float(rows["Beta"][1]) == pytest.approx(ours[1].beta, abs=0.0051)


def test_the_years_are_the_accounts_own(long_run: Result, sheet: str) -> None:
    days = long_run.ledger.sessions
    rows = rows_of(sheet)
    for year in ("2024", "2025"):
        inside = days.astype("datetime64[Y]") == np.datetime64(year)
        grown = np.prod(1 + long_run.ledger.returns()[inside]) - 1
        assert float(rows[year][1]) == pytest.approx(100 * grown, abs=0.0051)


def test_everything_is_drawn(sheet: str) -> None:
    page = Page(sheet.encode())
    assert page.faults == []
    assert [a["aria-label"] for tag, a in page.tags if tag == "svg" and a.get("role") == "img"] == [
        name.replace("_", " ") for name in FIGURES
    ]


def test_ids_are_unique_and_found(sheet: str) -> None:
    page = Page(sheet.encode())
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = re.findall(r"url\(#([^)]+)\)", sheet) + re.findall(r'href="#([^"]+)"', sheet)
    assert used
    assert set(used) <= set(ids)


def test_the_sheet_says_the_same_as_every_page(long_run: Result, sheet: str) -> None:
    text = Page(sheet.encode()).text
    assert words.FILL_CLOCK in text
    assert long_run.warnings[0] in text
    assert "243 sessions a year" in text
    assert "科创50 (000688.SH)" in text
    assert words.SIMULATED not in text


def test_the_sheet_needs_nothing_from_elsewhere(sheet: str) -> None:
    page = Page(sheet.encode())
    links = {a.get("href") or a.get("src") or "" for tag, a in page.tags if tag not in {"use", "svg"}} - {""}
    assert links == {"../../index.html", "index.html"}
    assert "<script" not in sheet
    assert "onload" not in sheet
    assert "@import" not in sheet
    (policy,) = [a["content"] or "" for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_nothing_tells_when_or_by_which_version_it_was_drawn(sheet: str) -> None:
    from importlib.metadata import version  # noqa: PLC0415

    assert "<metadata" not in sheet
    assert "<?xml" not in sheet
    for package in ("quantstats", "matplotlib"):
        assert version(package) not in sheet


def test_losses_only_and_words_from_outside_are_drawn_and_escaped() -> None:
    names = {"strategy": "a<u>", "title": "<script>t</script>", "benchmark_name": "科创<i>50</i>&"}
    sheet = tear_sheet(alone("10 10 9.5 " + "9.4 " * 9, "5000", **names)).decode()
    page = Page(sheet.encode())
    assert page.faults == []
    assert {"script", "u", "i"}.isdisjoint(tag for tag, _ in page.tags)
    assert "科创&lt;i&gt;50&lt;/i&gt;&amp;" in sheet
    assert "Key figures" in page.text


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    script = Path(__file__).with_name("finished.py")
    environment = {**os.environ, "PYTHONPATH": str(script.parent), "PYTHONHASHSEED": "12345", "TZ": "America/New_York"}
    here = report.write(small_result(), tmp_path / "here")
    subprocess.run([sys.executable, str(script), str(tmp_path / "there"), "tearsheet"], env=environment, check=True)
    there = tmp_path / "there" / here.path.relative_to(tmp_path / "here")
    names = sorted(path.name for path in here.path.iterdir())
    assert names == sorted(path.name for path in there.iterdir())
    assert "tearsheet.html" in names
    for name in names:
        assert (here.path / name).read_bytes() == (there / name).read_bytes(), name
    assert (tmp_path / "here" / "index.html").read_bytes() == (tmp_path / "there" / "index.html").read_bytes()


def test_drawing_leaves_the_process_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib import pyplot as plt  # noqa: PLC0415

    before, figures = dict(mpl.rcParams), plt.get_fignums()
    days = np.datetime64("2024-01-02") + np.arange(30)
    returns = np.random.default_rng(1).normal(0, 0.01, 30)
    with caplog.at_level(logging.WARNING):
        parts = drawings(days, returns, None, "alone", "")
    # Only the backend is chosen for good: one that opens no window.
    assert {key for key, value in mpl.rcParams.items() if before[key] != value} <= {"backend", "backend_fallback"}
    assert mpl.get_backend().lower() == "agg"
    assert plt.get_fignums() == figures
    assert caplog.records == []
    assert parts["vol_returns"] == parts["rolling_beta"] == ""
    assert "Sum of daily" in parts["eoy_table"]
    assert logging.getLogger("matplotlib.font_manager").level == logging.NOTSET


@pytest.mark.parametrize(
    ("line", "weights", "said"),
    [
        ("10", "", "The window has one session; a tear sheet needs at least 10."),
        ("10 10.1 10.2 10.1 10.3 10.2 10.4 10.5 10.3", "5000", "The window has 9 sessions"),
        ("10 10.1 10.2 10.1 10.3 10.2 10.4 10.5 10.3 10.2", "", "Nothing was traded"),
    ],
)
def test_a_run_without_a_tear_sheet_says_why(line: str, weights: str, said: str) -> None:
    page = Page(tear_sheet(alone(line, weights, simulated=True)))
    assert page.faults == []
    assert said in page.text
    assert words.FILL_CLOCK in page.text
    assert words.SIMULATED in page.text
    assert "To the run's page" in page.text


@pytest.mark.parametrize(
    ("returns", "said"),
    [
        ([0.0] * 20, "never changed"),
        ([0.01] * 20, "never changed"),
        ([0.0] * 10 + [1.5], "take such returns for prices"),
        ([0.0] * 10 + [1.5, -0.1], ""),
        ([0.0] * 9 + [0.01], ""),
    ],
)
def test_why_there_can_be_none(returns: list[float], said: str) -> None:
    reason = why_not(np.array(returns), fills=1)
    assert said in reason
    assert bool(said) == bool(reason)


def test_one_gain_beside_a_benchmark_that_stands_still() -> None:
    result = alone("10 " * 5 + "10.5 " * 7, "5000")
    assert result.benchmark is not None
    page = Page(tear_sheet(replace(result, benchmark=result.benchmark * 0 + 5.0)))
    assert page.faults == []
    assert "did not move in the window" in page.text
    assert "no benchmark" in page.text
    assert "Key figures" in page.text
