"""`import_path`: market data in the import format into the store, all of it or nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import store
from backfolio.bars import build_bars, read_tables
from backfolio.bars.cells import days
from backfolio.bars.frames import FORMS, OUTSIDE_LIMITS
from backfolio.calendar import clock_text
from backfolio.durable import uninterrupted
from backfolio.errors import UsageError, command, counted
from backfolio.fetch.known import WARNINGS, mark
from backfolio.fetch.summary import NO_ROOM, Outcome, Step, Summary
from backfolio.fetch.tables import SOURCE, rows_of
from backfolio.quality import RULES, examine
from backfolio.source.akshare.daily import FINAL, last_finished
from backfolio.source.files import MARKER
from backfolio.store.tables import BEFORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from backfolio.bars import Tables
    from backfolio.quality import Finding
    from backfolio.store import LogEntry, Reader, Writer
    from backfolio.universe import Universe

SHOWN: Final = 5
"""Names of a list before it is told how many more there are."""

STEPS: Final = ("reading and checking {name}", "storing {rows:,} bars", "checking quality", "keeping a copy")


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def import_path(
    folder: Path,
    path: Path,
    on_step: Callable[[Step], None] | None = None,
    universes: Iterable[Universe] = (),
    now: Callable[[], dt.datetime] = _utc_now,
) -> Summary:
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
    universes
        Whose past members should have bars, beside those that the store knows.
    now
        Tells the time.

    Returns
    -------
    Summary
        Counts a table, one outcome a file, and what quality then finds, and a
        person accepted before, about the symbols and indexes that came and the
        store as a whole.

    Raises
    ------
    UsageError
        If the bars are simulated, or some are of a session that is not over.
    DataError
        If the data breaks the import format or the exchange's rules; the
        store is then as it was.
    StoreError
        If the store cannot be written.
    KeyboardInterrupt
        Where Ctrl-C or SIGTERM came; its note says what is in the store then
        and what to do.
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
    _demand_over(path, rows, now())
    log = _log(tables, path, dt.datetime.now(dt.UTC))
    symbols, indexes, accepted = bars.symbols, tuple(bars.index_close), _accepted(tables)
    del tables, bars  # beside what follows they would be a third of the memory
    with store.writing(folder) as writer, _told(writer, path, log):
        step(1, len(rows["bars"]))
        with writer.read() as reader:
            rows["listings"] = _no_worse(rows["listings"], rows["bars"], reader)
        counts = dict(writer.put(store.Batch(rows, (*_warnings(rows, log[0].at), *log))))
        del rows
        step(2)
        with writer.read() as reader:
            held = reader.held()
        known = {one.name: one for one in (*held.universes, *universes)}
        lifted = ((symbol, day, day) for symbol, day, rule in accepted if rule == OUTSIDE_LIMITS)
        passed = (*held.tables.unlimited, *lifted)
        held = replace(held, tables=replace(held.tables, unlimited=passed), universes=tuple(known.values()))
        writer.replace_findings([_looked_at(one, accepted) for one in examine(held)], None)
        del held
        with writer.read() as reader:
            findings = reader.findings((*symbols, *indexes, ""))
            assumed = int(reader.frame("listings", symbols)["assumed"].fillna(value=False).sum())
        step(3)
        kept = writer.snapshot()
    step(4)
    notes = _unread(path, log)
    if assumed:
        notes.append(f"listing date assumed for {assumed:,} of {len(symbols):,} symbols")
    if kept is None:
        notes.append(NO_ROOM)
    outcomes = tuple(Outcome(entry.subject, "done") for entry in log)
    return Summary("import", counts, outcomes, findings, notes=tuple(notes))


def _demand_over(path: Path, rows: Mapping[str, pd.DataFrame], now: dt.datetime) -> None:
    """Refuse bars of a session whose bar is not final: half of one day's trading looks like a whole one's."""
    over = last_finished(now)
    for table in ("bars", "index_bars"):
        frame = rows.get(table)
        if frame is None or not len(frame):
            continue
        early = frame.loc[frame["date"] > over.astype("datetime64[s]")]
        if len(early):
            first = early.sort_values(["date", "symbol"], kind="stable").iloc[0]
            message = (
                f"{path}: {counted(len(early), 'row')} from {first['date']:%Y-%m-%d} on ({first['symbol']}), and it is "
                f"{clock_text(now)}: a session's bar is final at {FINAL:%H:%M}; leave out what is not over, or set the "
                "clock of this machine right"
            )
            raise UsageError(message)


def _warnings(rows: Mapping[str, pd.DataFrame], at: dt.datetime) -> list[LogEntry]:
    """Return a mark for each symbol of which the files tell all risk warnings, from when to when."""
    listings = rows["listings"]
    if "st_known_from" not in listings:
        return []
    told = listings.dropna(subset=["st_known_from"])
    ends = rows["bars"].groupby("symbol", observed=True)["date"].max()
    return [
        mark(WARNINGS, symbol, str(since)[:10], str(ends[symbol])[:10], at=at, source=SOURCE)
        for symbol, since in zip(told["symbol"], told["st_known_from"], strict=True)
        if symbol in ends.index
    ]


def _accepted(tables: Tables) -> Mapping[tuple[str, np.datetime64, str], str]:
    """Return why what a rule finds is right, by symbol, day and rule, as the files say."""
    frame = tables.accepted
    if frame is None or not len(frame):
        return {}
    keys = zip(frame["symbol"], days(frame["date"])[0], frame["rule"], strict=True)
    return dict(zip(keys, frame["because"], strict=True))


def _looked_at(one: Finding, accepted: Mapping[tuple[str, np.datetime64, str], str]) -> Finding:
    """Return a finding as it was accepted where the files come from."""
    if one.first is None or not RULES[one.rule].acceptable:
        return one
    return replace(one, accepted=accepted.get((one.symbol, np.datetime64(one.first, "D"), one.rule), ""))


@contextmanager
def _told(writer: Writer, path: Path, log: Sequence[LogEntry]) -> Iterator[None]:
    """Give an interruption of the block a note that says what is in the store, as the store itself has it."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        with uninterrupted(), writer.read() as reader:
            if set(log).isdisjoint(reader.log(len(log))):
                stands = f"nothing of {path} is in the store, which is as it was: run the import again"
            elif reader.unexamined():
                again = f"run the import again, or {command('data check')}"
                stands = f"all of {path} is in the store, but no rule has looked at it, and runs refuse it: {again}"
            else:
                stands = f"all of {path} is in the store and examined; only the copy for `data restore` was not made"
        stopped.add_note(stands)
        raise


def _unread(path: Path, log: Sequence[LogEntry]) -> list[str]:
    """Name what lies in a folder beside the tables of the import format."""
    read = {Path(entry.subject).name for entry in log}
    beside = [] if path.is_file() else sorted(one for one in path.iterdir() if not one.name.startswith("."))
    names = [f"{one.name}/" if one.is_dir() else one.name for one in beside if one.name not in read]
    if not names:
        return []
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return [f"not read, for they are none of the tables {', '.join(FORMS)}: {', '.join(names[:SHOWN])}{more}"]


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
    for table in FORMS:
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
