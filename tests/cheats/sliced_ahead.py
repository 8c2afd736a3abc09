import numpy as np

from backfolio import Strategy


class SlicedAhead(Strategy):
    """Writes tomorrow's return into today's row."""

    universe = "domestic-compute"

    def targets(self, history):
        close = history.adjusted.close.to_numpy()
        ahead = np.full(close.shape, np.nan)
        ahead[:-1] = close[1:] / close[:-1] - 1
        return np.where(ahead > 0.02, 0.05, 0.0)
