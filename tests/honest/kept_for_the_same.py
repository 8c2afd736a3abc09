from backfolio import Strategy, equal_weight

KEPT = {}


class KeptForTheSame(Strategy):
    """Keeps a figure, by all that it follows from."""

    universe = "domestic-compute"

    def targets(self, history):
        key = (len(history.sessions), history.bars.fingerprint)
        if key not in KEPT:
            KEPT[key] = history.returns(20).rolling(10).mean()
        return equal_weight((KEPT[key] > 0) & history.tradable, slots=20)
