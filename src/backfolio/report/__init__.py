"""The report of a run: a folder of pages and tables that needs no network.

`write` puts it in place; `render` only makes the bytes.
"""

from backfolio.report.folder import Written
from backfolio.report.writer import render, write

__all__ = ["Written", "render", "write"]
