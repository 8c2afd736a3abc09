from datetime import datetime

from backfolio import Strategy, equal_weight


class DayOfRun(Strategy):
    """Trades by the day on which it is run."""

    universe = "domestic-compute"

    def targets(self, history):
        age = (datetime.now() - history.sessions[-1]).days
        return equal_weight(history.tradable & (age % 2 == 0), slots=20)
