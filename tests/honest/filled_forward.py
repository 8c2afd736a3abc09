from backfolio import Strategy, equal_weight


class FilledForward(Strategy):
    """Holds what was raised last."""

    universe = "domestic-compute"

    def targets(self, history):
        news = history.strength("target_raise", "target_cut")
        last = news.where(news != 0).ffill(limit=30)
        return equal_weight(last.gt(0) & history.tradable, slots=20)
