"""Fees by date: stamp duty, transfer fee, commission; dividend tax.

Sources: Ministry of Finance and State Taxation Administration notices on stamp
duty (2008-09-19 seller only; no. 39 of 2023, halved from 2023-08-28);
ChinaClear notices on the transfer fee (2015-08-01 to 0.002% of the amount,
2022-04-29 to 0.001%); Caishui [2012] 85 and [2015] 101 (dividend tax).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.ashare.boards import BEIJING, SHANGHAI, SHENZHEN
from backfolio.errors import CalendarError
from backfolio.money import FEN, MILLS, RATE, half_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

STAMP_DUTY: Final = (
    ("1997-05-10", 50_000, 50_000),
    ("1998-06-12", 40_000, 40_000),
    ("2001-11-16", 20_000, 20_000),
    ("2005-01-24", 10_000, 10_000),
    ("2007-05-30", 30_000, 30_000),
    ("2008-04-24", 10_000, 10_000),
    ("2008-09-19", 0, 10_000),
    ("2023-08-28", 0, 5_000),
)
"""(from, rate of a buy, rate of a sell) in units of 1e-7 of the value."""

TRANSFER_FEE: Final = (
    (SHANGHAI, "1990-12-19", 0, 5_000),
    (SHANGHAI, "2012-06-01", 0, 3_750),
    (SHANGHAI, "2012-09-01", 0, 3_000),
    (SHANGHAI, "2015-08-01", 200, 0),
    (SHANGHAI, "2022-04-29", 100, 0),
    (SHENZHEN, "1990-12-19", 255, 0),
    (SHENZHEN, "2015-08-01", 200, 0),
    (SHENZHEN, "2022-04-29", 100, 0),
    (BEIJING, "2021-11-15", 200, 0),
    (BEIJING, "2022-04-29", 100, 0),
)
"""(exchange, from, rate on the value, rate on the face value of 1 CNY a share),
units of 1e-7. Face value was the base in Shanghai until 2015-07-31."""

DIVIDEND_TAX: Final = (
    ("2013-01-01", 2_000_000, 1_000_000, 500_000),
    ("2015-09-08", 2_000_000, 1_000_000, 0),
)
"""(from, rate if held up to a month, up to a year, longer), units of 1e-7."""


@dataclass(frozen=True, slots=True)
class FeeRates:
    """Fee rates of every session, units of 1e-7.

    Parameters
    ----------
    stamp_buy, stamp_sell
        int64 (sessions,).
    transfer_value, transfer_face
        int64 sessions x exchanges (`SHANGHAI`, `SHENZHEN`, `BEIJING`).
    """

    stamp_buy: NDArray[np.int64]
    stamp_sell: NDArray[np.int64]
    transfer_value: NDArray[np.int64]
    transfer_face: NDArray[np.int64]


def fee_rates(sessions: NDArray[np.datetime64]) -> FeeRates:
    """Look the rates up by date.

    Parameters
    ----------
    sessions
        ``datetime64[D]`` (sessions,).

    Raises
    ------
    CalendarError
        If a session lies before the first known stamp duty (1997-05-10).
    """
    first = np.datetime64(STAMP_DUTY[0][0])
    if len(sessions) and sessions[0] < first:
        message = f"fees are known from {first} on, and {sessions[0]} is earlier: start the run later"
        raise CalendarError(message)
    stamp = np.zeros((2, len(sessions)), dtype=np.int64)
    for start, buy, sell in STAMP_DUTY:
        stamp[:, sessions >= np.datetime64(start)] = [[buy], [sell]]
    transfer = np.zeros((2, len(sessions), 3), dtype=np.int64)
    for exchange, start, on_value, on_face in TRANSFER_FEE:
        transfer[0, sessions >= np.datetime64(start), exchange] = on_value
        transfer[1, sessions >= np.datetime64(start), exchange] = on_face
    return FeeRates(stamp[0], stamp[1], transfer[0], transfer[1])


def commission(value: int, rate: int, minimum: int) -> int:
    """Return the broker's commission in mills, half up to the fen, at least `minimum`."""
    return max(half_up(minimum, FEN), half_up_rate(value, rate))


def stamp_duty(value: int, rate: int) -> int:
    """Return the stamp duty in mills, half up to the fen."""
    return half_up_rate(value, rate)


def transfer_fee(value: int, shares: int, value_rate: int, face_rate: int) -> int:
    """Return the transfer fee in mills, half up to the fen.

    The base is the value since 2015-08-01; before, in Shanghai, the face value
    (1 CNY a share).
    """
    return (2 * (value * value_rate + shares * MILLS * face_rate) + FEN * RATE) // (2 * FEN * RATE) * FEN


def half_up_rate(value: int, rate: int) -> int:
    """Return ``value * rate`` in mills, half up to the fen; rate in units of 1e-7."""
    return half_up(value * rate, FEN * RATE) // RATE


def dividend_tax_rates(session: np.datetime64) -> tuple[int, int, int]:
    """Return the tax rates of a sale that day: held to a month, to a year, longer."""
    found = (0, 0, 0)
    for start, month, year, longer in DIVIDEND_TAX:
        if session >= np.datetime64(start):
            found = (month, year, longer)
    return found


def months_before(day: np.datetime64, months: int) -> np.datetime64:
    """Return the same day of an earlier month, or the first of the next where it has no such day.

    A share bought on or after it was held for at most that many months: the
    period runs from a day to the day before the same day of a later month
    (Caishui [2012] 85, 4), so what was bought on 28 February is past a month
    from 29 March on.
    """
    month = day.astype("datetime64[M]") - np.timedelta64(months, "M")
    offset = day - day.astype("datetime64[M]").astype("datetime64[D]")
    following = (month + np.timedelta64(1, "M")).astype("datetime64[D]")
    found: np.datetime64 = min(month.astype("datetime64[D]") + offset, following)
    return found
