import numpy as np

from backfolio import Claim, Exits, Param, Strategy


class AnalystUpgrade(Strategy):
    """Buy what analysts have just become keener on, and more of it the more they raised.

    An upgrade, or a target price raised by a good part, is read by funds that
    may buy only after a committee has met: the price follows for weeks. The
    size of a position goes with the raise; an upgrade that names no raise
    counts as the least one. The thesis is wrong if names alike that nobody
    upgraded do as well, and its sizes are wrong if large raises earn no more
    than small ones.
    """

    universe = "domestic-compute"
    exits = Exits(stop_loss=0.15)
    hold = Param(20, low=1, high=120, step=5, doc="sessions an upgrade or a raise stays fresh")
    min_raise = Param(0.1, low=0.01, high=1.0, step=0.05, doc="least raise of a target acted on, as a fraction")
    full_raise = Param(0.4, low=0.05, high=2.0, step=0.05, doc="raise that earns the largest position, as a fraction")
    most = Param(0.25, low=0.02, high=1.0, step=0.05, doc="largest position, as a fraction of the capital")
    claims = (
        Claim(
            "Names go on rising for weeks after an upgrade, more than names alike that nobody upgraded.",
            horizon=20,
            least=0.02,
            kills=("random_names.p > 0.5",),
        ),
    )

    def targets(self, history):
        upgraded = history.catalysts("analyst_upgrade", within=self.hold)
        raised = history.strength("analyst_upgrade", "target_raise", within=self.hold, of="highest")
        counts = (upgraded | (raised >= self.min_raise)) & history.members
        conviction = np.minimum(np.maximum(raised, self.min_raise) / self.full_raise, 1.0)
        weights = conviction.where(counts, 0.0) * self.most
        weights = weights.div(weights.sum(axis=1).clip(lower=1.0), axis=0)
        # a suspended name cannot be traded: what is held of it is left alone
        return weights.where(history.tradable | ~history.members)
