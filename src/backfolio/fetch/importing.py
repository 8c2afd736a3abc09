"""`import_path`: market data in the import format into the store, all of it or nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import store
from backfolio.bars import build_bars, read_tables
from backfolio.errors import UsageError
from backfolio.fetch.summary import NO_ROOM, Outcome, Step, Summary
from backfolio.fetch.tables import SOURCE, rows_of
from backfolio.quality import examine
from backfolio.source.files import MARKER
from backfolio.store.tables import BEFORE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from backfolio.bars import Tables
    from backfolio.store import LogEntry, Reader

STEPS: Final = ("reading and checking {name}", "storing {rows:,} bars", "checking quality", "keeping a copy")


def import_path(folder: Path, path: Path, on_step: Callable[[Step], None] | None = None) -> Summary:
    """Bring market data in the import format into the store.

    Importing the same data again changes nothing. Where the store holds other
    values, the new ones take their place and the old ones are kept among the
    revisions; a value that the new data lacks stays. A listing date that had
    to be assumed never takes the place of a known one.

    Parameters
    ----------
    folder
        Of the store; made where there is none.
    path
        A folder, or one file of bars.
    on_step
        Is told where the work stands.

    Returns
    -------
    Summary
        Counts a table, one outcome a file, and the findings of quality over
        all that the store then holds.

    Raises
    ------
    UsageError
        If the bars are simulated.
    DataError
        If the data breaks the import format or the exchange's rules; the
        store is then as it was.
    StoreError
        If the store cannot be written.
    """
    if ((path if path.is_dir() else path.parent) / MARKER).is_file():
        message = (
            f"{path}: its bars are simulated ({MARKER} says so), and the store holds real ones only; "
            f"to run on them, give the folder as --data {path}"
        )
        raise UsageError(message)

    def step(done: int, rows: int = 0) -> None:
        if on_step is not None:
            on_step(Step(done, len(STEPS), STEPS[done].format(name=path.name, rows=rows) if done < len(STEPS) else ""))

    step(0)
    tables = read_tables(path)
    bars = build_bars(tables)
    rows = rows_of(tables, bars)
    log = _log(tables, path, dt.datetime.now(dt.UTC))
    assumed = int(bars.listing_assumed.sum())
    symbols = bars.symbols
    del tables, bars  # beside what follows they would be a third of the memory
    with store.writing(folder) as writer:
        step(1, len(rows["bars"]))
        if store.exists(folder):
            with writer.read() as reader:
                rows["listings"] = _no_worse(rows["listings"], rows["bars"], reader)
        counts = dict(writer.put(store.Batch(rows, log)))
        del rows
        step(2)
        with writer.read() as reader:
            held = reader.held()
        findings = examine(held)
        del held
        writer.replace_findings(findings, None)
        step(3)
        kept = writer.snapshot()
    step(4)
    notes = [f"listing date assumed for {assumed:,} of {len(symbols):,} symbols"] if assumed else []
    if kept is None:
        notes.append(NO_ROOM)
    outcomes = tuple(Outcome(entry.subject, "done") for entry in log)
    return Summary("import", counts, outcomes, findings, notes=tuple(notes))


def _no_worse(listings: pd.DataFrame, bars: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    """Leave out assumed listing dates where the store knows better.

    It does where it has a date that is not assumed, or one assumed from a bar
    that is no later than the first that comes. Where a date that the store
    assumed gives way to "before the data", that is `BEFORE`: a missing value
    would take nothing's place.
    """
    assumed = listings["assumed"].fillna(value=False).to_numpy(dtype=bool)
    held = reader.frame("listings", tuple(listings.loc[assumed, "symbol"]))
    if held.empty:
        return listings
    guessed = held["assumed"].fillna(value=False).to_numpy(dtype=bool) | held["listed"].isna().to_numpy()
    known = set(held.loc[~guessed, "symbol"])
    doubtful = tuple(sorted(set(held.loc[guessed, "symbol"])))
    dated = held.loc[guessed & held["listed"].notna().to_numpy(), "symbol"]
    if doubtful:
        before = _first_bars(reader.frame("bars", doubtful))
        first = _first_bars(bars.loc[bars["symbol"].isin(before.index)])
        known |= set(before.index[(before <= first.reindex(before.index)).to_numpy()])
    kept = listings.copy()
    worse = assumed & listings["symbol"].isin(known).to_numpy()
    kept.loc[worse, "listed"] = np.datetime64("NaT", "s")
    kept["assumed"] = kept["assumed"].mask(worse)
    erasing = (
        kept["assumed"].fillna(value=False).to_numpy(dtype=bool) & kept["listed"].isna() & kept["symbol"].isin(dated)
    )
    kept.loc[erasing, "listed"] = BEFORE
    return kept


def _first_bars(bars: pd.DataFrame) -> pd.Series:
    """Return the date of each symbol's first bar; a suspension is none."""
    if "traded" not in bars:
        return bars.groupby("symbol")["date"].min()
    traded = bars["traded"].astype("boolean").fillna(value=True).to_numpy(dtype=bool)
    return bars.loc[traded].groupby("symbol")["date"].min()


def _log(tables: Tables, path: Path, at: dt.datetime) -> tuple[LogEntry, ...]:
    """Return an entry a file, with the hash of its bytes."""
    entries = []
    for table in ("bars", "index", "ex_rights", "listings"):
        frame = tables.frame(table)
        if frame is None:
            continue
        origin = tables.origin(table)
        ends: Sequence[int] = [*origin.starts[1:].tolist(), len(frame)]
        for name, start, end in zip(origin.files, origin.starts.tolist(), ends, strict=True):
            file = path / name if path.is_dir() else path
            entries.append(
                store.LogEntry(at, SOURCE, "", SOURCE, "", str(file), end - start, hash_of(file), "ok", calls=0)
            )
    return tuple(entries)


def hash_of(file: Path) -> str:
    """Return 16 hex digits over a file's bytes."""
    digest = hashlib.blake2b(digest_size=8)
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
