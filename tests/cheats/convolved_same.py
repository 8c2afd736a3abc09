import numpy as np

from backfolio import Strategy


class ConvolvedSame(Strategy):
    """Smooths over two sessions before and two after."""

    universe = "domestic-compute"

    def targets(self, history):
        gain = history.returns(1).fillna(0.0).to_numpy()
        smooth = np.apply_along_axis(np.convolve, 0, gain, np.ones(5) / 5, "same")
        return np.where(smooth > 0.005, 0.05, 0.0)
