"""The rules that stored data is examined by: what each demands, how grave it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from backfolio.bars.actions import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

Severity = Literal["error", "warning", "note"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")

FACTOR_STEP: Final = 1e-3
"""Fraction by which a vendor's factor may miss a step of ours; half a fen of the reference price comes on top."""

FACTOR_ERROR: Final = 1e-2
"""Fraction from which a step that a fetched factor tells otherwise, and nothing else bears out, is an error."""

FACTOR_DRIFT: Final = 5e-3
"""Fraction by which steps that each pass may add up over the whole stretch."""

VOLUME_SHARE: Final = 0.01
"""Fraction by which the volumes of two hosts may differ."""

VOLUME_TIMES: Final = 20
"""Times the median of a symbol's own history, or parts of it, from which a volume is in another unit.

A unit that is wrong is wrong by 100. Of 950,000 real bars (1,433 names,
2023-2026) none has more than 14 times the median of the 21 around it, nor,
where prices moved, less than a seventh.
"""

LEAST_DIFFERENTIATED: Final = 0.9
"""Part of the announced drop from which a smaller one is taken as that of a differentiated dividend."""

STALE_SESSIONS: Final = 1
"""Sessions without a bar, up to the last that should be there, from which a symbol is stale."""

UNEXAMINED: Final = "unexamined"
"""The rule of rows that no other rule has looked at: the store itself writes its findings, with the rows."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that stored data is examined by.

    Parameters
    ----------
    name
        As in `Finding.rule`.
    severity
        ``error``: a fill, or the benchmark of a run, could be wrong, and a run
        refuses the symbol; ``warning``: somebody should look; ``note``: a
        reader should know.
    title
        What a finding is about, in a few words for a reader.
    demands
        What the data should do, in one sentence.
    remedy
        What to do where it does not.
    acceptable
        Whether a person can accept it: False where no run could read the rows
        all the same.
    steady
        Whether a finding stays the same one while it grows with every session,
        so that it need not be accepted anew.
    """

    name: str
    severity: Severity
    title: str
    demands: str
    remedy: str
    acceptable: bool = True
    steady: bool = False


_AGAIN: Final = "fetch the symbol again from that date, or correct it by an import"
_ACCEPT: Final = "accept it with a reason if it is right"

RULES: Final[Mapping[str, Rule]] = {
    rule.name: rule
    for rule in (
        Rule(
            UNEXAMINED,
            "error",
            "Rows that no rule has looked at",
            "every row in the store has been examined by these rules",
            "the fetch or import that brought them is still at work, or was cut off: let it end, or run `data check`, "
            "which looks at everything",
            acceptable=False,
        ),
        Rule(
            "format",
            "error",
            "Rows that break the format",
            "every row keeps the import format: prices above 0 on whole fen, high highest, low lowest, whole shares",
            _AGAIN,
            acceptable=False,
        ),
        Rule(
            "outside_limits",
            "error",
            "Prices outside the limits",
            "no price lies outside the limits of its session",
            "correct the bar, or give what moves its limits: the reference price or corporate action of an ex-date, "
            "the risk warning, the listing date; accept a day without limits that no data tells (a relisting, the "
            "first day of a delisting period): it then counts as one",
        ),
        Rule(
            "vendor_limits",
            "error",
            "Limit prices that are not the exchange's",
            "a vendor's limit prices are those of the exchange's rules",
            "check reference price, risk warning and listing date; without limit prices of your own leave them out",
            acceptable=False,
        ),
        Rule(
            "reference_price",
            "error",
            "Reference price against corporate action",
            "the reference price is (previous close - cash + rights x rights price) / (1 + shares + rights), half up "
            "to the fen, within 0.01 CNY (of a price ratio, what its last decimal leaves open); without a corporate "
            "action it is not above the previous close. A drop that is at most a tenth smaller is a warning: shares "
            "that the company holds itself take no dividend, and the exchange spreads it over all",
            "see which is right: a corporate action with the wrong date or size, a lost bar before it, or the price",
        ),
        Rule(
            "ex_date_unknown",
            "warning",
            "Ex-dates without a corporate action",
            "where the reference price is below the previous close, a corporate action or its price ratio is in the "
            "data; otherwise the whole difference is paid as cash",
            "fetch the symbol's corporate actions, or import its rows of ex_rights",
        ),
        Rule(
            "action_dates",
            "error",
            "One corporate action on two dates",
            "rows within ten sessions that may tell one corporate action tell it on one date; where they do not, "
            "reference prices or a row put in by hand say which",
            "see the company's announcement, then import ex_rights: its row on the right date, and on the date on "
            "which nothing happened one with value 0; accept it where all of them happened, for all of them are paid",
        ),
        Rule(
            "factor_jump",
            "error",
            "Factor moves without an ex-date",
            "a vendor's factor that moves by more than 0.1% has its ex-date in the data",
            "fetch the symbol's corporate actions, or import pre_close or its row of ex_rights",
            acceptable=False,
        ),
        Rule(
            "factor_step",
            "warning",
            "Vendor's factor against corporate action",
            "a vendor's factor and the corporate actions tell the same ex-dates and the same size, within "
            f"{FACTOR_STEP:.1%} and half a fen of the reference price; beyond {FACTOR_ERROR:.0%} it is an error, "
            "unless a reference price, a second source or another factor bears the corporate action out",
            f"compare both with the company's announcement; runs use the corporate action; {_ACCEPT}",
        ),
        Rule(
            "adjusted_return",
            "warning",
            "Vendor's adjusted return over the years",
            "raw returns with the corporate actions added are the vendor's adjusted returns over the whole stretch, "
            f"within {FACTOR_DRIFT:.1%} and half a fen an ex-date, ex-dates told by factor_step apart",
            "look for small corporate actions that one of them lacks",
        ),
        Rule(
            "actions_differ",
            "warning",
            "Sources differ on a corporate action",
            "two sources tell the same date, cash and shares of one corporate action",
            f"compare with the company's announcement; the first of {', '.join(SOURCES)} is used",
        ),
        Rule(
            "gap",
            "warning",
            "Sessions without a bar",
            "between a symbol's first and last bar every session has a bar or a known suspension",
            "fetch the symbol again; it may be a halt that no source tells: accept it with a reason then",
        ),
        Rule(
            "traded_in_suspension",
            "warning",
            "Trading in a known suspension",
            "a session with shares traded lies in no known suspension",
            "compare with the exchange's announcement; a halt of part of a day is no suspension: accept it then",
        ),
        Rule(
            "stale",
            "warning",
            "Bars that end too early",
            "a symbol that is neither delisted nor suspended has the bar of the last session",
            "fetch the symbol; where it is delisted, its delisting date is missing",
            steady=True,
        ),
        Rule(
            "index_gap",
            "warning",
            "Sessions without an index close",
            "an index has a close for every session from its first to the last",
            "fetch the index from its first missing session; a run with this benchmark must not cover the gap",
        ),
        Rule(
            "index_jump",
            "error",
            "An index that moves as no index can",
            "no index moves by more in a session than its shares may: 21% (Beijing 31%); nor by more than 11% where "
            "the others do not (then a warning)",
            f"fetch the index again, or import its right closes; {_ACCEPT}",
        ),
        Rule(
            "hosts_differ",
            "warning",
            "Two hosts differ",
            f"two hosts give the same prices to the tick, and volumes within {VOLUME_SHARE:.0%}",
            "see which of them is right and import its bars",
        ),
        Rule(
            "average_price",
            "warning",
            "Amount and volume do not fit the prices",
            "amount / volume lies inside low and high: volume is in shares and amount in CNY",
            "correct the unit (a lot is 100 shares); the cap on a session's volume depends on it",
        ),
        Rule(
            "volume_jump",
            "warning",
            "Volume in another unit than before",
            f"no volume is {VOLUME_TIMES} times the median of the symbol's sessions around it, or a part of it so "
            "small, and none is so from a day on",
            f"compare with another host: volume and amount may be in lots, or 100 times too large; {_ACCEPT}",
        ),
        Rule(
            "no_volume",
            "warning",
            "Bars without a share traded",
            "a bar has shares traded; where none were, its prices are all the reference price (then a note)",
            "a session without trading is no bar: remove the row or set traded to 0; else correct the volume",
        ),
        Rule(
            "repeated_bar",
            "warning",
            "A bar that repeats the one before",
            "no session repeats the prices, volume and amount of the one before",
            _AGAIN,
        ),
        Rule(
            "revised",
            "warning",
            "Values that changed later",
            "a host does not change its past: prices stay what they were when they came first",
            "see which value is right; runs made before read the old one",
        ),
        Rule(
            "quarantined",
            "note",
            "Replies kept aside",
            "every reply keeps the contract of its endpoint",
            "nothing of such a reply is in the data; fetch again, another host is asked",
            steady=True,
        ),
        Rule(
            "survivorship",
            "warning",
            "Former members without bars",
            "every symbol that ever belonged to a universe has bars in its time",
            "fetch or import the missing names; what a run earns without them is flattered",
        ),
        Rule(
            "st_unknown",
            "note",
            "Risk warning unknown",
            "risk warning is known where it moves the limits",
            "fetch the symbol's names and risk warnings, or import is_st",
            steady=True,
        ),
        Rule(
            "listing_assumed",
            "note",
            "Listing date assumed",
            "the listing date is known where the first bar is later than the data's first session",
            "fetch the symbol's listing, or import its row of listings: days without limits depend on it",
            steady=True,
        ),
    )
}
"""Rule by name, most serious first within a topic; the page and the README show this table."""
