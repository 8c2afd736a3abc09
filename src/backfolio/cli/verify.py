"""What `verify` does: a report run again, and what is not as it was."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from backfolio.cli import console, parts

if TYPE_CHECKING:
    from backfolio.cli.config import Config
    from backfolio.cli.workspace import Workspace


def verify(here: Workspace, config: Config, run: str, where: str | None, *, as_json: bool, quiet: bool) -> None:
    """Run a report again; leave with 1 where other fills come out."""
    from backfolio import verify as again  # noqa: PLC0415  pandas and the rest: only when asked

    folder = again.find(parts.reports_folder(here, config), run)
    with console.progress(shown=not (as_json or quiet)) as update, parts.aside(folder.parent.name):
        update("Loading bars", 0, 1)
        found = again.verify(folder, here.folder, where, lambda done, total: update("Replaying", done, total))
    if as_json:
        console.as_json(found.as_dict())
    elif not quiet:
        shown = parts.shown_path(folder)
        if found.differing:
            rows = [[check.what, check.recorded, check.now] for check in found.differing]
            console.table("Not as it was", ["", "recorded", "now"], rows)
        console.out(
            f"Verified: the same fills come out ({found.fills.now}). {shown}"
            if found.holds
            else f"NOT VERIFIED: {_reason(found.fills.same)} {shown}"
        )
    if not found.holds:
        sys.exit(1)


def _reason(fills_same: bool) -> str:  # noqa: FBT001  one answer
    if fills_same:
        return "the same fills come out, but a file of the report is not as it was written."
    return "other fills come out."
