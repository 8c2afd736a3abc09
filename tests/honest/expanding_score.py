from backfolio import Strategy, equal_weight


class ExpandingScore(Strategy):
    """Buys what is cheap against the mean of its life so far."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close
        past = price.expanding(min_periods=60)
        score = (price - past.mean()) / past.std()
        return equal_weight((score < -0.5) & history.tradable, slots=20)
