from backfolio import Strategy, equal_weight


class ScoredOverAll(Strategy):
    """Buys what is cheap against the mean of its whole life."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close
        score = (price - price.mean()) / price.std()
        return equal_weight((score < -0.5) & history.tradable, slots=20)
