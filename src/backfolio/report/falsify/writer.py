"""The folder of `falsify`, written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.errors import UsageError
from backfolio.report.falsify.tables import claims_csv, placebos_csv, variants_csv
from backfolio.report.falsify.view import headline, view
from backfolio.report.folder import Written, place_or_restyle, record_bytes
from backfolio.report.gallery import write_gallery
from backfolio.report.gallery.kinds import FALSIFY_FILE
from backfolio.report.look import USUAL
from backfolio.report.page import page

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.falsify.model import Falsified
    from backfolio.report.look import Look

PREFIX: Final = "falsify-"
"""Of the names of folders."""


def render_falsify(found: Falsified, look: Look = USUAL) -> dict[str, bytes]:
    """Return the files by name; the same finding and look give the same bytes."""
    record = {
        **found.record,
        "command": found.command,
        "headline": headline(found, f"{PREFIX}{found.falsify_id}"),
        "result": found.as_dict(),
    }
    return {
        "placebos.csv": placebos_csv(found).encode(),
        "variants.csv": variants_csv(found).encode(),
        "claims.csv": claims_csv(found).encode(),
        FALSIFY_FILE: record_bytes(record),
        "index.html": _page(found, look),
    }


def write_falsify(found: Falsified, reports: Path, look: Look = USUAL) -> Written:
    """Write ``reports/<thesis>/falsify-<id>/`` and the list of reports over it.

    The folder appears under its name only when every file is on the disk. One
    that exists is the same finding: its files are kept, but for its page where
    that would now look different.

    Raises
    ------
    UsageError
        If the folder cannot be written, or a damaged one stands in its place.
    """
    folder = reports / found.strategy / f"{PREFIX}{found.falsify_id}"
    try:
        existed = place_or_restyle(
            folder, FALSIFY_FILE, lambda: _page(found, look), lambda: render_falsify(found, look)
        )
        write_gallery(reports, look)
    except OSError as error:
        message = f"the report of falsify cannot be written to {folder} ({error}): choose another folder with --reports"
        raise UsageError(message) from error
    return Written(folder, existed)


def _page(found: Falsified, look: Look) -> bytes:
    return page("falsify.html", view(found, look.lang), look=look)
