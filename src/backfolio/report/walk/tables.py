"""The CSV files of a walk-forward: one line a window, one a session."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from backfolio.money import cny_text
from backfolio.tune.winner import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from backfolio.tune.walk_model import Walk

WINDOW_COLUMNS = (
    "window", "train_start", "train_end", "train_sessions", "test_start", "test_end", "test_sessions",
)  # fmt: skip
"""Before the parameters."""

FIGURE_COLUMNS = (
    "in_score", "out_score", "in_annual_return", "out_annual_return", "efficiency", "out_return", "start_cash",
    "end_equity", "fills", "refusals", "trials", "failed", "allowed", "note",
)  # fmt: skip
"""After them."""


def windows_csv(walk: Walk) -> str:
    """Write one line a window: dates, chosen parameters, figures in full; empty where one does not exist."""
    names = [axis.name for axis in walk.space.axes]
    rows = (
        (
            each.number,
            *each.train,
            each.window.train_sessions,
            *each.test,
            each.window.test_sessions,
            *(("" if each.chosen is None else written(each.chosen[name])) for name in names),
            *map(_number, (each.in_score, each.out_score, each.in_annual, each.out_annual, each.efficiency)),
            _number(each.out_return),
            cny_text(each.start_cash, 3),
            cny_text(int(each.equity[-1]), 3),
            each.fills,
            each.refusals,
            each.trials,
            each.failed,
            each.allowed,
            each.note,
        )
        for each in walk.windows
    )
    return _text((*WINDOW_COLUMNS, *names, *FIGURE_COLUMNS), rows)


def equity_csv(walk: Walk) -> str:
    """Write one line a session: its window, the stitched equity, that of the default parameters, the benchmark."""
    sessions = [str(day) for day in walk.sessions]
    numbers = np.repeat([each.number for each in walk.windows], [len(each.equity) for each in walk.windows]).tolist()
    columns = [[cny_text(value, 3) for value in line.tolist()] for line in (walk.equity, walk.default, walk.unbroken)]
    header = ["session", "window", "equity", "default_equity", "default_unbroken_equity"]
    if walk.benchmark_returns is not None:
        header.append("benchmark_growth")
        columns.append([repr(value) for value in np.cumprod(1.0 + walk.benchmark_returns).tolist()])
    return _text(header, zip(sessions, numbers, *columns, strict=True))


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()
