"""The thesis with one thing changed: later news, higher costs, a thinner market, more capital."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backfolio.errors import UsageError
from backfolio.falsify import words
from backfolio.falsify.model import Family, Variant
from backfolio.falsify.scene import changed
from backfolio.said import listed, said
from backfolio.settings import MOST_CASH
from backfolio.strategy.claims import CAPITALS, LAGS, PARTICIPATIONS, SLIPPAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from backfolio.falsify.model import Outcome
    from backfolio.falsify.scene import Scene
    from backfolio.said import Said
    from backfolio.settings import MarketSettings
    from backfolio.sweep import Rows


def kept(scene: Scene, outcome: Outcome) -> float | None:
    """Return the total return as a share of the thesis' own; None where it made no profit."""
    own = scene.final / scene.settings.cash_mills - 1.0
    return outcome.total_return / own if own > 0.0 else None


def variant(scene: Scene, name: str, label: str, value: float, outcome: Outcome, source: str = "") -> Variant:
    """Return a variant with what is left of the thesis' profit."""
    return Variant(name, label, value, outcome, kept(scene, outcome), source)


def lags(scene: Scene) -> Family:
    """Return the thesis with its catalysts (without any, its decisions) known later, and one session earlier."""
    says = said(words.OF_LAG if scene.kinds else words.OF_LAG_DECISIONS)
    if scene.kinds and not scene.inside:
        why = said(words.NO_CATALYSTS, kinds=listed(scene.kinds))
        return Family("lag", words.LAG, says, of=len(LAGS), why=why)
    scene.step(words.LAG, 0, len(LAGS))
    outcomes = scene.outcomes([lagged(scene, lag) for lag in LAGS])
    variants = [
        variant(scene, f"lag_{lag}" if lag > 0 else "early_1", _later(lag), lag, outcome)
        for lag, outcome in zip(LAGS, outcomes, strict=True)
    ]
    return Family("lag", words.LAG, says, tuple(variants), len(variants))


def lagged(scene: Scene, lag: int) -> Rows:
    """Return what is asked for where all is known `lag` sessions later; negative: earlier."""
    if scene.kinds:
        return scene.ask(scene.catalogue.moved([touch.row + lag for touch in scene.catalogue.touches]))
    first, stop = scene.prepared.rows
    # before the data's first session it wanted nothing else than on it; after the last it is not known what it wants
    source = np.clip(np.arange(first, stop) - lag, 0, stop - 1)
    return scene.emitted(scene.points()[source])


def _later(lag: int) -> Said:
    if lag < 0:
        return said(words.EARLIER)
    return said(words.ONE_LATER) if lag == 1 else said(words.LATER, n=str(lag))


def costs(scene: Scene) -> Family:
    """Return the thesis with all costs twice as high."""
    doubled = changed(scene.settings, slippage=2 * scene.settings.slippage)
    (outcome,) = scene.outcomes([scene.rows], doubled, fees=2)
    one = variant(scene, "costs_doubled", said(words.TWICE), 0, outcome)
    return Family("costs", words.COSTS, said(words.OF_COSTS), (one,), 1)


def slippages(scene: Scene) -> Family:
    """Return the thesis at other slippages."""
    made = [
        _under(scene, f"slippage_{points}", said(words.POINTS, n=str(points)), points, slippage=points)
        for points in SLIPPAGES
    ]
    return Family("slippage", words.SLIPPAGE, said(words.OF_SLIPPAGE), tuple(made), len(made))


def participations(scene: Scene) -> Family:
    """Return the thesis where it takes less of the volume."""
    made = [
        _under(scene, f"participation_{100 * share:.0f}", f"{100 * share:.0f}%", share, participation=share)
        for share in PARTICIPATIONS
    ]
    return Family("participation", words.PARTICIPATION, said(words.OF_PARTICIPATION), tuple(made), len(made))


def capitals(scene: Scene) -> tuple[Family, tuple[Said, ...]]:
    """Return the thesis with more capital, and what is to be said where that is more than an account can hold."""
    made, told = [], []
    for times in CAPITALS:
        cash = times * scene.settings.cash
        label = said(words.TIMES, n=str(times))
        try:
            made.append(_under(scene, f"capital_x{times}", label, times, cash=cash))
        except UsageError:
            # beyond what whole numbers of 64 bits hold, at the start or as it grows
            told.append(said(words.NO_CAPITAL, n=str(times), most=f"{MOST_CASH:,}"))
    why = told[0] if told and not made else said("")
    return Family("capital", words.CAPITAL, said(words.OF_CAPITAL), tuple(made), len(CAPITALS), why), tuple(told)


def _under(scene: Scene, name: str, label: str, value: float, **settings: Any) -> Variant:  # noqa: ANN401  of each kind
    other: MarketSettings = changed(scene.settings, **settings)
    (outcome,) = scene.outcomes([scene.rows], other)
    return variant(scene, name, label, value, outcome)


def costliest(variants: Iterable[Variant]) -> list[Variant]:
    """Return variants, the one that makes least first, each with its place as value."""
    ordered = sorted(variants, key=lambda one: (one.outcome.final_equity, one.name))
    return [one._replace(value=place) for place, one in enumerate(ordered)]
