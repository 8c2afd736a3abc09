"""`Universe`: the dated membership of a named theme; and the reader of its CSV files.

Membership is dated, so that a backtest of 2022 does not hold what was added in
2024. The first and the last day of a period both belong to it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare
from backfolio.errors import DataError, SymbolError, UsageError
from backfolio.sheets import EVERYONE, WORD, read_sheet, sheets_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from backfolio.errors import Problem
    from backfolio.sheets import Line

COLUMNS: Final = ("symbol", "name", "name_zh", "segment", "route", "from", "to")

_OPEN: Final = np.datetime64("NaT", "D")


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One symbol's membership over one period.

    Parameters
    ----------
    symbol
        As in ``688256.SH``.
    name, name_zh
        English and Chinese name.
    segment
        What it makes, as in ``accelerator``.
    route
        Technical route, as in ``gpgpu`` or ``own-ecosystem``; "" where none applies.
    from_, to
        First and last day, ``datetime64[D]``; NaT = open.
    """

    symbol: str
    name: str
    name_zh: str
    segment: str
    route: str = ""
    from_: np.datetime64 = _OPEN
    to: np.datetime64 = _OPEN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Member):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def holds(self, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Tell for each day whether the period holds it."""
        inside = np.ones(len(days), dtype=np.bool_)
        if not np.isnat(self.from_):
            inside &= days >= self.from_
        if not np.isnat(self.to):
            inside &= days <= self.to
        return inside

    def _key(self) -> tuple[str, ...]:
        # text, because NaT equals nothing, itself included
        return (self.symbol, self.name, self.name_zh, self.segment, self.route, str(self.from_), str(self.to))


@dataclass(frozen=True, slots=True)
class Universe:
    """Who belongs to a theme, and when.

    Parameters
    ----------
    name
        As in ``domestic-compute``.
    members
        One entry per symbol and period.

    Raises
    ------
    UsageError
        If two periods of one symbol overlap, or one ends before it begins.
    """

    name: str
    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        for member in self.members:
            if member.to < member.from_:
                message = f"universe {self.name!r}: {member.symbol} ends {member.to}, before it begins {member.from_}"
                raise UsageError(message)
        for one, other in _overlaps(self.members):
            message = (
                f"universe {self.name!r}: two periods of {self.members[one].symbol} overlap "
                f"({_period(self.members[one])} and {_period(self.members[other])}): end the first before the second"
            )
            raise UsageError(message)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol that ever belongs, sorted."""
        return tuple(sorted({member.symbol for member in self.members}))

    @property
    def segments(self) -> tuple[str, ...]:
        """Every segment, sorted."""
        return tuple(sorted({member.segment for member in self.members}))

    @property
    def routes(self) -> tuple[str, ...]:
        """Every route, sorted."""
        return tuple(sorted({member.route for member in self.members} - {""}))

    def mask(self, sessions: NDArray[np.datetime64], symbols: Sequence[str]) -> NDArray[np.bool_]:
        """Return who belongs when, as bool sessions x symbols."""
        return self.segment_mask(EVERYONE, sessions, symbols)

    def segment_mask(self, segment: str, sessions: NDArray[np.datetime64], symbols: Sequence[str]) -> NDArray[np.bool_]:
        """Return who belongs to a segment when, as bool sessions x symbols.

        Parameters
        ----------
        segment
            "*" = all; else one segment or several joined by ";". A segment
            that nobody belongs to gives no True.
        sessions
            ``datetime64[D]``, (sessions,).
        symbols
            The columns.
        """
        wanted = set(segment.split(";"))
        inside = (one for one in self.members if EVERYONE in wanted or one.segment in wanted)
        return _mask(inside, sessions, symbols)

    def route_mask(self, route: str, sessions: NDArray[np.datetime64], symbols: Sequence[str]) -> NDArray[np.bool_]:
        """Return who takes a route when, as bool sessions x symbols; arguments as `segment_mask`."""
        return _mask((one for one in self.members if route and one.route == route), sessions, symbols)

    def until(self, day: np.datetime64) -> Universe:
        """Return what was known on `day`: later members gone, later endings open."""
        known = (
            Member(one.symbol, one.name, one.name_zh, one.segment, one.route, one.from_, _OPEN) if one.to > day else one
            for one in self.members
            if not one.from_ > day
        )
        return Universe(self.name, tuple(known))


def _mask(members: Iterable[Member], sessions: NDArray[np.datetime64], symbols: Sequence[str]) -> NDArray[np.bool_]:
    columns = {symbol: column for column, symbol in enumerate(symbols)}
    inside = np.zeros((len(sessions), len(symbols)), dtype=np.bool_)
    for member in members:
        if member.symbol in columns:
            inside[:, columns[member.symbol]] |= member.holds(sessions)
    return inside


def read_universes(folder: Path) -> dict[str, Universe]:
    """Read every CSV file of a folder; a file's stem names its universe.

    Columns: symbol, name, name_zh, segment, route, from, to (the last three may
    be empty). A symbol may have several rows whose periods do not overlap.

    Raises
    ------
    DataError
        With every bad row: file, line, value, rule and remedy.
    """
    universes: dict[str, Universe] = {}
    problems: list[Problem] = []
    for path in sheets_in(folder):
        lines, faults = read_sheet(path, COLUMNS)
        problems += faults
        sound: list[tuple[Line, Member]] = []
        for line in lines:
            found = list(_row_problems(line))
            problems += found
            if not found:
                sound.append((line, _member(line)))
        members = tuple(member for _, member in sound)
        clashes = list(_overlaps(members))
        for one, other in clashes:
            first, second = sound[one][0], sound[other][0]
            value = f"{members[other].symbol} {_period(members[other])}"
            rule = f"it overlaps line {first.row} ({_period(members[one])})"
            problems.append(second.problem(value, rule, "end one period before the other begins"))
        if not problems:
            universes[path.stem] = Universe(path.stem, members)
    if problems:
        raise DataError(problems)
    return universes


def _member(line: Line) -> Member:
    cells = line.cells
    dates = (_day(cells[name]) for name in ("from", "to"))
    return Member(cells["symbol"], cells["name"], cells["name_zh"], cells["segment"], cells["route"], *dates)


def _day(text: str) -> np.datetime64:
    """Read a whole date; "" is open."""
    if not text:
        return _OPEN
    return np.datetime64(dt.datetime.strptime(text, "%Y-%m-%d").date(), "D")  # noqa: DTZ007  a date has no zone


def _row_problems(line: Line) -> Iterator[Problem]:
    cells = line.cells
    try:
        ashare.board_of(cells["symbol"])
    except SymbolError as error:
        yield line.problem(f"symbol {cells['symbol']!r}", str(error), "correct it, or delete the row")
    for name in ("name", "name_zh"):
        if not cells[name]:
            yield line.problem(f"no {name}", "every member has one", "fill it in")
    for name, optional in (("segment", False), ("route", True)):
        if not WORD.fullmatch(cells[name]) and not (optional and not cells[name]):
            rule = "it is one word of small letters, digits and hyphens"
            yield line.problem(f"{name} {cells[name]!r}", rule, "write it as in accelerator or own-ecosystem")
    days = []
    for name in ("from", "to"):
        try:
            days.append(_day(cells[name]))
        except ValueError:
            rule = "it is not a date"
            yield line.problem(f"{name} {cells[name]!r}", rule, "write it as YYYY-MM-DD, or leave it empty (open)")
    if len(days) == len(("from", "to")) and days[1] < days[0]:
        value = f"from {cells['from']} to {cells['to']}"
        yield line.problem(value, "a period begins before it ends", "exchange the dates")


def _overlaps(members: Sequence[Member]) -> Iterator[tuple[int, int]]:
    """Yield positions of neighbours of one symbol whose periods share a day."""
    for places in _by_symbol(members):
        in_order = sorted(places, key=lambda at: (not np.isnat(members[at].from_), str(members[at].from_), at))
        latest = in_order[0]
        for place in in_order[1:]:
            end, begin = members[latest].to, members[place].from_
            if np.isnat(end) or np.isnat(begin) or begin <= end:
                yield (latest, place) if latest < place else (place, latest)
            if not np.isnat(end) and (np.isnat(members[place].to) or members[place].to > end):
                latest = place


def _by_symbol(members: Sequence[Member]) -> Iterable[list[int]]:
    places: dict[str, list[int]] = {}
    for at, member in enumerate(members):
        places.setdefault(member.symbol, []).append(at)
    return places.values()


def _period(member: Member) -> str:
    begin = "the beginning" if np.isnat(member.from_) else str(member.from_)
    return f"{begin} to {'today' if np.isnat(member.to) else member.to}"
