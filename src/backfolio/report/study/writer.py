"""The folder of an event study, written whole or not at all."""

from __future__ import annotations

import json
import secrets
import shutil
from typing import TYPE_CHECKING, Final

from backfolio.durable import write_whole
from backfolio.errors import UsageError
from backfolio.report.gallery import write_gallery
from backfolio.report.gallery.folders import KINDS_FOLDER
from backfolio.report.gallery.kinds import STUDY_FILE
from backfolio.report.look import USUAL
from backfolio.report.page import page
from backfolio.report.study.tables import days_csv, events_csv, path_csv, windows_csv
from backfolio.report.study.view import headline, view
from backfolio.report.writer import PARTIAL, Written

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.report.look import Look
    from backfolio.study import Study

PREFIX: Final = "study-"
"""Of the names of folders."""


def render_study(study: Study, look: Look = USUAL) -> dict[str, bytes]:
    """Return the files of an event study by name; the same study and look give the same bytes."""
    record = {
        **study.record,
        "command": study.command,
        "headline": headline(study, f"{PREFIX}{study.study_id}"),
        "result": study.as_dict(),
    }
    return {
        "events.csv": events_csv(study).encode(),
        "days.csv": days_csv(study).encode(),
        "path.csv": path_csv(study).encode(),
        "windows.csv": windows_csv(study).encode(),
        STUDY_FILE: (json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode(),
        "index.html": _page(study, look),
    }


def write_study(study: Study, reports: Path, look: Look = USUAL) -> Written:
    """Write ``reports/<thesis>/study-<id>/`` (``reports/_kinds/<kind>/...`` of a kind) and the list of runs over it.

    The folder appears under its name only when every file is on the disk. One
    that exists is the same study: its files are kept, but for its page where
    that would now look different.

    Raises
    ------
    UsageError
        If the folder cannot be written, or a damaged one stands in its place.
    """
    above = reports / study.subject if study.thesis else reports / KINDS_FOLDER / study.subject
    folder = above / f"{PREFIX}{study.study_id}"
    try:
        existed = _place(study, folder, look)
        write_gallery(reports, look)
    except OSError as error:
        message = (
            f"the report of the event study cannot be written to {folder} ({error}): choose another folder with "
            "--reports"
        )
        raise UsageError(message) from error
    return Written(folder, existed)


def _page(study: Study, look: Look) -> bytes:
    up = "../../" if study.thesis else "../../../"
    return page("study.html", {**view(study, look.lang), "up": up}, look=look, up=up)


def _place(study: Study, folder: Path, look: Look) -> bool:
    """Make the folder unless it is there; tell whether it was."""
    if folder.exists():
        if not all((folder / name).exists() for name in (STUDY_FILE, "index.html")):
            message = f"{folder} is not a whole report: delete it and run again"
            raise UsageError(message)
        shown, content = folder / "index.html", _page(study, look)
        if shown.read_bytes() != content:
            write_whole(shown, content)
        return True
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{PARTIAL}")
    files = render_study(study, look)
    try:
        partial.mkdir()
        for name, content in files.items():
            write_whole(partial / name, content)
        try:
            partial.rename(folder)
        except OSError:
            # Another process finished the same study first; the two are equal.
            if not (folder / STUDY_FILE).exists():
                raise
            return True
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return False
