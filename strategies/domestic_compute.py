from backfolio import Claim, Exits, Param, Strategy, equal_weight, top


class DomesticCompute(Strategy):
    """Buy domestic-compute names after a model release or an analyst upgrade.

    Both kinds of news say the same thing, that home-made chips will be needed
    sooner than the price says, and both are taken up slowly. Of the names they
    touch, the strongest of the last month are held until the news is old. The
    thesis is wrong if the same names, held without regard to the news, earn as
    much.
    """

    universe = "domestic-compute"
    exits = Exits(stop_loss=0.15)
    hold = Param(20, low=5, high=60, step=5, doc="sessions a catalyst stays fresh")
    names = Param(5, low=1, high=10, step=1, doc="most names held at once, each with the same part of the capital")
    claims = (
        Claim(
            "Names rise for weeks after the news, and trading on it earns more than holding the same names.",
            horizon=20,
            least=0.02,
            kills=("hold.excess < 0",),
        ),
    )

    def targets(self, history):
        fresh = history.catalysts("model_release", "analyst_upgrade", within=self.hold)
        strength = history.returns(20).where(fresh & history.tradable)
        weights = equal_weight(top(strength, self.names), slots=self.names)
        # a suspended name cannot be traded: what is held of it is left alone
        return weights.where(history.tradable | ~history.members)
