"""The page of a tune: verdict, winner, score by parameter and pair, the cloud of all trials, and their table.

`write_tune` puts it in place; `render_tune` only makes the bytes. The modules
below take arrays, not a study, so that other pages of many trials can use them.
"""

from backfolio.report.tune.writer import render_tune, write_tune

__all__ = ["render_tune", "write_tune"]
