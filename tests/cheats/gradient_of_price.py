import numpy as np

from backfolio import Strategy


class GradientOfPrice(Strategy):
    """Takes the slope between yesterday and tomorrow."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close.ffill().fillna(1.0).to_numpy()
        slope = np.gradient(price, axis=0)
        return np.where(slope > 0, 0.05, 0.0) * history.tradable.to_numpy()
