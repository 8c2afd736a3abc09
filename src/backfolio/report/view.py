"""What the page of a run shows, as plain values: a pure function of the result."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from markupsafe import Markup

from backfolio.metrics import (
    DEFINITIONS,
    NOT_AVAILABLE,
    TRADE_DEFINITIONS,
    Definition,
    Metrics,
    TradeStatistics,
    summary,
    trade_statistics,
)
from backfolio.money import cny_text
from backfolio.report import words
from backfolio.report.chart import NARROW, WIDE, Mark, equity_chart
from backfolio.report.months import month_table
from backfolio.report.tables import price_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from backfolio.ledger import Fill, Refusal
    from backfolio.result import Result
    from backfolio.settings import MarketSettings

MOST_ROWS: Final = 1_000
"""Lines of fills or refusals on a page; the CSV file holds all."""

GROUPS: Final = (
    ("Return", ("total_return", "cagr", "best_session", "worst_session", "win_rate")),
    ("Risk", ("volatility", "max_drawdown", "drawdown_sessions", "ulcer_index", "value_at_risk",
              "conditional_value_at_risk", "skew", "kurtosis")),
    ("Return for risk", ("sharpe", "probabilistic_sharpe", "sortino", "calmar", "omega", "tail_ratio")),
    ("Against the benchmark", ("beta", "alpha", "correlation", "r_squared", "tracking_error", "information_ratio",
                               "treynor")),
)  # fmt: skip
"""How the headline table is ordered."""

RELATIVE: Final = dict(GROUPS)["Against the benchmark"]

TRADING: Final = (
    "round_trips", "open_positions", "hit_rate", "mean_result", "mean_gain", "mean_loss", "best_trip", "worst_trip",
    "profit_factor", "mean_sessions", "turnover", "exposure", "sessions_invested", "fills", "refusals",
)  # fmt: skip


class Figure(NamedTuple):
    """One line of a table of figures."""

    label: str
    words: str
    value: str
    benchmark: str = ""


class Paragraph(NamedTuple):
    """A paragraph of the thesis, and whether its line breaks mean something."""

    text: str
    lines: bool


class Event(NamedTuple):
    """One catalyst of the window."""

    acts: str
    known: str
    kind: str
    title: str
    names: str
    certainty: str
    source: str
    note: str


def view(result: Result, *, tearsheet: bool) -> dict[str, object]:
    """Return what the template `run.html` fills in."""
    ledger = result.ledger
    returns = ledger.returns()
    others = result.benchmark_returns()
    metrics = summary(returns, others)
    benchmark = None if others is None else summary(others)
    trading = trade_statistics(ledger, result.history.bars)
    days = [str(day) for day in ledger.sessions.astype("datetime64[D]")]
    names = names_of(result)
    return {
        "result": result,
        "title": result.title or result.strategy,
        "paragraphs": paragraphs(result.doc),
        "first": days[0],
        "last": days[-1],
        "fill_clock": words.fill_clock(result.settings),
        "simulated": words.SIMULATED if result.simulated else "",
        "warnings": result.warnings,
        "tearsheet": tearsheet,
        "tiles": _tiles(result, metrics, benchmark, trading),
        "benchmark": "" if benchmark is None else result.benchmark_name,
        "charts": _charts(result, returns, others, metrics, benchmark),
        "has_marks": any(touch.row + 1 < len(days) for touch in result.history.touches()),
        "groups": _groups(metrics, benchmark),
        "months": month_table(ledger.sessions, returns, others),
        "trading": [
            Figure(entry.label, entry.words, entry.text(getattr(trading, entry.name)))
            for entry in _named(TRADE_DEFINITIONS, TRADING)
        ],
        "statistics": trading,
        "costs": _costs(trading, result),
        "parameters": [(name, plain(value)) for name, value in result.params.items()],
        "exits": [(words.label(name), _exit(name, value)) for name, value in result.exits.as_dict().items()],
        "settings": _settings(result),
        "names": names,
        "events": _events(result, days, names),
        "fills": [_fill(fill, result, days) for fill in ledger.fills[-MOST_ROWS:]],
        "fills_left_out": max(len(ledger.fills) - MOST_ROWS, 0),
        "refusals": [_refusal(refusal, result, days) for refusal in ledger.refusals[-MOST_ROWS:]],
        "refusals_left_out": max(len(ledger.refusals) - MOST_ROWS, 0),
        "refusal_words": words.REFUSALS,
        "fill_words": words.FILLS,
        "definitions": [*DEFINITIONS, *TRADE_DEFINITIONS],
        "most_rows": MOST_ROWS,
    }


def headline(result: Result) -> dict[str, object]:
    """Return what `run.json` and the list of runs show of a result; JSON types only."""
    ledger = result.ledger
    others = result.benchmark_returns()
    metrics = summary(ledger.returns(), others)
    return {
        "strategy": result.strategy,
        "title": result.title,
        "run_id": result.run_id,
        "first": str(ledger.sessions[0].astype("datetime64[D]")),
        "last": str(ledger.sessions[-1].astype("datetime64[D]")),
        "source": result.source_label,
        "simulated": result.simulated,
        "benchmark": result.benchmark_name if others is not None else "",
        "benchmark_total_return": None if others is None else summary(others).total_return,
        "fills": len(ledger.fills),
        "refusals": len(ledger.refusals),
        "final_equity": cny_text(int(ledger.equity[-1])),
        "metrics": {entry.name: getattr(metrics, entry.name) for entry in fields(Metrics)},
    }


def names_of(result: Result) -> dict[str, tuple[str, str]]:
    """Return (Chinese or only name, English name or "") of every symbol."""
    names = {symbol: (result.history.bars.names.get(symbol, ""), "") for symbol in result.ledger.symbols}
    universe = result.history.universe
    for member in () if universe is None else universe.members:
        if member.symbol in names:
            ours = member.name_zh or names[member.symbol][0] or member.name
            names[member.symbol] = (ours, member.name if member.name != ours else "")
    return names


def money(mills: int, decimals: int = 2) -> str:
    """Write mills as CNY with thousands apart; 0 decimals rounds half up to the CNY."""
    text = cny_text(abs(mills), 2) if decimals else str((abs(mills) + 500) // 1_000)
    whole, point, rest = text.partition(".")
    sign = words.MINUS if mills < 0 and text.strip("0.") else ""
    return f"{sign}{int(whole):,}{point}{rest}"


def plain(value: object) -> str:
    """Write a parameter as a person would."""
    if value is None:
        return "off"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def percent(fraction: float) -> str:
    """Write a fraction as a percentage with no more decimals than it needs."""
    return f"{fraction * 100:.4f}".rstrip("0").rstrip(".") + "%"


def paragraphs(doc: str) -> list[Paragraph]:
    """Split a docstring; lists and indented text keep their lines, prose flows."""
    parts = []
    for part in inspect.cleandoc(doc).split("\n\n"):
        lines = part.strip("\n").splitlines()
        listed = any(line.startswith((" ", "* ", "- ", "---")) for line in lines)
        if lines:
            parts.append(Paragraph("\n".join(lines) if listed else " ".join(lines), listed))
    return parts


def market_words(settings: MarketSettings) -> list[tuple[str, str]]:
    """Return the market settings by name, in words."""
    return [
        ("cash", f"¥{settings.cash:,.2f}"),
        ("price", "open" if settings.price == "open" else "average of the session (amount / volume)"),
        ("slippage", f"{settings.slippage:g} basis points"),
        ("participation", f"{percent(settings.participation)} of the volume"),
        ("chase", f"{settings.chase:g} sessions"),
        ("commission", f"{percent(settings.commission)}, at least ¥{settings.min_commission:,.2f}"),
        ("dividend tax", "by holding period, taken at the sale" if settings.dividend_tax else "off"),
    ]


def _named(table: Sequence[Definition], names: Sequence[str]) -> list[Definition]:
    by_name = {entry.name: entry for entry in table}
    return [by_name[name] for name in names]


def _groups(metrics: Metrics, benchmark: Metrics | None) -> list[tuple[str, list[Figure]]]:
    groups = []
    for title, names in GROUPS:
        if names is RELATIVE and benchmark is None:
            continue
        rows = [
            Figure(
                entry.label,
                entry.words,
                entry.text(getattr(metrics, entry.name)),
                "" if benchmark is None or names is RELATIVE else entry.text(getattr(benchmark, entry.name)),
            )
            for entry in _named(DEFINITIONS, names)
        ]
        groups.append((title, rows))
    return groups


def _tiles(
    result: Result, metrics: Metrics, benchmark: Metrics | None, trading: TradeStatistics
) -> list[tuple[str, str, str]]:
    """Return (label, value, line below) of the figures on top."""
    of = {entry.name: entry for entry in (*DEFINITIONS, *TRADE_DEFINITIONS)}
    beside = "no benchmark"
    if benchmark is not None:
        beside = f"benchmark {of['total_return'].text(benchmark.total_return)}"
    deepest = "" if benchmark is None else f"benchmark {of['max_drawdown'].text(benchmark.max_drawdown)}"
    ratio = "" if benchmark is None else f"benchmark {of['sharpe'].text(benchmark.sharpe)}"
    hits = of["hit_rate"].text(trading.hit_rate)
    return [
        ("Total return", of["total_return"].text(metrics.total_return), beside),
        (
            "Account at the end",
            f"¥{money(int(result.ledger.equity[-1]), 0)}",
            f"from ¥{money(result.ledger.start_cash, 0)}",
        ),
        ("Max drawdown", of["max_drawdown"].text(metrics.max_drawdown), deepest),
        ("Sharpe ratio", of["sharpe"].text(metrics.sharpe), ratio),
        ("Round trips", f"{trading.round_trips:,}", "none closed" if hits == NOT_AVAILABLE else f"{hits} gained"),
        (
            "Costs",
            f"¥{money(trading.costs.total, 0)}",
            f"{of['cost_share'].text(trading.cost_share)} of the start",
        ),
    ]


def _charts(
    result: Result,
    returns: NDArray[np.float64],
    others: NDArray[np.float64] | None,
    metrics: Metrics,
    benchmark: Metrics | None,
) -> list[Markup]:
    total = DEFINITIONS[1]
    label = f"Gain since the start and drawdown. Strategy {total.text(metrics.total_return)}"
    if benchmark is not None:
        label += f", {result.benchmark_name} {total.text(benchmark.total_return)}"
    marks = _marks(result)
    other = None if others is None else _growth(others)
    drawn = [
        equity_chart(result.ledger.sessions, _growth(returns), other, marks, frame, label) for frame in (WIDE, NARROW)
    ]
    return [Markup(chart) for chart in drawn]  # noqa: S704  every text in it is escaped where it is drawn


def _growth(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the gain since the start after every session."""
    return np.asarray(np.cumprod(1.0 + returns) - 1.0, dtype=np.float64)


def _marks(result: Result) -> list[Mark]:
    """Return one mark for each session that a catalyst could first act on."""
    titles: dict[int, list[str]] = {}
    days = result.ledger.sessions.astype("datetime64[D]")
    for touch in result.history.touches():
        if touch.row + 1 < len(days):
            titles.setdefault(touch.row + 1, []).append(touch.catalyst.title)
    return [Mark(row, "\n".join([f"{days[row]}", *texts])) for row, texts in sorted(titles.items())]


def _events(result: Result, days: Sequence[str], names: Mapping[str, tuple[str, str]]) -> list[Event]:
    events = []
    for touch in result.history.touches():
        catalyst = touch.catalyst
        symbols = [result.history.symbols[column] for column in touch.columns]
        touched = ", ".join(names[symbol][0] or symbol for symbol in symbols)
        if catalyst.segment == "*":
            touched = f"all {len(symbols)} names"
        elif catalyst.segment:
            touched = f"{catalyst.segment.replace(';', ', ')} ({len(symbols)} names)"
        events.append(
            Event(
                days[touch.row + 1] if touch.row + 1 < len(days) else "after the window",
                f"{catalyst.known_at:%Y-%m-%d %H:%M}"
                if catalyst.time_known == "yes"
                else f"{catalyst.known_at:%Y-%m-%d}",
                words.label(catalyst.kind),
                catalyst.title,
                touched,
                catalyst.certainty,
                catalyst.source,
                catalyst.note,
            )
        )
    return events


def _costs(trading: TradeStatistics, result: Result) -> list[tuple[str, str]]:
    costs = trading.costs
    rows = [
        ("Commission", money(costs.commission)),
        ("Stamp duty", money(costs.stamp_duty)),
        ("Transfer fee", money(costs.transfer_fee)),
    ]
    if result.settings.dividend_tax:
        rows.append(("Dividend tax", money(costs.dividend_tax)))
    return [*rows, ("All", money(costs.total))]


def _exit(name: str, value: float | None) -> str:
    if value is None:
        return "off"
    return f"{value:g} sessions" if name == "max_sessions" else percent(value)


def _settings(result: Result) -> list[tuple[str, str]]:
    data = result.record.get("data")
    fingerprint = data.get("fingerprint", "") if isinstance(data, dict) else ""
    return [
        ("data", f"{result.source_label} {fingerprint}".strip()),
        *market_words(result.settings),
        ("rebalance", result.rebalance.replace("_", " ")),
    ]


def _fill(fill: Fill, result: Result, days: Sequence[str]) -> dict[str, object]:
    fees = fill.commission + fill.stamp_duty + fill.transfer_fee + fill.dividend_tax
    return {
        "session": days[fill.session],
        "symbol": result.ledger.symbols[fill.symbol],
        "side": fill.side,
        "shares": f"{fill.shares:,}",
        "price": price_text(fill.price),
        "value": money(fill.shares * fill.price),
        "fees": money(fees),
        "reason": fill.reason,
    }


def _refusal(refusal: Refusal, result: Result, days: Sequence[str]) -> dict[str, object]:
    return {
        "session": days[refusal.session],
        "symbol": result.ledger.symbols[refusal.symbol],
        "side": refusal.side,
        "shares": f"{refusal.shares:,}",
        "reason": refusal.reason,
    }
