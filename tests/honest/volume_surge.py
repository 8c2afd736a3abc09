from backfolio import Strategy, equal_weight


class VolumeSurge(Strategy):
    """Buys what is traded three times as much as usual."""

    universe = "domestic-compute"

    def targets(self, history):
        volume = history.raw.volume
        usual = volume.rolling(20, min_periods=5).median().shift(1)
        return equal_weight(((volume > 3 * usual) & history.tradable).rolling(5).max().fillna(0).astype(bool), slots=20)
