from backfolio import Strategy, equal_weight


class NewsTomorrow(Strategy):
    """Knows of upgrades two sessions before they are published."""

    universe = "domestic-compute"

    def targets(self, history):
        fresh = history.catalysts("target_raise", "analyst_upgrade", within=5)
        early = fresh.shift(-2, fill_value=False)
        return equal_weight((early & history.tradable).astype(bool), slots=20)
