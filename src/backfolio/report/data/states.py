"""What a reader is shown of each session and symbol: as `quality.Coverage`, and told where bars end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.quality.model import BAR, DELISTED, GAP, NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from backfolio.quality import Coverage

    States = NDArray[np.int8]

LATE: Final = 5
"""After the last bar of a symbol that is not delisted: not brought yet, and no gap."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is shown of a coverage.

    Parameters
    ----------
    states
        int8, sessions x symbols: as in `quality.Coverage`, but a `GAP` after
        the last bar is `LATE`, and one before the first is `NOTHING`.
    spans
        Symbol to the sessions of its first and its last bar, ``datetime64[D]``;
        one without bars is left out.
    listed
        How many symbols are not delisted at the last session.
    """

    states: States
    spans: Mapping[str, tuple[np.datetime64, np.datetime64]]
    listed: int


def seen(coverage: Coverage) -> Seen:
    """Return the states with what lies outside a symbol's bars told apart from gaps between them."""
    states, symbols = coverage.state.copy(), coverage.symbols
    if not states.size:
        return Seen(states, {}, len(symbols))
    bar = states == BAR
    some, first, last = bar.any(axis=0), bar.argmax(axis=0), len(bar) - 1 - bar[::-1].argmax(axis=0)
    row, gap = np.arange(len(bar))[:, None], states == GAP
    states[gap & ((row < first) | ~some)] = NOTHING
    states[gap & (row > last) & some] = LATE
    days = coverage.sessions.astype("datetime64[D]")
    spans = {symbol: (days[first[at]], days[last[at]]) for at, symbol in enumerate(symbols) if some[at]}
    return Seen(states, spans, len(symbols) - int((states[-1] == DELISTED).sum()))
