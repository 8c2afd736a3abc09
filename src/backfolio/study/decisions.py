"""What a thesis decides itself, as catalysts: for one that asks for none, so that its own choices can be studied."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.catalysts import Catalyst
from backfolio.errors import UsageError
from backfolio.history import History
from backfolio.targets import LEAVE_ALONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.prepare import Prepared
    from backfolio.targets import Targets

KIND: Final = "price_event"
"""Of every decision: nothing but prices and the thesis itself is behind it."""

OWN: Final = "its own decisions to buy"
"""How they are called."""

CLOSE: Final = dt.time(15, 0)
"""Of a session, Shanghai: a decision is made after it and acts on the next open."""


def asked_weights(targets: Targets) -> NDArray[np.int16]:
    """Return the weight that each name is asked to have after each row, basis points, sessions x symbols.

    What a row leaves alone stays as it was asked last; 0 before anything was.
    """
    given = targets.weights
    said = np.where(given != LEAVE_ALONE, np.arange(1, len(given) + 1)[:, None], 0)
    latest = np.maximum.accumulate(said, axis=0)
    padded = np.vstack([np.zeros((1, given.shape[1]), dtype=np.int16), given])
    return np.asarray(np.take_along_axis(padded, latest, axis=0), dtype=np.int16)


def decisions(targets: Targets, history: History, name: str) -> tuple[Catalyst, ...]:
    """Return a catalyst for each decision to buy a name that was not asked for on the row before.

    Parameters
    ----------
    targets
        What the thesis asks for, on the last sessions of `history`.
    history
        Up to the last row of `targets`; it may begin earlier.
    name
        Of the thesis.

    Returns
    -------
    catalysts
        By session and symbol. Each is known at the close of its session, so
        that its decision row is that session and the first open that can act on
        it the next; its id is ``"<name>-<date>-<symbol>"``, its strength 1. On
        the first row of `targets` nothing was asked for before.

    Raises
    ------
    UsageError
        If `history` has fewer sessions than `targets`, or other symbols.
    """
    rows, columns = targets.weights.shape
    first = len(history.bars.sessions) - rows
    if first < 0 or columns != len(history.symbols):
        message = (
            f"the targets of {name} cover {rows} sessions x {columns} symbols and the history "
            f"{len(history.bars.sessions)} x {len(history.symbols)}: give a history that ends where the targets end"
        )
        raise UsageError(message)
    asked = asked_weights(targets) > 0
    before = np.vstack([np.zeros((1, columns), dtype=np.bool_), asked[:-1]])
    found = []
    for row, column in np.argwhere(asked & ~before).tolist():
        day, symbol = history.bars.sessions[first + row], history.symbols[column]
        found.append(
            Catalyst(
                id=f"{name}-{day}-{symbol}",
                kind=KIND,
                title=f"{name} decides to buy {history.bars.names.get(symbol) or symbol}",
                known_at=dt.datetime.combine(day.astype(object), CLOSE, calendar.SHANGHAI),
                symbols=(symbol,),
                source=f"thesis {name}",
                certainty="high",
                time_known="yes",
            )
        )
    return tuple(found)


def decided(prepared: Prepared, targets: Targets, name: str) -> Prepared:
    """Return a market whose catalysts of `KIND` are a thesis' own decisions; what else is known confounds them.

    Parameters
    ----------
    targets
        Of the thesis, on the window's rows.
    name
        Of the thesis.
    """
    own = decisions(targets, prepared.known, name)

    def told(history: History) -> History:
        rest = (event for event in history.events if event.kind != KIND)
        return History(history.bars, (*rest, *own), history.universe, history.benchmark_symbol)

    return replace(prepared, known=told(prepared.known), history=told(prepared.history))
