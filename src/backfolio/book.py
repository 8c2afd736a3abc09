"""The book: sizing, exits, corporate actions and cost of a position.

Pure functions on integers (mills, shares, basis points) that both engines
call, as plain Python or compiled by numba. Rules 3 to 5 and 11 of the trading
day stand here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.ashare.fill import BUY, SELL
from backfolio.ashare.lots import whole_lots
from backfolio.money import BASIS_POINTS, FEN, PER_SHARE, RATE, half_up, part_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Whole = list[int] | NDArray[np.int64]

REASONS: Final = ("target", "stop_loss", "trailing", "take_profit", "max_sessions", "order")
TARGET, STOP_LOSS, TRAILING, TAKE_PROFIT, MAX_SESSIONS, ORDER = range(len(REASONS))
"""Why an order was sent; ORDER: by a plain backtrader strategy."""

NO_EXIT: Final = 0

NEVER: Final = 2**62
"""Day number of what does not happen."""


def order_shares(weight: int, equity: int, close: int, held: int, minimum: int, step: int) -> int:
    """Return the order that brings a position to its target weight.

    Parameters
    ----------
    weight
        Basis points of equity, 0 or more; 0 sells all that is held.
    equity
        Mills, after the close.
    close
        Mills, above 0 unless the weight is 0.
    held
        Shares.
    minimum, step
        The board's lot.

    Returns
    -------
    int
        Shares to buy (positive) or to sell (negative); 0 sends nothing.
    """
    if weight == 0:
        return -held
    wanted = whole_lots(weight * equity // BASIS_POINTS // close, minimum, step)
    if wanted >= held:
        return whole_lots(wanted - held, minimum, step)
    if wanted == 0:
        return -held
    return -whole_lots(held - wanted, minimum, step)


def has_price(close: int) -> bool:
    """Tell whether a close can be judged and an order sized on it: there is none before the first, or once delisted."""
    return close > 0


def sells_all(order: int, held: int) -> bool:
    """Tell whether an order empties a position: it stays one that does, through bonus shares."""
    return order < 0 and -order == held


def shares_at_open(shares: int, all_held: bool, held: int) -> int:  # noqa: FBT001
    """Return the shares that a standing order asks for at an open, after the session's ex-dates.

    `all_held`: the order is to sell all that is held.
    """
    return held if all_held and held else shares


def tries(chase: int) -> int:
    """Return the sessions for which a buy is tried; `chase` is how many come after the first."""
    return 1 + chase


def stands(side: int, left: int, tries_left: int) -> bool:
    """Tell whether an order of which `left` shares did not trade is tried again.

    A sale is until it is done; a buy as often as `tries_left` says.
    """
    return left > 0 and (side == SELL or tries_left > 0)


def sellable(held: int, bought: int, bought_on: int, session: int) -> int:
    """Return the shares that may be sold: those `bought` in this very session may not (T+1)."""
    return held - bought if bought_on == session else held


def left_exchange(mark: int, traded: bool, day: int, delisted: int) -> bool:  # noqa: FBT001
    """Tell whether a name has left the exchange: no bar, no worth, and its day has come.

    `day` and `delisted` are day numbers; `NEVER` where a name is not delisted.
    """
    return mark == 0 and not traded and day >= delisted


def priority(side: int, weight: int, symbol: int) -> tuple[int, int, int]:
    """Return the sort key of execution: sells by symbol, then buys by weight descending and symbol."""
    return (side, -weight if side == BUY else 0, symbol)


def exit_reason(
    shares: int,
    cost: int,
    peak: int,
    close: int,
    age: int,
    stop_loss: int,
    trailing: int,
    take_profit: int,
    max_sessions: int,
) -> int:
    """Return which exit a close fires, `NO_EXIT` if none; a rule of 0 is off.

    Parameters
    ----------
    shares, cost
        The position and what it cost without fees, mills.
    peak
        Highest close since the first fill, mills.
    close
        Mills; the last one of a suspended name.
    age
        Sessions since the first fill, that one being 0.
    stop_loss, trailing, take_profit
        Basis points.
    max_sessions
        Sessions.
    """
    loss_level, gain_level = exit_levels(cost, stop_loss, take_profit)
    gain = close * shares - cost
    return fired_exit(gain, loss_level, gain_level, peak, close, age, stop_loss, trailing, take_profit, max_sessions)


def exit_levels(cost: int, stop_loss: int, take_profit: int) -> tuple[int, int]:
    """Return the least loss and the least gain, mills, that fire an exit; they hold until the cost changes."""
    return (least_part(cost, stop_loss) if stop_loss else 0, least_part(cost, take_profit) if take_profit else 0)


def fired_exit(
    gain: int,
    loss_level: int,
    gain_level: int,
    peak: int,
    close: int,
    age: int,
    stop_loss: int,
    trailing: int,
    take_profit: int,
    max_sessions: int,
) -> int:
    """Return what `exit_reason` does, of a gain (mills) and the `exit_levels` of its cost."""
    if stop_loss and -gain >= loss_level:
        return STOP_LOSS
    if trailing and (peak - close) * BASIS_POINTS >= trailing * peak:
        return TRAILING
    if take_profit and gain >= gain_level:
        return TAKE_PROFIT
    if max_sessions and age >= max_sessions:
        return MAX_SESSIONS
    return NO_EXIT


def least_part(value: int, points: int) -> int:
    """Return the least whole number that is `points` basis points of `value`, or more.

    ``gain * 10_000 >= points * value`` is ``gain >= least_part(value, points)``,
    which does not leave int64 where the products would.
    """
    return points * (value // BASIS_POINTS) - -points * (value % BASIS_POINTS) // BASIS_POINTS


def entitlement(
    shares: int,
    cash_per_share: int,
    share_ratio: int,
    ratio_only: bool,  # noqa: FBT001
    previous: int,
    reference: int,
) -> tuple[int, int]:
    """Return what an ex-date gives to shares held at the previous close.

    Parameters
    ----------
    shares
        Held at the previous close.
    cash_per_share, share_ratio
        Units of 1e-7 CNY and 1e-7 shares, per share.
    ratio_only
        Only the price ratio is known: the whole fall from the previous close
        to the reference price is paid as cash.
    previous, reference
        Previous close and reference price, mills.

    Returns
    -------
    cash, new_shares
        Mills, half up to the fen, and shares, rounded down.
    """
    if ratio_only:
        return shares * (previous - reference), 0
    unit = PER_SHARE // 1_000
    return half_up(shares * cash_per_share, FEN * unit) // unit, shares * share_ratio // PER_SHARE


def restated_peak(peak: int, previous: int, reference: int) -> int:
    """Return the highest close since entry in ex-rights terms."""
    return peak * reference // previous


def payment(side: int, shares: int, price: int, commission: int, duty: int, transfer: int, tax: int) -> int:
    """Return what a fill takes from cash, mills; negative where it brings some."""
    return side * shares * price + commission + duty + transfer + tax


def cost_after_sale(cost: int, held: int, sold: int) -> int:
    """Return what the remaining shares cost."""
    return cost - part_of(cost, sold, held)


def spread_dividend(shares: Whole, dividends: Whole, cash: int) -> None:
    """Spread a dividend over the tax lots of a position by their shares; the last takes the rest.

    Parameters
    ----------
    shares, dividends
        Lots, oldest first; `dividends` (mills) is changed in place.
    cash
        Mills.
    """
    total = 0
    for lot in range(len(shares)):
        total += shares[lot]
    for lot in range(len(shares)):
        if shares[lot]:
            part = part_of(cash, shares[lot], total)
            dividends[lot] += part
            cash -= part
            total -= shares[lot]


def tax_on_sale(
    acquired: Whole,
    shares: Whole,
    dividends: Whole,
    sold: int,
    month_ago: int,
    year_ago: int,
    rate_month: int,
    rate_year: int,
    rate_longer: int,
) -> int:
    """Take sold shares off the oldest lots and return the tax on their dividends.

    The tax rate follows the holding period, first in, first out (Caishui
    [2012] 85, [2015] 101). It falls on cash dividends; bonus shares are lots
    of their own from the ex-date, and what a bare price ratio paid is not
    known to be a dividend, so neither is taxed.

    Parameters
    ----------
    acquired, shares, dividends
        Lots, oldest first: day number, shares, dividends received in mills.
        Changed in place; an emptied lot keeps 0 shares.
    sold
        Shares, at most their sum.
    month_ago, year_ago
        Day numbers; a lot acquired on or after them was held at most a month
        or a year.
    rate_month, rate_year, rate_longer
        Units of 1e-7.

    Returns
    -------
    int
        Mills, half up to the fen.
    """
    tax = 0
    for lot in range(len(shares)):
        taken = min(sold, shares[lot])
        if taken == 0:
            continue
        received = part_of(dividends[lot], taken, shares[lot])
        if acquired[lot] >= month_ago:
            rate = rate_month
        elif acquired[lot] >= year_ago:
            rate = rate_year
        else:
            rate = rate_longer
        tax += received * rate
        shares[lot] -= taken
        dividends[lot] -= received
        sold -= taken
    return half_up(tax, FEN * RATE) // RATE
