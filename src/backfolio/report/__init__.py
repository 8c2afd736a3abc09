"""The report of a run: a folder of pages and tables that needs no network.

`write` puts it in place; `render` only makes the bytes.
"""

from backfolio.report.writer import Written, render, write

__all__ = ["Written", "render", "write"]
