from backfolio import Strategy, equal_weight


def _rises(gain):
    later = gain.shift(-1)
    return later > 0.01


class HelperPeeks(Strategy):
    """Peeks in a helper."""

    universe = "domestic-compute"

    def targets(self, history):
        return equal_weight(_rises(history.returns(1)) & history.tradable, slots=20)
