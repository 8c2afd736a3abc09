"""`Trial` and `Outcomes`: what is tried, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from backfolio.money import MILLS
from backfolio.settings import MarketSettings
from backfolio.sweep.layout import FILLS, REFUSALS, TRADED, TRADED_REST
from backfolio.sweep.measures import ratios
from backfolio.targets import Exits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of parameters, as the engine sees it.

    Parameters
    ----------
    targets
        Place of its targets among those given to the sweep; trials that differ
        only in exits or settings name the same.
    exits
        Rules that sell; none by default.
    settings
        Cash, costs and liquidity.
    """

    targets: int = 0
    exits: Exits = field(default_factory=Exits)
    settings: MarketSettings = field(default_factory=MarketSettings)


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What came of every trial, in the order of the trials; arrays of (trials,), read-only.

    Fractions have the definitions of `metrics`, with a risk-free rate of 0;
    NaN where a figure does not exist (``n/a`` there).

    Parameters
    ----------
    total_return, cagr, volatility, sharpe, sortino, max_drawdown, calmar, turnover
        float64.
    fills, refusals
        int64: how many.
    final_equity
        int64 mills, after the last session.
    equity
        int64 mills, trials x sessions, where it was asked for.
    """

    total_return: Floats
    cagr: Floats
    volatility: Floats
    sharpe: Floats
    sortino: Floats
    max_drawdown: Floats
    calmar: Floats
    turnover: Floats
    fills: Integers
    refusals: Integers
    final_equity: Integers
    equity: Integers | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            array = getattr(self, name)
            if array is not None:
                array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.fills)


def outcomes(counts: Integers, figures: Floats, final: Integers, sessions: int, equity: Integers | None) -> Outcomes:
    """Make `Outcomes` of what the loop counted and measured."""
    traded = counts[:, TRADED].astype(np.float64) * MILLS + counts[:, TRADED_REST]
    return Outcomes(
        **ratios(figures, traded, sessions),
        fills=counts[:, FILLS].copy(),
        refusals=counts[:, REFUSALS].copy(),
        final_equity=final,
        equity=equity,
    )
