from backfolio import Strategy, equal_weight


class TurnedRound(Strategy):
    """Buys what will stand a tenth higher some day."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close
        best_later = price[::-1].cummax()[::-1]
        return equal_weight((best_later > price * 1.1) & history.tradable, slots=20)
