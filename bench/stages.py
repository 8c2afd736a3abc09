"""Where a cold run's CPU time goes: the same steps as `run`, one after the other; prints JSON."""
# ruff: noqa: E402, PLC0415  the order of imports is what is measured

import time

MARKS = {"interpreter": time.process_time()}

import json
import sys
from pathlib import Path


def _done(stage: str) -> None:
    MARKS[stage] = time.process_time()


def main(workspace: Path) -> None:
    """Take the steps of ``run domestic_compute --data sample --no-report``."""
    import numpy as np  # noqa: F401
    import pandas as pd  # noqa: F401

    _done("numpy, pandas")
    from backfolio import calendar

    calendar.all_sessions()
    _done("calendar")
    import rich.console
    import rich.table  # noqa: F401
    import typer

    from backfolio.cli.app import app

    typer.main.get_command(app).commands["run"].make_context("run", ["domestic_compute", "--no-report"])  # type: ignore[attr-defined]
    _done("typer, rich")
    import backtrader as bt  # noqa: F401

    _done("backtrader")
    from backfolio.source import load

    source = load("sample", workspace)
    _done("sample")
    from backfolio.discover import discover
    from backfolio.history import History

    thesis = discover([workspace / "strategies"], workspace).find("domestic_compute")
    strategy = thesis.strategy.with_params({})
    history = History(source.bars, source.catalysts, source.universes[strategy.universe], None)
    targets = strategy.emit(history)
    _done("history, thesis")
    from backfolio.replay import replay

    ledger = replay(history.bars, targets, strategy.exits)
    _done("replay")
    from backfolio.metrics import summary, trade_statistics

    summary(ledger.returns(), None)
    trade_statistics(ledger, history.bars)
    _done("metrics")
    before = 0.0
    spent = {}
    for stage, mark in MARKS.items():
        spent[stage] = mark - before
        before = mark
    print(json.dumps(spent))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
