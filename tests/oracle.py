"""The trading day, computed a second time: plain, slow and from the text of DESIGN section 6 alone.

Nothing here is shared with the engines: no rule, no number, no helper. Money is
``Fraction`` or ``int`` mills, state is dataclasses, and each numbered rule is a
function of its own. Where the text leaves room, the reading taken stands at the
place, marked "Reading:".
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from backfolio.ledger import Fill, Ledger, Refusal

if TYPE_CHECKING:
    from backfolio.bars.table import Bars
    from backfolio.settings import MarketSettings
    from backfolio.targets import Exits, Targets

UNKNOWN, LIMITED = 0, 1

FEN = 10
TICK = 10


# ---------------------------------------------------------------- state
@dataclass
class Position:
    """Shares of one symbol and what the exits must remember of them."""

    shares: int = 0
    bought_today: int = 0
    cost: int = 0
    peak: int = 0
    first_fill: int = -1


@dataclass
class Order:
    """What stands for one symbol."""

    side: str
    shares: int
    weight: int
    reason: str
    sells_all: bool = False
    attempts_left: int = 1


@dataclass
class Account:
    """Everything that changes from session to session."""

    cash: int
    positions: list[Position]
    orders: dict[int, Order] = field(default_factory=dict)
    unsizable: list[int] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


# ---------------------------------------------------------------- arithmetic
def half_up(value: Fraction | int, step: int) -> int:
    """Round to a multiple of `step`; a half goes up."""
    return int((Fraction(value) / step + Fraction(1, 2)).__floor__()) * step


# ---------------------------------------------------------------- the oracle
def oracle(bars: Bars, targets: Targets, exits: Exits, settings: MarketSettings) -> Ledger:
    """Replay `targets` on `bars` by the text; same inputs and result as an engine."""
    sessions, symbols = bars.shape
    account = Account(settings.cash_mills, [Position() for _ in range(symbols)])
    cash, equity, dividends = [], [], []
    held = np.zeros((sessions, symbols), dtype=np.int64)
    for session in range(sessions):
        log_unsizable(account, session)
        dividends.append(sum(rule_5_corporate_action(account, bars, session, j) for j in range(symbols)))
        rule_6_execute(account, bars, session, settings)
        worth = rule_11_mark(account, bars, session)
        cash.append(account.cash)
        equity.append(worth)
        held[session] = [position.shares for position in account.positions]
        rule_1_decide(account, bars, session, targets, exits, settings, worth)
    return Ledger(
        sessions=bars.sessions.copy(),
        symbols=bars.symbols,
        fills=tuple(account.fills),
        refusals=tuple(account.refusals),
        cash=np.array(cash, dtype=np.int64),
        equity=np.array(equity, dtype=np.int64),
        positions=held,
        mark=bars.mark.copy(),
        start_cash=settings.cash_mills,
        dividends=np.array(dividends, dtype=np.int64),
    )


# ---------------------------------------------------------------- rule 1: decision
def rule_1_decide(
    account: Account,
    bars: Bars,
    session: int,
    targets: Targets,
    exits: Exits,
    settings: MarketSettings,
    equity: int,
) -> None:
    """After the close: exits first, then the row; an exit wins over the row."""
    for j, position in enumerate(account.positions):
        close = int(bars.mark[session, j])
        fired = rule_4_exit(position, close, session, exits)
        if fired:
            account.orders[j] = Order("sell", position.shares, 0, fired, sells_all=True)
            continue
        weight = int(targets.weights[session, j])
        if weight == -1:
            continue
        # A new weight replaces what stands, even when the new order rounds to nothing.
        account.orders.pop(j, None)
        if weight > 0 and close == 0:
            account.unsizable.append(j)
            continue
        order = rule_3_size(bars.symbols[j], weight, equity, close, position.shares)
        if order is not None:
            if order.side == "buy":
                order.attempts_left = 1 + settings.chase
            account.orders[j] = order


def log_unsizable(account: Account, session: int) -> None:
    """Refuse the nonzero weights of the last row that had no price, before all else of this session."""
    for j in account.unsizable:
        account.refusals.append(Refusal(session, j, "buy", 0, "no_price"))
    account.unsizable.clear()


# ---------------------------------------------------------------- rule 3: sizing
def rule_3_size(symbol: str, weight: int, equity: int, close: int, held: int) -> Order | None:
    """Wanted minus held; None where that rounds to nothing."""
    if weight == 0:
        return Order("sell", held, 0, "target", sells_all=True) if held else None
    wanted = rule_8_lot(symbol, weight * equity // 10_000 // close)
    if wanted > held:
        shares = rule_8_lot(symbol, wanted - held)
        return Order("buy", shares, weight, "target") if shares else None
    if wanted == 0 and held:
        # Reading: a nonzero weight too small for one lot wants 0, so it sells all, odd lots included.
        return Order("sell", held, weight, "target", sells_all=True)
    shares = rule_8_lot(symbol, held - wanted)
    return Order("sell", shares, weight, "target") if shares else None


# ---------------------------------------------------------------- rule 4: exits
def rule_4_exit(position: Position, close: int, session: int, exits: Exits) -> str:
    """Name of the first exit that holds on this close, or ""."""
    if position.shares == 0 or close == 0:
        return ""
    gain = close * position.shares - position.cost
    stop_loss, trailing, take_profit, max_sessions = exits.as_integers()
    if stop_loss and gain * 10_000 <= -stop_loss * position.cost:
        return "stop_loss"
    if trailing and (position.peak - close) * 10_000 >= trailing * position.peak:
        return "trailing"
    if take_profit and gain * 10_000 >= take_profit * position.cost:
        return "take_profit"
    if max_sessions and session - position.first_fill >= max_sessions:
        return "max_sessions"
    return ""


# ---------------------------------------------------------------- rule 5: corporate actions
def rule_5_corporate_action(account: Account, bars: Bars, session: int, j: int) -> int:
    """Pay cash and bonus shares on what was held at the previous close; return the cash."""
    position = account.positions[j]
    position.bought_today = 0
    cash_units = int(bars.cash_per_share[session, j])
    ratio_units = int(bars.share_ratio[session, j])
    ratio_only = bool(bars.ratio_only[session, j])
    if session == 0 or position.shares == 0 or not (cash_units or ratio_units or ratio_only):
        return 0
    previous, reference = int(bars.mark[session - 1, j]), int(bars.reference[session, j])
    if ratio_only:
        cash = position.shares * (previous - reference)
    else:
        cash = half_up(Fraction(position.shares * cash_units, 10_000_000) * 1_000, FEN)
    account.cash += cash
    position.cost -= cash
    position.shares += position.shares * ratio_units // 10_000_000
    position.peak = position.peak * reference // previous
    order = account.orders.get(j)
    if order is not None and order.sells_all:
        order.shares = position.shares
    return cash


# ---------------------------------------------------------------- rules 6 and 7: execution, refusals
def rule_6_execute(account: Account, bars: Bars, session: int, settings: MarketSettings) -> None:
    """Sells by symbol, then buys by weight descending and symbol; then what stands on (rule 10)."""
    sells = sorted(j for j, order in account.orders.items() if order.side == "sell")
    # Reading: a chased buy keeps the weight of its own decision in the queue of buys.
    buys = sorted(
        (j for j, order in account.orders.items() if order.side == "buy"),
        key=lambda j: (-account.orders[j].weight, j),
    )
    for j in sells + buys:
        order = account.orders[j]
        trade(account, bars, session, j, settings)
        rule_10_stands(account, j, order)


def trade(account: Account, bars: Bars, session: int, j: int, settings: MarketSettings) -> None:
    """Fill what the market allows of one order and refuse the rest, with reasons."""
    order, position, symbol = account.orders[j], account.positions[j], bars.symbols[j]
    blocked = rule_7_blocked(bars, session, j, order.side, settings)
    if blocked:
        account.refusals.append(Refusal(session, j, order.side, order.shares, blocked))
        return
    price = rule_6_price(bars, session, j, order.side, settings)
    stages = rule_7_cuts(account, bars, session, j, settings, price)
    shares = order.shares - sum(cut for _, cut in stages)
    if shares:
        commission, stamp, transfer = rule_9_fees(bars.sessions[session], order.side, shares * price, settings)
        account.fills.append(
            Fill(session, j, order.side, shares, price, commission, stamp, transfer, 0, order.reason),
        )
        fees = commission + stamp + transfer
        if order.side == "buy":
            buy(account, position, session, shares, price, fees)
        else:
            sell(account, position, shares, price, fees)
        order.shares -= shares
    for reason, cut in stages:
        if cut:
            account.refusals.append(Refusal(session, j, order.side, cut, reason))
    assert position.shares >= 0, symbol


def rule_7_blocked(  # noqa: PLR0911  one return a reason
    bars: Bars, session: int, j: int, side: str, settings: MarketSettings
) -> str:
    """Reason for which the whole order is refused, or ""."""
    state, opening = int(bars.limit_state[session, j]), int(bars.open[session, j])
    if is_delisted(bars, session, j):
        return "delisted"
    if not bars.traded[session, j]:
        return "suspended"
    if state == UNKNOWN:
        return "limit_unknown"
    if side == "buy" and state == LIMITED and opening >= int(bars.up[session, j]):
        return "limit_up"
    if side == "sell" and state == LIMITED and opening <= int(bars.down[session, j]):
        return "limit_down"
    if settings.price == "vwap" and (int(bars.amount[session, j]) == -1 or int(bars.volume[session, j]) == 0):
        return "amount_unknown"
    return ""


def is_delisted(bars: Bars, session: int, j: int) -> bool:
    """On or after the delisting date and after the last bar."""
    if np.isnat(bars.delisted[j]) or bars.sessions[session] < bars.delisted[j]:
        return False
    return not bars.traded[session:, j].any()


def rule_7_cuts(
    account: Account,
    bars: Bars,
    session: int,
    j: int,
    settings: MarketSettings,
    price: int,
) -> list[tuple[str, int]]:
    """Shares that each stage takes off the order, in the order of the stages."""
    order, position, symbol = account.orders[j], account.positions[j], bars.symbols[j]
    left = order.shares
    stages = []

    def cut(reason: str, allowed: int) -> None:
        nonlocal left
        if allowed < left:
            stages.append((reason, left - allowed))
            left = allowed

    if order.side == "sell":
        cut("t_plus_1", position.shares - position.bought_today)
    cut("participation", int(bars.volume[session, j]) * settings.participation_points // 10_000)
    empties = order.side == "sell" and left == position.shares
    if not empties:
        cut("below_lot", rule_8_lot(symbol, left))
    if order.side == "buy":
        cut("cash", affordable(account.cash, symbol, left, price, bars.sessions[session], settings))
    elif left and sale_costs_too_much(account.cash, left * price, bars.sessions[session], settings):
        cut("cash", 0)
    return stages


def sale_costs_too_much(cash: int, value: int, day: np.datetime64, settings: MarketSettings) -> bool:
    """Tell whether the fees of a sale exceed what it brings and the cash there is.

    Reading: the text limits buys by cash and says nothing of a sale too small for its fees. That cash is never
    negative decides: such a sale is refused. One that brings more than its fees goes through, whatever the cash.
    """
    brings = value - sum(rule_9_fees(day, "sell", value, settings))
    return brings < 0 and cash + brings < 0


def affordable(cash: int, symbol: str, most: int, price: int, day: np.datetime64, settings: MarketSettings) -> int:
    """Largest allowed quantity up to `most` that `cash` pays for, fees included."""
    shares = min(most, max(cash, 0) // price)
    while shares > 0:
        if rule_8_lot(symbol, shares) == shares:
            value = shares * price
            if value + sum(rule_9_fees(day, "buy", value, settings)) <= cash:
                return shares
        shares -= 1
    return 0


def rule_6_price(bars: Bars, session: int, j: int, side: str, settings: MarketSettings) -> int:
    """Open (or amount / volume), moved against us, half-up to the tick, inside the limits."""
    if settings.price == "vwap":
        # Reading: amount / volume is not rounded before slippage moves it.
        base = Fraction(int(bars.amount[session, j]), int(bars.volume[session, j]))
    else:
        base = Fraction(int(bars.open[session, j]))
    moved = 10_000 + settings.slippage if side == "buy" else 10_000 - settings.slippage
    price = half_up(base * moved / 10_000, TICK)
    if int(bars.limit_state[session, j]) == LIMITED:
        price = max(min(price, int(bars.up[session, j])), int(bars.down[session, j]))
    return price


def buy(account: Account, position: Position, session: int, shares: int, price: int, fees: int) -> None:
    """Take bought shares into the position."""
    if position.shares == 0:
        position.first_fill, position.peak, position.cost = session, 0, 0
    account.cash -= shares * price + fees
    position.shares += shares
    position.bought_today += shares
    position.cost += shares * price


def sell(account: Account, position: Position, shares: int, price: int, fees: int) -> None:
    """Take sold shares out of the position, and their part of the cost."""
    position.cost -= position.cost * shares // position.shares
    position.shares -= shares
    account.cash += shares * price - fees


# ---------------------------------------------------------------- rule 8: lots
def board(symbol: str) -> str:
    """Board of a symbol, by exchange and code."""
    code, exchange = symbol.split(".")
    if exchange == "BJ":
        return "bse"
    if exchange == "SH":
        return "star" if code[:3] in {"688", "689"} else "main"
    return "chinext" if code[:3] in {"300", "301", "302"} else "main"


def rule_8_lot(symbol: str, shares: int) -> int:
    """Largest quantity up to `shares` that the board's lot rule allows."""
    shares = max(shares, 0)
    kind = board(symbol)
    if kind == "star":
        return shares if shares >= 200 else 0
    if kind == "bse":
        return shares if shares >= 100 else 0
    return shares // 100 * 100


# ---------------------------------------------------------------- rule 9: fees
def rule_9_fees(day: np.datetime64, side: str, value: int, settings: MarketSettings) -> tuple[int, int, int]:
    """Commission, stamp duty and transfer fee of one fill, in mills."""
    date = day.astype(dt.date)
    rate = Fraction(settings.commission_rate, 10_000_000)
    # Reading: the greater of the two is rounded, so a minimum off the fen is rounded too.
    commission = half_up(max(Fraction(settings.min_commission_mills), value * rate), FEN)
    duty_rate = Fraction(1, 1_000) if date <= dt.date(2023, 8, 27) else Fraction(5, 10_000)
    stamp = half_up(value * duty_rate, FEN) if side == "sell" else 0
    # Reading: Beijing pays the same transfer fee before 2022-04-29 (the text names no exception).
    transfer_rate = Fraction(2, 100_000) if date <= dt.date(2022, 4, 28) else Fraction(1, 100_000)
    return commission, stamp, half_up(value * transfer_rate, FEN)


# ---------------------------------------------------------------- rule 10: what did not fill
def rule_10_stands(account: Account, j: int, order: Order) -> None:
    """Keep a sell until it is done, a buy for as many sessions as it was given."""
    order.attempts_left -= 1
    if order.shares == 0 or (order.side == "buy" and order.attempts_left == 0):
        del account.orders[j]


# ---------------------------------------------------------------- rule 11: marking
def rule_11_mark(account: Account, bars: Bars, session: int) -> int:
    """Equity after the close; a position's peak takes in this close."""
    worth = account.cash
    for j, position in enumerate(account.positions):
        worth += position.shares * int(bars.mark[session, j])
        if position.shares and bars.traded[session, j]:
            position.peak = max(position.peak, int(bars.close[session, j]))
    return worth
