import numpy as np

from backfolio import Strategy


class AgeOfNews(Strategy):
    """Walks over the catalysts itself, by the row on which each could be used."""

    universe = "domestic-compute"

    def targets(self, history):
        weights = np.zeros((len(history.sessions), len(history.symbols)))
        for touch in history.touches():
            if touch.catalyst.strength > 0 and touch.row >= 0:
                weights[touch.row : touch.row + 10, list(touch.columns)] = 0.05
        return weights * history.tradable.to_numpy()
