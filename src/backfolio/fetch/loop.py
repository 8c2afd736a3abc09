"""`fetch`: what is asked for, from the hosts into the store, a piece at a time."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from backfolio import store
from backfolio.calendar import SHANGHAI
from backfolio.fetch import market, ratings, warned, whole
from backfolio.fetch.gathered import universe_batch
from backfolio.fetch.known import FINISHED, NEVER, Marks, known_of, latest, mark, read_marks
from backfolio.fetch.plan import last_of, window
from backfolio.fetch.summary import NO_ROOM, Outcome, Step, Summary
from backfolio.fetch.symbol import Part, refresh
from backfolio.quality import examine
from backfolio.source.akshare.symbols import must_be_current
from backfolio.source.akshare.transport import Desk
from backfolio.store import Batch, Count, empty

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from backfolio.fetch.gathered import Gathered
    from backfolio.fetch.plan import Ask
    from backfolio.fetch.summary import State
    from backfolio.fetch.symbol import Refresh
    from backfolio.quality import Finding
    from backfolio.store import Reader, Writer

T = TypeVar("T")

SILENT: Final = 3
"""So many pieces in a row that fail end their kind: symbols of which no host gives bars, days without ratings."""

OFFLINE: Final = "no host of market data can be reached: {}; check the network, then run this again"

OFFLINE_HOSTS: Final = 2
"""Hosts that could not be reached, none having answered, after which the network is taken to be away."""

AHEAD: Final = (
    "the clock of this machine is {:.1f} hours ahead of what the hosts' replies show, and the bar of a session that is "
    "not over would be taken as final: set the clock or its time zone right, then run this again"
)

DARK: Final = 3
"""Pieces in a row for which no host could be reached, after which it is as well, however few hosts they ask."""

RATINGS: Final = "ratings "
FACTS: Final = "dividends and factors of "

LOOKED_BACK: Final = 1_000
"""Entries of the log among which the end of the last fetch is looked for."""


def desk_for(folder: Path, **settings: Any) -> Desk:  # noqa: ANN401  those of `Desk`
    """Return the desk of a fetch: it knows which hosts to leave alone, and what was spent today."""
    if not store.exists(folder):
        return Desk(**settings)
    with store.reading(folder) as reader:
        return Desk(spent=reader.calls_today(), blocks=reader.blocks(), **settings)


def fetch(folder: Path, ask: Ask, desk: Desk, on_step: Callable[[Step], None] | None = None) -> Summary:
    """Bring what is asked for into the store.

    Each piece (a symbol, an index, a day of ratings) goes in whole or not at
    all, with the mark that it need not be asked for again: whatever cuts a
    fetch off, the same fetch goes on where it stopped.

    Parameters
    ----------
    folder
        Of the store; made with the first piece where there is none.
    ask
        What is wanted.
    desk
        From where hosts are asked.
    on_step
        Is told where the work stands.

    Returns
    -------
    Summary
        What came, what failed and why. It stops early, and says so, where no
        host can be reached or every host of bars refuses.

    Raises
    ------
    UsageError
        If no session that is over lies in what is asked for.
    SymbolError
        If a share of Beijing is asked for by the code that it had before 2025-10-09.
    StoreError
        If the store cannot be written, or another process writes to it.
    """
    with ExitStack() as stack:
        return _Fetch(folder, ask, desk, on_step, stack).run()


class _Stopped(Exception):  # noqa: N818  a way out of the loop, not an error
    """Nothing more is to be asked for."""


class _Fetch:
    """One fetch while it runs."""

    def __init__(
        self, folder: Path, ask: Ask, desk: Desk, on_step: Callable[[Step], None] | None, stack: ExitStack
    ) -> None:
        self.folder, self.ask, self.desk, self.on_step, self.stack = folder, ask, desk, on_step, stack
        self.want = window(ask, desk.now())
        self.today = np.datetime64(desk.now().astimezone(SHANGHAI).date(), "D")
        for symbol in ask.wanted:
            must_be_current(symbol, self.today)
        # Where there is no store, none is made before something is there to put in.
        self._writer: Writer | None = stack.enter_context(store.writing(folder)) if store.exists(folder) else None
        self.marks = self._read(lambda reader: Marks() if reader is None else read_marks(reader))
        self.waiting = self._read(lambda reader: universe_batch(ask.universe, desk.now(), reader))
        self.called = {one.symbol: one.name_zh for one in ask.universe.members} if ask.universe else {}
        self.changed = self.offline = False
        self.counts: dict[str, Count] = {}
        self.outcomes: list[Outcome] = []
        self.notes: list[str] = []
        self.made = desk.made.total()
        self.days: frozenset[str] = frozenset()
        self.unreached: set[str] = set()
        self.unfinished = self._read(_cut_off)
        self.no_ratings = self.no_facts = False
        self.shares: dict[str, np.datetime64] = {}
        self.silent = self.dark = self.lost_days = self.done = self.total = 0
        self._queue: list[tuple[str, Callable[[str], None]]] = []

    def run(self) -> Summary:
        """Do it all, and say what became of it."""
        self._queue = self._pieces()
        started = 0
        try:
            # The list grows while it is gone through: of the whole market, the symbols are known only on the way.
            for started, (subject, work) in enumerate(self._queue, start=1):
                self.total = len(self._queue)
                self._tell(subject)
                work(subject)
                self.done = started
        except _Stopped:
            self.outcomes += [Outcome(subject, "not asked") for subject, _ in self._queue[started:]]
        findings = self._finish()
        self._tell("")
        blocks = tuple(block for block in self.desk.blocks.values() if block.until > self.desk.now())
        counts = {table: self.counts[table] for table in store.GIVEN if table in self.counts}
        return Summary(
            "fetch",
            counts,
            tuple(self.outcomes),
            findings,
            tuple(sorted(blocks, key=lambda block: block.host)),
            tuple(self.notes),
            self.desk.made.total() - self.made,
            self.offline,
        )

    # --- the pieces ---------------------------------------------------------------------------------

    def _pieces(self) -> list[tuple[str, Callable[[str], None]]]:
        ask = self.ask
        pieces: list[tuple[str, Callable[[str], None]]] = []
        pieces += [(piece, self._market) for piece in market.pieces(ask.wanted, everyone=ask.all_market)]
        pieces += [(index, self._index) for index in ask.indexes]
        if ask.all_market:
            pieces.append(("who is listed", self._everyone))
        else:
            pieces += [(symbol, self._symbol) for symbol in ask.wanted]
        if ask.ratings:
            days = ratings.days(self.want, self.today, ask.until, Marks() if ask.full else self.marks)
            pieces += [(f"{RATINGS}{day}", self._rating_day) for day in days]
            pieces += [(f"{RATINGS}{symbol}", self._rating_symbol) for symbol in ask.wanted]
        return pieces

    def _market(self, piece: str) -> None:
        if f"{piece} {self.want.last}" in self.marks.market and not self.ask.full:
            self._ended(piece, "up to date")
            return
        spells = self._frame("st_spells") if piece == market.BOARD else empty("st_spells")
        read = self._read(lambda reader: warned.NONE if reader is None else warned.readings(reader))
        self._keep(piece, market.gather(self.desk, piece, self.want.last, spells, read))
        self._examine_touched()

    def _index(self, index: str) -> None:
        held = self._frame("index_bars", (index,))
        asked, ever = self.marks.bars.get(index), self.marks.since.get(index, NEVER)
        if self.ask.full:
            held, asked = held[:0], None
        got = market.refresh_index(self.desk, index, held, self.want, asked=asked, ever=ever)
        if got is None:
            self._ended(index, "up to date")
        else:
            self._keep(index, got)
            self._examine_touched()

    def _everyone(self, subject: str) -> None:
        """Find out who was listed in the time that is wanted, and put them all in the queue: bars, then facts."""
        self.shares = whole.everyone(self._frame("listings"), self.ask.wanted, self.want)
        place = self._queue.index((subject, self._everyone)) + 1
        pieces: list[tuple[str, Callable[[str], None]]] = [(symbol, self._symbol) for symbol in self.shares]
        pieces += [(f"{FACTS}{symbol}", self._facts) for symbol in whole.oldest_first(self.shares, self.marks)]
        self._queue[place:place] = pieces
        self._ended(subject, "done")

    def _symbol(self, symbol: str) -> None:
        part = Part(full=self.ask.full)
        if self.ask.all_market:
            sample = whole.sampled(list(self.shares).index(symbol), len(self.shares), self.want.last)
            part = Part(facts=False, market=True, sample=sample, full=self.ask.full)
        came = self._refresh(symbol, symbol, part)
        self.silent = self.silent + 1 if came.silent else 0
        if came.refused:
            self.notes.append(f"no host of bars may be asked now ({came.gathered.missing[-1]})")
            raise _Stopped
        if self.silent >= SILENT:
            self.notes.append(f"no host gave bars of {SILENT} symbols in a row: the fetch stopped; run it again later")
            raise _Stopped

    def _facts(self, subject: str) -> None:
        if self.no_facts:
            self._ended(subject, "not asked")
            return
        part = Part(bars=False, market=True, full=self.ask.full)
        # Their host has refused, or has had enough for today: there may be thousands of shares.
        self.no_facts = self._refresh(subject, subject.removeprefix(FACTS), part).facts_refused

    def _refresh(self, subject: str, symbol: str, part: Part) -> Refresh:
        known = self._read(lambda reader: known_of(reader, symbol, self.marks))
        called = " ".join(filter(None, (symbol, known.name or self.called.get(symbol, ""))))
        came = refresh(
            self.desk,
            symbol,
            known,
            self.want,
            part,
            days_asked=self.marks.suspensions | self.days,
            on_part=lambda now: self._tell(f"{called}: {now}"),
        )
        self.days |= came.days
        if not came.asked:
            self._ended(subject, "up to date")
            return came
        self._keep(subject, came.gathered)
        if came.gathered.tables:
            self._examine((symbol,))
        return came

    def _rating_day(self, subject: str) -> None:
        if self.no_ratings:
            self._ended(subject, "not asked")
            return
        got = ratings.of_day(self.desk, subject.removeprefix(RATINGS))
        self._keep(subject, got)
        self.lost_days = self.lost_days + 1 if got.missing else 0
        # Their only host has refused, has had enough for today, or is out of order: there may be thousands of days.
        refused = bool(got.missing) and all(entry.outcome == "refused" for entry in got.log)
        self.no_ratings = refused or self.lost_days >= SILENT

    def _rating_symbol(self, subject: str) -> None:
        symbol = subject.removeprefix(RATINGS)
        last = last_of(self.want.last, latest(self._frame("listings", (symbol,))["delisted"]))
        if f"{symbol} {last}" in self.marks.reports and not self.ask.full:
            self._ended(subject, "up to date")
        else:
            self._keep(subject, ratings.of_symbol(self.desk, symbol, last))

    # --- what becomes of them -----------------------------------------------------------------------

    def _keep(self, subject: str, got: Gathered) -> None:
        """Put in what came; while no host was reached, hold it back: then nothing did."""
        if self.desk.ahead:
            self._ended(subject, "failed", AHEAD.format(self.desk.ahead))
            self.notes.append(AHEAD.format(self.desk.ahead))
            raise _Stopped
        self._ended(subject, "failed" if got.missing else "done", "; ".join(got.missing))
        # Who refuses by closing every connection was reached as well.
        if (self.desk.reached or got.blocks) and not self.desk.offline:
            self.dark = 0
            self._put(got.batch())
            return
        self.waiting.append(got.batch())
        failed = {entry.host for entry in got.log if entry.outcome == "failed"}
        self.dark += bool(failed)
        self.unreached |= failed
        if len(self.unreached) >= OFFLINE_HOSTS or self.dark >= DARK:
            self.offline = True
            self.notes.append(
                OFFLINE.format("what had come is in the store" if self.changed else "the store is as it was")
            )
            raise _Stopped

    def _put(self, batch: Batch) -> None:
        if self._writer is None:
            self._writer = self.stack.enter_context(store.writing(self.folder))
        for one in (*self.waiting, batch):
            if not (one.tables or one.log or one.quarantine or one.blocks):
                continue
            for table, count in self._writer.put(one).items():
                before = self.counts.get(table, Count())
                sums = (getattr(before, name) + getattr(count, name) for name in Count.__slots__)
                self.counts[table] = Count(*sums)
            self.changed = True
        self.waiting.clear()

    def _ended(self, subject: str, state: State, why: str = "") -> None:
        self.outcomes.append(Outcome(subject, state, why))

    def _examine(self, symbols: Sequence[str] | None) -> None:
        if self._writer is not None:
            with self._writer.read() as reader:
                held = reader.held(symbols)
            self._writer.replace_findings(examine(held), symbols)

    def _examine_touched(self) -> None:
        touched = self._read(lambda reader: () if reader is None else reader.unexamined())
        if touched:
            self._examine(touched)

    def _finish(self) -> tuple[Finding, ...]:
        """Examine all that is there once more, keep a copy, and return what is found of what was asked for."""
        told = not self.desk.offline and (self.desk.reached or not self.unreached)
        if self.waiting and told and self._writer is not None:
            self._put(Batch({}))
        # What an earlier fetch or import that was cut off left undone is done now, whatever this one brought.
        left = self._read(lambda reader: () if reader is None else reader.unexamined())
        due = self.changed or ((bool(left) or self.unfinished) and not self.offline)
        if due and self._writer is not None:
            self._tell("checking quality")
            with self._writer.read() as reader:
                tables = warned.known(reader, self.want.last)
            if tables:
                self._put(Batch(tables))
            self._examine(None)
            self._put_catalysts()
            self._tell("keeping a copy")
            if self._writer.snapshot() is None:
                self.notes.append(NO_ROOM)
            self._writer.put(Batch({}, (mark(FINISHED, at=self.desk.now()),)))
        if self.shares and not self.offline:
            marks = self._read(lambda reader: Marks() if reader is None else read_marks(reader))
            self.notes.append(whole.progress(self.shares, marks, self.want))
        wanted = None if self.ask.all_market else ("", *self.ask.wanted)
        return self._read(lambda reader: () if reader is None else reader.findings(wanted))

    def _put_catalysts(self) -> None:
        """Work the catalysts out anew where something they are made of has changed."""
        counts = (self.counts.get(table, Count()) for table in ratings.MADE_OF)
        if self.unfinished or any(count.new or count.revised or count.filled for count in counts):
            batch = self._read(lambda reader: None if reader is None else ratings.catalysts(reader))
            if batch is not None:
                self._put(batch)

    def _read(self, look: Callable[[Reader | None], T]) -> T:
        if self._writer is None:
            return look(None)
        with self._writer.read() as reader:
            return look(reader)

    def _frame(self, table: str, symbols: Sequence[str] | None = None) -> pd.DataFrame:
        return self._read(lambda reader: empty(table) if reader is None else reader.frame(table, symbols))

    def _tell(self, now: str) -> None:
        if self.on_step is not None:
            self.on_step(Step(self.done, self.total, now))


def _cut_off(reader: Reader | None) -> bool:
    """Tell whether the last fetch was cut off after something had come, before it was finished."""
    if reader is not None:
        for entry in reader.log(LOOKED_BACK):
            if entry.source != "import":
                return entry.function != FINISHED
    return False
