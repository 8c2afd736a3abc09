"""Measure everything and print the table; exit status 1 where a target is missed."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from bench import (
    audit,
    broad,
    cold,
    data,
    engines,
    evaluation,
    facts,
    falsify,
    gallery,
    kernel,
    optstrategy,
    page,
    paint,
    study,
    tune,
    vectorbt_orders,
)
from bench.timing import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.timing import Row

PARTS = (
    cold,
    data,
    engines,
    broad,
    page,
    paint,
    gallery,
    facts,
    audit,
    kernel,
    evaluation,
    tune,
    study,
    falsify,
    optstrategy,
    vectorbt_orders,
)
PACKAGES = ("akshare", "backfolio", "backtrader", "duckdb", "numba", "numpy", "optuna", "pandas")


def _rows() -> Iterator[Row]:
    for part in PARTS:
        print(f"measuring: {part.__name__.removeprefix('bench.')} ...", file=sys.stderr, flush=True)
        yield from part.rows()


def main() -> int:
    """Run all parts."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    title = f"Python {platform.python_version()}, {packages}, {platform.machine()}"
    return 0 if show(_rows(), title) else 1


if __name__ == "__main__":
    sys.exit(main())
