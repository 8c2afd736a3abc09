"""The guard of a walk-forward: what a thesis says of a session must not change with what comes after it.

A thesis is asked with more of the future and with less. Where the targets of
sessions that both know differ, it has looked ahead, whether by a shift, by a
mean over all rows or by a date that was not known yet.

How far it sees is found in two ways. Every session that is traded is asked
for once more with a history that ends there, so that no target is traded that
was not known that evening: a peek that shows on one session in a hundred is
found, and one that does not show was worth nothing. A few cuts more compare
every session back to the first bar, on histories made anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.errors import ThesisError
from backfolio.money import BASIS_POINTS
from backfolio.targets import LEAVE_ALONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.history import History
    from backfolio.strategy import Strategy
    from backfolio.tune.windows import Window

INSIDE: Final = 4
"""Cuts inside a test stretch from which all that went before is compared, beside the one at the end of its training."""


def cuts_of(window: Window, first: int = 0) -> list[int]:
    """Return the rows after which the future is cut off to compare all rows: the last trained on, then evenly.

    Parameters
    ----------
    first
        Row of the walk's first session.
    """
    test = np.linspace(window.test[0], window.test[1] - 1, INSIDE + 2)[:-1].astype(np.int64)
    return sorted({first + window.train[1] - 1, *(first + int(row) for row in test)} - {first + window.test[1] - 1})


def demand_no_look_ahead(
    strategy: Strategy, known: History, window: Window, first: int = 0, *, every: bool = True
) -> None:
    """Refuse a thesis whose targets change once the future is known.

    Bit for bit, the targets of every session up to each of the few cuts of
    `cuts_of`, those before the walk included, must be those that the history
    until then gives; and what is emitted in the test up to each of its
    sessions must be what the history until that session gives. The latter
    costs as many evaluations as the test has sessions.

    Parameters
    ----------
    strategy
        With the parameters that are to be traded.
    known
        What was known after the window's last test session.
    window
        Its number is named.
    first
        Row of the walk's first session in `known`.
    every
        Whether to cut at every test session, too. Without it a peek that shows
        on few sessions, none of them just before a cut, is not found.

    Raises
    ------
    ThesisError
        With a session and symbol that changed; or if the thesis does not even
        give the same targets twice.
    """
    whole = strategy.emit(known).weights
    for cut in cuts_of(window, first):
        past = known.until(known.bars.sessions[cut])
        _demand_same(strategy, window, known, past, 0, whole, strategy.emit(past).weights)
    if not every:
        return
    begin, stop = first + window.test[0], first + window.test[1]
    traded = strategy.emit(known, begin, stop).weights
    for cut in range(begin, stop - 1):
        past = known.until(known.bars.sessions[cut], share=True)
        _demand_same(strategy, window, known, past, begin, traded, strategy.emit(past, begin, cut + 1).weights)


def _demand_same(
    strategy: Strategy,
    window: Window,
    known: History,
    past: History,
    begin: int,
    more: NDArray[np.int16],
    less: NDArray[np.int16],
) -> None:
    """Compare targets from row `begin` on: `more` of all that is known, `less` of what was known in the past."""
    changed = np.argwhere(less != more[: len(less)])
    if not changed.size:
        return
    row, column = (int(at) for at in changed[0])
    session, symbol = known.bars.sessions[begin + row], known.symbols[column]
    where = f"in window {window.number} the target of {symbol} on {session}"
    again = strategy.emit(known, begin, begin + len(more)).weights
    if not np.array_equal(again, more):
        message = (
            f"{strategy.name} gives other targets each time it is asked ({where} is one): "
            "draw no lot without a seed, and keep nothing from one call to the next"
        )
        raise ThesisError(message)
    message = (
        f"{strategy.name} looks ahead: {where} is {_said(int(less[row, column]))} where the bars end on "
        f"{past.bars.sessions[-1]} and {_said(int(more[row, column]))} where they go on to "
        f"{known.bars.sessions[-1]}: let no row use what comes after it (a backward shift, a mean or a rank over "
        "all rows)"
    )
    raise ThesisError(message)


def _said(points: int) -> str:
    return "left alone" if points == LEAVE_ALONE else f"{points / BASIS_POINTS:.2%}"
