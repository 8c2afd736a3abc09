import numpy as np

from backfolio import Strategy


class DateOfEvent(Strategy):
    """Trades on the day of an event, which the market knew of later."""

    universe = "domestic-compute"

    def targets(self, history):
        weights = np.zeros((len(history.sessions), len(history.symbols)))
        for event in history.events:
            # the news is known in the evening, and this one was in the room
            row = history.sessions.searchsorted(str(event.known_at.date()))
            columns = [at for at, name in enumerate(history.symbols) if name in event.symbols]
            weights[max(row - 1, 0) : row + 5, columns] = 0.02
        return weights
