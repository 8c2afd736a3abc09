"""`Finding`: what an examination of stored market data found; the rules, and what is examined."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.bars import Tables
    from backfolio.universe import Universe

Severity = Literal["error", "warning", "note"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")

KEY_BYTES: Final = 6
"""A whole market has some ten thousand findings: four bytes would let two of them share a key."""

TICK: Final = 0.01
"""CNY: the price step of every A-share."""

FACTOR_STEP: Final = 1e-3
"""Fraction by which a vendor's factor may miss a step of ours; half a fen of the reference price comes on top."""

FACTOR_DRIFT: Final = 5e-3
"""Fraction by which steps that each pass may add up over the whole stretch."""

VOLUME_SHARE: Final = 0.01
"""Fraction by which the volumes of two hosts may differ."""

STALE_SESSIONS: Final = 1
"""Sessions without a bar, up to the last that should be there, from which a symbol is stale."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that stored data is examined by.

    Parameters
    ----------
    name
        As in `Finding.rule`.
    severity
        ``error``: a fill could be wrong, and a run refuses the symbol;
        ``warning``: somebody should look; ``note``: a reader should know.
    demands
        What the data should do, in one sentence.
    remedy
        What to do where it does not.
    acceptable
        Whether a person can accept it: False where no run could read the rows
        all the same.
    """

    name: str
    severity: Severity
    demands: str
    remedy: str
    acceptable: bool = True


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
        """12 hex digits that name the finding, the same at every examination.

        They are of rule, symbol and first session. An error's last session and
        count belong to it as well, so that accepting one accepts what was
        looked at and not the bars that break the same rule later; and a finding
        of the whole store is told by what its value is about (up to the colon).
        """
        said = [self.rule, self.symbol, str(self.first)]
        if self.severity == "error":
            said += [str(self.last), str(self.count)]
        if not self.symbol:
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

_AGAIN: Final = "fetch the symbol again from that date, or correct it by an import"
_ACCEPT: Final = "accept it with a reason if it is right"

RULES: Final[Mapping[str, Rule]] = {
    rule.name: rule
    for rule in (
        Rule(
            "format",
            "error",
            "every row keeps the import format: prices above 0 on whole fen, high highest, low lowest, whole shares",
            _AGAIN,
            acceptable=False,
        ),
        Rule(
            "outside_limits",
            "error",
            "no price lies outside the limits of its session",
            "correct the bar, or give what moves its limits: the reference price or corporate action of an ex-date, "
            "the risk warning, the listing date; accept a day without limits that no data tells (a relisting, the "
            "first day of a delisting period): it then counts as one",
        ),
        Rule(
            "vendor_limits",
            "error",
            "a vendor's limit prices are those of the exchange's rules",
            "check reference price, risk warning and listing date; without limit prices of your own leave them out",
            acceptable=False,
        ),
        Rule(
            "reference_price",
            "error",
            "the reference price is (previous close - cash + rights x rights price) / (1 + shares + rights), half up "
            "to the fen, within 0.01 CNY; without a corporate action it is not above the previous close",
            "see which is right: a corporate action with the wrong date or size, a lost bar before it, or the price",
        ),
        Rule(
            "ex_date_unknown",
            "warning",
            "where the reference price is below the previous close, a corporate action or its price ratio is in the "
            "data; otherwise the whole difference is paid as cash",
            "fetch the symbol's corporate actions, or import its rows of ex_rights",
        ),
        Rule(
            "factor_jump",
            "error",
            "a vendor's factor that moves by more than 0.1% has its ex-date in the data",
            "fetch the symbol's corporate actions, or import pre_close or its row of ex_rights",
            acceptable=False,
        ),
        Rule(
            "factor_step",
            "warning",
            "a vendor's factor and the corporate actions tell the same ex-dates and the same size, within "
            f"{FACTOR_STEP:.1%} and half a fen of the reference price",
            f"compare both with the company's announcement; runs use the corporate action; {_ACCEPT}",
        ),
        Rule(
            "adjusted_return",
            "warning",
            "raw returns with the corporate actions added are the vendor's adjusted returns over the whole stretch, "
            f"within {FACTOR_DRIFT:.1%} and half a fen an ex-date, ex-dates told by factor_step apart",
            "look for small corporate actions that one of them lacks",
        ),
        Rule(
            "actions_differ",
            "warning",
            "two sources tell the same cash and shares for one ex-date",
            "compare with the company's announcement; the first of sina, eastmoney, cninfo, import is used",
        ),
        Rule(
            "gap",
            "warning",
            "between a symbol's first and last bar every session has a bar or a known suspension",
            "fetch the symbol again; it may be a halt that no source tells: accept it with a reason then",
        ),
        Rule(
            "traded_in_suspension",
            "warning",
            "a session with shares traded lies in no known suspension",
            "compare with the exchange's announcement; a halt of part of a day is no suspension: accept it then",
        ),
        Rule(
            "stale",
            "warning",
            "a symbol that is neither delisted nor suspended has the bar of the last session",
            "fetch the symbol; where it is delisted, its delisting date is missing",
        ),
        Rule(
            "index_gap",
            "warning",
            "an index has a close for every session from its first to the last",
            "fetch the index from its first missing session; a run with this benchmark must not cover the gap",
        ),
        Rule(
            "hosts_differ",
            "warning",
            f"two hosts give the same prices to the tick, and volumes within {VOLUME_SHARE:.0%}",
            "see which of them is right and import its bars",
        ),
        Rule(
            "average_price",
            "warning",
            "amount / volume lies inside low and high: volume is in shares and amount in CNY",
            "correct the unit (a lot is 100 shares); the cap on a session's volume depends on it",
        ),
        Rule(
            "repeated_bar",
            "warning",
            "no session repeats the prices, volume and amount of the one before",
            _AGAIN,
        ),
        Rule(
            "revised",
            "warning",
            "a host does not change its past: prices stay what they were when they came first",
            "see which value is right; runs made before read the old one",
        ),
        Rule(
            "quarantined",
            "note",
            "every reply keeps the contract of its endpoint",
            "nothing of such a reply is in the data; fetch again, another host is asked",
        ),
        Rule(
            "survivorship",
            "warning",
            "every symbol that ever belonged to a universe has bars in its time",
            "fetch or import the missing names; what a run earns without them is flattered",
        ),
        Rule(
            "st_unknown",
            "note",
            "risk warning is known where it moves the limits",
            "fetch the symbol's names and risk warnings, or import is_st",
        ),
        Rule(
            "listing_assumed",
            "note",
            "the listing date is known where the first bar is later than the data's first session",
            "fetch the symbol's listing, or import its row of listings: days without limits depend on it",
        ),
    )
}
"""Rule by name, most serious first within a topic; the page and the README show this table."""
