"""The market settings of a run: what the user may choose about trading.

Rules of the exchange are not here; they stand in `ashare` by date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from backfolio.errors import UsageError
from backfolio.money import BASIS_POINTS, MILLS, RATE

COMMISSION_CAP: Final = 0.003
"""Highest commission a broker may charge, since 2002-05-01 (CSRC notice 2002 no. 21)."""

MOST_CASH: Final = 10_000_000_000
"""CNY; keeps every product of the engines inside int64."""

MOST_GROWN_MILLS: Final = 10 * MOST_CASH * MILLS
"""What an account may become where whole numbers are int64: beyond it products could leave them."""

MOST_CHASE: Final = 100_000
"""Sessions; four centuries, so that no window has as many."""

MOST_MIN_COMMISSION: Final = 1_000
"""CNY; far above what any broker asks (5 is usual)."""


@dataclass(frozen=True, slots=True)
class MarketSettings:
    """Cash, costs and liquidity assumptions of a run.

    Parameters
    ----------
    cash
        Starting cash, CNY.
    slippage
        Basis points by which the price moves against us.
    participation
        Largest fraction of a session's volume one order may take.
    chase
        Further sessions for which an unfilled buy is tried.
    price
        "open", or "vwap" (amount / volume of the session).
    commission
        Fraction of the value.
    min_commission
        Least commission of an order, CNY.
    dividend_tax
        Whether the tax on dividends by holding period is taken at the sale.

    Raises
    ------
    UsageError
        If a value is outside what is allowed.
    """

    cash: float = 1_000_000.0
    slippage: int = 0
    participation: float = 0.10
    chase: int = 0
    price: Literal["open", "vwap"] = "open"
    commission: float = 0.0003
    min_commission: float = 5.0
    dividend_tax: bool = False

    def __post_init__(self) -> None:
        _demand(0 < self.cash <= MOST_CASH, "cash", self.cash, f"give CNY above 0, at most {MOST_CASH:,}")
        _demand(
            0 <= self.slippage < BASIS_POINTS and float(self.slippage).is_integer(),
            "slippage",
            self.slippage,
            "give whole basis points from 0 to 9999; 5 means 0.05%",
        )
        _demand(
            1 / BASIS_POINTS <= self.participation <= 1,
            "participation",
            self.participation,
            "give a fraction of the session's volume from 0.0001 to 1",
        )
        _demand(
            0 <= self.chase <= MOST_CHASE and float(self.chase).is_integer(),
            "chase",
            self.chase,
            f"give whole sessions from 0 to {MOST_CHASE:,}",
        )
        _demand(self.price in {"open", "vwap"}, "price", self.price, "choose open or vwap")
        _demand(
            0 <= self.commission <= COMMISSION_CAP,
            "commission",
            self.commission,
            f"give a fraction from 0 to {COMMISSION_CAP} (the legal cap); 0.0003 means 0.03%",
        )
        _demand(
            0 <= self.min_commission <= MOST_MIN_COMMISSION,
            "min-commission",
            self.min_commission,
            f"give CNY from 0 to {MOST_MIN_COMMISSION}",
        )

    @property
    def cash_mills(self) -> int:
        """Starting cash in mills."""
        return round(self.cash * MILLS)

    @property
    def participation_points(self) -> int:
        """Participation in basis points."""
        return round(self.participation * BASIS_POINTS)

    @property
    def commission_rate(self) -> int:
        """Commission in units of 1e-7."""
        return round(self.commission * RATE)

    @property
    def min_commission_mills(self) -> int:
        """Least commission in mills."""
        return round(self.min_commission * MILLS)


def _demand(condition: bool, name: str, value: object, allowed: str) -> None:  # noqa: FBT001
    if not condition:
        message = f"{name} is {value!r}: {allowed}"
        raise UsageError(message)
