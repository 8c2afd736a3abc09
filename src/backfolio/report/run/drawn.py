"""What the charts of the page draw: the account, and the prices of the names that were traded most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.report import plots
from backfolio.report.lang import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.report.look import Look
    from backfolio.report.run.facts import Facts
    from backfolio.report.run.stocks import Stock

ACCOUNT: Final = "account"
"""Key of the chart of the account."""


def drawn(facts: Facts, stocks: Sequence[Stock], look: Look) -> dict[str, object]:
    """Return the data of every chart of the page."""
    result = facts.result
    marks = plots.marks_of(result.history)
    charts: dict[str, object] = {ACCOUNT: plots.account(result.ledger, _lines(facts, look), marks)}
    for stock in stocks:
        if stock.plot:
            charts[stock.plot] = plots.candles(result.history, result.ledger, stock.column, marks, look)
    return plots.block(result.ledger.sessions, charts, marks, look)


def _lines(facts: Facts, look: Look) -> list[plots.Line]:
    lines = [plots.Line(translate("Strategy", look.lang), "strategy", facts.returns)]
    if facts.others is not None:
        lines.append(plots.Line(facts.result.benchmark_name, "benchmark", facts.others))
    nulls = facts.result.nulls
    found = () if nulls is None else (nulls.hold, nulls.random_names)
    return lines + [
        plots.Line(translate(null.label, look.lang), "null", null.returns) for null in found if null is not None
    ]
