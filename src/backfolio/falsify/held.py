"""The names that a thesis bought, held: what is left of its profit once its choice of names is granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backfolio.falsify.luck import curves, daily
from backfolio.falsify.model import Held
from backfolio.metrics import trade_statistics
from backfolio.strategy.emission import sparse_rows, to_points
from backfolio.sweep import Trial, sparse, sweep
from backfolio.targets import Targets
from backfolio.weights import equal_weight

if TYPE_CHECKING:
    from backfolio.falsify.scene import Scene


def held(scene: Scene) -> Held | None:
    """Return its names in equal parts with its mean exposure, held; None where it held nothing.

    Each from its first bar as a member on; brought back to equal parts only
    when a name joins or leaves, as in `nulls.hold_targets`. No exits.
    """
    exposure = trade_statistics(scene.ledger).exposure
    bought = sorted({fill.symbol for fill in scene.ledger.fills if fill.side == "buy"})
    if not exposure:
        return None
    history, settings = scene.prepared.history, scene.settings
    listed = np.logical_or.accumulate(history.tradable.to_numpy(), axis=0) & history.members.to_numpy()
    chosen = np.zeros_like(listed)
    chosen[:, bought] = listed[:, bought]
    weights = np.asarray(equal_weight(chosen), dtype=np.float64) * exposure
    rows = sparse(Targets(sparse_rows(to_points(weights), scene.bars.sessions, "on_change", 0, len(weights))))
    made = sweep(scene.bars, [rows], [Trial(settings=settings)], equity=True)
    (outcome,) = scene.luck.outcomes(made, settings.cash_mills)
    theirs, own = curves(made)[0], scene.ledger.equity
    lead = scene.ledger.returns() - daily(theirs, settings.cash_mills)
    return Held(
        outcome=outcome,
        exposure=exposure,
        names=len(bought),
        excess=(int(own[-1]) - int(theirs[-1])) / settings.cash_mills,
        equity=theirs,
        own=own,
        leads=scene.luck.leads(lead),
        p=scene.luck.p_value(lead),
    )
