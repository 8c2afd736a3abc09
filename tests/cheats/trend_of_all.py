import numpy as np

from backfolio import Strategy


class TrendOfAll(Strategy):
    """Buys below a line through all prices."""

    universe = "domestic-compute"

    def targets(self, history):
        price = np.log(history.adjusted.close.ffill().fillna(1.0).to_numpy())
        rows = np.arange(len(price))
        slope, level = np.polyfit(rows, price, 1)
        return np.where(price < rows[:, None] * slope + level, 0.05, 0.0)
