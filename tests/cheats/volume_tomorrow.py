import numpy as np

from backfolio import Strategy


class VolumeTomorrow(Strategy):
    """Buys what is traded twice as much tomorrow."""

    universe = "domestic-compute"

    def targets(self, history):
        volume = history.raw.volume.to_numpy()
        grows = np.zeros(volume.shape, dtype=bool)
        grows[:-1] = volume[1:] > 2 * volume[:-1]
        return np.where(grows, 0.05, 0.0)
