"""The sample: a simulated market, made by code from a seed. No price in it is real.

24 fictional companies on all boards and two indexes; suspensions, limit-ups at
the open and all day, ex-dates with cash and bonus shares, a company under risk
warning, a new listing, a delisting; and catalysts of fictional labs and houses
that do move its names, but for one kind, capital_spending, that moves none. It
comes as `Tables` in the import format and passes every check that real data
does. Sessions are those of the exchange.

The same seed, size and window give the same market on every machine.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.bars import Tables
from backfolio.catalysts import COLUMNS as CATALYST_COLUMNS
from backfolio.said import said
from backfolio.source.files import MARKER
from backfolio.source.sample import frames, prices
from backfolio.source.sample.cast import DAILY_LIFE, ROLES, THEME
from backfolio.source.sample.events import plan
from backfolio.source.sample.spending import announcements
from backfolio.universe import COLUMNS as MEMBER_COLUMNS
from backfolio.universe import Member, Universe

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from backfolio.catalysts import Catalyst
    from backfolio.source.sample.cast import Role
    from backfolio.source.sample.stage import Stage

__all__ = ["END", "NAMES", "SEED", "START", "catalysts", "tables", "universes", "write"]

SEED: Final = 20250821
NAMES: Final = len(ROLES)
START: Final = "2021-01-04"
END: Final = "2025-12-31"

_NOTICE: Final = """\
SIMULATED. Every bar, company, catalyst and index here is made by code from a
seed (backfolio's sample market, seed {seed}); none of it is real. The files
show the import format: bars.csv, index.csv, ex_rights.csv, listings.csv, and,
as in a workspace's data folder, catalysts/ and universes/. While this file lies
here, everything made from the folder says SIMULATED.
"""


def tables(seed: int = SEED, names: int = NAMES, start: str = START, end: str = END) -> Tables:
    """Make the bars, indexes, ex-rights and listings of a market.

    Parameters
    ----------
    seed
        Whole number from 0 that names the market.
    names
        How many companies; the mix of the default 24 repeats.
    start, end
        First and last day, from 2020-08-24, at least 60 sessions apart.

    Raises
    ------
    UsageError
        If an argument is outside what is allowed.
    CalendarError
        If a date is none, or outside the calendar.
    """
    drawn = plan(seed, names, start, end)
    made = frames.frames(drawn.stage, prices.simulate(drawn))
    label = said("SIMULATED sample market (seed %(seed)s)", seed=seed)
    return Tables(made["bars"], made["index"], made["ex_rights"], made["listings"], label=label)


def catalysts(seed: int = SEED, names: int = NAMES, start: str = START, end: str = END) -> tuple[Catalyst, ...]:
    """Return the catalysts of a market, by (known_at, id); arguments as `tables`."""
    drawn = plan(seed, names, start, end)
    both = (*drawn.catalysts(), *announcements(drawn.stage))
    return tuple(sorted(both, key=lambda one: (one.known_at, one.id)))


def universes(seed: int = SEED, names: int = NAMES, start: str = START, end: str = END) -> dict[str, Universe]:
    """Return the universes of a market by name; arguments as `tables`."""
    stage = plan(seed, names, start, end).stage
    return {
        name: Universe(name, tuple(_member(role, stage) for role in stage.roles if role.universe == name))
        for name in (DAILY_LIFE, THEME)
        if any(role.universe == name for role in stage.roles)
    }


def _member(role: Role, stage: Stage) -> Member:
    first, last = (int(share * len(stage.sessions)) for share in (role.joins, role.leaves))
    begins = stage.sessions[first]
    ends = stage.sessions[last] if last < len(stage.sessions) else np.datetime64("NaT", "D")
    return Member(role.symbol, role.name, role.name_zh, role.segment, role.route, begins, ends)


def write(folder: Path, seed: int = SEED, names: int = NAMES, start: str = START, end: str = END) -> None:
    """Write a market to a folder, in the import format as CSV; arguments as `tables`.

    Beside the tables go ``catalysts/sample.csv``, ``universes/*.csv`` and a
    notice that all of it is simulated.
    """
    made = tables(seed, names, start, end)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("bars", "index", "ex_rights", "listings"):
        frame = made.frame(name)
        if frame is not None:
            frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    rows = [
        (c.id, c.kind, c.title, c.known_at.isoformat(), ";".join(c.symbols), c.segment, c.strength, c.source,
         c.certainty, c.time_known)
        for c in catalysts(seed, names, start, end)
    ]  # fmt: skip
    _write_csv(folder / "catalysts" / "sample.csv", CATALYST_COLUMNS, rows)
    for name, universe in universes(seed, names, start, end).items():
        members = [
            (m.symbol, m.name, m.name_zh, m.segment, m.route, m.from_, "" if np.isnat(m.to) else m.to)
            for m in universe.members
        ]
        _write_csv(folder / "universes" / f"{name}.csv", MEMBER_COLUMNS, members)
    (folder / MARKER).write_text(_NOTICE.format(seed=seed), encoding="utf-8")


def _write_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
