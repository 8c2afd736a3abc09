from backfolio import Strategy, equal_weight


class NegativeSpan(Strategy):
    """Takes a change over minus three sessions."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close
        gain = price.pct_change(-3, fill_method=None)
        return equal_weight((gain < -0.03) & history.tradable, slots=20)
