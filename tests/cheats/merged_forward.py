import pandas as pd

from backfolio import Strategy, equal_weight


class MergedForward(Strategy):
    """Joins every day with the Friday after it."""

    universe = "domestic-compute"

    def targets(self, history):
        gain = history.returns(5).stack().rename("gain").reset_index()
        gain.columns = ["day", "symbol", "gain"]
        gain["day"] = gain["day"].astype("datetime64[ns]")
        asked = gain[["day", "symbol"]]
        other = gain[gain["day"].dt.dayofweek == 4]
        merged = pd.merge_asof(asked, other, on="day", by="symbol", direction="forward")
        wide = merged.pivot(index="day", columns="symbol", values="gain")
        wide = wide.reindex(index=history.sessions, columns=list(history.symbols))
        return equal_weight(wide.gt(0.03) & history.tradable, slots=20)
