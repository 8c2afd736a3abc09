from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio import book
from backfolio.ashare.fill import BUY, SELL
from backfolio.ashare.lots import whole_lots
from compiled import both_forms, compiled, plain

Form = Callable[[Callable[..., Any]], Callable[..., Any]]

HUNDREDS, STAR, BSE = (100, 100), (200, 1), (100, 1)
EQUITY = 100_000_000
"""100,000 CNY: at a close of 10 CNY, 1% is 100 shares."""


@both_forms
@pytest.mark.parametrize(
    ("lot", "weight", "held", "order"),
    [
        (HUNDREDS, 5_000, 0, 5_000),
        (HUNDREDS, 10_000, 0, 10_000),
        (HUNDREDS, 199, 0, 100),  # 199 shares wanted
        (HUNDREDS, 99, 0, 0),  # 99 wanted: nothing to send, and no refusal
        (HUNDREDS, 500, 500, 0),
        (HUNDREDS, 599, 500, 0),  # 599 wanted are 500
        (HUNDREDS, 600, 500, 100),
        (HUNDREDS, 300, 500, -200),
        (HUNDREDS, 399, 500, -200),  # 399 wanted are 300
        (HUNDREDS, 400, 550, -100),  # 150 too many: a sale that leaves something rounds down
        (HUNDREDS, 500, 550, 0),  # the odd 50 stay
        (HUNDREDS, 600, 550, 0),  # 50 missing are no lot
        (HUNDREDS, 700, 550, 100),
        (HUNDREDS, 50, 100, -100),  # 50 wanted are none: the sale empties the position
        (HUNDREDS, 50, 150, -150),
        (HUNDREDS, 0, 150, -150),
        (HUNDREDS, 0, 37, -37),
        (HUNDREDS, 0, 0, 0),
        (STAR, 199, 0, 0),
        (STAR, 200, 0, 200),
        (STAR, 201, 0, 201),
        (STAR, 1_001, 800, 201),
        (STAR, 1_000, 801, 0),  # 199 more are below the least order
        (STAR, 800, 1_000, -200),
        (STAR, 801, 1_000, 0),  # 199 less as well
        (STAR, 150, 700, -700),  # 150 wanted are none
        (STAR, 0, 77, -77),
        (BSE, 99, 0, 0),
        (BSE, 100, 0, 100),
        (BSE, 101, 0, 101),
        (BSE, 300, 201, 0),
        (BSE, 300, 200, 100),
        (BSE, 300, 401, -101),
        (BSE, 300, 399, 0),
        (BSE, 99, 250, -250),
        (BSE, 0, 1, -1),
    ],
)
def test_the_order_that_brings_a_position_to_its_weight(
    form: Form, lot: tuple[int, int], weight: int, held: int, order: int
) -> None:
    assert form(book.order_shares)(weight, EQUITY, 10_000, held, *lot) == order


@both_forms
@pytest.mark.parametrize(
    ("weight", "equity", "close", "order"),
    [
        (3_333, 100_000_000, 12_340, 2_700),  # 33,330 CNY / 12.34 = 2,700.97
        (3_333, 99_998_765, 12_340, 2_700),
        (1, 100_000_000, 10, 1_000),  # 10 CNY at 0.01
        (10_000, 999_999, 10_000, 0),  # 99.9999 shares
        (10_000, 1_000_000, 10_000, 100),
        (5_000, 1_999_999, 10_000, 0),  # half of 1,999.999 CNY is 999.9995
        (0, 100_000_000, 0, -500),  # a delisted name is worth nothing and can still be ordered out
    ],
)
def test_each_division_rounds_down(form: Form, weight: int, equity: int, close: int, order: int) -> None:
    assert form(book.order_shares)(weight, equity, close, 500 if order < 0 else 0, 100, 100) == order


@given(
    st.integers(1, 10_000), st.integers(0, 10**12), st.integers(10, 10**6), st.integers(0, 10**6),
    st.sampled_from([HUNDREDS, STAR, BSE]),
)  # fmt: skip
def test_an_order_never_crosses_its_target(
    weight: int, equity: int, close: int, held: int, lot: tuple[int, int]
) -> None:
    order = book.order_shares(weight, equity, close, held, *lot)
    wanted = weight * equity // 10_000 // close
    assert held + order >= 0
    if order > 0:
        assert held + order <= wanted
    elif order < 0:
        assert held + order >= whole_lots(wanted, *lot) or held + order == 0
    assert abs(order) >= lot[0] or order in {0, -held}


def test_sells_come_by_symbol_then_buys_by_weight_and_symbol() -> None:
    orders = [(BUY, 500, 0), (BUY, 900, 2), (SELL, 0, 3), (BUY, 900, 1), (SELL, 700, 1), (BUY, 500, 4)]
    expected = [(SELL, 700, 1), (SELL, 0, 3), (BUY, 900, 1), (BUY, 900, 2), (BUY, 500, 0), (BUY, 500, 4)]
    for form in (plain, compiled):
        assert sorted(orders, key=lambda order: form(book.priority)(*order)) == expected


OFF = (0, 0, 0, 0)


@both_forms
@pytest.mark.parametrize(
    ("close", "peak", "age", "exits", "reason"),
    [
        # 1,000 shares that cost 10,000 CNY; exits: stop_loss, trailing, take_profit (points), max_sessions
        (9_000, 10_000, 3, OFF, book.NO_EXIT),
        (9_000, 10_000, 3, (1_000, 0, 0, 0), book.STOP_LOSS),  # -10.00%: reached is enough
        (9_010, 10_000, 3, (1_000, 0, 0, 0), book.NO_EXIT),
        (8_990, 10_000, 3, (1_000, 0, 0, 0), book.STOP_LOSS),
        (11_500, 11_500, 3, (0, 0, 1_500, 0), book.TAKE_PROFIT),
        (11_490, 11_500, 3, (0, 0, 1_500, 0), book.NO_EXIT),
        (10_800, 12_000, 3, (0, 1_000, 0, 0), book.TRAILING),  # 10% below 12
        (10_810, 12_000, 3, (0, 1_000, 0, 0), book.NO_EXIT),
        (10_000, 10_000, 5, (0, 0, 0, 5), book.MAX_SESSIONS),
        (10_000, 10_000, 4, (0, 0, 0, 5), book.NO_EXIT),
        (10_000, 10_000, 6, (0, 0, 0, 5), book.MAX_SESSIONS),
        # the first that holds, in the order stop_loss, trailing, take_profit, max_sessions
        (9_000, 12_000, 9, (1_000, 1_000, 1, 1), book.STOP_LOSS),
        (10_800, 12_000, 9, (1_000, 1_000, 800, 1), book.TRAILING),
        (10_810, 12_000, 9, (1_000, 1_000, 800, 1), book.TAKE_PROFIT),
        (10_790, 11_000, 9, (1_000, 1_000, 800, 1), book.MAX_SESSIONS),
        # the hairs
        (10_000, 10_000, 0, (1, 1, 1, 1), book.NO_EXIT),
        (9_999, 10_000, 0, (1, 0, 0, 0), book.STOP_LOSS),
        (10_001, 10_000, 0, (0, 0, 1, 0), book.TAKE_PROFIT),
        (1, 10_000, 0, (10_000, 0, 0, 0), book.NO_EXIT),
        (0, 10_000, 0, (10_000, 0, 0, 0), book.STOP_LOSS),
    ],
)
def test_which_exit_a_close_fires(
    form: Form, close: int, peak: int, age: int, exits: tuple[int, ...], reason: int
) -> None:
    assert form(book.exit_reason)(1_000, 10_000_000, peak, close, age, *exits) == reason


@given(
    st.integers(0, 10**6), st.integers(-(10**9), 10**10), st.integers(0, 10**6), st.integers(1, 10**6),
    st.integers(0, 10_000), st.integers(0, 1_000_000),
)  # fmt: skip
def test_exits_compare_as_the_text_says(
    shares: int, cost: int, close: int, peak: int, points: int, take_profit: int
) -> None:
    gain = (close * shares - cost) * 10_000
    stop, take = points > 0 and gain <= -points * cost, take_profit > 0 and gain >= take_profit * cost
    for form in (plain, compiled):
        judge = form(book.exit_reason)
        assert (judge(shares, cost, peak, close, 0, points, 0, 0, 0) == book.STOP_LOSS) == stop
        assert (judge(shares, cost, peak, close, 0, 0, 0, take_profit, 0) == book.TAKE_PROFIT) == take


def test_reasons_have_names() -> None:
    assert [book.REASONS[code] for code in (book.TARGET, book.STOP_LOSS, book.TRAILING, book.TAKE_PROFIT)] == [
        "target",
        "stop_loss",
        "trailing",
        "take_profit",
    ]
    assert (book.REASONS[book.MAX_SESSIONS], book.REASONS[book.ORDER]) == ("max_sessions", "order")


@both_forms
@pytest.mark.parametrize(
    ("shares", "cash", "ratio", "expected"),
    [
        # cash and shares a share; expected: mills, new shares
        (1_000, "0.5", "0", (500_000, 0)),
        (1_000, "0", "0.3", (0, 300)),
        (1_000, "0.5", "0.3", (500_000, 300)),
        (333, "0.1", "0", (33_300, 0)),
        (101, "0.0123456", "0", (1_250, 0)),  # 1.2469056 CNY
        (100, "0.12345", "0", (12_350, 0)),  # 12.345 CNY: half up to the fen; to even would be 12.34
        (100, "0.12335", "0", (12_340, 0)),  # 12.335
        (100, "0.1234499", "0", (12_340, 0)),
        (3, "0.0016666", "0", (0, 0)),  # 0.0049998 CNY
        (3, "0.0016667", "0", (10, 0)),  # 0.0050001 CNY
        (155, "0", "0.3", (0, 46)),  # 46.5 shares
        (9, "0", "0.1", (0, 0)),
        (100, "0", "0.1234567", (0, 12)),
        (0, "0.5", "0.3", (0, 0)),
    ],
)
def test_what_an_ex_date_gives(form: Form, shares: int, cash: str, ratio: str, expected: tuple[int, int]) -> None:
    units = [round(float(value) * 10_000_000) for value in (cash, ratio)]
    assert form(book.entitlement)(shares, *units, False, 10_000, 7_300) == expected


@both_forms
@pytest.mark.parametrize(
    ("previous", "reference", "cash"), [(10_000, 7_390, 2_610_000), (10_000, 10_010, -10_000), (5, 5, 0)]
)
def test_where_only_the_ratio_is_known_the_difference_is_cash(
    form: Form, previous: int, reference: int, cash: int
) -> None:
    assert form(book.entitlement)(1_000, 0, 0, True, previous, reference) == (cash, 0)


@both_forms
@pytest.mark.parametrize(
    ("peak", "previous", "reference", "restated"),
    [(12_000, 10_000, 9_500, 11_400), (12_345, 10_000, 7_390, 9_122), (10_000, 10_000, 10_000, 10_000), (7, 3, 1, 2)],
)
def test_the_peak_in_ex_rights_terms_rounds_down(
    form: Form, peak: int, previous: int, reference: int, restated: int
) -> None:
    assert form(book.restated_peak)(peak, previous, reference) == restated


@both_forms
@pytest.mark.parametrize(
    ("cost", "held", "sold", "left"),
    [
        (10_000_000, 1_000, 400, 6_000_000),
        (10_000_000, 1_000, 1_000, 0),
        (10_000, 3, 1, 6_667),  # 3,333 goes off, rounded down
        (10_000, 3, 2, 3_334),
        (-10_000, 3, 1, -6_666),  # after dividends above the cost; 3,333.3 rounds down to -3,334
    ],
)
def test_a_sale_takes_its_share_of_the_cost(form: Form, cost: int, held: int, sold: int, left: int) -> None:
    assert form(book.cost_after_sale)(cost, held, sold) == left


def lots(form: Form, *columns: list[int]) -> list[Any]:
    """Return lots as each form takes them: lists, or arrays for compiled code."""
    return [column if form is plain else np.array(column, dtype=np.int64) for column in columns]


def day(text: str) -> int:
    return int(np.datetime64(text, "D").astype(np.int64))


RATES = (2_000_000, 1_000_000, 500_000)
"""20%, 10% and 5%: until September 2015."""


@both_forms
@pytest.mark.parametrize(
    ("sale", "tax"),
    [
        ("2013-06-24", 6_400_000),  # a month to the day: 20% of 32,000 CNY
        ("2013-06-25", 3_200_000),
        ("2014-05-24", 3_200_000),  # a year to the day: 10%
        ("2014-05-25", 1_600_000),  # longer: 5%
    ],
)
def test_dividend_tax_by_holding_period(form: Form, sale: str, tax: int) -> None:
    # The ministry's example: 80,000 shares bought on 2013-05-24 that paid 4 CNY per ten.
    from backfolio.ashare import months_before  # noqa: PLC0415  only this test joins the two

    acquired, shares, dividends = lots(form, [day("2013-05-24")], [80_000], [32_000_000])
    ago = [int(months_before(np.datetime64(sale), months).astype(np.int64)) for months in (1, 12)]
    assert form(book.tax_on_sale)(acquired, shares, dividends, 80_000, *ago, *RATES) == tax
    assert (list(shares), list(dividends)) == ([0], [0])


@both_forms
def test_the_oldest_shares_are_sold_first(form: Form) -> None:
    # 100 shares held two years, 200 held half a year, 300 held a week; each share received 1 CNY.
    acquired, shares, dividends = lots(form, [0, 600, 720], [100, 200, 300], [100_000, 200_000, 300_000])
    sell = form(book.tax_on_sale)
    # 100 at 5% and 150 at 10%
    assert sell(acquired, shares, dividends, 250, 700, 365, *RATES) == 5_000 + 15_000
    assert (list(shares), list(dividends)) == ([0, 50, 300], [0, 50_000, 300_000])
    # 50 at 10% and 100 at 20%
    assert sell(acquired, shares, dividends, 150, 700, 365, *RATES) == 5_000 + 20_000
    assert (list(shares), list(dividends)) == ([0, 0, 200], [0, 0, 200_000])


@both_forms
@pytest.mark.parametrize(("received", "tax"), [(24, 0), (25, 10), (50, 10), (74, 10), (75, 20)])
def test_the_tax_is_half_up_to_the_fen(form: Form, received: int, tax: int) -> None:
    acquired, shares, dividends = lots(form, [100], [10], [received])
    assert form(book.tax_on_sale)(acquired, shares, dividends, 10, 50, 0, *RATES) == tax


@both_forms
def test_a_lot_keeps_what_its_sold_part_did_not_receive(form: Form) -> None:
    acquired, shares, dividends = lots(form, [100], [3], [100])
    form(book.tax_on_sale)(acquired, shares, dividends, 1, 50, 0, *RATES)
    assert (list(shares), list(dividends)) == ([2], [67])
