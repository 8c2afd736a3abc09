"""Trials over threads, and the ledger of one."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio import ashare, book
from backfolio.ashare.fill import BUY
from backfolio.errors import UsageError
from backfolio.ledger import Fill, Ledger, Refusal
from backfolio.settings import MOST_GROWN_MILLS, MarketSettings
from backfolio.sweep import layout
from backfolio.sweep.compiled import compiled
from backfolio.sweep.loop import run_trials
from backfolio.sweep.market import market, scratch, tape
from backfolio.sweep.outcomes import Outcomes, Trial, outcomes
from backfolio.sweep.rows import Rows, combine, sparse
from backfolio.targets import Exits, Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from backfolio.bars import Bars

LOTS: Final = 16
"""Tax lots a name has room for at first; more are made where they do not do."""

ROOM: Final = 1_024
"""Fills, and refusals, a ledger has room for at first; the loop runs again where there were more."""

CHUNKS: Final = 8
"""Chunks of trials a thread, so that none waits long for the others at the end."""

MOST_CHUNK: Final = 256
"""Trials of a chunk at most: how often progress is told."""

MOST_FEES: Final = 2
"""Times the fees; more of them could leave whole numbers of 64 bits."""


def sweep(
    bars: Bars,
    targets: Sequence[Targets | Rows],
    trials: Sequence[Trial],
    *,
    equity: bool = False,
    workers: int | None = None,
    on_trials: Callable[[int], None] | None = None,
    fees: int = 1,
) -> Outcomes:
    """Run many trials on the same bars, compiled and in parallel; the fills are `replay`'s.

    Beyond what is returned, memory does not grow with the number of trials.

    Parameters
    ----------
    bars
        The sessions of the sweep.
    targets
        What trials name by its place; `sparse` rows take less memory.
    trials
        Each with its targets, exits and market settings.
    equity
        Whether to return every trial's equity curve.
    workers
        Threads; as many as there are processors by default. The outcomes do
        not depend on it.
    on_trials
        Called in this thread, as trials finish, with how many more have.
    fees
        Times what a fill is charged: commission, its minimum, stamp duty and
        transfer fee. 1 is the market as it is, and the only one that `replay`
        knows; 2 asks what would be left of a profit.

    Raises
    ------
    UsageError
        If there is no session, targets have another shape than the bars, a
        trial names targets that are not there, or an account outgrows what
        whole numbers of 64 bits hold (100 thousand million CNY).
    """
    rows = _rows(bars, targets)
    numbers = _numbers(trials, len(rows))
    if workers is not None and workers < 1:
        message = f"workers is {workers!r}: give 1 or more threads, or None for one a processor"
        raise UsageError(message)
    if not 1 <= fees <= MOST_FEES:
        message = f"fees is {fees!r}: give 1 for those of the market, or {MOST_FEES} for twice as high ones"
        raise UsageError(message)
    numbers[:, [layout.COMMISSION, layout.MIN_COMMISSION]] *= fees
    sessions = len(bars.sessions)
    counts = np.zeros((len(trials), layout.TALLIES), dtype=np.int64)
    figures = np.zeros((len(trials), layout.FIGURES), dtype=np.float64)
    final = np.zeros(len(trials), dtype=np.int64)
    curves = np.zeros((len(trials) if equity or fees > 1 else 0, sessions), dtype=np.int64)
    if len(trials):
        columns, orders = combine(rows, bars.shape)
        taxed = bool(numbers[:, layout.TAXED].any())
        given = (market(bars, columns, taxed=taxed, fees=fees), orders, numbers)
        made = (tape(), counts, figures, final, curves)
        _run(given, made, np.arange(len(trials)), LOTS if taxed else 0, workers or processors(), on_trials)
        if fees > 1:
            # twice a product of value and rate must not leave int64 either
            _demand_small(np.flatnonzero(curves.max(axis=1) > MOST_GROWN_MILLS // (2 * fees)), 2 * fees)
    return outcomes(counts, figures, final, sessions, curves if equity else None)


def ledger(
    bars: Bars,
    targets: Targets | Rows,
    exits: Exits | None = None,
    settings: MarketSettings | None = None,
) -> Ledger:
    """Return everything that happens in one trial: the ledger that `replay` gives.

    Raises
    ------
    UsageError
        As `sweep`.
    """
    rows = _rows(bars, [targets])
    numbers = _numbers([Trial(0, exits or Exits(), settings or MarketSettings())], 1)
    columns, orders = combine(rows, bars.shape)
    taxed = bool(numbers[0, layout.TAXED])
    given = (market(bars, columns, taxed=taxed), orders, numbers)
    sessions = len(bars.sessions)
    counts = np.zeros((1, layout.TALLIES), dtype=np.int64)
    curve = np.zeros((1, sessions), dtype=np.int64)
    room = (ROOM, ROOM)
    while True:
        tape_ = tape(*room, sessions, len(columns))
        made = (tape_, counts, np.zeros((1, layout.FIGURES)), np.zeros(1, dtype=np.int64), curve)
        _run(given, made, np.arange(1), LOTS if taxed else 0, 1, None)
        needed = (int(counts[0, layout.FILLS]), int(counts[0, layout.REFUSALS]))
        if needed[0] <= room[0] and needed[1] <= room[1]:
            break
        room = needed
    positions = np.zeros(bars.shape, dtype=np.int64)
    positions[:, columns] = tape_.positions
    return Ledger(
        sessions=bars.sessions,
        symbols=bars.symbols,
        fills=_fills(tape_.fills[: needed[0]], columns),
        refusals=_refusals(tape_.refusals[: needed[1]], columns),
        cash=tape_.cash,
        equity=curve[0],
        positions=positions,
        mark=bars.mark,
        start_cash=int(numbers[0, layout.CASH]),
        dividends=tape_.dividends,
    )


def _run(
    given: tuple[layout.Market, layout.Orders, NDArray[np.int64]],
    made: tuple[Any, ...],
    trials: NDArray[np.int64],
    lots: int,
    workers: int,
    on_trials: Callable[[int], None] | None,
) -> None:
    """Run `trials`; those whose tax lots did not do, again with more room."""
    while True:
        _run_chunks(given, made, trials, lots, workers, on_trials)
        counts = made[1]
        _demand_small(np.flatnonzero(counts[:, layout.OUTGROWN]))
        trials = trials[counts[trials, layout.LOTS_FULL] != 0]
        if not trials.size:
            return
        lots, on_trials = 2 * lots, None


def _demand_small(outgrown: NDArray[np.int64], part: int = 1) -> None:
    """Refuse accounts that grew beyond what whole numbers hold."""
    if outgrown.size:
        message = (
            f"trial {outgrown[0]} grew beyond {MOST_GROWN_MILLS // part // 1_000:,} CNY, which the compiled engine's "
            "whole numbers do not hold: start with less cash"
        )
        raise UsageError(message)


def _run_chunks(
    given: tuple[layout.Market, layout.Orders, NDArray[np.int64]],
    made: tuple[Any, ...],
    trials: NDArray[np.int64],
    lots: int,
    workers: int,
    on_trials: Callable[[int], None] | None,
) -> None:
    kernel = compiled(run_trials)
    names, sessions = given[0].mark.shape
    size = min(max(len(trials) // (workers * CHUNKS), 1), MOST_CHUNK)
    chunks = [trials[first : first + size] for first in range(0, len(trials), size)]
    workers = min(workers, len(chunks))
    free: SimpleQueue[layout.State] = SimpleQueue()
    for _ in range(workers):
        free.put(scratch(names, sessions, lots))

    def run(chunk: NDArray[np.int64]) -> int:
        state = free.get()
        kernel(*given, chunk, state, *made)
        free.put(state)
        return len(chunk)

    def tell(done: int) -> None:
        if on_trials is not None:
            on_trials(done)

    if workers == 1:
        for chunk in chunks:
            tell(run(chunk))
        return
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(run, chunk) for chunk in chunks]
        try:
            for future in as_completed(futures):
                tell(future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def processors() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _rows(bars: Bars, targets: Sequence[Targets | Rows]) -> list[Rows]:
    if not len(bars.sessions):
        message = "the window holds no session: choose a start and an end with sessions between them"
        raise UsageError(message)
    for each in targets:
        shape = each.weights.shape if isinstance(each, Targets) else each.shape
        if shape != bars.shape:
            message = f"targets have shape {shape}, the bars {bars.shape}: give a row a session"
            raise UsageError(message)
    return [sparse(each) if isinstance(each, Targets) else each for each in targets]


def _numbers(trials: Sequence[Trial], targets: int) -> NDArray[np.int64]:
    """Return the trials as whole numbers, trials x `layout.PARAMETERS`."""
    made: list[tuple[int, ...]] = []
    settings: MarketSettings | None = None
    numbers: tuple[int, ...] = ()
    for at, trial in enumerate(trials):
        if not 0 <= trial.targets < targets:
            message = f"trial {at} names targets {trial.targets!r}: {targets} are given, counted from 0"
            raise UsageError(message)
        if trial.settings is not settings and trial.settings != settings:
            settings = trial.settings
            numbers = _settings_numbers(settings)
        made.append((trial.targets, *trial.exits.as_integers(), *numbers))
    return np.array(made, dtype=np.int64).reshape(-1, layout.PARAMETERS)


def _settings_numbers(settings: MarketSettings) -> tuple[int, ...]:
    """Return settings in the order of the parameters' columns, from `layout.CASH` on."""
    return (
        settings.cash_mills,
        int(settings.slippage),
        settings.participation_points,
        int(settings.chase),
        int(settings.price == "vwap"),
        settings.commission_rate,
        settings.min_commission_mills,
        int(settings.dividend_tax),
    )


def _fills(written: NDArray[np.int64], columns: NDArray[np.int64]) -> tuple[Fill, ...]:
    return tuple(
        Fill(row, symbol, _side(side), shares, price, commission, duty, transfer, tax, book.REASONS[reason])
        for (row, _, side, shares, price, commission, duty, transfer, tax, reason), symbol in zip(
            written.tolist(), columns[written[:, 1]].tolist(), strict=True
        )
    )


def _refusals(written: NDArray[np.int64], columns: NDArray[np.int64]) -> tuple[Refusal, ...]:
    return tuple(
        Refusal(row, symbol, _side(side), shares, ashare.REFUSALS[reason])
        for (row, _, side, shares, reason), symbol in zip(
            written.tolist(), columns[written[:, 1]].tolist(), strict=True
        )
    )


def _side(side: int) -> str:
    return "buy" if side == BUY else "sell"
