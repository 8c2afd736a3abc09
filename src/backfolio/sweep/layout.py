"""What the loop reads and writes: plain arrays, in named tuples that numba knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

SHARES, COST, PEAK, FIRST, LOSS_LEVEL, GAIN_LEVEL, FIRED, BOUGHT, BOUGHT_ON, LOTS, EX, WHY, PEAK_AT, SEEN, SEEN_PEAK = (
    range(15)
)
"""Columns of `State.position`.

FIRED is the row in which an exit fires, plus one, and WHY that exit, as far as
closes were looked at: rows below SEEN, with SEEN_PEAK their peak. PEAK is that
of the closes below row PEAK_AT. LOTS counts the tax lots in use, EX is the
place of the next ex-date in `Market.ex_row`; the levels are those of
`book.exit_levels`.
"""

SIDE, ORDER, WEIGHT, TRIES, REASON, ALL_HELD, LISTED, PLACE = range(8)
"""Columns of `State.order`.

SIDE is 0 where nothing stands, LISTED is 1 where the name is in
`State.standing`; PLACE is that of a position in `State.held`.
"""

POSITION_WIDTH: Final = 16
ORDER_WIDTH: Final = 8
"""Columns there are: a name's numbers fill whole lines of the processor's cache."""

HELD, STANDING, UNSIZED, FILLS, REFUSALS, TRADED, TRADED_REST, LOTS_FULL, OUTGROWN = range(9)
"""Places of `State.tally`: lengths of the lists, counts, value traded (CNY and mills beside), what went wrong."""

TALLIES: Final = 9

(
    TARGETS,
    STOP_LOSS,
    TRAILING,
    TAKE_PROFIT,
    MAX_SESSIONS,
    CASH,
    SLIPPAGE,
    PARTICIPATION,
    CHASE,
    BY_VWAP,
    COMMISSION,
    MIN_COMMISSION,
    TAXED,
) = range(13)
"""Columns of the trials' numbers."""

PARAMETERS: Final = 13

GROWTH, MEAN, DEVIATION, DOWNSIDE, SPREAD, DEPTH, ACCOUNT = range(7)
"""Columns of the trials' figures (see `measures.measure`)."""

FIGURES: Final = 7


BLOCK: Final = 16
"""Sessions whose lowest and highest mark are judged together."""


class Market(NamedTuple):
    """Bars as the loop reads them; mills and shares.

    `columns` are the symbols that some targets buy, as columns of the bars;
    what is said to be (names,) or names x sessions follows them. What is
    sessions x symbols is the bars' own memory.
    """

    columns: Integers
    mark: Integers
    """Names x sessions: a name's marks lie side by side, for they are read session after session."""
    lowest: Integers
    highest: Integers
    """Names x blocks: the extremes of `BLOCK` marks after each other."""
    traded: NDArray[np.bool_]
    open: Integers
    volume: Integers
    amount: Integers
    up: Integers
    down: Integers
    limit_state: NDArray[np.int8]
    minimum: Integers
    step: Integers
    exchange: Integers
    delisted: Integers
    """(names,) day numbers."""
    days: Integers
    stamp_buy: Integers
    stamp_sell: Integers
    transfer_value: Integers
    transfer_face: Integers
    ex_start: Integers
    """(names + 1,): the ex-dates of name n are ``ex_start[n]:ex_start[n + 1]`` of what follows, the last of them one
    beyond the last session, which never comes."""
    ex_row: Integers
    ex_cash: Integers
    ex_ratio: Integers
    ex_ratio_only: NDArray[np.bool_]
    ex_reference: Integers
    tax_since: Integers
    """Sessions x 2: first days that are at most a month and a year ago; no rows where no dividend is taxed."""
    tax_rates: Integers
    """Sessions x 3."""


class Orders(NamedTuple):
    """The sparse rows of many targets, one after the other; names are places in `Market.columns`.

    The rows of targets t are ``row[start[t]:start[t + 1]]``, the last of them
    one beyond the last session, which never comes. Row k buys
    ``buy_name[buy_start[k]:buy_start[k + 1]]`` at the weights of the same places, above 0,
    and in the same way sells names at 0. Names rise in a row.
    """

    start: Integers
    row: NDArray[np.int32]
    buy_start: Integers
    buy_name: NDArray[np.int32]
    buy_weight: NDArray[np.int16]
    sell_start: Integers
    sell_name: NDArray[np.int32]


class State(NamedTuple):
    """What one thread works in. Between trials nothing is held and nothing stands in it.

    `position`: names x `POSITION_WIDTH`; `order`: names x `ORDER_WIDTH`. `held`, `standing`, `unsized`: names,
    compact lists with their lengths in `tally`. `lot_day`, `lot_shares`,
    `lot_dividend`: names x tax lots. `equity`, `returns`: (sessions,).
    """

    position: Integers
    order: Integers
    held: Integers
    standing: Integers
    unsized: Integers
    tally: Integers
    lot_day: Integers
    lot_shares: Integers
    lot_dividend: Integers
    equity: Integers
    returns: NDArray[np.float64]


class Tape(NamedTuple):
    """Where a ledger is written; arrays of no rows where none is asked for."""

    fills: Integers
    refusals: Integers
    cash: Integers
    dividends: Integers
    positions: Integers
