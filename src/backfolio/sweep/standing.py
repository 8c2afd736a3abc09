"""Orders in the loop: what is sent, what stands, and what the open makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.ashare.fill import BUY, CUTS, NONE, SELL, trade
from backfolio.book import (
    TARGET,
    has_price,
    left_exchange,
    order_shares,
    payment,
    priority,
    sellable,
    sells_all,
    shares_at_open,
    stands,
    tries,
)
from backfolio.money import MILLS
from backfolio.sweep.layout import (
    ALL_HELD,
    BOUGHT,
    BOUGHT_ON,
    BY_VWAP,
    CHASE,
    COMMISSION,
    FILLS,
    FIRED,
    HELD,
    LISTED,
    MIN_COMMISSION,
    ORDER,
    PARTICIPATION,
    REASON,
    REFUSALS,
    SHARES,
    SIDE,
    SLIPPAGE,
    STANDING,
    TRADED,
    TRADED_REST,
    TRIES,
    UNSIZED,
    WEIGHT,
)
from backfolio.sweep.positions import book_fill

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from backfolio.sweep.layout import Integers, Market, State, Tape


def rebalance(market: Market, numbers: Integers, state: State, name: int, weight: int, equity: int, row: int) -> None:
    """Send what a weight above 0 asks for, or note that it cannot be sized."""
    close = market.mark[name, row]
    if not has_price(close):
        state.order[name, SIDE] = 0
        state.unsized[state.tally[UNSIZED]] = name
        state.tally[UNSIZED] += 1
        return
    shares = order_shares(weight, equity, close, state.position[name, SHARES], market.minimum[name], market.step[name])
    send(numbers, state, name, shares, weight, TARGET)


def sell_row(names: NDArray[np.int32], numbers: Integers, state: State, row: int) -> None:
    """Sell what is held of the names of a row, and cancel what else stands for them.

    What is held and what stands is looked for in the row, which may name
    thousands that are neither.
    """
    for at in range(state.tally[STANDING]):
        name = state.standing[at]
        if state.position[name, SHARES] == 0 and contains(names, name):
            state.order[name, SIDE] = 0
    for at in range(state.tally[HELD]):
        name = state.held[at]
        if state.position[name, FIRED] != row + 1 and contains(names, name):
            shares = order_shares(0, 0, 0, state.position[name, SHARES], 0, 0)
            send(numbers, state, name, shares, 0, TARGET)


def contains(names: NDArray[np.int32], name: int) -> bool:
    """Tell whether a rising row names a name."""
    low, high = 0, len(names)
    while low < high:
        middle = (low + high) // 2
        if names[middle] < name:
            low = middle + 1
        else:
            high = middle
    return low < len(names) and names[low] == name


def send(numbers: Integers, state: State, name: int, shares: int, weight: int, reason: int) -> None:
    """Replace what stands for a name by an order; 0 shares cancel it."""
    order = state.order
    if shares == 0:
        order[name, SIDE] = 0
        return
    order[name, SIDE] = BUY if shares > 0 else SELL
    order[name, ORDER] = abs(shares)
    order[name, WEIGHT] = weight
    order[name, TRIES] = tries(numbers[CHASE])
    order[name, REASON] = reason
    order[name, ALL_HELD] = sells_all(shares, state.position[name, SHARES])
    if order[name, LISTED] == 0:
        order[name, LISTED] = 1
        state.standing[state.tally[STANDING]] = name
        state.tally[STANDING] += 1


def execute_all(market: Market, numbers: Integers, state: State, tape: Tape, row: int, cash: int) -> int:
    """Let what stands meet the session's open, in the order of execution; return the cash."""
    order, standing, tally = state.order, state.standing, state.tally
    count = 0
    for at in range(tally[STANDING]):
        name = standing[at]
        if order[name, SIDE] == 0:
            order[name, LISTED] = 0
        else:
            standing[count] = name
            count += 1
    sort(standing, count, order)
    left = 0
    for at in range(count):
        name = standing[at]
        shares = shares_at_open(order[name, ORDER], order[name, ALL_HELD] == 1, state.position[name, SHARES])
        filled, cash = execute(market, numbers, state, tape, row, name, shares, cash)
        order[name, ORDER] = shares - filled
        order[name, TRIES] -= 1
        if stands(order[name, SIDE], order[name, ORDER], order[name, TRIES]):
            standing[left] = name
            left += 1
        else:
            order[name, SIDE] = 0
            order[name, LISTED] = 0
    tally[STANDING] = left
    return cash


def sort(standing: Integers, count: int, order: Integers) -> None:
    """Sort names by the priority of their orders (Shell's sort: in place, and quick on what is nearly sorted)."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for at in range(gap, count):
            name, place = standing[at], at
            key = priority(order[name, SIDE], order[name, WEIGHT], name)
            while place >= gap:
                other = standing[place - gap]
                if not key < priority(order[other, SIDE], order[other, WEIGHT], other):
                    break
                standing[place] = other
                place -= gap
            standing[place] = name
        gap //= 3


def execute(
    market: Market, numbers: Integers, state: State, tape: Tape, row: int, name: int, order: int, cash: int
) -> tuple[int, int]:
    """Let one order meet the session's open, and write down what came of it.

    Returns
    -------
    filled, cash
        Shares traded, and the cash after it.
    """
    position, column, exchange = state.position[name], market.columns[name], market.exchange[name]
    side, held, traded = state.order[name, SIDE], position[SHARES], market.traded[row, column]
    stamp = market.stamp_buy[row] if side == BUY else market.stamp_sell[row]
    shares, price, commission, duty, transfer, refusal, unsellable, beyond_cap, below_lot, beyond_cash = trade(
        side,
        order,
        held,
        sellable(held, position[BOUGHT], position[BOUGHT_ON], row),
        cash,
        traded,
        left_exchange(market.mark[name, row], traded, market.days[row], market.delisted[name]),
        market.open[row, column],
        market.amount[row, column],
        market.volume[row, column],
        market.up[row, column],
        market.down[row, column],
        market.limit_state[row, column],
        numbers[BY_VWAP] == 1,
        numbers[SLIPPAGE],
        numbers[PARTICIPATION],
        market.minimum[name],
        market.step[name],
        numbers[COMMISSION],
        numbers[MIN_COMMISSION],
        stamp,
        market.transfer_value[row, exchange],
        market.transfer_face[row, exchange],
    )
    if refusal != NONE:
        refuse(tape, state.tally, row, name, side, order, refusal)
        return 0, cash
    if shares < order:
        cuts = (unsellable, beyond_cap, below_lot, beyond_cash)
        for at in range(len(CUTS)):
            if cuts[at]:
                refuse(tape, state.tally, row, name, side, cuts[at], CUTS[at])
    if shares:
        tax = book_fill(market, numbers, state, row, name, side, shares, price)
        cash -= payment(side, shares, price, commission, duty, transfer, tax)
        tally = state.tally
        at = tally[FILLS]
        if at < len(tape.fills):
            write = tape.fills[at]
            write[0], write[1], write[2], write[3], write[4] = row, name, side, shares, price
            write[5], write[6], write[7], write[8] = commission, duty, transfer, tax
            write[9] = state.order[name, REASON]
        tally[FILLS] += 1
        # Two whole numbers, for the value traded in a long run may leave int64 in mills.
        tally[TRADED] += shares * price // MILLS
        tally[TRADED_REST] += shares * price % MILLS
    return shares, cash


def refuse(tape: Tape, tally: Integers, row: int, name: int, side: int, shares: int, reason: int) -> None:
    """Count a refusal, and write it down where there is room."""
    at = tally[REFUSALS]
    if at < len(tape.refusals):
        write = tape.refusals[at]
        write[0], write[1], write[2], write[3], write[4] = row, name, side, shares, reason
    tally[REFUSALS] += 1


def clear(state: State) -> None:
    """Leave the scratch as it was found: nothing held, nothing standing."""
    for at in range(state.tally[HELD]):
        state.position[state.held[at]] = 0
    for at in range(state.tally[STANDING]):
        state.order[state.standing[at]] = 0
    state.tally[:] = 0


HELPERS: Final = (rebalance, sell_row, contains, send, execute_all, sort, execute, refuse, clear)
