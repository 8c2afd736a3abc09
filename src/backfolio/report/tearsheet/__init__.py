"""The tear sheet: every figure and every curve is quantstats' own, drawn as the other pages are.

`tear_sheet` makes the page. `asked.py` is all that calls quantstats and hands on
plain numbers; `drawn.py` says which are drawn and how, with `figures.py` and
`often.py`; `table.py` writes the tables.
"""

from backfolio.report.tearsheet.view import drawn_for, tear_sheet

__all__ = ["drawn_for", "tear_sheet"]
