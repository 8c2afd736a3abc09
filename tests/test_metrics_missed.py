from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from backfolio.ledger import Refusal
from backfolio.metrics import Missed, missed
from backfolio.metrics.missed import AGE, BOUGHT, ENDED, MOST_SESSIONS, SOLD, TARGET, WINDOW
from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.testing import World
from backfolio.testing.worlds import worlds

NAME = "600519.SH"
RICH = MarketSettings(cash=100_000.0)


def lines(cells: str, weights: str, market: MarketSettings = RICH, *, known: bool = True) -> tuple[Missed, ...]:
    """Return what was missed in one name from 2024-01-02 on; `known`: the targets are."""
    world = World("2024-01-02", {NAME: cells}, weights, settings=market, listed={NAME: "2001-08-27"})
    bars, targets, exits, market = world.inputs
    return missed(bars, replay(bars, targets, exits, market), targets if known else None)


LOCKED = "10;pre=10 11 12.1 13/12.5 12/11.8 11.5 11.5"
"""At the upper limit at the opens of rows 1 and 2."""


def test_a_refused_buy_is_followed_to_the_open_after_the_next_weight_of_zero() -> None:
    # 5,000 shares decided on row 0 at 10, refused on row 1 at 11; 0 on row 3, so out at the open of row 4
    (line,) = lines(LOCKED, "5000|.|.|0")
    assert line == Missed(
        Refusal(1, 0, "buy", 5_000, "limit_up"),
        (11_000, 11_000, 11_000, 11_000, 1_000_000),
        (11_000, 9_000), 11_000, 4, 12_000, 5_000 * 1_000, TARGET,
    )  # fmt: skip


def test_a_weight_of_zero_on_the_very_session_counts_and_waits_for_a_bar() -> None:
    (line,) = lines("10;pre=10 11 - - 12 12", "5000|0")
    assert (line.until, line.exit_price, line.ended) == (4, 12_000, TARGET)


def test_a_buy_that_came_after_all_missed_the_way_up_to_it() -> None:
    # chased: refused on rows 1 and 2, bought at the open of row 3
    first, second = lines(LOCKED, "5000", MarketSettings(cash=100_000.0, chase=3))
    assert (first.until, first.ended, first.gain, first.again) == (3, BOUGHT, 5_000 * 2_000, False)
    assert (second.until, second.ended, second.gain, second.again) == (3, BOUGHT, 5_000 * 900, True)


def test_the_next_sale_ends_it_too() -> None:
    # 2,000 held since row 1; more is refused at the limit on row 2, all is sold on row 3
    line, = lines("10;pre=10 10 11 12 12", "2000|4000|0")  # fmt: skip
    assert (line.refusal.session, line.refusal.reason) == (2, "limit_up")
    assert (line.until, line.exit_price, line.ended) == (3, 12_000, SOLD)


def test_nothing_more_said_is_followed_for_a_quarter_or_to_the_end() -> None:
    (line,) = lines(LOCKED, "5000")
    assert (line.until, line.exit_price, line.gain, line.ended) == (6, 11_500, 5_000 * 500, WINDOW)
    long = " ".join(["10;pre=10", "11", *["11"] * MOST_SESSIONS, "12", "12"])
    (line,) = lines(long, "5000")
    assert (line.until, line.exit_price, line.ended) == (1 + MOST_SESSIONS, 11_000, AGE)
    short = " ".join(["10;pre=10", "11", *["11"] * (MOST_SESSIONS - 1), "12"])
    (line,) = lines(short, "5000")
    assert (line.until, line.exit_price, line.ended) == (1 + MOST_SESSIONS, 12_000, AGE)


def test_nobody_knows_the_weights_of_a_plain_strategy() -> None:
    (line,) = lines(LOCKED, "5000|.|.|0", known=False)
    assert line.ended == WINDOW


def test_dividends_and_bonus_shares_are_in_the_gain() -> None:
    # refused at 11; the ex-date of row 2 pays 1 CNY and gives one share for one: (11 - 1) / 2 = 5, where it stays
    (line,) = lines("10;pre=10 11 5;cash=1;bonus=1 5 5", "5000|.|.|0")
    assert line.exit_price == 5_000
    assert line.gain == 0
    # the bonus doubles what it rose from there
    (line,) = lines("10;pre=10 11 5;cash=1;bonus=1 5.5 5.5", "5000|.|.|0")
    assert line.gain == round(5_000 * (5_500 * 11_000 / 5_000 - 11_000))


def test_a_refused_sale_lost_what_the_shares_did_until_they_were_sold() -> None:
    # bought at 10; the lower limit refuses the sale on rows 3 and 4, it is done at 7.5
    falls = "10;pre=10 10 10 9 8.1 7.5 7.5"
    first, second = lines(falls, "5000|.|0")
    assert (first.refusal.side, first.refusal.reason, first.price) == ("sell", "limit_down", 9_000)
    assert (first.until, first.exit_price, first.gain, first.ended) == (5, 7_500, 5_000 * 1_500, SOLD)
    assert (second.gain, second.again) == (5_000 * 600, True)


def test_a_sale_that_never_came_is_followed_to_the_end() -> None:
    (line,) = lines("10;pre=10 10 10 9/9.5", "5000|.|0")
    assert (line.until, line.exit_price, line.gain, line.ended) == (3, 9_500, -5_000 * 500, WINDOW)


def test_without_a_bar_the_last_mark_counts() -> None:
    # the halt of rows 3 and 4 refuses the sale; it is done at 8 when trading resumes
    first, second = lines("10;pre=10 10 10/9.5 - - 8.6 8.6", "5000|.|0")
    assert (first.bar, first.limit, first.price, first.gain) == (None, (None, None), 9_500, 5_000 * 900)
    assert second.again


def test_parts_of_one_order_are_counted_both() -> None:
    # 5,000 wanted; 10% of 20,100 traded shares are 2,010: 2,990 beyond it, then 10 below the lot
    first, second = lines("10;pre=10 10;v=20100 11 11", "5000")
    assert [(line.refusal.reason, line.refusal.shares) for line in (first, second)] == [
        ("participation", 2_990), ("below_lot", 10),
    ]  # fmt: skip
    assert [line.again for line in (first, second)] == [False, False]


def test_nothing_can_be_said_without_a_price() -> None:
    cells = {NAME: "- - 10;pre=10 10", "600000.SH": "10;pre=10 10 10 10"}
    world = World("2024-01-02", cells, ". 5000|. .", listed={"600000.SH": "1999-11-10", NAME: "2001-08-27"})
    bars, targets, exits, market = world.inputs
    found = missed(bars, replay(bars, targets, exits, market), targets)
    assert [line.refusal.reason for line in found] == ["no_price"]
    assert (found[0].price, found[0].until, found[0].exit_price, found[0].gain, found[0].ended) == (
        None, None, None, None, "",
    )  # fmt: skip


@given(world=worlds())
@settings(max_examples=100)
def test_every_refusal_has_its_line_and_none_looks_back(world: World) -> None:
    bars, targets, exits, market = world.inputs
    ledger = replay(bars, targets, exits, market)
    found = missed(bars, ledger, targets)
    assert tuple(line.refusal for line in found) == ledger.refusals
    for line in found:
        at = (line.refusal.session, line.refusal.symbol)
        assert (line.bar is not None) == bool(bars.traded[at])
        if line.gain is None:
            assert bars.mark[at] == 0 or line.refusal.shares == 0
            continue
        assert line.ended in ENDED
        assert line.until is not None
        assert at[0] <= line.until < len(bars.sessions)
        if line.refusal.side == "buy":
            assert line.until <= at[0] + MOST_SESSIONS
        if line.until == at[0]:
            assert line.ended == WINDOW
            assert line.exit_price == bars.mark[at]


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_gain_is_a_whole_number_of_mills(side: str) -> None:
    found = lines(LOCKED, "5000|.|.|0") if side == "buy" else lines("10;pre=10 10 10 9 8.1 7.5 7.5", "5000|.|0")
    assert all(type(line.gain) is int for line in found)
    assert np.all([line.refusal.side == side for line in found])
