"""`Scene`: the held data as grids, and the helpers that every rule makes its findings with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio import calendar
from backfolio.bars.build import Looked, look
from backfolio.quality.coverage import coverage_of
from backfolio.quality.expected import Expected, expected_of
from backfolio.quality.model import Coverage, Finding, Held
from backfolio.quality.rules import RULES, Severity

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.bars.rows import BarRows

SHOWN: Final = 5
"""Names, dates or differences that a finding's value spells out; of the others it gives the number."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Held data, looked at once.

    Parameters
    ----------
    held
        As given.
    looked
        Its tables as `look` sees them.
    """

    held: Held
    looked: Looked

    @classmethod
    def of(cls, held: Held) -> Scene:
        """Look at `held`; tables without any bar are nothing to look at."""
        return cls(held, look(held.tables) if len(held.tables.bars) else Looked(()))

    @property
    def bars(self) -> Bars | None:
        """The sound part of the market; None where there is none."""
        return self.looked.bars

    @property
    def rows(self) -> BarRows | None:
        """The table of bars as flat arrays; None where it cannot be read."""
        return self.looked.rows

    @cached_property
    def coverage(self) -> Coverage | None:
        """What is there of each symbol and session; None where no bars can be read."""
        return None if self.rows is None or not self.rows.symbols else coverage_of(self.held, self.rows)

    @cached_property
    def expected(self) -> Expected | None:
        """What reference prices should be; None where no bars are sound."""
        if self.bars is None:
            return None
        return expected_of(self.bars, self.looked.actions, self.held.actions, self.cells)

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Symbol to its column."""
        return {} if self.rows is None else {symbol: at for at, symbol in enumerate(self.rows.symbols)}

    def columns(self, symbols: pd.Series) -> NDArray[np.intp]:
        """Return the column of each symbol; -1 where it has no bars."""
        import pandas as pd  # noqa: PLC0415  as late as every heavy import

        codes, texts = pd.factorize(symbols.to_numpy(dtype=object))
        return np.array([self.place.get(str(text), -1) for text in texts] + [-1], dtype=np.intp)[codes]

    def cells(self, symbols: pd.Series, dates: pd.Series) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return session and column of each row; both -1 where it is no cell of the sound market."""
        if self.bars is None:
            nowhere = np.full(len(symbols), -1, dtype=np.intp)
            return nowhere, nowhere.copy()
        session = exact(self.bars.sessions, days_of(dates))
        column = self.columns(symbols)
        outside = (session < 0) | (column < 0)
        return np.where(outside, -1, session), np.where(outside, -1, column)


def finding(
    rule: str,
    symbol: str,
    days: tuple[np.datetime64 | None, np.datetime64 | None],
    value: str,
    count: int = 1,
    severity: Severity | None = None,
    remedy: str = "",
) -> Finding:
    """Return a finding; severity and remedy are the rule's where none are given."""
    first, last = (_date(day) for day in days)
    kept = RULES[rule]
    return Finding(rule, severity or kept.severity, symbol, first, last, count, value, remedy or kept.remedy)


def _date(day: np.datetime64 | None) -> dt.date | None:
    if day is None or np.isnat(day):
        return None
    date: dt.date = day.astype("datetime64[D]").astype(object)
    return date


def some(texts: Iterable[str], between: str = ", ") -> str:
    """Join texts, the first `SHOWN` in words and the rest as a number."""
    every = list(texts)
    more = [f"and {len(every) - SHOWN} more"] if len(every) > SHOWN else []
    return between.join([*every[:SHOWN], *more])


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Return the stretches of each column in which a mask holds: (column, first row, last row)."""
    padded = np.zeros((mask.shape[1], mask.shape[0] + 2), dtype=np.int8)
    padded[:, 1:-1] = mask.T
    step = np.diff(padded, axis=1)
    column, first = np.nonzero(step == 1)
    last = np.nonzero(step == -1)[1] - 1
    return list(zip(column.tolist(), first.tolist(), last.tolist(), strict=True))


def by_column(mask: NDArray[np.bool_]) -> list[tuple[int, NDArray[np.intp]]]:
    """Return each column in which a mask holds, with the rows at which it does."""
    column, row = np.nonzero(mask.T)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    return [(int(column[at]), rows) for at, rows in zip(starts, np.split(row, starts[1:]), strict=False)]


def days_of(column: pd.Series) -> NDArray[np.datetime64]:
    """Return a column of dates of the store as ``datetime64[D]``; what is no date is NaT."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    days: NDArray[np.datetime64] = pd.to_datetime(column, errors="coerce").to_numpy().astype("datetime64[D]")
    return days


def exact(sessions: NDArray[np.datetime64], days: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """Return each day's place in `sessions`; -1 where it is none of them."""
    at = np.searchsorted(sessions, days)
    known = at < len(sessions)
    known[known] = sessions[at[known]] == days[known]
    return np.where(known, at, -1)


def floats(column: pd.Series) -> NDArray[np.float64]:
    """Return a column of numbers as float64; NaN where missing."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    values: NDArray[np.float64] = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def sessions_after(last: np.datetime64, until: np.datetime64) -> int:
    """Return how many sessions lie after `last`, up to and including `until`."""
    every = calendar.all_sessions()
    ends = np.searchsorted(every, np.array([last, until], dtype="datetime64[D]"), side="right")
    return max(int(ends[1] - ends[0]), 0)


def has(frame: Any, *columns: str) -> bool:  # noqa: ANN401  a frame; pandas is not imported here
    """Tell whether a table of the store holds any row, and these columns."""
    return bool(len(frame)) and all(column in frame for column in columns)
