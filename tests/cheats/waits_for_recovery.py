import numpy as np

from backfolio import Strategy


class WaitsForRecovery(Strategy):
    """Looks five sessions ahead in a loop."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close.to_numpy()
        weights = np.zeros(price.shape)
        for row in range(20, len(price) - 5):
            recovered = price[row + 5] > price[row] * 1.1
            weights[row, recovered] = 0.05
        return weights
