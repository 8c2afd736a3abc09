from backfolio import Strategy, equal_weight


class AlignedToNearest(Strategy):
    """Takes the nearest of the prices of every fifth session."""

    universe = "domestic-compute"

    def targets(self, history):
        some = history.adjusted.close.iloc[::5]
        near = some.reindex(history.sessions, method="nearest")
        return equal_weight((near > history.adjusted.close) & history.tradable, slots=20)
