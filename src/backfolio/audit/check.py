"""The audit: ask a thesis of the same past under many futures, and compare what it says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.audit import suspects
from backfolio.audit.asked import ask
from backfolio.audit.cuts import cuts_of, spread
from backfolio.audit.model import Audit, Finding, Line, weight_words
from backfolio.audit.trace import guilty
from backfolio.audit.watched import watched
from backfolio.audit.worlds import CUT_OFF, MEMBERS, OTHER_FUTURES, RENAMED
from backfolio.errors import ThesisError
from backfolio.said import listed, said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from backfolio.audit.asked import Subject
    from backfolio.audit.watched import Reading
    from backfolio.audit.worlds import Change
    from backfolio.history import History
    from backfolio.strategy import Strategy

    Step = Callable[[int, int], None]

CUTS: Final = 40
"""Cuts of an audit, if nothing else is asked."""

CHANGED_CUTS: Final = 12
"""Cuts after which each other future is tried: there are many kinds of them, and one cut shows most peeks."""

QUICK_CUTS: Final = 3
"""Cuts of the short form that every run makes; after each the history is cut off, and changed in one way."""

QUICK_CHANGES: Final = ("prices", "catalysts added", "suspensions and limits")
"""What the short form changes after its cuts, in turn."""

TRACED: Final = 4
"""Findings whose line is looked for; of any more it is taken to be the same, for it mostly is."""

STATE: Final = "keep nothing from one call to the next, neither in the module nor in the class"
LOT: Final = "draw no lot without a seed, as in default_rng(self.seed)"
CLOCK: Final = "the time of the run is no fact of the market: use history.sessions"
FILES: Final = "read nothing while deciding: what is in a file is not cut off; use history, or bring it as catalysts"


def audit(
    subject: Subject,
    known: History,
    *,
    cuts: int = CUTS,
    first: int = 0,
    on_step: Step | None = None,
) -> Audit:
    """Ask a thesis everything.

    Parameters
    ----------
    subject
        The thesis.
    known
        All that is known, past and future.
    cuts
        After how many sessions the history is cut off; 0 = after every one. A
        third of them, `CHANGED_CUTS` at most, are tried with every other future, too.
    first
        Row from which on targets are compared.
    on_step
        Called with (evaluations done, about how many in all).

    Raises
    ------
    ThesisError
        If the thesis fails on all that is known.
    """
    with watched(subject.files) as read:
        strategy = subject.fresh()
        base = ask(strategy, known)
    trials = _Trials(subject, known, base, first, on_step)
    findings = read_and_clock(subject.files, read)
    findings += trials.repeated(strategy)
    if not findings or findings[-1].change != "repetition":
        chosen = cuts_of(known, base, cuts, first)
        some = spread(chosen, max(min(CHANGED_CUTS, cuts // 3), 1) if cuts else CHANGED_CUTS)
        trials.expected = 3 + len(chosen) + len(some) * (len(OTHER_FUTURES) + 1)
        findings += trials.changed(CUT_OFF, chosen)
        for change in OTHER_FUTURES:
            # few cuts have later names at all
            findings += trials.changed(change, chosen if change.name == "later names" else some)
        findings += trials.changed(RENAMED, chosen[-1:])
        findings += trials.too_early()
        findings += trials.remembered(strategy, some)
    else:
        chosen = ()
    return Audit(len(chosen), trials.done, tuple(told_once(findings)), tuple(notes_of(subject.files)))


def quick(subject: Subject, known: History, *, first: int = 0, strategy: Strategy | None = None) -> Audit:
    """Ask a thesis little: `QUICK_CUTS` cuts, each cut off and with one other future.

    Parameters
    ----------
    subject, known, first
        As in `audit`.
    strategy
        As it was evaluated for the run; asked of all that is known once more.
    """
    asked = subject.fresh() if strategy is None else strategy
    with watched(subject.files) as read:
        base = ask(asked, known)
    trials = _Trials(subject, known, base, first, None)
    findings = [*read_and_clock(subject.files, read), *trials.repeated(asked)]
    chosen = cuts_of(known, base, QUICK_CUTS, first)
    changes = {change.name: change for change in OTHER_FUTURES}
    findings += trials.changed(CUT_OFF, chosen, share=True)
    for cut, name in zip(chosen, QUICK_CHANGES, strict=False):
        findings += trials.changed(changes[name], (cut,))
    findings += trials.changed(changes["later names"], chosen[:1])
    findings += trials.changed(RENAMED, chosen[-1:])
    findings += trials.too_early()
    return Audit(len(chosen), trials.done, tuple(told_once(findings)), quick=True)


@dataclass(slots=True)
class _Trials:
    """Asks a thesis, counts, and turns what moved into findings."""

    subject: Subject
    known: History
    base: NDArray[np.int16]
    first: int
    on_step: Step | None
    done: int = 1
    expected: int = 4
    trace: int = TRACED
    """Findings whose line is looked for still."""
    found: Line | None = None
    """The last line that was found."""

    def ask(self, strategy: Strategy, history: History) -> NDArray[np.int16]:
        """Ask, and count it."""
        answer = ask(strategy, history)
        self.done += 1
        if self.on_step is not None:
            self.on_step(self.done, max(self.expected, self.done))
        return answer

    def changed(self, change: Change, cuts: Sequence[int], *, share: bool = False) -> list[Finding]:
        """Ask under one kind of other future after some rows; one finding at most, of the first row that shows it."""
        found: list[tuple[int, tuple[int, int, int] | str, History]] = []
        tried = 0
        for cut in cuts:
            other = self._other(change, cut, share=share)
            if other is None:
                continue
            tried += 1
            moved = self._moved(other, cut if change is not RENAMED else len(self.base) - 1)
            if moved is not None:
                found.append((cut, moved, other))
        if not found:
            return []
        cut, moved, other = found[0]
        words = said(change.words, day=self._day(cut))
        line, remedy = self._line(other, cut, change.remedy)
        times = (len(found), tried)
        if isinstance(moved, str):
            return [
                Finding(
                    change.name,
                    said("%(what)s, and it failed: %(error)s", what=words, error=moved),
                    times=times,
                    line=line,
                    remedy=remedy,
                )
            ]
        return [self._finding(change.name, words, moved, times, line, remedy)]

    def repeated(self, strategy: Strategy) -> list[Finding]:
        """Ask of the same once more, the same thesis and one made anew."""
        times = (
            (strategy, said("it was asked again")),
            (self.subject.fresh(), said("it was asked again, loaded anew")),
        )
        for again, words in times:
            answer = self.ask(again, self.known)
            moved = _first_moved(self.base, answer, self.first, len(self.base) - 1)
            if moved is not None:
                line, remedy = self._line(self.known, len(self.base) - 1, listed([LOT, STATE], "; "))
                return [self._finding("repetition", words, moved, (1, 1), line, remedy)]
        return []

    def remembered(self, strategy: Strategy, cuts: Sequence[int]) -> list[Finding]:
        """Ask of other histories between, rising and falling, and then of all that is known again."""
        for order in (cuts[:2], cuts[::-1][:2]):
            for cut in order:
                for change in (CUT_OFF, OTHER_FUTURES[0]):
                    other = change.make(self.known, cut)
                    if other is not None:
                        try:
                            self.ask(strategy, other)
                        except ThesisError:
                            continue
            moved = _first_moved(self.base, self.ask(strategy, self.known), self.first, len(self.base) - 1)
            if moved is not None:
                words = said("it was asked of other histories between")
                return [self._finding("memory", words, moved, (1, 1), None, STATE)]
        return []

    def too_early(self) -> list[Finding]:
        """Return who is held before it belongs to the universe."""
        universe = self.known.universe
        if universe is None:
            return []
        bars = self.known.bars
        joined = np.maximum.accumulate(universe.mask(bars.sessions, bars.symbols), axis=0)
        early = np.argwhere((self.base > 0) & ~joined & (np.arange(len(joined)) >= self.first)[:, None])
        if not early.size:
            return []
        row, column = (int(at) for at in early[0])
        since = np.flatnonzero(joined[:, column])
        words = said(
            "%(symbol)s was held before it belonged to the universe %(universe)s (from %(day)s)",
            symbol=bars.symbols[column],
            universe=universe.name,
            day=self._day(int(since[0])) if since.size else said("a later day"),
        )
        return [
            Finding(
                "today's members",
                words,
                self._day(row),
                bars.symbols[column],
                weight_words(int(self.base[row, column])),
                weight_words(0),
                (len(np.unique(early[:, 1])), len(bars.symbols)),
                None,
                MEMBERS,
            )
        ]

    def _other(self, change: Change, cut: int, *, share: bool) -> History | None:
        if share and change is CUT_OFF:
            return self.known.until(self.known.bars.sessions[cut], share=True)
        return change.make(self.known, cut)

    def _moved(self, other: History, cut: int) -> tuple[int, int, int] | str | None:
        """Return (row, column, points) of the first target that moved, or in words why it failed; None where it held.

        A thesis may need some sessions before it can say anything: that it
        fails counts only where it had said something of them.
        """
        try:
            answer = self.ask(self.subject.fresh(), other)
        except ThesisError as error:
            return str(error) if (self.base[self.first : cut + 1] > 0).any() else None
        place = {symbol: at for at, symbol in enumerate(self.known.symbols)}
        columns = [place[symbol] for symbol in other.symbols]
        moved = _first_moved(self.base[:, columns], answer, self.first, cut)
        return None if moved is None else (moved[0], columns[moved[1]], moved[2])

    def _finding(
        self, name: str, words: str, moved: tuple[int, int, int], times: tuple[int, int], line: Line | None, remedy: str
    ) -> Finding:
        row, column, after = moved
        before = weight_words(int(self.base[row, column]))
        return Finding(
            name, words, self._day(row), self.known.symbols[column], before, weight_words(after), times, line, remedy
        )

    def _line(self, other: History, cut: int, usual: str) -> tuple[Line | None, str]:
        """Return the line at which two evaluations part, or the likeliest by its text; and what to do."""
        files = self.subject.files
        self.trace -= 1
        at = guilty(self.subject, self.known, other, cut) if self.trace >= 0 else None
        if at is not None:
            # where it was asked of the same twice, no row is a later one: only what is wrong anywhere counts
            most = 0 if other is self.known else 1
            remedy = suspects.remedy_of(files.get(at.path, ""), at.line, usual, most)
            self.found = suspects.line_of(files, at.path, at.line, at.name)
            return self.found, remedy
        if self.found is not None:
            return replace(self.found, sure=False), usual
        suspect = suspects.likely(files)
        if suspect is None:
            return None, usual
        path, number, remedy = suspect
        return suspects.line_of(files, path, number, sure=False), remedy

    def _day(self, row: int) -> str:
        return str(self.known.bars.sessions[row])


def _first_moved(
    base: NDArray[np.int16], answer: NDArray[np.int16], first: int, last: int
) -> tuple[int, int, int] | None:
    """Return (row, column, new points) of the first target of the rows ``first..last`` that is another one."""
    rows = min(last + 1, len(answer))
    changed = np.argwhere(base[first:rows] != answer[first:rows])
    if not changed.size:
        return None
    row, column = int(changed[0][0]) + first, int(changed[0][1])
    return row, column, int(answer[row, column])


def read_and_clock(files: Mapping[str, str], read: Sequence[Reading]) -> list[Finding]:
    """Return what was read while a thesis was loaded and asked, what its text shows that it reads, and the clock."""
    return [*_readings(files, read), *_clocks(files)]


def _readings(files: Mapping[str, str], read: Sequence[Reading]) -> list[Finding]:
    found = []
    for one in read:
        line = suspects.line_of(files, one.file, one.line)
        found.append(Finding("files", said("it reads %(what)s", what=one.what), line=line, remedy=FILES))
    seen = {(one.file, one.line) for one in read}
    for path, number, name in suspects.reading_lines(files):
        if (path, number) not in seen:
            line = suspects.line_of(files, path, number, sure=False)
            found.append(Finding("files", said("it calls %(what)s", what=name), line=line, remedy=FILES))
    return found


def _clocks(files: Mapping[str, str]) -> list[Finding]:
    return [
        Finding("clock", said("it asks what time it is"), line=suspects.line_of(files, *at), remedy=CLOCK)
        for at in suspects.clock_lines(files)
    ]


def told_once(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out what says the same of the same line.

    Where the history was cut off, counts differ too, and the line found may be
    a rightful one: the line of another future is taken, if there is one.
    """
    seen: dict[tuple[str, str, int], Finding] = {}
    futures = {change.name for change in OTHER_FUTURES}
    better = next((one for one in findings if one.change in futures and one.line and one.line.sure), None)
    for each in findings:
        cut_off = each.change == CUT_OFF.name and better is not None
        one = replace(each, line=better.line, remedy=better.remedy) if cut_off and better else each
        file, number = (one.line.file, one.line.number) if one.line else ("", 0)
        seen.setdefault((one.change, file, number), one)
    return list(seen.values())


def notes_of(files: Mapping[str, str]) -> list[str]:
    """Return what no trial can judge."""
    notes = []
    dates = suspects.dates_written(files)
    if dates:
        line = suspects.line_of(files, *dates[0])
        notes.append(
            f"{line.file} line {line.number} has a date written into it ({len(dates)} such line(s)): whoever wrote it "
            "knew what happened then, and no trial can tell whether it was known on the day"
        )
    hashed = suspects.hashes(files)
    if hashed:
        line = suspects.line_of(files, *hashed[0])
        notes.append(
            f"{line.file} line {line.number} calls hash(), which for text answers otherwise in every process: "
            "use hashlib"
        )
    return notes
