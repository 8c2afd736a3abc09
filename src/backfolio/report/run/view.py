"""What the page of a run shows, as plain values: a pure function of the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from markupsafe import Markup

from backfolio.metrics import DEFINITIONS, DETAIL_DEFINITIONS, TRADE_DEFINITIONS
from backfolio.report import words
from backfolio.report.chart import NARROW, WIDE, Mark, equity_chart
from backfolio.report.lang import sentence, translate
from backfolio.report.look import USUAL
from backfolio.report.months import month_table
from backfolio.report.page import page, resource
from backfolio.report.plot import MONTHS
from backfolio.report.run import refused, strip, sums
from backfolio.report.run.drawn import drawn
from backfolio.report.run.events import events
from backfolio.report.run.facts import facts_of
from backfolio.report.run.headline import columns, full_table, headline_table
from backfolio.report.run.judged import judged
from backfolio.report.run.stocks import MOST_DRAWN, stocks
from backfolio.report.tables import price_text
from backfolio.report.text import gain, market_words, money, paragraphs, percent, plain
from backfolio.said import paired, said
from backfolio.strategy.claims import FIGURES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from backfolio.ledger import Fill
    from backfolio.report.look import Lang, Look
    from backfolio.report.run.facts import Facts
    from backfolio.report.run.headline import Column
    from backfolio.report.run.stocks import Stock
    from backfolio.result import Result

MOST_FILLS: Final = 1_000
"""Fills on a page; the CSV file holds all."""

EVIDENCE: Final = {"study": "Event study", "falsify": "Falsification"}
"""What the page calls the reports that speak of the same thesis."""

SECTIONS: Final[tuple[tuple[str, str], ...]] = (
    ("thesis", "The thesis"), ("figures", "Figures"), ("account", "Account"), ("months", "Months"),
    ("catalysts", "Catalysts"), ("names", "Names"), ("reasons", "Exits and kinds"), ("refusals", "Refusals"),
    ("costs", "Costs and capacity"), ("fills", "Fills"),
)  # fmt: skip
"""Anchor and label of every part, in order."""


def run_page(result: Result, *, tearsheet: bool, look: Look = USUAL) -> bytes:
    """Return the page of a run; the same result and look give the same bytes.

    Parameters
    ----------
    tearsheet
        Whether `tearsheet.html` stands beside it.
    look
        Language and colours.
    """
    facts = facts_of(result)
    traded = stocks(facts)
    values = view(facts, traded, tearsheet=tearsheet, look=look)
    return page("run.html", values, look=look, script=resource("sort.js"), plots=drawn(facts, traded, look))


def view(facts: Facts, traded: Sequence[Stock], *, tearsheet: bool, look: Look = USUAL) -> dict[str, object]:
    """Return what the template `run.html` fills in."""
    result, ledger = facts.result, facts.result.ledger
    shown = columns(facts)
    acted, idle = events(facts)
    return {
        "result": result,
        "title": result.title or result.strategy,
        "first": facts.days[0],
        "last": facts.days[-1],
        "fill_clock": words.fill_clock(result.settings),
        "simulated": words.SIMULATED if result.simulated else "",
        "tearsheet": tearsheet,
        "judged": judged(facts, shown),
        "audit": result.audit,
        "evidence": [(EVIDENCE[each.kind], each) for each in result.evidence],
        "warnings": result.warnings,
        "sections": [each for each in SECTIONS if each[0] != "catalysts" or acted or idle],
        "paragraphs": paragraphs(_body(result)),
        "claims": [(claim, [(str(kill), FIGURES[kill.figure]) for kill in claim.criteria]) for claim in result.claims],
        "parameters": [(name, plain(value), result.param_words.get(name, "")) for name, value in result.params.items()],
        "exits": [(words.label(name), _exit(name, value)) for name, value in result.exits.as_dict().items()],
        "settings": _settings(result),
        "short": headline_table(shown),
        "full": full_table(shown),
        "strip": _strip(facts, shown, look),
        "benchmark": "" if facts.others is None else result.benchmark_name,
        "charts": _charts(facts, shown, look.lang),
        "has_marks": any(touch.row + 1 < len(facts.days) for touch in result.history.touches()),
        "month_names": MONTHS,
        "months": month_table(ledger.sessions, facts.returns, facts.others),
        "acted": acted,
        "idle": idle,
        "stocks": traded,
        "most_drawn": MOST_DRAWN,
        "not_drawn": max(len(traded) - MOST_DRAWN, 0),
        "closed": sums.exits(facts),
        "kinds": sums.kinds(facts),
        "refused": refused.reasons(facts),
        "all_refused": refused.all_reasons(facts),
        "refusals": refused.refusals(facts),
        "refusals_left_out": max(len(ledger.refusals) - refused.MOST_ROWS, 0),
        "missed_rule": refused.RULE,
        "costs": sums.costs(facts),
        "cost_of_trading": sums.cost_of_trading(facts),
        "volume": sums.volume(facts),
        "trading": sums.trading(facts),
        "statistics": facts.trading,
        "fills": [_fill(fill, facts) for fill in ledger.fills[-MOST_FILLS:]],
        "fills_left_out": max(len(ledger.fills) - MOST_FILLS, 0),
        "fill_words": words.FILLS,
        "most_rows": MOST_FILLS,
        "definitions": [*DEFINITIONS, *TRADE_DEFINITIONS, *DETAIL_DEFINITIONS],
    }


def _body(result: Result) -> str:
    """Return the thesis' words without the title, which the page has above them."""
    first, _, rest = result.doc.strip().partition("\n\n")
    return rest if rest and " ".join(first.split()) in {result.title, f"{result.title}."} else result.doc


def _strip(facts: Facts, shown: Sequence[Column], look: Look) -> dict[str, object] | None:
    nulls, own = facts.result.nulls, shown[0].metrics.total_return
    draws = None if nulls is None else nulls.random_names
    if draws is None or not len(draws.totals) or own is None:
        return None
    label = sentence("Total return of the random draws; strategy %(gain)s", look.lang, gain=gain(own))
    own_label = f"{translate('Strategy', look.lang)} {gain(own)}"
    return {
        "charts": [
            Markup(strip.strip_chart(draws.totals, own, size, own_label=own_label, label=label))  # noqa: S704  escaped there
            for size in (strip.WIDE, strip.NARROW)
        ],
        "beats": f"{draws.beats:,}",
        "placebos": f"{draws.placebos:,}",
        "p_value": f"{draws.p_value:.2f}",
    }


def _charts(facts: Facts, shown: Sequence[Column], lang: Lang) -> Iterator[Markup]:
    """Draw the account for readers without script, and for paper."""
    own = gain(shown[0].metrics.total_return)
    label = sentence("Gain since the start and drawdown. Strategy %(gain)s", lang, gain=own)
    if facts.others is not None:
        label += f", {facts.result.benchmark_name} {gain(shown[1].metrics.total_return)}"
    other = None if facts.others is None else _growth(facts.others)
    marks, sessions = _marks(facts), facts.result.ledger.sessions
    for frame in (WIDE, NARROW):
        yield Markup(equity_chart(sessions, _growth(facts.returns), other, marks, frame, label, lang))  # noqa: S704  escaped there


def _growth(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the gain since the start after every session."""
    return np.asarray(np.cumprod(1.0 + returns) - 1.0, dtype=np.float64)


def _marks(facts: Facts) -> list[Mark]:
    """Return one mark for each session that a catalyst could first act on."""
    titles: dict[int, list[str]] = {}
    for touch in facts.result.history.touches():
        if touch.row + 1 < len(facts.days):
            titles.setdefault(touch.row + 1, []).append(touch.catalyst.title)
    return [Mark(row, "\n".join([facts.days[row], *texts])) for row, texts in sorted(titles.items())]


def _exit(name: str, value: float | None) -> str:
    if value is None:
        return said("off")
    return said("%(n)s sessions", n=f"{value:g}") if name == "max_sessions" else percent(value)


def _settings(result: Result) -> list[tuple[str, str]]:
    data = result.record.get("data")
    fingerprint = data.get("fingerprint", "") if isinstance(data, dict) else ""
    return [
        ("data", paired(result.source_label, fingerprint) if fingerprint else result.source_label),
        *market_words(result.settings),
        ("rebalance", said(words.label(result.rebalance))),
    ]


def _fill(fill: Fill, facts: Facts) -> dict[str, object]:
    fees = fill.commission + fill.stamp_duty + fill.transfer_fee + fill.dividend_tax
    return {
        "session": facts.days[fill.session],
        "name": facts.names[fill.symbol],
        "side": fill.side,
        "shares": f"{fill.shares:,}",
        "price": price_text(fill.price),
        "value": money(fill.shares * fill.price),
        "fees": money(fees),
        "reason": fill.reason,
    }
