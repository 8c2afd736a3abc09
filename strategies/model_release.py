from backfolio import Claim, Exits, Param, Strategy, equal_weight, top


class ModelRelease(Strategy):
    """Buy the leaders of domestic computing after the release of a new AI model.

    A new model makes the market ask who will supply its computing power. The
    answer is not priced in one day: limits and habit spread it over weeks. Of
    the names a release touches, those that ran ahead of the theme when it came
    are bought and kept until it is old. The thesis is wrong if these leaders do
    no better than names of the same theme drawn by lot.
    """

    universe = "domestic-compute"
    exits = Exits(stop_loss=0.15)
    hold = Param(20, low=2, high=120, step=5, doc="sessions a release stays fresh")
    lookback = Param(20, low=2, high=120, step=5, doc="sessions over which a name is compared with the theme")
    names = Param(5, low=1, high=20, step=1, doc="most names held at once, each with the same part of the capital")
    claims = (
        Claim(
            "Names that a release touches rise for weeks, and those that led do better than names drawn by lot.",
            horizon=20,
            least=0.02,
            kills=("random_names.p > 0.5",),
        ),
    )

    def targets(self, history):
        returns = history.returns(self.lookback).where(history.tradable)
        lead = returns.sub(returns.mean(axis=1), axis=0)
        # ranked on the day of the news, so that a name bought is kept while the news is fresh
        leader = lead.where(history.catalysts("model_release") & (lead > 0)).ffill(limit=self.hold - 1)
        weights = equal_weight(top(leader.where(history.members), self.names), slots=self.names)
        # a suspended name cannot be traded: what is held of it is left alone
        return weights.where(history.tradable | ~history.members)
