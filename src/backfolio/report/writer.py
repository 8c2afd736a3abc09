"""A report folder, written whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio.durable import write_whole
from backfolio.errors import UsageError
from backfolio.report import tables
from backfolio.report.assets import write_assets
from backfolio.report.folder import Written, demand_whole, place, record_bytes
from backfolio.report.gallery import write_gallery
from backfolio.report.look import USUAL
from backfolio.report.run import headline, run_page
from backfolio.report.tearsheet import drawn_for, tear_sheet

if TYPE_CHECKING:
    from backfolio.report.look import Look
    from backfolio.result import Result

RECORD: Final = "run.json"
"""Without it a folder is no run's."""


def render(result: Result, *, tearsheet: bool = True, look: Look = USUAL) -> dict[str, bytes]:
    """Return the files of a report by name; the same result and look give the same bytes.

    `tearsheet` False leaves out `tearsheet.html`, whose imports take a second.
    """
    fills = tables.fills_csv(result.ledger, dividend_tax=result.settings.dividend_tax).encode()
    record = {**result.record, "headline": headline(result)}
    files = {
        "fills.csv": fills,
        "refusals.csv": tables.refusals_csv(result.ledger).encode(),
        "equity.csv": tables.equity_csv(result.ledger).encode(),
        "positions.csv": tables.positions_csv(result.ledger).encode(),
        RECORD: record_bytes(record),
        "index.html": run_page(result, tearsheet=tearsheet, look=look),
    }
    if tearsheet:
        files["tearsheet.html"] = tear_sheet(result, look)
    return files


def write(result: Result, reports_dir: Path | str, *, tearsheet: bool = True, look: Look = USUAL) -> Written:
    """Write ``reports_dir/<strategy>/<run id>/``, the scripts of its charts, and the list of runs over it.

    The folder appears under its name only when every file is on the disk. One
    that exists is the same run, and its files are kept: a tear sheet that it
    lacks is added, and its pages are made anew where they would now look
    different (another language or colour, a newer version).

    Raises
    ------
    UsageError
        If the folder cannot be written, or a damaged one stands in its place.
    """
    reports = Path(reports_dir)
    folder = reports / _safe(result.strategy) / _safe(result.run_id)
    try:
        existed = _place(result, folder, tearsheet=tearsheet, look=look)
        write_gallery(reports, look)
    except OSError as error:
        message = f"the report cannot be written to {folder} ({error}): choose another folder with --reports"
        raise UsageError(message) from error
    return Written(folder, existed)


def _place(result: Result, folder: Path, *, tearsheet: bool, look: Look) -> bool:
    """Make the folder unless it is there; tell whether it was."""
    reports = folder.parent.parent
    if folder.exists():
        write_assets(reports)
        _complete(result, folder, tearsheet=tearsheet, look=look)
        return True

    def files() -> dict[str, bytes]:
        made = render(result, tearsheet=tearsheet, look=look)
        write_assets(reports)  # not before: nothing is left of a report that cannot be made
        return made

    return place(folder, RECORD, files)


def _complete(result: Result, folder: Path, *, tearsheet: bool, look: Look) -> None:
    """Add the tear sheet to a folder written without one, then its page where that would now be another."""
    demand_whole(folder, RECORD)
    sheet, shown = folder / "tearsheet.html", folder / "index.html"
    if tearsheet and not (sheet.exists() and drawn_for(sheet.read_bytes(), look)):
        write_whole(sheet, tear_sheet(result, look))
    content = run_page(result, tearsheet=sheet.exists(), look=look)
    if shown.read_bytes() != content:
        write_whole(shown, content)


def _safe(name: str) -> str:
    """Return a name that is one folder, or refuse it."""
    if not re.fullmatch(r"[\w][\w.+-]*", name):
        message = f"{name!r} cannot name a folder: use letters, digits, '_', '-' and '.' only"
        raise UsageError(message)
    return name
