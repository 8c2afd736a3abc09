"""The thesis that is tuned here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backfolio import Exits, Param, Strategy, equal_weight, top

if TYPE_CHECKING:
    import pandas as pd

    from backfolio.history import History


class FreshStrength(Strategy):
    """Buy the strongest of the names that fresh news touches: `domestic_compute` with one parameter more."""

    universe = "domestic-compute"
    exits = Exits(stop_loss=0.15)
    hold = Param(20, low=5, high=60, step=5, doc="sessions a catalyst stays fresh")
    names = Param(5, low=1, high=10, step=1, doc="most names held at once")
    span = Param(20, low=2, high=60, step=5, doc="sessions over which strength is measured")

    def targets(self, history: History) -> pd.DataFrame:
        """Return the weights; see `Strategy.targets`."""
        fresh = history.catalysts("model_release", "analyst_upgrade", within=self.hold)
        strength = history.returns(self.span).where(fresh & history.tradable)
        weights = equal_weight(top(strength, self.names), slots=self.names)
        return weights.where(history.tradable | ~history.members)
