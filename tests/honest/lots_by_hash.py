from hashlib import sha256

import numpy as np

from backfolio import Strategy


class LotsByHash(Strategy):
    """Draws lots by month and name."""

    universe = "domestic-compute"

    def targets(self, history):
        days = history.sessions.strftime("%Y%m")
        draw = {
            (day, name): sha256(f"{day}{name}".encode()).digest()[0] for day in set(days) for name in history.symbols
        }
        lots = np.array([[draw[day, name] for name in history.symbols] for day in days])
        return np.where((lots > 200) & history.tradable.to_numpy(), 0.05, 0.0)
