from backfolio import Strategy, equal_weight, top


class LastRow(Strategy):
    """Compares every price with the last one."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close
        ahead = price.iloc[-1] / price - 1
        return equal_weight(top(ahead.where(history.tradable), 3), slots=3)
