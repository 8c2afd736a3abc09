import pandas as pd

from backfolio import Strategy, equal_weight


class KnowsLock(Strategy):
    """Buys what closes at its limit tomorrow."""

    universe = "domestic-compute"

    def targets(self, history):
        locked = history.bars.up == history.bars.close
        soon = pd.DataFrame(locked, history.sessions, list(history.symbols)).shift(-1, fill_value=False)
        return equal_weight(history.tradable & soon, slots=20)
