"""What `verify` does: the report that is meant, run again, and what is not as it was."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio.cli import console, parts
from backfolio.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from backfolio.cli.config import Config
    from backfolio.cli.workspace import Workspace
    from backfolio.verify import Verification


RUN: Final = "run.json"
"""The file that marks the report of a run."""

OTHERS: Final = {
    "tune.json": "a tune, many trials and no single run: give its winner's report, which its page links to",
    "walk.json": "a walk-forward, many windows and no single run: its own command, run again, makes the same folder",
}
"""The file that marks another kind of folder, and what to say of it."""

SHOWN: Final = 5
"""Folders in a message before it says how many more there are."""


def verify(here: Workspace, config: Config, run: str, where: str | None, *, as_json: bool, quiet: bool) -> None:
    """Run a report again; leave with 1 where other fills come out."""
    from backfolio import verify as again  # noqa: PLC0415  pandas and the rest: only when asked

    folder = find(parts.reports_folder(here, config), run)
    theses = [here.strategies, *(Path(more).expanduser() for more in config.values["strategies"])]
    with console.progress(shown=not (as_json or quiet)) as update, parts.aside(folder.parent.name):
        update("Loading bars", 0, 1)
        found = again.verify(folder, here.folder, where, lambda done, total: update("Replaying", done, total), theses)
    if as_json:
        console.as_json(found.as_dict())
    elif not quiet:
        if found.differing:
            rows = [[check.what, check.recorded, check.now] for check in found.differing]
            console.table("Not as it was", ["", "recorded", "now"], rows)
        console.out(f"{_answer(found)} {parts.shown_path(folder)}")
        for reason in found.reasons:
            console.out(f"  {reason}")
    if not found.holds:
        sys.exit(1)


def find(reports: Path, run: str, others: Mapping[str, str] = OTHERS) -> Path:
    """Return the folder of a report.

    Parameters
    ----------
    reports
        Where reports lie.
    run
        The path of the folder or of a file in it; a run id, whole or its
        start, or the start of the digits at its end; ``STRATEGY/ID``, the id
        in the same ways.
    others
        The file that marks a folder of another kind, and what to say of it.

    Raises
    ------
    UsageError
        If there is none, or more than one, or it is no single run.
    """
    path = Path(run).expanduser()
    if run.strip():
        for folder in (path, *([path.parent] if path.is_file() else [])):
            if (folder / RUN).is_file():
                return folder
            _refuse_other(folder, others)
    found = _named(reports, run, (RUN,))
    if len(found) == 1:
        return found[0]
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        message = f"run {run!r} may be {', '.join(map(str, found[:SHOWN]))}{more}: name one of these folders"
        raise UsageError(message)
    for folder in _named(reports, run, others):
        _refuse_other(folder, others)
    message = (
        f"no report {run!r}: give the folder that a run printed, its id or the start of it, or STRATEGY/ID "
        f"(the folders below {reports}/<thesis>/)"
    )
    raise UsageError(message)


def _answer(found: Verification) -> str:
    if not found.fills.same:
        return "NOT VERIFIED: other fills come out."
    if found.tampered:
        return "NOT VERIFIED: the same fills come out, but the report is not as it was written."
    return f"Verified: the same fills come out ({found.fills.now})."


def _refuse_other(folder: Path, others: Mapping[str, str]) -> None:
    for mark, said in others.items():
        if (folder / mark).is_file():
            message = f"{folder} is {said}"
            raise UsageError(message)


def _named(reports: Path, run: str, marks: Iterable[str]) -> list[Path]:
    """Return the folders that an id, its start, or ``STRATEGY/ID`` means; one that has just that name goes first."""
    strategy, _, word = run.strip("/").rpartition("/")
    if not word or not reports.is_dir():
        return []
    there = [
        folder
        for folder in sorted(reports.glob("*/*"))
        if strategy in {"", folder.parent.name}
        and not folder.name.startswith(".")
        and any((folder / mark).is_file() for mark in marks)
    ]
    exact = [folder for folder in there if folder.name == word]
    return exact or [
        folder
        for folder in there
        if folder.name.startswith(word) or folder.name.replace("-", "_").rpartition("_")[2].startswith(word)
    ]
