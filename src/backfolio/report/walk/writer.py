"""The folder of a walk-forward, written whole or not at all."""

from __future__ import annotations

import json
import secrets
import shutil
from typing import TYPE_CHECKING, Final

from backfolio.durable import write_whole
from backfolio.errors import UsageError
from backfolio.report.gallery import write_gallery
from backfolio.report.gallery.kinds import WALK_FILE
from backfolio.report.look import USUAL
from backfolio.report.page import page
from backfolio.report.walk.tables import equity_csv, windows_csv
from backfolio.report.walk.view import headline, view
from backfolio.report.writer import PARTIAL, Written

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
        WALK_FILE: (json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode(),
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
        existed = _place(walk, folder, look)
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


def _place(walk: Walk, folder: Path, look: Look) -> bool:
    """Make the folder unless it is there; tell whether it was."""
    if folder.exists():
        if not all((folder / name).exists() for name in (WALK_FILE, "index.html")):
            message = f"{folder} is not a whole report: delete it and run again"
            raise UsageError(message)
        shown, content = folder / "index.html", _page(walk, look)
        if shown.read_bytes() != content:
            write_whole(shown, content)
        return True
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{PARTIAL}")
    files = render_walk(walk, look)
    try:
        partial.mkdir()
        for name, content in files.items():
            write_whole(partial / name, content)
        try:
            partial.rename(folder)
        except OSError:
            # Another process finished the same walk first; the two are equal.
            if not (folder / WALK_FILE).exists():
                raise
            return True
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return False
