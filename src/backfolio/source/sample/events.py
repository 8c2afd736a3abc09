"""The sample's catalysts: when they become known, what they touch, how they move it.

A catalyst moves its names in two steps: a gap at the first open that could act
on it (or at once, if it becomes known while the market trades), then a drift
that fades over `DRIFT` sessions. Roughly a third are duds, which nothing in the
catalyst itself gives away. What catalysts add to a name over the whole window
is taken back evenly over all its sessions: who merely holds gains nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare
from backfolio.calendar import SESSIONS_A_YEAR, SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.money import BASIS_POINTS
from backfolio.source.sample.cast import SEGMENTS, THEME
from backfolio.source.sample.stage import build

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from backfolio.source.sample.stage import Stage

DRIFT: Final = 15
"""Sessions over which the drift fades."""

GAP_SHARE: Final = 0.35
"""Part of the whole move that comes at once."""

DUDS: Final = 0.3
_DUD_FACTOR: Final = -0.25

_RUSHES: Final = 0.05
_RUSH_LEAST: Final = 0.02
_RUSH_FADES: Final = 0.5
"""Share of the good touches that lead to a rush, the least move for one, and what of it is soon given back."""

RELEASE, POLICY, UPGRADE, RAISE, CUT, RESULTS = range(6)
KINDS: Final = ("model_release", "policy", "analyst_upgrade", "target_raise", "target_cut", "results")
_PER_YEAR: Final = (5.0, 3.0, 0.9, 1.6, 0.8, 0.0)
"""Of the whole market for releases and policies, else of one name; results come by season."""

_OUTSIDE: Final = 0.5
"""Analyst actions of a name outside the theme, relative to one inside."""

_RESULT_DAYS: Final = ((3, 18), (7, 15))
"""(months after January, days) from which half a month of results follows: April and August."""

BEFORE, DURING, AFTER, WEEKEND = range(4)
_TIMES: Final = ((390, 165), (570, 327), (905, 445), (540, 720))
"""First minute of the day and span, of each time of day; BEFORE ends at 09:15, DURING lies in 09:30-14:57."""

_GROUPS: Final = (
    ("accelerator", "interface"),
    ("accelerator", "server", "optics"),
    ("cpu", "server"),
    SEGMENTS,
    ("foundry", "equipment"),
    ("accelerator", "foundry", "equipment"),
)
_WHOLE_MARKET: Final = len(_GROUPS)
_NO_GROUP: Final = -1
_RELEASE_GROUPS: Final = range(4)
_POLICY_GROUPS: Final = range(3, _WHOLE_MARKET + 1)
"""What a release and what a policy may touch."""

_LABS: Final = ("Paper Lantern Lab", "Glass Abacus Lab", "Tin Whistle Lab", "Cardboard Moon Lab")
_MODELS: Final = ("Firefly", "Kite", "Pebble", "Origami", "Dragonfly", "Teacup")
_HOUSES: Final = ("Placeholder Securities", "Fictional & Sons", "Imaginary Capital", "Cardboard Research", "Mock House")
_POLICIES: Final = (
    ("a fictional export rule narrows what may be shipped", "a fictional fund backs home-made computing"),
    ("a fictional ministry tightens approvals", "a fictional ministry speeds up approvals"),
)


@dataclass(frozen=True, eq=False)
class Events:
    """Catalysts as arrays of one length, by the time they become known.

    Parameters
    ----------
    stage
        Whose companies they touch.
    kind
        Index into `KINDS`.
    row, time, minute
        Session to which the time of day belongs, time of day, minute of the day.
    column
        The company, or -1 where a group of segments is touched.
    group
        Index of the group of segments, or -1.
    strength
        As the catalyst says.
    move
        The whole return it brings about; a dud's is small and of the other sign.
    flavour
        int64 >= 0 that chooses words.
    """

    stage: Stage
    kind: NDArray[np.int64]
    row: NDArray[np.int64]
    time: NDArray[np.int64]
    minute: NDArray[np.int64]
    column: NDArray[np.int64]
    group: NDArray[np.int64]
    strength: NDArray[np.float64]
    move: NDArray[np.float64]
    flavour: NDArray[np.int64]

    @property
    def acting(self) -> NDArray[np.int64]:
        """Row of the first session whose open could act on each."""
        late = (self.time == DURING) | (self.time == AFTER)
        acting: NDArray[np.int64] = self.row + late
        return acting

    @cached_property
    def touches(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(event, column) of every company that an event moves."""
        segments = [role.segment if role.universe == THEME else "" for role in self.stage.roles]
        members = np.array([[segment in group for segment in segments] for group in _GROUPS], dtype=np.bool_)
        everyone = np.array([[bool(role.universe) for role in self.stage.roles]])
        nobody = np.zeros((1, len(segments)), dtype=np.bool_)
        touched = np.concatenate([members, everyone, nobody])[self.group]
        own = np.flatnonzero(self.column >= 0)
        touched[own, self.column[own]] = True
        event, column = np.nonzero(touched)
        return event, column

    def returns(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what they add to returns overnight and inside the session, sessions x symbols."""
        rows, columns = self.stage.shape
        event, column = self.touches
        move = self.move[event] * np.where(self.group[event] >= 0, self.stage.numbers("beta")[column], 1.0)
        acting, at_once = self.acting[event], self.time[event] == DURING
        overnight = np.zeros((rows, columns))
        inside = np.zeros((rows + DRIFT, columns))
        gap = GAP_SHARE * move
        np.add.at(inside, (self.row[event][at_once], column[at_once]), gap[at_once])
        np.add.at(overnight, (acting[~at_once], column[~at_once]), gap[~at_once])
        rush = self._rushes(event, column, move)
        np.add.at(overnight, (acting, column), rush)
        for age in range(DRIFT):
            share = (DRIFT - age) / (DRIFT * (DRIFT + 1) / 2)
            np.add.at(inside, (acting + age, column), share * ((1.0 - GAP_SHARE) * move - _RUSH_FADES * rush))
        total = np.bincount(column, weights=move + (1.0 - _RUSH_FADES) * rush, minlength=columns)
        alive = self.stage.last - self.stage.first + 1
        return overnight, inside[:rows] - total / alive

    def _rushes(
        self, event: NDArray[np.int64], column: NDArray[np.int64], move: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the further gap of the few touches after which all want in at the open: it reaches the limit."""
        luck = self.stage.draws(6).uniform(len(event))
        points = [
            ashare.limit_points(ashare.board_of(role.symbol), self.stage.sessions[-1]) or 0 for role in self.stage.roles
        ]
        limit = np.array(points)[column] / BASIS_POINTS
        return np.where((luck < _RUSHES) & (move > _RUSH_LEAST), limit, 0.0)

    def known_at(self) -> list[dt.datetime]:
        """Return when each becomes known, Asia/Shanghai."""
        sessions = self.stage.sessions
        days = sessions[self.row] - (self.time == WEEKEND)
        instants = (days.astype("datetime64[m]") + self.minute).astype(object)
        return [instant.replace(tzinfo=SHANGHAI) for instant in instants]

    def catalysts(self) -> tuple[Catalyst, ...]:
        """Return them as catalysts; each names its source: this simulation."""
        source = f"simulated: made by backfolio's sample market from seed {self.stage.seed}"
        made = []
        for number, known_at in enumerate(self.known_at()):
            group, column = int(self.group[number]), int(self.column[number])
            made.append(
                Catalyst(
                    id=f"sim-{number + 1:04d}",
                    kind=KINDS[self.kind[number]],
                    title=self._title(number),
                    known_at=known_at,
                    symbols=(self.stage.symbols[column],) if column >= 0 else (),
                    segment="" if column >= 0 else "*" if group == _WHOLE_MARKET else ";".join(_GROUPS[group]),
                    strength=float(self.strength[number]),
                    source=source,
                    certainty="simulated",
                    time_known="yes",
                )
            )
        return tuple(made)

    def _title(self, number: int) -> str:
        kind, flavour, strength = int(self.kind[number]), int(self.flavour[number]), float(self.strength[number])
        house = _HOUSES[flavour % len(_HOUSES)]
        if kind == RELEASE:
            model = _MODELS[flavour // 7 % len(_MODELS)]
            return f"{_LABS[flavour % len(_LABS)]} releases {model} {1 + self.row[number] // 300}"
        if kind == POLICY:
            return _POLICIES[flavour % len(_POLICIES)][strength > 0].capitalize()
        name = self.stage.roles[self.column[number]].name
        if kind == UPGRADE:
            return f"{house} upgrades {name} to buy, target {strength:+.1%}"
        if kind == RAISE:
            return f"{house} raises its target for {name} by {strength:.1%}"
        if kind == CUT:
            return f"{house} cuts its target for {name} by {-strength:.1%}"
        return f"{name} reports earnings {abs(strength):.0%} {'above' if strength >= 0 else 'below'} what was expected"


@lru_cache(maxsize=2)
def plan(seed: int, names: int, start: str, end: str) -> Events:
    """Draw the catalysts of a market; raises as `stage.build` does."""
    return draw(build(seed, names, start, end))


def draw(stage: Stage) -> Events:
    """Draw the catalysts of a market."""
    dice = stage.draws(1)
    rows, columns = stage.shape
    inside = np.array([role.universe == THEME for role in stage.roles])
    kind, row, column = [], [], []
    for which, rate in enumerate(_PER_YEAR):
        if which in {RELEASE, POLICY}:
            at = np.flatnonzero(dice.uniform(rows) < rate / SESSIONS_A_YEAR)
            who = np.full(len(at), -1)
        elif which == RESULTS:
            at, who = _seasons(stage, dice.uniform(rows, columns))
        else:
            chance = np.where(inside, rate, rate * _OUTSIDE) / SESSIONS_A_YEAR
            at, who = np.nonzero(dice.uniform(rows, columns) < chance)
        kind.append(np.full(len(at), which))
        row.append(at)
        column.append(who)
    return _settle(stage, np.concatenate(kind), np.concatenate(row), np.concatenate(column))


def _seasons(stage: Stage, luck: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One result a company and season, on a day of the half month after its start."""
    years = np.unique(stage.sessions.astype("datetime64[Y]")).astype("datetime64[M]")
    found = []
    for months, days in _RESULT_DAYS:
        for start in np.searchsorted(
            stage.sessions, (years + np.timedelta64(months, "M")).astype("datetime64[D]") + np.timedelta64(days, "D")
        ):
            if 0 < start < len(stage.sessions) - 10:
                offset = (luck[start] * 10).astype(np.int64)
                found.append(np.stack([start + offset, np.arange(len(offset))]))
    at, who = np.concatenate(found, axis=1) if found else np.zeros((2, 0), dtype=np.int64)
    return at, who


def _settle(stage: Stage, kind: NDArray[np.int64], row: NDArray[np.int64], column: NDArray[np.int64]) -> Events:
    """Give each event its time, strength and move; drop those that nobody could act on."""
    size = len(kind)
    luck = stage.draws(2).uniform(6, size)
    time = np.searchsorted([0.22, 0.42, 0.82], luck[0], side="right")
    row, time = _weekends(stage.sessions, row, time)
    first, span = np.array(_TIMES).T
    minute = first[time] + (luck[1] * span[time]).astype(np.int64)
    strength = _strengths(kind, luck[2], luck[3])
    factor = np.where(luck[4] < DUDS, _DUD_FACTOR, 1.0)
    group = np.where(kind == RELEASE, _RELEASE_GROUPS[0], _POLICY_GROUPS[0])
    group += (luck[5] * np.where(kind == RELEASE, len(_RELEASE_GROUPS), len(_POLICY_GROUPS))).astype(np.int64)
    group[column >= 0] = _NO_GROUP
    keep = row < len(stage.sessions) - 1
    keep &= (column < 0) | stage.alive[np.minimum(row + 1, len(stage.sessions) - 1), column]
    keep &= (column < 0) | stage.alive[row, column]
    # A weekend comes before its session's own early morning.
    order = np.lexsort((column, kind, minute, time != WEEKEND, row))
    order = order[keep[order]]
    return Events(
        stage=stage,
        kind=kind[order],
        row=row[order],
        time=time[order],
        minute=minute[order],
        column=column[order],
        group=group[order],
        strength=strength[order],
        move=(_moves(kind, strength) * factor)[order],
        flavour=(luck[5] * 10_000).astype(np.int64)[order],
    )


def _weekends(
    sessions: NDArray[np.datetime64], row: NDArray[np.int64], time: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Move weekend events to the next session that follows a closed day."""
    after_gap = np.flatnonzero(np.diff(sessions) > np.timedelta64(1, "D")) + 1
    at = np.searchsorted(after_gap, row)
    possible = at < len(after_gap)
    moved = after_gap[np.minimum(at, len(after_gap) - 1)]
    weekend = time == WEEKEND
    return np.where(weekend & possible, moved, row), np.where(weekend & ~possible, AFTER, time)


def _strengths(kind: NDArray[np.int64], one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    """Analyst kinds: the change of the target; results: the surprise; else about 1."""
    strength = np.select(
        [kind == RELEASE, kind == POLICY, kind == UPGRADE, kind == RAISE, kind == CUT],
        [
            0.5 + one,
            np.where(two < 0.6, 0.5 + one, -0.5 - one),  # noqa: PLR2004
            0.08 + 0.5 * one * one,
            0.04 + 0.5 * one * one,
            -0.05 - 0.3 * one,
        ],
        one + two - 0.95,
    )
    rounded: NDArray[np.float64] = np.rint(strength * 1_000) / 1_000
    return rounded


def _moves(kind: NDArray[np.int64], strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the whole move that a catalyst of this strength brings about if it is no dud."""
    slope = np.array([0.08, 0.05, 0.08, 0.09, 0.12, 0.09])
    base = np.array([0.0, 0.0, 0.025, 0.005, 0.0, 0.0])
    move: NDArray[np.float64] = base[kind] + slope[kind] * strength
    return move
