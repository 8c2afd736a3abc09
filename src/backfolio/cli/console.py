"""What the command line prints: tables, progress, errors."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.progress import Progress
    from rich.table import Table

    from backfolio.tune.loop import Progress as Tuned

WIDTH = 240
"""Columns of a table where nothing says how wide the terminal is (a pipe, a file)."""

DESCRIBED = "{task.description}"
"""What a task of a bar says of itself."""

STARTING = "Starting the engine (it is compiled once, which takes half a minute)"
"""Said until the first trial is under way."""


def out(text: str) -> None:
    """Print a line of plain text to standard output."""
    sys.stdout.write(text + "\n")


def err(text: str) -> None:
    """Print a line of plain text to standard error."""
    sys.stderr.write(text + "\n")


def as_json(value: object) -> None:
    """Print a value as JSON, Chinese text as it is."""
    out(json.dumps(value, ensure_ascii=False, indent=2))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a title and a table; the first column is left-aligned, the others are numbers."""
    from rich import box  # noqa: PLC0415  rich is only loaded for what is printed
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    out(title)
    made: Table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, name in enumerate(columns):
        made.add_column(name, justify="left" if column == 0 else "right", no_wrap=True)
    for row in rows:
        made.add_row(*row)
    terminal = sys.stdout.isatty()
    Console(file=sys.stdout, width=None if terminal else WIDTH, highlight=False).print(made)


def bar(label: str, beside: str = "", *, auto_refresh: bool = True) -> Progress:
    """Return a bar on standard error: a label, counts, what stands beside them, the time passed and the time left.

    Parameters
    ----------
    label, beside
        Text before the bar and after the counts; `DESCRIBED` there is what the
        task says of itself.
    auto_refresh
        Draw by a thread of its own; else only when told.
    """
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = [TextColumn(label), BarColumn(), MofNCompleteColumn()]
    columns += [TextColumn(beside)] if beside else []
    columns += [TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
    return Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=auto_refresh)


@contextmanager
def progress(*, shown: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Yield ``update(what, done, total)``, which draws a bar on standard error.

    The bar has counts and the time left; it shows only on a terminal.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda _what, _done, _total: None
        return
    with bar(DESCRIBED) as drawn:
        task = drawn.add_task("", total=None)
        last = ""

        def update(what: str, done: int, total: int) -> None:
            nonlocal last
            if what != last:
                drawn.reset(task, description=what, total=total, completed=done)
                last = what
            elif done % 16 == 0 or done == total:
                drawn.update(task, completed=done, total=total)

        yield update


@contextmanager
def tuning(*, shown: bool, best: Callable[[float], str]) -> Iterator[Callable[[Tuned], None] | None]:
    """Yield a function that draws how far a tune is, on standard error; None where nothing is shown.

    The bar has trials, trials a second, the best score so far and the time
    left. It is drawn by a thread that starts with the first call: by then the
    processes that evaluate are there.
    """
    if not (shown and sys.stderr.isatty()):
        yield None
        return
    drawn = bar("Trials", DESCRIBED)
    task = None

    def tell(progress: Tuned) -> None:
        nonlocal task
        if task is None:
            sys.stderr.write("\r" + " " * len(STARTING) + "\r")
            drawn.start()
            task = drawn.add_task("", total=progress.total, completed=progress.done)
        score = "" if progress.best is None else f", best {best(progress.best)}"
        words = f"{progress.per_second:,.0f}/s{score}"
        drawn.update(task, completed=progress.done, total=progress.total, description=words)

    sys.stderr.write(STARTING)
    sys.stderr.flush()
    try:
        yield tell
    finally:
        if task is None:
            sys.stderr.write("\r" + " " * len(STARTING) + "\r")
        drawn.stop()
