"""Would luck alone have beaten the benchmark as clearly: White's reality check and Hansen's SPA.

Both ask whether the best of all trials beats the benchmark by more than the
best of as many trials without any edge would, in bootstrapped histories of the
same sessions. Trials that resemble one another count for less than as many
different ones, for they share the histories.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.errors import UsageError
from backfolio.said import counted, said
from backfolio.verdict.bootstrap import best_block_length, bootstrap_counts, long_run_variance
from backfolio.verdict.curves import moves

if TYPE_CHECKING:
    from backfolio.verdict.curves import Curves, Floats

REPLICATIONS: Final = 1_000

SHORTEST: Final = 20
"""Sessions below which no test is made."""


@dataclass(frozen=True, slots=True)
class Superiority:
    """p-values of the tests; all n/a where `reason` is not empty.

    Parameters
    ----------
    lower, consistent, upper
        Of Hansen's test. The consistent one is the test's; the lower takes
        trials that do worse than the benchmark for as bad as they look, the
        upper for as good as the benchmark.
    white
        Of White's reality check.
    replications
        Bootstrapped histories.
    block_length
        Their mean sessions in a row.
    reason
        Why there is nothing.
    notes
        What was left out, one sentence each.
    """

    lower: float | None = None
    consistent: float | None = None
    upper: float | None = None
    white: float | None = None
    replications: int | None = None
    block_length: float | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Highest:
    """The highest statistic so far: of the trials, and (replications,) under each way of centring."""

    white: float
    hansen: float
    whites: Floats
    lower: Floats
    consistent: Floats
    upper: Floats
    equal: int


def superiority(
    curves: Curves,
    best: int,
    benchmark: Floats | None = None,
    *,
    replications: int = REPLICATIONS,
    seed: int = 0,
    block_length: float | None = None,
) -> Superiority:
    """Return how likely luck alone would beat the benchmark as clearly as the best of the trials.

    Hansen (2005), "A Test for Superior Predictive Ability", studentised by
    `bootstrap.long_run_variance`, and White (2000), "A Reality Check for Data
    Snooping". A p-value is the share of the histories whose highest statistic is
    above that of the trials, the history there was counted as one of them, so
    that it is never 0 (Davison and Hinkley 1997, section 4.2); it is 1 where no
    trial beat the benchmark.

    Parameters
    ----------
    curves
        The trials; a trial whose return never differs from the benchmark's by
        more or less is left out.
    best
        Row of the trial whose returns above the benchmark's choose the block
        length.
    benchmark
        Daily returns, (sessions,); None is cash, which earns 0.
    replications
        Histories, at least one.
    seed
        Of the histories.
    block_length
        Mean sessions in a row, at least 1; None: `bootstrap.best_block_length`
        of the best trial's returns above the benchmark's.

    Raises
    ------
    UsageError
        If the benchmark's length is another, or there are no replications.
    """
    sessions = curves.sessions
    if replications < 1:
        message = f"replications is {replications}: give at least 1"
        raise UsageError(message)
    rival = np.zeros(sessions) if benchmark is None else benchmark
    if rival.shape != (sessions,):
        message = f"{rival.size} returns of the benchmark meet {sessions} sessions: give one for each"
        raise UsageError(message)
    if sessions < SHORTEST:
        few = counted(sessions, "session")
        return Superiority(reason=said("%(sessions)s: the test needs %(least)s.", sessions=few, least=SHORTEST))
    length = best_block_length(curves.returns(best, best + 1)[0] - rival) if block_length is None else block_length
    counts = bootstrap_counts(sessions, replications, length, seed).T.copy()
    highest = _start(replications)
    for _, returns in curves.chunks():
        _raise(highest, returns - rival, counts, length)
    if highest.white == -math.inf:
        return Superiority(reason=said("No trial's returns ever differ from those that it is compared with."))
    against = said("cash") if benchmark is None else said("the benchmark")
    left = counted(highest.equal, "trial")
    note = said("The test against %(rival)s leaves out %(trials)s equal to it.", rival=against, trials=left)
    return Superiority(
        lower=_above(highest.lower, highest.hansen),
        consistent=_above(highest.consistent, highest.hansen),
        upper=_above(highest.upper, highest.hansen),
        white=_above(highest.whites, highest.white),
        replications=replications,
        block_length=length,
        notes=(note,) if highest.equal else (),
    )


def _start(replications: int) -> _Highest:
    # Hansen's statistics are never below 0; White's may be.
    zeros = np.zeros(replications)
    return _Highest(-math.inf, 0.0, np.full(replications, -np.inf), zeros, zeros, zeros, 0)


def _raise(highest: _Highest, active: Floats, counts: Floats, length: float) -> None:
    """Let some trials, (trials, sessions) of returns above the benchmark's, raise the highest statistics."""
    moving = moves(active)
    highest.equal += int(np.count_nonzero(~moving))
    active = active[moving]
    if not len(active):
        return
    root = math.sqrt(active.shape[1])
    mean = active.mean(axis=1)
    deviation = np.sqrt(long_run_variance(active, length))
    # What a history shows beyond the trial's own mean, times the root of n: a trial without any edge.
    luck = (active - mean[:, None]) @ counts / root
    highest.white = max(highest.white, float(mean.max()) * root)
    highest.whites = np.maximum(highest.whites, luck.max(axis=0))
    luck /= deviation[:, None]
    edge = mean * root / deviation
    highest.hansen = max(highest.hansen, float(edge.max()))
    hopeless = edge < -math.sqrt(2.0 * math.log(math.log(active.shape[1])))
    for name, shift in (
        ("upper", np.zeros_like(edge)),
        ("consistent", np.where(hopeless, edge, 0.0)),
        ("lower", np.minimum(edge, 0.0)),
    ):
        shifted = luck + shift[:, None] if shift.any() else luck
        setattr(highest, name, np.maximum(getattr(highest, name), shifted.max(axis=0)))


def _above(histories: Floats, statistic: float) -> float:
    if statistic <= 0.0:
        return 1.0
    return (int(np.count_nonzero(histories > statistic)) + 1) / (histories.size + 1)
