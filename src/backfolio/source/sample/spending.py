"""The sample's announcements of capital spending: a kind of catalyst that moves nothing.

A planted null. A thesis that buys after them holds what others hold too, and
may earn what the theme earns; that the announcements have anything to do with
it is false, and whoever judges theses must find so. They draw from a stream of
their own and never reach the prices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import SESSIONS_A_YEAR, SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.source.sample.cast import SEGMENTS

if TYPE_CHECKING:
    from backfolio.source.sample.stage import Stage

KIND: Final = "capital_spending"

_STREAM: Final = 11
_PER_YEAR: Final = 6.0
_CUTS: Final = 0.2
"""Part of the announcements that speak of spending less."""

_EVENING: Final = (990, 240)
"""First minute of the day and span: all come after the close."""

_GROUPS: Final = (("accelerator", "server", "optics"), ("cpu", "server", "interface"), SEGMENTS)
_HOUSES: Final = ("Paper Boat Mall", "Cloud Kite Games", "Pocket Lantern Search", "Wooden Spoon Video")


def announcements(stage: Stage) -> tuple[Catalyst, ...]:
    """Return the announcements of a market, by the time they become known."""
    dice = stage.draws(_STREAM)
    rows = np.flatnonzero(dice.uniform(len(stage.sessions)) < _PER_YEAR / SESSIONS_A_YEAR)
    rows = rows[rows < len(stage.sessions) - 1]
    luck = dice.uniform(4, len(stage.sessions))[:, rows]
    first, span = _EVENING
    instants = stage.sessions[rows].astype("datetime64[m]") + first + (luck[0] * span).astype(np.int64)
    made = []
    for number, instant in enumerate(instants.astype(object)):
        more = bool(luck[1, number] >= _CUTS)
        house = _HOUSES[int(luck[2, number] * len(_HOUSES))]
        segments = _GROUPS[int(luck[3, number] * len(_GROUPS))]
        made.append(
            Catalyst(
                id=f"sim-spending-{number + 1:03d}",
                kind=KIND,
                title=f"{house} plans to spend {'more' if more else 'less'} on computing than a year ago",
                known_at=instant.replace(tzinfo=SHANGHAI),
                segment=";".join(segments),
                strength=1.0 if more else -1.0,
                source=f"simulated: made by backfolio's sample market from seed {stage.seed}",
                certainty="simulated",
                time_known="yes",
            )
        )
    return tuple(made)
