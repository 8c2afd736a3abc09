"""Where bars, catalysts and universes come from: the simulated sample, the store, or a path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.source.model import REAL, Source, identify

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["REAL", "SAMPLE", "STORE", "Source", "identify", "load"]

SAMPLE: Final = "sample"
STORE: Final = "store"


def load(where: str, workspace: Path, universes: Collection[str | None] = (None,)) -> Source:
    """Load a source.

    Parameters
    ----------
    where
        ``"sample"``: the simulated market, with its own catalysts and universes.
        ``"store"``: what `fetch` and `import` brought into ``data/store``.
        Anything else is a path, relative to the current folder. (A folder of
        one of these names is written ``./sample``.)
    workspace
        Folder whose ``data/catalysts`` and ``data/universes`` go with the store
        or a path.
    universes
        Names of the universes that are asked for, None for every symbol: of
        the store only their members are read. (Files are read whole.)

    Raises
    ------
    UsageError
        If nothing is there.
    DataError
        If what is there breaks the import format.
    StoreError
        If the store cannot be read, or holds an open error about a symbol that
        is asked for.
    """
    if where == SAMPLE:
        return _sample()
    if where == STORE:
        from backfolio.source import stored  # noqa: PLC0415  duckdb: only when asked

        return stored.read(workspace, universes)
    from backfolio.source import files  # noqa: PLC0415  pandas and the readers: only when asked

    return files.read(where, workspace)


def _sample() -> Source:
    from backfolio.bars import build_bars  # noqa: PLC0415  pandas: only when asked
    from backfolio.source import sample  # noqa: PLC0415

    tables = sample.tables()
    bars, catalysts, universes = build_bars(tables), sample.catalysts(), sample.universes()
    return Source(tables.label, True, bars, catalysts, universes, SAMPLE)  # noqa: FBT003
