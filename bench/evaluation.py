"""Evaluation of the shipped theses: from parameters to the sparse rows that a sweep takes, again and again."""

from __future__ import annotations

import gc
import statistics
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio.discover import discover
from backfolio.sweep import sparse
from bench import world
from bench.timing import Row, Time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from backfolio.bars import Bars
    from backfolio.history import History
    from backfolio.strategy import Param, Strategy

ROOT: Final = Path(__file__).resolve().parents[1]

NAMES: Final = 20
TRIALS: Final = 1_000
SEED: Final = 4
AIMED_AT: Final = "domestic_compute"
MOST_SECONDS: Final = 0.001


def rows() -> Iterator[Row]:
    """Measure every shipped thesis that has parameters."""
    bars = world.market(NAMES)
    for name, found in discover([ROOT / "strategies"], workspace=ROOT).theses.items():
        strategy: type[Strategy] = found.strategy
        if strategy.declared:
            yield _row(name, strategy, bars)


def _row(name: str, strategy: type[Strategy], bars: Bars) -> Row:
    theses = [strategy(**values) for values in draw(strategy.declared, TRIALS)]
    history = world.history(bars)
    new = [_evaluated(thesis, history) for thesis in theses]
    gc.collect()
    again = _median([_evaluated(thesis, history) for thesis in theses])
    aimed = name == AIMED_AT
    return Row(
        f"evaluation of {name}, a trial, {bars.shape[1]} x {bars.shape[0]}; {len(theses):,} sets of parameters",
        f"{again.cpu * 1000:.2f} ms CPU, {again.wall * 1000:.2f} ms wall; {_median(new).cpu * 1000:.2f} ms CPU where a "
        f"set is new, the first of all {new[0].cpu * 1000:.1f} ms",
        f"< {MOST_SECONDS * 1000:.0f} ms" if aimed else "",
        again.cpu < MOST_SECONDS if aimed else None,
    )


def draw(declared: Mapping[str, Param[Any]], count: int) -> list[dict[str, Any]]:
    """Draw different sets of values inside their bounds: `count`, or as many as there are."""
    random = np.random.default_rng(SEED)
    found = (tuple(_value(param, random) for param in declared.values()) for _ in range(10 * count))
    return [dict(zip(declared, values, strict=True)) for values in islice(dict.fromkeys(found), count)]


def _value(param: Param[Any], random: np.random.Generator) -> float:
    assert param.low is not None
    assert param.high is not None
    if param.kind is int:
        return int(random.integers(param.low, param.high, endpoint=True))
    return round(float(random.uniform(param.low, param.high)), 3)


def _evaluated(thesis: Strategy, history: History) -> Time:
    begun = time.process_time(), time.perf_counter()
    sparse(thesis.emit(history))
    return Time(time.process_time() - begun[0], time.perf_counter() - begun[1])


def _median(times: list[Time]) -> Time:
    return Time(statistics.median(took.cpu for took in times), statistics.median(took.wall for took in times))
