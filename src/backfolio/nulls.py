"""The null hypotheses of a run: what it must beat before anything it says is believed.

Both trade under the run's own settings and rules, through the compiled engine:

* **hold**: equal parts of every member that has had a bar, brought back to equal
  parts only when a name joins or leaves. What is worth less than a lot stays
  cash, as for anyone. A test holds it to the shipped thesis `buy_and_hold`.
* **random names**: the run's own weights on the same sessions, its exits and
  settings, with the names exchanged among each other. A placebo is one such
  exchange for the whole window, so that its number of names, its holding times,
  its turnover and what happens at one time stay those of the run, and only the
  choice of names is lost. A name takes another's place only where it has a
  price and is a member whenever the other was bought, for a name that is not
  there yet would leave a placebo in cash.

Exchanges are drawn uniformly among those allowed that swaps of two names reach,
by a walk of random swaps that starts with the names as they are (a symmetric
Metropolis walk), and are the same for the same seed.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.metrics import trade_statistics
from backfolio.result import Null, Nulls
from backfolio.strategy.emission import sparse_rows, to_points
from backfolio.sweep import Rows, Trial, ledger, sparse, sweep
from backfolio.targets import Exits, Targets
from backfolio.weights import equal_weight

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from backfolio.history import History
    from backfolio.settings import MarketSettings

PLACEBOS: Final = 100
"""How many are drawn: enough to tell one in twenty from one in five."""

LEAST_NAMES: Final = 4
"""Names below which an exchange has too few outcomes (three names have six) to say anything."""

MIXING: Final = 2
"""Swaps a placebo walks, over n log n of the names that are bought; half of n log n mixes a deck of n cards
(Diaconis and Shahshahani 1981)."""

HOLD: Final = "hold"
RANDOM_NAMES: Final = "random_names"

LABELS: Final = {HOLD: "Buy and hold", RANDOM_NAMES: "Random names"}
WORDS: Final = {
    HOLD: (
        "Equal parts of every listed name of the universe, held, and brought back to equal parts only when a name "
        "joins or leaves; the same costs and rules. What is worth less than a lot stays cash."
    ),
    RANDOM_NAMES: (
        "The same weights on the same sessions, with the same exits and costs, on names drawn at random; shown is the "
        "placebo with the median total return."
    ),
}
"""What each is called and is; English, as pages look words up."""


def nulls(
    history: History,
    targets: Targets | None,
    exits: Exits,
    settings: MarketSettings,
    *,
    placebos: int = PLACEBOS,
    seed: int = 0,
) -> Nulls:
    """Return the null hypotheses of a run; the same for the same arguments.

    Parameters
    ----------
    history
        The window's sessions alone.
    targets
        What the thesis asked for, on them; None for a plain backtrader strategy.
    exits, settings
        Of the run.
    placebos, seed
        How many are drawn, and from which seed.

    Raises
    ------
    UsageError
        If an account outgrows what the compiled engine holds (see `sweep`).
    """
    chosen = None if targets is None else _random_names(history, targets, exits, settings, placebos, seed)
    return Nulls(_hold(history, settings), chosen)


def hold_targets(history: History, columns: Collection[int] | None = None, exposure: float = 1.0) -> Targets:
    """Return equal weights of every member that has had a bar, where that set changes; nothing in between.

    Parameters
    ----------
    columns
        Names that count; None = all.
    exposure
        Share of the account that is held.
    """
    chosen = np.logical_or.accumulate(history.tradable.to_numpy(), axis=0) & history.members.to_numpy()
    if columns is not None:
        chosen[:, [column for column in range(chosen.shape[1]) if column not in columns]] = False
    points = to_points(np.asarray(equal_weight(chosen), dtype=np.float64) * exposure)
    return Targets(sparse_rows(points, history.bars.sessions, "on_change", 0, len(points)))


def exchanges(allowed: NDArray[np.bool_], moving: NDArray[np.int64], count: int, seed: int) -> Iterator[list[int]]:
    """Yield `count` random exchanges of names: column c goes to place ``exchange[c]``.

    Parameters
    ----------
    allowed
        Columns x columns: whether the first may go to the place of the second.
    moving
        Columns whose place matters; the others go anywhere.
    """
    draw = random.Random(seed).random  # noqa: S311  a lottery, not a secret
    columns, many = len(allowed), len(moving)
    place = list(range(columns))
    mine = moving.tolist()
    may = [bytes([1]) * columns] * columns
    for column in mine:
        may[column] = allowed[column].tobytes()
    steps = math.ceil(MIXING * many * math.log(max(columns, 2)))
    for _ in range(count):
        for _ in range(steps):
            one, other = mine[int(draw() * many)], int(draw() * columns)
            here, there = place[one], place[other]
            if may[one][there] and may[other][here]:
                place[one], place[other] = there, here
        yield list(place)


def allowed_places(history: History, targets: Targets) -> NDArray[np.bool_]:
    """Tell which name may take which other's place, columns x columns.

    That is where it has a price and is a member on every row that buys the
    other; each may keep its own, and a name that is never bought may go
    anywhere.
    """
    there = history.members.to_numpy() & (history.bars.mark > 0)
    bought = targets.weights > 0
    columns = bought.shape[1]
    allowed = np.ones((columns, columns), dtype=np.bool_)
    partly = np.flatnonzero(~there.all(axis=0))
    rows = np.flatnonzero(bought.any(axis=1))
    if partly.size and rows.size:
        clashes = bought[rows].T.astype(np.float32) @ (~there[np.ix_(rows, partly)]).astype(np.float32)
        allowed[:, partly] = clashes == 0
    np.fill_diagonal(allowed, val=True)
    return allowed


def exchanged(rows: Rows, places: NDArray[np.int64]) -> Rows:
    """Return rows with the names exchanged: what was said of column c is said of ``places[c]``."""
    buy_symbol, order = _renamed(rows.buy_symbol, rows.buy_start, places)
    sell_symbol, _ = _renamed(rows.sell_symbol, rows.sell_start, places)
    return Rows(rows.shape, rows.row, rows.buy_start, buy_symbol, rows.buy_weight[order], rows.sell_start, sell_symbol)


def _renamed(
    symbols: NDArray[np.int32], start: NDArray[np.int32], places: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the new columns, rising in each row, and the order that brings the old ones there."""
    row = np.repeat(np.arange(len(start) - 1), np.diff(start))
    named = places[symbols].astype(np.int32)
    order = np.lexsort((named, row))
    return named[order], order


def _hold(history: History, settings: MarketSettings) -> Null | None:
    targets = hold_targets(history)
    return _null(HOLD, history, sparse(targets), Exits(), settings)


def _random_names(
    history: History, targets: Targets, exits: Exits, settings: MarketSettings, placebos: int, seed: int
) -> Null | None:
    rows = sparse(targets)
    moving = np.unique(rows.buy_symbol).astype(np.int64)
    if targets.weights.shape[1] < LEAST_NAMES or not moving.size or placebos < 1:
        return None
    drawn = [
        exchanged(rows, np.array(places, dtype=np.int64))
        for places in exchanges(allowed_places(history, targets), moving, placebos, seed)
    ]
    trials = [Trial(at, exits, settings) for at in range(1 + placebos)]
    outcomes = sweep(history.bars, [rows, *drawn], trials)
    final = outcomes.final_equity
    order = np.argsort(final[1:], kind="stable")
    shown = drawn[int(order[(placebos - 1) // 2])]
    return _null(
        RANDOM_NAMES,
        history,
        shown,
        exits,
        settings,
        placebos=placebos,
        beats=int((final[1:] < final[0]).sum()),
        totals=final[1:][order] / settings.cash_mills - 1.0,
    )


def _null(
    name: str,
    history: History,
    rows: Rows,
    exits: Exits,
    settings: MarketSettings,
    *,
    placebos: int = 0,
    beats: int = 0,
    totals: NDArray[np.float64] | None = None,
) -> Null | None:
    """Return the null of one curve; None where nothing was bought."""
    happened = ledger(history.bars, rows, exits, settings)
    if not happened.fills:
        return None
    trading = trade_statistics(happened)
    return Null(
        name=name,
        label=LABELS[name],
        words=WORDS[name],
        returns=happened.returns(),
        final_equity=int(happened.equity[-1]),
        fills=trading.fills,
        costs=trading.costs.total,
        turnover=trading.turnover,
        exposure=trading.exposure,
        names=len({fill.symbol for fill in happened.fills}),
        asked=len(np.unique(rows.buy_symbol)),
        placebos=placebos,
        beats=beats,
        totals=np.empty(0) if totals is None else totals,
    )
