"""Medians of process CPU time and wall time; one row of the table a figure."""

from __future__ import annotations

import gc
import resource
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Made = TypeVar("Made")


@dataclass(frozen=True)
class Time:
    """CPU and wall time, seconds; CPU of all threads, and of processes that were started and have ended."""

    cpu: float
    wall: float

    def __str__(self) -> str:
        return f"{seconds(self.cpu)} CPU, {seconds(self.wall)} wall"


@dataclass(frozen=True)
class Row:
    """One figure: what was measured, what was aimed at, whether it was reached (None: no aim)."""

    figure: str
    measured: str
    target: str = ""
    reached: bool | None = None


def measure(work: Callable[[], Made], repeats: int, *, warm: bool = True) -> tuple[Time, Made]:
    """Return the median times of `repeats` calls, and what the last one made.

    `warm`: call once before, untimed (imports and first touches).
    """
    made = work() if warm else None
    cpu, wall = [], []
    for _ in range(repeats):
        gc.collect()
        begun = now()
        made = work()
        took = since(begun)
        cpu.append(took.cpu)
        wall.append(took.wall)
    assert made is not None
    return Time(statistics.median(cpu), statistics.median(wall)), made


def now() -> Time:
    """Return the CPU and wall time so far."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Time(time.process_time() + children.ru_utime + children.ru_stime, time.perf_counter())


def since(begun: Time) -> Time:
    """Return what it took since `now`."""
    ended = now()
    return Time(ended.cpu - begun.cpu, ended.wall - begun.wall)


def seconds(value: float) -> str:
    """Write a time with three digits that mean something."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def milliseconds(took: Time) -> str:
    """Write a short time to a tenth of a millisecond."""
    return f"{took.cpu * 1000:.1f} ms CPU, {took.wall * 1000:.1f} ms wall"


def show(rows: Iterable[Row], title: str) -> bool:
    """Print the table; return whether every target was reached."""
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    table.add_column("figure")
    table.add_column("measured (medians)")
    table.add_column("target")
    table.add_column("")
    good = True
    for row in rows:
        good = good and row.reached is not False
        mark = "" if row.reached is None else "ok" if row.reached else "missed"
        table.add_row(row.figure, row.measured, row.target, mark)
    Console(width=150, soft_wrap=True).print(table)
    return good
