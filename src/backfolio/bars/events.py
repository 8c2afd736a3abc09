"""One corporate action, however many rows tell it: which of them counts, and on which date.

Sources print one dividend with their own figures, and now and then a day or a
week apart; a date that the company moved stays in the table beside the new one.
Whoever held the share was paid once. So of the rows of one symbol

* a row of `BY_HAND` in which every value is 0 says that nothing happened on its
  date: what others tell of that date does not count, and the row itself is no event;
* rows of one date are one event;
* rows within `NEAR_SESSIONS` of each other whose sizes differ by at most
  `NEAR_SIZE` are one event, and its date is what was put in by hand, else the
  date on which the reference prices of the bars moved, else that of the first of
  `SOURCES`;
* the first of `SOURCES` that tells the event on its date says how much.

What that leaves open is a doubt: a source that tells the same twice, two
sources that each tell something of another size a few sessions apart. Every row
of a doubt counts on its own date until somebody says which is right (the rule
`action_dates` of `backfolio.quality`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.bars.actions import BY_HAND, SOURCES, ex_price
from backfolio.bars.cells import days, factorize, numbers
from backfolio.bars.rows import price_mills
from backfolio.bars.sides import RATIO_UNIT
from backfolio.money import FEN, PER_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

NEAR_SESSIONS: Final = 10
"""Sessions within which two rows may be one event: no company pays the same twice in two weeks."""

NEAR_SIZE: Final = 0.1
"""Fraction of the larger by which two sources' cash or shares of one event may differ, as by what a dividend
that leaves shares out comes to over all of them."""

PAID: Final = ("cash", "shares", "ratio")
OFFERED: Final = ("rights",)
"""Columns of the table of actions that make the two kinds of event: what is paid, and what may be subscribed."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Which rows of a table of actions count; rows are numbers of its rows.

    Parameters
    ----------
    rows
        One an event, by symbol and date.
    moved
        (row that counts, rows of the same event on other dates), where there are any.
    doubts
        Rows that may tell one event or several; all of them count.
    """

    rows: NDArray[np.intp]
    moved: tuple[tuple[int, tuple[int, ...]], ...] = ()
    doubts: tuple[tuple[int, ...], ...] = ()


def paid(actions: pd.DataFrame, bars: pd.DataFrame | None = None) -> Chosen:
    """Choose among the rows that tell cash, shares or a price ratio.

    Parameters
    ----------
    actions
        In the columns symbol, ex_date, source and those of `PAID` and
        `OFFERED`; a column that is left out is missing in every row.
    bars
        The table of bars: its `pre_close` is the witness of the dates.
    """
    return _Choice(actions, PAID, None if bars is None else _References(bars)).made()


def offered(actions: pd.DataFrame) -> Chosen:
    """Choose among the rows that tell a rights issue; see `paid`.

    Reference prices are no witness: of a rights issue they may be worked out
    from these very rows.
    """
    return _Choice(actions, OFFERED, None).made()


def rank_of(sources: Iterable[object]) -> NDArray[np.intp]:
    """Return each source's place in `SOURCES`; those that it does not name share the last."""
    place = {source: at for at, source in enumerate(SOURCES)}
    return np.array([place.get(str(source), len(SOURCES)) for source in sources], dtype=np.intp)


class _Choice:
    """The choice among the rows of one kind."""

    def __init__(self, actions: pd.DataFrame, columns: tuple[str, ...], witness: _References | None) -> None:
        self.witness = witness
        self.columns = columns
        self.empty = not len(actions)
        if self.empty:
            return
        self.code, self.texts = factorize(actions["symbol"])
        self.day, _ = days(actions["ex_date"])
        self.session = np.searchsorted(calendar.all_sessions(), self.day)
        self.source = actions["source"].to_numpy(dtype=object)
        self.rank = rank_of(self.source)
        every = {name: numbers(actions[name])[0] for name in (*PAID, *OFFERED) if name in actions}
        nothing = np.full(len(actions), np.nan)
        self.size = np.nan_to_num(np.stack([every.get(name, nothing) for name in columns], axis=1))
        told = (self.size != 0).any(axis=1)
        self.told = told & (self.code >= 0) & ~np.isnat(self.day) & ~self._denied(every)

    def _denied(self, every: dict[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
        """Return the rows of dates on which nothing happened, by the word of somebody who looked."""
        if not every:
            return np.zeros(len(self.code), dtype=np.bool_)
        values = np.stack(list(every.values()))
        nought = (self.rank == SOURCES.index(BY_HAND)) & ~np.isnan(values).all(axis=0)
        nought &= np.nan_to_num(values).sum(axis=0) == 0
        dates = {(self.code[row], self.day[row]) for row in np.flatnonzero(nought).tolist()}
        return np.array([bool(dates) and key in dates for key in zip(self.code, self.day, strict=True)], dtype=np.bool_)

    def made(self) -> Chosen:
        """Return the choice; only rows that have another date near them are looked at one by one."""
        if self.empty or not self.told.any():
            return Chosen(np.empty(0, dtype=np.intp))
        rows = np.flatnonzero(self.told)
        name = np.array([*self.source[rows]], dtype=str)
        rows = rows[np.lexsort((rows, name, self.rank[rows], self.day[rows], self.code[rows]))]
        same = self.code[rows[1:]] == self.code[rows[:-1]]
        first = np.append(True, ~same | (self.day[rows[1:]] != self.day[rows[:-1]]))
        far = np.append(True, ~same | (self.session[rows[1:]] - self.session[rows[:-1]] > NEAR_SESSIONS))
        stretch = np.cumsum(far) - 1
        crowded = np.bincount(stretch, weights=first) > 1
        kept = rows[first & ~crowded[stretch]].tolist()
        moved: list[tuple[int, tuple[int, ...]]] = []
        doubts: list[tuple[int, ...]] = []
        for at in np.flatnonzero(crowded).tolist():
            mine = rows[stretch == at].tolist()
            found, more, open_ = self._stretch(mine)
            kept, moved, doubts = kept + found, moved + more, doubts + open_
        order = sorted(kept, key=lambda row: (self.texts[self.code[row]], self.day[row]))
        return Chosen(np.array(order, dtype=np.intp), tuple(moved), tuple(doubts))

    def _stretch(self, rows: list[int]) -> tuple[list[int], list[tuple[int, tuple[int, ...]]], list[tuple[int, ...]]]:
        """Choose among rows of one symbol on dates that are near each other; `rows` stand by date, then by source."""
        events: list[tuple[int, tuple[int, ...]]] = []
        doubts: list[tuple[int, ...]] = []
        for group in self._groups(rows):
            dates = self._dates(group)
            if dates is None:
                doubts.append(tuple(group))
                dates = sorted({self.day[row] for row in group})
            nearest = {row: min(dates, key=lambda day, row=row: (abs(day - self.day[row]), day)) for row in group}  # type: ignore[misc]
            for day in dates:
                mine = [row for row in group if nearest[row] == day]
                events.append((next(row for row in mine if self.day[row] == day), tuple(mine)))
        gone, open_ = self._apart(events)
        for at, stands in gone.items():
            events[stands] = events[stands][0], (*events[stands][1], *events[at][1])
        events = [event for at, event in enumerate(events) if at not in gone]
        moved = [
            (row, others)
            for row, mine in events
            if (others := tuple(other for other in mine if self.day[other] != self.day[row]))
        ]
        open_rows = {row for doubt in (*doubts, *open_) for row in doubt}
        return [row for row, _ in events], moved, [tuple(row for row in rows if row in open_rows)] if open_rows else []

    def _groups(self, rows: list[int]) -> list[list[int]]:
        """Split rows into those that tell the same event, or may."""
        groups: list[list[int]] = []
        for row in rows:
            mine = [group for group in groups if any(self._alike(row, other) for other in group)]
            groups = [group for group in groups if not any(group is one for one in mine)]
            groups.append([*(other for group in mine for other in group), row])
        return [sorted(group, key=rows.index) for group in groups]

    def _alike(self, one: int, other: int) -> bool:
        if self.day[one] == self.day[other]:
            return True
        if abs(int(self.session[one]) - int(self.session[other])) > NEAR_SESSIONS:
            return False
        room = NEAR_SIZE * np.maximum(self.size[one], self.size[other])
        return bool((np.abs(self.size[one] - self.size[other]) <= room).all())

    def _dates(self, group: list[int]) -> list[np.datetime64] | None:
        """Return on which dates the event of a group happened; None where nothing tells."""
        told: dict[str, set[np.datetime64]] = {}
        for row in group:
            told.setdefault(str(self.source[row]), set()).add(self.day[row])
        if BY_HAND in told:
            return sorted(told[BY_HAND])
        every = sorted({day for dates in told.values() for day in dates})
        if len(every) == 1:
            return every
        seen = self._seen(group, every)
        if seen:
            return seen
        if all(len(dates) == 1 for dates in told.values()):
            return [self.day[min(group, key=lambda row: (self.rank[row], self.day[row]))]]
        common = sorted(set.intersection(*told.values()))
        return common if common and len(told) > 1 else None

    def _seen(self, group: list[int], every: list[np.datetime64]) -> list[np.datetime64]:
        """Return the dates on which the reference price moved as told, where it stayed on all others; else none."""
        moved: dict[np.datetime64, tuple[int, np.datetime64]] = {}
        for day in every:
            row = next(row for row in group if self.day[row] == day)
            said = self._says(row)
            if said is None:
                return []
            bar, does = said
            if does:  # dates that passed in one halt share the bar after it: they are one
                moved[bar] = min(moved.get(bar, (len(SOURCES), day)), (int(self.rank[row]), day))
        return sorted(day for _, day in moved.values())

    def _apart(self, events: list[tuple[int, tuple[int, ...]]]) -> tuple[dict[int, int], list[tuple[int, ...]]]:
        """Return which events never were, by the reference prices, with the one that was instead; and what is open.

        These are neighbours of different sizes of which no source tells both.
        """
        gone: dict[int, int] = {}
        doubts = []
        order = sorted(range(len(events)), key=lambda at: self.day[events[at][0]])
        for one, other in pairwise(order):
            (row, mine), (next_row, others) = events[one], events[other]
            far = int(self.session[next_row]) - int(self.session[row]) > NEAR_SESSIONS
            if far or {self.source[at] for at in mine} & {self.source[at] for at in others}:
                continue
            said = [self._says(at) for at in (row, next_row)]
            does = [None if each is None else each[1] for each in said]
            if does == [True, True]:
                continue
            if does == [True, False]:
                gone[other] = one
            elif does == [False, True]:
                gone[one] = other
            else:
                doubts.append((*mine, *others))
        return gone, doubts

    def _says(self, row: int) -> tuple[np.datetime64, bool] | None:
        if self.witness is None or self.columns != PAID:
            return None
        return self.witness.says(self.texts[self.code[row]], self.day[row], *self.size[row].tolist())


class _References:
    """What the reference prices of the bars say of an ex-date."""

    def __init__(self, bars: pd.DataFrame) -> None:
        self._bars = bars if "pre_close" in bars else None
        self._of: dict[str, tuple[NDArray[np.datetime64], NDArray[np.int64], NDArray[np.int64]]] = {}

    def says(
        self, symbol: str, day: np.datetime64, cash: float, shares: float, ratio: float
    ) -> tuple[np.datetime64, bool] | None:
        """Tell on which bar an ex-date shows, and whether the reference price moved there as told; None = unclear."""
        date, close, given = self._bars_of(symbol)
        at = int(np.searchsorted(date, day))
        if not 0 < at < len(date) or not given[at] or not close[at - 1]:
            return None
        before, here = int(close[at - 1]), int(given[at])
        units = round(cash * PER_SHARE), round(shares * PER_SHARE), round(ratio * RATIO_UNIT)
        due = int(ex_price(np.int64(before), *(np.int64(unit) for unit in units)))
        if before - due <= 2 * FEN:  # rounding would hide it
            return None
        if here == before:
            return date[at], False
        room = FEN + NEAR_SIZE * (before - due)
        return (date[at], True) if abs(here - due) <= room else None

    def _bars_of(self, symbol: str) -> tuple[NDArray[np.datetime64], NDArray[np.int64], NDArray[np.int64]]:
        if self._bars is None:
            return np.empty(0, dtype="datetime64[D]"), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        if symbol not in self._of:
            mine = self._bars[(self._bars["symbol"] == symbol).to_numpy(dtype=bool)]
            if "traded" in mine:
                mine = mine[numbers(mine["traded"])[0] != 0]
            date, _ = days(mine["date"])
            order = np.argsort(date, kind="stable")
            close, given = (price_mills(numbers(mine[name])[0])[order] for name in ("close", "pre_close"))
            self._of[symbol] = date[order], close, given
        return self._of[symbol]
