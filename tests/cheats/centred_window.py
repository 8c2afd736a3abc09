from backfolio import Strategy, equal_weight


class CentredWindow(Strategy):
    """Buys below a mean of which half lies ahead."""

    universe = "domestic-compute"

    def targets(self, history):
        price = history.adjusted.close
        smooth = price.rolling(11, center=True).mean()
        return equal_weight((price < smooth) & history.tradable, slots=20)
