import numpy as np

from backfolio import Strategy, equal_weight


class KnowsHalt(Strategy):
    """Leaves out what is suspended tomorrow."""

    universe = "domestic-compute"

    def targets(self, history):
        traded = history.bars.traded
        stays = np.ones(traded.shape, dtype=bool)
        stays[:-1] = traded[1:]
        return equal_weight(history.tradable & stays, slots=20)
