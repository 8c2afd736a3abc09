from backfolio import Strategy, equal_weight

SEEN = {}


class RemembersInModule(Strategy):
    """Keeps the first mean that it saw."""

    universe = "domestic-compute"

    def targets(self, history):
        if "mean" not in SEEN:
            SEEN["mean"] = history.adjusted.close.mean()
        return equal_weight((history.adjusted.close < SEEN["mean"]) & history.tradable, slots=20)
