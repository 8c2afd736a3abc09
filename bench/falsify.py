"""Placebos: a thesis asked again under catalysts on random sessions, and its trades in names that were alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio.discover import discover
from backfolio.falsify.placebos import random_dates, random_names
from backfolio.falsify.scene import look
from backfolio.prepare import prepare
from backfolio.settings import MarketSettings
from backfolio.source import Source
from bench import world
from bench.timing import Row, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.falsify import Placebos
    from backfolio.falsify.scene import Scene

ROOT: Final = Path(__file__).resolve().parents[1]

NAMES: Final = 20
PLACEBOS: Final = 1_000
THESIS: Final = "domestic_compute"
REPEATS: Final = 3
MOST_SECONDS: Final = 10.0


def rows() -> Iterator[Row]:
    """Measure a thousand placebos of each kind, from catalysts and names to their totals."""
    scene = thesis(NAMES)

    def draw() -> tuple[Placebos, Placebos]:
        return random_dates(scene, PLACEBOS, 0), random_names(scene, PLACEBOS, 0)[0]

    took, (dates, names) = measure(draw, REPEATS)
    assert dates.drawn == names.drawn == PLACEBOS
    yield Row(
        f"{PLACEBOS:,} placebos of dates and {PLACEBOS:,} of names of {THESIS}, {NAMES} x {world.SESSIONS:,}; "
        f"{len(scene.inside)} catalysts",
        str(took),
        f"< {MOST_SECONDS:.0f} s CPU",
        took.cpu < MOST_SECONDS,
    )


def thesis(names: int) -> Scene:
    """Return a shipped thesis on a simulated market."""
    known = world.history(world.market(names))
    assert known.universe is not None
    source = Source("bench", True, known.bars, known.events, {world.THEME: known.universe})  # noqa: FBT003
    strategy = discover([ROOT / "strategies"], workspace=ROOT).theses[THESIS].strategy
    return look(strategy(), prepare(strategy, source), MarketSettings(), 0)
