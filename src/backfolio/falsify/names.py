"""Placebos of names: the same trades, each in a name drawn from those that were alike when it began.

A spell is a name's time from the row that first asks for it to the row that
lets it go. A placebo keeps every spell's rows and weights and gives it to a name
of the same class (see `alike`), with a price and a membership on every row that
buys, and no two spells that overlap to one name. Were the choice within the
classes by lot, each such assignment would be as likely as the thesis' own.

They are drawn by a walk that starts with the thesis' own: a spell and a name of
its class are drawn; where spells that overlap have that name, the two names are
exchanged along the chain of all spells that this touches (a Kempe chain: Wang,
Swendsen and Kotecky 1989), if all of them stay in their classes. Each step is as
likely as the step back, so every assignment is equally likely in the long run.
The thesis has a random place in the walk, which goes on from it to both sides:
then its rank is uniform where the choice is by lot, however slowly the walk
mixes (Besag and Clifford 1989, "Generalized Monte Carlo Significance Tests").
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from backfolio.falsify.alike import LEAST_ALIKE, Likeness
from backfolio.sweep import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from backfolio.prepare import Prepared

STEPS: Final = 2
"""Steps of the walk from one placebo to the next, over the number of spells."""

MOST_STEPS: Final = 2_000
"""Of them; the rank of the thesis is right whatever their number."""


class Spell(NamedTuple):
    """A name's time among those asked for."""

    column: int
    start: int
    """Row that first asks for it, in the window."""
    end: int
    """Row that lets it go; one beyond the last row where none does."""
    buys: tuple[int, ...]
    """Rows that ask for it, rising."""


class Spells:
    """The spells of some rows, and these rows with other names in them.

    Parameters
    ----------
    rows
        What a thesis asks for.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        buys, sells = _cells(rows, rows.buy_symbol, rows.buy_start), _cells(rows, rows.sell_symbol, rows.sell_start)
        found: list[tuple[int, int, int, list[int]]] = []
        owner = np.empty(len(buys), dtype=np.int64)
        sold: list[tuple[int, int]] = []
        standing: dict[int, int] = {}
        cells = [(row, column, at) for at, (row, column) in enumerate(buys)] + [
            (row, column, -1) for row, column in sells
        ]
        for row, column, at in sorted(cells):
            spell = standing.get(column)
            if at < 0:
                if spell is not None:
                    first, _, name, asked = found[spell]
                    found[spell] = (first, row, name, asked)
                    sold.append((row, spell))
                    del standing[column]
                continue
            if spell is None:
                spell = standing[column] = len(found)
                found.append((row, rows.shape[0], column, []))
            found[spell][3].append(row)
            owner[at] = spell
        self.all = tuple(Spell(column, start, end, tuple(asked)) for start, end, column, asked in found)
        """Every spell, by its first row and its column."""
        self._owner = owner
        self._buy_row = np.array([row for row, _ in buys], dtype=np.int64)
        self._sell_row = np.array([row for row, _ in sold], dtype=np.int64)
        self._sell_owner = np.array([spell for _, spell in sold], dtype=np.int64)
        self._told = np.unique(np.concatenate([self._buy_row, self._sell_row]))

    def __len__(self) -> int:
        return len(self.all)

    @property
    def columns(self) -> list[int]:
        """Of each, as the thesis has it."""
        return [spell.column for spell in self.all]

    def given_to(self, columns: Sequence[int]) -> Rows:
        """Return the rows with each spell in another column."""
        places = np.array(columns, dtype=np.int64)
        bought, sold = places[self._owner], places[self._sell_owner]
        by_buy, by_sell = np.lexsort((bought, self._buy_row)), np.lexsort((sold, self._sell_row))
        return Rows(
            shape=self._rows.shape,
            row=self._told.astype(np.int32),
            buy_start=_starts(self._buy_row, self._told),
            buy_symbol=bought[by_buy].astype(np.int32),
            buy_weight=self._rows.buy_weight[by_buy],
            sell_start=_starts(self._sell_row, self._told),
            sell_symbol=sold[by_sell].astype(np.int32),
        )


class Candidates(NamedTuple):
    """Names that each spell may go to."""

    classes: tuple[tuple[int, ...], ...]
    """Columns, rising; its own among them."""

    @property
    def few(self) -> int:
        """Spells with fewer names than a class should have."""
        return sum(len(one) < LEAST_ALIKE for one in self.classes)

    @property
    def fixed(self) -> int:
        """Spells that cannot go anywhere."""
        return sum(len(one) == 1 for one in self.classes)


def candidates(prepared: Prepared, spells: Spells) -> Candidates:
    """Return the names that each spell may go to.

    Those of its class on the session of its first row among all that have a bar
    and are members on it, and have a price and are members on every later row
    that buys; its own in any case.
    """
    first, stop = prepared.rows
    known = prepared.known
    likeness = Likeness(known)
    members = known.members.to_numpy()[first:stop]
    priced = members & (known.bars.mark[first:stop] > 0)
    traded = members & known.bars.traded[first:stop]
    classes = []
    for spell in spells.all:
        there = traded[spell.start] & priced[list(spell.buys)].all(axis=0)
        of = likeness.of(spell.column, first + spell.start, np.flatnonzero(there))
        classes.append(tuple(of.tolist()))
    return Candidates(tuple(classes))


def walk(spells: Spells, may: Candidates, count: int, seed: int) -> Iterator[list[int]]:
    """Yield `count` assignments of columns to spells.

    The thesis' own stands at a random place of the walk; those before it and
    those after it are yielded one after the other.
    """
    lottery = random.Random(f"{seed} names")  # noqa: S311  a lottery, not a secret
    after = lottery.randint(0, count)
    steps = min(STEPS * len(spells), MOST_STEPS)
    for many in (after, count - after):
        places = _Places(spells.all, may.classes)
        for _ in range(many):
            places.walk(steps, lottery)
            yield list(places.column)


class _Places:
    """Which column each spell has at present, and which spells each column has, in the order of their starts."""

    def __init__(self, spells: Sequence[Spell], classes: Sequence[tuple[int, ...]]) -> None:
        self.column = [spell.column for spell in spells]
        self._start = [spell.start for spell in spells]
        self._end = [spell.end for spell in spells]
        # spells are numbered by their starts: those below this number start before the end of each
        self._below = [bisect_right(self._start, end) for end in self._end]
        self._classes = classes
        self._of: dict[int, list[int]] = {column: [] for one in classes for column in one}
        for spell, column in enumerate(self.column):
            self._of[column].append(spell)

    def walk(self, steps: int, lottery: random.Random) -> None:
        """Take some steps."""
        draw, column, classes, spells = lottery.random, self.column, self._classes, len(self.column)
        start, end, below = self._start, self._end, self._below
        for _ in range(steps):
            spell = int(draw() * spells)
            to = classes[spell]
            there = to[int(draw() * len(to))]
            here = column[spell]
            if there == here:
                continue
            held = self._of[there]
            near = bisect_left(held, below[spell])
            if near and end[held[near - 1]] >= start[spell]:
                chain = self._chain(spell, here, there)
                goes = [(one, there if column[one] == here else here) for one in chain]
                for one in chain:
                    self._leave(one)
                for one, after in goes:
                    self._join(one, after)
            else:
                self._leave(spell)
                self._join(spell, there)

    def _leave(self, spell: int) -> None:
        held = self._of[self.column[spell]]
        del held[bisect_left(held, spell)]

    def _join(self, spell: int, column: int) -> None:
        insort(self._of[column], spell)
        self.column[spell] = column

    def _chain(self, spell: int, here: int, there: int) -> list[int]:
        """Return the spells that change between two columns with one of them; none where one may not."""
        chain, seen = [spell], {spell}
        for one in chain:  # grows as it goes
            goes = there if self.column[one] == here else here
            if goes not in self._classes[one]:
                return []
            held, start = self._of[goes], self._start[one]
            at = bisect_left(held, self._below[one])
            while at and self._end[held[at - 1]] >= start:
                at -= 1
                if held[at] not in seen:
                    seen.add(held[at])
                    chain.append(held[at])
        return chain


def _cells(rows: Rows, symbols: NDArray[np.int32], start: NDArray[np.int32]) -> list[tuple[int, int]]:
    """Return (row, column) of each cell."""
    row = np.repeat(rows.row, np.diff(start))
    return list(zip(row.tolist(), symbols.tolist(), strict=True))


def _starts(row: NDArray[np.int64], told: NDArray[np.int64]) -> NDArray[np.int32]:
    return np.append(np.searchsorted(np.sort(row), told), len(row)).astype(np.int32)
