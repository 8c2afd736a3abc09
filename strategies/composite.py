from analyst_upgrade import AnalystUpgrade
from capex import Capex
from export_control import ExportControl
from model_release import ModelRelease
from route_rotation import RouteRotation
from spillover import Spillover

from backfolio import Claim, Exits, Param, Strategy

PARTS = (ModelRelease, AnalystUpgrade, Capex, ExportControl, Spillover, RouteRotation)


class Composite(Strategy):
    """Give each of the other theses a part of the capital, and bound what one name may get from all.

    The reasons to buy these names come at different times: a release, an
    upgrade, an order book, a policy, a neighbour at its limit, a route that
    leads. Each thesis, with its own default parameters, asks for the same
    part of the capital; where they want more than there is, all are cut
    alike, and what exceeds the bound of one name stays cash. Exits are those
    of this thesis, not of its parts. It is wrong if it does no better for its
    risk than the best of its parts, which a comparison of their runs shows,
    for then the others only dilute it; and as all of them hold the same
    theme, they may all be wrong together, and earn no more than its names
    held.
    """

    universe = "domestic-compute"
    exits = Exits(stop_loss=0.15)
    part = Param(0.3, low=0.05, high=1.0, step=0.05, doc="part of the capital that each thesis asks for")
    most = Param(0.15, low=0.02, high=1.0, step=0.05, doc="largest position, as a fraction of the capital")
    claims = (
        Claim(
            "News of these kinds lifts the names it touches for weeks, and trading on it beats holding them.",
            horizon=20,
            least=0.02,
            kills=("hold.excess < 0",),
        ),
    )

    def targets(self, history):
        weights = sum(thesis().targets(history) for thesis in PARTS) * self.part
        weights = weights.div(weights.sum(axis=1).clip(lower=1.0), axis=0)
        return weights.clip(upper=self.most)
