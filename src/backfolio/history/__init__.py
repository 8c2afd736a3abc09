"""All that was known, as frames of sessions x symbols, for a thesis to read."""

from backfolio.history.frames import History, Touch
from backfolio.history.prices import AdjustedPrices, RawPrices

__all__ = ["AdjustedPrices", "History", "RawPrices", "Touch"]
