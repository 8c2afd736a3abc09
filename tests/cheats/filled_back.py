from backfolio import Strategy, equal_weight


class FilledBack(Strategy):
    """Fills a raise back to the days before it."""

    universe = "domestic-compute"

    def targets(self, history):
        news = history.strength("target_raise")
        known = news.where(news != 0).bfill(limit=10)
        return equal_weight(known.gt(0) & history.tradable, slots=20)
