"""Walk-forward: tuned on one stretch, judged on the next, in turn.

No future reaches a window: its trials see the history up to its last training
session and no further, and `walk_guard` refuses a thesis whose targets change
once more is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backfolio.caveats import caveats
from backfolio.errors import UsageError
from backfolio.ledger import Ledger
from backfolio.metrics import summary
from backfolio.money import MILLS
from backfolio.settings import MOST_CASH
from backfolio.sweep import ledger as swept_ledger
from backfolio.targets import LEAVE_ALONE, Exits, Targets
from backfolio.tune.evaluate import make_job
from backfolio.tune.walk_guard import demand_no_look_ahead
from backfolio.tune.walk_model import Walk, WalkWindow, score_of
from backfolio.tune.walk_plan import plan_walk
from backfolio.tune.walk_record import identity, record_of
from backfolio.tune.walk_train import trained
from backfolio.tune.winner import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from backfolio.backtest import ThesisFile
    from backfolio.bars import Bars
    from backfolio.history import History
    from backfolio.prepare import Prepared
    from backfolio.settings import MarketSettings
    from backfolio.source import Source
    from backfolio.strategy import Strategy
    from backfolio.tune.evaluate import Job
    from backfolio.tune.trials import Trials
    from backfolio.tune.walk_plan import PlannedWalk, WalkRequest
    from backfolio.tune.windows import Window


@dataclass(frozen=True, eq=False)
class _Traded:
    """A test stretch traded: its ledger, and what was asked of the market."""

    ledger: Ledger
    targets: Targets


def walk_forward(
    thesis: ThesisFile,
    source: Source,
    request: WalkRequest,
    on_trials: Callable[[int, int, int, int], None] | None = None,
    on_window: Callable[[WalkWindow, int], None] | None = None,
) -> Walk:
    """Plan a walk-forward and run it: `plan_walk`, then `run_walk`."""
    return run_walk(plan_walk(thesis, source, request), on_trials, on_window)


def run_walk(
    planned: PlannedWalk,
    on_trials: Callable[[int, int, int, int], None] | None = None,
    on_window: Callable[[WalkWindow, int], None] | None = None,
) -> Walk:
    """Tune a thesis window by window and trade each window's choice on the sessions after it.

    The trials of every window start with the cash of the settings; its test
    starts in cash with what the test before ended with (see `Walk`). Every
    test's ledger is replayed in backtrader.

    Parameters
    ----------
    planned
        From `plan_walk`.
    on_trials
        Called with (window's number, windows in all, trials done, trials of the window).
    on_window
        Called with each finished window and how many there are in all.

    Raises
    ------
    UsageError
        If no window has a trial to choose, or an account outgrows what an
        account may hold, or has nothing left.
    ThesisError
        If the thesis fails where it is traded, or looks ahead.
    LedgerError
        If backtrader's ledger of a test differs from the compiled engine's.
    """
    thesis, source, request, default = planned.thesis, planned.source, planned.request, planned.default
    market, windows, count = planned.market, planned.windows, planned.count
    first, stop = market.rows
    made: list[WalkWindow] = []
    tuned: list[_Traded] = []
    plain: list[_Traded] = []
    cash = plain_cash = request.settings.cash_mills
    for window in windows:
        job = _training(thesis, market, request, window)

        def tell(done: int, number: int = window.number) -> None:
            if on_trials is not None:
                on_trials(number, len(windows), done, count)

        trials = trained(job, request, count, tell)
        known = market.known.until(market.known.bars.sessions[first + window.test[1] - 1])
        tuned.append(_tested(job, trials, known, window, first, cash))
        plain.append(_default(default, request, known, window, first, plain_cash))
        made.append(_window(window, job, trials, tuned[-1].ledger, request.score))
        cash, plain_cash = (int(each[-1].ledger.equity[-1]) for each in (tuned, plain))
        if on_window is not None:
            on_window(made[-1], len(windows))
    if not any(window.chosen for window in made):
        raise UsageError(_nothing(made))
    whole = _stitched([each.ledger for each in tuned])
    rows = (first + windows[0].test[0], stop)
    unbroken = _swept(
        "the default parameters in one run",
        market.known.bars.rows(*rows),
        default.emit(market.known, *rows),
        default.exits,
        request.settings,
    )
    targets = Targets(np.concatenate([each.targets.weights for each in tuned]))
    record = record_of(planned.asked, made, whole)
    return Walk(
        strategy=thesis.name,
        title=thesis.title,
        doc=thesis.doc,
        walk_id=identity(record),
        space=request.space,
        score_name=request.score,
        constraints=tuple(str(each) for each in request.constraints),
        sampler=request.sampler,
        trials=count,
        seed=request.seed,
        train=request.train,
        test=request.test,
        anchored=request.anchored,
        purge=request.purge,
        settings=request.settings,
        params=planned.fixed,
        windows=tuple(made),
        sessions=whole.sessions,
        equity=whole.equity,
        default=np.concatenate([each.ledger.equity for each in plain]),
        unbroken=unbroken.equity,
        benchmark_name=market.benchmark_name,
        benchmark_returns=_benchmark(market, windows[0].test[0]),
        simulated=source.simulated,
        source_label=source.label,
        command=request.command,
        warnings=tuple(caveats(market.known, source, request.settings, whole, targets)),
        record=record,
    )


def _training(thesis: ThesisFile, market: Prepared, request: WalkRequest, window: Window) -> Job:
    """Return the job of a window's trials; its history ends with the last training session."""
    first = market.rows[0]
    begin, end = first + window.train[0], first + window.train[1]
    past = market.known.until(market.known.bars.sessions[end - 1])
    return make_job(thesis, past, (begin, end), request.settings, request.params, request.space)


def _tested(job: Job, trials: Trials, known: History, window: Window, first: int, cash: int) -> _Traded:
    """Trade a window's choice, and replay it; stay in cash where there is none."""
    if trials.best is None:
        return _idle(job, known, window, first, cash)
    strategy, settings = job.built(trials.values(trials.best))
    demand_no_look_ahead(strategy, known, window, first)
    settings = _carried(settings, cash, window)
    traded = _traded(strategy, settings, known, window, first)
    from backfolio import replay  # noqa: PLC0415  imports backtrader: only once there is something to replay

    again = replay.replay(_bars(known, window, first), traded.targets, strategy.exits, settings)
    difference = traded.ledger.first_difference(again)
    if difference:
        message = (
            f"window {window.number}: the compiled engine's ledger differs from backtrader's: {difference}; "
            "please report it, with this command and its data"
        )
        raise LedgerError(message)
    return traded


def _default(
    strategy: Strategy, request: WalkRequest, known: History, window: Window, first: int, cash: int
) -> _Traded:
    demand_no_look_ahead(strategy, known, window, first, every=False)
    return _traded(strategy, _carried(request.settings, cash, window), known, window, first)


def _traded(strategy: Strategy, settings: MarketSettings, known: History, window: Window, first: int) -> _Traded:
    targets = strategy.emit(known, first + window.test[0], first + window.test[1])
    bars = _bars(known, window, first)
    return _Traded(_swept(f"window {window.number}", bars, targets, strategy.exits, settings), targets)


def _swept(where: str, bars: Bars, targets: Targets, exits: Exits, settings: MarketSettings) -> Ledger:
    """Return a ledger; what the engine refuses is said with where it was."""
    try:
        return swept_ledger(bars, targets, exits, settings)
    except UsageError as fault:
        message = f"{where}: {fault}"
        raise UsageError(message) from fault


def _idle(job: Job, known: History, window: Window, first: int, cash: int) -> _Traded:
    bars = _bars(known, window, first)
    targets = Targets(np.full(bars.shape, LEAVE_ALONE, dtype=np.int16))
    return _Traded(swept_ledger(bars, targets, Exits(), _carried(job.settings, cash, window)), targets)


def _bars(known: History, window: Window, first: int) -> Bars:
    return known.bars.rows(first + window.test[0], first + window.test[1])


def _carried(settings: MarketSettings, cash: int, window: Window) -> MarketSettings:
    if cash <= 0:
        message = f"window {window.number} begins with no money left: give exits, or weights that leave some in cash"
        raise UsageError(message)
    if cash > MOST_CASH * MILLS:
        message = (
            f"window {window.number} begins with {cash / MILLS:,.0f} CNY, and an account may start with at most "
            f"{MOST_CASH:,}: give a smaller --cash, so that no window grows beyond it"
        )
        raise UsageError(message)
    return replace(settings, cash=cash / MILLS)


def _window(window: Window, job: Job, trials: Trials, ledger: Ledger, score: str) -> WalkWindow:
    best = trials.best
    trained_on = job.sessions
    metrics = summary(ledger.returns())
    idle = best is None
    errors = sorted(trials.errors.items())
    return WalkWindow(
        window=window,
        train=(str(trained_on[0]), str(trained_on[-1])),
        test=(str(ledger.sessions[0]), str(ledger.sessions[-1])),
        trials=len(trials),
        failed=len(trials.errors),
        allowed=int(trials.allowed.sum()),
        chosen=None if best is None else trials.values(best),
        in_score=None if best is None else float(trials.score[best]),
        in_annual=None if best is None else _number(trials.figures["cagr"][best]),
        out_score=None if idle else score_of(metrics, score),
        out_annual=None if idle else metrics.cagr,
        out_return=int(ledger.equity[-1]) / ledger.start_cash - 1.0,
        start_cash=ledger.start_cash,
        equity=ledger.equity,
        fills=len(ledger.fills),
        refusals=len(ledger.refusals),
        first_error=errors[0][1] if errors else "",
    )


def _number(value: np.floating[Any]) -> float | None:
    return float(value) if np.isfinite(value) else None


def _nothing(windows: Sequence[WalkWindow]) -> str:
    failed = sum(window.failed for window in windows)
    trials = sum(window.trials for window in windows)
    if failed == trials:
        return f"all {trials:,} trials failed, the first with: {windows[0].first_error}"
    return (
        "no window has a trial with a score that every constraint allows: loosen --constraint, choose another --score, "
        "or vary more"
    )


def _stitched(ledgers: Sequence[Ledger]) -> Ledger:
    """Put the ledgers of successive tests one after another, rows of fills and refusals moved on."""
    starts = np.cumsum([0, *(len(each.sessions) for each in ledgers)]).tolist()
    pairs = list(zip(ledgers, starts, strict=False))
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(each, name) for each in ledgers])
        for name in ("sessions", "cash", "equity", "positions", "mark", "dividends")
    }
    return Ledger(
        symbols=ledgers[0].symbols,
        fills=tuple(fill._replace(session=fill.session + at) for each, at in pairs for fill in each.fills),
        refusals=tuple(one._replace(session=one.session + at) for each, at in pairs for one in each.refusals),
        start_cash=ledgers[0].start_cash,
        **arrays,
    )


def _benchmark(market: Prepared, row: int) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """Return the benchmark's daily returns from a row of the walk on; held from that session's close."""
    if market.benchmark is None:
        return None
    closes = market.benchmark.to_numpy(dtype=np.float64)[row:]
    return np.concatenate(([0.0], closes[1:] / closes[:-1] - 1.0))
