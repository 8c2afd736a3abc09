"""The trials of one window of a walk-forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backfolio.tune.loop import SLICE, make_runner
from backfolio.tune.samplers import make_sampler
from backfolio.tune.trials import FIGURES, Trials, make_trials, score_trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from backfolio.tune.evaluate import Job
    from backfolio.tune.walk_plan import WalkRequest


def trained(job: Job, asked: WalkRequest, count: int, on_trials: Callable[[int], None]) -> Trials:
    """Run the trials of a window.

    Equity curves are let go as they come, so that memory does not grow with
    trials; those of the result have no session.

    Parameters
    ----------
    job
        The thesis over the training stretch.
    asked
        Score, constraints, sampler, workers.
    count
        Trials.
    on_trials
        Called with how many are done.
    """
    sampler = make_sampler(asked.sampler, job.space, asked.seed)
    places = np.zeros(count, dtype=np.int64)
    figures = {name: np.full(count, np.nan) for name in FIGURES}
    failed = np.zeros(count, dtype=np.bool_)
    errors: dict[int, str] = {}
    done = 0
    with make_runner(job, min(asked.workers, count)) as runner:
        on_trials(done)
        for first in range(0, count, sampler.block):
            block = slice(first, min(first + sampler.block, count))
            places[block] = sampler.propose(block.start, block.stop)
            # a small block waits for its slowest chunk: give every process one
            chunk = -(-(block.stop - first) // asked.workers) if sampler.block < SLICE else None
            for rows, batch in runner.run(places[block], chunk):
                for name in FIGURES:
                    figures[name][first + rows] = batch.figures[name]
                errors.update({first + int(rows[row]): text for row, text in batch.errors.items()})
                done += len(rows)
                on_trials(done)
            failed[list(errors)] = True
            if block.stop < count:
                so_far = {name: values[block] for name, values in figures.items()}
                scores, allowed = score_trials(so_far, failed[block], asked.score, asked.constraints)
                sampler.learn(places[block], np.where(allowed, scores, -np.inf))
    return make_trials(
        space=job.space,
        places=places,
        figures=figures,
        errors=dict(sorted(errors.items())),
        equity=np.zeros((count, 0), dtype=np.int64),
        sessions=job.sessions[:0],
        start_cash=job.settings.cash_mills,
        score=asked.score,
        constraints=asked.constraints,
    )
