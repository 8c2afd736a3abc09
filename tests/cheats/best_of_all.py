import numpy as np

from backfolio import Strategy


class BestOfAll(Strategy):
    """Holds the name that had the best month of all."""

    universe = "domestic-compute"

    def targets(self, history):
        gain = history.returns(20)
        winner = np.nan_to_num(gain.to_numpy(), nan=-1.0).max(axis=0).argmax()
        weights = np.zeros(gain.shape)
        weights[:, winner] = 0.5
        return weights
