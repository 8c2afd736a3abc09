from backfolio import Strategy, equal_weight


class BuyAndHold(Strategy):
    """Buy every name of the theme in equal parts on the first day, and hold.

    A null hypothesis: what the theme earned without any thesis. It trades again
    only when a name joins the theme (or is listed) or leaves it; then all names
    are brought back to equal parts. What is suspended or at its limit on the day
    of buying is not bought.
    """

    universe = "domestic-compute"

    def targets(self, history):
        listed = history.tradable.cummax()
        return equal_weight(listed & history.members)
