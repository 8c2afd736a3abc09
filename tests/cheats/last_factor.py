from backfolio import Strategy, equal_weight


class LastFactor(Strategy):
    """Buys cheap shares by prices adjusted to the last day."""

    universe = "domestic-compute"

    def targets(self, history):
        factor = history.bars.factor
        forward = history.raw.close * (factor / factor[-1])
        return equal_weight((forward < 20) & history.tradable, slots=20)
