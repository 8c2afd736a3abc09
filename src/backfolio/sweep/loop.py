"""The loop: trials, sessions, on whole numbers, as numba compiles it.

It keeps the books that `replay`'s broker and account keep and calls the same
functions of `ashare` and `book`; it states no rule and no number of its own.
Nothing in it walks over all symbols, and it goes from one session in which
something may happen straight to the next: an order stands, a name held goes
ex, the targets say something, or an exit fires. What lies between is looked at
name by name, for the exits and for the worth of the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.ashare.fill import BUY, NO_PRICE
from backfolio.book import NO_EXIT, fired_exit, has_price
from backfolio.settings import MOST_GROWN_MILLS
from backfolio.sweep import positions, standing
from backfolio.sweep.layout import (
    BLOCK,
    CASH,
    COST,
    EX,
    FIRED,
    FIRST,
    GAIN_LEVEL,
    HELD,
    LOSS_LEVEL,
    MAX_SESSIONS,
    OUTGROWN,
    SEEN,
    SEEN_PEAK,
    SHARES,
    STANDING,
    STOP_LOSS,
    TAKE_PROFIT,
    TARGETS,
    TRAILING,
    UNSIZED,
    WHY,
)
from backfolio.sweep.measures import measure
from backfolio.sweep.positions import go_ex
from backfolio.sweep.standing import clear, execute_all, rebalance, refuse, sell_row, send

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from backfolio.sweep.layout import Integers, Market, Orders, State, Tape


def run_trials(
    market: Market,
    orders: Orders,
    trials: Integers,
    which: Integers,
    state: State,
    tape: Tape,
    counts: Integers,
    figures: NDArray[np.float64],
    final: Integers,
    equity: Integers,
) -> None:
    """Run some of the trials, one after the other.

    Parameters
    ----------
    trials
        Trials x `layout.PARAMETERS`.
    which
        Rows of `trials` to run.
    state
        Scratch of the calling thread.
    tape
        Where the ledger goes, or arrays of no rows.
    counts, figures, final
        Trials x `layout.TALLIES` and x `layout.FIGURES`, and the last equity;
        filled for each trial that is run.
    equity
        Trials x sessions, mills; no rows where the curves are not asked for.
    """
    for trial in which:
        line = equity[trial] if len(equity) else state.equity
        run_trial(market, orders, trials[trial], state, tape, line)
        for at in range(len(state.tally)):
            counts[trial, at] = state.tally[at]
        final[trial] = line[-1]
        measure(line, trials[trial, CASH], state.returns, figures[trial])
        clear(state)


def run_trial(market: Market, orders: Orders, numbers: Integers, state: State, tape: Tape, equity: Integers) -> None:
    """Run one trial from its first session to its last; the day's steps in `replay`'s order."""
    tally, sessions = state.tally, len(market.days)
    judges = numbers[STOP_LOSS] > 0 or numbers[TRAILING] > 0 or numbers[TAKE_PROFIT] > 0 or numbers[MAX_SESSIONS] > 0
    said = orders.start[numbers[TARGETS]]
    cash, row = numbers[CASH], 0
    while row < sessions:
        cash = open_session(market, numbers, state, tape, row, cash)
        stop = row + 1
        if tally[STANDING] == 0:
            stop = min(orders.row[said] + 1, sessions)
            for at in range(tally[HELD]):
                stop = min(stop, market.ex_row[state.position[state.held[at], EX]])
        if judges:
            stop = judge(market, numbers, state, row, stop)
        most = value(market, state, row, stop, cash, equity)
        if most > MOST_GROWN_MILLS:
            tally[OUTGROWN] = 1
            equity[stop:] = most
            return
        if len(tape.cash):
            tape.cash[row:stop] = cash
            for at in range(tally[HELD]):
                tape.positions[row:stop, state.held[at]] = state.position[state.held[at], SHARES]
        row = stop - 1
        if orders.row[said] == row:
            follow(market, orders, said, numbers, state, equity[row], row)
            said += 1
        row += 1


def open_session(market: Market, numbers: Integers, state: State, tape: Tape, row: int, cash: int) -> int:
    """Do what a session's open does, in `replay`'s order: refuse, pay out, trade; return the cash."""
    tally = state.tally
    for at in range(tally[UNSIZED]):
        refuse(tape, tally, row, state.unsized[at], BUY, 0, NO_PRICE)
    tally[UNSIZED] = 0
    dividends = go_ex(market, numbers, state, row)
    if len(tape.cash):
        tape.dividends[row] = dividends
    cash += dividends
    return execute_all(market, numbers, state, tape, row, cash) if tally[STANDING] else cash


def follow(market: Market, orders: Orders, said: int, numbers: Integers, state: State, equity: int, row: int) -> None:
    """Send what a row of the targets asks for; an exit that fires on the same close wins over it."""
    sell_row(orders.sell_name[orders.sell_start[said] : orders.sell_start[said + 1]], numbers, state, row)
    for at in range(orders.buy_start[said], orders.buy_start[said + 1]):
        weight, name = int(orders.buy_weight[at]), int(orders.buy_name[at])
        if state.position[name, FIRED] != row + 1:
            rebalance(market, numbers, state, name, weight, equity, row)


def judge(market: Market, numbers: Integers, state: State, row: int, stop: int) -> int:
    """Find the first session of ``row:stop`` on whose close an exit fires, and send what it sells.

    A name is looked at once for each session: what was found holds until its
    position changes (see `positions.changes`).

    Returns
    -------
    int
        One beyond that session, or `stop` where none fires.
    """
    tally, held = state.tally, state.held
    for at in range(tally[HELD]):
        own = state.position[held[at]]
        if own[FIRED] <= row:
            own[FIRED] = 0
            if own[SEEN] < stop:
                look(market, held[at], numbers, own, stop)
        if own[FIRED]:
            stop = min(stop, own[FIRED])
    for at in range(tally[HELD]):
        own = state.position[held[at]]
        if own[FIRED] == stop:
            send(numbers, state, held[at], -own[SHARES], 0, own[WHY])
    return stop


def look(market: Market, name: int, numbers: Integers, own: Integers, stop: int) -> None:
    """Look for the first close that fires an exit of a position: from the first one not seen, at least up to `stop`.

    Whole blocks are judged by their extremes: gain falls and age and the fall
    from the peak grow toward these, so where they fire nothing, no close does.
    """
    shares, cost, peak, first, marks = own[SHARES], own[COST], own[SEEN_PEAK], own[FIRST], market.mark[name]
    loss_level, gain_level = own[LOSS_LEVEL], own[GAIN_LEVEL]
    rules = (numbers[STOP_LOSS], numbers[TRAILING], numbers[TAKE_PROFIT], numbers[MAX_SESSIONS])
    session = own[SEEN]
    while session < stop:
        block = session // BLOCK
        end = min((block + 1) * BLOCK, len(marks))
        low, high = market.lowest[name, block], market.highest[name, block]
        top, age = max(peak, high), end - 1 - first
        fall = fired_exit(low * shares - cost, loss_level, gain_level, top, low, age, *rules)
        rise = fired_exit(high * shares - cost, loss_level, gain_level, top, high, age, *rules)
        if fall == NO_EXIT and rise == NO_EXIT:
            if session == block * BLOCK:
                peak = top
            elif numbers[TRAILING]:
                for at in range(session, end):
                    peak = max(peak, marks[at])
            session = end
            continue
        for at in range(session, end):
            close = marks[at]
            if has_price(close):
                peak = max(peak, close)
                reason = fired_exit(close * shares - cost, loss_level, gain_level, peak, close, at - first, *rules)
                if reason != NO_EXIT:
                    own[FIRED], own[WHY], own[SEEN], own[SEEN_PEAK] = at + 1, reason, at + 1, peak
                    return
        session = end
    own[SEEN], own[SEEN_PEAK] = session, peak


def value(market: Market, state: State, row: int, stop: int, cash: int, equity: Integers) -> int:
    """Value the account at the closes of the sessions ``row:stop``; return the highest value."""
    line = equity[row:stop]
    line[:] = cash
    for at in range(state.tally[HELD]):
        name = state.held[at]
        shares, marks = state.position[name, SHARES], market.mark[name, row:stop]
        for session in range(len(line)):
            line[session] += shares * marks[session]
    most = cash
    for worth in line:
        most = max(most, worth)
    return most


HELPERS: Final = (run_trial, open_session, follow, judge, look, value, *standing.HELPERS, *positions.HELPERS)
