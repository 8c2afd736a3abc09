"""The thesis without what it may rest on: one catalyst, one name, its best sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.falsify import words
from backfolio.falsify.model import Family, Outcome
from backfolio.falsify.variants import costliest, variant
from backfolio.history import History
from backfolio.metrics import ratios, trade_statistics
from backfolio.said import listed, said
from backfolio.sweep import Trial, sweep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.falsify.scene import Scene
    from backfolio.sweep import Rows

MOST_SHOWN: Final = 20
"""Catalysts, and names, that are shown of those left out in turn."""

MOST_CATALYSTS: Final = 1_000
"""Left out in turn; of more, those of the largest strength."""

MOST_NAMES: Final = 60
"""Left out in turn; of more, those that made most, for each needs its own market."""

SESSIONS: Final = (1, 3, 5, 10)
"""Best sessions left out."""

AT_ONCE: Final = 100


def catalysts(scene: Scene) -> Family:
    """Return the thesis without each of its catalysts in turn, the one that costs most first."""
    name, label, says = "without_catalyst", words.WITHOUT_CATALYST, said(words.OF_WITHOUT_CATALYST)
    inside = scene.inside
    if not inside:
        why = said(words.NO_CATALYSTS, kinds=listed(scene.kinds)) if scene.kinds else said(words.NONE_ASKED)
        return Family(name, label, says, why=why)
    touches = scene.catalogue.touches
    tried = sorted(inside, key=lambda at: -abs(touches[at].catalyst.strength))[:MOST_CATALYSTS]
    finals: list[int] = []
    asked: list[Rows] = []
    for first in range(0, len(tried), AT_ONCE):
        scene.step(label, first, len(tried))
        some = [scene.ask(scene.catalogue.without(at)) for at in tried[first : first + AT_ONCE]]
        finals += scene.finals(some).tolist()
        asked += some
    # only what is shown is measured whole, for the chance that it is luck takes as long as the rest together
    shown = sorted(range(len(tried)), key=lambda one: (finals[one], touches[tried[one]].catalyst.id))[:MOST_SHOWN]
    outcomes = scene.outcomes([asked[one] for one in shown])
    left = [touches[tried[one]].catalyst for one in shown]
    found = [
        variant(scene, one.id, one.title, place, outcome, one.source)
        for place, (one, outcome) in enumerate(zip(left, outcomes, strict=True))
    ]
    return Family(name, label, says, tuple(found), len(inside))


def names(scene: Scene) -> Family:
    """Return the thesis in markets without each name that it bought in turn, the one that costs most first."""
    family, label, says = "without_name", words.WITHOUT_NAME, said(words.OF_WITHOUT_NAME)
    bars = scene.bars
    made = {total.symbol: total.result for total in trade_statistics(scene.ledger, bars).names if total.buys}
    if len(bars.symbols) == 1:
        return Family(family, label, says, of=1, why=said(words.ONE_NAME))
    tried = sorted(made, key=lambda symbol: (-made[symbol], symbol))[:MOST_NAMES]
    found = []
    for at, symbol in enumerate(tried):
        scene.step(label, at, len(tried))
        found.append(variant(scene, symbol, bars.names.get(symbol) or symbol, 0, _without_name(scene, symbol)))
    return Family(family, label, says, tuple(costliest(found)[:MOST_SHOWN]), len(made))


def _without_name(scene: Scene, symbol: str) -> Outcome:
    known = scene.prepared.known
    rest = tuple(one for one in known.symbols if one != symbol)
    history = History.__new__(History)
    history._set(  # noqa: SLF001  what was known at the end, which the constructor would make of all the data
        bars=known.bars.columns(rest),
        events=known.events,
        universe=known.universe,
        benchmark_symbol=known.benchmark_symbol,
        absent=(*known.absent, symbol),
    )
    rows = scene.ask(history)
    trial = Trial(0, scene.strategy.exits, scene.settings)
    made = sweep(scene.bars.columns(rest), [rows], [trial], equity=True)
    return scene.luck.outcomes(made, scene.settings.cash_mills)[0]


def sessions(scene: Scene) -> Family:
    """Return the thesis as if its account had stood still on its best sessions."""
    returns = scene.ledger.returns()
    best = np.argsort(-returns, kind="stable")
    counts = [count for count in SESSIONS if count < len(returns)]
    made = []
    for count in counts:
        left = returns.copy()
        left[best[:count]] = 0.0
        label = said(words.WITHOUT_THE_BEST) if count == 1 else said(words.WITHOUT_BEST, n=str(count))
        name = "without_best_session" if count == 1 else f"without_best_{count}_sessions"
        made.append(variant(scene, name, label, count, _still(scene, left)))
    return Family("without_session", words.WITHOUT_SESSION, said(words.OF_WITHOUT_SESSION), tuple(made), len(made))


def _still(scene: Scene, returns: NDArray[np.float64]) -> Outcome:
    cash = scene.settings.cash_mills
    total = float(np.prod(1.0 + returns) - 1.0)
    return Outcome(
        total_return=total,
        sharpe=ratios.sharpe(returns),
        max_drawdown=ratios.max_drawdown(returns) or 0.0,
        fills=len(scene.ledger.fills),
        final_equity=round(cash * (1.0 + total)),
        p=scene.luck.p_value(returns - scene.luck.rival),
    )
