from backfolio import Claim, Exits, Param, Strategy, equal_weight, top


class ExportControl(Strategy):
    """Buy home-made chips when policy takes the foreign ones away, and sell when it gives them back.

    An export rule, or a regulator's word against a foreign chip, moves demand
    to whoever can still deliver; budgets and designs take months to follow.
    Of the names that a policy touches the strongest of the last weeks are
    held while it is fresh, for strength shows whom buyers turn to. A policy
    that lets foreign chips in again counts from its day on and sells. The
    thesis is wrong if pressure and relief move these names alike, or if
    others of the theme do as well.
    """

    universe = "domestic-compute"
    exits = Exits(stop_loss=0.15)
    hold = Param(30, low=5, high=120, step=5, doc="sessions a policy stays fresh")
    lookback = Param(20, low=2, high=120, step=5, doc="sessions over which strength is measured")
    names = Param(4, low=1, high=20, step=1, doc="most names held at once, each with the same part of the capital")
    claims = (
        Claim(
            "Pressure lifts home-made chips for weeks and relief lowers them, more than others of the theme.",
            horizon=30,
            least=0.02,
            kills=("random_names.p > 0.5",),
        ),
    )

    def targets(self, history):
        pressure = history.strength("policy", within=self.hold)
        strength = history.returns(self.lookback).where((pressure > 0) & history.tradable)
        weights = equal_weight(top(strength, self.names), slots=self.names)
        # a suspended name cannot be traded: what is held of it is left alone
        return weights.where(history.tradable | ~history.members)
