"""The tear sheet: every number and every curve is quantstats', drawn and written as the other pages are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from backfolio import report
from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.metrics import Metrics, summary
from backfolio.report import words
from backfolio.report.lang import table as strings
from backfolio.report.look import Look
from backfolio.report.tearsheet import drawn_for, figures, often, table, tear_sheet
from backfolio.report.tearsheet.asked import HALF_YEAR, LONGEST, Asked, ask, quicker
from backfolio.report.tearsheet.drawn import TITLES, drawings
from backfolio.report.tearsheet.view import why_not
from finished import alone, small_result
from htmlpage import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.result import Result

EXACT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}


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


class Case:
    """A run's returns as quantstats takes them, and what this project asked of it."""

    def __init__(self, result: Result, *, compared: bool) -> None:
        self.days = result.ledger.sessions.astype("datetime64[D]")
        returns, others = result.ledger.returns(), result.benchmark_returns() if compared else None
        index = pd.DatetimeIndex(self.days).as_unit("ns")
        self.own = pd.Series(returns, index=index, name="strategy")
        self.other = None if others is None else pd.Series(others, index=index, name="benchmark")
        self.asked: Asked = ask(self.days, returns, others)


@cache
def case_of(compared: bool) -> Case:
    """Return the run of 300 sessions, made once however the tests are ordered."""
    return Case(walk(300, start=40), compared=compared)


@pytest.fixture(params=[True, False], ids=["compared", "alone"])
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


@contextmanager
def drawing() -> Iterator[Any]:
    """Let quantstats draw its own figures, without its noise and without a trace in the process."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib import pyplot as plt  # noqa: PLC0415

    with warnings.catch_warnings(), mpl.rc_context():
        warnings.simplefilter("ignore")
        mpl.use("Agg")
        from quantstats import plots  # noqa: PLC0415

        yield plots
        plt.close("all")


def lines_of(figure: Any) -> list[np.ndarray]:
    """Return the heights of a drawing's curves; straight lines across (two points) are left out."""
    return [np.asarray(line.get_ydata(), float) for line in figure.axes[0].lines if len(line.get_ydata()) > 2]


def levels_of(figure: Any) -> list[float]:
    """Return the heights of the straight lines across a drawing."""
    return [float(line.get_ydata()[0]) for line in figure.axes[0].lines if len(line.get_ydata()) == 2]


def full(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]


# ------------------------------------------------- numbers: quantstats' page itself
@pytest.fixture
def page_of_quantstats(case: Case) -> dict[str, list[list[str]]]:
    return tables_of_quantstats(case.other is not None)


@cache
def tables_of_quantstats(compared: bool) -> dict[str, list[list[str]]]:
    """Return the cells of the three tables of quantstats' own page."""
    case = case_of(compared)
    names = ("metrics", "eoy_table", "dd_info")
    with tempfile.TemporaryDirectory() as folder, drawing():
        template, output = Path(folder) / "template.html", Path(folder) / "page.html"
        template.write_text("".join(f"<!--part {name}-->{{{{{name}}}}}" for name in names), encoding="utf-8")
        from quantstats import reports  # noqa: PLC0415

        reports.html(
            case.own.copy(), None if case.other is None else case.other.copy(), rf=0.0, output=str(output),
            periods_per_year=SESSIONS_A_YEAR, match_dates=False, template_path=str(template),
            strategy_title="strategy", benchmark_title="benchmark",
        )  # fmt: skip
        text = output.read_text(encoding="utf-8")
    pieces = re.split(r"<!--part (\w+)-->", text)[1:]
    rows = {
        name: re.findall(r"<tr>\s*(<td>.*?)</tr>", text) for name, text in zip(pieces[::2], pieces[1::2], strict=True)
    }
    return {
        name: [[unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", row)] for row in found]
        for name, found in rows.items()
    }


def test_every_figure_is_that_of_quantstats_page(case: Case, page_of_quantstats: dict[str, list[list[str]]]) -> None:
    shown = [row for row in page_of_quantstats["metrics"] if row[0]]
    ours = [row for group in case.asked.metrics for row in group]
    assert len(ours) == len(shown) > 70
    for (label, own, other), row in zip(ours, shown, strict=True):
        assert label == row[0].replace("\N{SMALL PERCENT SIGN}", "")
        # its page has the benchmark first
        expected = [cell if cell != "-" else "" for cell in row[1:]]
        assert [own] if case.other is None else [other, own] == expected, label


def test_writing_a_figure_changes_its_decimals_alone(case: Case) -> None:
    for group, written in zip(case.asked.metrics, table.figures(case.asked), strict=True):
        for (label, own, other), figure in zip(group, written, strict=True):
            assert figure.label == label
            for said, shown in ((own, figure.own), (other, figure.other)):
                if not said:
                    assert shown == "n/a"
                elif re.fullmatch(r"-?[\d,.]+%?", said):
                    assert float(shown.rstrip("%").replace(",", "")) == float(said.rstrip("%").replace(",", ""))
                    assert shown.endswith("%") == said.endswith("%")
                    assert re.fullmatch(r"-?[\d,]+(\.\d\d)?%?", shown)
                else:
                    assert shown == said


def test_years_and_drawdowns_are_those_of_quantstats_page(
    case: Case, page_of_quantstats: dict[str, list[list[str]]]
) -> None:
    years = [[str(year.year), f"{year.own:.2f}"] for year in case.asked.years]
    if case.other is None:
        theirs = [[year, grown] for year, _, grown in page_of_quantstats["eoy_table"]]
        sums = [row[1] for row in page_of_quantstats["eoy_table"]]
        assert [f"{year.summed:.2f}" for year in case.asked.years] == sums
    else:
        theirs = [[row[0], row[2]] for row in page_of_quantstats["eoy_table"]]
        others = [[f"{year.other:.2f}", f"{year.ratio:.2f}"] for year in case.asked.years]
        assert others == [[row[1], row[3]] for row in page_of_quantstats["eoy_table"]]
        assert ["+" if row.won else "-" for row in table.years(case.asked)] == [
            row[4] for row in page_of_quantstats["eoy_table"]
        ]
    assert years == theirs
    falls = [[fall.start, fall.end, f"{fall.depth:.2f}", str(fall.days)] for fall in case.asked.falls]
    assert falls == page_of_quantstats["dd_info"]
    assert len(falls) > 3


def test_a_drawdown_that_lasts_has_no_end(case: Case) -> None:
    last = str(case.days[-1])
    assert case.asked.drawdown[-1] < 0.0
    assert [row.end == "" for row in table.falls(case.asked)] == [fall.end == last for fall in case.asked.falls]
    assert [row for row in table.falls(case.asked) if not row.end]


def test_every_label_of_quantstats_is_known(case: Case) -> None:
    labels = [label for group in case.asked.metrics for label, _, _ in group]
    assert set(labels) <= set(table.LABELS)
    if case.other is not None:
        assert labels == list(table.LABELS)
    assert set(table.LABELS) <= set(strings("zh"))


# ------------------------------------------------- curves: quantstats' own drawings
def test_gains_are_those_it_draws(case: Case) -> None:
    asked = case.asked
    ours = [asked.own.gain] if asked.other is None else [asked.other.gain, asked.own.gain]
    with drawing() as plots:
        for drawn in (plots.returns, plots.log_returns):
            theirs = lines_of(drawn(case.own, case.other, show=False, prepare_returns=False))
            assert len(theirs) == len(ours)
            for line, own in zip(theirs, ours, strict=True):
                np.testing.assert_allclose(own, line, **EXACT)
        if asked.against is not None:
            figure = plots.returns(case.own, case.other, match_volatility=True, show=False, prepare_returns=False)
            np.testing.assert_allclose(asked.against.matched, lines_of(figure)[-1], **EXACT)


def test_the_running_sum_is_what_it_draws_on_sessions(case: Case) -> None:
    with drawing() as plots:
        (line,) = plots.daily_returns(case.own, None, show=False, prepare_returns=False).axes[0].lines[:1]
    # Its drawing falls to 0 on every day that is no session.
    days = pd.date_range(case.own.index[0], case.own.index[-1])
    heights = pd.Series(np.asarray(line.get_ydata(), float), index=days)
    assert (heights[~days.isin(case.own.index)] == 0).all()
    np.testing.assert_allclose(case.asked.summed, heights[case.own.index], **EXACT)


def test_rolling_figures_and_their_means_are_those_it_draws(case: Case) -> None:
    asked = case.asked
    window: dict[str, Any] = {"period": HALF_YEAR, "periods_per_year": SESSIONS_A_YEAR, "show": False}
    with drawing() as plots:
        cases = [
            (plots.rolling_volatility(case.own, case.other, **window), asked.own.volatility),
            (plots.rolling_sharpe(case.own, **window), asked.sharpe),
            (plots.rolling_sortino(case.own, **window), asked.sortino),
        ]
        for figure, ours in cases:
            np.testing.assert_allclose(full(ours), lines_of(figure)[0], **EXACT)
            assert figures.mean(ours) == pytest.approx(levels_of(figure)[0], abs=1e-12)
        if asked.other is not None:
            np.testing.assert_allclose(full(asked.other.volatility), lines_of(cases[0][0])[1], **EXACT)


def test_beta_is_what_it_draws_once_the_window_is_full() -> None:
    case = case_of(True)
    against = case.asked.against
    assert against is not None
    with drawing() as plots:
        figure = plots.rolling_beta(
            case.own, case.other, window1=HALF_YEAR, window2=SESSIONS_A_YEAR, show=False, prepare_returns=False
        )
    half, year = lines_of(figure)
    known = np.isfinite(against.beta_half)
    assert (half[~known] == 0).all()  # its drawing stands at 0 there
    assert known.sum() == len(case.days) - HALF_YEAR + 1
    np.testing.assert_allclose(against.beta_half[known], half[known], **EXACT)
    np.testing.assert_allclose(full(against.beta_year), full(year), **EXACT)


def test_drawdowns_are_those_it_draws_and_shades(case: Case) -> None:
    with drawing() as plots:
        deep = plots.drawdown(case.own, show=False)
        shaded = plots.drawdowns_periods(case.own, periods=LONGEST, show=False, prepare_returns=False)
        from matplotlib.dates import date2num  # noqa: PLC0415

        spans = [(span.get_x(), span.get_x() + span.get_width()) for span in shaded.axes[0].patches]
        ours = [tuple(date2num(case.days[[first, last]])) for first, last in case.asked.longest]
    np.testing.assert_allclose(case.asked.drawdown, lines_of(deep)[0], **EXACT)
    assert figures.mean(case.asked.drawdown) == pytest.approx(levels_of(deep)[0], abs=1e-12)
    np.testing.assert_allclose(ours, spans, **EXACT)


def test_bars_by_year_and_months_are_those_it_draws(case: Case) -> None:
    asked = case.asked
    with drawing() as plots:
        yearly = plots.yearly_returns(case.own, case.other, show=False, prepare_returns=False)
        monthly = plots.monthly_heatmap(case.own, show=False, cbar=False)
        bars = [bar.get_height() for bar in yearly.axes[0].patches]
        cells = monthly.axes[0].collections[0].get_array().reshape(-1, 12)
        mean = levels_of(yearly)[0]
    own, other = [year.own / 100 for year in asked.years], [year.other for year in asked.years]
    np.testing.assert_allclose([*(() if asked.other is None else np.array(other, float) / 100), *own], bars, **EXACT)
    assert np.mean(own) == pytest.approx(mean, abs=1e-12)
    inside = np.isfinite(asked.own.months)
    np.testing.assert_allclose(asked.own.months[inside] * 100, cells[inside], **EXACT)
    assert (cells[~inside] == 0).all()
    months = {(day.year, day.month) for day in case.own.index}
    assert inside.sum() == len(months)


def test_the_histogram_and_its_curves_are_those_it_draws(case: Case) -> None:
    own = full(case.asked.own.months)
    other = None if case.asked.other is None else full(case.asked.other.months)
    found = often.histogram(own, other)
    with drawing() as plots:
        axes = plots.histogram(case.own, case.other, show=False, prepare_returns=False).axes[0]
        curves = [np.asarray(line.get_xydata(), float) for line in axes.lines if len(line.get_xydata()) > 2]
        patches = [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in axes.patches]
    ours = [
        (edge, following - edge, height)
        for bars in found.bars
        for edge, following, height in zip(found.edges[:-1], found.edges[1:], bars, strict=True)
    ]
    np.testing.assert_allclose(sorted(ours), sorted(patches), **EXACT)
    densities = [often.density(values, share, found.ends) for _, values, share in found.sets]
    expected = sorted(curves, key=lambda curve: tuple(curve[0]))
    drawn = sorted((np.c_[each.at, each.height] for each in densities if each), key=lambda curve: tuple(curve[0]))
    assert len(drawn) == len(found.sets)
    for ours_, theirs in zip(drawn, expected, strict=True):
        np.testing.assert_allclose(ours_, theirs, rtol=1e-9, atol=1e-12)


def test_the_boxes_hold_what_quantstats_distribution_gives(case: Case) -> None:
    from quantstats import stats  # noqa: PLC0415

    expected = stats.distribution(case.own, prepare_returns=False)
    assert [spread.name for spread in case.asked.spreads] == list(expected)
    for spread in case.asked.spreads:
        assert spread.inside.tolist() == expected[spread.name]["values"]
        assert spread.outside.tolist() == expected[spread.name]["outliers"]


# ------------------------------------------------- how they are drawn
DAYS = np.arange("2024-01-02", "2024-01-12", dtype="datetime64[D]")


def path_of(svg: str, kind: str) -> str:
    """Return the path of a class in the wide drawing."""
    found = re.search(rf'<path class="{kind}" d="([^"]*)"', svg.partition("</svg>")[0])
    assert found is not None
    return found[1]


def test_a_curve_goes_through_its_values() -> None:
    values = np.linspace(0.0, 1.0, 10)
    svg = figures.over_time(DAYS, figures.Panel((figures.Line("strategy", values),), 105), "a <b>")
    placed = np.array([pair.split() for pair in path_of(svg, "line strategy")[1:].split("L")], float)
    frame = figures.WIDE
    np.testing.assert_allclose(placed[:, 0], np.linspace(frame.left, frame.end, 10), atol=0.051)
    # the scale ends a twentieth above the highest value
    np.testing.assert_allclose(placed[:, 1], frame.top + 105 - values * 100, atol=0.051)
    assert 'aria-label="a &lt;b&gt;"' in svg
    assert svg.count("<svg") == 2


def test_a_curve_is_lifted_where_it_does_not_exist() -> None:
    values = np.array([np.nan, np.nan, 1.0, 2.0, np.inf, 3.0, np.nan, 1.0, 1.5, 2.0])
    svg = figures.over_time(DAYS, figures.Panel((figures.Line("strategy", values),)), "x")
    path = path_of(svg, "line strategy")
    assert path.count("M") == 3
    assert "nan" not in svg
    assert "inf" not in svg
    nothing = figures.Panel((figures.Line("strategy", values * np.nan),))
    assert figures.over_time(DAYS, nothing, "x") == ""


def test_a_log_scale_gives_equal_factors_equal_heights() -> None:
    wealth = 2.0 ** np.arange(10)
    svg = figures.over_time(DAYS, figures.Panel((figures.Line("strategy", wealth - 1),), 150, log=True), "x")
    placed = np.array([pair.split() for pair in path_of(svg, "line strategy")[1:].split("L")], float)
    np.testing.assert_allclose(np.diff(placed[:, 1]), np.diff(placed[:, 1])[0], atol=0.11)
    assert "+" not in re.sub(r'="[^"]*"', "", svg)
    for level in ("0%", "100%", "900%", "19,900%"):
        assert f">{level}</text>" in svg
    lost = figures.Panel((figures.Line("strategy", np.linspace(0, -1.0, 10)),), log=True)
    assert "nan" not in figures.over_time(DAYS, lost, "x")


def test_levels_of_a_log_scale() -> None:
    assert figures.log_levels(0.8, 2.1, 4) == pytest.approx([1.0, 1.5, 2.0])
    assert figures.log_levels(0.4, 30.0, 4) == pytest.approx([0.5, 1.0, 2.0, 5.0, 10.0, 20.0])


def test_bars_stand_on_zero() -> None:
    svg = figures.by_year([2024, 2025], np.array([0.2, -0.1]), np.array([0.1, 0.1]), 0.05, "x").partition("</svg>")[0]
    bars = {
        (kind, float(y), float(height))
        for kind, y, height in re.findall(
            r'<rect class="(bar \w+)" x="[^"]*" y="([^"]*)" width="[^"]*" height="([^"]*)"', svg
        )
    }
    heights = sorted(height for _, _, height in bars)
    assert heights[1] / heights[0] == pytest.approx(1.0, abs=0.01)
    assert heights[-1] / heights[0] == pytest.approx(2.0, abs=0.01)
    (zero,) = re.findall(r'<line class="zero"[^>]*y1="([^"]*)"', svg)
    fallen = [y for kind, y, _ in bars if kind == "bar strategy" and y == pytest.approx(float(zero), abs=0.11)]
    assert len(fallen) == 1


def test_months_of_one_size_have_no_curve() -> None:
    assert often.density(np.array([0.1])) is None
    assert often.density(np.array([0.1, 0.1])) is None
    curve = often.density(np.array([0.0, 0.1, 0.3]))
    assert curve is not None
    assert np.trapezoid(curve.height, curve.at) == pytest.approx(1.0, abs=0.01)
    assert "<path" not in figures.how_often(np.array([0.1]), None, "x")


def test_a_short_run_draws_what_it_can() -> None:
    result = walk(30, start=2)
    found = ask(result.ledger.sessions.astype("datetime64[D]"), result.ledger.returns(), result.benchmark_returns())
    names = [drawing.name for drawing in drawings(found, "benchmark", Look())]
    assert {"beta", "volatility", "sharpe", "sortino"}.isdisjoint(names)
    assert {"gain", "drawdown", "quartiles"} <= set(names)


# ------------------------------------------------- the page
def rows_of(sheet: str) -> dict[str, list[str]]:
    """Return the cells of every table row by its heading."""
    lines = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', sheet)
    return {name: re.findall(r"<td[^>]*>(.*?)</td>", rest) for name, rest in lines}


def number(cell: str) -> float:
    return float(cell.rstrip("%").replace(words.MINUS, "-"))


def test_quantstats_agrees_with_our_figures(long_run: Result, sheet: str) -> None:
    returns, others = long_run.ledger.returns(), long_run.benchmark_returns()
    assert others is not None
    # Its leading sessions without a position are kept, or the yearly figures would differ.
    assert not returns[:41].any()
    assert returns[41:].any()
    ours: tuple[Metrics, Metrics] = (summary(returns, others), summary(others))
    rows = rows_of(sheet)
    for label, field, scale in (
        ("Cumulative Return", "total_return", 100),
        ("CAGR", "cagr", 100),
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
        shown = [number(cell) for cell in rows[label]]
        expected = [getattr(figures, field) * scale for figures in ours]
        # It shows two decimals; its Ulcer index divides by n - 1, which is below that.
        assert shown == pytest.approx(expected, abs=0.0051), label
    assert number(rows["Beta"][0]) == pytest.approx(ours[0].beta, abs=0.0051)


def test_the_years_are_the_accounts_own(long_run: Result, sheet: str) -> None:
    days = long_run.ledger.sessions
    rows = rows_of(sheet.partition('class="card eoy"')[2])
    for year in ("2024", "2025"):
        inside = days.astype("datetime64[Y]") == np.datetime64(year)
        grown = np.prod(1 + long_run.ledger.returns()[inside]) - 1
        assert number(rows[year][0]) == pytest.approx(100 * grown, abs=0.0051)


def test_everything_is_drawn(sheet: str) -> None:
    page = Page(sheet.encode())
    assert page.faults == []
    wide = [a["aria-label"] for tag, a in page.tags if tag == "svg" and a.get("class") == "chart wide"]
    assert wide == list(TITLES.values())
    narrow = [a["aria-label"] for tag, a in page.tags if tag == "svg" and a.get("class") == "chart narrow"]
    assert narrow == wide
    assert [a["id"] for tag, a in page.tags if tag == "figure"] == list(TITLES)


def test_the_sheet_says_the_same_as_every_page(long_run: Result, sheet: str) -> None:
    text = Page(sheet.encode()).text
    assert words.FILL_CLOCK in text
    assert long_run.warnings[0] in text
    assert "243 sessions a year" in text
    assert "科创50 (000688.SH)" in text
    assert words.SIMULATED not in text


def test_the_sheet_needs_nothing_from_elsewhere(sheet: str) -> None:
    page = Page(sheet.encode())
    links = {a.get("href") or a.get("src") or "" for _, a in page.tags} - {""}
    assert links == {"../../index.html", "index.html"}
    assert "<script" not in sheet
    assert "onload" not in sheet
    assert "@import" not in sheet
    assert [a for _, a in page.tags if "style" in a] == []
    (policy,) = [a["content"] or "" for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy


def test_nothing_tells_by_which_version_it_was_made(sheet: str) -> None:
    from importlib.metadata import version  # noqa: PLC0415

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


def test_without_a_tear_sheet_nothing_of_quantstats_is_imported(sheet: str) -> None:
    heavy = ("matplotlib", "quantstats", "scipy", "seaborn", "yfinance")
    # what the tear sheet itself needs, or this could not fail
    assert sheet
    assert set(heavy) <= set(sys.modules)
    lines = (
        "import sys",
        "from backfolio import report",
        "from finished import small_result",
        "files = report.render(small_result(), tearsheet=False)",
        f"print(sorted(set({heavy}) & set(sys.modules)), 'tearsheet.html' in files)",
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout == "[] False\n"


def test_drawdowns_without_outliers_are_those_of_quantstats(case: Case) -> None:
    with drawing():
        from quantstats import stats, utils  # noqa: PLC0415

        for series in (case.own, -case.own, case.own * 0 - 0.01):
            drawdown = stats.to_drawdown_series(series)
            said = stats.drawdown_details(drawdown)
            with quicker(stats, utils):
                pd.testing.assert_frame_equal(stats.drawdown_details(drawdown), said, check_exact=True)


def test_asking_leaves_the_process_as_it_was() -> None:
    lines = (
        "import matplotlib as mpl, numpy as np, logging",
        "before = dict(mpl.rcParams)",
        "from backfolio.report.tearsheet.asked import ask",
        "days = np.datetime64('2024-01-02') + np.arange(30)",
        "ask(days, np.random.default_rng(1).normal(0, 0.01, 30), None)",
        "from matplotlib import pyplot as plt",
        "changed = {key for key, value in mpl.rcParams.items() if before[key] != value}",
        "print(changed - {'backend', 'backend_fallback'}, plt.get_fignums())",
        "from quantstats import stats, utils",
        "print(utils.aggregate_returns.__module__, stats.remove_outliers.__module__)",
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", "\n".join(lines)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "set() []\nquantstats.utils quantstats.stats\n"
    assert done.stderr == ""


def test_a_sheet_of_another_look_is_made_again(tmp_path: Path) -> None:
    result = walk(40, start=2)
    written = report.write(result, tmp_path).path / "tearsheet.html"
    first, touched = written.read_bytes(), written.stat().st_mtime_ns
    assert drawn_for(first, Look())
    report.write(result, tmp_path)
    assert written.stat().st_mtime_ns == touched
    look = Look("zh", "green")
    assert not drawn_for(first, look)
    assert not drawn_for(first.replace(b"--page:", b"--other:"), Look())
    report.write(result, tmp_path, look=look)
    again = written.read_bytes()
    assert again == tear_sheet(result, look)
    assert 'lang="zh-CN" class="up-green"' in again.decode()
    assert "夏普比率" in Page(again).text


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
