"""Placebos of dates: the same catalysts on sessions drawn at random, within blocks of about half a year.

In each block all are moved by one random number of sessions, round the block's
end: how many there are and how they cluster stays exactly, and so does the
regime that the block was. Were the dates within a block without meaning, each
such history would be as likely as the one there was, so that the place of the
thesis among them is a p-value without further assumption (a randomisation test
over the group of shifts: Lotwick and Silverman 1982, "Methods for Analysing
Spatial Processes of Several Types of Points", section 3, who shift round the
ends; Phipson and Smyth 2010, who count what was observed among the draws).

A thesis that asks for no catalyst has its decisions moved in the same way. What
it wants changes where the pieces meet, at two places in a block, which the
thesis itself does not do, and which costs each placebo some fees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.money import BASIS_POINTS
from backfolio.study.decisions import asked_weights
from backfolio.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.falsify.scene import Scene
    from backfolio.sweep import Rows

BLOCK: Final = SESSIONS_A_YEAR // 2
"""Sessions of a block, about: half a year is short enough for a market to be the same one in it, and long enough for
a session drawn at random in it to be far from any news, for theses hold for a month or two."""

STREAM: Final = 0
"""Of the seed's lotteries."""


def blocks(first: int, stop: int) -> NDArray[np.int64]:
    """Return the bounds, (blocks + 1,), of equal blocks of the rows ``first:stop``, as near to `BLOCK` as can be."""
    count = max(round((stop - first) / BLOCK), 1)
    return np.linspace(first, stop, count + 1).round().astype(np.int64)


def shifts(bounds: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Draw by how many sessions each block is moved, (count, blocks); each from 0 to its length, with equal chance."""
    return np.random.default_rng((seed, STREAM)).integers(0, np.diff(bounds), (count, len(bounds) - 1))


def moved(rows: NDArray[np.int64], bounds: NDArray[np.int64], shift: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move rows within their blocks, round the block's end; those outside of all blocks stay."""
    block = np.searchsorted(bounds, rows, side="right") - 1
    inside = (block >= 0) & (block < len(shift))
    at = block[inside]
    made = rows.copy()
    made[inside] = bounds[at] + (rows[inside] - bounds[at] + shift[at]) % np.diff(bounds)[at]
    return made


def on_random_dates(scene: Scene, count: int, seed: int) -> Iterator[Rows]:
    """Yield what the thesis asks for where its catalysts came on other sessions."""
    bounds = blocks(*scene.prepared.rows)
    rows = np.array([touch.row for touch in scene.catalogue.touches], dtype=np.int64)
    for shift in shifts(bounds, count, seed):
        there = moved(rows, bounds, shift)
        yield scene.rows if np.array_equal(there, rows) else scene.ask(scene.catalogue.moved(there.tolist()))


def on_random_decisions(scene: Scene, count: int, seed: int) -> Iterator[Rows]:
    """Yield what is asked for where the thesis wants on other sessions what it wants."""
    first, stop = scene.prepared.rows
    points = scene.points()[first:stop]
    asked = asked_weights(Targets(points))
    bounds = blocks(0, stop - first)
    for shift in shifts(bounds, count, seed):
        # row r of the placebo is row source[r] of the thesis
        source = moved(np.arange(stop - first), bounds, (-shift) % np.diff(bounds))
        yield scene.emitted(rolled(points, asked, source))


def rolled(points: NDArray[np.int16], asked: NDArray[np.int16], source: NDArray[np.int64]) -> NDArray[np.int16]:
    """Put rows in another order; where two meet that were apart, the second says all that is wanted.

    Parameters
    ----------
    points
        Sessions x symbols, -1 = leave alone.
    asked
        The same with -1 filled by what was wanted before (`study.decisions.asked_weights`).
    source
        Which row comes where.
    """
    made = points[source]
    seams = np.flatnonzero(np.diff(source, prepend=-1) != 1)
    whole = asked[source[seams]]
    # what is left alone (in a halt, say) may come on top of a whole row
    sums = np.maximum(whole.sum(axis=1, dtype=np.int64), BASIS_POINTS)
    made[seams] = whole.astype(np.int64) * BASIS_POINTS // sums[:, None]
    return made
