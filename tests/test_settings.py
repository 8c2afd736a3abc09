from __future__ import annotations

from typing import Any

import pytest

from backfolio.errors import UsageError
from backfolio.settings import MarketSettings


def test_the_defaults_are_those_of_the_design() -> None:
    settings = MarketSettings()
    assert settings.cash_mills == 1_000_000_000
    assert settings.participation_points == 1_000
    assert settings.commission_rate == 3_000
    assert settings.min_commission_mills == 5_000
    assert (settings.slippage, settings.chase, settings.price, settings.dividend_tax) == (0, 0, "open", False)


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        ({"cash": 1}, "cash_mills", 1_000),
        ({"cash": 123_456.78}, "cash_mills", 123_456_780),
        ({"cash": 10_000_000_000}, "cash_mills", 10**13),
        ({"participation": 1}, "participation_points", 10_000),
        ({"participation": 0.0001}, "participation_points", 1),
        ({"participation": 0.29}, "participation_points", 2_900),
        ({"commission": 0.003}, "commission_rate", 30_000),
        ({"commission": 0.00025}, "commission_rate", 2_500),
        ({"commission": 0.0001234}, "commission_rate", 1_234),
        ({"commission": 0}, "commission_rate", 0),
        ({"min_commission": 0}, "min_commission_mills", 0),
        ({"min_commission": 0.13}, "min_commission_mills", 130),
        ({"slippage": 9_999}, "slippage", 9_999),
        ({"chase": 250}, "chase", 250),
        ({"chase": 100_000}, "chase", 100_000),
        ({"price": "vwap"}, "price", "vwap"),
    ],
)
def test_settings_are_whole_numbers_for_the_engines(given: dict[str, Any], name: str, expected: float | str) -> None:
    assert getattr(MarketSettings(**given), name) == expected


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("cash", 0, "cash is 0: give CNY above 0, at most 10,000,000,000"),
        ("cash", -1.0, "cash is -1.0"),
        ("cash", 10_000_000_001, "at most 10,000,000,000"),
        ("cash", NAN, "cash is nan"),
        ("cash", INF, "cash is inf"),
        ("slippage", -1, "slippage is -1: give whole basis points from 0 to 9999; 5 means 0.05%"),
        ("slippage", 10_000, "slippage is 10000"),
        ("slippage", 0.5, "slippage is 0.5"),
        ("slippage", NAN, "slippage is nan"),
        ("slippage", INF, "slippage is inf"),
        ("participation", 0, "participation is 0: give a fraction of the session's volume from 0.0001 to 1"),
        ("participation", 10, "participation is 10"),
        ("participation", 1.0001, "participation is 1.0001"),
        ("participation", 0.00009, "participation is 9e-05"),
        ("participation", NAN, "participation is nan"),
        ("chase", -1, "chase is -1: give whole sessions from 0 to 100,000"),
        ("chase", 100_001, "chase is 100001: give whole sessions from 0 to 100,000"),
        ("chase", 99_999_999_999_999_999_999, "chase is 99999999999999999999"),
        ("chase", 10**400, "chase is 1000"),
        ("chase", 1.5, "chase is 1.5"),
        ("chase", NAN, "chase is nan"),
        ("chase", INF, "chase is inf"),
        ("price", "close", "price is 'close': choose open or vwap"),
        ("commission", -0.0001, "commission is -0.0001"),
        ("commission", 0.0031, r"commission is 0.0031: give a fraction from 0 to 0.003 \(the legal cap\)"),
        ("commission", 3, "commission is 3"),
        ("commission", NAN, "commission is nan"),
        ("min_commission", -5, "min-commission is -5: give CNY from 0 to 1000"),
        ("min_commission", 1_001, "min-commission is 1001"),
        ("min_commission", NAN, "min-commission is nan"),
    ],
)
def test_a_setting_outside_its_bounds_is_refused_with_what_is_allowed(field: str, value: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        MarketSettings(**{field: value})
