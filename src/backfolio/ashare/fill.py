"""One order meets one session: what trades, at what price, what is refused.

Everything is an integer and every function plain Python that numba compiles.
Rules 6 to 9 and 12 of the trading day (ARCHITECTURE.md) stand here and only here.
"""

from __future__ import annotations

from typing import Final

from backfolio.ashare.fees import commission, stamp_duty, transfer_fee
from backfolio.ashare.limits import LIMITED, UNKNOWN
from backfolio.ashare.lots import whole_lots
from backfolio.money import BASIS_POINTS, FEN, half_up_ratio

BUY: Final = 1
SELL: Final = -1

REFUSALS: Final = (
    "",
    "suspended",
    "limit_unknown",
    "limit_up",
    "limit_down",
    "t_plus_1",
    "participation",
    "below_lot",
    "cash",
    "no_price",
    "amount_unknown",
    "delisted",
    "not_held",
)
"""Names of the refusals, in the order of their codes; "" is none. not_held: a
sale of more than the position, which only a plain backtrader strategy can ask
for (there is no short sale here)."""

(
    NONE,
    SUSPENDED,
    LIMIT_UNKNOWN,
    LIMIT_UP,
    LIMIT_DOWN,
    T_PLUS_1,
    PARTICIPATION,
    BELOW_LOT,
    CASH,
    NO_PRICE,
    AMOUNT_UNKNOWN,
    DELISTED,
    NOT_HELD,
) = range(len(REFUSALS))

CUTS: Final = (T_PLUS_1, PARTICIPATION, BELOW_LOT, CASH)
"""Why each part of an order that `trade` takes off was refused, in the order of the cuts."""


def refused(
    side: int,
    traded: bool,  # noqa: FBT001
    delisted: bool,  # noqa: FBT001
    open_: int,
    up: int,
    down: int,
    state: int,
) -> int:
    """Return why the market would trade none of an order, `NONE` if it would.

    Parameters
    ----------
    side
        `BUY` or `SELL`.
    traded, delisted
        Whether the session has a bar; whether the name has left the exchange.
    open_, up, down
        Mills.
    state
        `UNKNOWN`, `LIMITED` or `UNLIMITED`.
    """
    if delisted:
        return DELISTED
    if not traded:
        return SUSPENDED
    if state == UNKNOWN:
        return LIMIT_UNKNOWN
    if state == LIMITED and side == BUY and open_ >= up:
        return LIMIT_UP
    if state == LIMITED and side == SELL and open_ <= down:
        return LIMIT_DOWN
    return NONE


def slipped(numerator: int, denominator: int, side: int, slippage: int, up: int, down: int, state: int) -> int:
    """Return the price of a fill in mills.

    Parameters
    ----------
    numerator, denominator
        The price before slippage as a ratio: open and 1, or amount (mills) and
        volume (shares).
    side
        `BUY` or `SELL`.
    slippage
        Basis points against us.
    up, down, state
        As in `refused`; the price is kept inside the limits.
    """
    moved = BASIS_POINTS + slippage if side == BUY else BASIS_POINTS - slippage
    price = half_up_ratio(numerator, moved, denominator * BASIS_POINTS, FEN)
    if state == LIMITED:
        price = max(down, min(up, price))
    return price


def volume_cap(volume: int, participation: int) -> int:
    """Return the most shares one order may take; participation in basis points."""
    return volume * participation // BASIS_POINTS


def fees(
    shares: int,
    price: int,
    commission_rate: int,
    commission_minimum: int,
    stamp_rate: int,
    transfer_value_rate: int,
    transfer_face_rate: int,
) -> tuple[int, int, int]:
    """Return commission, stamp duty and transfer fee of a fill in mills.

    `stamp_rate` is the rate of the order's side; all rates in units of 1e-7.
    """
    value = shares * price
    return (
        commission(value, commission_rate, commission_minimum),
        stamp_duty(value, stamp_rate),
        transfer_fee(value, shares, transfer_value_rate, transfer_face_rate),
    )


def affordable(
    shares: int,
    price: int,
    cash: int,
    minimum: int,
    step: int,
    commission_rate: int,
    commission_minimum: int,
    stamp_rate: int,
    transfer_value_rate: int,
    transfer_face_rate: int,
) -> int:
    """Return the largest buy, at most `shares`, that the lots allow and cash covers.

    Fees grow with the shares, so the cost does: a bisection over lots finds
    the largest one exactly. It asks first for all, which cash mostly covers;
    then it looks between what cash buys without fees and what is left of that
    once the fees on it are set aside.
    """
    low, high = -1, (whole_lots(shares, minimum, step) - minimum) // step
    middle = high
    while low < high:
        bought = minimum + middle * step
        brokerage, duty, transfer = fees(
            bought,
            price,
            commission_rate,
            commission_minimum,
            stamp_rate,
            transfer_value_rate,
            transfer_face_rate,
        )
        charges = brokerage + duty + transfer
        if bought * price + charges <= cash:
            low = middle
        else:
            # Fewer shares pay no more than these charges, so what they leave of cash is surely covered.
            low = max(low, min(middle - 1, (max(cash - charges, 0) // price - minimum) // step))
            high = max(low, min(middle - 1, (max(cash, 0) // price - minimum) // step))
        middle = (low + high + 1) // 2
    return minimum + low * step if low >= 0 else 0


def sell_shares(order: int, held: int, sellable: int, cap: int, minimum: int, step: int) -> tuple[int, int, int, int]:
    """Cut a sell order to what may trade.

    Returns
    -------
    shares, beyond_sellable, beyond_cap, below_lot
        What trades and what each rule takes off; they sum to `order`.
    """
    sellable_part = min(order, sellable)
    capped = min(sellable_part, cap)
    shares = capped if capped == held else whole_lots(capped, minimum, step)
    return shares, order - sellable_part, sellable_part - capped, capped - shares


def buy_shares(order: int, cap: int, minimum: int, step: int) -> tuple[int, int, int]:
    """Cut a buy order to what may trade, before cash is asked.

    Returns
    -------
    shares, beyond_cap, below_lot
        What trades and what each rule takes off; they sum to `order`.
    """
    capped = min(order, cap)
    shares = whole_lots(capped, minimum, step)
    return shares, order - capped, capped - shares


def trade(
    side: int,
    order: int,
    held: int,
    sellable: int,
    cash: int,
    traded: bool,  # noqa: FBT001
    delisted: bool,  # noqa: FBT001
    open_: int,
    amount: int,
    volume: int,
    up: int,
    down: int,
    state: int,
    by_vwap: bool,  # noqa: FBT001
    slippage: int,
    participation: int,
    minimum: int,
    step: int,
    commission_rate: int,
    commission_minimum: int,
    stamp_rate: int,
    transfer_value_rate: int,
    transfer_face_rate: int,
) -> tuple[int, int, int, int, int, int, int, int, int, int]:
    """Let an order meet a session's open.

    Parameters
    ----------
    side, order
        `BUY` or `SELL`, and the shares asked for.
    held, sellable
        Shares of the position, and those not bought today.
    cash
        Mills.
    traded, delisted, open_, amount, volume, up, down, state
        The session's bar; amount is -1 where unknown.
    by_vwap
        Trade at amount / volume instead of the open.
    slippage, participation
        Basis points.
    minimum, step
        The board's lot.
    commission_rate, commission_minimum, stamp_rate, transfer_value_rate, transfer_face_rate
        As in `fees`.

    Returns
    -------
    shares, price, commission, stamp_duty, transfer_fee
        The fill, mills; shares may be 0.
    reason
        Why the whole order was refused, or `NONE`.
    beyond_sellable, beyond_cap, below_lot, beyond_cash
        Shares that each rule took off; with `shares` they sum to `order`
        unless `reason` is set.
    """
    reason = refused(side, traded, delisted, open_, up, down, state)
    if reason == NONE and by_vwap and (amount < 0 or volume == 0):
        reason = AMOUNT_UNKNOWN
    if reason != NONE:
        return 0, 0, 0, 0, 0, reason, 0, 0, 0, 0
    numerator, denominator = (amount, volume) if by_vwap else (open_, 1)
    price = slipped(numerator, denominator, side, slippage, up, down, state)
    if price <= 0:  # an amount that comes to no fen a share tells no price, and a day without limits has no least one
        return 0, 0, 0, 0, 0, AMOUNT_UNKNOWN, 0, 0, 0, 0
    cap = volume_cap(volume, participation)
    beyond_sellable = 0
    if side == SELL:
        wanted, beyond_sellable, beyond_cap, below_lot = sell_shares(order, held, sellable, cap, minimum, step)
        shares = wanted
    else:
        wanted, beyond_cap, below_lot = buy_shares(order, cap, minimum, step)
        shares = wanted
    rates = (commission_rate, commission_minimum, stamp_rate, transfer_value_rate, transfer_face_rate)
    brokerage, duty, transfer = fees(shares, price, *rates)
    takes = side * shares * price + brokerage + duty + transfer
    # A sale takes cash only where its fees exceed what it brings; then there must be some to take.
    if cash < takes and (side == BUY or takes > 0):
        shares = affordable(wanted, price, cash, minimum, step, *rates) if side == BUY else 0
        brokerage, duty, transfer = fees(shares, price, *rates)
    if shares == 0:
        brokerage, duty, transfer = 0, 0, 0
    return (
        shares,
        price,
        brokerage,
        duty,
        transfer,
        NONE,
        beyond_sellable,
        beyond_cap,
        below_lot,
        wanted - shares,
    )
