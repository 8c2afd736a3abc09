from backfolio import Strategy, equal_weight


class RankedAcross(Strategy):
    """Holds the best third of the members of the day."""

    universe = "domestic-compute"

    def targets(self, history):
        gain = history.returns(60).where(history.tradable)
        place = gain.rank(axis=1, pct=True)
        return equal_weight(place > 0.7, slots=20)
