"""Which places are tried, and in what order: grid, random, TPE.

A sampler is a function of the space, the seed and, for TPE, of the scores of
the batches before: the same tune continued later, or over more processes,
tries the same places.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np

from backfolio.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from backfolio.tune.space import Space

    Integers = NDArray[np.int64]
    Floats = NDArray[np.float64]

Kind = Literal["grid", "random", "tpe"]
KINDS: Final = ("grid", "random", "tpe")

DEFAULT_TRIALS: Final = 200
"""Of random and TPE, where the space holds as many and nothing else is asked."""

PERMUTED: Final = 1_000_000
"""Largest space whose permutation is built; of a larger one places are drawn, and what came before is skipped."""

DRAWN: Final = 4_096
"""Places drawn at once: a fixed number, so that more trials continue the same series."""

BLOCK: Final = 65_536
"""Trials of a grid or a random tune whose places are evaluated together; all must finish before more are sent out."""

TPE_BATCH: Final = 16
"""Trials that TPE proposes before it learns how they did, however many processes evaluate them."""

TPE_STARTUP: Final = 32
"""Trials drawn at random before TPE has a say."""

DRAWS: Final = 64
"""Steps away from a place that was tried already, and draws of any untried one, before the next free one is taken."""


class Sampler(Protocol):
    """Says what to try."""

    @property
    def block(self) -> int:
        """Trials proposed at a time, a fixed number."""

    def propose(self, first: int, stop: int) -> Integers:
        """Return the places of the trials numbered ``first:stop``; `first` is a multiple of `block`."""

    def learn(self, places: Integers, scores: Floats) -> None:
        """Take in the scores of the next whole block, in order of number; -inf where a trial must not be chosen."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Every place in order."""

    block: int = BLOCK

    def propose(self, first: int, stop: int) -> Integers:
        """Return the numbers themselves."""
        return np.arange(first, stop, dtype=np.int64)

    def learn(self, places: Integers, scores: Floats) -> None:
        """Learn nothing."""


@dataclass(slots=True)
class Random:
    """Places drawn without repetition, each order as likely as another.

    Parameters
    ----------
    size
        Places of the space.
    seed
        Of the order.
    """

    size: int
    seed: int
    block: int = BLOCK
    _known: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def propose(self, first: int, stop: int) -> Integers:
        """Return part of the order."""
        if len(self._known) < stop:
            generator = np.random.default_rng(self.seed)
            if self.size <= PERMUTED:
                self._known = generator.permutation(self.size).astype(np.int64)
            else:
                self._known = _distinct(generator, self.size, max(stop, 2 * len(self._known)))
        return self._known[first:stop]

    def learn(self, places: Integers, scores: Floats) -> None:
        """Learn nothing."""


class Tpe:
    """Places proposed by Optuna's tree-structured Parzen estimator.

    Each batch is proposed from the scores of the batches before it and from
    (seed, number of its first trial) alone, with Optuna's "constant liar" for
    the trials of the batch itself. In place of a proposal that was tried
    already, a place near it is tried: asking again costs milliseconds, and
    brings the same proposal more often than not.

    Bergstra, Bardenet, Bengio, Kegl (2011), "Algorithms for Hyper-Parameter
    Optimization", NeurIPS 24.
    """

    def __init__(self, space: Space, seed: int) -> None:
        import optuna  # noqa: PLC0415  a fifth of a second, for this sampler only

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.block = TPE_BATCH
        self._optuna: Any = optuna
        self._space = space
        self._seed = seed
        self._tried: set[int] = set()
        self._study: Any = optuna.create_study(direction="maximize")
        self._distributions: dict[str, Any] = {
            axis.name: (
                optuna.distributions.IntDistribution(0, len(axis.values) - 1)
                if axis.ordered
                else optuna.distributions.CategoricalDistribution(tuple(range(len(axis.values))))
            )
            for axis in space.axes
        }

    def propose(self, first: int, stop: int) -> Integers:
        """Propose the next batch."""
        wanted = min(stop - first, self._space.size - len(self._tried))
        generator = np.random.default_rng((self._seed, first))
        self._study.sampler = self._sampler(int(generator.integers(2**32)))
        batch: dict[int, None] = {}
        asked = []
        while len(batch) < wanted:
            if len(self._tried) + len(batch) < TPE_STARTUP:
                place = self._untried(generator, batch)
            else:
                trial = self._study.ask(self._distributions)
                asked.append(trial)
                place = self._near([int(trial.params[axis.name]) for axis in self._space.axes], generator, batch)
            batch[place] = None
        for trial in asked:
            # Scores come in by `learn`, so that a resumed tune and this one hold the same trials.
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        return np.array(list(batch), dtype=np.int64)

    def learn(self, places: Integers, scores: Floats) -> None:
        """Hand a batch's scores to Optuna."""
        for place, score in zip(places.tolist(), scores.tolist(), strict=True):
            point = self._space.point(place)
            self._tried.add(place)
            params: Mapping[str, int] = {axis.name: at for axis, at in zip(self._space.axes, point, strict=True)}
            self._study.add_trial(
                self._optuna.trial.create_trial(params=params, distributions=self._distributions, value=score)
            )

    def _sampler(self, seed: int) -> Any:  # noqa: ANN401  optuna is imported late
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            return self._optuna.samplers.TPESampler(
                seed=seed, multivariate=True, constant_liar=True, n_startup_trials=0
            )

    def _near(self, point: list[int], generator: np.random.Generator, batch: Mapping[int, None]) -> int:
        """Return the place of a point, or one a few steps from it if that was tried."""
        space = self._space
        for _ in range(DRAWS):
            place = space.place(point)
            if place not in self._tried and place not in batch:
                return place
            column = int(generator.integers(len(space.axes)))
            last = space.shape[column] - 1
            if space.ordered[column]:
                step = 2 * int(generator.integers(2)) - 1
                point[column] = min(max(point[column] + step, 0), last)
            else:
                point[column] = int(generator.integers(last + 1))
        return self._untried(generator, batch)

    def _untried(self, generator: np.random.Generator, batch: Mapping[int, None]) -> int:
        size = self._space.size
        for _ in range(DRAWS):
            place = int(generator.integers(size))
            if place not in self._tried and place not in batch:
                return place
        while place in self._tried or place in batch:
            place = (place + 1) % size
        return place


def make_sampler(kind: str, space: Space, seed: int) -> Sampler:
    """Return a sampler.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    check_kind(kind)
    if kind == "grid":
        return Grid()
    return Random(space.size, seed) if kind == "random" else Tpe(space, seed)


def check_kind(kind: str) -> None:
    """Refuse what is no sampler.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if kind not in KINDS:
        message = f"no sampler is called {kind!r}{did_you_mean(kind, KINDS)}: choose from {', '.join(KINDS)}"
        raise UsageError(message)


def count_trials(kind: str, space: Space, asked: int | None) -> int:
    """Return how many trials a tune has.

    Parameters
    ----------
    asked
        ``--trials``; None = all of a grid, else `DEFAULT_TRIALS` or what the
        space holds.

    Raises
    ------
    UsageError
        If it is below 1 or more than the space holds.
    """
    if asked is None:
        return space.size if kind == "grid" else min(DEFAULT_TRIALS, space.size)
    if asked < 1:
        message = f"--trials is {asked}: give a whole number from 1"
        raise UsageError(message)
    if asked > space.size:
        message = (
            f"--trials {asked:,} is more than there is to try, the space holds {space.size:,} points: ask for fewer"
        )
        raise UsageError(message)
    return asked


def _distinct(generator: np.random.Generator, size: int, count: int) -> Integers:
    """Draw until `count` places are distinct, and return these in the order in which they first came."""
    drawn = np.zeros(0, dtype=np.int64)
    while len(drawn) < count:
        short = count - len(drawn)
        more = [generator.integers(size, size=DRAWN, dtype=np.int64) for _ in range(1 + short // DRAWN)]
        drawn = np.concatenate([drawn, *more])
        _, first = np.unique(drawn, return_index=True)
        drawn = drawn[np.sort(first)]
    return drawn
