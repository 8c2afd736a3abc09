"""What the command line prints: tables, progress, errors."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.table import Table

WIDTH = 100
"""Columns of a table where nothing says how wide the terminal is (a pipe, a file)."""


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


@contextmanager
def progress(*, shown: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Yield ``update(what, done, total)``, which draws a bar on standard error.

    The bar has counts and the time left; it shows only on a terminal.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        last = ""

        def update(what: str, done: int, total: int) -> None:
            nonlocal last
            if what != last:
                bar.reset(task, description=what, total=total, completed=done)
                last = what
            elif done % 16 == 0 or done == total:
                bar.update(task, completed=done, total=total)

        yield update
