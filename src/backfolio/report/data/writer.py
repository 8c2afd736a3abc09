"""The page of the store, put in place at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from backfolio.durable import write_whole
from backfolio.errors import UsageError
from backfolio.report.data.view import headline, view
from backfolio.report.overview import DATA_FILE, overview
from backfolio.report.page import page

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.report.data.shelf import Shelf


def render_data(shelf: Shelf) -> bytes:
    """Return the page; the same store gives the same bytes."""
    return page("data.html", view(shelf))


def write_data(shelf: Shelf, reports: Path) -> Path:
    """Write ``reports/data/index.html`` over the one before, and the list of runs; return its path.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    folder = reports / "data"
    content = render_data(shelf)
    record = json.dumps({"headline": headline(shelf)}, indent=2, sort_keys=True) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "index.html", content)
        write_whole(reports / DATA_FILE, record.encode())
        write_whole(reports / "index.html", overview(reports))
    except OSError as error:
        message = f"the page of the store cannot be written to {folder} ({error}): choose another folder with --reports"
        raise UsageError(message) from error
    return folder / "index.html"
