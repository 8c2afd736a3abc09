"""The tear sheet: quantstats, fed so that its known defects cannot bite.

It gets daily returns without a time zone from the first session of the window
on, and the benchmark's as a series on the same sessions, so that it neither
downloads, nor fills backward, nor drops leading sessions (`match_dates` off).
It draws; the page around its drawings is ours: offline, with the fill clock,
and the same bytes for the same run.
"""

from __future__ import annotations

import logging
import re
import sys
import tempfile
import warnings
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.metrics import ratios
from backfolio.report import words
from backfolio.report.page import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.result import Result

FEWEST_SESSIONS: Final = 10
"""Below this, a tear sheet's yearly figures are noise and its drawings empty."""

TABLES: Final = ("metrics", "eoy_table", "dd_info")

FIGURES: Final = (
    "returns", "log_returns", "vol_returns", "monthly_dist", "daily_returns", "rolling_beta",
    "rolling_vol", "rolling_sharpe", "rolling_sortino", "dd_periods", "dd_plot", "monthly_heatmap", "returns_dist",
)  # fmt: skip
"""What quantstats draws, in the order of its own page.

Its bars by year are left out: with newer pandas their labels stand under the
wrong years. The table by year says the same.
"""

COLOURS: Final = {
    "#fedd78": "var(--grey)",  # the benchmark: pale yellow cannot be seen on white
    "#348dc1": "var(--blue)",
    "#ff0000": "var(--orange)",
    "#000000": "var(--ink)",
    "#333333": "var(--ink)",
    "#666666": "var(--muted)",
    "#808080": "var(--muted)",
    "#494949": "var(--muted)",
    "#cccccc": "var(--line)",
    "#dddddd": "var(--line)",
}
"""Its colours in those of the page, which are light or dark."""

DRAWING: Final[dict[Any, Any]] = {
    "svg.hashsalt": "backfolio",  # ids of clip paths would differ in every run
    "svg.fonttype": "none",  # text stays text, so the reader's fonts show Chinese names
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: text measures the same everywhere
}

QUIET: Final = (
    # quantstats and seaborn call what newer pandas and matplotlib are about to drop.
    (r"The inplace keyword", Warning),
    (r"set_ticklabels\(\) should only be used", UserWarning),
    (r"The set_bad function", PendingDeprecationWarning),
    (r"vert: bool was deprecated", DeprecationWarning),
    # A font without Chinese measures a box; the reader's browser has the characters.
    (r"Glyph .* missing from", UserWarning),
)


def tear_sheet(result: Result) -> bytes:
    """Draw the tear sheet of a run; a page that says why where there can be none."""
    returns = result.ledger.returns()
    others = result.benchmark_returns()
    warned = list(result.warnings)
    if others is not None and float(np.ptp(others)) <= ratios.ROUNDING:
        others = None
        warned.append(f"{result.benchmark_name} did not move in the window: there is nothing to compare with.")
    days = result.ledger.sessions.astype("datetime64[D]")
    reason = why_not(returns, fills=len(result.ledger.fills))
    parts = {} if reason else drawings(days, returns, others, result.strategy, result.benchmark_name)
    values: dict[str, object] = {
        "result": result,
        "title": result.title or result.strategy,
        "first": str(days[0]),
        "last": str(days[-1]),
        "fill_clock": words.fill_clock(result.settings),
        "simulated": words.SIMULATED if result.simulated else "",
        "warnings": warned,
        "benchmark": "" if others is None else result.benchmark_name,
        "reason": reason,
        "figures": [Markup(parts[name]) for name in FIGURES if parts.get(name)],  # noqa: S704  drawn and escaped by quantstats
        "metrics": Markup(parts.get("metrics", "")),  # noqa: S704
        "years": Markup(parts.get("eoy_table", "")),  # noqa: S704
        "falls": Markup(parts.get("dd_info", "")),  # noqa: S704
    }
    return page("tearsheet.html", values, inline_styles=True)


def why_not(returns: NDArray[np.float64], *, fills: int) -> str:
    """Say why these returns give no tear sheet; "" if they do."""
    if returns.size < FEWEST_SESSIONS:
        sessions = "one session" if returns.size == 1 else f"{returns.size} sessions"
        return f"The window has {sessions}; a tear sheet needs at least {FEWEST_SESSIONS}. Choose a longer window."
    if not fills:
        return "Nothing was traded, so the account never moved. See the refusals and the parameters on the run's page."
    if float(np.ptp(returns)) <= ratios.ROUNDING:
        return "The account's daily return never changed, so no ratio of it exists."
    if returns.min() >= 0.0 and returns.max() > 1.0:
        return "No session lost and one more than doubled the account; quantstats would take such returns for prices."
    return ""


def drawings(
    days: NDArray[np.datetime64],
    returns: NDArray[np.float64],
    benchmark: NDArray[np.float64] | None,
    name: str,
    benchmark_name: str,
) -> dict[str, str]:
    """Let quantstats draw; return its tables (HTML) and figures (SVG) by placeholder.

    Parameters
    ----------
    days
        ``datetime64[D]``, (sessions,).
    returns, benchmark
        Daily returns on them.
    """
    reports, theme = _quantstats()
    index = pd.DatetimeIndex(days).as_unit("ns")
    other = None if benchmark is None else pd.Series(benchmark, index=index, name="benchmark")
    with tempfile.TemporaryDirectory() as folder, _calm(theme):
        template, output = Path(folder) / "template.html", Path(folder) / "tearsheet.html"
        names = (*TABLES, *FIGURES)
        template.write_text("".join(f"<!--part {part}-->{{{{{part}}}}}" for part in names), encoding="utf-8")
        reports.html(
            pd.Series(returns, index=index, name="strategy"),
            other,
            rf=0.0,
            output=str(output),
            periods_per_year=SESSIONS_A_YEAR,
            match_dates=False,
            template_path=str(template),
            strategy_title=name,
            benchmark_title=benchmark_name,
        )
        text = output.read_text(encoding="utf-8")
    pieces = re.split(r"<!--part (\w+)-->", text)[1:]
    parts = dict(zip(pieces[::2], pieces[1::2], strict=True))
    for part in FIGURES:
        parts[part] = _inline(parts[part], part)
    # Without a benchmark this column is a plain sum of daily returns.
    parts["eoy_table"] = parts["eoy_table"].replace("<th>Return</th>", "<th>Sum of daily</th>")
    return parts


def _inline(svg: str, name: str) -> str:
    """Make an SVG file a part of a page: no prologue, no dates or versions, ids of its own."""
    start = svg.find("<svg")
    if start < 0:
        return ""
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<style.*?</style>\s*", "", svg[start:], flags=re.DOTALL)
    # In the heat map white is also the text on dark cells: there, only the two backgrounds follow the page.
    svg = svg.replace("#ffffff", "var(--card)", 2 if name == "monthly_heatmap" else -1)
    svg = re.sub("|".join(COLOURS), lambda found: COLOURS[found[0]], svg)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\1{name}-", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{name.replace("_", " ")}" ', 1)


@lru_cache(maxsize=1)
def _quantstats() -> tuple[Any, dict[Any, Any]]:
    """Import quantstats; return its reports and the drawing theme that it sets for everybody.

    The theme is kept apart from the process's own, and a user's matplotlibrc
    apart from both.
    """
    import matplotlib as mpl  # noqa: PLC0415  seconds of imports: only for a tear sheet

    mpl.use("Agg")
    with warnings.catch_warnings(), mpl.rc_context():
        if "quantstats" not in sys.modules:
            mpl.rcdefaults()
        from quantstats import reports  # noqa: PLC0415

        # The backend is no matter of style, and setting it again would close figures.
        theme: dict[Any, Any] = {key: value for key, value in mpl.rcParams.items() if not key.startswith("backend")}
    return reports, theme


@contextmanager
def _calm(theme: dict[Any, Any]) -> Iterator[None]:
    """Draw in the given theme, without the known noise of drawing."""
    import matplotlib as mpl  # noqa: PLC0415

    fonts = logging.getLogger("matplotlib.font_manager")
    level = fonts.level
    with warnings.catch_warnings(), mpl.rc_context({**theme, **DRAWING}):
        for message, category in QUIET:
            warnings.filterwarnings("ignore", message=message, category=category)
        # quantstats asks for Arial by name; what stands in for it is no news.
        fonts.setLevel(logging.ERROR)
        try:
            yield
        finally:
            fonts.setLevel(level)
