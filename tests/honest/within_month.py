from backfolio import Strategy, equal_weight


class WithinMonth(Strategy):
    """Buys what has fallen since the month began."""

    universe = "domestic-compute"

    def targets(self, history):
        gain = history.returns(1)
        month = history.sessions.to_period("M")
        so_far = gain.groupby(month).cumsum()
        return equal_weight((so_far < -0.05) & history.tradable, slots=20)
