from backfolio import Strategy, equal_weight


class RollingMean(Strategy):
    """Buys above the mean of a month."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close
        return equal_weight((price > price.rolling(20).mean()) & history.tradable, slots=20)
