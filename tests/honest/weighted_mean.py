from backfolio import Strategy, equal_weight


class WeightedMean(Strategy):
    """Buys what has begun to rise."""

    universe = "domestic-compute"

    def targets(self, history):
        gain = history.returns(1)
        fast, slow = gain.ewm(span=10).mean(), gain.ewm(span=60).mean()
        return equal_weight((fast > slow) & history.tradable, slots=20)
