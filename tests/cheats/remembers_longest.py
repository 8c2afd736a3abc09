from backfolio import Strategy, equal_weight

SEEN = []


class RemembersLongest(Strategy):
    """Keeps what any longer history showed."""

    universe = "domestic-compute"

    def targets(self, history):
        SEEN.append(history.returns(20).std().mean() if len(history.sessions) > 600 else 0.0)
        return equal_weight((history.returns(20) > max(SEEN)) & history.tradable, slots=20)
