"""The page that holds runs against each other, from their folders alone: nothing is run again.

`sides.py` reads a run's folder, `facts.py` works out what differs, `figures.py`
puts the figures into a table, `drawn.py` draws without a script, `view.py` puts
the page together and `writer.py` puts it in place.
"""

from backfolio.report.compare.facts import Comparison, compare
from backfolio.report.compare.sides import Side, read_side
from backfolio.report.compare.writer import render_comparison, write_comparison

__all__ = ["Comparison", "Side", "compare", "read_side", "render_comparison", "write_comparison"]
