from backfolio import Strategy, equal_weight


class DrawdownSoFar(Strategy):
    """Buys what stands far below its highest close so far."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close.ffill()
        fall = price / price.cummax() - 1
        return equal_weight((fall < -0.3) & history.tradable, slots=20)
