"""What a reader must know before believing a run: one sentence each, with a remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare
from backfolio.money import BASIS_POINTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from backfolio.history import History
    from backfolio.ledger import Ledger
    from backfolio.settings import MarketSettings
    from backfolio.source import Source
    from backfolio.targets import Targets

SHOWN: Final = 5
"""Names in a sentence before it says how many more there are."""


def caveats(
    known: History, source: Source, settings: MarketSettings, ledger: Ledger, targets: Targets | None
) -> Iterator[str]:
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
    """
    yield from _of_data(known, source)
    bars = known.bars
    inside = np.isin(bars.sessions, ledger.sessions)
    if settings.price == "vwap" and bool(((bars.amount < 0) & bars.traded)[inside].any()):
        yield "Some bars have no amount: orders at the average price were refused there (amount_unknown)."
    if targets is None:
        yield (
            "A plain backtrader strategy: its close, high and low are raw prices, which jump on ex-dates; "
            "the adj_ lines do not."
        )
    else:
        small = too_small(ledger, targets)
        if small:
            yield f"Weights worth less than one lot, so that nothing was bought: {few(small)}. More --cash mends it."


def _of_data(known: History, source: Source) -> Iterator[str]:
    yield from source.notes
    bars = known.bars
    assumed = [symbol for symbol, guess in zip(bars.symbols, bars.listing_assumed, strict=True) if guess]
    if assumed:
        yield f"Listing date assumed from the first bar: {few(assumed)}. A listings.csv makes it exact."
    untold = [symbol for symbol, unknown in zip(bars.symbols, bars.st_unknown, strict=True) if unknown]
    if untold:
        whose = "any name" if len(untold) == len(bars.symbols) else few(untold)
        yield (
            f"The data does not always say whether {whose} was under risk warning (ST), and is taken to mean not: "
            "is_st in the bars makes it exact."
        )
    if known.absent:
        yield f"Names of the universe without bars: {few(known.absent)}. What they did is not in the result."
    there = set(source.bars.symbols)
    silent = [event.id for event in known.events if event.symbols and not there & set(event.symbols)]
    if silent:
        yield f"Catalysts whose names have no bars here, so that they move nothing: {few(silent)}."


def too_small(ledger: Ledger, targets: Targets) -> list[str]:
    """Return the weights on names not held that were worth less than one lot, in words.

    Such a weight sends no order and is no refusal (rule 3 of the trading day),
    so that the ledger is silent about it.
    """
    minimum = np.array([ashare.LOT_MINIMUM[ashare.board_of(symbol)] for symbol in ledger.symbols], dtype=np.int64)
    weights = targets.weights.astype(np.int64)
    worth = np.maximum(weights, 0) * ledger.equity[:, None] // BASIS_POINTS // np.maximum(ledger.mark, 1)
    small = (weights > 0) & (ledger.mark > 0) & (ledger.positions == 0) & (worth < minimum)
    return [
        f"{ledger.symbols[column]} on {ledger.sessions[row]} ({worth[row, column]} of {minimum[column]} shares)"
        for row, column in np.argwhere(small)
    ]


def few(words: Iterable[str]) -> str:
    """List the first words and say how many more there are."""
    words = list(words)
    more = len(words) - SHOWN
    return ", ".join(words[:SHOWN]) + (f" and {more} more" if more > 0 else "")
