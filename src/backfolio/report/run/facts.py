"""What all parts of the page are made from: every figure of a finished run, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from backfolio.metrics import attribute, capacity, missed, slippage_cost, trade_statistics

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from backfolio.ledger import Refusal
    from backfolio.metrics import Attribution, Capacity, Missed, TradeStatistics
    from backfolio.result import Result


class Name(NamedTuple):
    """A symbol as pages show it.

    `own` is its Chinese or only name, `english` the other one; "" where the
    data has none. `anchor` is where its section stands.
    """

    symbol: str
    own: str
    english: str
    anchor: str

    @property
    def short(self) -> str:
        """Its name, or the symbol where it has none."""
        return self.own or self.symbol


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """A result and the figures that several parts of the page show.

    Parameters
    ----------
    result
        The run.
    days
        Its sessions as text.
    names
        By column of the ledger.
    returns, others
        Daily returns of the account and of the benchmark (None without one).
    trading
        Round trips, costs, refusals by reason.
    attribution
        Which catalyst opened which round trip.
    missed
        Every refusal, in order, and what it would have made or lost.
    worth
        The same by refusal, mills; None where nothing can be said.
    capacity
        Shares of the volume that were taken.
    slippage
        What moving the price against us cost, mills.
    """

    result: Result
    days: tuple[str, ...]
    names: tuple[Name, ...]
    returns: NDArray[np.float64]
    others: NDArray[np.float64] | None
    trading: TradeStatistics
    attribution: Attribution
    missed: tuple[Missed, ...]
    worth: Mapping[Refusal, int | None]
    capacity: Capacity
    slippage: int


def facts_of(result: Result) -> Facts:
    """Work out the figures of a result."""
    ledger, bars = result.ledger, result.history.bars
    trading = trade_statistics(ledger, bars)
    lines = missed(bars, ledger, result.targets)
    return Facts(
        result=result,
        days=tuple(str(day) for day in ledger.sessions.astype("datetime64[D]")),
        names=_names(result),
        returns=ledger.returns(),
        others=result.benchmark_returns(),
        trading=trading,
        attribution=attribute(result.history, ledger, trading.trips, result.kinds),
        missed=lines,
        worth={line.refusal: line.gain for line in lines},
        capacity=capacity(ledger, bars),
        slippage=slippage_cost(ledger, bars, result.settings),
    )


def _names(result: Result) -> tuple[Name, ...]:
    universe = result.history.universe
    members = {} if universe is None else {member.symbol: member for member in universe.members}
    names = []
    for symbol in result.ledger.symbols:
        own, english = result.history.bars.names.get(symbol, ""), ""
        member = members.get(symbol)
        if member is not None:
            own = member.name_zh or own or member.name
            english = member.name if member.name != own else ""
        names.append(Name(symbol, own, english, f"name-{symbol}"))
    return tuple(names)
