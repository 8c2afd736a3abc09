"""A large simulated market, and targets that trade in it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.bars import build_bars
from backfolio.history import History
from backfolio.source import sample
from backfolio.source.sample.cast import cast
from backfolio.targets import LEAVE_ALONE, Targets
from backfolio.universe import COLUMNS, Member, Universe

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.bars import Bars

SESSIONS: Final = 1250
FIRST: Final = "2020-09-01"
SPARE: Final = 1.2
"""Companies made for each one used: some are listed later."""


THEME: Final = "domestic-compute"
"""The universe that the shipped theses trade; here every name belongs to it."""


def market(names: int, sessions: int = SESSIONS) -> Bars:
    """Return `names` simulated companies over `sessions`; suspensions and ex-dates included.

    All of them have a bar in the first session: in the naive way one feed that
    begins later holds back ``next()`` for all.
    """
    made = build_bars(sample.tables(names=int(names * SPARE), start=FIRST, end=_last(sessions)))
    present = np.flatnonzero(made.traded[0])[:names]
    assert len(present) == names
    return made.columns(tuple(made.symbols[column] for column in present))


def history(bars: Bars) -> History:
    """Return a market of `market` with the sample's catalysts; all names belong to the theme."""
    names, last = int(len(bars.symbols) * SPARE), str(bars.sessions[-1])
    return History(bars, sample.catalysts(names=names, start=FIRST, end=last), _theme(bars))


def write(folder: Path, names: int, sessions: int = SESSIONS) -> None:
    """Write the market of `market`, with what `history` adds, as data for ``--data``."""
    sample.write(folder, names=int(names * SPARE), start=FIRST, end=_last(sessions))
    members = [(m.symbol, m.name, m.name_zh, m.segment, m.route, "", "") for m in _theme(market(names)).members]
    with (folder / "universes" / f"{THEME}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *members])


def part(bars: Bars, names: int) -> Bars:
    """Return `names` of the companies, spread over all of them."""
    at = np.linspace(0, len(bars.symbols) - 1, names).round().astype(int)
    return bars.columns(tuple(bars.symbols[column] for column in at))


def lottery(bars: Bars, held: int, every: int, seed: int = 2) -> Targets:
    """Hold `held` names of equal weight that have a bar, drawn anew every `every` sessions."""
    random = np.random.default_rng(seed)
    weights = np.full(bars.shape, LEAVE_ALONE, dtype=np.int16)
    for row in range(0, bars.shape[0], every):
        traded = np.flatnonzero(bars.traded[row])
        weights[row] = 0
        weights[row, random.choice(traded, held, replace=False)] = 9900 // held
    return Targets(weights)


def _last(sessions: int) -> str:
    days = calendar.all_sessions()
    first = int(np.searchsorted(days, np.datetime64(FIRST)))
    return str(days[first + sessions - 1])


def _theme(bars: Bars) -> Universe:
    roles = (role for role in cast(int(len(bars.symbols) * SPARE)) if role.symbol in bars.symbols)
    return Universe(THEME, tuple(Member(r.symbol, r.name, r.name_zh, r.segment, r.route) for r in roles))
