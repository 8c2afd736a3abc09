from backfolio import Strategy, equal_weight, top


class LowVolatility(Strategy):
    """Holds the calmest names, and leaves alone what is suspended."""

    universe = "domestic-compute"

    def targets(self, history):
        swing = history.returns(1).rolling(60).std()
        calm = top((-swing).where(history.tradable), 5)
        return equal_weight(calm, slots=5).where(history.tradable | ~history.members)
