"""The stage: who trades when, and the shocks and ex-dates of the script."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from backfolio import calendar
from backfolio.errors import UsageError
from backfolio.source.sample.cast import Beat, Role, cast
from backfolio.source.sample.draws import Draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_SESSIONS: Final = 60
"""The script needs room; below this a window shows nothing."""

FIRST_START: Final = np.datetime64("2020-08-24")
"""The limits of ChiNext that the cast was written for begin here."""

_STAGGER: Final = 7
_STAGGER_SPAN: Final = 60
"""Sessions by which each copy of the cast follows the one before, and where that begins again."""

_GIVEN_BACK: Final = 80
"""Sessions over which a jump is taken back, so that no script decides a name's five years."""

_REOPEN_REACH: Final = 0.06
"""Return by which a limit-up at the open overshoots; twice that is lost inside the session."""

_FIRST_DAY: Final = 0.6
"""First return of a new listing; half of it is taken back."""

_DECLINE: Final = 260
_DECLINE_A_SESSION: Final = -0.009
"""The fall of a company before it is delisted."""

_GRACE: Final = 9
"""Sessions between the last bar and the delisting date."""


class ExDate(NamedTuple):
    """A corporate action of the script: yield in basis points, shares a share, or a ratio."""

    column: int
    cash_yield: int
    shares: float
    ratio: float


@dataclass(frozen=True, eq=False)
class Stage:
    """Sessions, companies and script of one simulated market.

    Arrays are sessions x symbols unless said otherwise.

    Parameters
    ----------
    seed
        Names the market.
    sessions
        ``datetime64[D]`` (sessions,).
    roles
        Companies, by symbol.
    """

    seed: int
    sessions: NDArray[np.datetime64]
    roles: tuple[Role, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Sessions and symbols."""
        return len(self.sessions), len(self.roles)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols, sorted."""
        return tuple(role.symbol for role in self.roles)

    def draws(self, purpose: int) -> Draws:
        """Return the seed's stream for a purpose."""
        return Draws(self.seed, purpose)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a number of every role as float64 (symbols,)."""
        return np.array([getattr(role, name) for role in self.roles], dtype=np.float64)

    def row(self, role: Role, beat: Beat) -> int:
        """Return the session of a beat; a copy of the cast plays it some sessions later."""
        rows = len(self.sessions)
        stagger = role.copy * _STAGGER % _STAGGER_SPAN
        return min(int(beat.at * rows) + stagger + beat.later, rows - 2)

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """Row of each company's first session, (symbols,); the number of sessions = never."""
        rows = np.zeros(len(self.roles), dtype=np.int64)
        for column, role in enumerate(self.roles):
            beats = [self.row(role, beat) for beat in role.beats if beat.kind == "list"]
            listed = np.datetime64(role.listed or "1990-12-19")
            rows[column] = beats[0] if beats else np.searchsorted(self.sessions, listed)
        return rows

    @cached_property
    def last(self) -> NDArray[np.int64]:
        """Row of each company's last session, (symbols,)."""
        rows = np.full(len(self.roles), len(self.sessions) - 1, dtype=np.int64)
        for column, beat in self._beats("delist"):
            rows[column] = self.row(self.roles[column], beat)
        return rows

    @cached_property
    def listed(self) -> NDArray[np.datetime64]:
        """Listing dates, ``datetime64[D]`` (symbols,)."""
        dates = [
            np.datetime64(role.listed) if role.listed else self.sessions[first]
            for role, first in zip(self.roles, self.first, strict=True)
        ]
        return np.array(dates, dtype="datetime64[D]")

    @cached_property
    def delisted(self) -> NDArray[np.datetime64]:
        """Delisting dates, ``datetime64[D]`` (symbols,); NaT = not delisted."""
        dates = np.full(len(self.roles), "NaT", dtype="datetime64[D]")
        for column, _ in self._beats("delist"):
            dates[column] = self.sessions[min(self.last[column] + 1 + _GRACE, len(self.sessions) - 1)]
        return dates

    @cached_property
    def alive(self) -> NDArray[np.bool_]:
        """Listed, and not past the last session."""
        rows = np.arange(len(self.sessions))[:, None]
        return (rows >= self.first) & (rows <= self.last)

    @cached_property
    def traded(self) -> NDArray[np.bool_]:
        """Alive and not suspended."""
        traded = self.alive.copy()
        for column, beat in self._beats("halt"):
            row = self.row(self.roles[column], beat)
            traded[row : row + beat.length, column] = False
        return traded

    @cached_property
    def st(self) -> NDArray[np.bool_]:
        """Under risk warning."""
        warned = np.zeros(self.shape, dtype=np.bool_)
        for column, beat in self._beats("st"):
            row = self.row(self.roles[column], beat)
            warned[row : row + beat.length, column] = True
        return warned

    @cached_property
    def shocks(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scripted returns, overnight and inside the session."""
        overnight, inside = np.zeros(self.shape), np.zeros(self.shape)
        for column, beat in self._beats("jump"):
            row = self.row(self.roles[column], beat)
            overnight[row, column] += beat.size
            inside[row + 1 : row + 1 + _GIVEN_BACK, column] -= beat.size / _GIVEN_BACK
        for column, beat in self._beats("reopen"):
            row = self.row(self.roles[column], beat)
            overnight[row, column] += beat.size + _REOPEN_REACH
            inside[row, column] -= 2 * _REOPEN_REACH
        for column, _ in self._beats("list"):
            row = self.first[column]
            overnight[row, column] += _FIRST_DAY
            inside[row + 1 : row + 1 + _GIVEN_BACK, column] -= _FIRST_DAY / 2 / _GIVEN_BACK
        for column, _ in self._beats("delist"):
            last = self.last[column]
            inside[max(last - _DECLINE, 0) : last + 1, column] += _DECLINE_A_SESSION
        return overnight, inside

    @cached_property
    def ex_dates(self) -> dict[int, list[ExDate]]:
        """Corporate actions by row; never on a company's first session."""
        found: dict[int, list[ExDate]] = {}
        taken: set[tuple[int, int]] = set()
        for column, role in enumerate(self.roles):
            events = []
            for beat in role.beats:
                if beat.kind in {"bonus", "ratio"}:
                    shares, ratio = (beat.size, 0.0) if beat.kind == "bonus" else (0.0, beat.size)
                    events.append((self.row(role, beat), ExDate(column, beat.cash, shares, ratio)))
            if role.dividend:
                events += [(row, ExDate(column, role.dividend, 0.0, 0.0)) for row in self._dividend_rows(column)]
            for row, event in events:
                if self.first[column] < row <= self.last[column] and (row, column) not in taken:
                    taken.add((row, column))
                    found.setdefault(row, []).append(event)
        return found

    def _dividend_rows(self, column: int) -> list[int]:
        years = np.unique(self.sessions.astype("datetime64[Y]"))
        starts = np.searchsorted(self.sessions, years.astype("datetime64[M]") + np.timedelta64(5, "M"))
        starts = starts[starts > 0]
        rows = starts + 6 + column * _STAGGER % 23
        return [int(row) for row in rows if row < len(self.sessions)]

    def _beats(self, kind: str) -> list[tuple[int, Beat]]:
        return [(column, beat) for column, role in enumerate(self.roles) for beat in role.beats if beat.kind == kind]


def build(seed: int, names: int, start: str, end: str) -> Stage:
    """Set the stage.

    Raises
    ------
    UsageError
        If the seed is negative, the window too short or too early, or `names`
        outside what the cast allows.
    CalendarError
        If a date is none, or outside the calendar.
    """
    if seed < 0:
        message = f"seed is {seed}: give a whole number from 0"
        raise UsageError(message)
    sessions = calendar.sessions(start, end)
    if len(sessions) < FEWEST_SESSIONS or sessions[0] < FIRST_START:
        message = (
            f"the sample market from {start} to {end} has {len(sessions)} sessions: "
            f"give at least {FEWEST_SESSIONS}, starting on {FIRST_START} or later"
        )
        raise UsageError(message)
    roles = cast(names)
    stage = Stage(seed, sessions, roles)
    present = tuple(role for role, first in zip(roles, stage.first, strict=True) if first < len(sessions))
    return stage if len(present) == len(roles) else Stage(seed, sessions, present)
