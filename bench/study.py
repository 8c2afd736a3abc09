"""An event study: twenty names, one catalyst for all of them each month."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.prepare import prepare
from backfolio.source import Source
from backfolio.study import Asked, Subject, study
from bench import world
from bench.timing import Row, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.bars import Bars

NAMES: Final = 20
EVERY: Final = 21
REPEATS: Final = 5
MOST_SECONDS: Final = 5.0


class Names:
    """A thesis' universe: every name."""

    universe = None


def rows() -> Iterator[Row]:
    """Measure one study, its tests and bands included."""
    bars = world.market(NAMES)
    source = Source("bench", True, bars, news(bars), {})  # noqa: FBT003
    asked = Asked(model="mean")
    prepared = prepare(Names, source)
    time, made = measure(lambda: study(Subject("news"), source, prepared, ("model_release",), asked), REPEATS)
    yield Row(
        f"event study, {len(made.whole.events):,} events, {NAMES} x {len(bars.sessions):,}",
        str(time),
        f"< {MOST_SECONDS:.0f} s CPU",
        time.cpu < MOST_SECONDS,
    )


def news(bars: Bars) -> tuple[Catalyst, ...]:
    """Return a catalyst for every name each month."""
    days = [str(bars.sessions[row]) for row in np.arange(EVERY, len(bars.sessions) - 1, EVERY)]
    known = (dt.datetime.fromisoformat(f"{day}T20:00").replace(tzinfo=SHANGHAI) for day in days)
    return tuple(
        Catalyst(f"news-{at}", "model_release", "news", instant, (), "*", 1.0, "bench", "certain", "yes")
        for at, instant in enumerate(known)
    )
