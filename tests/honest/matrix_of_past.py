import numpy as np

from backfolio import Strategy


class MatrixOfPast(Strategy):
    """Buys what rose in ten sessions, by sums alone."""

    universe = "domestic-compute"

    def targets(self, history):
        gain = history.returns(1).fillna(0.0).to_numpy()
        total = np.cumsum(gain, axis=0)
        before = np.vstack([np.zeros((10, gain.shape[1])), total[:-10]])
        return np.where((total - before > 0.05) & history.tradable.to_numpy(), 0.05, 0.0)
