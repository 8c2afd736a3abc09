"""The gallery, put in place whole, and complete also where several processes write it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.durable import write_whole
from backfolio.report.gallery.folders import found
from backfolio.report.gallery.view import gallery
from backfolio.report.look import USUAL

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.report.look import Look

MOST_TIMES: Final = 5
"""How often a page is made anew because something came in the meantime."""


def write_gallery(reports: Path, look: Look = USUAL) -> Path:
    """Write ``reports/index.html`` over the one before; return its path.

    Whoever writes it looks again afterwards, and writes anew where a report has
    come meanwhile. Each process puts its own report in place before, so the one
    whose page comes last sees the reports of all.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = reports / "index.html"
    for _ in range(MOST_TIMES):
        listed = found(reports)
        write_whole(path, gallery(reports, look, listed))
        if found(reports) == listed:
            break
    return path
