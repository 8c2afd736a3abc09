"""Every order that was refused: the bar it met, the rule, and what it would have made or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.metrics import NOT_AVAILABLE
from backfolio.report import words
from backfolio.report.tables import price_text
from backfolio.report.text import short_count, signed, tone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from backfolio.metrics import Missed
    from backfolio.report.run.facts import Facts, Name

MOST_ROWS: Final = 1_000
"""Lines on a page; the CSV file holds all."""

RULE: Final = (
    "What it would have made: the whole order at that session's open, the market moved by nothing, before costs. A buy "
    "is followed to the name's next fill, to the first open after the thesis wanted none of it, or for 60 sessions; of "
    "a sell it is what holding on lost until it was sold. An order that is refused again while an earlier one is still "
    "followed is shown in grey and not counted twice."
)


class Reason(NamedTuple):
    """What one reason refused, and what that would have made."""

    reason: str
    words: str
    buys: str
    sells: str
    shares: str
    gained: str
    """Sum of the orders that would have made money."""
    lost: str
    """Sum of the others."""
    net: str
    tone: str
    value: int


class Line(NamedTuple):
    """One refusal as text; "" where there is nothing to say."""

    session: str
    name: Name
    side: str
    shares: str
    reason: str
    bar: tuple[str, ...]
    """Open, high, low, close, volume; empty where there is none."""
    limit: str
    price: str
    exit_price: str
    until: str
    ended: str
    gain: str
    tone: str


def gains(lines: Iterable[Missed]) -> list[int]:
    """Return what the refused orders would have made, mills; of an order that is refused again and again, once."""
    return [line.gain for line in lines if line.gain is not None and not line.again]


def market_refused(facts: Facts) -> list[Missed]:
    """Return the buys that the market refused; what the account could not pay for is none of them."""
    return [line for line in facts.missed if line.refusal.side == "buy" and line.refusal.reason not in words.OURS]


def reasons(facts: Facts) -> list[Reason]:
    """Return the sums by reason, most refusals first."""
    return [
        _reason(
            count.reason,
            (f"{count.buys:,}", f"{count.sells:,}", f"{count.shares:,}"),
            gains(line for line in facts.missed if line.refusal.reason == count.reason),
        )
        for count in facts.trading.refused
    ]


def all_reasons(facts: Facts) -> Reason:
    """Return the sums over all reasons."""
    refused = facts.trading.refused
    counts = (sum(each.buys for each in refused), sum(each.sells for each in refused), sum(e.shares for e in refused))
    return _reason("", (f"{counts[0]:,}", f"{counts[1]:,}", f"{counts[2]:,}"), gains(facts.missed))


def _reason(reason: str, counts: tuple[str, str, str], found: list[int]) -> Reason:
    gained, lost = sum(max(each, 0) for each in found), sum(min(each, 0) for each in found)
    sums = (signed(gained), signed(lost), signed(gained + lost)) if found else (NOT_AVAILABLE,) * 3
    return Reason(reason, words.REFUSALS.get(reason, ""), *counts, *sums, tone(gained + lost), gained + lost)


def refusals(facts: Facts) -> list[Line]:
    """Return the last `MOST_ROWS` refusals."""
    return [_line(missed, facts) for missed in facts.missed[-MOST_ROWS:]]


def _line(missed: Missed, facts: Facts) -> Line:
    refusal, bar = missed.refusal, missed.bar
    up, down = missed.limit
    limit = up if refusal.side == "buy" else down
    return Line(
        facts.days[refusal.session],
        facts.names[refusal.symbol],
        refusal.side,
        f"{refusal.shares:,}",
        refusal.reason,
        () if bar is None else (*(price_text(price) for price in bar[:4]), short_count(bar[4])),
        "" if limit is None else price_text(limit),
        "" if missed.price is None else price_text(missed.price),
        "" if missed.exit_price is None else price_text(missed.exit_price),
        "" if missed.until is None else facts.days[missed.until],
        words.ENDED.get(missed.ended, ""),
        NOT_AVAILABLE if missed.gain is None else signed(missed.gain),
        "quiet" if missed.again else tone(missed.gain),
    )
