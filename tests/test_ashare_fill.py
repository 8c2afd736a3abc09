from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfolio import ashare
from backfolio.ashare import fill
from backfolio.ashare.fill import BUY, SELL
from compiled import both_forms, compiled, plain

Form = Callable[[Callable[..., Any]], Callable[..., Any]]

HUNDREDS, STAR, BSE = (100, 100), (200, 1), (100, 1)


class Outcome(NamedTuple):
    shares: int
    price: int
    commission: int
    stamp_duty: int
    transfer_fee: int
    reason: int
    beyond_sellable: int
    beyond_cap: int
    below_lot: int
    beyond_cash: int


DAY = {
    "side": BUY,
    "order": 1_000,
    "held": 0,
    "sellable": 0,
    "cash": 100_000_000,
    "traded": True,
    "delisted": False,
    "open_": 10_000,
    "amount": -1,
    "volume": 1_000_000,
    "up": 11_000,
    "down": 9_000,
    "state": ashare.LIMITED,
    "by_vwap": False,
    "slippage": 0,
    "participation": 1_000,
    "minimum": 100,
    "step": 100,
    "commission_rate": 3_000,
    "commission_minimum": 5_000,
    "stamp_rate": 0,
    "transfer_value_rate": 100,
    "transfer_face_rate": 0,
}
"""An order for 1,000 shares at 10 CNY, 100,000 CNY of cash, on a quiet day."""


def trade(form: Form, **changes: Any) -> Outcome:
    assert set(changes) <= set(DAY)
    given = {**DAY, **changes}
    if given["side"] == SELL and "held" in changes and "sellable" not in changes:
        given["sellable"] = given["held"]
    return Outcome(*form(fill.trade)(*given.values()))


SELLING = {"side": SELL, "held": 1_000, "stamp_rate": 5_000}


@both_forms
def test_a_buy_and_its_fees(form: Form) -> None:
    # 10,000 CNY: commission 3.00 lifted to 5; no duty; transfer fee 0.10.
    assert trade(form) == (1_000, 10_000, 5_000, 0, 100, 0, 0, 0, 0, 0)


@both_forms
def test_a_sale_and_its_fees(form: Form) -> None:
    # 50,000 CNY: commission 15, duty 25, transfer fee 0.50.
    outcome = trade(form, **{**SELLING, "order": 5_000, "held": 5_000})
    assert outcome == (5_000, 10_000, 15_000, 25_000, 500, 0, 0, 0, 0, 0)


@both_forms
@pytest.mark.parametrize(
    ("side", "changes", "reason"),
    [
        (BUY, {"traded": False}, "suspended"),
        (SELL, {"traded": False}, "suspended"),
        (BUY, {"traded": False, "delisted": True}, "delisted"),
        (SELL, {"traded": False, "delisted": True}, "delisted"),
        (BUY, {"state": ashare.UNKNOWN}, "limit_unknown"),
        (SELL, {"state": ashare.UNKNOWN}, "limit_unknown"),
        (BUY, {"open_": 11_000}, "limit_up"),
        (BUY, {"open_": 11_010}, "limit_up"),
        (BUY, {"open_": 10_990}, ""),
        (SELL, {"open_": 11_000}, ""),  # a seller finds buyers at the upper limit
        (SELL, {"open_": 9_000}, "limit_down"),
        (SELL, {"open_": 8_990}, "limit_down"),
        (SELL, {"open_": 9_010}, ""),
        (BUY, {"open_": 9_000}, ""),
        (BUY, {"open_": 15_000, "state": ashare.UNLIMITED, "up": 0, "down": 0}, ""),
        (SELL, {"open_": 15_000, "state": ashare.UNLIMITED, "up": 0, "down": 0}, ""),
        (BUY, {"by_vwap": True}, "amount_unknown"),
        (SELL, {"by_vwap": True}, "amount_unknown"),
        (BUY, {"by_vwap": True, "amount": 0, "volume": 0}, "amount_unknown"),
        (BUY, {"by_vwap": True, "amount": 40, "volume": 100, "state": ashare.UNLIMITED}, "amount_unknown"),
        (BUY, {"by_vwap": True, "open_": 11_000}, "limit_up"),  # the raw open decides, whatever the price
    ],
)
def test_whether_the_market_trades_at_all(form: Form, side: int, changes: dict[str, Any], reason: str) -> None:
    outcome = trade(form, **({**SELLING} if side == SELL else {}), **changes)
    assert ashare.REFUSALS[outcome.reason] == reason
    assert (outcome.shares == 0) == bool(reason)
    if reason:
        assert sum(outcome) == outcome.reason  # nothing else is set


@both_forms
@pytest.mark.parametrize(
    ("side", "open_", "slippage", "state", "price"),
    [
        (BUY, 10_000, 0, ashare.LIMITED, 10_000),
        (BUY, 10_000, 5, ashare.LIMITED, 10_010),  # 10.005: half up
        (SELL, 10_000, 5, ashare.LIMITED, 10_000),  # 9.995: half up, which is up for a seller too
        (BUY, 10_000, 4, ashare.LIMITED, 10_000),
        (SELL, 10_000, 15, ashare.LIMITED, 9_990),  # 9.985
        (SELL, 10_000, 16, ashare.LIMITED, 9_980),
        (BUY, 10_900, 200, ashare.LIMITED, 11_000),  # 11.118 is above the upper limit
        (SELL, 9_100, 200, ashare.LIMITED, 9_000),  # 8.918 is below the lower
        (BUY, 10_900, 200, ashare.UNLIMITED, 11_120),
        (SELL, 9_100, 200, ashare.UNLIMITED, 8_920),
        (SELL, 10_000, 9_999, ashare.UNLIMITED, 0),
    ],
)
def test_slippage_moves_the_price_against_us_inside_the_limits(
    form: Form, side: int, open_: int, slippage: int, state: int, price: int
) -> None:
    assert form(fill.slipped)(open_, 1, side, slippage, 11_000, 9_000, state) == price


@both_forms
@pytest.mark.parametrize(
    ("amount", "volume", "slippage", "price"),
    [
        (10_234_567_000, 1_000_000, 0, 10_230),  # 10.234567
        (10_235_000_000, 1_000_000, 0, 10_240),  # 10.235
        (10_234_567_000, 1_000_000, 10, 10_240),  # 10.2448
        (12_000_000_000, 1_000_000, 0, 11_000),  # kept inside the limits
        (5_000_000_000, 1_000_000, 0, 9_000),
        (10_000, 3, 0, 9_000),
    ],
)
def test_a_vwap_is_amount_over_volume_rounded_once(
    form: Form, amount: int, volume: int, slippage: int, price: int
) -> None:
    assert form(fill.slipped)(amount, volume, BUY, slippage, 11_000, 9_000, ashare.LIMITED) == price
    outcome = trade(
        form, by_vwap=True, amount=amount, volume=volume, slippage=slippage, participation=10_000, order=100
    )
    assert outcome.price == price


@both_forms
@pytest.mark.parametrize(
    ("volume", "participation", "cap"),
    [
        (1_000_000, 1_000, 100_000),
        (12_345, 1_000, 1_234),
        (9, 1_000, 0),
        (0, 10_000, 0),
        (777, 10_000, 777),
        (10_000, 1, 1),
    ],
)
def test_the_volume_cap_rounds_down(form: Form, volume: int, participation: int, cap: int) -> None:
    assert form(fill.volume_cap)(volume, participation) == cap


@both_forms
@pytest.mark.parametrize(
    ("lot", "order", "held", "sellable", "cap", "expected"),
    [
        # expected: shares, beyond sellable, beyond the cap, below a lot
        (HUNDREDS, 500, 1_000, 1_000, 10_000, (500, 0, 0, 0)),
        (HUNDREDS, 1_000, 1_000, 600, 10_000, (600, 400, 0, 0)),  # 400 bought today
        (HUNDREDS, 1_000, 1_000, 0, 10_000, (0, 1_000, 0, 0)),
        (HUNDREDS, 1_000, 1_000, 1_000, 350, (300, 0, 650, 50)),
        (HUNDREDS, 1_000, 1_000, 650, 350, (300, 350, 300, 50)),
        (HUNDREDS, 1_000, 1_000, 1_000, 99, (0, 0, 901, 99)),
        (HUNDREDS, 150, 150, 150, 10_000, (150, 0, 0, 0)),  # empties the position: the odd 50 go out with it
        (HUNDREDS, 150, 150, 150, 120, (100, 0, 30, 20)),
        (HUNDREDS, 50, 50, 50, 10_000, (50, 0, 0, 0)),
        (HUNDREDS, 50, 150, 150, 10_000, (0, 0, 0, 50)),  # would leave 100
        (HUNDREDS, 150, 150, 50, 10_000, (0, 100, 0, 50)),
        (STAR, 199, 199, 199, 10_000, (199, 0, 0, 0)),
        (STAR, 199, 1_000, 1_000, 10_000, (0, 0, 0, 199)),
        (STAR, 201, 1_000, 1_000, 10_000, (201, 0, 0, 0)),
        (STAR, 1_000, 1_000, 1_000, 333, (333, 0, 667, 0)),
        (STAR, 1_000, 1_000, 1_000, 150, (0, 0, 850, 150)),
        (BSE, 101, 1_000, 1_000, 10_000, (101, 0, 0, 0)),
        (BSE, 99, 1_000, 1_000, 10_000, (0, 0, 0, 99)),
        (BSE, 99, 99, 99, 10_000, (99, 0, 0, 0)),
    ],
)
def test_a_sale_is_cut_to_what_may_trade(
    form: Form, lot: tuple[int, int], order: int, held: int, sellable: int, cap: int, expected: tuple[int, ...]
) -> None:
    assert form(fill.sell_shares)(order, held, sellable, cap, *lot) == expected
    outcome = trade(
        form, side=SELL, order=order, held=held, sellable=sellable, volume=cap, participation=10_000,
        minimum=lot[0], step=lot[1],
    )  # fmt: skip
    assert (outcome.shares, outcome.beyond_sellable, outcome.beyond_cap, outcome.below_lot) == expected


@both_forms
@pytest.mark.parametrize(
    ("lot", "order", "cap", "expected"),
    [
        (HUNDREDS, 500, 10_000, (500, 0, 0)),
        (HUNDREDS, 500, 350, (300, 150, 50)),
        (HUNDREDS, 500, 99, (0, 401, 99)),
        (HUNDREDS, 500, 0, (0, 500, 0)),
        (STAR, 500, 350, (350, 150, 0)),
        (STAR, 500, 199, (0, 301, 199)),
        (STAR, 200, 200, (200, 0, 0)),
        (BSE, 500, 101, (101, 399, 0)),
        (BSE, 500, 99, (0, 401, 99)),
    ],
)
def test_a_buy_is_cut_to_what_may_trade(
    form: Form, lot: tuple[int, int], order: int, cap: int, expected: tuple[int, ...]
) -> None:
    assert form(fill.buy_shares)(order, cap, *lot) == expected
    outcome = trade(form, order=order, volume=cap, participation=10_000, minimum=lot[0], step=lot[1])
    assert (outcome.shares, outcome.beyond_cap, outcome.below_lot) == expected


@both_forms
@pytest.mark.parametrize(
    ("lot", "cash", "shares"),
    [
        (HUNDREDS, 10_005_100, 1_000),  # 10,000 + 5 + 0.10: to the mill
        (HUNDREDS, 10_005_090, 900),
        (HUNDREDS, 9_005_090, 900),  # 9,000 + 5 + 0.09
        (HUNDREDS, 9_005_080, 800),
        (HUNDREDS, 1_005_010, 100),
        (HUNDREDS, 1_005_000, 0),
        (HUNDREDS, 0, 0),
        (HUNDREDS, -1_000, 0),
        (STAR, 10_005_090, 999),
        (STAR, 2_005_020, 200),
        (STAR, 2_005_010, 0),
        (BSE, 1_015_010, 101),
        (BSE, 1_015_000, 100),  # 101 shares would need 1,010 + 5 + 0.01
        (BSE, 1_005_000, 0),
    ],
)
def test_a_buy_beyond_cash_is_cut_to_the_last_lot_that_it_pays(
    form: Form, lot: tuple[int, int], cash: int, shares: int
) -> None:
    outcome = trade(form, cash=cash, minimum=lot[0], step=lot[1])
    assert (outcome.shares, outcome.beyond_cash) == (shares, 1_000 - shares)


@both_forms
def test_a_sale_that_does_not_pay_its_own_fees_waits_for_cash(form: Form) -> None:
    # One share at 1 CNY against 5 CNY of commission.
    poor = {**SELLING, "order": 1, "held": 1, "open_": 1_000, "up": 1_100, "down": 900}
    assert trade(form, **poor, cash=3_990)[:5] == (0, 1_000, 0, 0, 0)
    assert trade(form, **poor, cash=3_990).beyond_cash == 1
    assert trade(form, **poor, cash=4_000).shares == 1


ORDERS = st.fixed_dictionaries(
    {
        "side": st.sampled_from([BUY, SELL]),
        "order": st.integers(1, 20_000),
        "held": st.integers(0, 20_000),
        "sellable": st.integers(0, 20_000),
        "cash": st.integers(0, 300_000_000),
        "traded": st.booleans(),
        "delisted": st.booleans(),
        "open_": st.integers(890, 1_110).map(lambda fen: fen * 10),
        "amount": st.integers(-1, 10**10),
        "volume": st.integers(0, 200_000),
        "up": st.just(11_000),
        "down": st.just(9_000),
        "state": st.sampled_from([ashare.LIMITED, ashare.LIMITED, ashare.UNLIMITED, ashare.UNKNOWN]),
        "by_vwap": st.booleans(),
        "slippage": st.integers(0, 300),
        "participation": st.integers(1, 10_000),
        "lot": st.sampled_from([HUNDREDS, STAR, BSE]),
        "commission_rate": st.integers(0, 30_000),
        "commission_minimum": st.integers(0, 1_000).map(lambda fen: fen * 10),
        "stamp_rate": st.sampled_from([0, 5_000, 10_000]),
        "transfer_value_rate": st.sampled_from([0, 100, 200]),
        "transfer_face_rate": st.sampled_from([0, 3_000]),
    }
)


@settings(max_examples=300)
@given(ORDERS)
def test_what_fills_and_what_each_rule_takes_off_are_the_order(drawn: dict[str, Any]) -> None:
    drawn["minimum"], drawn["step"] = drawn.pop("lot")
    if drawn["side"] == SELL:
        drawn["held"] = max(drawn["held"], drawn["order"])
    drawn["sellable"] = min(drawn["sellable"], drawn["held"])
    order = {name: drawn[name] for name in DAY}
    outcome = Outcome(*fill.trade(*order.values()))
    assert outcome == compiled(fill.trade)(*order.values())
    if outcome.reason:
        assert sum(outcome) == outcome.reason
        return
    assert min(outcome) >= 0
    cuts = outcome.beyond_sellable + outcome.beyond_cap + outcome.below_lot + outcome.beyond_cash
    assert outcome.shares + cuts == order["order"]
    value = outcome.shares * outcome.price
    fees = outcome.commission + outcome.stamp_duty + outcome.transfer_fee
    moved = value - fees if order["side"] == SELL else -value - fees
    assert order["cash"] + moved >= 0
    assert outcome.shares <= order["volume"] * order["participation"] // 10_000
    if order["side"] == SELL:
        assert outcome.shares <= order["sellable"]
    empties = order["side"] == SELL and outcome.shares == order["held"]
    assert empties or ashare.whole_lots(outcome.shares, order["minimum"], order["step"]) == outcome.shares
    if outcome.shares:
        assert fees >= order["commission_minimum"]


@settings(max_examples=200)
@given(
    shares=st.integers(0, 1_200),
    price=st.integers(1, 3_000).map(lambda fen: fen * 10),
    cash=st.integers(0, 30_000_000),
    lot=st.sampled_from([HUNDREDS, STAR, BSE]),
    rates=st.tuples(
        st.integers(0, 30_000),
        st.sampled_from([0, 5_000, 20_000]),
        st.just(0),
        st.integers(0, 300),
        st.integers(0, 5_000),
    ),
)
def test_affordable_is_what_trying_every_quantity_finds(
    shares: int, price: int, cash: int, lot: tuple[int, int], rates: tuple[int, ...]
) -> None:
    minimum, step = lot
    best = 0
    for quantity in range(minimum, shares + 1, step):
        if quantity * price + sum(fill.fees(quantity, price, *rates)) <= cash:
            best = quantity
    for form in (plain, compiled):
        assert form(fill.affordable)(shares, price, cash, minimum, step, *rates) == best


def test_every_refusal_has_a_name_and_a_code() -> None:
    assert ashare.REFUSALS[fill.NONE] == ""
    assert len(set(ashare.REFUSALS)) == len(ashare.REFUSALS)
    for name in ashare.REFUSALS[1:]:
        assert ashare.REFUSALS[getattr(fill, name.upper())] == name
