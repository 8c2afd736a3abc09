"""What charts are told: read back, it is the bars, the fills and the curves to the last digit."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backfolio.report import plots
from backfolio.report.look import Look
from backfolio.report.page import as_block
from backfolio.testing.build import World
from finished import alone, small_result

if TYPE_CHECKING:
    from backfolio.result import Result


def block(result: Result, look: Look | None = None) -> dict[str, Any]:
    """Return the block of a page with the account and every name."""
    look = look or Look()
    marks = plots.marks_of(result.history)
    drawn = [plots.Line("thesis", "strategy", result.ledger.returns())]
    charts: dict[str, object] = {"account": plots.account(result.ledger, drawn, marks)}
    for column, symbol in enumerate(result.ledger.symbols):
        charts[symbol] = plots.candles(result.history, result.ledger, column, marks, look)
    return plots.block(result.ledger.sessions, charts, marks, look)


def summed(steps: list[int]) -> list[int]:
    return list(accumulate(steps))


def prices(chart: dict[str, Any], rows: int) -> dict[int, tuple[int, int, int, int]]:
    """Return (open, high, low, close) in mills by row, as the script reads them."""
    empty = {at for row, count, _ in chart["gaps"] for at in range(row, row + count)}
    found, before = {}, 0
    bars = zip(chart["open"], chart["high"], chart["low"], chart["close"], strict=True)
    for row in (row for row in range(rows) if row not in empty):
        up, high, low, step = next(bars)
        open_, close = before + up, before + step
        found[row] = tuple(
            price * chart["unit"] for price in (open_, max(open_, close) + high, min(open_, close) - low, close)
        )
        before = close
    assert next(bars, None) is None
    return found  # type: ignore[return-value]


@pytest.fixture(scope="module")
def result() -> Result:
    return small_result()


def test_days_are_the_sessions(result: Result) -> None:
    days = summed(block(result)["days"])
    assert np.array_equal(np.array(days).astype("datetime64[D]"), result.ledger.sessions.astype("datetime64[D]"))


def test_candles_are_the_raw_bars(result: Result) -> None:
    told, bars = block(result)["charts"], result.history.bars
    for column, symbol in enumerate(result.ledger.symbols):
        found = prices(told[symbol], len(bars.sessions))
        rows = np.flatnonzero(bars.traded[:, column]).tolist()
        assert list(found) == rows
        for row in rows:
            cells = tuple(int(getattr(bars, name)[row, column]) for name in ("open", "high", "low", "close"))
            assert found[row] == cells


def test_a_halt_is_told_from_what_is_not_listed() -> None:
    late = alone("- - 10.00 10.10 - - 10.20 10.30", "")
    (chart,) = (plots.candles(late.history, late.ledger, 0),)
    assert chart["gaps"] == [[0, 2, 0], [4, 2, 1]]


def test_prices_finer_than_a_fen_stay_exact() -> None:
    fine = alone("1.234 1.235 1.233", "")
    chart = plots.candles(fine.history, fine.ledger, 0)
    assert chart["unit"] == 1
    assert [close for *_, close in prices(chart, 3).values()] == [1234, 1235, 1233]


def test_fills_and_refusals_are_those_of_the_ledger(result: Result) -> None:
    told = block(result)
    fills = []
    for column, symbol in enumerate(result.ledger.symbols):
        for row, side, shares, price, reason in told["charts"][symbol]["fills"]:
            fills.append((row, column, "buy" if side > 0 else "sell", shares, price, plots.REASONS[reason]))
        of_market = [
            one for one in result.ledger.refusals if one.symbol == column and one.reason not in plots.OWN_DOING
        ]
        assert len(told["charts"][symbol]["refused"]) == len(of_market)
    ours = [(f.session, f.symbol, f.side, f.shares, f.price, f.reason) for f in result.ledger.fills]
    assert sorted(fills) == sorted(ours)
    assert any(told["charts"][symbol]["refused"] for symbol in result.ledger.symbols)


def test_an_open_at_the_limit_is_locked_and_shut(result: Result) -> None:
    chart = block(result)["charts"]["603019.SH"]
    # Its fourth session opens at 56.10, ten in a hundred above a reference price of 51.00.
    assert summed(chart["no_buy"]) == [3]
    assert summed(chart["up"]) == [3]
    assert chart["down"] == chart["no_sell"] == []


def test_a_close_at_the_limit_is_locked_though_it_opened_free() -> None:
    one = alone("10.00 10.20/11.00 11.20 11.00/10.08", "")
    chart = plots.candles(one.history, one.ledger, 0)
    assert summed(chart["up"]) == [1]
    assert summed(chart["down"]) == [3]
    assert chart["no_buy"] == chart["no_sell"] == []


def test_an_ex_date_carries_its_reference_and_what_was_paid(result: Result) -> None:
    column = result.ledger.symbols.index("000977.SZ")
    chart = block(result)["charts"]["000977.SZ"]
    ((row, reference, paid),) = chart["ex"]
    assert row == 6
    assert reference * chart["unit"] == result.history.bars.reference[6, column]
    assert paid == "0.5 CNY a share, 0.25 new shares a share"
    assert block(result, Look("zh"))["charts"]["000977.SZ"]["ex"][0][2] == "每股派 0.5 元, 每股送转 0.25 股"


def test_marks_are_the_catalysts_that_an_open_can_act_on(result: Result) -> None:
    told = block(result)
    titles = [title for _, _, title in told["marks"]]
    assert titles == ["<script>alert('x')</script> & more", "a whole theme"]
    assert [row for row, *_ in told["marks"]] == [2, 2]
    assert told["charts"]["account"]["marks"] == [0, 1]
    assert told["charts"]["688256.SH"]["marks"] == [0, 1]
    assert told["charts"]["603019.SH"]["marks"] == [1]


def test_the_account_is_the_ledgers(result: Result) -> None:
    chart = block(result)["charts"]["account"]
    ledger = result.ledger
    gain = np.array(summed(chart["lines"][0]["gain"])) / plots.SHARE
    assert gain == pytest.approx(ledger.equity / ledger.start_cash - 1.0, abs=0.5001 / plots.SHARE)
    fall = np.array(summed(chart["lines"][0]["fall"])) / plots.SHARE
    peaks = np.maximum(np.maximum.accumulate(ledger.equity), ledger.start_cash)
    assert fall == pytest.approx(ledger.equity / peaks - 1.0, abs=0.5001 / plots.SHARE)
    exposure = np.array(summed(chart["exposure"])) / plots.SHARE
    assert exposure == pytest.approx(1.0 - ledger.cash / ledger.equity, abs=0.5001 / plots.SHARE)
    assert exposure.max() > 0.3


def test_lines_may_begin_at_different_rows() -> None:
    chart: Any = plots.lines(
        [plots.Line("a", "other", np.zeros(3)), plots.Line("b", "other", np.array([0.1, -0.1]), first=1)]
    )
    assert [line["first"] for line in chart["lines"]] == [0, 1]
    assert summed(chart["lines"][1]["gain"]) == [1000, -100]
    assert summed(chart["lines"][1]["fall"]) == [0, -1000]


def test_the_same_result_gives_the_same_bytes(result: Result) -> None:
    assert as_block(block(result)) == as_block(block(small_result()))


def test_an_account_that_is_lost_has_an_exposure_of_zero(result: Result) -> None:
    rows = len(result.ledger.sessions)
    lost = replace(result.ledger, equity=np.zeros(rows, dtype=np.int64), cash=np.zeros(rows, dtype=np.int64))
    chart: Any = plots.account(lost, [plots.Line("thesis", "strategy", np.zeros(rows))])
    assert set(chart["exposure"]) == {0}


def test_sixteen_names_of_a_thousand_bars_are_light() -> None:
    line = " ".join(f"{20 + 8 * np.sin(at / 40) + (at * 7 % 13) / 10:.2f}" for at in range(1000))
    names = {f"6000{at:02d}.SH": line for at in range(16)}
    world = World("2020-01-02", names, "", listed=dict.fromkeys(names, "2015-01-05"))
    assert len(as_block(block(small_result(world))).encode()) < 800_000
