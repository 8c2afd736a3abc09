"""Measure everything and print the table; exit status 1 where a target is missed."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from bench import broad, cold, engines, page
from bench.timing import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.timing import Row


def _rows() -> Iterator[Row]:
    for part in (cold, engines, broad, page):
        print(f"measuring: {part.__name__.removeprefix('bench.')} ...", file=sys.stderr, flush=True)
        yield from part.rows()


def main() -> int:
    """Run all parts."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("backfolio", "backtrader", "numpy", "pandas"))
    title = f"Python {platform.python_version()}, {packages}, {platform.machine()}"
    return 0 if show(_rows(), title) else 1


if __name__ == "__main__":
    sys.exit(main())
