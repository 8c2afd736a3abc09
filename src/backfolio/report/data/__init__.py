"""The page of the store: coverage, findings, hosts, and what came from where.

`gather` reads what it shows, `write_data` puts ``data/index.html`` into a reports folder; `render_data` only
makes the bytes.
"""

from backfolio.report.data.shelf import Shelf, gather
from backfolio.report.data.writer import render_data, write_data

__all__ = ["Shelf", "gather", "render_data", "write_data"]
