import numpy as np

from backfolio import Claim, Exits, Param, Strategy, equal_weight, top


class Spillover(Strategy):
    """Buy the names of a segment whose leader closed at its upper limit, where they have not.

    Who wants the leader cannot have it: at the limit nobody sells. The money
    goes to what resembles it, and a price limit makes that take days. When a
    name closes at its upper limit, the others of its segment that did not are
    bought at the next open, those first that had risen most that day. They
    are held for a few sessions only. The thesis is wrong if the followers do
    no better afterwards than on any other day; and it is of no use if their
    gap at the open takes all of it.
    """

    universe = "domestic-compute"
    exits = Exits(stop_loss=0.08)
    hold = Param(5, low=2, high=40, step=1, doc="sessions a follower is held")
    names = Param(6, low=1, high=20, step=1, doc="most names held at once, each with the same part of the capital")
    claims = (
        Claim(
            "Followers rise in the sessions after their leader closed at its limit, and not all of it is in the gap.",
            horizon=5,
            least=0.01,
            kills=("random_dates.p > 0.5", "total_return < 0"),
        ),
    )

    def targets(self, history):
        shut = history.raw.close >= history.raw.upper_limit
        pulled = np.zeros(shut.shape, dtype=bool)
        for inside in history.segments.values():
            led = (shut & inside).any(axis=1).to_numpy()
            pulled |= inside.to_numpy() & led[:, None]
        # ranked on the day of the pull, so that a name bought is kept until its sessions are over
        pull = history.returns(1).where(pulled & ~shut & history.tradable).ffill(limit=self.hold - 1)
        weights = equal_weight(top(pull.where(history.members), self.names), slots=self.names)
        # a suspended name cannot be traded: what is held of it is left alone
        return weights.where(history.tradable | ~history.members)
