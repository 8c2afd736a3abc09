"""What happens to a position in backtrader: corporate actions, marking, exits, dividend tax.

The account has 100,000 CNY and pays no commission, so that 1% is 100 shares
at 10 CNY. A position of 5,000 at 10.00 leaves 49,999.50 (0.50 of transfer fee).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.targets import Exits
from backfolio.testing import World

if TYPE_CHECKING:
    from backfolio.ledger import Ledger

SH, SZ = "600000.SH", "000001.SZ"
LEFT = 49_999.50


def run(line: str, weights: str = "5000", exits: Exits | None = None, **given: Any) -> Ledger:
    settings = {"cash": 100_000.0, "commission": 0.0, "min_commission": 0.0, **given.pop("settings", {})}
    lines = given.pop("others", {}) | {SH: line}
    world = World("2024-01-02", lines, weights, exits=exits or Exits(), settings=MarketSettings(**settings), **given)
    return replay(*world.inputs)


def dividends(ledger: Ledger) -> list[float]:
    return (ledger.dividends / 1_000).tolist()


def equity(ledger: Ledger) -> list[float]:
    return (ledger.equity / 1_000).tolist()


def sales(ledger: Ledger) -> list[tuple[int, int, float, str]]:
    """Return (session, shares, price in CNY, reason)."""
    return [
        (fill.session, fill.shares, fill.price / 1_000, fill.reason) for fill in ledger.fills if fill.side == "sell"
    ]


# --- rule 5: corporate actions ---------------------------------------------------------------


def test_cash_is_paid_for_what_was_held_at_the_previous_close() -> None:
    ledger = run("10;pre=10 10 10 9.5;cash=0.5 9.5")
    assert dividends(ledger) == [0, 0, 0, 2_500, 0]
    assert ledger.positions[:, 0].tolist() == [0, 5_000, 5_000, 5_000, 5_000]
    assert equity(ledger)[2:] == [LEFT + 50_000, LEFT + 2_500 + 47_500, LEFT + 50_000]


@pytest.mark.parametrize(
    ("cash", "paid"),
    [("0.1", 30.0), ("0.12345", 37.04), ("0.1234499", 37.03), ("0.0000166", 0.0), ("0.0000167", 0.01)],
    # 300 shares: 37.035 is half a fen, 37.03497 and 0.00498 are less, 0.00501 is more
)
def test_cash_is_half_up_to_the_fen(cash: str, paid: float) -> None:
    assert dividends(run(f"10;pre=10 10 10;cash={cash}", "300"))[2] == paid


def test_bonus_shares_are_rounded_down() -> None:
    # 5,000 x 0.1234567 = 617.28
    ledger = run("10;pre=10 10 8.9;bonus=0.1234567")
    assert ledger.positions[:, 0].tolist() == [0, 5_000, 5_617]
    assert dividends(ledger) == [0, 0, 0]


def test_bonus_shares_are_sold_with_the_rest_on_the_ex_date() -> None:
    # The order to sell all was sent when all were 5,000. 10 / 1.3 = 7.69.
    ledger = run("10;pre=10 10 7.69;bonus=0.3", "5000|0")
    assert sales(ledger) == [(2, 6_500, 7.69, "target")]
    assert ledger.positions[-1, 0] == 0


def test_cash_and_bonus_on_one_day_both_count_what_was_held_before() -> None:
    # (10 - 0.5) / 1.3 = 7.31
    ledger = run("10;pre=10 10 7.31;cash=0.5;bonus=0.3")
    assert dividends(ledger)[2] == 2_500
    assert equity(ledger)[2] == pytest.approx(LEFT + 2_500 + 6_500 * 7.31)


def test_where_only_the_ratio_is_known_the_whole_fall_is_cash() -> None:
    # The reference price is 7.39 after a close of 10: 5,000 x 2.61.
    ledger = run("10;pre=10 10 7.39;pre=7.39")
    assert dividends(ledger)[2] == 13_050
    assert equity(ledger)[2] == LEFT + 50_000


def test_an_ex_date_in_a_halt_pays_and_moves_the_mark() -> None:
    ledger = run("10;pre=10 10 -;cash=0.5 - 9.6")
    assert dividends(ledger) == [0, 0, 2_500, 0, 0]
    assert equity(ledger)[2:] == [LEFT + 50_000, LEFT + 50_000, LEFT + 50_500]
    assert ledger.mark[:, 0].tolist() == [10_000, 10_000, 9_500, 9_500, 9_600]


def test_a_buyer_on_the_ex_date_receives_nothing() -> None:
    ledger = run("10;pre=10 10 4.75;cash=0.5;bonus=1", "|5000")
    assert dividends(ledger) == [0, 0, 0]
    assert ledger.positions[:, 0].tolist() == [0, 0, 5_000]


def test_a_seller_on_the_ex_date_has_received() -> None:
    ledger = run("10;pre=10 10 9.5;cash=0.5", "5000|0")
    assert dividends(ledger)[2] == 2_500
    assert sales(ledger) == [(2, 5_000, 9.5, "target")]


def test_a_sale_of_a_part_keeps_its_number_through_a_bonus() -> None:
    # 25.01% of 99,999.50 are 2,500: 2,500 to sell, halted; a share for a share doubles the position, not the order.
    ledger = run("10;pre=10 10 - 5;bonus=1 5", "5000|2501")
    assert sales(ledger) == [(3, 2_500, 5, "target")]
    assert ledger.positions[-1, 0] == 7_500


def test_an_ex_date_of_a_name_not_held_pays_nothing() -> None:
    ledger = run("10;pre=10 10 9.5;cash=0.5", ". 0|5000 .", others={SZ: "10;pre=10 10 10"})
    assert dividends(ledger) == [0, 0, 0]


# --- rule 11: marking ------------------------------------------------------------------------


def test_a_suspended_position_keeps_its_last_close() -> None:
    assert equity(run("10;pre=10 10/10.5 - -"))[1:] == [LEFT + 52_500] * 3


def test_a_delisted_name_is_worth_nothing_and_cannot_be_sold() -> None:
    # Last bar on row 2, delisted on row 4 (2024-01-08).
    ledger = run("10;pre=10 10 10 - - -", "5000|||0", delisted={SH: "2024-01-08"})
    assert equity(ledger) == [100_000, *[LEFT + 50_000] * 3, LEFT, LEFT]
    assert [tuple(refusal) for refusal in ledger.refusals] == [
        (4, 0, "sell", 5_000, "delisted"),
        (5, 0, "sell", 5_000, "delisted"),
    ]
    assert ledger.positions[-1, 0] == 5_000


def test_a_new_weight_on_a_delisted_name_replaces_its_standing_sale_and_has_no_price() -> None:
    ledger = run("10;pre=10 10 10 - - - -", "5000|||0|5000", delisted={SH: "2024-01-08"})
    assert [tuple(refusal) for refusal in ledger.refusals] == [
        (4, 0, "sell", 5_000, "delisted"),
        (5, 0, "buy", 0, "no_price"),
    ]


# --- rule 4: exits ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "exits", "sold"),
    [
        # Bought 5,000 at 10.00 in session 1.
        ("10;pre=10 10 9.01 9 9.2 9.2", Exits(stop_loss=0.1), (4, 9.2, "stop_loss")),
        ("10;pre=10 10 11.49 11.5 11.4 11", Exits(take_profit=0.15), (4, 11.4, "take_profit")),
        ("10;pre=10 10/11 12 10.81 10.8 10.9", Exits(trailing=0.1), (5, 10.9, "trailing")),
        ("10;pre=10 10 10 10 10 10", Exits(max_sessions=2), (4, 10, "max_sessions")),
        ("10;pre=10 10 10 10 10 10", Exits(max_sessions=1), (3, 10, "max_sessions")),
        ("10;pre=10 10 - - 10 10", Exits(max_sessions=2), (4, 10, "max_sessions")),  # a halt counts
        ("10;pre=10 10/9 9 9 9 9", Exits(stop_loss=0.1), (2, 9, "stop_loss")),  # on the very first close
    ],
)
def test_an_exit_is_judged_on_the_close_and_sells_at_the_next_open(
    line: str, exits: Exits, sold: tuple[int, float, str]
) -> None:
    session, price, reason = sold
    assert sales(run(line, exits=exits)) == [(session, 5_000, price, reason)]


def test_the_return_is_since_the_price_paid_without_fees() -> None:
    # Paid 10.40: 9.36 is 10% below, 9.37 is not; the commission of 20 CNY does not count.
    ledger = run("10;pre=10 10.4 9.37 9.36 9.5", exits=Exits(stop_loss=0.1), settings={"min_commission": 20.0})
    assert sales(ledger) == [(4, 5_000, 9.5, "stop_loss")]


def test_the_peak_counts_from_the_close_of_the_first_fill() -> None:
    # 12 was seen before the fill; from 10 on, 9.7 is a fall of 3%, 9.4 of 6%.
    ledger = run("12;pre=12 11 10 9.7 9.4 9.4", "|5000", exits=Exits(trailing=0.05))
    assert sales(ledger) == [(5, ledger.fills[0].shares, 9.4, "trailing")]


@pytest.mark.parametrize(
    ("stop_loss", "trailing", "take_profit", "max_sessions", "reason"),
    [
        # Bought at 10; closes 10, 10.9, 9.81: -1.9%, 10% below the peak, after two sessions.
        (0.019, 0.1, None, 2, "stop_loss"),
        (0.02, 0.1, None, 2, "trailing"),
        (0.02, 0.101, None, 2, "max_sessions"),
    ],
)
def test_the_first_rule_that_holds_gives_the_reason(
    stop_loss: float, trailing: float, take_profit: float | None, max_sessions: int, reason: str
) -> None:
    exits = Exits(stop_loss, take_profit, trailing, max_sessions)
    assert sales(run("10;pre=10 10 10.9 9.81 9.81", exits=exits)) == [(4, 5_000, 9.81, reason)]


def test_trailing_comes_before_take_profit_and_that_before_max_sessions() -> None:
    # Closes 10, 11, 12, 11.4: +14%, 5% below the peak, session 3.
    line = "10;pre=10 10 11 12 11.4 11"
    assert sales(run(line, exits=Exits(take_profit=0.3, trailing=0.05, max_sessions=3)))[0][3] == "trailing"
    assert sales(run(line, exits=Exits(take_profit=0.2, trailing=0.06, max_sessions=2)))[0][3] == "take_profit"


def test_an_exit_wins_over_the_row() -> None:
    # The row of the same close asks for 80%.
    ledger = run("10;pre=10 10 9 9 9", "5000||8000", exits=Exits(stop_loss=0.1))
    assert sales(ledger) == [(3, 5_000, 9, "stop_loss")]
    assert len(ledger.fills) == 2


def test_after_an_exit_only_a_later_row_that_emits_a_weight_buys_again() -> None:
    line = "10;pre=10 10 9 9 9 9 9"
    stopped = Exits(stop_loss=0.1)
    assert len(run(line, "5000", exits=stopped).fills) == 2
    # Equity at row 4 is what the sale left: 94,976.80 or so; 50% / 9 = 5,276.
    ledger = run(line, "5000||||5000", exits=stopped)
    assert [(fill.session, fill.side, fill.shares) for fill in ledger.fills][2:] == [(5, "buy", 5_200)]


def test_an_exit_that_cannot_sell_stands_with_its_reason() -> None:
    # The stop fires at 9.00; 8.10 is the lower limit; at 8.50 it trades though the loss is what it was.
    ledger = run("10;pre=10 10 9 8.1/8.5 8.5", exits=Exits(stop_loss=0.1))
    assert [tuple(refusal) for refusal in ledger.refusals] == [(3, 0, "sell", 5_000, "limit_down")]
    assert sales(ledger) == [(4, 5_000, 8.5, "stop_loss")]


def test_an_exit_once_fired_stands_though_the_price_recovers() -> None:
    ledger = run("10;pre=10 10 9 8.1/9.9 9.9 9.9", exits=Exits(stop_loss=0.1))
    assert sales(ledger) == [(4, 5_000, 9.9, "stop_loss")]


def test_an_exit_replaces_a_standing_sale_of_a_part() -> None:
    # Row 1 asks for half; the halt keeps it standing; max_sessions then sells all.
    ledger = run("10;pre=10 10 - 10 10", "5000|2500", exits=Exits(max_sessions=1))
    assert sales(ledger) == [(3, 5_000, 10, "max_sessions")]


def test_cash_received_lowers_the_cost() -> None:
    # Paid 10, received 0.5: at 9.5 nothing is lost, at 9.03 4.9% is, at 9.02 5.05% of 9.5.
    line = "10;pre=10 10 9.5;cash=0.5 9.03 9.02 9"
    assert sales(run(line, exits=Exits(stop_loss=0.05))) == [(5, 5_000, 9, "stop_loss")]
    assert sales(run("10;pre=10 10 9.5 9.03 9.02 9", exits=Exits(stop_loss=0.05)))[0][0] == 3


def test_bonus_shares_carry_their_part_of_the_cost_and_of_the_peak() -> None:
    # 6,500 shares at 7.69 are 49,985: a loss of 0.03%, not of 23%; the peak of 10 becomes 7.69.
    line = "10;pre=10 10 7.69;bonus=0.3 7.31 7.3 7.2"
    assert sales(run(line, exits=Exits(stop_loss=0.05))) == [(5, 6_500, 7.2, "stop_loss")]  # 47,450 < 47,500
    assert sales(run(line, exits=Exits(trailing=0.05))) == [(5, 6_500, 7.2, "trailing")]  # 7.3 <= 7.3055 < 7.31


def test_the_peak_is_restated_where_only_the_ratio_is_known() -> None:
    # Peak 12, close 10, reference 7.5: the peak becomes 9, and 8.1 is 10% below.
    line = "10;pre=10 10 11 12 10.8 10 7.5;pre=7.5 8.11 8.1 8"
    exits = Exits(trailing=0.25)  # so that the fall from 12 to 10 does not fire
    assert sales(run(line, exits=exits)) == []
    assert sales(run("10;pre=10 10/9 9;pre=9 8.11 8.1 8.1", exits=Exits(trailing=0.1))) == [(5, 5_000, 8.1, "trailing")]


def test_a_sale_of_a_part_leaves_the_rest_at_the_same_cost() -> None:
    # Bought 5,000 at 10, half of it sold at 11: the other half still cost 10 and gains 15% at 11.5.
    ledger = run("10;pre=10 10 11 11 11.49 11.5 11", "5000||2300", exits=Exits(take_profit=0.15))
    assert [(session, reason) for session, _, _, reason in sales(ledger)] == [(3, "target"), (6, "take_profit")]


def test_a_second_buy_averages_the_cost_and_keeps_the_first_session() -> None:
    # 2,500 at 10 and about 2,500 at 11: the cost is between; max_sessions counts from the first.
    ledger = run("10;pre=10 10 11 11 11 11", "2500||5000", exits=Exits(max_sessions=3))
    assert [(fill.session, fill.side) for fill in ledger.fills] == [(1, "buy"), (3, "buy"), (5, "sell")]


def test_a_position_opened_again_begins_anew() -> None:
    # Sold in session 3, bought again in session 4: two sessions later, not in the first one.
    ledger = run("10;pre=10 10 10 10 10 10 10 10", "5000||0|4000", exits=Exits(max_sessions=2))
    assert [(fill.session, fill.side, fill.reason) for fill in ledger.fills] == [
        (1, "buy", "target"),
        (3, "sell", "target"),
        (4, "buy", "target"),
        (7, "sell", "max_sessions"),
    ]


def test_a_delisted_name_fires_no_exit() -> None:
    ledger = run("10;pre=10 10 - -", exits=Exits(stop_loss=0.1, max_sessions=1), delisted={SH: "2024-01-04"})
    assert (sales(ledger), ledger.refusals) == ([], ())


# --- the switch of rule 5: dividend tax ------------------------------------------------------


def halted(sessions: int) -> str:
    """Return bought at 10, a dividend of 0.5, and so many quiet sessions at 9.5 before a sale."""
    return "10;pre=10 10 9.5;cash=0.5 " + " ".join(["9.5"] * sessions)


@pytest.mark.parametrize(
    ("sessions", "tax"),
    [
        # Bought on Wednesday 2024-01-03; 2,500 CNY received on the 4th.
        (21, 500_000),  # sold on Friday 2024-02-02: within a month, 20%
        (22, 250_000),  # Monday the 5th: more, 10%
        (240, 250_000),  # 2025-01-02: within a year
        (242, 0),  # 2025-01-06: longer than a year
    ],
)
def test_dividend_tax_is_taken_at_the_sale_by_holding_period(sessions: int, tax: int) -> None:
    weights = "5000" + "|" * (sessions + 1) + "0"
    ledger = run(halted(sessions), weights, settings={"dividend_tax": True})
    bought, sold = ledger.fills
    assert sold.session == len(ledger.sessions) - 1
    assert (bought.dividend_tax, sold.dividend_tax) == (0, tax)
    # 5,000 x 9.50 less duty 23.75 and transfer 0.48 (0.475)
    assert ledger.cash[-1] / 1_000 == pytest.approx(LEFT + 2_500 + 47_500 - 23.75 - 0.48 - tax / 1_000)


def test_dividend_tax_is_off_by_default_and_not_taken_on_a_bare_ratio() -> None:
    assert [fill.dividend_tax for fill in run(halted(3), "5000||||0").fills] == [0, 0]
    bare = run("10;pre=10 10 7.39;pre=7.39 7.39", "5000||0", settings={"dividend_tax": True})
    assert [fill.dividend_tax for fill in bare.fills] == [0, 0]


def test_the_oldest_shares_are_sold_first_and_bonus_shares_are_new_ones() -> None:
    # 2,000 at 10 receive 1,000 CNY and 2,000 bonus shares. 9.51% are 2,002 at 4.75: the old ones go, with all the tax.
    line = "10;pre=10 10 4.75;cash=0.5;bonus=1 4.75 4.75"
    ledger = run(line, "2000||951|0", settings={"dividend_tax": True})
    assert [(fill.shares, fill.dividend_tax) for fill in ledger.fills] == [(2_000, 0), (2_000, 200_000), (2_000, 0)]
