from backfolio import Claim, Exits, Param, Strategy, equal_weight


class Capex(Strategy):
    """Buy the suppliers of computing after a large internet house says that it will spend more.

    What Alibaba, Tencent or ByteDance spend on data centres is somebody's
    order book: accelerators, processors, servers, interface chips, optics. The
    orders follow the announcement by a quarter or two, and are priced as they
    are seen. All names of the segments it touches are held in equal parts
    while it is fresh; a house that spends less ends that. The thesis is wrong
    if the names do no better in these weeks than in any others, and it was
    late if all of the gain came before the announcement.
    """

    universe = "domestic-compute"
    exits = Exits(stop_loss=0.15)
    hold = Param(40, low=5, high=120, step=5, doc="sessions an announcement stays fresh")
    most = Param(0.1, low=0.02, high=0.5, step=0.02, doc="largest position, as a fraction of the capital")
    claims = (
        Claim(
            "Suppliers rise for two months after a house says that it will spend more, as in no other weeks.",
            horizon=40,
            least=0.03,
            kills=("random_dates.p > 0.5", "study.mean < 0"),
        ),
    )

    def targets(self, history):
        says = history.strength("capital_spending", within=self.hold)
        weights = equal_weight((says > 0) & history.members, most=self.most)
        # a suspended name cannot be traded: what is held of it is left alone
        return weights.where(history.tradable | ~history.members)
