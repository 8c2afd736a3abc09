"""What those make who know nothing: the thesis among placebos of dates and of names."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.falsify import words
from backfolio.falsify.dates import on_random_dates, on_random_decisions
from backfolio.falsify.model import Placebos
from backfolio.falsify.names import Spells, candidates, walk
from backfolio.said import listed, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.falsify.names import Candidates
    from backfolio.falsify.scene import Scene
    from backfolio.sweep import Rows

AT_ONCE: Final = 200
"""Placebos swept together: beyond what is returned, memory does not grow with how many are drawn."""


def random_dates(scene: Scene, count: int, seed: int) -> Placebos:
    """Return the placebos of dates; none where no catalyst of its kinds is decided on in the window."""
    if scene.kinds and not scene.inside:
        why = said(words.NO_CATALYSTS, kinds=listed(scene.kinds))
        return Placebos("random_dates", words.DATES, said(words.OF_CATALYSTS), why=why)
    if scene.kinds:
        none, drawn = Placebos("random_dates", words.DATES, said(words.OF_CATALYSTS)), on_random_dates
    else:
        none, drawn = Placebos("random_dates", words.DATES, said(words.OF_DECISIONS)), on_random_decisions
    return _among(scene, none, drawn(scene, count, seed), count)


def random_names(scene: Scene, count: int, seed: int) -> tuple[Placebos, Candidates]:
    """Return the placebos of names, none where no spell can go to another; and where each may go."""
    spells = Spells(scene.rows)
    may = candidates(scene.prepared, spells)
    none = Placebos("random_names", words.NAMES, said(words.OF_NAMES))
    if may.fixed == len(spells):
        return replace(none, why=said(words.NO_MATCH)), may
    own = spells.columns
    drawn = (scene.rows if columns == own else spells.given_to(columns) for columns in walk(spells, may, count, seed))
    return _among(scene, none, drawn, count), may


def _among(scene: Scene, none: Placebos, drawn: Iterator[Rows], count: int) -> Placebos:
    """Trade the placebos, and find the place of the thesis among them."""
    finals = np.empty(0, dtype=np.int64)
    same = 0
    scene.step(none.label, 0, count)
    while some := list(islice(drawn, AT_ONCE)):
        same += sum(one is scene.rows or alike(one, scene.rows) for one in some)
        finals = np.append(finals, scene.finals(some))
        scene.step(none.label, len(finals), count)
    if same == count:
        return replace(none, same=same, why=said(words.ALL_SAME))
    return replace(
        none,
        totals=np.sort(finals) / scene.settings.cash_mills - 1.0,
        beats=int(np.count_nonzero(finals < scene.final)),
        same=same,
    )


def alike(one: Rows, other: Rows) -> bool:
    """Tell whether two rows ask for the same."""
    return one.shape == other.shape and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("row", "buy_start", "buy_symbol", "buy_weight", "sell_start", "sell_symbol")
    )
