"""The folder of an event study, written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.errors import UsageError
from backfolio.report.folder import Written, place_or_restyle, record_bytes
from backfolio.report.gallery import write_gallery
from backfolio.report.gallery.folders import KINDS_FOLDER
from backfolio.report.gallery.kinds import STUDY_FILE
from backfolio.report.look import USUAL
from backfolio.report.page import page
from backfolio.report.study.tables import days_csv, events_csv, path_csv, windows_csv
from backfolio.report.study.view import headline, view
from backfolio.report.study.waterfall import tradable_csv

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
        **({} if study.tradable is None else {"tradable.csv": tradable_csv(study).encode()}),
        STUDY_FILE: record_bytes(record),
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
        existed = place_or_restyle(folder, STUDY_FILE, lambda: _page(study, look), lambda: render_study(study, look))
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
