import numpy as np

from backfolio import Strategy


class ComponentsOfAll(Strategy):
    """Weighs names by a component of all returns."""

    universe = "domestic-compute"

    def targets(self, history):
        gain = history.returns(1).fillna(0.0).to_numpy()
        first = np.linalg.svd(gain - gain.mean(axis=0), full_matrices=False)[2][0]
        score = np.sign(first[0]) * gain * first
        return np.where(score > np.quantile(score, 0.9), 0.05, 0.0)
