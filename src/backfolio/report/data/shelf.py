"""`Shelf`: what the page of the store is made of, read from the store at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backfolio.quality import coverage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd

    from backfolio.quality import Coverage, Finding
    from backfolio.store import Reader
    from backfolio.universe import Universe

COUNTED = (
    "actions",
    "factors",
    "suspensions",
    "st_spells",
    "names",
    "listings",
    "second_bars",
    "revisions",
    "quarantine",
)
"""Tables of `quality.Held` whose rows the page counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """What the page is made of.

    Parameters
    ----------
    coverage
        What each session of each symbol is.
    names
        Symbol to name.
    universes
        Whose past should be covered.
    findings
        Open and accepted.
    counts
        Table of the store to its rows.
    log, blocks, quarantine, revisions
        Frames of the store, in the columns of `store.TABLES`.
    as_of
        ``datetime64[D]``: the last session that should be there.
    program
        How the program is called.
    """

    coverage: Coverage
    names: Mapping[str, str]
    universes: Sequence[Universe]
    findings: Sequence[Finding]
    counts: Mapping[str, int]
    log: pd.DataFrame
    blocks: pd.DataFrame
    quarantine: pd.DataFrame
    revisions: pd.DataFrame
    as_of: np.datetime64
    program: str = "backfolio"


def gather(reader: Reader, universes: Mapping[str, Universe], program: str) -> Shelf:
    """Read everything that the page shows.

    Parameters
    ----------
    reader
        An open store.
    universes
        Of the workspace, by name; those that the store alone knows come on top.
    program
        How the program is called.
    """
    held = reader.held()
    bars, index = held.tables.bars, held.tables.index
    counts = {"bars": len(bars), "index_bars": 0 if index is None else len(index)}
    counts |= {table: len(getattr(held, table)) for table in COUNTED}
    counts |= {table: len(reader.frame(table)) for table in ("ratings", "catalysts")}
    known = {one.name: one for one in held.universes} | dict(universes)
    return Shelf(
        coverage=coverage(held),
        names=_names(held.listings, bars),
        universes=tuple(known[name] for name in sorted(known)),
        findings=reader.findings(),
        counts=counts,
        log=reader.frame("fetch_log"),
        blocks=reader.frame("blocks"),
        quarantine=held.quarantine,
        revisions=held.revisions,
        as_of=held.as_of,
        program=program,
    )


def _names(listings: pd.DataFrame, bars: pd.DataFrame) -> Mapping[str, str]:
    """Return symbol to name: of its listing, else of its last bar that has one."""
    names: dict[str, str] = {}
    if "name" in bars:
        last = bars[bars["name"].notna()].drop_duplicates("symbol", keep="last")
        names |= dict(zip(last["symbol"].astype(str), last["name"].astype(str), strict=True))
    if len(listings):
        own = listings[listings["name"].notna()]
        names |= dict(zip(own["symbol"].astype(str), own["name"].astype(str), strict=True))
    return names
