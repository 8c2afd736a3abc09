from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backfolio import ashare
from backfolio.ashare import fees
from backfolio.errors import CalendarError
from compiled import both_forms

if TYPE_CHECKING:
    from pathlib import Path

Form = Callable[[Callable[..., Any]], Callable[..., Any]]
SH, SZ, BJ = range(3)


def days(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[D]")


@pytest.mark.parametrize(
    ("day", "buy", "sell"),
    [
        ("1997-05-10", 0.005, 0.005),
        ("1998-06-11", 0.005, 0.005),
        ("1998-06-12", 0.004, 0.004),
        ("2001-11-15", 0.004, 0.004),
        ("2001-11-16", 0.002, 0.002),
        ("2005-01-23", 0.002, 0.002),
        ("2005-01-24", 0.001, 0.001),
        ("2007-05-29", 0.001, 0.001),
        ("2007-05-30", 0.003, 0.003),
        ("2008-04-23", 0.003, 0.003),
        ("2008-04-24", 0.001, 0.001),
        ("2008-09-18", 0.001, 0.001),  # both sides for the last time
        ("2008-09-19", 0, 0.001),  # the seller alone
        ("2023-08-27", 0, 0.001),
        ("2023-08-28", 0, 0.0005),
        ("2026-11-24", 0, 0.0005),
    ],
)
def test_stamp_duty_by_date(day: str, buy: float, sell: float) -> None:
    rates = ashare.fee_rates(days(day))
    assert rates.stamp_buy.tolist() == [round(buy * 10_000_000)]
    assert rates.stamp_sell.tolist() == [round(sell * 10_000_000)]


@pytest.mark.parametrize(
    ("exchange", "day", "on_value", "on_face"),
    [
        (SH, "2012-05-31", 0, 0.0005),
        (SH, "2012-06-01", 0, 0.000375),
        (SH, "2012-08-31", 0, 0.000375),
        (SH, "2012-09-01", 0, 0.0003),
        (SH, "2015-07-31", 0, 0.0003),  # the face value for the last time
        (SH, "2015-08-01", 0.00002, 0),
        (SH, "2022-04-28", 0.00002, 0),
        (SH, "2022-04-29", 0.00001, 0),
        (SZ, "2015-07-31", 0.0000255, 0),
        (SZ, "2015-08-01", 0.00002, 0),
        (SZ, "2022-04-28", 0.00002, 0),
        (SZ, "2022-04-29", 0.00001, 0),
        (BJ, "2022-04-28", 0.00002, 0),
        (BJ, "2022-04-29", 0.00001, 0),
    ],
)
def test_transfer_fee_by_date_and_exchange(exchange: int, day: str, on_value: float, on_face: float) -> None:
    rates = ashare.fee_rates(days(day))
    assert rates.transfer_value[0, exchange] == round(on_value * 10_000_000)
    assert rates.transfer_face[0, exchange] == round(on_face * 10_000_000)


def test_rates_of_many_sessions_are_looked_up_one_by_one() -> None:
    rates = ashare.fee_rates(days("2022-04-28", "2022-04-29", "2023-08-25", "2023-08-28"))
    assert rates.stamp_sell.tolist() == [10_000, 10_000, 10_000, 5_000]
    assert rates.transfer_value.tolist() == [[200] * 3, [100] * 3, [100] * 3, [100] * 3]


def test_the_rates_are_the_published_ones(shared: Path) -> None:
    published = json.loads((shared / "vectors" / "trading_rules.json").read_text(encoding="utf-8"))
    for start, side, rate in published["stamp_duty"]:
        found = ashare.fee_rates(days(start))
        assert found.stamp_sell[0] == round(rate * 10_000_000)
        assert found.stamp_buy[0] == (round(rate * 10_000_000) if side == "both" else 0)
    by_date = {row.get("end") or row["start"]: row["rate"] for row in published["transfer_fee"] if row["exch"] != "SH"}
    for day, rate in by_date.items():
        assert ashare.fee_rates(days(day)).transfer_value[0, SZ] == round(rate * 10_000_000)
    for row in published["dividend_tax"]:
        rates = tuple(round(row[name] * 10_000_000) for name in ("le_1m", "le_1y", "gt_1y"))
        assert ashare.dividend_tax_rates(np.datetime64(row["start"])) == rates


def test_before_the_first_known_rate_it_raises() -> None:
    with pytest.raises(CalendarError, match="fees are known from 1997-05-10 on, and 1997-05-09 is earlier"):
        ashare.fee_rates(days("1997-05-09", "1997-05-12"))


def test_no_session_needs_no_rate() -> None:
    assert ashare.fee_rates(days()).stamp_sell.shape == (0,)


@both_forms
@pytest.mark.parametrize(
    ("value", "rate", "minimum", "mills"),
    [
        (10_000_000, 3_000, 5_000, 5_000),  # 10,000 CNY at 0.03% is 3: lifted to 5
        (16_666_000, 3_000, 5_000, 5_000),  # 4.9998
        (16_683_000, 3_000, 5_000, 5_000),  # 5.0049: half up to 5.00
        (16_684_000, 3_000, 5_000, 5_010),  # 5.0052
        (50_000_000, 3_000, 5_000, 15_000),
        (16_350_000, 3_000, 0, 4_910),  # 4.905: half up
        (16_349_000, 3_000, 0, 4_900),  # 4.9047
        (10_000_000, 0, 5_000, 5_000),
        (10_000_000, 0, 0, 0),
        (10_000_000, 0, 125, 130),  # a minimum between fens counts as one is charged
        (10_000_000, 0, 124, 120),
        (100_000_000, 30_000, 5_000, 300_000),  # the legal cap
        (12_345_670, 1_234, 130, 1_520),  # 1.5234...
    ],
)
def test_commission_is_half_up_to_the_fen_and_at_least_the_minimum(
    form: Form, value: int, rate: int, minimum: int, mills: int
) -> None:
    assert form(fees.commission)(value, rate, minimum) == mills


@both_forms
@pytest.mark.parametrize(
    ("value", "rate", "mills"),
    [
        (11_000_000, 5_000, 5_500),
        (10_000, 5_000, 10),  # 0.05% of 10 CNY is half a fen
        (9_990, 5_000, 0),
        (30_000, 5_000, 20),  # 1.5 fen; to even would also be 2
        (50_000, 5_000, 30),  # 2.5 fen; to even would be 2
        (10_000_000, 0, 0),
        (10**13, 50_000, 5 * 10**10),
    ],
)
def test_stamp_duty_is_half_up_to_the_fen(form: Form, value: int, rate: int, mills: int) -> None:
    assert form(fees.stamp_duty)(value, rate) == mills


@both_forms
@pytest.mark.parametrize(
    ("value", "shares", "on_value", "on_face", "mills"),
    [
        (50_000_000, 5_000, 100, 0, 500),  # 0.001% of 50,000 CNY
        (50_000_000, 5_000, 200, 0, 1_000),
        (500_000, 100, 100, 0, 10),  # half a fen
        (499_990, 100, 100, 0, 0),
        (50_000_000, 1_000, 0, 3_000, 300),  # Shanghai before August 2015: 0.03% of 1,000 CNY face value
        (5_000_000, 1_000, 0, 3_000, 300),  # whatever the price
        (5_000_000, 100, 0, 3_750, 40),  # 3.75 fen
        (1_000_000_000, 100, 255, 0, 25_500),
    ],
)
def test_transfer_fee_is_half_up_to_the_fen(
    form: Form, value: int, shares: int, on_value: int, on_face: int, mills: int
) -> None:
    assert form(fees.transfer_fee)(value, shares, on_value, on_face) == mills


@pytest.mark.parametrize(
    ("day", "rates"),
    [
        ("2012-12-31", (0, 0, 0)),
        ("2013-01-01", (0.2, 0.1, 0.05)),
        ("2015-09-07", (0.2, 0.1, 0.05)),
        ("2015-09-08", (0.2, 0.1, 0)),
        ("2026-01-05", (0.2, 0.1, 0)),
    ],
)
def test_dividend_tax_rates_by_date(day: str, rates: tuple[float, float, float]) -> None:
    assert ashare.dividend_tax_rates(np.datetime64(day)) == tuple(round(rate * 10_000_000) for rate in rates)


@pytest.mark.parametrize(
    ("day", "months", "earlier"),
    [
        ("2013-06-24", 1, "2013-05-24"),
        ("2014-05-24", 12, "2013-05-24"),
        ("2024-01-15", 1, "2023-12-15"),
        ("2024-03-29", 1, "2024-02-29"),
        ("2024-02-29", 12, "2023-03-01"),  # no such day: what was bought on 2023-02-28 is a year and a day old
        ("2023-03-28", 1, "2023-02-28"),
        ("2023-03-29", 1, "2023-03-01"),
        ("2023-03-31", 1, "2023-03-01"),
        ("2023-05-31", 1, "2023-05-01"),
        ("2023-03-01", 1, "2023-02-01"),
    ],
)
def test_the_same_day_some_months_before(day: str, months: int, earlier: str) -> None:
    assert ashare.months_before(np.datetime64(day), months) == np.datetime64(earlier)
