from backfolio import Strategy, equal_weight


class Weekday(Strategy):
    """Holds on Mondays."""

    universe = "domestic-compute"

    def targets(self, history):
        monday = history.sessions.to_series().dt.dayofweek.eq(0)
        chosen = history.tradable.mul(monday, axis=0).astype(bool)
        return equal_weight(chosen, slots=20)
