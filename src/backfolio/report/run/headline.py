"""The headline: the strategy beside the benchmark and its null hypotheses, and what `run.json` says of it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.metrics import (
    DEFINITIONS,
    DETAIL_DEFINITIONS,
    NOT_AVAILABLE,
    TRADE_DEFINITIONS,
    Definition,
    Metrics,
    summary,
)
from backfolio.money import cny_text
from backfolio.report.gallery.lines import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from backfolio.report.run.facts import Facts
    from backfolio.result import Result

GROUPS: Final = (
    ("Return", ("total_return", "cagr", "best_session", "worst_session", "win_rate")),
    ("Risk", ("volatility", "max_drawdown", "drawdown_sessions", "ulcer_index", "value_at_risk",
              "conditional_value_at_risk", "skew", "kurtosis")),
    ("Return for risk", ("sharpe", "probabilistic_sharpe", "sortino", "calmar", "omega", "tail_ratio")),
    ("Against the benchmark", ("beta", "alpha", "correlation", "r_squared", "tracking_error", "information_ratio",
                               "treynor")),
)  # fmt: skip
"""How all figures are ordered."""

RELATIVE: Final = dict(GROUPS)["Against the benchmark"]

HEADLINE: Final = (
    "total_return", "cagr", "volatility", "max_drawdown", "drawdown_sessions", "sharpe", "sortino", "calmar",
    "worst_session", "beta", "alpha", "information_ratio",
)  # fmt: skip
"""What the table beside the thesis shows, in order."""

TRADED: Final = ("turnover", "exposure", "cost_share", "beaten")
"""Below them: what only who trades has."""


class Column(NamedTuple):
    """What is compared: its heading, what it is, and its figures."""

    label: str
    words: str
    metrics: Metrics
    traded: Mapping[str, float | None]
    """Of `TRADED`, what it has."""
    relative: bool
    """Whether figures against the benchmark mean something."""


class Row(NamedTuple):
    """One figure of every column, as text."""

    label: str
    words: str
    cells: tuple[str, ...]


class Table(NamedTuple):
    """Headings with what they mean, and groups of rows; a group without a title has ""."""

    heads: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, tuple[Row, ...]], ...]


def headline(result: Result) -> dict[str, object]:
    """Return what `run.json` and the gallery show of a result; JSON types only."""
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
        "line": line_of(ledger.returns()),
        "benchmark_line": [] if others is None else line_of(others),
    }


def columns(facts: Facts) -> tuple[Column, ...]:
    """Return the strategy, then what there is of the benchmark, the held universe and the random names."""
    result, others = facts.result, facts.others
    known, nulls = others is not None, result.nulls
    own: dict[str, float | None] = {name: getattr(facts.trading, name, None) for name in TRADED}
    if nulls is not None and nulls.random_names is not None:
        own["beaten"] = nulls.random_names.beaten
    found = [
        Column("Strategy", "The account of this run, all costs taken off.", summary(facts.returns, others), own, known)
    ]
    if others is not None:
        found.append(Column("Benchmark", result.benchmark_name, summary(others), {}, relative=False))
    for null in () if nulls is None else (nulls.hold, nulls.random_names):
        if null is not None:
            start = result.ledger.start_cash
            costs = null.costs / start if start else None
            traded = {"turnover": null.turnover, "exposure": null.exposure, "cost_share": costs}
            found.append(Column(null.label, null.words, summary(null.returns, others), traded, known))
    return tuple(found)


def headline_table(shown: Sequence[Column]) -> Table:
    """Return the short table: the figures that decide, and what trading took."""
    plain = [row for name in HEADLINE if (row := _row(name, shown)) is not None]
    return Table(_heads(shown), (("", (*plain, *_traded(shown))),))


def full_table(shown: Sequence[Column]) -> Table:
    """Return every figure, in groups."""
    groups = [(title, tuple(row for name in names if (row := _row(name, shown)))) for title, names in GROUPS]
    return Table(_heads(shown), tuple((title, rows) for title, rows in groups if rows))


def table_text(table: Table) -> str:
    """Write a table of figures as lines of text, columns aligned."""
    lines = [("", *(label for label, _ in table.heads))]
    for title, rows in table.groups:
        lines += [(title, *("" for _ in table.heads))] if title else []
        lines += [(row.label, *row.cells) for row in rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    aligned = (
        [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        for line in lines
    )
    return "\n".join("  ".join(cells).rstrip() for cells in aligned) + "\n"


def _heads(shown: Sequence[Column]) -> tuple[tuple[str, str], ...]:
    return tuple((column.label, column.words) for column in shown)


def _row(name: str, shown: Sequence[Column]) -> Row | None:
    """Return a figure of every column; None where it means nothing in any."""
    entry = _BY_NAME[name]
    relative = name in RELATIVE
    if relative and not any(column.relative for column in shown):
        return None
    cells = tuple(
        entry.text(getattr(column.metrics, name)) if column.relative or not relative else NOT_AVAILABLE
        for column in shown
    )
    return Row(entry.label, entry.words, cells)


def _traded(shown: Sequence[Column]) -> Iterator[Row]:
    for name in TRADED:
        entry = _BY_NAME[name]
        if name != "beaten" or shown[0].traded[name] is not None:
            yield Row(entry.label, entry.words, tuple(entry.text(column.traded.get(name)) for column in shown))


_BY_NAME: Final[dict[str, Definition]] = {
    entry.name: entry for entry in (*DEFINITIONS, *TRADE_DEFINITIONS, *DETAIL_DEFINITIONS)
}
