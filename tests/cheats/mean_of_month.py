from backfolio import Strategy, equal_weight


class MeanOfMonth(Strategy):
    """Buys below the mean of the month that has just begun."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close
        month = history.sessions.to_period("M")
        middle = price.groupby(month).transform("mean")
        return equal_weight((price < middle) & history.tradable, slots=20)
