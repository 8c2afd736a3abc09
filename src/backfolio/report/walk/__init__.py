"""The page of a walk-forward: stitched equity, windows, in sample against out of sample, and what was chosen.

`write_walk` puts its folder in place; `render_walk` only makes the bytes.
"""

from backfolio.report.walk.writer import render_walk, write_walk

__all__ = ["render_walk", "write_walk"]
