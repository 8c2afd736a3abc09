from backfolio import Strategy, equal_weight


class AlignedToNext(Strategy):
    """Labels the last close of a month with its first day."""

    universe = "domestic-compute"

    def targets(self, history):
        months = history.adjusted.close.resample("MS").last()
        target = months.reindex(history.sessions, method="ffill")
        return equal_weight((target > history.adjusted.close) & history.tradable, slots=20)
