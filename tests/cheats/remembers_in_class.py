from backfolio import Strategy, equal_weight


class RemembersInClass(Strategy):
    """Answers otherwise every second time."""

    universe = "domestic-compute"
    calls = []

    def targets(self, history):
        self.calls.append(len(history.sessions))
        half = len(self.calls) % 2 == 1
        return equal_weight(history.tradable & half, slots=20)
