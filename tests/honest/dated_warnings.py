from backfolio import Strategy, equal_weight


class DatedWarnings(Strategy):
    """Leaves out what is under risk warning on the day."""

    universe = None

    def targets(self, history):
        warned = history.bars.st
        return equal_weight(history.tradable & ~warned, slots=40)
