import numpy as np

from backfolio import Strategy, equal_weight


class KnowsDelisting(Strategy):
    """Leaves out what will be delisted."""

    universe = None

    def targets(self, history):
        lives = np.isnat(history.bars.delisted)
        return equal_weight(history.tradable & lives, slots=30)
