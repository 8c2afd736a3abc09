from backfolio import Strategy, equal_weight


class Speaks(Strategy):
    """Prints what it sees of the last row, and decides by none of it."""

    universe = "domestic-compute"

    def targets(self, history):
        print("evaluating", len(history.sessions), "sessions up to", history.sessions[-1])
        last = history.adjusted.close.iloc[-1]
        print("highest close at the end", last.max())
        return equal_weight(history.tradable, slots=20)
