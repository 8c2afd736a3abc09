"""The folder of a walk-forward, written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.errors import UsageError
from backfolio.report.folder import Written, place_or_restyle, record_bytes
from backfolio.report.gallery import write_gallery
from backfolio.report.gallery.kinds import WALK_FILE
from backfolio.report.look import USUAL
from backfolio.report.page import page
from backfolio.report.walk.tables import equity_csv, windows_csv
from backfolio.report.walk.view import headline, view

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.report.look import Look
    from backfolio.tune.walk_model import Walk

PREFIX: Final = "walk-"
"""Of the names of folders."""


def render_walk(walk: Walk, look: Look = USUAL) -> dict[str, bytes]:
    """Return the files of a walk-forward by name; the same walk and look give the same bytes."""
    folder = f"{PREFIX}{walk.walk_id}"
    record = {**walk.record, "command": walk.command, "headline": headline(walk, folder), "result": walk.as_dict()}
    return {
        "windows.csv": windows_csv(walk).encode(),
        "equity.csv": equity_csv(walk).encode(),
        WALK_FILE: record_bytes(record),
        "index.html": _page(walk, look),
    }


def write_walk(walk: Walk, reports: Path, look: Look = USUAL) -> Written:
    """Write ``reports/<thesis>/walk-<id>/`` and the list of runs over it.

    The folder appears under its name only when every file is on the disk. One
    that exists is the same walk: its files are kept, but for its page where
    that would now look different.

    Raises
    ------
    UsageError
        If the folder cannot be written, or a damaged one stands in its place.
    """
    folder = reports / walk.strategy / f"{PREFIX}{walk.walk_id}"
    try:
        existed = place_or_restyle(folder, WALK_FILE, lambda: _page(walk, look), lambda: render_walk(walk, look))
        write_gallery(reports, look)
    except OSError as error:
        message = (
            f"the report of the walk-forward cannot be written to {folder} ({error}): choose another folder with "
            "--reports"
        )
        raise UsageError(message) from error
    return Written(folder, existed)


def _page(walk: Walk, look: Look) -> bytes:
    return page("walk.html", view(walk, look.lang), look=look)
