"""What `compare` does: runs that are there already, held against each other from their folders alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.cli import console, parts
from backfolio.cli.verify import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.cli.config import Config
    from backfolio.cli.workspace import Workspace
    from backfolio.report.compare import Comparison

OTHERS: Final = {
    "tune.json": "a tune, many trials and no single run: compare its winner's report, which its page links to",
    "walk.json": "a walk-forward, many windows and no single run: only runs are compared",
    "study.json": "an event study, which trades nothing: only runs are compared",
}
"""The file that marks another kind of folder, and what to say of it."""


def compare(here: Workspace, config: Config, runs: Sequence[str], *, as_json: bool, quiet: bool) -> None:
    """Compare runs, write the page, and print what came out."""
    from backfolio.report import compare as comparing  # noqa: PLC0415  numpy and jinja: only when asked
    from backfolio.report.compare.writer import as_dict  # noqa: PLC0415

    reports = parts.reports_folder(here, config)
    found = comparing.compare([comparing.read_side(find(reports, run, OTHERS)) for run in runs])
    written = comparing.write_comparison(found, reports, parts.look(config))
    if as_json:
        console.as_json({**as_dict(found), "report": parts.shown_path(written)})
    elif quiet:
        console.out(parts.shown_path(written))
    else:
        _show(found)
        console.out(f"Page: {parts.shown_path(written)}")


def _show(found: Comparison) -> None:
    from backfolio.report.compare.facts import LETTERS  # noqa: PLC0415
    from backfolio.report.compare.figures import rows  # noqa: PLC0415
    from backfolio.report.gallery.comparable import WORDS  # noqa: PLC0415

    names = [f"{letter} {side.strategy} {side.digits}" for letter, side in zip(LETTERS, found.sides, strict=False)]
    title = f"{found.sessions[0]} to {found.sessions[-1]} ({len(found.sessions):,} common sessions)"
    console.table(title, ["", *names], [[row.label, *row.cells] for row in rows(found)])
    if found.settings:
        console.table(
            "Set differently", ["", *LETTERS[: len(names)]], [[each.name, *each.values] for each in found.settings]
        )
    if found.hard:
        console.out(f"NOT COMPARABLE: the runs rest on {', '.join(WORDS[name] for name in found.hard)}.")
    if len(names) == 2 and found.correlations[0][1] is not None:  # noqa: PLR2004  more have a matrix on the page
        console.out(f"Daily returns correlate at {found.correlations[0][1]:.2f}.")
    same = ", ".join(f"{each.same:,} of {each.fills:,}" for each in found.shared)
    console.out(f"Fills that all have, to the share: {same}.")
