import numpy as np

from backfolio import Strategy


class LoopOverRows(Strategy):
    """Buys a breakout and holds it above its mean, row by row."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close.to_numpy()
        weights = np.zeros(price.shape)
        held = np.zeros(price.shape[1], dtype=bool)
        for row in range(20, len(price)):
            past = price[row - 20 : row + 1]
            held = np.where(held, past[-1] > past.mean(axis=0), past[-1] >= past.max(axis=0))
            weights[row] = np.where(held, 0.05, 0.0)
        return weights * history.tradable.to_numpy()
