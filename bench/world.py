"""A large simulated market, and targets that trade in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.bars import build_bars
from backfolio.source import sample
from backfolio.targets import LEAVE_ALONE, Targets

if TYPE_CHECKING:
    from backfolio.bars import Bars

SESSIONS: Final = 1250
FIRST: Final = "2020-09-01"
SPARE: Final = 1.2
"""Companies made for each one used: some are listed later."""


def market(names: int, sessions: int = SESSIONS) -> Bars:
    """Return `names` simulated companies over `sessions`; suspensions and ex-dates included.

    All of them have a bar in the first session: in the naive way one feed that
    begins later holds back ``next()`` for all.
    """
    days = calendar.all_sessions()
    first = int(np.searchsorted(days, np.datetime64(FIRST)))
    last = days[first + sessions - 1]
    made = build_bars(sample.tables(names=int(names * SPARE), start=FIRST, end=str(last)))
    present = np.flatnonzero(made.traded[0])[:names]
    assert len(present) == names
    return made.columns(tuple(made.symbols[column] for column in present))


def part(bars: Bars, names: int) -> Bars:
    """Return `names` of the companies, spread over all of them."""
    at = np.linspace(0, len(bars.symbols) - 1, names).round().astype(int)
    return bars.columns(tuple(bars.symbols[column] for column in at))


def lottery(bars: Bars, held: int, every: int, seed: int = 2) -> Targets:
    """Hold `held` names of equal weight that have a bar, drawn anew every `every` sessions."""
    random = np.random.default_rng(seed)
    weights = np.full(bars.shape, LEAVE_ALONE, dtype=np.int16)
    for row in range(0, bars.shape[0], every):
        traded = np.flatnonzero(bars.traded[row])
        weights[row] = 0
        weights[row, random.choice(traded, held, replace=False)] = 9900 // held
    return Targets(weights)
