"""The compiled engine alone: trials of exits, compile aside; and what it takes of time and memory in a wide market."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.sweep import Trial, sparse, sweep
from backfolio.targets import Exits
from bench import memory, wide, world
from bench.timing import Row, measure, milliseconds, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.sweep import Outcomes

ROOT: Final = Path(__file__).resolve().parents[1]

NAMES: Final = 20
HELD: Final = 5
TRIALS: Final = 1_000
REPEATS: Final = 15
CASES: Final = (("quiet", 60), ("busy", 20))
"""What a case is called, and its sessions from one draw to the next."""

MOST_SECONDS: Final = 0.05

WIDE: Final = (5_000, 2_500)
"""Names and sessions."""

WIDE_EVERY: Final = 20
WIDE_TARGETS: Final = 20
WIDE_TRIALS: Final = (1_000, 20_000)
LEAST_A_SECOND: Final = 2_000
MOST_GROWTH: Final = 10.0
"""MB that the larger of the two sweeps may take beyond the arrays that it returns."""


def rows() -> Iterator[Row]:
    """Measure both markets."""
    bars = world.market(NAMES)
    trials = draw(TRIALS)
    for name, every in CASES:
        yield _narrow(bars, name, every, trials)
    yield from _wide()


def draw(count: int, targets: int = 1, seed: int = 3) -> list[Trial]:
    """Return trials whose exits are drawn, each rule off in one of four; they take turns with the targets."""
    random = np.random.default_rng(seed)
    drawn = np.round(random.uniform([0.05, 0.05, 0.1, 5], [0.25, 0.3, 1.0, 60], (count, 4)), 3)
    off = random.random((count, 4)) < 0.25
    made = []
    for at, (values, none) in enumerate(zip(drawn, off, strict=True)):
        loss, trailing, profit, age = (None if no else float(value) for value, no in zip(values, none, strict=True))
        made.append(Trial(at % targets, Exits(loss, profit, trailing, None if age is None else round(age))))
    return made


def _narrow(bars: world.Bars, name: str, every: int, trials: list[Trial]) -> Row:
    targets = [sparse(world.lottery(bars, HELD, every))]
    took, outcomes = measure(lambda: sweep(bars, targets, trials), REPEATS)
    size = f"{HELD} of {bars.shape[1]} x {bars.shape[0]}, new names every {every} ({name})"
    fills = int(outcomes.fills.sum())
    return Row(
        f"sweep of {len(trials):,} trials of exits, {size}",
        f"{milliseconds(took)}; {fills / len(trials):.0f} fills a trial, {took.cpu / fills * 1e9:.0f} ns each",
        f"< {seconds(MOST_SECONDS)} wall on 2 cores",
        took.wall < MOST_SECONDS,
    )


def _wide() -> Iterator[Row]:
    few, many = (_child(count) for count in WIDE_TRIALS)
    size = f"{WIDE[0]:,} x {WIDE[1]:,}, {HELD} held, new names every {WIDE_EVERY}"
    yield Row(
        f"sweep of {WIDE_TRIALS[1]:,} trials of exits, {size}",
        f"{many['trials'] / many['wall']:,.0f} trials a second; {many['cpu'] / many['trials'] * 1e6:.0f} us CPU and "
        f"{many['fills'] / many['trials']:.0f} fills a trial "
        f"({few['trials'] / few['wall']:,.0f} a second where there are {WIDE_TRIALS[0]:,})",
        f">= {LEAST_A_SECOND:,}",
        many["trials"] / many["wall"] >= LEAST_A_SECOND,
    )
    growth = (many["peak"] - few["peak"]) - (many["returned"] - few["returned"])
    yield Row(
        f"most memory during a sweep of {WIDE_TRIALS[0]:,} and {WIDE_TRIALS[1]:,} trials, the market included",
        f"{few['peak']:,.1f} and {many['peak']:,.1f} MB: {growth:+.1f} MB beyond the arrays returned "
        f"({few['returned']:.1f} and {many['returned']:.1f} MB)",
        f"< {MOST_GROWTH:.0f} MB more",
        growth < MOST_GROWTH,
    )


def _child(count: int) -> dict[str, float]:
    arguments = [sys.executable, "-m", "bench.kernel", str(count)]
    done = subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def main(count: int) -> None:
    """Sweep the wide market with so many trials, and print what it took as JSON."""
    small = world.market(NAMES)
    sweep(small, [sparse(world.lottery(small, HELD, 60))], draw(8))
    bars = wide.market(*WIDE)
    targets = [sparse(world.lottery(bars, HELD, WIDE_EVERY, seed)) for seed in range(WIDE_TARGETS)]
    trials = draw(max(WIDE_TRIALS), WIDE_TARGETS)[:count]
    memory.forget_peak()
    took, outcomes = measure(lambda: sweep(bars, targets, trials), 1, warm=False)
    told = {
        "trials": count,
        "cpu": took.cpu,
        "wall": took.wall,
        "fills": int(outcomes.fills.sum()),
        "returned": _bytes(outcomes) / memory.MEGABYTE,
        "peak": memory.peak(),
    }
    print(json.dumps(told))


def _bytes(outcomes: Outcomes) -> int:
    arrays = (getattr(outcomes, name) for name in outcomes.__slots__)
    return sum(array.nbytes for array in arrays if array is not None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
