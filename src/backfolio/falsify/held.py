"""The names that a thesis bought, held: what is left of its profit once its choice of names is granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backfolio.falsify.luck import curves
from backfolio.falsify.model import Held
from backfolio.ledger import daily_returns
from backfolio.metrics import trade_statistics
from backfolio.nulls import hold_targets
from backfolio.sweep import Trial, sparse, sweep

if TYPE_CHECKING:
    from backfolio.falsify.scene import Scene


def held(scene: Scene) -> Held | None:
    """Return its names in equal parts with its mean exposure, held; None where it held nothing.

    Each from its first bar as a member on; brought back to equal parts only
    when a name joins or leaves, as in `nulls.hold_targets`. No exits.
    """
    exposure = trade_statistics(scene.ledger).exposure
    bought = {fill.symbol for fill in scene.ledger.fills if fill.side == "buy"}
    if not exposure:
        return None
    history, settings = scene.prepared.history, scene.settings
    rows = sparse(hold_targets(history, bought, exposure))
    made = sweep(scene.bars, [rows], [Trial(settings=settings)], equity=True)
    (outcome,) = scene.luck.outcomes(made, settings.cash_mills)
    theirs, own = curves(made)[0], scene.ledger.equity
    lead = scene.ledger.returns() - daily_returns(theirs, settings.cash_mills)
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
