"""Targets in backtrader: each rule of the trading day on a market small enough to check by eye.

Unless said otherwise the account has 100,000 CNY and pays no commission, so
that 1% is 100 shares at 10 CNY; stamp duty and transfer fee stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backfolio.ashare.fill import BUY, SELL
from backfolio.book import ORDER
from backfolio.errors import UsageError
from backfolio.replay import replay
from backfolio.replay.account import Account
from backfolio.settings import MarketSettings
from backfolio.targets import Exits, Targets
from backfolio.testing import World, build

if TYPE_CHECKING:
    from backfolio.ledger import Ledger

SZ, CHINEXT, SH, STAR, BSE = "000001.SZ", "300750.SZ", "600000.SH", "688256.SH", "920002.BJ"
"""One symbol of each kind; their order is the columns' order."""

Lines = str | dict[str, str]


def free(**given: Any) -> MarketSettings:
    return MarketSettings(**{"cash": 100_000.0, "commission": 0.0, "min_commission": 0.0, **given})


def run(lines: Lines, weights: str, *, start: str = "2024-01-02", **given: Any) -> Ledger:
    """Replay a market; one line is 600000.SH."""
    symbols = {SH: lines} if isinstance(lines, str) else lines
    return replay(*World(start, symbols, weights, **{"settings": free(), **given}).inputs)


def fills(ledger: Ledger) -> list[tuple[int, int, str, int, float]]:
    """Return (session, symbol, side, shares, price in CNY)."""
    return [(fill.session, fill.symbol, fill.side, fill.shares, fill.price / 1_000) for fill in ledger.fills]


def refusals(ledger: Ledger) -> list[tuple[int, int, str, int, str]]:
    return [tuple(refusal) for refusal in ledger.refusals]


def cny(values: np.ndarray) -> list[float]:
    return (values / 1_000).tolist()


# --- rules 3, 6, 9 and 11: size, execute, pay, mark ------------------------------------------


def test_a_target_is_sized_at_the_close_filled_at_the_next_open_and_pays_every_fee() -> None:
    # 30% of 100,000 at 10.00: 3,000 shares. At 10.40: 31,200; 0.03% is 9.36, 0.001% is 0.312.
    # Sold at 10.20: 30,600; commission 9.18, duty 0.05% 15.30, transfer 0.306.
    ledger = run("10;pre=10 10.4/10.5 10.2 10", "3000|0", settings=MarketSettings(cash=100_000))
    bought, sold = ledger.fills
    assert tuple(bought) == (1, 0, "buy", 3_000, 10_400, 9_360, 0, 310, 0, "target")
    assert tuple(sold) == (2, 0, "sell", 3_000, 10_200, 9_180, 15_300, 310, 0, "target")
    # 100,000 - 31,200 - 9.36 - 0.31 = 68,790.33; + 30,600 - 9.18 - 15.30 - 0.31 = 99,365.54
    assert cny(ledger.cash) == [100_000, 68_790.33, 99_365.54, 99_365.54]
    assert cny(ledger.equity) == [100_000, 68_790.33 + 3_000 * 10.5, 99_365.54, 99_365.54]
    assert ledger.positions.tolist() == [[0], [3_000], [0], [0]]
    assert refusals(ledger) == []


def test_a_row_decided_on_the_last_session_is_not_executed() -> None:
    ledger = run("10;pre=10 10", "|5000")
    assert (fills(ledger), refusals(ledger)) == ([], [])


def test_a_weight_is_of_equity_and_the_order_is_the_difference() -> None:
    # After the buy: cash 49,999.50 + 5,000 x 11 = 104,999.50; 25% / 11 = 2,386.4: 2,300 wanted, 2,700 too many.
    ledger = run("10;pre=10 10 11 11 11", "5000||2500")
    assert fills(ledger) == [(1, 0, "buy", 5_000, 10), (3, 0, "sell", 2_700, 11)]


def test_a_suspended_name_is_sized_at_its_last_close() -> None:
    # 50,000 / 11 = 4,545: 4,500 at an open of 10.
    assert fills(run("10;pre=10 11 - 10", "||5000")) == [(3, 0, "buy", 4_500, 10)]


def test_minus_one_leaves_alone() -> None:
    ledger = run({SH: "10;pre=10 10 10 10", SZ: "10;pre=10 10 10 10"}, "2000 3000|. 0|. .")
    assert fills(ledger) == [(1, 1, "buy", 3_000, 10), (1, 0, "buy", 2_000, 10), (2, 1, "sell", 3_000, 10)]


def test_sells_come_first_then_buys_by_weight() -> None:
    # Equity 999.01 + 99,000: 30% are 2,999 (2,900), 60% are 5,999 of STAR. The sale brings 98,949.51 of what they cost.
    line = "10;pre=10 10 10 10"
    ledger = run({SZ: line, SH: line, STAR: line}, "9900 . .||0 3000 6000")
    assert fills(ledger) == [
        (1, 0, "buy", 9_900, 10),
        (3, 0, "sell", 9_900, 10),
        (3, 2, "buy", 5_999, 10),
        (3, 1, "buy", 2_900, 10),
    ]
    # 99,000 - 49.50 - 0.99, then 59,990 + 0.60 (0.5999) and 29,000 + 0.29
    assert cny(ledger.cash)[2:] == [999.01, pytest.approx(999.01 + 98_949.51 - 59_990.60 - 29_000.29)]
    assert refusals(ledger) == []


def test_sells_go_by_symbol_and_buys_of_one_weight_too() -> None:
    line = "10;pre=10 10 10 10"
    ledger = run({BSE: line, SZ: line, SH: line, CHINEXT: line}, "2000 2000 2000 2000|0 0 0 0")
    assert [fill[:3] for fill in fills(ledger)] == [
        *[(1, symbol, "buy") for symbol in range(4)],
        *[(2, symbol, "sell") for symbol in range(4)],
    ]


def test_whom_the_cash_does_not_reach_is_cut_to_what_it_pays() -> None:
    # 5,000 at 10.50 cost 52,500.53 (0.525 half up); 47,499.47 left pay 4,700 at 10 and 0.47.
    ledger = run({SZ: "10;pre=10 10.5", SH: "10;pre=10 10"}, "5000 5000")
    assert fills(ledger) == [(1, 0, "buy", 5_000, 10.5), (1, 1, "buy", 4_700, 10)]
    assert refusals(ledger) == [(1, 1, "buy", 300, "cash")]
    assert cny(ledger.cash)[-1] == 499.0


def test_each_board_has_its_lots() -> None:
    # 1.99% are 199 shares.
    symbols = dict.fromkeys((SZ, CHINEXT, SH, STAR, BSE), "10;pre=10 10")
    assert fills(run(symbols, "199 199 199 199 199")) == [
        (1, 0, "buy", 100, 10),
        (1, 1, "buy", 100, 10),
        (1, 2, "buy", 100, 10),
        (1, 4, "buy", 199, 10),
    ]
    assert fills(run(symbols, ". . . 201 .")) == [(1, 3, "buy", 201, 10)]


@pytest.mark.parametrize(
    ("slippage", "buy", "sell"),
    [(0, 10, 10), (4, 10, 10), (5, 10.01, 10), (13, 10.01, 9.99), (15, 10.02, 9.99), (900, 10.9, 9.1)],
)
def test_slippage_moves_the_price_against_us_half_up_to_the_tick(slippage: int, buy: float, sell: float) -> None:
    ledger = run("10;pre=10 10 10", "5000|0", settings=free(slippage=slippage))
    assert [price for *_, price in fills(ledger)] == [buy, sell]


def test_slippage_stays_inside_the_limits() -> None:
    ledger = run("10;pre=10 10.9/10 9.1", "5000|0", settings=free(slippage=500))
    assert [price for *_, price in fills(ledger)] == [11, 9]


def test_vwap_is_amount_over_volume() -> None:
    # 1,030,500 / 100,000 = 10.305: half up 10.31. Without an amount there is no price, and the sale stands.
    line = "10;pre=10 10.5/10;v=100000;a=1030500 10 10;v=100000;a=1000000"
    ledger = run(line, "1000|0", settings=free(price="vwap"))
    assert fills(ledger) == [(1, 0, "buy", 1_000, 10.31), (3, 0, "sell", 1_000, 10)]
    assert refusals(ledger) == [(2, 0, "sell", 1_000, "amount_unknown")]


def test_fees_change_on_their_dates() -> None:
    # 5.01% of 99,999.90 are 500 shares. Friday 2023-08-25: 5.00 of duty on 5,000 CNY; Monday the 28th: 2.50.
    ledger = run("10;pre=10 10 10 10 10", "1000||501|0", start="2023-08-22")
    assert [(str(ledger.sessions[fill.session]), fill.stamp_duty) for fill in ledger.fills[1:]] == [
        ("2023-08-25", 5_000),
        ("2023-08-28", 2_500),
    ]
    # 2022-04-28: 0.20 of transfer fee on 10,000 CNY; the 29th: 0.10.
    ledger = run("10;pre=10 10 10", "1000|2000", start="2022-04-27")
    assert [(str(ledger.sessions[fill.session]), fill.transfer_fee) for fill in ledger.fills] == [
        ("2022-04-28", 200),
        ("2022-04-29", 90),  # 900 shares: 20% of equity a little below 100,000
    ]


# --- rules 7 and 10: what the market refuses, and what then stands ---------------------------


def test_a_buy_at_the_upper_limit_is_refused_and_dropped() -> None:
    ledger = run("10;pre=10 11/10.5 10.5", "5000")
    assert (fills(ledger), refusals(ledger)) == ([], [(1, 0, "buy", 5_000, "limit_up")])
    assert fills(run("10;pre=10 10.99 10.5", "5000")) == [(1, 0, "buy", 5_000, 10.99)]


def test_a_sale_at_the_lower_limit_stands_until_it_is_done() -> None:
    # Down to 9.00, then 8.10 (10% below 9.00); the third open is free.
    ledger = run("10;pre=10 10 9 8.1/8.5 8.5 8.5", "5000|0")
    assert refusals(ledger) == [(2, 0, "sell", 5_000, "limit_down"), (3, 0, "sell", 5_000, "limit_down")]
    assert fills(ledger)[1:] == [(4, 0, "sell", 5_000, 8.5)]


def test_a_risk_warning_halves_the_limit() -> None:
    assert refusals(run("10;pre=10 10.5", "5000", st=(SH,))) == [(1, 0, "buy", 5_000, "limit_up")]
    assert fills(run("10;pre=10 10.5", "5000")) == [(1, 0, "buy", 5_000, 10.5)]


def test_in_a_suspension_a_buy_is_dropped_and_a_sale_stands() -> None:
    # 40.01% of 99,999.50 are 4,000 shares.
    ledger = run({SZ: "10;pre=10 10 - - 10 10", SH: "10;pre=10 10 - - 10 10"}, "5000 .|0 4001")
    assert refusals(ledger) == [
        (2, 0, "sell", 5_000, "suspended"),
        (2, 1, "buy", 4_000, "suspended"),
        (3, 0, "sell", 5_000, "suspended"),
    ]
    assert fills(ledger)[1:] == [(4, 0, "sell", 5_000, 10)]


def test_a_tenth_of_the_volume_is_the_most() -> None:
    # 10% of 12,340 are 1,234 shares, and 1,200 in lots.
    ledger = run("10;pre=10 10;v=12340 10", "5000")
    assert fills(ledger) == [(1, 0, "buy", 1_200, 10)]
    assert refusals(ledger) == [(1, 0, "buy", 3_766, "participation"), (1, 0, "buy", 34, "below_lot")]


def test_a_sale_beyond_the_volume_goes_on_the_next_sessions() -> None:
    ledger = run("10;pre=10 10 10;v=15000 10;v=15000 10;v=15000 10", "5000|0")
    assert fills(ledger)[1:] == [(2 + k, 0, "sell", shares, 10) for k, shares in enumerate([1_500, 1_500, 1_500, 500])]
    assert [(session, shares) for session, _, _, shares, _ in refusals(ledger)] == [(2, 3_500), (3, 2_000), (4, 500)]
    assert {reason for *_, reason in refusals(ledger)} == {"participation"}


@pytest.mark.parametrize(
    ("chase", "bought", "refused"),
    [
        (0, [], [1]),
        (1, [], [1, 2]),
        (2, [(3, 0, "buy", 5_000, 11.9)], [1, 2]),
        (9, [(3, 0, "buy", 5_000, 11.9)], [1, 2]),
    ],
)
def test_a_buy_is_chased_for_that_many_further_sessions(
    chase: int, bought: list[tuple[int, int, str, int, float]], refused: list[int]
) -> None:
    # Opens at 11.00 and 12.10, both upper limits, then at 11.90. The shares stay those of the decision.
    ledger = run("10;pre=10 11 12.1/11.9 11.9 11.9", "5000", settings=free(chase=chase))
    assert fills(ledger) == bought
    assert refusals(ledger) == [(session, 0, "buy", 5_000, "limit_up") for session in refused]


def test_a_buy_filled_in_part_chases_the_rest() -> None:
    ledger = run("10;pre=10 10;v=20000 10;v=20000 10;v=20000 10", "5000", settings=free(chase=2))
    assert [(session, shares) for session, _, _, shares, _ in fills(ledger)] == [(1, 2_000), (2, 2_000), (3, 1_000)]


def test_a_new_weight_replaces_what_stands() -> None:
    line = "10;pre=10 - - 10 10"
    chasing = free(chase=9)
    assert fills(run(line, "5000||1000", settings=chasing)) == [(3, 0, "buy", 1_000, 10)]
    assert fills(run(line, "5000||0", settings=chasing)) == []  # 0 where nothing is held cancels the buy
    assert fills(run(line, "5000||.", settings=chasing)) == [(3, 0, "buy", 5_000, 10)]
    # Selling all, halted; then 50.01% of 99,999.50, which is what is held: nothing is sold.
    ledger = run("10;pre=10 10 - - 10 10", "5000|0||5001")
    assert fills(ledger) == [(1, 0, "buy", 5_000, 10)]
    assert [session for session, *_ in refusals(ledger)] == [2, 3]


def test_a_weight_on_a_name_without_a_price_is_refused() -> None:
    ledger = run({SZ: "10;pre=10 10 10", SH: "- 10 10"}, "5000 4000")
    assert refusals(ledger) == [(1, 1, "buy", 0, "no_price")]
    assert fills(ledger) == [(1, 0, "buy", 5_000, 10)]


def test_what_was_bought_today_is_not_sold_today() -> None:
    account = Account(build("2024-01-02", {SH: "10;pre=10 10 10"}), free())
    assert account.trade(1, 0, BUY, 500, ORDER) == 500
    assert account.trade(1, 0, SELL, 500, ORDER) == 0
    assert account.trade(2, 0, BUY, 300, ORDER) == 300
    assert account.trade(2, 0, SELL, 800, ORDER) == 500
    assert [tuple(refusal) for refusal in account.refusals] == [
        (1, 0, "sell", 500, "t_plus_1"),
        (2, 0, "sell", 300, "t_plus_1"),
    ]


def test_an_order_for_a_first_bar_without_a_reference_price_is_refused() -> None:
    account = Account(build("2024-01-02", {SH: "10 10"}), free())
    assert account.trade(0, 0, BUY, 500, ORDER) == 0
    assert [tuple(refusal) for refusal in account.refusals] == [(0, 0, "buy", 500, "limit_unknown")]


# --- the function itself ---------------------------------------------------------------------


def test_targets_of_another_shape_are_refused() -> None:
    bars = build("2024-01-02", {SH: "10;pre=10 10"})
    with pytest.raises(UsageError, match=r"targets have shape \(3, 1\), the bars \(2, 1\): give a row a session"):
        replay(bars, Targets(np.zeros((3, 1), dtype=np.int16)))


def test_no_session_is_refused() -> None:
    bars = build("2024-01-02", {SH: "10;pre=10 10"}).rows(0, 0)
    with pytest.raises(UsageError, match="the window holds no session"):
        replay(bars, Targets(np.zeros((0, 1), dtype=np.int16)))


def test_exits_and_settings_may_be_left_out() -> None:
    bars = build("2024-01-02", {SH: "10;pre=10 10"})
    targets = Targets(np.array([[5_000], [-1]]))
    assert replay(bars, targets) == replay(bars, targets, Exits(), MarketSettings())


def test_a_callback_hears_of_every_session_in_order() -> None:
    heard: list[int] = []
    bars = build("2024-01-02", {SH: "10;pre=10 - 10"})
    replay(bars, Targets(np.full((3, 1), -1)), on_session=heard.append)
    assert heard == [0, 1, 2]


def test_one_session_and_one_symbol_are_enough() -> None:
    ledger = run("10;pre=10", "5000")
    assert (ledger.equity.tolist(), ledger.fills) == ([100_000_000], ())


def test_a_second_run_gives_the_same_ledger() -> None:
    world = World(
        "2024-01-02", {SH: "10;pre=10 10 9 8.1/8.5 8.5", SZ: "10;pre=10 - 10.5 10 10"}, "4000 5000|3000 0|. 2000"
    )
    one, two = replay(*world.inputs), replay(*world.inputs)
    assert one.first_difference(two) == ""
    assert len(one.fills) > 2
