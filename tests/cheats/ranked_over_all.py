from backfolio import Strategy, equal_weight


class RankedOverAll(Strategy):
    """Ranks a day's volume among all days, the later ones too."""

    universe = "domestic-compute"

    def targets(self, history):
        trade = history.raw.volume
        place = trade.rank(pct=True)
        return equal_weight((place > 0.9) & history.tradable, slots=20)
