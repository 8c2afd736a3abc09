"""backtrader's own optimiser against the sweep: the same thesis, the same bars."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.discover import discover
from backfolio.settings import MarketSettings
from backfolio.sweep import sparse, sweep
from backfolio.tune.evaluate import evaluate, make_job
from backfolio.tune.space import read_space
from bench import kernel, naive, plain, world
from bench.timing import Row, Time, measure, milliseconds, now, since

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from backfolio.backtest import ThesisFile
    from backfolio.history import History
    from backfolio.strategy import Strategy
    from backfolio.tune.evaluate import Batch

    Values = dict[str, Sequence[float | None]]

ROOT: Final = Path(__file__).resolve().parents[1]
THESIS: Final = "fresh_strength"

NAMES: Final = 20
NEWS: Final = ("model_release", "analyst_upgrade")

EXITS: Final[Values] = {"stop_loss": (0.05, 0.15), "trailing": (0.1, 0.2), "take_profit": (0.5,), "max_sessions": (40,)}
MORE_EXITS: Final[Values] = {**EXITS, "stop_loss": (0.05, 0.08, 0.1, 0.12, 0.15), "trailing": (None, 0.1, 0.2, 0.3)}
PARAMETERS: Final[Values] = {"hold": (10, 60), "names": (3, 10)}
MORE_PARAMETERS: Final[Values] = {"hold": (10, 20, 30, 40, 60), "names": (3, 5, 8, 10)}
"""Four sets and twenty: what the optimiser takes longer for the twenty is the cost of sixteen, without setting up."""

VARY: Final = ("hold=5:50:5", "names=1:10:1", "span=5:50:5")
"""A thousand sets, each with targets of its own."""

TRIALS: Final = 1_000
REPEATS: Final = 5
LEAST_EXITS: Final = 10_000
LEAST_PARAMETERS: Final = 500


def rows() -> Iterator[Row]:
    """Measure the optimiser, the sweep, and how far they do the same."""
    bars = world.market(NAMES)
    history = world.history(bars)
    found = discover([ROOT / "bench" / "theses"], ROOT).find(THESIS)
    thesis = found.strategy
    data, news = naive.frames(bars), plain.events(history, *NEWS)
    size = f"{NAMES} x {len(bars.sessions)}"
    yield _same(history, thesis(), plain.watch(data, news), size)

    theirs = _optimiser(data, news, EXITS, MORE_EXITS)
    yield Row(f"cerebro.optstrategy, exits varied, {size}", f"{theirs} a set, all processors")
    targets = [sparse(thesis().emit(history))]
    trials = kernel.draw(TRIALS)
    took, _ = measure(lambda: sweep(bars, targets, trials), REPEATS)
    yield from _ratio(f"sweep of {TRIALS:,} trials, exits varied, {size}", took, theirs, LEAST_EXITS)

    theirs = _optimiser(data, news, PARAMETERS, MORE_PARAMETERS)
    yield Row(f"cerebro.optstrategy, thesis parameters varied, {size}", f"{theirs} a set, all processors")
    took, _ = measure(_evaluation(history, found), REPEATS)
    yield from _ratio(f"evaluation of {TRIALS:,} sets of thesis parameters, {size}", took, theirs, LEAST_PARAMETERS)


def _optimiser(data: dict[str, pd.DataFrame], news: plain.Events, few: Values, many: Values) -> Time:
    """Return the time of a set, once all is set up."""
    took = []
    for values in (few, many):
        begun = now()
        count = plain.optimise(data, news, **values)
        took.append((count, since(begun)))
    (fewer, short), (more, long) = took
    sets = more - fewer
    return Time((long.cpu - short.cpu) / sets, (long.wall - short.wall) / sets)


def _ratio(figure: str, took: Time, theirs: Time, least: int) -> Iterator[Row]:
    each = f"{took.cpu / TRIALS * 1e6:.0f} us CPU, {took.wall / TRIALS * 1e6:.0f} us wall a trial"
    cpu, wall = (theirs.cpu / took.cpu * TRIALS, theirs.wall / took.wall * TRIALS)
    yield Row(figure, f"{milliseconds(took)}; {each}")
    yield Row("    times faster a trial", f"{cpu:,.0f} (CPU), {wall:,.0f} (wall)", f">= {least:,} (CPU)", cpu >= least)


def _evaluation(history: History, thesis: ThesisFile) -> Callable[[], Batch]:
    """Return the evaluation of all of `VARY`, as `tune` does it; the history is fresh, its frames are part of it."""
    space = read_space(VARY, thesis.strategy)
    assert space.size == TRIALS
    rows = 0, len(history.sessions)
    last = history.bars.sessions[-1]

    def evaluated() -> Batch:
        job = make_job(thesis, history.until(last), rows, MarketSettings(), {}, space)
        return evaluate(job, np.arange(space.size), workers=os.cpu_count() or 1)

    return evaluated


def _same(history: History, strategy: Strategy, run: plain.Watched, size: str) -> Row:
    """Tell on how many sessions both want the same names."""
    held = np.zeros(len(history.symbols), dtype=np.bool_)
    same = 0
    for day, row in zip(history.bars.sessions, strategy.emit(history).weights, strict=True):
        held = np.where(row >= 0, row > 0, held)
        wanted = {symbol for symbol, is_held in zip(history.symbols, held, strict=True) if is_held}
        same += wanted == run.choices.get(day.item(), set())
    return Row(f"sessions on which both ways want the same names, {size}", f"{same:,} of {len(history.sessions):,}")
