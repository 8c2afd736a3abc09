"""The page of the tear sheet: what it holds, and why some runs have none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.metrics import ratios
from backfolio.report import words
from backfolio.report.look import USUAL
from backfolio.report.page import page, style_sheet
from backfolio.report.plot import MONTHS
from backfolio.report.tearsheet import table
from backfolio.report.tearsheet.asked import ask
from backfolio.report.tearsheet.drawn import drawings
from backfolio.said import said

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.report.look import Look
    from backfolio.result import Result

FEWEST_SESSIONS: Final = 10
"""Below this, a tear sheet's yearly figures are noise and its drawings empty."""


def tear_sheet(result: Result, look: Look = USUAL) -> bytes:
    """Make the tear sheet of a run; a page that says why where there can be none."""
    returns = result.ledger.returns()
    others = result.benchmark_returns()
    warned = list(result.warnings)
    if others is not None and float(np.ptp(others)) <= ratios.ROUNDING:
        others = None
        warned.append(
            said(
                "%(benchmark)s did not move in the window: there is nothing to compare with.",
                benchmark=result.benchmark_name,
            )
        )
    days = result.ledger.sessions.astype("datetime64[D]")
    reason = why_not(returns, fills=len(result.ledger.fills))
    asked = None if reason else ask(days, returns, others)
    benchmark = "" if others is None else result.benchmark_name
    values: dict[str, object] = {
        "result": result,
        "title": result.title or result.strategy,
        "first": str(days[0]),
        "last": str(days[-1]),
        "fill_clock": words.fill_clock(result.settings),
        "simulated": words.SIMULATED if result.simulated else "",
        "warnings": warned,
        "benchmark": benchmark,
        "reason": reason,
        "drawings": [] if asked is None else drawings(asked, benchmark, look),
        "groups": () if asked is None else table.figures(asked),
        "years": [] if asked is None else table.years(asked),
        "falls": [] if asked is None else table.falls(asked),
        "month_names": MONTHS,
        "months": [] if asked is None else table.months(asked),
    }
    return page("tearsheet.html", values, look=look)


def drawn_for(sheet: bytes, look: Look) -> bool:
    """Tell whether a tear sheet on the disk has this language, these colours and the style of today's pages."""
    return (
        f'<html lang="{look.tag}" class="{look.classes}">'.encode() in sheet[:200] and style_sheet().encode() in sheet
    )


def why_not(returns: NDArray[np.float64], *, fills: int) -> str:
    """Say why these returns give no tear sheet; "" if they do."""
    if returns.size == 1:
        return said(
            "The window has one session; a tear sheet needs at least %(n)s. Choose a longer window.", n=FEWEST_SESSIONS
        )
    if returns.size < FEWEST_SESSIONS:
        return said(
            "The window has %(held)s sessions; a tear sheet needs at least %(n)s. Choose a longer window.",
            held=returns.size,
            n=FEWEST_SESSIONS,
        )
    if not fills:
        return said(
            "Nothing was traded, so the account never moved. See the refusals and the parameters on the run's page."
        )
    if float(np.ptp(returns)) <= ratios.ROUNDING:
        return said("The account's daily return never changed, so no ratio of it exists.")
    if returns.min() >= 0.0 and returns.max() > 1.0:
        return said(
            "No session lost and one more than doubled the account; quantstats would take such returns for prices."
        )
    return ""
