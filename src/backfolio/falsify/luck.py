"""How far luck alone would have carried: other histories, made of pieces of the one there was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.falsify.model import Outcome
from backfolio.ledger import daily_returns
from backfolio.metrics import ratios
from backfolio.verdict.bootstrap import best_block_length, bootstrap_counts
from backfolio.verdict.reality import REPLICATIONS, SHORTEST

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.sweep import Outcomes

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Luck:
    """Histories of the window's sessions by the stationary bootstrap (Politis and Romano 1994).

    All variants of a thesis are judged on the same histories, whose pieces
    are as long as suits the thesis' own lead.

    Parameters
    ----------
    counts
        float64 (replications, sessions): how often each session is in each.
    rival
        float64 (sessions,): daily returns of the benchmark, of cash where there is none.
    """

    counts: Floats
    rival: Floats

    @classmethod
    def of(cls, returns: Floats, benchmark: pd.Series[float] | None, seed: int) -> Luck:
        """Return the histories that suit a thesis with these daily returns.

        Parameters
        ----------
        benchmark
            Closes on the sessions; held from the first close on, so that its
            first return is 0.
        """
        rival = np.zeros(len(returns))
        if benchmark is not None:
            closes = benchmark.to_numpy(dtype=np.float64)
            rival[1:] = closes[1:] / closes[:-1] - 1.0
        if len(returns) < SHORTEST:
            return cls(np.empty((0, len(returns))), rival)
        return cls(bootstrap_counts(len(returns), REPLICATIONS, best_block_length(returns - rival), seed), rival)

    def p_value(self, lead: Floats) -> float | None:
        """Return the one-sided chance that a mean daily lead comes from luck.

        The share of the histories in which a thesis without a lead (its own,
        centred) leads by as much, the history there was counted as one of them
        (White 2000, for one rule). None for windows too short to tell, and
        where nothing moves.

        Parameters
        ----------
        lead
            Daily returns less those of what it is compared with.
        """
        if not len(self.counts) or float(np.ptp(lead)) <= ratios.ROUNDING:
            return None
        mean = float(lead.mean())
        drawn = self.counts @ (lead - mean) / len(lead)
        return (int(np.count_nonzero(drawn >= mean)) + 1) / (len(drawn) + 1)

    def leads(self, lead: Floats) -> Floats:
        """Return the mean daily lead a year in each history, rising."""
        return np.sort(self.counts @ lead / len(lead)) * SESSIONS_A_YEAR

    def outcomes(self, made: Outcomes, cash: int) -> list[Outcome]:
        """Return what trials made; `made` has their equity.

        Parameters
        ----------
        cash
            What each began with, mills.
        """
        equity = curves(made)
        return [
            Outcome(
                total_return=float(made.total_return[at]),
                sharpe=number(made.sharpe[at]),
                max_drawdown=float(made.max_drawdown[at]),
                fills=int(made.fills[at]),
                final_equity=int(made.final_equity[at]),
                p=self.p_value(daily_returns(equity[at], cash) - self.rival) if made.fills[at] else None,
            )
            for at in range(len(made))
        ]


def curves(made: Outcomes) -> NDArray[np.int64]:
    """Return the equity of trials that were swept with it, mills, trials x sessions."""
    return cast("NDArray[np.int64]", made.equity)


def number(value: float) -> float | None:
    """Return None for what does not exist."""
    return None if np.isnan(value) else float(value)
