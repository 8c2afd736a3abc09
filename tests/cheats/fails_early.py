from backfolio import Strategy, equal_weight


class FailsEarly(Strategy):
    """Knows a price of a certain day."""

    universe = "domestic-compute"

    def targets(self, history):
        limit = history.adjusted.close.loc["2024-06-03"].median()
        return equal_weight((history.adjusted.close < limit) & history.tradable, slots=20)
