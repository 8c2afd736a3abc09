"""Python and numba read the same source: they must say the same up to the largest account allowed.

Python's integers grow, numba's are int64 and wrap around. So a draw on which
the two agree has no overflow in any intermediate product.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from backfolio import ashare, book, money
from backfolio.ashare import boards, fees, fill, limits, lots
from backfolio.settings import MOST_CASH, MarketSettings
from compiled import KERNELS, compiled, plain

MOST = MOST_CASH * money.MILLS
"""Mills of the largest account that a run may start with."""

MOST_GROWN = 10 * MOST
"""What it may become."""

LOTS = [(100, 100), (200, 1), (100, 1)]

agree = settings(max_examples=200)

mills = st.integers(0, MOST_GROWN) | st.integers(MOST_GROWN - 100, MOST_GROWN) | st.integers(MOST - 100, MOST)
prices = st.integers(100, 1_000_000).map(lambda fen: fen * money.FEN)
"""1 to 10,000 CNY."""
rates = st.integers(0, 30_000)
points = st.integers(0, 10_000)


def same(function: Any, *arguments: Any) -> Any:
    """Return what both forms say; fail where they differ."""
    python, numba = plain(function)(*arguments), compiled(function)(*arguments)
    assert python == numba
    return python


def shares_worth(value: int, price: int) -> int:
    return value // price


def test_every_rule_function_on_integers_is_compiled_here() -> None:
    by_date = {
        fees.fee_rates, fees.dividend_tax_rates, fees.months_before, limits.limit_points, limits.listing_rule,
        limits.limit_table, money.to_mills, money.to_cny, money.basis_points, money.cny_text,
        boards.board_of, boards.exchange_of,
    }  # fmt: skip
    own = {
        function
        for module in (money, boards, lots, limits, fees, fill, book)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    assert own - by_date == set(KERNELS)


def test_the_largest_account_is_what_the_settings_allow() -> None:
    assert MarketSettings(cash=MOST_CASH).cash_mills == MOST == 10**13


@agree
@given(mills, st.integers(1, 10_000_000), st.integers(1, 10_000_000))
def test_rounding(value: int, step: int, denominator: int) -> None:
    same(money.half_up, value, step)
    same(money.half_up_ratio, min(value, 10**9), step % 20_000, denominator, money.FEN)


@agree
@given(st.integers(-MOST_GROWN, MOST_GROWN), st.data())
def test_part_of(value: int, data: st.DataObject) -> None:
    whole = data.draw(st.integers(1, 10**10), label="whole")
    part = data.draw(st.integers(0, whole), label="part")
    assert same(money.part_of, value, part, whole) == value * part // whole


@agree
@given(mills, rates, st.integers(0, 1_000_000), st.sampled_from([0, 5_000, 10_000, 30_000]), prices)
@example(MOST_GROWN, 30_000, 5_000, 30_000, 1_000)
def test_fees(value: int, rate: int, minimum: int, stamp: int, price: int) -> None:
    shares = shares_worth(value, price)
    for function, arguments in (
        (fees.half_up_rate, (value, rate)),
        (fees.commission, (value, rate, minimum)),
        (fees.stamp_duty, (value, stamp)),
        (fees.stamp_duty, (min(value, MOST), 50_000)),  # until June 1998; a hundred billion would not fit
        (fees.transfer_fee, (value, shares, 200, 0)),
        (fees.transfer_fee, (value, min(shares, 10**10), 0, 5_000)),
        (fill.fees, (shares, price, rate, minimum, stamp, 200, 0)),
    ):
        assert np.min(same(function, *arguments)) >= 0


@agree
@given(prices, st.sampled_from([(500, 500), (1_000, 1_000), (3_000, 3_000), (4_400, 3_600)]), st.booleans())
def test_limits(reference: int, up_down: tuple[int, int], inward: bool) -> None:
    up, down = same(ashare.limit_prices, reference, *up_down, inward)
    assert down <= reference <= up


@agree
@given(st.integers(-(10**13), 10**13), st.sampled_from(LOTS))
def test_lots(shares: int, lot: tuple[int, int]) -> None:
    same(ashare.whole_lots, shares, *lot)


@agree
@given(points, mills, prices, st.integers(0, MOST), st.sampled_from(LOTS))
@example(10_000, MOST_GROWN, 1_000, 0, (100, 100))
def test_sizing(weight: int, equity: int, close: int, value: int, lot: tuple[int, int]) -> None:
    same(book.order_shares, weight, equity, close, shares_worth(value, close), *lot)


@agree
@given(
    value=st.integers(0, MOST),
    price=prices,
    close=prices,
    peak=prices,
    age=st.integers(0, 9_000),
    exits=st.tuples(points, points, st.integers(0, 1_000_000), st.integers(0, 1_000)),
)
@example(value=MOST, price=10_000, close=10_000, peak=10_000, age=0, exits=(10_000, 0, 1_000_000, 0))
def test_exits(value: int, price: int, close: int, peak: int, age: int, exits: tuple[int, ...]) -> None:
    shares = shares_worth(value, price)
    assume(shares * close <= MOST_GROWN)
    same(book.exit_reason, shares, value, peak, close, age, *exits)
    assert same(book.least_part, value, exits[2]) == -(-value * exits[2] // 10_000)


@agree
@given(
    value=st.integers(0, MOST_GROWN),
    previous=prices,
    cash=st.integers(0, 10**9),
    ratio=st.integers(0, 30_000_000),
    fall=points,
    ratio_only=st.booleans(),
)
@example(value=MOST_GROWN, previous=10_000, cash=10**8, ratio=20_000_000, fall=5_000, ratio_only=False)
def test_corporate_actions(value: int, previous: int, cash: int, ratio: int, fall: int, ratio_only: bool) -> None:
    shares = shares_worth(value, previous)
    reference = previous * (10_000 - fall) // 10_000
    cash = min(cash, previous * 10_000)  # nobody pays out more than the price
    same(book.entitlement, shares, cash, min(ratio, 10**17 // max(shares, 1)), ratio_only, previous, reference)
    same(book.restated_peak, 2 * previous, previous, reference)


@agree
@given(st.integers(-MOST, MOST), st.data())
@example(MOST, None)
def test_cost_after_a_sale(cost: int, data: st.DataObject | None) -> None:
    held = data.draw(st.integers(1, 10**10), label="held") if data else 10**10
    sold = data.draw(st.integers(0, held), label="sold") if data else 9_999_999_900
    assert same(book.cost_after_sale, cost, held, sold) == cost - cost * sold // held


@agree
@given(
    st.lists(st.tuples(st.integers(0, 800), st.integers(0, 10**9), st.integers(0, 10**11)), min_size=1, max_size=6),
    st.data(),
)
def test_dividend_tax(drawn: list[tuple[int, int, int]], data: st.DataObject) -> None:
    columns = [list(column) for column in zip(*sorted(drawn), strict=True)]
    sold = data.draw(st.integers(0, sum(columns[1])), label="sold")
    arrays = [np.array(column, dtype=np.int64) for column in columns]
    rest = (sold, 770, 435, 2_000_000, 1_000_000, 500_000)
    assert book.tax_on_sale(*columns, *rest) == compiled(book.tax_on_sale)(*arrays, *rest)
    assert [array.tolist() for array in arrays] == columns


@agree
@given(
    side=st.sampled_from([fill.BUY, fill.SELL]),
    value=st.integers(0, MOST),
    sellable=points,
    cash=mills,
    open_=prices,
    vwap=st.booleans(),
    volume=st.integers(0, 10**10),
    state=st.sampled_from([ashare.UNKNOWN, ashare.LIMITED, ashare.UNLIMITED]),
    slippage=st.integers(0, 9_999),
    participation=st.integers(1, 10_000),
    lot=st.sampled_from(LOTS),
    rate=rates,
)
@example(
    side=fill.BUY, value=MOST, sellable=0, cash=MOST, open_=1_000, vwap=True, volume=10**10,
    state=ashare.UNLIMITED, slippage=9_999, participation=10_000, lot=(100, 100), rate=30_000,
)  # fmt: skip
@example(
    side=fill.SELL, value=MOST, sellable=10_000, cash=MOST_GROWN, open_=10_000_000, vwap=False, volume=10**10,
    state=ashare.LIMITED, slippage=0, participation=10_000, lot=(200, 1), rate=30_000,
)  # fmt: skip
def test_a_trade(
    side: int, value: int, sellable: int, cash: int, open_: int, vwap: bool, volume: int, state: int,
    slippage: int, participation: int, lot: tuple[int, int], rate: int,
) -> None:  # fmt: skip
    shares = shares_worth(value, open_)
    # The largest turnover of a share in one session was about 40 bn CNY; 100 bn are asked for here.
    volume = min(volume, 10 * MOST // open_)
    same(
        fill.trade, side, shares, shares, shares * sellable // 10_000, cash, True, False, open_, volume * open_, volume,
        open_ * 11 // 10, open_ * 9 // 10, state, vwap, slippage, participation, *lot, rate, 5_000, 10_000, 200, 0,
    )  # fmt: skip


def test_numbers_that_leave_int64_would_be_seen() -> None:
    # The guard itself: a product that wraps around differs between the forms.
    with pytest.raises(AssertionError):
        same(money.half_up, 2**62, 10)
