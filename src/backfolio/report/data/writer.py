"""The page of the store, put in place at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from backfolio.durable import write_whole
from backfolio.errors import UsageError
from backfolio.report.data.view import headline, view
from backfolio.report.gallery import write_gallery
from backfolio.report.gallery.folders import DATA_FILE
from backfolio.report.look import USUAL
from backfolio.report.page import page

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.report.data.shelf import Shelf
    from backfolio.report.look import Look


def render_data(shelf: Shelf, look: Look = USUAL) -> bytes:
    """Return the page; the same store and look give the same bytes."""
    return page("data.html", view(shelf, look.lang), look=look)


def write_data(shelf: Shelf, reports: Path, look: Look = USUAL) -> Path:
    """Write ``reports/data/index.html`` over the one before, and the list of runs; return its path.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    folder = reports / "data"
    content = render_data(shelf, look)
    record = json.dumps({"headline": headline(shelf)}, indent=2, sort_keys=True) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "index.html", content)
        write_whole(reports / DATA_FILE, record.encode())
        write_gallery(reports, look)
    except OSError as error:
        message = f"the page of the store cannot be written to {folder} ({error}): choose another folder with --reports"
        raise UsageError(message) from error
    return folder / "index.html"
