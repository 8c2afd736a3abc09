"""Result tables: one run against its benchmark, or several runs together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from backfolio.cli import console
from backfolio.errors import command, counted
from backfolio.metrics import DEFINITIONS, TRADE_DEFINITIONS, Metrics, TradeStatistics, summary, trade_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.report import Written
    from backfolio.result import Result

HEADLINE: Final = (
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "calmar",
    "beta",
    "alpha",
)
FIGURES: Final = {definition.name: definition for definition in (*DEFINITIONS, *TRADE_DEFINITIONS)}
TRADES: Final = ("fills", "refusals", "round_trips", "hit_rate", "turnover", "exposure")
SHORT: Final = {
    "total_return": "Return",
    "cagr": "CAGR",
    "volatility": "Volatility",
    "sharpe": "Sharpe",
    "max_drawdown": "Drawdown",
}
"""What a comparison shows of each run, under short names that leave room for the theses'."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run with its figures and the path of its report."""

    result: Result
    metrics: Metrics
    benchmark: Metrics | None
    trades: TradeStatistics
    written: Written | None

    @property
    def page(self) -> str:
        """Path of the report's page, from the current folder if it lies below; "" where none was written."""
        if self.written is None:
            return ""
        page, here = self.written.path / "index.html", Path.cwd()
        return str(page.relative_to(here) if page.is_relative_to(here) else page)

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        result = self.result
        return {
            "strategy": result.strategy,
            "run_id": result.run_id,
            "simulated": result.simulated,
            "data": result.source_label,
            "start": str(result.ledger.sessions[0]),
            "end": str(result.ledger.sessions[-1]),
            "params": dict(result.params),
            "exits": result.exits.as_dict(),
            "metrics": asdict(self.metrics),
            "benchmark": None if self.benchmark is None else asdict(self.benchmark),
            "benchmark_name": result.benchmark_name,
            "fills": len(result.ledger.fills),
            "refusals": _refusals(result),
            "equity": int(result.ledger.equity[-1]) / 1000,
            "warnings": list(result.warnings),
            "audit": None if result.audit is None else result.audit.as_dict(),
            "report": self.page or None,
            "existed": self.written is not None and self.written.existed,
        }


def outcome(result: Result, written: Written | None) -> Outcome:
    """Work the figures of a run out."""
    own = result.ledger.returns()
    other = result.benchmark_returns()
    return Outcome(
        result=result,
        metrics=summary(own, other),
        benchmark=None if other is None else summary(other),
        trades=trade_statistics(result.ledger, result.history.bars),
        written=written,
    )


def show(outcomes: Sequence[Outcome]) -> None:
    """Print one run in full, or several in one comparison table."""
    if len(outcomes) == 1:
        _show_one(outcomes[0])
    else:
        _show_many(outcomes)


def _show_one(run: Outcome) -> None:
    result = run.result
    columns = ["", result.strategy]
    if run.benchmark is not None:
        columns.append(result.benchmark_name)
    rows = [
        [FIGURES[key].label, *(FIGURES[key].text(getattr(figures, key)) for figures in _figures(run))]
        for key in HEADLINE
    ]
    blank = [""] * (len(columns) - 2)
    rows += [[FIGURES[key].label, FIGURES[key].text(getattr(run.trades, key)), *blank] for key in TRADES]
    console.table(_title(result), columns, rows)
    _show_notes(outcomes=[run])


def _show_many(outcomes: Sequence[Outcome]) -> None:
    first = outcomes[0].result
    columns = ["", *SHORT.values(), "Fills", "Refusals"]
    rows = [
        [
            run.result.strategy,
            *(FIGURES[key].text(getattr(run.metrics, key)) for key in SHORT),
            f"{len(run.result.ledger.fills):,}",
            f"{len(run.result.ledger.refusals):,}",
        ]
        for run in outcomes
    ]
    benchmark = outcomes[0].benchmark
    if benchmark is not None:
        shown = (FIGURES[key].text(getattr(benchmark, key)) for key in SHORT)
        rows.append([first.history.benchmark_symbol or "", *shown, "", ""])
    console.table(_title(first), columns, rows)
    _show_notes(outcomes)


def _figures(run: Outcome) -> list[Metrics]:
    return [run.metrics] if run.benchmark is None else [run.metrics, run.benchmark]


def _title(result: Result) -> str:
    sessions = result.ledger.sessions
    return f"{result.source_label}, {sessions[0]} to {sessions[-1]} ({counted(len(sessions), 'session')})"


def _show_notes(outcomes: Sequence[Outcome]) -> None:
    console.out("Decided after the close, filled at the next open.")
    told: dict[str, list[str]] = {}
    for run in outcomes:
        for warning in run.result.warnings:
            told.setdefault(warning, []).append(run.result.strategy)
    for warning, whose in told.items():
        console.out(f"Note: {warning}" if len(whose) == len(outcomes) else f"Note on {', '.join(whose)}: {warning}")
    _show_audits([run.result for run in outcomes])
    for run in outcomes:
        if run.written is not None:
            console.out(f"{'Report, there already' if run.written.existed else 'Report'}: {run.page}")


def _show_audits(results: Sequence[Result]) -> None:
    """Print who looks ahead, with the first finding, and once that the others do not."""
    asked = [(result.strategy, result.audit) for result in results if result.audit is not None and result.audit.checked]
    for sentence in dict.fromkeys(str(audit.sentence) for _, audit in asked if not audit.findings):
        console.out(sentence)
    for name, audit in asked:
        for finding in audit.findings[:1]:
            console.out(f"{name}: {audit.sentence}")
            console.out(f"  {finding}")
            console.out(f"  Remedy: {finding.remedy}. The whole audit: {command(f'check {name}')}")


def _refusals(result: Result) -> dict[str, int]:
    counts: dict[str, int] = {}
    for refusal in result.ledger.refusals:
        counts[refusal.reason] = counts.get(refusal.reason, 0) + 1
    return dict(sorted(counts.items()))
