"""The small tables: what closed the trips, which catalysts paid, what trading cost, what it took of the volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.metrics import DETAIL_DEFINITIONS, NOT_AVAILABLE, TRADE_DEFINITIONS, Definition, before_costs
from backfolio.report import words
from backfolio.report.text import gain, part, signed, tone

if TYPE_CHECKING:
    from backfolio.report.run.facts import Facts

TRADING: Final = (
    "round_trips", "open_positions", "hit_rate", "mean_result", "mean_gain", "mean_loss", "best_trip", "worst_trip",
    "profit_factor", "mean_sessions", "sessions_invested", "fills", "refusals",
)  # fmt: skip

VOLUME: Final = ("median_share", "largest_share", "over", "capital")
"""Figures of `Capacity`, in order."""

BY_NAME: Final[dict[str, Definition]] = {entry.name: entry for entry in (*TRADE_DEFINITIONS, *DETAIL_DEFINITIONS)}


class Sum(NamedTuple):
    """One reason or kind: how many trips, and what they brought."""

    name: str
    words: str
    catalysts: str
    """Catalysts of a kind; "" of a reason."""
    trips: str
    hits: str
    mean: str
    contribution: str
    tone: str
    value: int


class Figure(NamedTuple):
    """One figure with its definition."""

    label: str
    words: str
    value: str


class Cost(NamedTuple):
    """One line from the result before costs to the one after."""

    label: str
    words: str
    amount: str
    share: str
    """Of the starting cash."""
    tone: str
    total: bool


def exits(facts: Facts) -> list[Sum]:
    """Return the closed round trips by what closed them."""
    return [
        Sum(
            each.reason,
            words.FILLS.get(each.reason, ""),
            "",
            f"{each.trips:,}",
            part(each.hit_rate),
            gain(each.mean_result, 2),
            signed(each.contribution),
            tone(each.contribution),
            each.contribution,
        )
        for each in facts.trading.exits
    ]


def kinds(facts: Facts) -> list[Sum]:
    """Return all round trips by the kind of catalyst that opened them; the kind "" is none."""
    return [
        Sum(
            each.kind,
            "",
            f"{each.catalysts:,}" if each.kind else "",
            f"{each.trips:,}",
            part(each.hit_rate),
            gain(each.mean_result, 2),
            signed(each.contribution) if each.trips else NOT_AVAILABLE,
            tone(each.contribution),
            each.contribution,
        )
        for each in facts.attribution.kinds
    ]


def trading(facts: Facts) -> list[Figure]:
    """Return the plain figures of trading."""
    return [_figure(BY_NAME[name], getattr(facts.trading, name)) for name in TRADING]


def volume(facts: Facts) -> list[Figure]:
    """Return turnover, what was taken of the volume, and the capital that it would bear."""
    traded = [_figure(BY_NAME[name], getattr(facts.trading, name)) for name in ("turnover", "exposure")]
    return traded + [_figure(BY_NAME[name], getattr(facts.capacity, name)) for name in VOLUME]


def _figure(entry: Definition, value: float | None) -> Figure:
    text = entry.text(value)
    return Figure(entry.label, entry.words, f"¥{text}" if entry.style == "money" and text != NOT_AVAILABLE else text)


def costs(facts: Facts) -> list[Cost]:
    """Return the result before costs, every cost, and the result after them; to the mill they add up."""
    ledger, paid = facts.result.ledger, facts.trading.costs
    lines = [
        ("Commission", "Of the broker, at least its minimum an order.", paid.commission),
        ("Stamp duty", "Of the state, on what is sold.", paid.stamp_duty),
        ("Transfer fee", "Of the clearing house, on both sides.", paid.transfer_fee),
    ]
    if facts.result.settings.dividend_tax:
        lines.append(("Dividend tax", "By holding period, taken at the sale.", paid.dividend_tax))
    slippage, before = BY_NAME["slippage"], BY_NAME["before_costs"]
    lines.append((slippage.label, slippage.words, facts.slippage))
    first = before_costs(ledger, paid, facts.slippage)

    def line(label: str, said: str, amount: int, *, total: bool = False) -> Cost:
        share = gain(amount / ledger.start_cash, 2) if ledger.start_cash else NOT_AVAILABLE
        return Cost(label, said, signed(amount, 2), share, tone(amount), total)

    return [
        line(before.label, before.words, first, total=True),
        *(line(label, said, -amount) for label, said, amount in lines),
        line(
            "Result after costs",
            "Account at the end less the starting cash.",
            first - sum(amount for _, _, amount in lines),
            total=True,
        ),
    ]


def cost_of_trading(facts: Facts) -> str:
    """Return all costs as a share of what was traded; "n/a" without a trade."""
    traded = sum(fill.shares * fill.price for fill in facts.result.ledger.fills)
    return part((facts.trading.costs.total + facts.slippage) / traded, 3) if traded else NOT_AVAILABLE
