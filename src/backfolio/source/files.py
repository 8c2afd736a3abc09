"""A path as a source: a folder or file in the import format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from backfolio.bars import build_bars, read_tables
from backfolio.bars.cells import days
from backfolio.catalysts import read_catalysts
from backfolio.errors import UsageError
from backfolio.quality.model import Finding
from backfolio.quality.rules import RULES
from backfolio.source.model import Source
from backfolio.universe import read_universes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from backfolio.bars import Tables
    from backfolio.catalysts import Catalyst
    from backfolio.universe import Universe

MARKER: Final = "SIMULATED.txt"
"""A file that says: the bars beside it are made by code, and bring their own catalysts and universes."""


def read(where: str, workspace: Path) -> Source:
    """Read the source at a path.

    Parameters
    ----------
    where
        Folder or file, relative to the current folder; ``~`` is the home folder.
    workspace
        Folder whose ``data/catalysts`` and ``data/universes`` go with it; a
        folder that `sample.write` made brings its own instead.

    Raises
    ------
    UsageError
        If nothing is there.
    DataError
        If what is there breaks the import format.
    """
    path = Path(where).expanduser()
    if not where.strip() or not path.exists():
        message = (
            f"data {where!r}: no such file or folder (looked in {path.absolute().parent}); "
            "give the path of data in the import format, 'store' for what fetch and import brought, or 'sample' for "
            "the simulated market"
        )
        raise UsageError(message)
    tables = read_tables(path)
    bars = build_bars(tables)
    simulated = (path / MARKER).is_file()
    catalysts, universes = read_facts(path if simulated else workspace / "data")
    label = f"SIMULATED {tables.label}" if simulated else tables.label
    return Source(label, simulated, bars, catalysts, universes, where, tuple(_accepted(tables)))


def _accepted(tables: Tables) -> Iterator[Finding]:
    """Yield what a person accepted before the files were written, as the store would have it."""
    frame = tables.accepted
    if frame is None:
        return
    cells = zip(frame["symbol"], days(frame["date"])[0], frame["rule"], frame["because"], strict=True)
    for symbol, day, name, because in cells:
        rule, date = RULES.get(name), day.astype(object)
        if rule is not None:
            yield Finding(name, rule.severity, symbol, date, date, 1, rule.demands, rule.remedy, because)


def read_facts(folder: Path) -> tuple[tuple[Catalyst, ...], Mapping[str, Universe]]:
    """Read the folders ``catalysts`` and ``universes`` of a folder; one that is not there holds nothing."""
    catalysts, universes = folder / "catalysts", folder / "universes"
    return (
        read_catalysts(catalysts) if catalysts.exists() else (),
        read_universes(universes) if universes.exists() else {},
    )
