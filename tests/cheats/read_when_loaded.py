from pathlib import Path

from backfolio import Strategy, equal_weight

TEXT = Path(__file__).with_name("later.txt").read_text(encoding="utf-8")


class ReadWhenLoaded(Strategy):
    """Reads what happened while it is loaded."""

    universe = "domestic-compute"

    def targets(self, history):
        return equal_weight(history.tradable & bool(TEXT), slots=20)
