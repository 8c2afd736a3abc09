"""`reports/index.html`: every run, tune and walk-forward of a reports folder, from the JSON file that each left.

`folders.py` finds and reads them, with one small reader a kind in `kinds.py`;
`comparable.py` says which rest on the same data and rules; `lines.py` keeps and
draws small equity lines; `view.py` puts the page together and `writer.py` puts
it in place, whole, also where several processes do.
"""

from backfolio.report.gallery.comparable import Basis, differs
from backfolio.report.gallery.lines import line_of, short_line
from backfolio.report.gallery.view import gallery
from backfolio.report.gallery.writer import write_gallery

__all__ = ["Basis", "differs", "gallery", "line_of", "short_line", "write_gallery"]
