from backfolio import Strategy, equal_weight, top


class Yesterday(Strategy):
    """Buys what fell yesterday."""

    universe = "domestic-compute"

    def targets(self, history):
        before = history.returns(1).shift(1)
        return equal_weight(top(-before.where(history.tradable), 3), slots=3)
