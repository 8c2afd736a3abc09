from backfolio import Strategy, equal_weight


class Interpolated(Strategy):
    """Draws a line from Friday to Friday."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close
        weekly = price.where(history.sessions.to_series().dt.dayofweek.eq(4), axis=0)
        between = weekly.interpolate()
        return equal_weight((between > price) & history.tradable, slots=20)
