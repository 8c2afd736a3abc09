"""`examine`: every rule over the held data, findings in one order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from backfolio.quality.actions import ALONE, factors, reference_prices
from backfolio.quality.gaps import gaps, stale, traded_in_suspension
from backfolio.quality.hosts import hosts_differ, quarantined, revised
from backfolio.quality.indexes import index_gaps, index_jumps
from backfolio.quality.limits import refused
from backfolio.quality.rules import RULES, SEVERITIES
from backfolio.quality.scene import Scene, some
from backfolio.quality.sources import action_dates, actions_differ
from backfolio.quality.units import average_price, repeated_bar
from backfolio.quality.unknown import listing_assumed, st_unknown, survivorship
from backfolio.quality.volumes import no_volume, volume_jumps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from backfolio.quality.model import Finding, Held

CHECKS: Final[tuple[tuple[str, Callable[[Scene], Iterator[Finding]]], ...]] = (
    ("limits and format", refused),
    ("reference prices", reference_prices),
    ("factors", factors),
    ("sources of corporate actions", actions_differ),
    ("dates of corporate actions", action_dates),
    ("gaps", gaps),
    ("suspensions", traded_in_suspension),
    ("last bars", stale),
    ("indexes", index_gaps),
    ("moves of indexes", index_jumps),
    ("second hosts", hosts_differ),
    ("average prices", average_price),
    ("volumes", volume_jumps),
    ("bars without trading", no_volume),
    ("repeated bars", repeated_bar),
    ("revisions", revised),
    ("quarantine", quarantined),
    ("survivorship", survivorship),
    ("risk warnings", st_unknown),
    ("listing dates", listing_assumed),
)
"""What is looked at, in this order, and the function that does."""

MANY: Final = 10
"""Symbols that share a finding, from which it is told once for the store."""

SHARED: Final = {
    "ex_date_unknown": ("ex-dates known by the reference price alone", False),
    "st_unknown": ("bars without a word on risk warning, where it would move the limits", False),
    "listing_assumed": (
        "listing date assumed {first}, where the first bar is; of so many rather their data's start",
        True,
    ),
    "stale": ("bars end {first}", True),
}
"""Rules whose findings many symbols may share: the words for all, and whether they share the first session."""


def examine(held: Held, on_step: Callable[[str, int, int], None] | None = None) -> tuple[Finding, ...]:
    """Return what does not keep the rules of `RULES`, errors first.

    Parameters
    ----------
    held
        What is looked at. Where it is a part of a store (`Held.symbols`), only
        findings of its symbols come back.
    on_step
        Called before each check with its name, its number and how many there are.

    Notes
    -----
    Symbols whose rows break the format are not looked at further: their bars
    are not in the market that the other rules see.
    """
    step = on_step or (lambda _name, _done, _total: None)
    step("reading", 0, len(CHECKS))
    scene = Scene.of(held)
    found: list[Finding] = []
    for done, (name, check) in enumerate(CHECKS):
        step(name, done, len(CHECKS))
        found += check(scene)
    step("", len(CHECKS), len(CHECKS))
    if held.symbols is None:
        found = gathered(found)
    else:
        mine = set(held.symbols)
        found = [each for each in found if each.symbol in mine]
    order = list(RULES)
    return tuple(
        sorted(
            found,
            key=lambda each: (SEVERITIES.index(each.severity), order.index(each.rule), each.symbol, str(each.first)),
        )
    )


def gathered(found: Sequence[Finding]) -> list[Finding]:
    """Put findings that many symbols share into one of the whole store.

    Only those of `SHARED`, and only where `MANY` symbols share one: a market
    imported without corporate actions would else be told symbol by symbol.
    """
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    rest: list[Finding] = []
    for each in found:
        if each.symbol and each.rule in SHARED and each.severity != "error" and not _grave(each):
            day = str(each.first) if SHARED[each.rule][1] else ""
            groups.setdefault((each.rule, each.severity, day), []).append(each)
        else:
            rest.append(each)
    for (rule, _, _), group in groups.items():
        if len(group) < MANY:
            rest += group
            continue
        words = SHARED[rule][0].format(first=group[0].first)
        days = [each.first for each in group if each.first], [each.last for each in group if each.last]
        rest.append(
            replace(
                group[0],
                symbol="",
                first=min(days[0], default=None),
                last=max(days[1], default=None),
                count=len(group),
                value=f"{words}: {len(group):,} symbols ({some(sorted(each.symbol for each in group))})",
            )
        )
    return rest


def _grave(each: Finding) -> bool:
    """Tell whether a finding of a shared rule speaks of its symbol alone: an ex-date that is lacking among others."""
    return each.rule == "ex_date_unknown" and ALONE not in each.value
