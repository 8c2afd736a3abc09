"""The page of a run: the thesis, its figures beside its null hypotheses, and what every catalyst, name and order did.

`run_page` makes it, `headline` what `run.json` and the list of runs say of it.
The modules below are pure functions of the facts in `facts.py`, which are
worked out once.
"""

from backfolio.report.run.headline import headline
from backfolio.report.run.view import run_page

__all__ = ["headline", "run_page"]
