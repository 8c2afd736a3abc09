"""Cases worked out by hand from DESIGN section 6: the oracle is held to them, and the engine to the oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.targets import Exits
from backfolio.testing.build import World
from oracle import affordable, board, half_up, oracle, rule_8_lot, rule_9_fees

if TYPE_CHECKING:
    from backfolio.ledger import Ledger

SH, STAR, BSE, CHINEXT = "600000.SH", "688256.SH", "920002.BJ", "300750.SZ"


def free(**given: Any) -> MarketSettings:
    """Return settings of 100,000 CNY without commission; stamp duty and transfer fee stay."""
    return MarketSettings(**{"cash": 100_000.0, "commission": 0.0, "min_commission": 0.0, **given})


def ledger_of(world: World) -> Ledger:
    """Return the oracle's ledger, which the engine must have too."""
    ledger = oracle(*world.inputs)
    assert replay(*world.inputs).first_difference(ledger) == ""
    return ledger


def trades(world: World) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return fills as (session, symbol, side, shares, price, reason), refusals as tuples."""
    ledger = ledger_of(world)
    fills = [(f.session, f.symbol, f.side, f.shares, f.price, f.reason) for f in ledger.fills]
    return fills, [tuple(refusal) for refusal in ledger.refusals]


def world(line: str, weights: str, *, symbol: str = SH, settings: MarketSettings | None = None, **rest: Any) -> World:
    return World("2024-01-02", {symbol: line}, weights, settings=settings or free(), **rest)


def test_buys_at_the_next_open_and_pays_every_fee() -> None:
    # 50% of 100,000 at a close of 10: 5,000 shares; 50,000 at 0.03% is 15, at 0.001% is 0.50.
    settings = MarketSettings(cash=100_000.0)
    ledger = ledger_of(world("10;pre=10 10/10.5 10.5", "5000", settings=settings))
    (fill,) = ledger.fills
    assert tuple(fill) == (1, 0, "buy", 5_000, 10_000, 15_000, 0, 500, 0, "target")
    assert ledger.cash.tolist() == [100_000_000, 49_984_500, 49_984_500]
    assert ledger.equity.tolist() == [100_000_000, 102_484_500, 102_484_500]
    assert ledger.positions.tolist() == [[0], [5_000], [5_000]]


def test_sells_with_stamp_duty() -> None:
    settings = MarketSettings(cash=100_000.0)
    ledger = ledger_of(world("10;pre=10 10 10 11", "1000||0", settings=settings))
    # 10,000 CNY: commission 3 lifted to 5. Then 11,000: commission 5, duty 5.50, transfer 0.11.
    assert [tuple(f) for f in ledger.fills] == [
        (1, 0, "buy", 1_000, 10_000, 5_000, 0, 100, 0, "target"),
        (3, 0, "sell", 1_000, 11_000, 5_000, 5_500, 110, 0, "target"),
    ]
    assert ledger.cash[-1] == 100_000_000 - 10_005_100 + 10_989_390


@pytest.mark.parametrize(
    ("day", "duty", "transfer"),
    [
        ("2022-04-28", 10_000, 200),
        ("2022-04-29", 10_000, 100),
        ("2023-08-25", 10_000, 100),
        ("2023-08-28", 5_000, 100),
    ],
)
def test_fees_change_on_their_dates(day: str, duty: int, transfer: int) -> None:
    date = np.datetime64(day, "D")
    assert rule_9_fees(date, "sell", 10_000_000, free()) == (0, duty, transfer)
    assert rule_9_fees(date, "buy", 10_000_000, free()) == (0, 0, transfer)


@pytest.mark.parametrize(
    ("start", "fees"),
    [
        # Bought and sold on the two sessions after it: 1,000 at 10, so 0.002% is 0.20 and 0.05% is 5.
        ("2022-04-26", [(0, 200), (10_000, 200)]),
        ("2022-04-27", [(0, 200), (10_000, 100)]),
        ("2023-08-23", [(0, 100), (10_000, 100)]),
        ("2023-08-24", [(0, 100), (5_000, 100)]),
    ],
)
def test_fees_of_fills_change_on_their_dates(start: str, fees: list[tuple[int, int]]) -> None:
    ledger = ledger_of(World(start, {SH: "10;pre=10 10 10"}, "1000|0", settings=free()))
    assert [(fill.stamp_duty, fill.transfer_fee) for fill in ledger.fills] == fees


def test_a_least_commission_off_the_fen_is_rounded_too() -> None:
    # The greater of least commission and value times rate is rounded, half up to the fen.
    ledger = ledger_of(world("10;pre=10 10 10", "1000", settings=free(min_commission=0.125)))
    assert ledger.fills[0].commission == 130


def test_fees_round_half_up_to_the_fen() -> None:
    # 0.05% of 10 CNY is 0.005: 1 fen. 0.001% of 500 CNY is 0.005: 1 fen; of 499.99, none.
    date = np.datetime64("2024-01-02", "D")
    assert rule_9_fees(date, "sell", 10_000, free())[1] == 10
    assert rule_9_fees(date, "buy", 500_000, free())[2] == 10
    assert rule_9_fees(date, "buy", 499_990, free())[2] == 0


@pytest.mark.parametrize(
    ("symbol", "cases"),
    [
        (SH, {0: 0, 99: 0, 100: 100, 199: 100, 350: 300}),
        (CHINEXT, {99: 0, 250: 200}),
        (STAR, {199: 0, 200: 200, 201: 201}),
        (BSE, {99: 0, 100: 100, 101: 101}),
    ],
)
def test_lots(symbol: str, cases: dict[int, int]) -> None:
    assert {shares: rule_8_lot(symbol, shares) for shares in cases} == cases


def test_boards() -> None:
    assert [board(s) for s in (SH, STAR, BSE, CHINEXT, "689009.SH", "301236.SZ", "000688.SZ", "430047.BJ")] == [
        "main", "star", "bse", "chinext", "star", "chinext", "main", "bse",
    ]  # fmt: skip


def test_half_up() -> None:
    assert [half_up(value, 10) for value in (4, 5, 14, 15, 16)] == [0, 10, 10, 20, 20]


@pytest.mark.parametrize(
    ("symbol", "fills"),
    [
        # 3.3% of 100,000 at 10 is 330 shares.
        (SH, [(1, 0, "buy", 300, 10_000, "target")]),
        (STAR, [(1, 0, "buy", 330, 10_000, "target")]),
        (BSE, [(1, 0, "buy", 330, 10_000, "target")]),
    ],
)
def test_sizing_by_board(symbol: str, fills: list[tuple[Any, ...]]) -> None:
    assert trades(world("10;pre=10 10 10", "330", symbol=symbol)) == (fills, [])


def test_what_rounds_to_nothing_is_no_refusal() -> None:
    assert trades(world("10;pre=10 10 10", "99")) == ([], [])
    assert trades(world("10;pre=10 10 10", "199", symbol=STAR)) == ([], [])


def test_a_sell_that_does_not_empty_keeps_to_lots() -> None:
    # 300 shares become 390 by a bonus of 0.3. 250 wanted: 200 by lots, an order of 190: 100 are sold.
    line = "10;pre=10 10 7.7;pre=7.7;bonus=0.3 7.7 7.7"
    fills, refusals = trades(world(line, "300||200"))
    assert fills == [(1, 0, "buy", 300, 10_000, "target"), (3, 0, "sell", 100, 7_700, "target")]
    assert refusals == []
    # And a weight of 0 takes the odd lot too.
    fills, _ = trades(world(line, "300||0"))
    assert fills[-1] == (3, 0, "sell", 390, 7_700, "target")
    # So does a weight too small for one lot.
    fills, _ = trades(world(line, "300||10"))
    assert fills[-1] == (3, 0, "sell", 390, 7_700, "target")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("10;pre=10 - 10", "suspended"),
        ("10;pre=10 11/10.5 10", "limit_up"),
        ("- 10 10", "no_price"),
    ],
)
def test_refused_buys(line: str, reason: str) -> None:
    shares = 0 if reason == "no_price" else 5_000
    listed = {SH: "2015-01-05"} if reason == "no_price" else {}
    assert trades(world(line, "5000", listed=listed)) == ([], [(1, 0, "buy", shares, reason)])


def test_a_late_first_bar_has_no_price_before_it() -> None:
    late = world("- - 10 10", "|5000|5000", listed={SH: "2015-01-05"})
    assert trades(late) == ([(3, 0, "buy", 5_000, 10_000, "target")], [(2, 0, "buy", 0, "no_price")])


def test_unknown_limits_refuse_what_is_ordered() -> None:
    refused = [(1, 0, "buy", 5_000, "limit_unknown")]
    assert trades(world("10;pre=10 10;limits=unknown 10", "5000")) == ([], refused)
    # On a day without limits the open may be anywhere.
    assert trades(world("10;pre=10 13;limits=none 13", "1000"))[0] == [(1, 0, "buy", 1_000, 13_000, "target")]


def test_a_new_listing_trades_without_limits() -> None:
    # 2024: five sessions free. Up 40% at the open, and bought there.
    fills, refusals = trades(world("- 10 14/15 15", "|5000", listed={SH: "2024-01-03"}))
    assert (fills, refusals) == ([(2, 0, "buy", 5_000, 14_000, "target")], [])


def test_sell_stands_through_limit_down_and_halt() -> None:
    line = "10;pre=10 10 9/9.2 - 8.28/8.5 8.5"
    fills, refusals = trades(world(line, "5000|0"))
    assert fills == [(1, 0, "buy", 5_000, 10_000, "target"), (5, 0, "sell", 5_000, 8_500, "target")]
    assert refusals == [
        (2, 0, "sell", 5_000, "limit_down"),
        (3, 0, "sell", 5_000, "suspended"),
        (4, 0, "sell", 5_000, "limit_down"),
    ]


@pytest.mark.parametrize(("chase", "last"), [(0, 1), (1, 2), (2, 3)])
def test_a_buy_is_chased_and_dropped(chase: int, last: int) -> None:
    line = "10;pre=10 11 12.1 13.31 13.31 13.31"
    fills, refusals = trades(world(line, "5000", settings=free(chase=chase)))
    assert fills == []
    assert refusals == [(s, 0, "buy", 5_000, "limit_up") for s in range(1, last + 1)]


def test_participation_then_lots_then_the_rest_is_chased() -> None:
    # 10% of 2,345 is 234: 200 filled; the rest of the 500 next day.
    line = "10;pre=10 10;v=2345 10 10"
    fills, refusals = trades(world(line, "500", settings=free(chase=1)))
    assert fills == [(1, 0, "buy", 200, 10_000, "target"), (2, 0, "buy", 300, 10_000, "target")]
    assert refusals == [(1, 0, "buy", 266, "participation"), (1, 0, "buy", 34, "below_lot")]


def test_a_large_sale_goes_out_over_days_and_the_odd_lot_last() -> None:
    # 300 + bonus 90 = 390; caps of 234 then 1,000: 200, then the 190 that empty the position.
    line = "10;pre=10 10 7.7;pre=7.7;bonus=0.3 7.7;v=2345 7.7;v=10000"
    fills, refusals = trades(world(line, "300||0"))
    assert fills[1:] == [(3, 0, "sell", 200, 7_700, "target"), (4, 0, "sell", 190, 7_700, "target")]
    assert refusals == [(3, 0, "sell", 156, "participation"), (3, 0, "sell", 34, "below_lot")]


def test_cash_cuts_a_buy() -> None:
    # All of 100,000 at 10, opening at 10.5: 9,523.8 shares' worth; with fees of 0.001%: 9,500.
    fills, refusals = trades(world("10;pre=10 10.5 10.5", "10000"))
    assert fills == [(1, 0, "buy", 9_500, 10_500, "target")]
    assert refusals == [(1, 0, "buy", 500, "cash")]
    # The last share counts where the board allows it: 9,523 * 10.5 = 99,991.50 and a fee of 1.00.
    fills, refusals = trades(world("10;pre=10 10.5 10.5", "10000", symbol=STAR))
    assert fills == [(1, 0, "buy", 9_523, 10_500, "target")]
    assert refusals == [(1, 0, "buy", 477, "cash")]


def test_affordable_to_the_fen() -> None:
    day = np.datetime64("2024-01-02", "D")
    settings = MarketSettings(min_commission=5.0)
    assert affordable(1_005_010, SH, 100, 10_000, day, settings) == 100
    assert affordable(1_005_000, SH, 100, 10_000, day, settings) == 0
    assert affordable(-1, SH, 100, 10_000, day, settings) == 0


def test_sells_pay_for_buys_and_heavier_buys_come_first() -> None:
    lines = {"600000.SH": "10;pre=10 10 10 10", "600001.SH": "10;pre=10 10 10 10", "600002.SH": "10;pre=10 10 10 10"}
    market = World("2024-01-02", lines, ". . 9900|4000 6000 0", settings=free())
    fills, refusals = trades(market)
    assert [f[:4] for f in fills] == [
        (1, 2, "buy", 9_900),
        (2, 2, "sell", 9_900),
        (2, 1, "buy", 5_900),
        (2, 0, "buy", 3_900),
    ]
    # Fees leave a little under 100,000: 59.9 lots at 6000 and 39.9 at 4000.
    assert refusals == []


def test_equal_weights_buy_by_symbol_until_cash_ends() -> None:
    lines = {"600000.SH": "10;pre=10 11/10.5;pre=10.5", "600001.SH": "10;pre=10 11/10.5;pre=10.5"}
    fills, refusals = trades(World("2024-01-02", lines, "5000 5000", settings=free()))
    assert [f[:4] for f in fills] == [(1, 0, "buy", 5_000), (1, 1, "buy", 4_000)]
    assert refusals == [(1, 1, "buy", 1_000, "cash")]


@pytest.mark.parametrize(
    ("opening", "bp", "price"),
    [
        ("10", 5, 10_010),  # 10.005 goes up
        ("10", 4, 10_000),  # 10.004 does not
        ("10.98", 50, 11_000),  # 11.0349 is above the limit of 11
    ],
)
def test_slippage_of_a_buy(opening: str, bp: int, price: int) -> None:
    fills, _ = trades(world(f"10;pre=10 {opening} 10", "1000", settings=free(slippage=bp)))
    assert [f[4] for f in fills] == [price]


def test_slippage_of_a_sale() -> None:
    # 10 * 0.9995 = 9.995: half-up is 10.00. 9.02 * 0.995 = 8.9749: the lower limit is 9.
    fills, _ = trades(world("10;pre=10 10 10 10", "1000||0", settings=free(slippage=5)))
    assert fills[1][4] == 10_000
    fills, _ = trades(world("10;pre=10 10 10 9.02", "1000||0", settings=free(slippage=50)))
    assert fills[1][4] == 9_000


def test_vwap() -> None:
    settings = free(price="vwap", slippage=10)
    # 10,345,670 / 1,000,000 = 10.34567, moved to 10.3560: 10.36. The limit test stays on the open.
    fills, _ = trades(world("10;pre=10 10/10.5;a=10345670 10", "1000", settings=settings))
    assert fills[0][4] == 10_360
    assert trades(world("10;pre=10 10 10", "1000", settings=settings))[1] == [(1, 0, "buy", 1_000, "amount_unknown")]
    assert trades(world("10;pre=10 10;v=0;a=0 10", "1000", settings=settings))[1] == [
        (1, 0, "buy", 1_000, "amount_unknown")
    ]
    assert trades(world("10;pre=10 11/10;a=10500000 10", "1000", settings=settings))[1] == [
        (1, 0, "buy", 1_000, "limit_up")
    ]


def test_cash_and_bonus_of_an_ex_date() -> None:
    # 500 shares: 500 * 0.12345 = 61.725, to the fen 61.73; 500 * 0.3 = 150 more, sellable at once.
    line = "10;pre=10 10 7.6;cash=0.12345;bonus=0.3 7.6"
    ledger = ledger_of(world(line, "500||0"))
    assert ledger.dividends.tolist() == [0, 0, 61_730, 0]
    assert ledger.positions[:, 0].tolist() == [0, 500, 650, 0]
    assert ledger.fills[1].shares == 650


def test_ratio_only_pays_the_difference() -> None:
    ledger = ledger_of(world("10;pre=10 10 9.37;pre=9.37 9.37", "500"))
    assert ledger.dividends.tolist() == [0, 0, 500 * 630, 0]
    assert ledger.equity[2] == ledger.equity[1]


def test_an_ex_date_in_a_halt_moves_the_mark() -> None:
    ledger = ledger_of(world("10;pre=10 10 -;cash=1 - 9", "500"))
    assert ledger.mark[:, 0].tolist() == [10_000, 10_000, 9_000, 9_000, 9_000]
    assert ledger.equity[1] == ledger.equity[2] == ledger.equity[4]


def test_sell_all_stays_one_through_bonus_shares_and_other_orders_do_not_grow() -> None:
    fills, refusals = trades(world("10;pre=10 10 - -;bonus=0.3 7.69", "500|0"))
    assert refusals == [(2, 0, "sell", 500, "suspended"), (3, 0, "sell", 650, "suspended")]
    assert fills[1] == (4, 0, "sell", 650, 7_690, "target")
    fills, refusals = trades(world("10;pre=10 10 - -;bonus=0.3 7.69", "500|201"))
    assert refusals == [(2, 0, "sell", 300, "suspended"), (3, 0, "sell", 300, "suspended")]
    assert fills[1] == (4, 0, "sell", 300, 7_690, "target")


def test_a_new_weight_replaces_what_stands_even_with_nothing() -> None:
    fills, refusals = trades(world("10;pre=10 10 - 10 10", "500|0|501"))
    assert [f[2] for f in fills] == ["buy"]
    assert refusals == [(2, 0, "sell", 500, "suspended")]
    # A weight of 0 on a name not held cancels a standing buy.
    assert trades(world("10;pre=10 - 10 10", "500|0", settings=free(chase=3)))[0] == []


@pytest.mark.parametrize(
    ("exits", "line", "session", "reason"),
    [
        # Bought at 10 in session 1.
        (Exits(stop_loss=0.05), "10;pre=10 10 9.51 9.5 9.5", 4, "stop_loss"),
        (Exits(take_profit=0.05), "10;pre=10 10 10.49 10.5 10.5", 4, "take_profit"),
        (Exits(trailing=0.05), "10;pre=10 10/11 10.46 10.45 10.45", 4, "trailing"),
        (Exits(max_sessions=2), "10;pre=10 10 10 10 10", 4, "max_sessions"),
        (Exits(max_sessions=1, take_profit=0.01), "10;pre=10 10 10.1 10.1 10.1", 3, "take_profit"),
        (Exits(stop_loss=0.01, trailing=0.01), "10;pre=10 10 9.9 9.9 9.9", 3, "stop_loss"),
        # The session of the purchase is judged too, on its close.
        (Exits(stop_loss=0.01), "10;pre=10 10/9.9 9.9 9.9 9.9", 2, "stop_loss"),
        # On an ex-date the cost falls by the cash and the peak by the ratio: nothing fires.
        (Exits(stop_loss=0.05, trailing=0.05), "10;pre=10 10 9;cash=1 9 8.55 8.55", 5, "stop_loss"),
        (Exits(trailing=0.05), "10;pre=10 10 5;bonus=1 5 4.75 4.75", 5, "trailing"),
    ],
)
def test_exits(exits: Exits, line: str, session: int, reason: str) -> None:
    fills, _ = trades(world(line, "1000", exits=exits))
    assert (fills[-1][0], fills[-1][2], fills[-1][5]) == (session, "sell", reason)
    assert fills[-1][3] == (2_000 if "bonus" in line else 1_000)


def test_an_exit_wins_over_the_row_and_only_a_later_row_buys_again() -> None:
    fills, _ = trades(world("10;pre=10 10 9 9 9 9", "1000||1000||1000", exits=Exits(stop_loss=0.05)))
    assert [(f[0], f[2], f[5]) for f in fills] == [(1, "buy", "target"), (3, "sell", "stop_loss"), (5, "buy", "target")]


def test_exits_are_judged_in_a_halt_on_the_last_close() -> None:
    fills, refusals = trades(world("10;pre=10 10 - - 10", "1000", exits=Exits(max_sessions=1)))
    assert refusals == [(3, 0, "sell", 1_000, "suspended")]
    assert fills[1][:3] == (4, 0, "sell")


def test_a_sale_that_its_fees_exceed_is_refused_for_want_of_cash() -> None:
    # 100 at 0.12 bring 12.00 and cost 20.01; 1.00 is there.
    settings = MarketSettings(cash=33.0, participation=1.0, min_commission=20.0)
    fills, refusals = trades(world("0.12;pre=0.12 0.12 0.12 0.12", "10000||0", settings=settings))
    assert [fill[:4] for fill in fills] == [(1, 0, "buy", 100)]
    assert refusals == [(1, 0, "buy", 100, "cash"), (3, 0, "sell", 100, "cash")]


def test_delisted_is_worth_nothing_and_cannot_be_sold() -> None:
    market = world("10;pre=10 10 - - -", "1000||0", delisted={SH: "2024-01-05"})
    ledger = ledger_of(market)
    assert ledger.mark[:, 0].tolist() == [10_000, 10_000, 10_000, 0, 0]
    assert ledger.equity[3] == ledger.cash[3]
    assert [tuple(r) for r in ledger.refusals] == [(3, 0, "sell", 1_000, "delisted"), (4, 0, "sell", 1_000, "delisted")]


def test_nothing_is_done_after_the_last_session() -> None:
    assert trades(world("10;pre=10 10", "|5000")) == ([], [])


def test_cost_falls_with_a_partial_sale() -> None:
    # 1,000 at 10 and 1,000 at 11.90: cost 21,900. 500 sold: 16,425 stay on 1,500. A stop of 10% needs 14,782.50.
    line = "10;pre=10 10 11.9 11 9.86 9.85 9.85"
    fills, _ = trades(world(line, "1000|2010|1760", symbol=CHINEXT, exits=Exits(stop_loss=0.1)))
    assert [(f[0], *f[2:4], f[5]) for f in fills] == [
        (1, "buy", 1_000, "target"),
        (2, "buy", 1_000, "target"),
        (3, "sell", 500, "target"),
        (6, "sell", 1_500, "stop_loss"),
    ]


def test_what_a_sale_takes_off_the_cost_is_rounded_down() -> None:
    # 200 at 10 and 100 at 9.60 cost 2,960.000; a third, rounded down, leaves 1,973.334 on 200. A stop of 6.25%
    # is then 1,850.0006, and 200 at 9.25 are 1,850.000; rounded the other way they would be above it.
    line = "10;pre=10 10 9.6 9.5/9.26 9.25 9.25"
    fills, _ = trades(world(line, "200|301|193", exits=Exits(stop_loss=0.0625)))
    assert [(f[0], *f[2:4], f[5]) for f in fills] == [
        (1, "buy", 200, "target"),
        (2, "buy", 100, "target"),
        (3, "sell", 100, "target"),
        (5, "sell", 200, "stop_loss"),
    ]


def test_vwap_is_not_rounded_before_slippage() -> None:
    # 10.0019995 * 1.0003 is just above 10.005; cut to the mill first, it would be just below.
    line = "10;pre=10 10/10.1;a=10001999.5 10"
    fills, _ = trades(world(line, "1000", settings=free(price="vwap", slippage=3)))
    assert fills[0][4] == 10_010


def test_a_sale_goes_through_while_cash_is_negative() -> None:
    # A reference price above the close takes 2 a share: 9,900 * 2 of the 1,000 there are. Sales bring it back.
    line = "10;pre=10 10 12;pre=12;v=1000000 12;v=10000 12"
    fills, refusals = trades(world(line, "9900||0"))
    assert [f[:4] for f in fills] == [(1, 0, "buy", 9_900), (3, 0, "sell", 1_000), (4, 0, "sell", 8_900)]
    assert refusals == [(3, 0, "sell", 8_900, "participation")]


@pytest.mark.parametrize(
    ("exits", "reason"),
    [
        (Exits(stop_loss=0.05, trailing=0.05, max_sessions=1), "stop_loss"),
        (Exits(trailing=0.05, max_sessions=1), "trailing"),
        (Exits(max_sessions=1), "max_sessions"),
    ],
)
def test_of_several_exits_the_first_in_order_gives_the_reason(exits: Exits, reason: str) -> None:
    fills, _ = trades(world("10;pre=10 10 9.5 9.5", "1000", exits=exits))
    assert fills[1][5] == reason


def test_an_exit_that_fires_anew_gives_its_own_reason() -> None:
    # Take-profit on the first close; no sale at the lower limit; on the next close trailing comes first.
    exits = Exits(trailing=0.05, take_profit=0.04)
    fills, refusals = trades(world("10;pre=10 10/11 9.9/10.45 10.45", "1000", exits=exits))
    assert refusals == [(2, 0, "sell", 1_000, "limit_down")]
    assert fills[1] == (3, 0, "sell", 1_000, 10_450, "trailing")
