from backfolio import Strategy, equal_weight


class RankedWithLaterNames(Strategy):
    """Ranks members among names that joined later."""

    universe = "domestic-compute"

    def targets(self, history):
        gain = history.returns(20)
        middle = gain.rank(axis=1, pct=True)
        return equal_weight((middle > 0.7) & history.tradable, slots=20)
