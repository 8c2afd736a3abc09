"""Replay against the naive way, on the same bars and the same fills."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.targets import Exits
from bench import naive, world
from bench.timing import Row, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.bars import Bars

CASES: Final = ((20, 20, 30, 3), (300, 20, 150, 1), (20, 5, None, 3))
"""Symbols, sessions from one draw to the next, how many times faster replay must be, repeats of the naive way.

A draw every 20 sessions trades somewhat more than the shipped theses do; one
every 5 shows what many fills cost.
"""

HELD: Final = 10
REPEATS: Final = 7
EXITS: Final = Exits(stop_loss=0.1, trailing=0.1, max_sessions=30)


def rows() -> Iterator[Row]:
    """Measure every case."""
    everything = world.market(max(names for names, *_ in CASES))
    for names, every, times, repeats in CASES:
        yield from _compare(world.part(everything, names), every, times, repeats)


def _compare(bars: Bars, every: int, times: int | None, repeats: int) -> Iterator[Row]:
    sessions, names = bars.shape
    targets, settings = world.lottery(bars, HELD, every), MarketSettings()
    ours, ledger = measure(lambda: replay(bars, targets, Exits(), settings), REPEATS)
    data, sent = naive.frames(bars), naive.orders(ledger)
    theirs, traded = measure(lambda: naive.run(data, sent), repeats, warm=False)
    expected = Counter(naive.trades(ledger))
    same = (expected & Counter(traded)).total()
    size = f"{names} x {sessions}, new names every {every}"
    ratio = theirs.cpu / ours.cpu
    yield Row(f"naive backtrader, {size}", f"{theirs}; {len(traded)} fills")
    yield Row(f"replay, {size}", f"{ours}; {len(ledger.fills)} fills, {ours.cpu / len(ledger.fills) * 1e6:.0f} us each")
    yield Row(
        f"the same fills, {size}",
        f"{same} of {len(ledger.fills)} (session, symbol, side, shares, price)",
        "all",
        same == len(ledger.fills) == len(traded),
    )
    aim, reached = (f">= {times}", ratio >= times) if times else ("", None)
    yield Row(f"times faster, {size}", f"{ratio:.0f} (CPU)", aim, reached)
    exits, judged = measure(lambda: replay(bars, targets, EXITS, settings), REPEATS)
    yield Row(f"replay with three exits, {size}", f"{exits}; {len(judged.fills)} fills")
