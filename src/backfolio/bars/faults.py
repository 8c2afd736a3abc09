"""`Fault`: a rule that some rows of a table break, and the message about all of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.bars.frames import FORMS, WHOLE
from backfolio.errors import DataError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from backfolio.bars.frames import Tables

FORMAT: Final = "format"


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule, and the rows that break it.

    Parameters
    ----------
    table
        Name in `FORMS`.
    rows
        Rows of the table, ascending; ``[WHOLE]`` for the table as a whole.
    value
        Row to what stands there; asked only of rows that are shown.
    rule, remedy
        As in `Problem`.
    kind
        What the rule is about, one word: ``format``, or one of the market's.
    """

    table: str
    rows: NDArray[np.intp]
    value: Callable[[int], str]
    rule: str
    remedy: str
    kind: str = FORMAT


def whole(table: str, value: str, rule: str, remedy: str) -> Fault:
    """Return a fault of a table as a whole."""
    return Fault(table, np.array([WHOLE], dtype=np.intp), lambda _: value, rule, remedy)


def where(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the rows at which a mask holds."""
    return np.flatnonzero(mask)


def data_error(tables: Tables, faults: Sequence[Fault]) -> DataError:
    """Put faults into one message.

    Of many faults each rule shows its first row before any shows its second,
    so that a rule broken once is not lost behind one broken a thousand times.
    """
    chosen: list[tuple[int, int, Problem]] = []
    for turn in zip_longest(*(_problems(tables, fault) for fault in faults)):
        chosen.extend(found for found in turn if found is not None)
        if len(chosen) >= DataError.shown:
            break
    chosen = sorted(chosen[: DataError.shown], key=lambda found: found[:2])
    return DataError([problem for _, _, problem in chosen], total=sum(len(fault.rows) for fault in faults))


def _problems(tables: Tables, fault: Fault) -> Iterator[tuple[int, int, Problem]]:
    origin = tables.origin(fault.table)
    order = list(FORMS).index(fault.table)
    for row in fault.rows[: DataError.shown].tolist():
        file, line = origin.place(row)
        yield order, row, Problem(file, line, fault.value(row), fault.rule, fault.remedy)
