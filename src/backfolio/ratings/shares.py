"""How many shares one share became between two targets: targets are per share, so an old one is restated.

Cash dividends do not count: houses do not take them off their targets. A vendor's
factor holds both, so where no corporate action says what a step of it was, a step
of at least 8% is taken as new shares (the smallest usual issue is one share for
ten, a step of 10%) and a smaller one as cash.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from backfolio.bars import events
from backfolio.bars.actions import SOURCES

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

SHARE_STEP: Final = 1.08
"""The smallest step of a factor that is taken as new shares."""


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Share issues of all symbols, by day.

    Parameters
    ----------
    factors
        Symbol to source to (days, factors), ascending.
    actions
        Symbol to ex-date to shares that came for one share (bonus and transfer);
        None where rights were issued too, or only the price ratio is known: there
        a factor tells.
    """

    factors: dict[str, dict[str, tuple[list[dt.date], list[float]]]]
    actions: dict[str, dict[dt.date, float | None]]

    def between(self, symbol: str, old: dt.date, new: dt.date) -> float | None:
        """Return how many shares one share of day `old` is on day `new`; None where nothing is known.

        Only what took effect up to `new` is read.
        """
        acted = {day: shares for day, shares in self.actions.get(symbol, {}).items() if day <= new}
        by_source = self.factors.get(symbol, {})
        for source in sorted(by_source, key=_place):
            days, factors = by_source[source]
            first, last = (bisect.bisect_right(days, day) - 1 for day in (old, new))
            if first >= 0:
                steps = {days[at]: factors[at] / factors[at - 1] for at in range(first + 1, last + 1)}
                return self._product(steps, {day: shares for day, shares in acted.items() if day > old})
        if not acted:
            return None
        return self._product({}, {day: shares for day, shares in acted.items() if day > old})

    @staticmethod
    def _product(steps: dict[dt.date, float], acted: dict[dt.date, float | None]) -> float | None:
        product = 1.0
        for day in sorted({*steps, *acted}):
            shares = acted.get(day)
            if shares is not None:
                product *= 1 + shares
            elif day in acted and day not in steps:
                return None
            elif day in acted or steps[day] >= SHARE_STEP:
                product *= steps[day]
        return product


def shares_of(factors: pd.DataFrame | None, actions: pd.DataFrame | None) -> Shares:
    """Read the tables `factors` and `actions`; None = not known.

    A factor that is not above 0 and a row without a date are left out.
    """
    return Shares(_factors(factors), _actions(actions))


def _factors(frame: pd.DataFrame | None) -> dict[str, dict[str, tuple[list[dt.date], list[float]]]]:
    found: dict[str, dict[str, tuple[list[dt.date], list[float]]]] = {}
    if frame is None:
        return found
    sound = frame[frame["date"].notna() & (frame["factor"] > 0)].sort_values(["symbol", "source", "date"])
    for symbol, source, day, factor in zip(
        sound["symbol"], sound["source"], sound["date"].dt.date, sound["factor"], strict=True
    ):
        days, values = found.setdefault(symbol, {}).setdefault(source, ([], []))
        days.append(day)
        values.append(float(factor))
    return found


def _actions(frame: pd.DataFrame | None) -> dict[str, dict[dt.date, float | None]]:
    found: dict[str, dict[dt.date, float | None]] = {}
    if frame is None:
        return found
    for rows, unclear in ((events.paid(frame).rows, False), (events.offered(frame).rows, True)):
        told = frame.iloc[rows]
        for symbol, day, shares, ratio in zip(
            told["symbol"], told["ex_date"].dt.date, told["shares"].fillna(0.0), told["ratio"], strict=True
        ):
            found.setdefault(symbol, {})[day] = None if unclear or ratio > 0 else float(shares)
    return found


def _place(source: str) -> tuple[int, str]:
    return (SOURCES.index(source) if source in SOURCES else len(SOURCES), source)
