"""The audit of a plain ``backtrader.Strategy``, of which only fills and refusals can be seen.

Its orders of a session's close are filled at the next open, which is the
future for it. So a future in which that open, its volume and its limits stay
and only the close is another must leave those fills as they are, to the share;
where everything is another, the same orders (symbol and side) must meet it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.audit import suspects
from backfolio.audit.check import notes_of, read_and_clock, told_once
from backfolio.audit.cuts import spread
from backfolio.audit.model import Audit, Finding
from backfolio.audit.watched import watched
from backfolio.audit.worlds import SHIFT, mirrored
from backfolio.errors import BackfolioError
from backfolio.history import History
from backfolio.said import said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from backfolio.audit.model import Line
    from backfolio.bars import Bars
    from backfolio.ledger import Fill, Ledger

    Step = Callable[[int, int], None]

CUTS: Final = 6
"""Cuts of a plain strategy: each is two whole replays."""

CLOSES: Final = "closes after %(day)s were other ones, and the next open the same"
PRICES: Final = "prices after %(day)s went the other way"
NO_STATE: Final = "keep no state"

NOT_SEEN: Final = (
    "A plain backtrader strategy shows its orders alone: what it computes cannot be compared line by line, and it has "
    "no catalysts and no universe that could be changed"
)


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain strategy under audit: its name, how it is replayed on bars, its files' texts by path."""

    name: str
    replay: Callable[[Bars], Ledger]
    files: Mapping[str, str]


def audit_plain(subject: Plain, bars: Bars, *, cuts: int = CUTS, on_step: Step | None = None) -> Audit:
    """Replay a plain strategy on other futures.

    Parameters
    ----------
    subject
        The strategy.
    bars
        The window.
    cuts
        After how many sessions the future is changed; 0 = after every one.

    Raises
    ------
    ThesisError
        If the strategy fails on the bars as they are.
    """
    with watched(subject.files) as read:
        base = subject.replay(bars)
    findings = read_and_clock(subject.files, read)
    again = _difference(base, subject.replay(bars), len(bars.sessions) - 1, len(bars.sessions) - 1)
    done = 2
    if again is not None:
        findings.append(_finding(subject, base, "repetition", said("it was asked again"), again, (1, 1), NO_STATE))
        return Audit(0, done, tuple(told_once(findings)), (NOT_SEEN, *notes_of(subject.files)))
    rows = {fill.session - 1 for fill in base.fills if fill.session} | set(range(0, len(bars.sessions) - 1, 50))
    there = [row for row in rows if row < len(bars.sessions) - 1]
    chosen = tuple(range(len(bars.sessions) - 1)) if not cuts else spread(there, cuts)
    for name, words, make in (
        ("closes", CLOSES, _other_closes),
        ("prices", PRICES, _other_prices),
    ):
        found: list[tuple[int, tuple[int, int, str, str] | str]] = []
        for cut in chosen:
            try:
                ledger = subject.replay(make(bars, cut))
            except BackfolioError as error:
                found.append((cut, str(error)))
            else:
                moved = _difference(base, ledger, cut + 1 if name == "closes" else cut, cut + 1)
                if moved is not None:
                    found.append((cut, moved))
            done += 1
            if on_step is not None:
                on_step(done, 2 + 2 * len(chosen))
        if found:
            cut, first = found[0]
            told = said(words, day=str(bars.sessions[cut]))
            findings.append(_finding(subject, base, name, told, first, (len(found), len(chosen)), SHIFT))
    return Audit(len(chosen), done, tuple(told_once(findings)), (NOT_SEEN, *notes_of(subject.files)))


def _other_prices(bars: Bars, cut: int) -> Bars:
    other = mirrored(History(bars), cut)
    return bars if other is None else other.bars


def _other_closes(bars: Bars, cut: int) -> Bars:
    """Turn prices round, but leave of the next session all that decides on its fills."""
    other = _other_prices(bars, cut)
    row = cut + 1
    new = {}
    for name in ("open", "reference", "up", "down"):
        array = getattr(other, name).copy()
        array[row] = getattr(bars, name)[row]
        new[name] = array
    close, high, low = other.close.copy(), other.high.copy(), other.low.copy()
    high[row], low[row] = bars.high[row], bars.low[row]
    close[row] = np.where(bars.close[row] * 2 > bars.high[row] + bars.low[row], bars.low[row], bars.high[row])
    return replace(other, close=close, high=high, low=low, mark=_marks(other, close, row), **new)


def _marks(other: Bars, close: NDArray[np.int64], row: int) -> NDArray[np.int64]:
    mark = other.mark.copy()
    mark[row] = np.where(other.traded[row], close[row], mark[row])
    return mark


def _difference(base: Ledger, other: Ledger, exact: int, orders: int) -> tuple[int, int, str, str] | None:
    """Return (session, symbol, before, after) of the first change in fills up to `exact` or orders up to `orders`."""
    one, two = _fills(base, exact), _fills(other, exact)
    for place in sorted(one.keys() | two.keys()):
        if one.get(place) != two.get(place):
            return place[0], place[1], _said(one.get(place)), _said(two.get(place))
    before, after = _asked(base, orders), _asked(other, orders)
    for session, symbol, side in sorted(before ^ after):
        told = f"an order to {side}"
        return (session, symbol, *((told, "none") if (session, symbol, side) in before else ("none", told)))
    return None


def _fills(ledger: Ledger, last: int) -> dict[tuple[int, int, str], Fill]:
    return {(fill.session, fill.symbol, fill.side): fill for fill in ledger.fills if fill.session <= last}


def _asked(ledger: Ledger, last: int) -> set[tuple[int, int, str]]:
    filled = {(fill.session, fill.symbol, fill.side) for fill in ledger.fills if fill.session <= last}
    return filled | {(one.session, one.symbol, one.side) for one in ledger.refusals if one.session <= last}


def _said(fill: Fill | None) -> str:
    return "none" if fill is None else f"{fill.side} {fill.shares:,}"


def _finding(
    subject: Plain,
    ledger: Ledger,
    name: str,
    words: str,
    moved: tuple[int, int, str, str] | str,
    times: tuple[int, int],
    usual: str,
) -> Finding:
    line: Line | None = None
    suspect = suspects.likely(subject.files)
    if suspect is not None:
        path, number, usual = suspect
        line = suspects.line_of(subject.files, path, number, sure=False)
    if isinstance(moved, str):
        return Finding(
            name,
            said("%(what)s, and it failed: %(error)s", what=words, error=moved),
            times=times,
            line=line,
            remedy=usual,
        )
    session, symbol, before, after = moved
    day = str(ledger.sessions[session])
    return Finding(name, words, day, ledger.symbols[symbol], before, after, times, line, usual, what="fill")
