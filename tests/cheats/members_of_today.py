from backfolio import Strategy, equal_weight


class MembersOfToday(Strategy):
    """Holds whoever belongs to the universe today, from the beginning."""

    universe = "domestic-compute"

    def targets(self, history):
        known = history.returns(20).notna()
        return equal_weight(known, slots=20)
