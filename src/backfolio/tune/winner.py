"""The best trial once more: in backtrader, as a command, and as settings to keep."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.backtest import Request, backtest
from backfolio.errors import BackfolioError, ThesisError
from backfolio.sweep import ledger
from backfolio.tune.space import MARKET_PREFIX, split_values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from backfolio.backtest import ThesisFile
    from backfolio.result import Result
    from backfolio.source import Source
    from backfolio.strategy import Strategy
    from backfolio.tune.evaluate import Job
    from backfolio.tune.identity import Asked
    from backfolio.tune.space import Value
    from backfolio.tune.trials import Trials


PEEKS: Final = 12
"""Sessions after which the future is taken from the winner, to see whether its past stands."""


class LedgerError(BackfolioError):
    """The winner's replay and its trial are not the same ledger: one of them is wrong."""

    exit_status = 1


@dataclass(frozen=True, slots=True)
class Winner:
    """The best trial, in words that a command line and a settings file take.

    Parameters
    ----------
    values
        What was varied, by name.
    params
        All parameter values given, those that were fixed included.
    market
        Market settings that were varied, by name.
    """

    values: Mapping[str, Value]
    params: Mapping[str, object]
    market: Mapping[str, object]

    @classmethod
    def of(cls, trials: Trials, row: int, fixed: Mapping[str, object]) -> Winner:
        """Return the trial of a row."""
        values = trials.values(row)
        market = {
            name.removeprefix(MARKET_PREFIX): value for name, value in values.items() if name.startswith(MARKET_PREFIX)
        }
        params = {name: value for name, value in values.items() if not name.startswith(MARKET_PREFIX)}
        return cls(values, {**fixed, **params}, market)

    def words(self) -> dict[str, str]:
        """Return the parameters as ``--param`` takes them."""
        return {name: written(value) for name, value in self.params.items()}

    def toml(self, strategy: str) -> str:
        """Return the parameters as a block of ``backfolio.toml``, and a block of varied market settings after it."""
        blocks = []
        if self.params:
            lines = [f"{_key(name)} = {_toml(value)}" for name, value in self.params.items()]
            blocks.append("\n".join([f"[params.{strategy}]", *lines]) + "\n")
        if self.market:
            lines = [f"{name} = {_toml(value)}" for name, value in self.market.items()]
            blocks.append("\n".join(["[run]", *lines]) + "\n")
        return "\n".join(blocks)


def replayed(
    thesis: ThesisFile,
    source: Source,
    job: Job,
    trials: Trials,
    asked: Asked,
    command: str,
    on_session: Callable[[int, int], None] | None = None,
) -> Result:
    """Replay the best trial in backtrader and hold it against the sweep.

    Raises
    ------
    ThesisError
        If the thesis looks ahead.
    LedgerError
        If the two ledgers differ, or the sweep gives another equity now than
        it did for the trial.
    """
    if trials.best is None:
        message = "there is no best trial to replay"
        raise ValueError(message)
    winner = Winner.of(trials, trials.best, job.fixed)
    strategy, settings = job.built(winner.values)
    swept = ledger(job.bars, strategy.emit(job.history, *job.rows), strategy.exits, settings)
    shown = ", ".join(f"{name}={written(value)}" for name, value in winner.values.items())
    before = trials.equity[trials.best]
    if not np.array_equal(swept.equity, before):
        row = int(np.flatnonzero(swept.equity != before)[0])
        message = (
            f"{thesis.name} with {shown} gives another equity now than in its trial, first on {job.sessions[row]} "
            f"({swept.equity[row]:,} != {before[row]:,} mills): its targets depend on something beside its parameters "
            "and history; take that out"
        )
        raise LedgerError(message)
    demand_past_stands(strategy, job)
    params, _ = split_values(winner.values, job.settings)
    request = Request(
        settings=settings,
        params={**job.fixed, **params},
        start=asked.start,
        end=asked.end,
        benchmark=asked.benchmark,
        command=command,
    )
    result = backtest(thesis, source, request, on_session)
    differs = result.ledger.first_difference(swept)
    if differs:
        message = (
            f"the replay of {thesis.name} with {shown} and its sweep differ; replay first, {differs}: "
            "believe neither, and report it"
        )
        raise LedgerError(message)
    return result


def demand_past_stands(strategy: Strategy, job: Job) -> None:
    """Refuse a thesis whose targets change once the future is known, as far as a few sessions show.

    `walk_guard.demand_no_look_ahead` looks at every session of a test.

    Raises
    ------
    ThesisError
        Naming the first session and symbol that changed.
    """
    first, stop = job.rows
    whole = strategy.emit(job.history, first, stop).weights
    for cut in np.linspace(first, stop - 2, PEEKS).astype(int).tolist():
        past = job.history.until(job.history.bars.sessions[cut])
        before = strategy.emit(past, first, cut + 1).weights
        changed = np.argwhere(before != whole[: cut + 1 - first])
        if len(changed):
            row, column = changed[0].tolist()
            message = (
                f"{strategy.name} looks ahead: its target of {job.history.symbols[column]} on {job.sessions[row]} is "
                f"another one where nothing after {job.history.bars.sessions[cut]} is known; its trials say nothing, "
                "so take out what reads later rows (a shift backward, a statistic over all rows)"
            )
            raise ThesisError(message)


def written(value: object) -> str:
    """Write a value as ``--param`` and ``--vary`` read it.

    Examples
    --------
    >>> written(None), written(True), written(0.15), written(20)
    ('none', 'true', '0.15', '20')
    """
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _key(name: str) -> str:
    return json.dumps(name) if "." in name else name


def _toml(value: object) -> str:
    if value is None or isinstance(value, str):
        return json.dumps(written(value), ensure_ascii=False)
    return written(value)
