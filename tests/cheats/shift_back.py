from backfolio import Strategy, equal_weight, top


class ShiftBack(Strategy):
    """Buys what rises tomorrow."""

    universe = "domestic-compute"

    def targets(self, history):
        gain = history.returns(1)
        tomorrow = gain.shift(-1)
        return equal_weight(top(tomorrow.where(history.tradable), 3), slots=3)
