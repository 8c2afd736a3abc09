"""Where bars, catalysts and universes come from: the simulated sample, or a path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.errors import UsageError
from backfolio.source.model import Source, identify

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SAMPLE", "STORE", "Source", "identify", "load"]

SAMPLE: Final = "sample"
STORE: Final = "store"


def load(where: str, workspace: Path) -> Source:
    """Load a source.

    Parameters
    ----------
    where
        ``"sample"``: the simulated market, with its own catalysts and universes.
        Anything else is a path, relative to the current folder. (A folder of
        one of these names is written ``./sample``.)
    workspace
        Folder whose ``data/catalysts`` and ``data/universes`` go with a path.

    Raises
    ------
    UsageError
        If nothing is there.
    DataError
        If what is there breaks the import format.
    """
    if where == SAMPLE:
        return _sample()
    if where == STORE:
        message = (
            "data 'store': this version keeps no store of fetched bars yet; "
            "give 'sample', or the path of data in the import format"
        )
        raise UsageError(message)
    from backfolio.source import files  # noqa: PLC0415  pandas and the readers: only when asked

    return files.read(where, workspace)


def _sample() -> Source:
    from backfolio.bars import build_bars  # noqa: PLC0415  pandas: only when asked
    from backfolio.source import sample  # noqa: PLC0415

    tables = sample.tables()
    bars, catalysts, universes = build_bars(tables), sample.catalysts(), sample.universes()
    return Source(tables.label, True, bars, catalysts, universes, identify(bars, catalysts, universes))  # noqa: FBT003
