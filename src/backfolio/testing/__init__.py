"""Small markets for tests: written by hand in a line of text, or drawn at random.

`World` is a market with its orders, `build` turns its lines into `Bars`,
`worlds` draws worlds for Hypothesis and `random_world` large ones from a seed.
Nothing in the library imports this package.
"""

from __future__ import annotations

from backfolio.testing.build import World, build, build_targets
from backfolio.testing.worlds import random_world, worlds

__all__ = ["World", "build", "build_targets", "random_world", "worlds"]
