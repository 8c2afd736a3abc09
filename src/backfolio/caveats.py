"""What a reader must know before believing a run: one sentence each, with a remedy.

They are `Said`: English text that a page can say in another language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare
from backfolio.errors import command
from backfolio.metrics import attribute, dividends_by_symbol, leaning, round_trips
from backfolio.money import BASIS_POINTS
from backfolio.said import counted, listed, paired, said

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from backfolio.history import History
    from backfolio.ledger import Ledger
    from backfolio.metrics import Leaning
    from backfolio.quality import Finding
    from backfolio.said import Said
    from backfolio.settings import MarketSettings
    from backfolio.source import Source
    from backfolio.targets import Targets

STALE: Final = "stale"
"""The rule whose findings begin with a bar that is there."""

SHOWN: Final = 5
"""Names in a sentence before it says how many more there are."""


FEW_TRIPS: Final = 30
"""Closed round trips below which a mean says little: its error is a fifth of one trip's deviation and more."""

MOST_SHARE: Final = 0.5
"""Share of the profit that one name, one catalyst or one kind of entry may bring before a page says so."""

MOST_GAPS: Final = 0.02
"""Share of a universe's sessions without a bar before a page says so: five sessions a year."""


def caveats(
    known: History,
    source: Source,
    settings: MarketSettings,
    ledger: Ledger,
    targets: Targets | None,
    window: History | None = None,
    kinds: Collection[str] | None = None,
) -> Iterator[Said]:
    """Say what the data left open and what the settings left out.

    Parameters
    ----------
    known
        What the thesis could see, up to the end of the window.
    source
        Where it came from.
    settings
        Cash, costs and liquidity.
    ledger
        What happened, on the window's sessions.
    targets
        What was asked on them; None for a plain backtrader strategy.
    window
        The same history cut to the ledger's sessions; without it nothing is
        said about what the result leans on.
    kinds
        Kinds of catalysts that the thesis asks for; None = it may look at any.
    """
    yield from _of_findings(source, known, ledger)
    yield from _of_data(known, source)
    bars = known.bars
    inside = np.isin(bars.sessions, ledger.sessions)
    if settings.price == "vwap" and bool(((bars.amount < 0) & bars.traded)[inside].any()):
        yield said("Some bars have no amount: orders at the average price were refused there (amount_unknown).")
    if targets is None:
        yield said(
            "A plain backtrader strategy: its close, high and low are raw prices, which jump on ex-dates; "
            "the adj_ lines do not."
        )
    else:
        small = too_small(ledger, targets)
        if small:
            yield said(
                "Weights worth less than one lot, so that nothing was bought: %(names)s. More --cash mends it.",
                names=few(small),
            )
    if window is not None:
        yield from leans(window, ledger, kinds)


def leans(window: History, ledger: Ledger, kinds: Collection[str] | None = None) -> Iterator[Said]:
    """Say what a result leans on: few round trips, one name, one catalyst, one kind of entry, data with gaps.

    Parameters
    ----------
    window
        Bars, catalysts and universe on the ledger's sessions.
    ledger
        What happened.
    kinds
        Kinds of catalysts that the thesis asks for; None = it may look at any.
    """
    bars = window.bars
    trips = round_trips(ledger, dividends_by_symbol(ledger, bars))
    found = leaning(bars, window.members.to_numpy(), trips, attribute(window, ledger, trips, kinds))
    if trips and found.trips < FEW_TRIPS:
        yield said(
            "Only %(trips)s closed, too few to tell skill from luck: a longer window (--start) or more names give "
            "more.",
            trips=counted(found.trips, "round trip"),
        )
    if len(trips) > 1:
        yield from _leans_on(found)
    if found.gaps > MOST_GAPS:
        worst = few(f"{symbol} {share:.0%}" for symbol, share in found.gap_names)
        yield said(
            "No bar on %(share)s of the universe's sessions, halted or missing (%(names)s): where they are missing, "
            "better data changes the result.",
            share=f"{found.gaps:.1%}",
            names=worst,
        )


def _leans_on(found: Leaning) -> Iterator[Said]:
    if found.name_share is not None and found.name_share > MOST_SHARE:
        yield said(
            "%(name)s makes %(share)s of the profit: run it on a universe without that name before believing the "
            "thesis.",
            name=found.name,
            share=f"{found.name_share:.0%}",
        )
    if found.catalyst is not None and found.catalyst_share is not None and found.catalyst_share > MOST_SHARE:
        yield said(
            "One catalyst makes %(share)s of the profit (%(id)s): what it says rests on one event; run it on a window "
            "without it.",
            share=f"{found.catalyst_share:.0%}",
            id=found.catalyst.id,
        )
    if found.lock_share is not None and found.lock_share > MOST_SHARE:
        share = f"{found.lock_share:.0%}"
        if found.after_lock == 1:
            yield said(
                "1 round trip opened right after a close at the upper limit makes %(share)s of the profit: such opens "
                "are crowded, so run it again with --slippage 50 and a smaller --participation.",
                share=share,
            )
        else:
            yield said(
                "%(trips)s opened right after a close at the upper limit make %(share)s of the profit: such opens are "
                "crowded, so run it again with --slippage 50 and a smaller --participation.",
                trips=counted(found.after_lock, "round trip"),
                share=share,
            )


def _of_findings(source: Source, known: History, ledger: Ledger) -> Iterator[Said]:
    """Say what a person accepted about the data of this run, and how many warnings stand."""
    own = [one for one in source.findings if touches(one, known, ledger)]
    accepted = [
        said("%(what)s (%(why)s)", what=paired(one.symbol or said("the store"), one.rule), why=one.accepted)
        for one in own
        if one.accepted
    ]
    if accepted:
        yield said("Findings about the data that a person accepted: %(found)s.", found=few(accepted, "; "))
    warnings = [one for one in own if one.severity == "warning" and not one.accepted]
    if warnings:
        from backfolio.quality import RULES  # noqa: PLC0415  its rules are only loaded for data that was examined

        titles = dict.fromkeys(RULES[one.rule].title if one.rule in RULES else one.rule for one in warnings)
        yield said(
            "The store has %(warnings)s about names and sessions of this run (%(about)s): %(command)s shows them.",
            warnings=counted(len(warnings), "warning"),
            about=few(titles, "; "),
            command=command("data check"),
        )


def touches(one: Finding, known: History, ledger: Ledger) -> bool:
    """Tell whether a finding is about the names (the benchmark among them) and the sessions of a run.

    One of the whole store is about every run that trades all it holds; to a
    run of a universe it is told where it names that universe, or names a last
    bar that is one of its own.
    """
    first, last = ledger.sessions[0].astype(object), ledger.sessions[-1].astype(object)
    if one.first is not None:
        # A stale symbol's last bar is sound: what is missing comes after it.
        begins_late = one.first >= last if one.rule == STALE else one.first > last
        if begins_late or (one.last or one.first) < first:
            return False
    if one.symbol:
        return one.symbol in {*ledger.symbols, known.benchmark_symbol}
    if known.universe is None or one.value.startswith(f"{known.universe.name}: "):
        return True
    traded = known.bars.traded
    ends = known.bars.sessions[len(traded) - 1 - traded[::-1].argmax(axis=0)]
    return one.rule == STALE and bool((ends == np.datetime64(one.first, "D")).any())


def _of_data(known: History, source: Source) -> Iterator[Said]:
    bars = known.bars
    assumed = [symbol for symbol, guess in zip(bars.symbols, bars.listing_assumed, strict=True) if guess]
    if assumed:
        yield said(
            "Listing date assumed from the first bar: %(names)s. A listings.csv makes it exact.", names=few(assumed)
        )
    untold = [symbol for symbol, unknown in zip(bars.symbols, bars.st_unknown, strict=True) if unknown]
    if untold:
        yield said(
            "The data does not always say whether %(names)s was under risk warning (ST), and is taken to mean not: "
            "is_st in the bars makes it exact.",
            names=said("any name") if len(untold) == len(bars.symbols) else few(untold),
        )
    if known.absent:
        yield said(
            "Names of the universe without bars: %(names)s. What they did is not in the result.",
            names=few(known.absent),
        )
    there = set(source.bars.symbols)
    silent = [event.id for event in known.events if event.symbols and not there & set(event.symbols)]
    if silent:
        yield said(
            "Catalysts whose names have no bars here, so that they move nothing: %(catalysts)s.", catalysts=few(silent)
        )


def too_small(ledger: Ledger, targets: Targets) -> list[Said]:
    """Return the weights on names not held that were worth less than one lot, in words.

    Such a weight sends no order and is no refusal (rule 3 of the trading day),
    so that the ledger is silent about it.
    """
    minimum = np.array([ashare.LOT_MINIMUM[ashare.board_of(symbol)] for symbol in ledger.symbols], dtype=np.int64)
    weights = targets.weights.astype(np.int64)
    worth = np.maximum(weights, 0) * ledger.equity[:, None] // BASIS_POINTS // np.maximum(ledger.mark, 1)
    small = (weights > 0) & (ledger.mark > 0) & (ledger.positions == 0) & (worth < minimum)
    return [
        said(
            "%(symbol)s on %(day)s (%(worth)s of %(least)s shares)",
            symbol=ledger.symbols[column],
            day=str(ledger.sessions[row]),
            worth=int(worth[row, column]),
            least=int(minimum[column]),
        )
        for row, column in np.argwhere(small)
    ]


def few(words: Iterable[str], between: str = ", ") -> Said:
    """List the first words and say how many more there are."""
    words = list(words)
    more, first = len(words) - SHOWN, listed(words[:SHOWN], between)
    return said("%(first)s and %(n)s more", first=first, n=more) if more > 0 else first
