"""A plain `backtrader.Strategy`, as people have them, under the exchanges' rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np
import pytest

from backfolio.errors import ThesisError, UsageError
from backfolio.replay import replay_plain
from backfolio.settings import MarketSettings
from backfolio.testing import build

if TYPE_CHECKING:
    from backfolio.ledger import Ledger

SH, SZ, STAR = "600000.SH", "000001.SZ", "688256.SH"
FREE = MarketSettings(cash=100_000.0, commission=0.0, min_commission=0.0)

Actions = dict[int, Any]
"""Row to what the strategy does after its close."""


def acting(actions: Actions) -> type:
    """Make a strategy that acts on given rows and logs what its orders go through."""

    class Acts(bt.Strategy):
        log: list[tuple[int, str, float]]
        closed: list[float]

        def start(self) -> None:
            Acts.log, Acts.closed = [], []

        def next(self) -> None:
            action = actions.get(len(self) - 1)
            if action is not None:
                action(self)

        def notify_order(self, order: Any) -> None:
            Acts.log.append((order.ref, order.getstatusname(), order.executed.size))

        def notify_trade(self, trade: Any) -> None:
            if trade.isclosed:
                Acts.closed.append(round(trade.pnl, 6))

    return Acts


def run(line: str, actions: Actions, settings: MarketSettings = FREE, **others: str) -> tuple[Ledger, Any]:
    strategy = acting(actions)
    return replay_plain(build("2024-01-02", {SH: line, **others}), strategy, {}, settings), strategy


def statuses(strategy: Any) -> list[list[str]]:
    """Return each order's statuses, order by order."""
    orders = sorted({ref for ref, *_ in strategy.log})
    return [[status for ref, status, _ in strategy.log if ref == order] for order in orders]


def filled(ledger: Ledger) -> list[tuple[int, int, str, int, float]]:
    return [(fill.session, fill.symbol, fill.side, fill.shares, fill.price / 1_000) for fill in ledger.fills]


def refused(ledger: Ledger) -> list[tuple[int, int, str, int, str]]:
    return [tuple(refusal) for refusal in ledger.refusals]


DONE = ["Submitted", "Accepted", "Completed"]
QUIET = "10;pre=10 10 10 10 10"


# --- a strategy as people write them ---------------------------------------------------------


class Cross(bt.Strategy):  # type: ignore[misc]
    """Holds half of the account while the close is above its average."""

    params = (("period", 3), ("share", 0.5))

    def __init__(self) -> None:
        self.average = bt.indicators.SimpleMovingAverage(self.data.adj_close, period=self.p.period)
        self.order: Any = None

    def next(self) -> None:
        if self.order is not None:
            return
        if not self.position and self.data.adj_close[0] > self.average[0]:
            self.order = self.order_target_percent(target=self.p.share)
        elif self.position and self.data.adj_close[0] < self.average[0]:
            self.order = self.close()

    def notify_order(self, order: Any) -> None:
        if not order.alive():
            self.order = None


def test_a_moving_average_crossing_trades_at_the_next_open() -> None:
    # Averages of three: row 2 10.07, row 3 10.2, row 4 10.3, row 5 10.13. Above on row 2, below on row 5.
    line = "10;pre=10 10 10.2 10.3/10.4 10.3 9.7 9.8 9.9"
    ledger = replay_plain(build("2024-01-02", {SH: line}), Cross, {"share": 0.51}, FREE)
    # 51,000 / 10.2 = 5,000 shares; the order after the first must not be held up by one that never ends.
    assert filled(ledger) == [(3, 0, "buy", 5_000, 10.3), (6, 0, "sell", 5_000, 9.8)]
    assert {fill.reason for fill in ledger.fills} == {"order"}


def test_parameters_reach_the_strategy() -> None:
    line = "10;pre=10 10 10.2 10.3/10.4 10.3 9.7 9.8 9.9"
    ledger = replay_plain(build("2024-01-02", {SH: line}), Cross, {"period": 2, "share": 0.102}, FREE)
    assert filled(ledger)[0] == (3, 0, "buy", 1_000, 10.3)


def test_an_average_over_more_sessions_than_there_are_is_said() -> None:
    # backtrader's own fast mode stops in an IndexError from inside the indicator.
    market = build("2024-01-02", {SH: QUIET})
    with pytest.raises(ThesisError, match=r"Cross .* 5 sessions"):
        replay_plain(market, Cross, {"period": 20})


def test_an_average_of_adjusted_prices_does_not_see_an_ex_date() -> None:
    # A share for a share: 10.2 becomes 5.1, the adjusted close stays 10.2.
    seen: list[tuple[float, float]] = []

    class Looks(bt.Strategy):
        def next(self) -> None:
            seen.append((self.data.close[0], self.data.adj_close[0]))
            assert self.data.adj_open[0] <= self.data.adj_high[0]
            assert self.data.adj_low[0] <= self.data.adj_close[0]

    replay_plain(build("2024-01-02", {SH: "10;pre=10 10.2 5.1;bonus=1 5.2"}), Looks)
    assert seen == [(10, 10), (10.2, 10.2), (5.1, 10.2), (5.2, 10.4)]


# --- orders and their statuses ---------------------------------------------------------------


def test_an_order_is_submitted_accepted_and_completed_at_the_next_open() -> None:
    ledger, strategy = run("10;pre=10 10.5/10.2 10 10", {0: lambda s: s.buy(size=500), 1: lambda s: s.close()})
    assert statuses(strategy) == [DONE, DONE]
    assert filled(ledger) == [(1, 0, "buy", 500, 10.5), (2, 0, "sell", 500, 10)]
    assert strategy.closed == [-250]


def test_an_order_carries_its_price_size_and_costs() -> None:
    kept: list[Any] = []

    class Keeps(bt.Strategy):
        def next(self) -> None:
            if len(self) == 1:
                self.buy(size=5_000)
            elif len(self) == 2:
                assert (self.position.size, self.position.price) == (5_000, 10.4)
                assert self.broker.getvalue([self.data]) == 52_500
                assert self.broker.getcash() + 52_500 == self.broker.getvalue()

        def notify_order(self, order: Any) -> None:
            if order.status == order.Completed:
                kept.append((order.executed.size, order.executed.price, order.executed.comm, order.data._name))

    replay_plain(build("2024-01-02", {SH: "10;pre=10 10.4/10.5 10"}), Keeps, {}, MarketSettings(cash=100_000))
    # 52,000 CNY: commission 15.60, transfer fee 0.52
    assert kept == [(5_000, 10.4, 16.12, SH)]


def test_a_part_that_does_not_fill_expires_with_the_day() -> None:
    ledger, strategy = run("10;pre=10 10;v=3000 10 10", {0: lambda s: s.buy(size=500)})
    assert statuses(strategy) == [["Submitted", "Accepted", "Partial", "Expired"]]
    assert filled(ledger) == [(1, 0, "buy", 300, 10)]
    assert refused(ledger) == [(1, 0, "buy", 200, "participation")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("10;pre=10 - 10 10", "suspended"),
        ("10;pre=10 11 11 11", "limit_up"),
        ("10;pre=10 10;v=900 10 10", "participation"),
    ],
)
def test_an_order_that_the_market_refuses_is_rejected_and_gone(line: str, reason: str) -> None:
    ledger, strategy = run(line, {0: lambda s: s.buy(size=500)})
    assert statuses(strategy) == [["Submitted", "Accepted", "Rejected"]]
    assert ledger.fills == ()
    assert {refusal.reason for refusal in ledger.refusals} <= {reason, "below_lot"}
    assert sum(refusal.shares for refusal in ledger.refusals) == 500


def test_a_first_bar_without_a_reference_price_is_refused() -> None:
    ledger, _ = run(QUIET, {0: lambda s: s.buy(data=s.getdatabyname(SZ), size=500)}, **{SZ: "- 10 10 10 10"})
    assert refused(ledger) == []  # listed in the data: five sessions without a limit
    assert filled(ledger) == [(1, 0, "buy", 500, 10)]
    market = build("2024-01-02", {SH: QUIET, SZ: "- 10 10 10 10"}, listed={SZ: "2010-01-04"})
    ledger = replay_plain(market, acting({0: lambda s: s.buy(data=s.getdatabyname(SZ), size=500)}), {}, FREE)
    assert refused(ledger) == [(1, 0, "buy", 500, "limit_unknown")]


def test_an_order_below_a_lot_is_rejected_at_once() -> None:
    ledger, strategy = run(QUIET, {0: lambda s: s.buy(size=99)})
    assert statuses(strategy) == [["Submitted", "Rejected"]]
    assert (ledger.fills, [tuple(refusal)[1:] for refusal in ledger.refusals]) == ((), [(0, "buy", 99, "below_lot")])
    ledger, _ = run(QUIET, {0: lambda s: s.buy(size=1_000), 1: lambda s: s.sell(size=99)})
    assert [tuple(refusal)[1:] for refusal in ledger.refusals] == [(0, "sell", 99, "below_lot")]


@pytest.mark.parametrize(
    ("symbol", "size", "bought"), [(SH, 150, 100), (SH, 199.9, 100), (STAR, 250, 250), (STAR, 250.7, 250)]
)
def test_an_order_between_lots_is_rounded_down_and_still_ends(symbol: str, size: float, bought: int) -> None:
    # A strategy that waits for its order to end must not wait for ever for the odd shares.
    strategy = acting({0: lambda s: s.buy(size=size)})
    ledger = replay_plain(build("2024-01-02", {symbol: QUIET}), strategy, {}, FREE)
    assert filled(ledger) == [(1, 0, "buy", bought, 10)]
    assert strategy.log[-1][1] in {"Completed", "Expired"}


def test_a_strategy_that_waits_for_its_order_goes_on() -> None:
    # 50% at 7.77 are 6,435 shares and 6,400 in lots: the sale must follow.
    line = "7.6;pre=7.6 7.6 7.77 7.8 7.7 7.3 7.3 7.3"
    ledger = replay_plain(build("2024-01-02", {SH: line}), Cross, {}, FREE)
    assert filled(ledger) == [(3, 0, "buy", 6_400, 7.8), (5, 0, "sell", 6_400, 7.3)]


def test_more_than_is_held_is_not_sold() -> None:
    ledger, strategy = run(QUIET, {0: lambda s: s.buy(size=500), 1: lambda s: s.sell(size=800)})
    assert statuses(strategy)[1] == ["Submitted", "Accepted", "Partial", "Expired"]
    assert filled(ledger)[1:] == [(2, 0, "sell", 500, 10)]
    assert refused(ledger) == [(2, 0, "sell", 300, "not_held")]
    ledger, strategy = run(QUIET, {0: lambda s: s.sell(size=500)})
    assert statuses(strategy) == [["Submitted", "Accepted", "Rejected"]]
    assert (ledger.fills, refused(ledger)) == ((), [(1, 0, "sell", 500, "not_held")])


def test_all_sold_twice_is_sold_once() -> None:
    def twice(strategy: Any) -> None:
        strategy.close()
        strategy.close()

    ledger, strategy = run(QUIET, {0: lambda s: s.buy(size=500), 1: twice})
    assert filled(ledger)[1:] == [(2, 0, "sell", 500, 10)]
    assert [orders[-1] for orders in statuses(strategy)] == ["Completed", "Completed", "Rejected"]
    assert refused(ledger) == [(2, 0, "sell", 500, "not_held")]


def test_all_sold_on_an_ex_date_takes_the_bonus_shares_along_and_ends() -> None:
    ledger, strategy = run("10;pre=10 10 5;bonus=1 5 5", {0: lambda s: s.buy(size=500), 1: lambda s: s.close()})
    assert filled(ledger)[1:] == [(2, 0, "sell", 1_000, 5)]
    assert statuses(strategy)[1] == DONE


def test_an_order_can_be_cancelled_before_its_session() -> None:
    ledger, strategy = run(QUIET, {0: lambda s: s.cancel(s.buy(size=500))})
    assert statuses(strategy) == [["Submitted", "Accepted", "Canceled"]]
    assert (ledger.fills, ledger.refusals) == ((), ())


def test_what_is_bought_at_an_open_is_sold_at_the_next_at_the_earliest() -> None:
    # Both orders meet one open: the sale, which comes first, finds nothing. T+1.
    def both(strategy: Any) -> None:
        strategy.buy(size=500)
        strategy.sell(size=500)

    ledger, _ = run(QUIET, {0: both, 1: lambda s: s.sell(size=500)})
    assert filled(ledger) == [(1, 0, "buy", 500, 10), (2, 0, "sell", 500, 10)]
    assert refused(ledger) == [(1, 0, "sell", 500, "not_held")]


def test_sells_come_before_buys_and_those_in_the_order_of_symbols() -> None:
    def switch(strategy: Any) -> None:
        strategy.buy(data=strategy.getdatabyname(STAR), size=300)
        strategy.buy(data=strategy.getdatabyname(SZ), size=200)
        strategy.sell(data=strategy.getdatabyname(SH), size=500)

    ledger, _ = run(
        QUIET, {0: lambda s: s.buy(data=s.getdatabyname(SH), size=500), 2: switch}, **{SZ: QUIET, STAR: QUIET}
    )
    assert [fill[1:4] for fill in filled(ledger)[1:]] == [(1, "sell", 500), (0, "buy", 200), (2, "buy", 300)]


# --- the ledger ------------------------------------------------------------------------------


def test_the_ledger_adds_up() -> None:
    market = build(
        "2024-01-02",
        {
            SH: "10;pre=10 10.2 10.1 9.6;cash=0.5 9.7 9.9 10",
            SZ: "20;pre=20 - 21 20.5 20 20.2 20",
            STAR: "- - 30 31 33 32 32",
        },
    )
    actions = {
        0: lambda s: [s.order_target_percent(data, target=0.3) for data in s.datas[:2]],
        2: lambda s: s.order_target_percent(s.getdatabyname(STAR), target=0.3),
        3: lambda s: s.close(s.getdatabyname(SH)),
        4: lambda s: s.order_target_percent(s.getdatabyname(STAR), target=0.1),
    }
    ledger = replay_plain(market, acting(actions), {}, MarketSettings(cash=200_000))
    assert len(ledger.fills) >= 4
    moved = ledger.dividends.copy()
    shares = np.zeros_like(ledger.positions)
    for fill in ledger.fills:
        sign = 1 if fill.side == "sell" else -1
        fees = fill.commission + fill.stamp_duty + fill.transfer_fee
        moved[fill.session] += sign * fill.shares * fill.price - fees
        shares[fill.session, fill.symbol] -= sign * fill.shares
    assert np.array_equal(ledger.cash, ledger.start_cash + moved.cumsum())
    assert np.array_equal(ledger.positions, shares.cumsum(axis=0))
    assert np.array_equal(ledger.equity, ledger.cash + (ledger.positions * market.mark).sum(axis=1))
    assert ledger.dividends.sum() > 0


def test_a_second_run_gives_the_same_ledger() -> None:
    market = build("2024-01-02", {SH: "10;pre=10 10 10.2 10.3/10.4 10.3 9.7 9.8 9.9"})
    assert replay_plain(market, Cross, {}, FREE) == replay_plain(market, Cross, {}, FREE)


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Limit", "Close", "Stop", "StopLimit", "StopTrail"])
def test_another_order_type_is_refused_with_the_reason(kind: str) -> None:
    send = {0: lambda s: s.buy(size=500, exectype=getattr(bt.Order, kind), price=9.9)}
    with pytest.raises(ThesisError, match=f"order type {kind} is not traded here: .*; send a market order"):
        run(QUIET, send)


@pytest.mark.parametrize("option", [{"valid": 0}, {"trailamount": 1.0}, {"oco": "other"}])
def test_another_order_option_is_refused_by_name(option: dict[str, Any]) -> None:
    with pytest.raises(ThesisError, match=f"order option {next(iter(option))} .*; leave it out"):
        run(QUIET, {0: lambda s: s.buy(size=500, **option)})


def test_a_bracket_is_refused() -> None:
    with pytest.raises(ThesisError, match="order type Limit is not traded here"):
        run(QUIET, {0: lambda s: s.buy_bracket(size=500, limitprice=11, stopprice=9)})


def test_an_exception_of_the_strategy_names_it_and_the_session() -> None:
    with pytest.raises(ThesisError, match=r"Acts failed in session 2024-01-04: ZeroDivisionError\(.*\)") as caught:
        run(QUIET, {2: lambda _: 1 / 0})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_exception_of_its_construction_is_a_thesis_error() -> None:
    class Broken(bt.Strategy):
        def __init__(self) -> None:
            self.average = bt.indicators.SimpleMovingAverage(self.data.clsoe)

    with pytest.raises(ThesisError, match=r"Broken failed .*clsoe"):
        replay_plain(build("2024-01-02", {SH: QUIET}), Broken)


def test_an_unknown_parameter_is_a_thesis_error() -> None:
    with pytest.raises(ThesisError, match="Cross failed"):
        replay_plain(build("2024-01-02", {SH: QUIET}), Cross, {"perido": 3})


def test_no_session_is_refused() -> None:
    with pytest.raises(UsageError, match="the window holds no session"):
        replay_plain(build("2024-01-02", {SH: QUIET}).rows(0, 0), Cross)


def test_a_callback_hears_of_every_session() -> None:
    heard: list[int] = []
    replay_plain(build("2024-01-02", {SH: QUIET}), Cross, {}, FREE, on_session=heard.append)
    assert heard == [0, 1, 2, 3, 4]
