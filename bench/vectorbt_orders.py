"""vectorbt's order-function simulator on the fills of the sweep, in a process of its own.

It is told every order's shares, price and fees, decides nothing and knows no
rule; its last equity proves that it traded the same. It knows no ex-dates
either, so they are struck out of the market first. It is set as fast as it
goes: sessions without an order are skipped, and no records of positions kept.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio.money import MILLS
from backfolio.settings import MarketSettings
from backfolio.sweep import ledger, sparse, sweep
from bench import kernel, world
from bench.timing import Row, Time, measure, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.ledger import Ledger

ROOT: Final = Path(__file__).resolve().parents[1]
FIGURE: Final = "vectorbt, from_order_func on the fills of the sweep"

TRIALS: Final = 50
"""Trials of one call, a group of columns each: what it is given takes 1.5 MB a trial."""

REPEATS: Final = 5


def rows() -> Iterator[Row]:
    """Measure in another process, or say why not."""
    if find_spec("vectorbt") is None:
        yield Row(FIGURE, "n/a: vectorbt is not installed (`make bench` installs it)")
        return
    arguments = [sys.executable, "-m", "bench.vectorbt_orders"]
    done = subprocess.run(arguments, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        yield Row(FIGURE, f"n/a: {(done.stderr.strip() or 'it failed').splitlines()[-1]}")
        return
    for told in map(json.loads, done.stdout.splitlines()):
        yield from _told(told)


def _told(told: dict[str, Any]) -> Iterator[Row]:
    size = f"{kernel.NAMES} x {world.SESSIONS}, {told['case']}"
    theirs, ours, alone = (Time(*told[name]) for name in ("theirs", "ours", "alone"))
    per = told["trials"], told["swept"], told["swept"]
    told_us = [
        f"{time.wall / count * 1e6:,.0f} us wall a trial"
        for time, count in zip((theirs, ours, alone), per, strict=True)
    ]
    yield Row(
        f"vectorbt {told['version']}, from_order_func, {told['trials']} trials a call, {size}",
        f"{milliseconds(theirs)}; {told_us[0]}, {told['fills'] / told['trials']:.0f} fills",
    )
    yield Row(f"sweep of the same, {told['swept']:,} trials, {size}", f"{told_us[1]} ({told_us[2]} with one thread)")
    ratio = theirs.wall / told["trials"] / (alone.wall / told["swept"])
    yield Row("    times faster a trial, one thread each", f"{ratio:.1f}")
    yield Row(
        "    the same last equity",
        f"{told['same']} of {told['trials']} trials, to the mill",
        "all",
        told["same"] == told["trials"],
    )


def main() -> None:
    """Simulate and sweep each case; print what it took, a line of JSON each."""
    import vectorbt as vbt  # noqa: PLC0415  five seconds

    bars = _without_ex_dates(world.market(kernel.NAMES))
    trials = kernel.draw(kernel.TRIALS)
    for name, every in kernel.CASES:
        targets = sparse(world.lottery(bars, kernel.HELD, every))
        ledgers = [ledger(bars, targets, trial.exits, trial.settings) for trial in trials[:TRIALS]]
        theirs, final = measure(_simulator(vbt, bars, ledgers), REPEATS)
        ours, outcomes = measure(lambda targets=targets: sweep(bars, [targets], trials), REPEATS)
        alone, _ = measure(lambda targets=targets: sweep(bars, [targets], trials, workers=1), REPEATS)
        told = {
            "case": name,
            "version": vbt.__version__,
            "trials": TRIALS,
            "swept": len(trials),
            "theirs": (theirs.cpu, theirs.wall),
            "ours": (ours.cpu, ours.wall),
            "alone": (alone.cpu, alone.wall),
            "fills": sum(len(made.fills) for made in ledgers),
            "same": int((np.rint(final * MILLS) == outcomes.final_equity[:TRIALS]).sum()),
        }
        print(json.dumps(told))


def _without_ex_dates(bars: Bars) -> Bars:
    zero = np.zeros(bars.shape, dtype=np.int64)
    none = np.zeros(bars.shape, dtype=np.bool_)
    return dataclasses.replace(bars, cash_per_share=zero, share_ratio=zero.copy(), ratio_only=none)


def _simulator(vbt: Any, bars: Bars, ledgers: list[Ledger]) -> Any:  # noqa: ANN401  vectorbt has no types
    """Return a function that simulates all trials in one call and returns their last equity, CNY."""
    import numba  # noqa: PLC0415
    from vectorbt.portfolio import nb  # noqa: PLC0415

    @numba.njit  # type: ignore[untyped-decorator]
    def sells_first(context: Any, size: Any) -> tuple[()]:  # noqa: ANN401
        first = context.from_col
        at = 0
        for side in (-1, 1):
            for column in range(context.group_len):
                shares = size[context.i, first + column]
                if (side < 0) == (shares < 0):
                    context.call_seq_now[at] = column
                    at += 1
        return ()

    @numba.njit  # type: ignore[untyped-decorator]
    def order(context: Any, size: Any, price: Any, fees: Any) -> Any:  # noqa: ANN401
        at = context.i, context.col
        return nb.order_nb(size=size[at], price=price[at], fixed_fees=fees[at])

    sessions, names = bars.shape
    size, price, fees = _orders(ledgers, sessions, names)
    trades = ~np.isnan(size).reshape(sessions, -1, names).all(axis=2)
    close = np.tile(_marks(bars), (1, len(ledgers)))
    groups = np.repeat(np.arange(len(ledgers)), names)

    def simulate() -> NDArray[np.float64]:
        portfolio = vbt.Portfolio.from_order_func(
            close,
            order,
            size,
            price,
            fees,
            init_cash=MarketSettings().cash,
            cash_sharing=True,
            group_by=groups,
            pre_segment_func_nb=sells_first,
            pre_segment_args=(size,),
            max_orders=sum(len(made.fills) for made in ledgers) + 1,
            segment_mask=trades,
            ffill_val_price=False,
            update_value=False,
            fill_pos_record=False,
        )
        last: NDArray[np.float64] = portfolio.final_value().to_numpy()
        return last

    return simulate


def _orders(ledgers: list[Ledger], sessions: int, names: int) -> tuple[NDArray[np.float64], ...]:
    """Return shares (sold: below 0; no order: NaN), prices and fees, sessions x names of each trial, side by side."""
    shape = (sessions, names * len(ledgers))
    size, price, fees = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    for number, made in enumerate(ledgers):
        for fill in made.fills:
            at = fill.session, number * names + fill.symbol
            size[at] = fill.shares if fill.side == "buy" else -fill.shares
            price[at] = fill.price / MILLS
            fees[at] = (fill.commission + fill.stamp_duty + fill.transfer_fee) / MILLS
    return size, price, fees


def _marks(bars: Bars) -> NDArray[np.float64]:
    return np.where(bars.mark > 0, bars.mark, np.nan) / MILLS


if __name__ == "__main__":
    main()
