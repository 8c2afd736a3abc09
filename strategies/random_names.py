from hashlib import blake2b

import numpy as np
import pandas as pd

from backfolio import Param, Strategy, equal_weight, top


class RandomNames(Strategy):
    """Hold names of the theme drawn by lot, and draw anew every few weeks.

    A null hypothesis: as many names, in parts of the same size and for about as
    long as the other theses hold theirs, but chosen for no reason. A thesis that
    does not beat most seeds has shown nothing about its choice of names.
    """

    universe = "domestic-compute"
    seed = Param(1, low=0, high=1_000_000, step=1, doc="number of the lottery")
    hold = Param(15, low=1, high=120, step=5, doc="weekdays from one draw to the next")
    names = Param(5, low=1, high=20, step=1, doc="names held at once, each with the same part of the capital")

    def targets(self, history):
        # Each lot depends on seed, draw and symbol alone, so that no other session or name can change it.
        days = history.sessions.to_numpy().astype("datetime64[D]")
        draws, draw_of = np.unique(np.busday_count(np.datetime64(0, "D"), days) // self.hold, return_inverse=True)
        lots = np.array([[self._lot(draw, symbol) for symbol in history.symbols] for draw in draws])
        luck = pd.DataFrame(lots[draw_of], index=history.sessions, columns=list(history.symbols))
        chosen = top(luck.where(history.tradable), self.names)
        # a suspended name cannot be traded: what is held of it is left alone
        return equal_weight(chosen, slots=self.names).where(history.tradable | ~history.members)

    def _lot(self, draw, symbol):
        digest = blake2b(f"{self.seed} {draw} {symbol}".encode(), digest_size=6).digest()
        return int.from_bytes(digest, "big")
