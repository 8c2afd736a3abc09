"""What is asked of a walk-forward, checked and cut into windows before anything is run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

from backfolio.errors import UsageError
from backfolio.prepare import prepare
from backfolio.tune.identity import fixed_values
from backfolio.tune.samplers import count_trials, make_sampler
from backfolio.tune.walk_record import asked_of, identity
from backfolio.tune.windows import make_windows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.backtest import ThesisFile
    from backfolio.history.clock import Day
    from backfolio.prepare import Prepared
    from backfolio.settings import MarketSettings
    from backfolio.source import Source
    from backfolio.strategy import Strategy
    from backfolio.tune.space import Space
    from backfolio.tune.trials import Constraint
    from backfolio.tune.windows import Window

CASH: Final = "market.cash"


@dataclass(frozen=True)
class WalkRequest:
    """What is asked of a walk-forward.

    Parameters
    ----------
    settings, params, space
        Market settings, fixed parameters, and what varies.
    train, test, anchored, purge
        As in `make_windows`.
    score, constraints
        As in `make_trials`.
    sampler, trials, seed
        As in `make_sampler` and `count_trials`; every window starts anew from
        the same seed.
    workers
        Processes; nothing but time depends on it.
    start, end, benchmark
        As in `backtest.Request`.
    command
        The command line that makes this walk, for the page.
    """

    settings: MarketSettings
    params: Mapping[str, object]
    space: Space
    train: int
    test: int
    anchored: bool = False
    purge: int = 0
    score: str = "sharpe"
    constraints: tuple[Constraint, ...] = ()
    sampler: str = "grid"
    trials: int | None = None
    seed: int = 0
    workers: int = 1
    start: Day | None = None
    end: Day | None = None
    benchmark: str | None = None
    command: str = ""


@dataclass(frozen=True, eq=False)
class PlannedWalk:
    """A walk-forward of which all is known but what comes out.

    Parameters
    ----------
    thesis, source, request
        As in `walk_forward`.
    default
        The thesis with its fixed parameters, and its own where they vary.
    fixed
        Parameters that do not vary, by name.
    market
        The source, cut to the walk.
    windows
        In order; at least one.
    count
        Trials of every window.
    """

    thesis: ThesisFile
    source: Source
    request: WalkRequest
    default: Strategy
    fixed: Mapping[str, object]
    market: Prepared
    windows: tuple[Window, ...]
    count: int

    @cached_property
    def asked(self) -> dict[str, object]:
        """All that the trials follow from, as JSON types."""
        return asked_of(self.thesis, self.source, self.request, self.fixed, self.market, self.count)

    @property
    def asked_id(self) -> str:
        """12 hex digits that a walk has whether it was finished or not; they name no folder."""
        return identity(self.asked)


def plan_walk(thesis: ThesisFile, source: Source, request: WalkRequest) -> PlannedWalk:
    """Check what is asked of a walk-forward and cut its windows.

    Parameters
    ----------
    thesis
        From `discover`; no plain backtrader strategy.
    source
        Bars, catalysts and universes.
    request
        What is varied, the windows, the score.

    Raises
    ------
    UsageError
        If something asked for does not fit.
    """
    _check(thesis, request)
    count = count_trials(request.sampler, request.space, request.trials)
    make_sampler(request.sampler, request.space, request.seed)
    default = cast("type[Strategy]", thesis.strategy).with_params(request.params)
    market = prepare(thesis.strategy, source, request.start, request.end, request.benchmark)
    first, stop = market.rows
    windows = make_windows(stop - first, request.train, request.test, anchored=request.anchored, purge=request.purge)
    return PlannedWalk(thesis, source, request, default, fixed_values(request.space, default), market, windows, count)


def _check(thesis: ThesisFile, request: WalkRequest) -> None:
    if thesis.kind == "backtrader":
        message = (
            f"{thesis.name} is a plain backtrader strategy, which only backtrader can run: a walk-forward needs a "
            "thesis with targets(history)"
        )
        raise UsageError(message)
    if any(axis.name == CASH for axis in request.space.axes):
        message = f"--vary {CASH}: a walk-forward carries its cash from window to window; vary something else"
        raise UsageError(message)
    if request.workers < 1:
        message = f"--workers is {request.workers}: give a whole number from 1"
        raise UsageError(message)
