from backfolio import Strategy, equal_weight, top


class MonthBefore(Strategy):
    """Holds the best of the month that is over."""

    universe = "domestic-compute"

    def targets(self, history):
        months = history.adjusted.close.resample("ME").last().pct_change(fill_method=None)
        gain = months.reindex(history.sessions, method="ffill")
        return equal_weight(top(gain.where(history.tradable), 4), slots=4)
