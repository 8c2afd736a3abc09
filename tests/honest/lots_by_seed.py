import numpy as np

from backfolio import Strategy


class LotsBySeed(Strategy):
    """Draws lots from a seed for each day."""

    universe = "domestic-compute"

    def targets(self, history):
        weights = np.zeros((len(history.sessions), len(history.symbols)))
        for row, day in enumerate(history.sessions):
            lots = np.random.default_rng(day.toordinal()).permutation(100)
            numbers = np.array([int(name[2:6]) % 100 for name in history.symbols])
            weights[row] = np.where(lots[numbers] > 80, 0.05, 0.0)
        return weights * history.tradable.to_numpy()
