from backfolio import Strategy, equal_weight


class QuantileOverAll(Strategy):
    """Takes the limit of a large move from all moves."""

    universe = "domestic-compute"

    def targets(self, history):
        move = history.returns(5)
        high = move.quantile(0.9)
        return equal_weight((move > high) & history.tradable, slots=20)
