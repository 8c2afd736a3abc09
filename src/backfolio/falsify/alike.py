"""Names that are alike: of one board, near in size and in momentum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.history import History

    Columns = NDArray[np.int64]

LEAST_ALIKE: Final = 5
"""Names that a class holds at least, where there are as many; it is halved until it would hold fewer."""

SIZE_SESSIONS: Final = 60
"""Over which the median traded value is a name's size."""

MOMENTUM_SESSIONS: Final = 20
"""Over which its return is its momentum."""


class Likeness:
    """Classes of names that are alike after a session's close.

    Names of a board stand together, the boards that have fewer than
    `LEAST_ALIKE` with each other. A class is then halved at the median of
    size, of momentum, of size and so on, as long as both halves keep
    `LEAST_ALIKE` names: the cells of a k-d tree (Bentley 1975). All names of a
    class have the same class, so that under a thesis that picks by lot each
    was as likely as any other; neighbours by distance have no such property.

    Parameters
    ----------
    known
        What was known at the end; a row's class depends on rows up to it alone.
    """

    def __init__(self, known: History) -> None:
        raw = known.raw
        amount = raw.amount.to_numpy()
        self._value = np.where(np.isnan(amount), (raw.close * raw.volume).to_numpy(), amount)
        self._momentum = known.returns(MOMENTUM_SESSIONS).to_numpy()
        self._boards = np.array([ashare.board_of(symbol) for symbol in known.symbols])
        self._traits: dict[int, NDArray[np.float64]] = {}

    def traits(self, row: int) -> NDArray[np.float64]:
        """Return size and momentum of every name, (2, names); -inf where a name has none yet."""
        if row not in self._traits:
            recent = self._value[max(row + 1 - SIZE_SESSIONS, 0) : row + 1]
            size = np.full(recent.shape[1], -np.inf)
            have = ~np.isnan(recent).all(axis=0)
            size[have] = np.nanmedian(recent[:, have], axis=0)
            momentum = self._momentum[row]
            self._traits[row] = np.stack([size, np.where(np.isnan(momentum), -np.inf, momentum)])
        return self._traits[row]

    def of(self, column: int, row: int, there: Columns) -> Columns:
        """Return the class of a name, itself included.

        Parameters
        ----------
        column
            The name.
        row
            After whose close.
        there
            Columns that may be in a class, rising.
        """
        names = there if column in there else np.sort(np.append(there, column))
        names = self._of_board(column, names)
        traits, trait = self.traits(row), 0
        while len(names) >= 2 * LEAST_ALIKE:
            ordered = names[np.argsort(traits[trait][names], kind="stable")]
            lower, upper = ordered[: len(ordered) // 2], ordered[len(ordered) // 2 :]
            names = np.sort(lower if column in lower else upper)
            trait = 1 - trait
        return names

    def _of_board(self, column: int, names: Columns) -> Columns:
        """Return the names that stand together with one by their boards."""
        boards = self._boards[names]
        kinds, counts = np.unique(boards, return_counts=True)
        alone = {kind: count for kind, count in zip(kinds, counts, strict=True) if count >= LEAST_ALIKE}
        few = [kind for kind in kinds if kind not in alone]
        if alone and sum(counts) - sum(alone.values()) < LEAST_ALIKE:
            # too few to stand by themselves: they join the smallest board that does
            few.append(min(alone, key=lambda kind: (alone[kind], kind)))
        own = self._boards[column]
        return names[np.isin(boards, few)] if own in few else names[boards == own]
