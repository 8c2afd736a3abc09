import pandas as pd

from backfolio import Strategy, equal_weight


class SymbolsOfUniverse(Strategy):
    """Leaves out whoever left the universe, also before it left."""

    universe = "domestic-compute"

    def targets(self, history):
        names = [one.symbol for one in history.universe.members if str(one.to) == "NaT"]
        inside = pd.DataFrame(False, index=history.sessions, columns=list(history.symbols))
        inside[[name for name in history.symbols if name in names]] = True
        return equal_weight(inside & history.tradable, slots=20)
