"""The rules that refuse data: format, limits, and factors that jump; told instead of raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backfolio.bars.cells import days
from backfolio.bars.frames import OUTSIDE_LIMITS, WHOLE
from backfolio.quality.scene import SHOWN, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.bars.faults import Fault
    from backfolio.quality.model import Finding
    from backfolio.quality.scene import Scene

DAY_OF = {"bars": "date", "ex_rights": "ex_date", "index": "date"}
"""Table to the column that dates its rows."""


def refused(scene: Scene) -> Iterator[Finding]:
    """Tell every fault that `build_bars` would raise, one finding a symbol and rule.

    A bar outside its limits is a finding of its own, for it may be right: who
    accepts one has looked at that one. Those that were accepted are told as well.
    """
    told: dict[tuple[str, str], list[tuple[Fault, NDArray[np.intp]]]] = {}
    outside = [fault for fault in (*scene.looked.faults, *scene.looked.passed) if fault.kind == OUTSIDE_LIMITS]
    for fault in outside:
        for symbol, rows in _by_symbol(scene, fault):
            for row, day in zip(rows.tolist(), _days(scene, fault.table, rows), strict=True):
                yield finding(fault.kind, symbol, (day, day), f"{fault.value(row)}: {fault.rule}", remedy=fault.remedy)
    for fault in scene.looked.faults:
        if fault.kind == OUTSIDE_LIMITS:
            continue
        for symbol, rows in _by_symbol(scene, fault):
            told.setdefault((fault.kind, symbol), []).append((fault, rows))
    for (kind, symbol), parts in told.items():
        tables = {fault.table for fault, _ in parts}
        by_table = {table: np.concatenate([rows for fault, rows in parts if fault.table == table]) for table in tables}
        when = np.concatenate([_days(scene, table, rows) for table, rows in sorted(by_table.items())])
        when = when[~np.isnat(when)]
        ends = (when.min(), when.max()) if len(when) else (None, None)
        words = [
            f"{fault.value(int(rows[0]))}{f' and {len(rows) - 1} more' if len(rows) > 1 else ''}: {fault.rule}"
            for fault, rows in parts[:SHOWN]
        ]
        count = sum(len(np.unique(rows)) for rows in by_table.values())
        yield finding(kind, symbol, ends, "; ".join(words), count, remedy=parts[0][0].remedy)


def _by_symbol(scene: Scene, fault: Fault) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Split the rows of a fault by symbol; "" holds those that have none."""
    frame = scene.held.tables.frame(fault.table)
    if frame is None or "symbol" not in frame or fault.rows[0] == WHOLE:
        yield "", fault.rows
        return
    cells = frame["symbol"].iloc[fault.rows]
    texts = cells.astype(object).where(cells.notna(), "").to_numpy(dtype=str)
    symbols, group = np.unique(texts, return_inverse=True)
    for at, symbol in enumerate(symbols.tolist()):
        yield symbol, fault.rows[group == at]


def _days(scene: Scene, table: str, rows: NDArray[np.intp]) -> NDArray[np.datetime64]:
    frame, column = scene.held.tables.frame(table), DAY_OF.get(table)
    if frame is None or column is None or column not in frame or rows[0] == WHOLE:
        return np.empty(0, dtype="datetime64[D]")
    day, _ = days(frame[column].iloc[rows])
    return day
