"""The page of a tune and its table of trials, put into the tune's folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from backfolio.durable import write_whole
from backfolio.errors import UsageError
from backfolio.report.gallery import write_gallery
from backfolio.report.gallery.kinds import TUNE_FILE
from backfolio.report.look import USUAL
from backfolio.report.page import page, resource
from backfolio.report.tune.table import trials_csv
from backfolio.report.tune.view import headline, view

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.report.look import Look
    from backfolio.tune.study import Study


def render_tune(study: Study, folder: str, look: Look = USUAL) -> dict[str, bytes]:
    """Return the files of a tune by name, for a folder of that name; the same study and look give the same bytes."""
    trials, verdict = study.trials, study.verdict
    found = {
        "headline": headline(study, folder),
        "winner": None if trials.best is None else trials.values(trials.best),
        "verdict": None if verdict is None else verdict.as_dict(),
    }
    return {
        TUNE_FILE: (json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode(),
        "trials.csv": trials_csv(study.trials).encode(),
        "index.html": page("tune.html", view(study, look.lang), look=look, script=resource("sort.js")),
    }


def write_tune(study: Study, folder: Path, look: Look = USUAL) -> Path:
    """Write ``summary.json``, ``trials.csv`` and ``index.html`` into a tune's folder, and the list of runs over it.

    Parameters
    ----------
    study
        What a tune found.
    folder
        ``reports/<thesis>/tune-<id>``, which exists.
    look
        Language and colours.

    Returns
    -------
    Path of the page.

    Raises
    ------
    UsageError
        If the files cannot be written.
    """
    try:
        for name, content in render_tune(study, folder.name, look).items():
            write_whole(folder / name, content)
        reports = folder.parents[1]
        write_gallery(reports, look)
    except OSError as error:
        message = f"the page of the tune cannot be written to {folder} ({error}): choose another folder with --reports"
        raise UsageError(message) from error
    return folder / "index.html"
