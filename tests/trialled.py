"""Trials made of returns, for tests that judge them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backfolio.verdict.curves import CHUNK, Curves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

START = 10**13
"""Mills; so many that rounding to them moves no return by more than 1e-12."""


def equity_of(returns: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return equity, (trials, sessions), and start cash, (trials,), whose daily returns these are."""
    equity = np.rint(START * np.cumprod(1.0 + returns, axis=1)).astype(np.int64)
    return equity, np.full(len(returns), START, dtype=np.int64)


def curves_of(returns: Floats, chunk: int = CHUNK) -> Curves:
    return Curves(*equity_of(returns), chunk)


def noise(seed: int, trials: int, sessions: int, *, common: float = 0.0) -> Floats:
    """Return returns without any edge, (trials, sessions): a deviation of 1% a day, part of it common to all."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0.0, 0.01 * np.sqrt(common), sessions)
    return shared + rng.normal(0.0, 0.01 * np.sqrt(1.0 - common), (trials, sessions))


def dearer(returns: Floats, trials: int, cost: float) -> Floats:
    """Return one trial at rising costs, (trials, sessions): each pays `cost` a session more than the one before."""
    return returns - cost * np.arange(trials)[:, None]
