"""What each order that the market would not trade would have made or lost.

The rule, before costs and with the market moved by nothing:

* The order is taken to trade whole at the open of the session that refused it;
  without a bar there (suspended), at the last mark.
* A refused buy is then held until the first of these: the symbol's next fill in
  either direction, at that session's open; the next weight of 0 for it, at the
  first open with a bar after that row; `MOST_SESSIONS`, or the window's end, at
  the close.
* Of a refused sale it is said what it would have saved: the shares were really
  held on, until the next sale of the symbol, at that session's open, or until
  the window's end, at the close.
* Both are total returns: the later price is restated by `Bars.factor` for the
  ex-dates between.

An order that stands, or is asked for anew, is refused session after session.
Had the first of them traded, the later ones would not have been sent: these are
marked (`Missed.again`), and only the others may be added up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from backfolio import ashare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.bars import Bars
    from backfolio.ledger import Ledger, Refusal
    from backfolio.targets import Targets

MOST_SESSIONS: Final = 60
"""Sessions for which a refused buy is followed, at most: a quarter."""

BOUGHT, SOLD, TARGET, AGE, WINDOW = ENDED = ("bought", "sold", "target", "age", "window")
"""What ends it: bought after all, sold, a weight of 0, `MOST_SESSIONS`, the window's end."""

BY_CLOSE: Final = (AGE, WINDOW)
"""What ends it at a close; the others do at an open."""


@dataclass(frozen=True, slots=True)
class Missed:
    """One refusal, the bar that refused it, and what it would have brought; prices and money in mills.

    Parameters
    ----------
    refusal
        As the ledger has it.
    bar
        (open, high, low, close, volume in shares) of its session; None without one.
    limit
        (upper, lower) limit price; None where there is none or it is unknown.
    price
        At which it is taken to trade; None where there is no price at all,
        and then so are the next three.
    until
        Row of the session up to which it is followed.
    exit_price
        Raw price there.
    gain
        What the order would have made (above 0) or lost, before costs: of a
        buy what the shares gained, of a sale what they lost.
    ended
        One of `ENDED`; "" where nothing can be said.
    again
        Whether an earlier refusal of the same name and side is followed beyond
        this session: its gain holds this one's. Sums leave such lines out.
    """

    refusal: Refusal
    bar: tuple[int, int, int, int, int] | None
    limit: tuple[int | None, int | None]
    price: int | None
    until: int | None
    exit_price: int | None
    gain: int | None
    ended: str
    again: bool = False


class _End(NamedTuple):
    row: int
    price: int
    why: str


def missed(bars: Bars, ledger: Ledger, targets: Targets | None) -> tuple[Missed, ...]:
    """Return one line for each refusal, in the ledger's order; the module says by what rule.

    Parameters
    ----------
    bars
        The ones that the ledger was made from.
    ledger
        What happened.
    targets
        What was asked, on the same sessions; None for a plain backtrader
        strategy, whose weights of 0 nobody knows.
    """
    after = _After(bars, ledger, targets)
    lines = []
    followed: dict[tuple[int, str], tuple[int, int]] = {}
    for refusal in ledger.refusals:
        line = _missed(refusal, bars, after)
        key = (refusal.symbol, refusal.side)
        since, stop = followed.get(key, (refusal.session, 0))
        again = since < refusal.session < stop
        if line.until is not None and not again:
            # a close comes after the open of its session
            followed[key] = (refusal.session, line.until + (line.ended in BY_CLOSE))
        lines.append(replace(line, again=True) if again else line)
    return tuple(lines)


def _missed(refusal: Refusal, bars: Bars, after: _After) -> Missed:
    at = (refusal.session, refusal.symbol)
    traded = bool(bars.traded[at])
    bar = None
    if traded:
        first, high, low, last, volume = (
            int(array[at]) for array in (bars.open, bars.high, bars.low, bars.close, bars.volume)
        )
        bar = (first, high, low, last, volume)
    limited = bool(bars.limit_state[at] == ashare.LIMITED)
    limit = (int(bars.up[at]), int(bars.down[at])) if limited else (None, None)
    price = int(bars.open[at]) if traded else int(bars.mark[at])
    if price == 0 or refusal.shares == 0:
        return Missed(refusal, bar, limit, None, None, None, None, "")
    buys = refusal.side == "buy"
    end = after.bought(*at) if buys else after.held(*at)
    restated = float(bars.factor[end.row, refusal.symbol] / bars.factor[at])
    gained = round(refusal.shares * (end.price * restated - price))
    return Missed(refusal, bar, limit, price, end.row, end.price, gained if buys else -gained, end.why)


class _After:
    """What came after a session, name by name."""

    def __init__(self, bars: Bars, ledger: Ledger, targets: Targets | None) -> None:
        self._bars = bars
        self._last = len(bars.sessions) - 1
        self._fills: dict[int, list[int]] = defaultdict(list)
        self._sells: dict[int, list[int]] = defaultdict(list)
        self._sides: dict[tuple[int, int], str] = {}
        for fill in ledger.fills:
            self._fills[fill.symbol].append(fill.session)
            self._sides[fill.symbol, fill.session] = fill.side
            if fill.side == "sell":
                self._sells[fill.symbol].append(fill.session)
        zeros = None if targets is None else targets.weights == 0
        names = {refusal.symbol for refusal in ledger.refusals}
        self._zeros = {
            name: [] if zeros is None else [int(row) for row in np.flatnonzero(zeros[:, name])] for name in names
        }
        self._traded = {name: [int(row) for row in np.flatnonzero(bars.traded[:, name])] for name in names}

    def bought(self, session: int, symbol: int) -> _End:
        """Tell how a refused buy would have ended."""
        ends = []
        filled = _next(self._fills[symbol], session)
        if filled is not None:
            why = BOUGHT if self._sides[symbol, filled] == "buy" else SOLD
            ends.append(_End(filled, int(self._bars.open[filled, symbol]), why))
        zero = _next(self._zeros[symbol], session - 1)
        left = None if zero is None else _next(self._traded[symbol], zero)
        if left is not None:
            ends.append(_End(left, int(self._bars.open[left, symbol]), TARGET))
        aged = session + MOST_SESSIONS
        ends.append(self._close(min(aged, self._last), symbol, AGE if aged <= self._last else WINDOW))
        # opens come before the close of the same session
        return min(ends, key=lambda end: (end.row, end.why in BY_CLOSE))

    def held(self, session: int, symbol: int) -> _End:
        """Tell when shares that could not be sold were."""
        sold = _next(self._sells[symbol], session)
        if sold is None:
            return self._close(self._last, symbol, WINDOW)
        return _End(sold, int(self._bars.open[sold, symbol]), SOLD)

    def _close(self, row: int, symbol: int, why: str) -> _End:
        return _End(row, int(self._bars.mark[row, symbol]), why)


def _next(rows: Sequence[int], after: int) -> int | None:
    """Return the first of rising rows that is beyond `after`."""
    at = bisect_right(rows, after)
    return rows[at] if at < len(rows) else None
