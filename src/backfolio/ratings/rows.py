"""The table `ratings`, row by row: what can be read of it, and when it was known."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from backfolio import ashare
from backfolio.calendar import SHANGHAI
from backfolio.errors import SymbolError
from backfolio.ratings import houses, words

if TYPE_CHECKING:
    import pandas as pd

    from backfolio.ratings.words import Change

EVENING: Final = dt.time(18)
"""When a report is taken as known where only its date is: after the close, so it acts on the next session."""

HOSTS: Final = ("cninfo", "sina", "eastmoney", "import")
"""Whose figures count first where two hosts tell of one report at one instant."""

Asked = Mapping[tuple[str, str], Sequence[dt.datetime]]
"""(host, day as YYYY-MM-DD or symbol) to the instants at which the host told of it, with whatever."""

_HOUR: Final = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?", re.ASCII)
_TEXTS: Final = (
    "id",
    "symbol",
    "name",
    "house",
    "time",
    "rating",
    "previous_rating",
    "change",
    "source",
    "url",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One host's line on one report.

    Parameters
    ----------
    id, symbol, name, host, url, rating, previous
        Text as it came; "" where it is missing.
    house, key
        As in `houses.house_of` and `houses.house_key`.
    instant, timed
        When it was known, Shanghai; and whether the host gives the hour.
    late
        Whether its host was asked after its own date, and did not have it yet:
        it was known when it was first seen, and no sooner.
    said
        What the host says of the rating against the one before; "unclear" where
        its words contradict each other, None where it says nothing.
    low, high
        Target, CNY a share; both None where there is none.
    first_seen
        When it was first fetched or imported; None where nobody noted it.
    day
        Date of publication, Shanghai.
    target
        The target, or the middle of its range; CNY a share.
    """

    id: str
    symbol: str
    name: str
    house: str
    key: str
    host: str
    url: str
    instant: dt.datetime
    timed: bool
    late: bool
    rating: str
    previous: str
    said: Change | str | None
    low: float | None
    high: float | None
    first_seen: dt.datetime | None
    day: dt.date
    target: float | None

    @property
    def order(self) -> tuple[object, ...]:
        """What sorts rows of one house and symbol, whatever order they came in."""
        place = HOSTS.index(self.host) if self.host in HOSTS else len(HOSTS)
        missing = (self.low is None, not self.rating)
        return (self.instant, place, self.host, *missing, self.low or 0.0, self.rating, self.id)


def rows_of(ratings: pd.DataFrame, asked: Asked | None = None) -> list[Row]:
    """Read a frame in the columns of the table `ratings`.

    Left out: rows without a house, a date or a source, rows that say nothing (no
    rating, change or target), and symbols that are no A-share.

    Parameters
    ----------
    ratings
        Its rows, in any order.
    asked
        When hosts told of which day or symbol before; None = nobody noted it.
    """
    if ratings.empty:
        return []
    texts = {name: _texts(ratings[name]) for name in _TEXTS}
    days = _instants(ratings["published"])
    seen = _instants(ratings["first_seen"])
    firsts = ratings["first_rating"].astype("boolean").fillna(value=False).tolist()
    lows, highs = (ratings[name].astype("float64").tolist() for name in ("target_low", "target_high"))
    found = []
    for at, day in enumerate(days):
        cells = {name: column[at] for name, column in texts.items()}
        low, high = _target(lows[at], highs[at])
        said = _said(cells, first=bool(firsts[at]))
        told = low is not None or cells["rating"] or said is not None
        sourced = cells["source"] or cells["url"]
        if day is None or not (cells["house"] and told and sourced and _is_share(cells["symbol"])):
            continue
        hour = _hour(cells["time"])
        told_before = [
            when
            for subject in (str(day.date()), cells["symbol"])
            for when in (asked or {}).get((cells["source"], subject), ())
        ]
        own = dt.datetime.combine(day.date(), hour or EVENING, tzinfo=SHANGHAI)
        instant, late = _known(own, seen[at], told_before)
        found.append(
            Row(
                id=cells["id"],
                symbol=cells["symbol"],
                name=cells["name"],
                house=houses.house_of(cells["house"]),
                key=houses.house_key(cells["house"]),
                host=cells["source"],
                url=cells["url"],
                instant=instant,
                timed=hour is not None and not late,
                late=late,
                rating=cells["rating"],
                previous=cells["previous_rating"],
                said=said,
                low=low,
                high=high,
                first_seen=seen[at],
                day=day.date(),
                target=None if low is None or high is None else round((low + high) / 2, 4),
            )
        )
    return found


def _texts(column: pd.Series) -> list[str]:
    return [value.strip() if isinstance(value, str) else "" for value in column.tolist()]


def _instants(column: pd.Series) -> list[dt.datetime | None]:
    missing = column.isna().tolist()
    return [
        None if none else value.to_pydatetime(warn=False) for value, none in zip(column.tolist(), missing, strict=True)
    ]


def _known(own: dt.datetime, seen: dt.datetime | None, asked: Iterable[dt.datetime]) -> tuple[dt.datetime, bool]:
    """Return when a report was known, and whether it came late.

    It is late where its host had been asked between its own instant and the
    first sight of it. Then only the day on which it came is known: the evening
    of that day, or later that night.
    """
    if seen is None or not any(own < when < seen for when in asked):
        return own, False
    local = seen.astimezone(SHANGHAI)
    return max(local, dt.datetime.combine(local.date(), EVENING, tzinfo=SHANGHAI)), True


def _hour(text: str) -> dt.time | None:
    """Read HH:MM; midnight is what a host writes where it knows the date only."""
    match = _HOUR.fullmatch(text)
    if match is None:
        return None
    with suppress(ValueError):
        hour = dt.time(int(match[1]), int(match[2]))
        return None if hour == dt.time() else hour
    return None


def _target(low: float, high: float) -> tuple[float | None, float | None]:
    """Return both ends of a target; one end stands for both, and 0, NaN or a range upside down for none."""
    ends = [end for end in (low, high) if 0 < end < float("inf")]
    if not ends or ends[0] > ends[-1]:
        return None, None
    return ends[0], ends[-1]


def _said(cells: dict[str, str], *, first: bool) -> Change | str | None:
    by_change = "first" if first else words.change_of(cells["change"])
    by_words: Change | None = None
    step = words.step(cells["previous_rating"], cells["rating"])
    if step is not None:
        by_words = "up" if step > 0 else "down" if step < 0 else "kept"
    if by_change is None or by_words is None or by_change == "first":
        return by_change or by_words
    # Words of two scales tell only sides: there the host's own word says more.
    if by_words == "kept" and not words.one_scale(cells["previous_rating"], cells["rating"]):
        return by_change
    return by_change if by_change == by_words else "unclear"


@lru_cache(maxsize=8192)
def _is_share(symbol: str) -> bool:
    try:
        ashare.board_of(symbol)
    except SymbolError:
        return False
    return True
