import numpy as np

from backfolio import Strategy, equal_weight


class NameOfToday(Strategy):
    """Leaves out whose name has a warning in it today."""

    universe = None

    def targets(self, history):
        warned = [name.startswith("*ST") for name in history.bars.names.values()]
        return equal_weight(history.tradable & ~np.array(warned), slots=30)
