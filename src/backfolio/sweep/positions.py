"""Positions in the loop: fills booked, ex-dates passed, tax lots kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.ashare.fill import BUY
from backfolio.book import (
    cost_after_sale,
    entitlement,
    exit_levels,
    restated_peak,
    spread_dividend,
    tax_on_sale,
)
from backfolio.sweep.layout import (
    BOUGHT,
    BOUGHT_ON,
    COST,
    EX,
    FIRED,
    FIRST,
    GAIN_LEVEL,
    HELD,
    LOSS_LEVEL,
    LOTS,
    LOTS_FULL,
    PEAK,
    PEAK_AT,
    PLACE,
    SEEN,
    SEEN_PEAK,
    SHARES,
    STOP_LOSS,
    TAKE_PROFIT,
    TAXED,
    TRAILING,
)

if TYPE_CHECKING:
    from backfolio.sweep.layout import Integers, Market, State


def go_ex(market: Market, numbers: Integers, state: State, row: int) -> int:
    """Pay out and restate what goes ex in this session, before its open; return the cash."""
    paid = 0
    for place in range(state.tally[HELD]):
        name = state.held[place]
        position = state.position[name]
        at = position[EX]
        if market.ex_row[at] != row:
            continue
        changes(market.mark[name], numbers, position, row)
        previous, reference = market.mark[name, row - 1], market.ex_reference[at]
        cash, bonus = entitlement(
            position[SHARES],
            market.ex_cash[at],
            market.ex_ratio[at],
            market.ex_ratio_only[at],
            previous,
            reference,
        )
        position[EX] = at + 1
        position[COST] -= cash
        set_levels(numbers, position)
        position[PEAK] = position[SEEN_PEAK] = restated_peak(position[PEAK], previous, reference)
        position[SHARES] += bonus
        paid += cash
        if numbers[TAXED]:
            if not market.ex_ratio_only[at]:
                lots = position[LOTS]
                spread_dividend(state.lot_shares[name, :lots], state.lot_dividend[name, :lots], cash)
            if bonus:
                add_lot(state, name, market.days[row], bonus)
    return paid


def book_fill(
    market: Market, numbers: Integers, state: State, row: int, name: int, side: int, shares: int, price: int
) -> int:
    """Move shares in or out of a position; return the dividend tax of a sale."""
    position, tax = state.position[name], 0
    if side == BUY or shares < position[SHARES]:
        changes(market.mark[name], numbers, position, row)
    if side == BUY:
        if position[SHARES] == 0:
            position[FIRST] = row
            position[EX] = next_ex_date(market, name, row)
            state.order[name, PLACE] = state.tally[HELD]
            state.held[state.tally[HELD]] = name
            state.tally[HELD] += 1
        if position[BOUGHT_ON] != row:
            position[BOUGHT] = 0
            position[BOUGHT_ON] = row
        position[BOUGHT] += shares
        position[COST] += shares * price
        set_levels(numbers, position)
        position[SHARES] += shares
        if numbers[TAXED]:
            add_lot(state, name, market.days[row], shares)
        return tax
    position[COST] = cost_after_sale(position[COST], position[SHARES], shares)
    position[SHARES] -= shares
    if numbers[TAXED]:
        lots, since, rates = position[LOTS], market.tax_since[row], market.tax_rates[row]
        tax = tax_on_sale(
            state.lot_day[name, :lots],
            state.lot_shares[name, :lots],
            state.lot_dividend[name, :lots],
            shares,
            since[0],
            since[1],
            rates[0],
            rates[1],
            rates[2],
        )
    if position[SHARES]:
        set_levels(numbers, position)
    else:
        position[:] = 0
        drop(state, name)
    return tax


def changes(marks: Integers, numbers: Integers, position: Integers, row: int) -> None:
    """Bring a position's peak up to the close before a session in which it changes; what was seen beyond is void."""
    if numbers[TRAILING] and position[SHARES]:
        for session in range(position[PEAK_AT], row):
            position[PEAK] = max(position[PEAK], marks[session])
    position[PEAK_AT] = position[SEEN] = row
    position[SEEN_PEAK] = position[PEAK]
    position[FIRED] = 0


def next_ex_date(market: Market, name: int, row: int) -> int:
    """Return the place of a name's first ex-date after a session."""
    low, high = int(market.ex_start[name]), int(market.ex_start[name + 1]) - 1
    while low < high:
        middle = (low + high) // 2
        if market.ex_row[middle] <= row:
            low = middle + 1
        else:
            high = middle
    return low


def set_levels(numbers: Integers, position: Integers) -> None:
    """Work out what exits compare with, each time the cost changes and not each session."""
    if numbers[STOP_LOSS] or numbers[TAKE_PROFIT]:
        levels = exit_levels(position[COST], numbers[STOP_LOSS], numbers[TAKE_PROFIT])
        position[LOSS_LEVEL], position[GAIN_LEVEL] = levels


def drop(state: State, name: int) -> None:
    """Take a name off the list of what is held; the order of the list means nothing."""
    last = state.tally[HELD] - 1
    place, moved = state.order[name, PLACE], state.held[last]
    state.held[place] = moved
    state.order[moved, PLACE] = place
    state.tally[HELD] = last


def add_lot(state: State, name: int, day: int, shares: int) -> None:
    """Add a tax lot; emptied ones make room, and where there is none that is told in the tally."""
    lots, room = state.position[name, LOTS], state.lot_shares.shape[1]
    if lots == room:
        emptied = 0
        while emptied < lots and state.lot_shares[name, emptied] == 0:
            emptied += 1
        for at in range(emptied, lots):
            state.lot_day[name, at - emptied] = state.lot_day[name, at]
            state.lot_shares[name, at - emptied] = state.lot_shares[name, at]
            state.lot_dividend[name, at - emptied] = state.lot_dividend[name, at]
        lots -= emptied
    if lots == room:
        state.tally[LOTS_FULL] = 1
        return
    state.lot_day[name, lots] = day
    state.lot_shares[name, lots] = shares
    state.lot_dividend[name, lots] = 0
    state.position[name, LOTS] = lots + 1


HELPERS: Final = (go_ex, book_fill, changes, next_ex_date, set_levels, drop, add_lot)
