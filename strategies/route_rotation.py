import numpy as np

from backfolio import Claim, Exits, Param, Strategy, equal_weight


class RouteRotation(Strategy):
    """Hold the technical route that leads: chips programmed like GPUs, or chips with an ecosystem of their own.

    Two routes compete for the same orders. One runs the software that is
    there, the other is free of foreign rules; news favours now the one, now
    the other, and buyers follow for weeks. The route whose names have risen
    more by a clear margin is held, until the other leads by as much. The
    thesis is wrong if the route that led does not go on leading. Each route
    has two or three names, so what it earns may be one name's luck.
    """

    universe = "domestic-compute"
    exits = Exits(trailing=0.2)
    lookback = Param(20, low=2, high=120, step=5, doc="sessions over which the routes are compared")
    margin = Param(0.05, low=0.0, high=0.5, step=0.01, doc="lead from which a route is taken, as a fraction")
    most = Param(0.25, low=0.02, high=1.0, step=0.05, doc="largest position, as a fraction of the capital")
    claims = (
        Claim(
            "The route that leads goes on leading for weeks, and not by the luck of one name.",
            horizon=20,
            least=0.02,
            kills=("random_names.p > 0.5", "without_best_name.total_return < 0"),
        ),
    )

    def targets(self, history):
        returns = history.returns(self.lookback).where(history.tradable)
        one, other = history.routes["gpgpu"], history.routes["own-ecosystem"]
        lead = returns.where(one).mean(axis=1) - returns.where(other).mean(axis=1)
        # a lead within the margin changes nothing: the route held stays
        leader = np.sign(lead.where(lead.abs() > self.margin)).ffill()
        chosen = one.mul(leader == 1, axis=0) | other.mul(leader == -1, axis=0)
        weights = equal_weight(chosen, most=self.most)
        # a suspended name cannot be traded: what is held of it is left alone
        return weights.where(history.tradable | ~history.members)
