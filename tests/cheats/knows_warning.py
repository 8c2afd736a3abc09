from backfolio import Strategy, equal_weight


class KnowsWarning(Strategy):
    """Leaves out what will be under risk warning."""

    universe = None

    def targets(self, history):
        warned = history.bars.st.any(axis=0)
        return equal_weight(history.tradable & ~warned, slots=30)
