"""`Finding`: what an examination of stored market data found; `Held` and `Coverage`: what is examined."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from backfolio.quality.rules import RULES

if TYPE_CHECKING:
    import datetime as dt

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.bars import Tables
    from backfolio.quality.rules import Severity
    from backfolio.universe import Universe


KEY_BYTES: Final = 6
"""A whole market has some ten thousand findings: four bytes would let two of them share a key."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place in the stored data that does not keep a rule.

    Parameters
    ----------
    rule
        Name in `RULES`.
    severity
        As in `Rule`.
    symbol
        "" = of the whole store.
    first, last
        Sessions between which it lies; None = it has no date.
    count
        Bars, sessions, names or replies it is about, as `value` says.
    value
        What stands there.
    remedy
        What to do about it.
    accepted
        Why a person accepted it; "" = open.
    """

    rule: str
    severity: Severity
    symbol: str
    first: dt.date | None
    last: dt.date | None
    count: int
    value: str
    remedy: str
    accepted: str = ""

    @property
    def key(self) -> str:
        """12 hex digits that name the finding, the same at every examination of the same data.

        They are of rule, symbol and all that is found, so that accepting it
        accepts what was looked at and nothing that comes later. Of a rule that
        grows with every session (`Rule.steady`) they are of the first session,
        or of what the value is about (up to the colon).
        """
        said = [self.rule, self.symbol, str(self.first)]
        rule = RULES.get(self.rule)
        if rule is None or not rule.steady:
            said += [str(self.last), str(self.count), self.value]
        elif not self.symbol:
            said.append(self.value.partition(":")[0])
        return hashlib.blake2b("\n".join(said).encode(), digest_size=KEY_BYTES).hexdigest()

    @property
    def is_open_error(self) -> bool:
        """Whether a run refuses the data for it."""
        return self.severity == "error" and not self.accepted

    def __str__(self) -> str:
        days = "" if self.first is None else f" {self.first}"
        if self.last is not None and self.last != self.first:
            days += f" to {self.last}"
        return f"{self.symbol or 'the store'}{days}: {self.value}"


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What is examined: tables of the store, or of imported files.

    Parameters
    ----------
    tables
        Bars, indexes, corporate actions and listings in the import format.
    actions, factors, suspensions, st_spells, names, listings, second_bars, revisions, quarantine
        The store's tables of these names in their columns; an empty frame
        (also one without columns) where there is nothing.
    universes
        Whose past members should have bars.
    as_of
        ``datetime64[D]``: the last session that should be there.
    symbols
        The symbols this is all about where it is a part of the store: findings
        of the whole store are then left out. None = it is the whole.
    """

    tables: Tables
    actions: pd.DataFrame
    factors: pd.DataFrame
    suspensions: pd.DataFrame
    st_spells: pd.DataFrame
    names: pd.DataFrame
    listings: pd.DataFrame
    second_bars: pd.DataFrame
    revisions: pd.DataFrame
    quarantine: pd.DataFrame
    universes: tuple[Universe, ...]
    as_of: np.datetime64
    symbols: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """What is there of each symbol and session.

    Parameters
    ----------
    sessions
        ``datetime64[D]`` (sessions,): from the first bar of all to the last
        session that should be there.
    symbols
        Sorted.
    state
        int8, sessions x symbols: one of `NOTHING`, `BAR`, `SUSPENDED`, `GAP`,
        `DELISTED`.
    """

    sessions: NDArray[np.datetime64]
    symbols: tuple[str, ...]
    state: NDArray[np.int8]


NOTHING: Final = 0
"""Before the first bar."""
BAR: Final = 1
SUSPENDED: Final = 2
"""No bar, and a suspension is known."""
GAP: Final = 3
"""No bar, and nothing says why."""
DELISTED: Final = 4
