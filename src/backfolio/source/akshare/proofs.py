"""Proofs of daily bars: order of prices, sessions, and units, row by row.

A day's amount divided by its volume is an average of the prices paid, so it
lies between the low and the high: if it does, volume is in shares, amount in
CNY, and the prices are raw. If it does not, a number of the row means
something else, and no row of the reply is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import all_sessions
from backfolio.source.akshare.contract import rows_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

PRICES: Final = ("open", "high", "low", "close")
HALF_TICK: Final = 0.005
"""Half of 0.01 CNY: the room that rounded prices leave."""

ROUNDING: Final = 1e-6
"""Relative room for an amount that a host keeps in few binary digits."""

POWERS: Final = (100.0, 0.01, 10_000.0, 0.0001)
"""Factors by which hosts mistake shares, hands, CNY and ten thousands of CNY for each other."""

INDEX_PRICE: Final = (1.0, 400.0)
"""CNY a share within which the average price paid for an index's members lies; in hands it would be above."""


def of_shares(
    frame: pd.DataFrame, *, shares_room: float = 0.0, cny_room: float = 1.0, prices: tuple[str, ...] = PRICES
) -> tuple[str, ...]:
    """Return what is wrong with daily bars of a share; () = every row is proved.

    Parameters
    ----------
    frame
        Rows of one symbol in the columns of the store's `bars`.
    shares_room, cny_room
        How far a volume and an amount may be off because the host rounds them.
    prices
        The four prices' columns.

    Notes
    -----
    A row without an amount is taken as it is (`unproved` counts them): then
    the host's unit stands on the host's word.
    """
    return (*of_bars(frame), *_on_tick(frame, prices), *_units(frame, shares_room, cny_room))


def of_bars(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return what is wrong with the dates and the order of prices of bars of a share or an index."""
    return (*_dates(frame), *_order(frame))


def unproved(frame: pd.DataFrame) -> str:
    """Say in how many rows the units stand on the host's word, "" where in none."""
    gone = int((frame["amount"].isna() & (frame["volume"] > 0)).sum())
    return f"amount is missing in {gone} of {len(frame)} rows: their units cannot be proved" if gone else ""


def index_units(frame: pd.DataFrame) -> bool:
    """Tell whether an index's volume is in shares and its amount in CNY, as far as it can be told.

    An index has no price a share; but the average price paid for its members
    is neither below 1 CNY nor above 400, and would be in another unit.
    """
    volume, amount = frame["volume"].to_numpy(float), frame["amount"].to_numpy(float)
    known = (volume > 0) & (amount > 0)
    average = amount[known] / volume[known]
    return bool(known.any() and ((average >= INDEX_PRICE[0]) & (average <= INDEX_PRICE[1])).all())


def _dates(frame: pd.DataFrame) -> tuple[str, ...]:
    dates = frame["date"].to_numpy().astype("datetime64[D]")
    said = []
    steps = np.diff(dates).astype(int)
    if (steps == 0).any():
        said.append(f"one session stands twice: {rows_of(np.append(False, steps == 0), dates)}")
    if (steps < 0).any():
        said.append(f"dates do not ascend: {rows_of(np.append(False, steps < 0), dates)}")
    sessions = all_sessions()
    beyond = dates > sessions[-1]
    if beyond.any():
        said.append(
            f"dates after {sessions[-1]}, where the exchange calendar ends: {rows_of(beyond, dates)}; "
            "install a newer exchange_calendars"
        )
    closed = ~np.isin(dates, sessions) & ~beyond
    if closed.any():
        said.append(f"the exchange was closed on {rows_of(closed, dates)}")
    return tuple(said)


def _order(frame: pd.DataFrame) -> tuple[str, ...]:
    opened, high, low, closed = (frame[name].to_numpy(float) for name in PRICES)
    bad = (low > np.minimum(opened, closed)) | (high < np.maximum(opened, closed))
    return (f"open and close do not lie within low and high in {_named(frame, bad)}",) if bad.any() else ()


def _on_tick(frame: pd.DataFrame, prices: tuple[str, ...]) -> tuple[str, ...]:
    values = frame[list(prices)].to_numpy(float)
    off = (np.abs(values * 100 - np.rint(values * 100)) > ROUNDING * 100).any(axis=1)
    return (f"prices are not whole fen, so not raw ones, in {_named(frame, off)}",) if off.any() else ()


def _units(frame: pd.DataFrame, shares_room: float, cny_room: float) -> tuple[str, ...]:
    volume, amount = frame["volume"].to_numpy(float), frame["amount"].to_numpy(float)
    known = ~np.isnan(amount)
    outside = known & ~_fits(frame, volume, amount, shares_room, cny_room)
    if not outside.any():
        return ()
    said = f"amount / volume lies outside low and high in {_named(frame, outside)}"
    for power in POWERS:
        if _fits(frame, volume * power, amount, shares_room * power, cny_room)[known].all():
            size = f"{power:,.0f} times too small" if power > 1 else f"{1 / power:,.0f} times too large"
            return (f"{said}: volume is {size}, or amount the other way round",)
    return (said,)


def _fits(
    frame: pd.DataFrame, volume: NDArray[np.float64], amount: NDArray[np.float64], shares_room: float, cny_room: float
) -> NDArray[np.bool_]:
    low, high = frame["low"].to_numpy(float), frame["high"].to_numpy(float)
    room = cny_room + np.abs(amount) * ROUNDING
    least = (low - HALF_TICK) * np.maximum(volume - shares_room, 0.0) - room
    most = (high + HALF_TICK) * (volume + shares_room) + room
    return np.asarray((amount >= least) & (amount <= most), np.bool_)


def _named(frame: pd.DataFrame, wrong: NDArray[np.bool_]) -> str:
    shown = [name for name in (*PRICES, "volume", "amount") if name in frame.columns]
    dates = frame["date"].to_numpy().astype("datetime64[D]")
    cells = [
        f"{day} {' '.join(f'{value:.10g}' for value in row)}"
        for day, row in zip(dates, frame[shown].to_numpy(float), strict=True)
    ]
    return rows_of(wrong, cells)
