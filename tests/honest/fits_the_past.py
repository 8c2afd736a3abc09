import numpy as np

from backfolio import Strategy


class FitsThePast(Strategy):
    """Fits betas every month to the half year before, to all that is in the data."""

    universe = "daily-life"

    def targets(self, history):
        gain = history.returns(1).fillna(0.0).to_numpy()
        market = gain.mean(axis=1)
        weights = np.zeros(gain.shape)
        for row in range(120, len(gain), 20):
            past, index = gain[row - 119 : row + 1], market[row - 119 : row + 1]
            beta = past.T @ index / (index @ index)
            weights[row : row + 20] = np.where(beta < 1.0, 0.05, 0.0)
        return weights * history.tradable.to_numpy()
