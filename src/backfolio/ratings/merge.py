"""Rows of hosts to reports of houses, each against the house's earlier ones; and two lists of catalysts to one.

Everything is read in order of the instant at which it was known, and a report is
held only against what was known before it. So nothing that is published later
changes what a report said; a later copy of it only adds where else it is written
(and may have been seen earlier).
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

from backfolio.calendar import SHANGHAI
from backfolio.ratings import houses, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from backfolio.catalysts import Catalyst
    from backfolio.ratings.rows import Row

LOOK_BACK: Final = dt.timedelta(days=548)
"""How old a house's earlier target or rating may be (18 months): an older one is not what it changes."""

COPY_DAYS: Final = dt.timedelta(days=3)
"""How many days later another host may date the same report."""

SAME: Final = 0.005
"""Targets that differ by no more than this fraction are one and the same."""

ID: Final = "rating-{code}-{day:%Y%m%d}-{digest}"
"""How a catalyst from data is called; `day` is that of its report."""

_DATED: Final = re.compile(r"rating-\d{6}-(\d{8})-[0-9a-f]{8}")

_MOVES: Final = {1: "up", -1: "down", 0: "kept"}


@dataclass(frozen=True, slots=True)
class Report:
    """What a house said of a symbol at one instant, held against what it had said before.

    Parameters
    ----------
    rows
        The hosts' rows of that instant, the one that counts first in front.
    move
        What became of the rating: "up", "down", "kept", "first", or "unclear"
        where hosts contradict each other or themselves; None = unknown.
    old_rating
        The word before, where `move` rests on it; "" = unknown.
    before
        The row that holds the house's last earlier target; None = none within
        `LOOK_BACK`.
    copies
        Later rows that say the same.
    """

    rows: tuple[Row, ...]
    move: str | None
    old_rating: str
    before: Row | None
    copies: tuple[Row, ...] = ()

    @property
    def lead(self) -> Row:
        """The row that counts first."""
        return self.rows[0]

    @property
    def priced(self) -> Row | None:
        """The first row with a target."""
        return next((row for row in self.rows if row.target is not None), None)

    @property
    def rating(self) -> str:
        """The first rating given; "" = none."""
        return next((row.rating for row in self.rows if row.rating), "")


@dataclass(slots=True)
class _Past:
    """What a house had said of a symbol so far."""

    priced: Row | None = None
    rated: Row | None = None
    by_host: dict[str, Row] = field(default_factory=dict)

    def add(self, report: Report) -> None:
        self.priced = report.priced or self.priced
        for row in reversed(report.rows):
            if row.rating:
                self.rated = self.by_host[row.host] = row


def reports_of(rows: Iterable[Row]) -> tuple[Report, ...]:
    """Return the reports that rows tell of, a symbol and a house after the other, each in order of time.

    A late one that the house's next report had overtaken before it was seen is
    left out: what it says was no news, and no longer what the house thinks.
    """
    streams: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        streams[row.symbol, row.key].append(row)
    return tuple(report for key in sorted(streams) for report in _chain(streams[key]))


def _chain(rows: list[Row]) -> Iterator[Report]:
    past = _Past()
    reports: list[Report] = []
    in_order = sorted(rows, key=lambda row: row.order)
    for _, group in groupby(in_order, key=lambda row: row.instant):
        report = _report(tuple(group), past)
        at = _copied(report, reports)
        if at is None and report.lead.late and any(report.lead.day < one.lead.day for one in reports):
            continue  # the house had said something newer before anyone saw this
        if at is None:
            reports.append(report)
        else:
            reports[at] = replace(reports[at], copies=(*reports[at].copies, *report.rows))
        past.add(report)
    yield from reports


def _report(rows: tuple[Row, ...], past: _Past) -> Report:
    move, old = _told(rows)
    if move is None:
        move, old = _compared(rows, past)
    elif not old and past.rated is not None and _recent(past.rated, rows[0]):
        # the host names no earlier word: the house's last one, if it fits what the host says
        step = next((words.step(past.rated.rating, row.rating) for row in rows if row.rating), None)
        old = past.rated.rating if step is not None and _MOVES[step] == move else ""
    before = past.priced if past.priced is not None and _recent(past.priced, rows[0]) else None
    return Report(rows, move, old, before)


def _told(rows: tuple[Row, ...]) -> tuple[str | None, str]:
    """Return what the hosts themselves say of the rating's change, and the word before."""
    said = {row.said for row in rows if row.said is not None}
    if len(said) != 1:
        return ("unclear" if said else None), ""
    (move,) = said
    return move, next((row.previous for row in rows if row.said == move and row.previous), "")


def _compared(rows: tuple[Row, ...], past: _Past) -> tuple[str | None, str]:
    """Return what became of the rating by the house's own earlier ones, and the word before."""
    last = past.rated
    if last is None or not _recent(last, rows[0]):
        return None, ""
    steps: dict[int, str] = {}
    for row in rows:
        own = past.by_host.get(row.host)
        if own is not None and last.day - own.day <= COPY_DAYS:
            step, word = words.step(own.rating, row.rating), own.rating
        else:  # two hosts may put one rating into different words: only a change of side is one
            step, word = words.side(last.rating, row.rating), last.rating
        if step is not None:
            steps.setdefault(step, word)
    if len(steps) != 1:
        return ("unclear" if steps else None), ""
    ((step, word),) = steps.items()
    return _MOVES[step], word


def _recent(earlier: Row, now: Row) -> bool:
    return now.day - earlier.day <= LOOK_BACK


def _copied(report: Report, earlier: Sequence[Report]) -> int | None:
    """Return which earlier report this one repeats without adding to it; None = none."""
    for at in range(len(earlier) - 1, -1, -1):
        if report.lead.day - earlier[at].lead.day > COPY_DAYS:
            return None
        if _adds_nothing(report, earlier[at]):
            return at
    return None


def _adds_nothing(report: Report, earlier: Report) -> bool:
    now, then = report.priced, earlier.priced
    if now is not None and (then is None or not same_target(now.target, then.target)):
        return False
    if report.move in {"up", "down"} and report.move != earlier.move:
        return False
    if not report.rating:
        return True
    return bool(earlier.rating) and _one_rating(earlier, report)


def _one_rating(earlier: Report, report: Report) -> bool:
    before = {row.host: row.rating for row in (*earlier.copies, *earlier.rows) if row.rating}
    for row in report.rows:
        if row.rating and row.host in before:
            return row.rating == before[row.host] or words.step(before[row.host], row.rating) == 0
    return earlier.rating == report.rating or words.side(earlier.rating, report.rating) == 0


def same_target(one: float | None, other: float | None) -> bool:
    """Tell whether two targets are known and differ by no more than `SAME`."""
    return one is not None and other is not None and abs(other / one - 1) <= SAME


def one_list(kept: tuple[Catalyst, ...], fetched: tuple[Catalyst, ...]) -> tuple[Catalyst, ...]:
    """Return hand-kept and fetched catalysts as one list, sorted by (known_at, id).

    A fetched catalyst that tells of the same report as a hand-kept one (same house
    and symbol, at most three days apart, no other target) gives way: somebody has
    read the hand-kept one. Its source is joined to the hand-kept one's.

    Parameters
    ----------
    kept
        Hand-kept catalysts.
    fetched
        Catalysts from data.
    """
    by_report: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, catalyst in enumerate(kept):
        for symbol in catalyst.symbols if catalyst.house else ():
            by_report[houses.house_key(catalyst.house), symbol].append(at)
    sources: dict[int, list[str]] = defaultdict(list)
    others = []
    for catalyst in sorted(fetched, key=lambda one: (one.known_at, one.id)):
        key = houses.house_key(catalyst.house)
        places = {at for symbol in catalyst.symbols for at in by_report.get((key, symbol), ())} if key else set()
        fitting = [at for at in places if _one_report(kept[at], catalyst)]
        if fitting:
            nearest = min(fitting, key=lambda at: (abs(kept[at].known_at - catalyst.known_at), kept[at].id))
            sources[nearest].append(catalyst.source)
        else:
            others.append(catalyst)
    joined = [
        replace(one, source=joined_sources([one.source, *sources[at]])) if at in sources else one
        for at, one in enumerate(kept)
    ]
    return tuple(sorted([*joined, *others], key=lambda one: (one.known_at, one.id)))


def joined_sources(sources: Iterable[str]) -> str:
    """Join sources by " ; ", each part once."""
    parts = (part.strip() for source in sources for part in source.split(" ; "))
    return " ; ".join(dict.fromkeys(part for part in parts if part))


def _one_report(kept: Catalyst, fetched: Catalyst) -> bool:
    days = abs(_day(kept) - _day(fetched))
    other = kept.new is not None and fetched.new is not None and not same_target(kept.new, fetched.new)
    return days <= COPY_DAYS and not other


def _day(catalyst: Catalyst) -> dt.date:
    """Return the day of a report: one that came late was known after it, and has it in its id alone."""
    dated = _DATED.match(catalyst.id)
    if dated:
        return dt.date.fromisoformat(dated[1])
    return catalyst.known_at.astimezone(SHANGHAI).date()
