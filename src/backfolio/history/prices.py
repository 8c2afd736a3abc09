"""Raw and adjusted prices, apart; and what is computed from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backfolio.money import to_cny

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.bars import Bars


class RawPrices:
    """Bars as printed, CNY and shares; NaN where there is no bar."""

    def __init__(self, frame: Callable[[str], pd.DataFrame]) -> None:
        self._frame = frame

    @property
    def open(self) -> pd.DataFrame:
        """Opening price, CNY."""
        return self._frame("open")

    @property
    def high(self) -> pd.DataFrame:
        """Highest price, CNY."""
        return self._frame("high")

    @property
    def low(self) -> pd.DataFrame:
        """Lowest price, CNY."""
        return self._frame("low")

    @property
    def close(self) -> pd.DataFrame:
        """Closing price, CNY."""
        return self._frame("close")

    @property
    def volume(self) -> pd.DataFrame:
        """Shares traded."""
        return self._frame("volume")

    @property
    def amount(self) -> pd.DataFrame:
        """Value traded, CNY; NaN also where the data does not say it."""
        return self._frame("amount")

    @property
    def reference(self) -> pd.DataFrame:
        """Reference price, CNY: the previous close, or the ex-rights price; NaN where unknown."""
        return self._frame("reference")

    @property
    def upper_limit(self) -> pd.DataFrame:
        """Highest price allowed on the session, CNY; NaN where there is no limit, none known, or no bar."""
        return self._frame("up")

    @property
    def lower_limit(self) -> pd.DataFrame:
        """Lowest price allowed on the session, CNY; NaN as for `upper_limit`."""
        return self._frame("down")


class AdjustedPrices:
    """Bars times the adjustment factor, which is 1 at a symbol's first bar; NaN where there is no bar.

    The factor is made forward, from reference prices, so no later bar changes
    an earlier price.
    """

    def __init__(self, frame: Callable[[str], pd.DataFrame]) -> None:
        self._frame = frame

    @property
    def open(self) -> pd.DataFrame:
        """Adjusted opening price."""
        return self._frame("open")

    @property
    def high(self) -> pd.DataFrame:
        """Adjusted highest price."""
        return self._frame("high")

    @property
    def low(self) -> pd.DataFrame:
        """Adjusted lowest price."""
        return self._frame("low")

    @property
    def close(self) -> pd.DataFrame:
        """Adjusted closing price."""
        return self._frame("close")


def floats(bars: Bars, name: str, *, adjusted: bool) -> NDArray[np.float64]:
    """Return an array of `bars` in CNY or shares, sessions x symbols; NaN where it holds nothing."""
    numbers = getattr(bars, name)
    known = numbers >= 0 if name in {"volume", "amount"} else numbers > 0
    if name != "reference":
        known &= bars.traded
    values = numbers.astype(np.float64) if name == "volume" else to_cny(numbers)
    if adjusted:
        values = values * bars.factor
    return np.where(known, values, np.nan)


def returns_over(bars: Bars, closes: NDArray[np.float64], span: int) -> NDArray[np.float64]:
    """Return `closes` over the last `span` sessions as fractions; a suspended name keeps its last close.

    NaN where a symbol had not closed `span` sessions earlier, and once it is
    delisted (its mark is 0 then, as before its first bar).
    """
    rows = np.where(bars.traded, np.arange(len(closes))[:, None], 0)
    filled = np.take_along_axis(closes, np.maximum.accumulate(rows, axis=0), axis=0)
    filled[bars.mark == 0] = np.nan
    result = np.full_like(filled, np.nan)
    if span < len(filled):
        result[span:] = filled[span:] / filled[:-span] - 1.0
    return result
