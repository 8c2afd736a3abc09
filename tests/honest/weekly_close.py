from backfolio import Strategy, equal_weight


class WeeklyClose(Strategy):
    """Buys above the close of the week before."""

    universe = "domestic-compute"

    def targets(self, history):
        weeks = history.adjusted.close.resample("W-FRI").last()
        last = weeks.reindex(history.sessions, method="ffill")
        return equal_weight((history.adjusted.close > last) & history.tradable, slots=20)
