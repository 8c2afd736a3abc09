"""Measure everything, or the parts that are named, and print the table; exit status 1 where a target is missed."""

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
    from collections.abc import Iterator, Sequence

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
BY_NAME = {part.__name__.removeprefix("bench."): part for part in PARTS}
PACKAGES = ("akshare", "backfolio", "backtrader", "duckdb", "numba", "numpy", "optuna", "pandas")


def _rows(names: Sequence[str]) -> Iterator[Row]:
    for name in names:
        print(f"measuring: {name} ...", file=sys.stderr, flush=True)
        yield from BY_NAME[name].rows()


def main(names: Sequence[str]) -> int:
    """Run the parts of these names; all where there are none."""
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        print(f"no part of the measurements is {unknown[0]!r}: choose from {', '.join(BY_NAME)}", file=sys.stderr)
        return 2
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    title = f"Python {platform.python_version()}, {packages}, {platform.machine()}"
    return 0 if show(_rows(names or tuple(BY_NAME)), title) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
