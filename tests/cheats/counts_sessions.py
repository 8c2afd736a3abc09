from backfolio import Strategy, equal_weight


class CountsSessions(Strategy):
    """Waits for the second half of what will be."""

    universe = "domestic-compute"

    def targets(self, history):
        half = len(history.sessions) // 2
        weights = equal_weight(history.tradable, slots=20)
        weights.iloc[:half] = 0.0
        return weights
