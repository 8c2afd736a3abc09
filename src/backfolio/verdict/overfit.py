"""Probability of backtest overfitting, by combinatorially symmetric cross-validation.

Bailey, Borwein, Lopez de Prado and Zhu (2015), "The Probability of Backtest
Overfitting": the sessions are cut into S blocks; in each of the C(S, S/2) ways
to halve them, the trial with the best Sharpe ratio in one half is looked up in
the other. What the search found is real where it stays ahead there.

A Sharpe ratio of a half needs only the sum and the sum of squares of returns in
each block, so that nothing here grows with the number of sessions.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.errors import UsageError
from backfolio.said import counted, said
from backfolio.verdict.curves import moves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.verdict.curves import Curves, Flags, Floats

BLOCKS: Final = 16
"""Blocks unless sessions are too few for them: 12,870 splits (the paper's choice)."""

MOST_BLOCKS: Final = 20

FEWEST_BLOCKS: Final = 4

SHORTEST: Final = 10
"""Sessions that a block must have; below, a Sharpe ratio of a half says nothing."""

POINTS: Final = 500
"""Most pairs of the degradation plot that are kept."""

BINS: Final = 20
"""Bins of the histogram of logits, half of them on each side of 0."""

AT_ONCE: Final = 1 << 18
"""Splits x trials worked on at once: what fits a processor's cache."""

LEAST_AT_ONCE: Final = 8
"""Splits worked on at once however many trials there are: calls of numpy are not free."""


@dataclass(frozen=True, slots=True)
class Overfit:
    """What cross-validation says; all n/a where `reason` is not empty.

    Parameters
    ----------
    probability
        Share of the splits whose logit is at or below 0.
    blocks, splits
        How many.
    edges, counts
        Histogram of the logits: n + 1 edges, n counts; a bin holds its upper
        edge.
    points
        Sharpe ratio a year of the best, in and out of sample, for some of the
        splits, evenly spaced by rank of the first, which rises.
    slope, intercept
        Of the regression of the second on the first over all splits; None where
        the first never changes.
    loss
        Share of the splits in which the best lost out of sample.
    reason
        Why there is nothing.
    notes
        What was left out or chosen, one sentence each.
    """

    probability: float | None = None
    blocks: int | None = None
    splits: int | None = None
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    slope: float | None = None
    intercept: float | None = None
    loss: float | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Trials that differ, reduced to their blocks.

    Parameters
    ----------
    sums, squares
        float64 (blocks, trials): of the daily returns.
    weights
        float64 (trials,): how many trials are alike, at least 1.
    lengths
        float64 (blocks,): sessions.
    constant
        Trials left out because their equity never moved.
    """

    sums: Floats
    squares: Floats
    weights: Floats
    lengths: Floats
    constant: int

    @property
    def trials(self) -> int:
        """How many they are, those alike included."""
        return int(self.weights.sum())


@dataclass(slots=True)
class _Found:
    """The best of every split, as it comes."""

    logits: list[Floats] = field(default_factory=list)
    inside: list[Floats] = field(default_factory=list)
    outside: list[Floats] = field(default_factory=list)


def cross_validate(curves: Curves, blocks: int = BLOCKS, at_once: int = AT_ONCE) -> Overfit:
    """Return the probability that the best of the trials is overfit.

    Trials are ranked by their Sharpe ratio, whatever the search was told to
    maximise; 0 for a trial that does not move in a half. Trials with the same
    returns are told apart by nothing and share their mean rank. Where several
    trials are best in sample, one of them is taken, the same one in every
    split and in every order of the trials.

    Parameters
    ----------
    curves
        The trials.
    blocks
        Most blocks, even, from 4 to 20; the largest even number not above it
        whose blocks have 10 sessions is taken. Where they do not divide the
        sessions, the first blocks are one session longer.
    at_once
        Splits x trials in memory at once, more where that is under 8 splits.

    Raises
    ------
    UsageError
        If `blocks` is odd or out of bounds.
    """
    if blocks % 2 or not FEWEST_BLOCKS <= blocks <= MOST_BLOCKS:
        message = f"blocks is {blocks}: give an even number from {FEWEST_BLOCKS} to {MOST_BLOCKS}"
        raise UsageError(message)
    least = FEWEST_BLOCKS * SHORTEST
    if curves.sessions < least:
        few = counted(curves.sessions, "session")
        return Overfit(reason=said("%(sessions)s: cross-validation needs %(least)s.", sessions=few, least=least))
    chosen = min(blocks, curves.sessions // SHORTEST // 2 * 2)
    notes: list[str] = []
    if chosen < blocks:
        notes.append(
            said(
                "Cross-validation has %(blocks)s blocks in place of %(usual)s: %(sessions)s sessions are few.",
                blocks=chosen,
                usual=blocks,
                sessions=curves.sessions,
            )
        )
    table = reduce_to_blocks(curves, chosen)
    if table.constant:
        left = counted(table.constant, "trial")
        notes.append(said("Cross-validation leaves out %(trials)s whose equity never moved.", trials=left))
    several = table.trials
    if several < 2:  # noqa: PLR2004
        return Overfit(
            reason=said(
                "%(trials)s whose equity moved: cross-validation compares at least two.",
                trials=counted(several, "trial"),
            )
        )
    if table.weights.size < 2:  # noqa: PLR2004
        return Overfit(
            reason=said(
                "All %(trials)s trials whose equity moved are the same: there is none to prefer.", trials=several
            )
        )
    found = _Found()
    for firsts, seconds in _halves(chosen, max(LEAST_AT_ONCE, at_once // table.weights.size)):
        _look_up(table, firsts, seconds, found)
    return _result(found, chosen, several, tuple(notes))


def reduce_to_blocks(curves: Curves, blocks: int) -> Blocks:
    """Sum returns and their squares by block, leave out constant trials, and put trials that are alike together.

    The order of what comes back depends on the trials alone, never on their
    order.
    """
    lengths = np.full(blocks, curves.sessions // blocks)
    lengths[: curves.sessions % blocks] += 1
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    table = np.empty((len(curves), 2 * blocks))
    moving = np.empty(len(curves), dtype=np.bool_)
    for rows, returns in curves.chunks():
        moving[rows] = moves(returns)
        table[rows, :blocks] = np.add.reduceat(returns, starts, axis=1)
        table[rows, blocks:] = np.add.reduceat(np.square(returns), starts, axis=1)
    table, weights = _distinct(table[moving])
    # Sorted by their first block, the first of several that are best would be the one that did worst there.
    shuffled = np.random.default_rng(0).permutation(len(table))
    columns = np.ascontiguousarray(table[shuffled].T)
    return Blocks(
        sums=columns[:blocks],
        squares=columns[blocks:],
        weights=weights[shuffled],
        lengths=lengths.astype(np.float64),
        constant=int(np.count_nonzero(~moving)),
    )


def _distinct(table: Floats) -> tuple[Floats, Floats]:
    """Return the distinct rows in order, and how often each comes."""
    if not len(table):
        return table, np.empty(0)
    ordered = table[np.lexsort(table.T)]
    first = np.concatenate(([True], (ordered[1:] != ordered[:-1]).any(axis=1)))
    return ordered[first], np.diff(np.append(np.flatnonzero(first), len(ordered))).astype(np.float64)


def _halves(blocks: int, at_once: int) -> Iterator[tuple[Flags, Flags]]:
    """Yield the halves that hold the first block, each standing for its rest too.

    A half is a part of the first half of the blocks and a part of the second.
    What comes is a table of either, (parts, blocks / 2), at most `at_once`
    each: every row of the one makes a half with every row of the other.
    """
    side = blocks // 2
    for size in range(1, side + 1):
        firsts = _parts(side, size)
        seconds = _parts(side, side - size)
        firsts = firsts[firsts[:, 0]]
        for first in range(0, len(firsts), at_once):
            for second in range(0, len(seconds), at_once):
                yield firsts[first : first + at_once], seconds[second : second + at_once]


def _parts(blocks: int, size: int) -> Flags:
    """Return every choice of `size` blocks, (choices, blocks)."""
    chosen = list(itertools.combinations(range(blocks), size))
    flags = np.zeros((len(chosen), blocks), dtype=np.bool_)
    np.put_along_axis(flags, np.array(chosen, dtype=np.int64).reshape(len(chosen), size), values=True, axis=1)
    return flags


def _look_up(table: Blocks, firsts: Flags, seconds: Flags, found: _Found) -> None:
    """Find the best of each half and of its rest, and its rank and Sharpe ratio in the other."""
    side = firsts.shape[1]
    lower = [_totals(table, part, slice(0, side)) for part in (firsts, ~firsts)]
    upper = [_totals(table, part, slice(side, None)) for part in (seconds, ~seconds)]
    shape = (len(seconds), table.weights.size)
    # Fresh memory for each step would cost as much as the step itself.
    orders, work, flags = (np.empty(shape), np.empty(shape)), np.empty(shape), np.empty(shape, dtype=np.bool_)
    for row, part in enumerate(firsts):
        half = np.concatenate((np.broadcast_to(part, seconds.shape), seconds), axis=1)
        for below, above, order in zip(lower, upper, orders, strict=True):
            _order([values[row] for values in below], above, order, work)
        for chosen, other, here in ((*orders, half), (*orders[::-1], ~half)):
            best = chosen.argmax(axis=1)
            value = np.take_along_axis(other, best[:, None], axis=1)
            under = _weigh(np.less(other, value, out=flags), table)
            upto = _weigh(np.less_equal(other, value, out=flags), table)
            # Mean rank r of those alike, 1 being the worst; r / (N + 1) is the relative rank.
            rank = (under + upto + 1.0) / 2.0
            found.logits.append(np.log(rank / (table.trials + 1.0 - rank)))
            found.inside.append(_sharpe(here, best, table))
            found.outside.append(_sharpe(~here, best, table))


def _totals(table: Blocks, parts: Flags, blocks: slice) -> list[Floats]:
    """Return sums and sums of squares over parts of some blocks: (parts, trials) each.

    Added block by block, so that every number is the same to the last bit
    however many are worked out at once.
    """
    totals = []
    for values in (table.sums[blocks], table.squares[blocks]):
        total = np.zeros((len(parts), values.shape[1]))
        for flags, one in zip(parts.T, values, strict=True):
            np.add(total, one, out=total, where=flags[:, None])
        totals.append(total)
    return totals


def _order(below: list[Floats], above: list[Floats], order: Floats, work: Floats) -> None:
    """Write a number for each split and trial that orders trials as their Sharpe ratio in the half does.

    Sum times its size over the sum of squares: with as many sessions for every
    trial it rises with mean over deviation, and nothing cancels. A trial that
    does not move has 0 / 0, and orders as a ratio of 0.

    Parameters
    ----------
    below, above
        Sums and sums of squares of the parts that make the half: (trials,), and
        (splits, trials).
    order, work
        (splits, trials): the result, and room to work in.
    """
    np.add(below[0], above[0], out=work)
    np.abs(work, out=order)
    np.multiply(order, work, out=order)
    np.add(below[1] + np.finfo(np.float64).tiny, above[1], out=work)
    np.divide(order, work, out=order)


def _weigh(flags: Flags, table: Blocks) -> Floats:
    """Return how many trials each row of flags holds."""
    if table.weights.size == table.trials:
        return np.asarray(np.add.reduce(flags.view(np.int8), axis=1, dtype=np.int32), dtype=np.float64)
    return np.asarray(np.einsum("st,t->s", flags, table.weights))


def _sharpe(half: Flags, trials: NDArray[np.int64], table: Blocks) -> Floats:
    """Return the Sharpe ratio a year of one trial in each split's half; 0 where it does not move."""
    sessions = half @ table.lengths
    total = np.where(half.T, table.sums[:, trials], 0.0).sum(axis=0)
    squares = np.where(half.T, table.squares[:, trials], 0.0).sum(axis=0)
    spread = np.maximum(squares - total * total / sessions, 0.0) / (sessions - 1.0)
    ratio = np.zeros_like(total)
    np.divide(total / sessions, np.sqrt(spread), out=ratio, where=spread > 0.0)
    return np.asarray(ratio * math.sqrt(SESSIONS_A_YEAR))


def _result(found: _Found, blocks: int, trials: int, notes: tuple[str, ...]) -> Overfit:
    logits, inside, outside = (np.concatenate(parts) for parts in (found.logits, found.inside, found.outside))
    # Splits come in an order that depends on how many are worked out at once; sums of floats shall not.
    order = np.lexsort((logits, outside, inside))
    logits, inside, outside = logits[order], inside[order], outside[order]
    edges, counts = _histogram(logits, trials)
    slope, intercept = _line(inside, outside)
    kept = np.unique(np.linspace(0, logits.size - 1, min(POINTS, logits.size)).round().astype(np.int64))
    return Overfit(
        probability=float((logits <= 0.0).mean()),
        blocks=blocks,
        splits=int(logits.size),
        edges=edges,
        counts=counts,
        points=tuple(zip(inside[kept].tolist(), outside[kept].tolist(), strict=True)),
        slope=slope,
        intercept=intercept,
        loss=float((outside < 0.0).mean()),
        notes=notes,
    )


def _histogram(logits: Floats, trials: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Count logits in even bins from the lowest possible to the highest; 0 is an edge, and counts as below."""
    reach = np.log(trials)
    edges = np.linspace(-reach, reach, BINS + 1)
    edges[BINS // 2] = 0.0
    # numpy's bins hold their lower edge: turned round, they hold the upper.
    counts, _ = np.histogram(-np.clip(logits, -reach, reach), -edges[::-1])
    return tuple(edges.tolist()), tuple(counts[::-1].tolist())


def _line(inside: Floats, outside: Floats) -> tuple[float | None, float | None]:
    """Return slope and intercept of the least squares line."""
    apart = inside - inside.mean()
    spread = float(apart @ apart)
    if spread <= 1e-12 * inside.size:
        return None, None
    slope = float(apart @ outside) / spread
    return slope, float(outside.mean()) - slope * float(inside.mean())
