"""Sessions that should have a bar and have none: which they are, and from when on nobody is asked for them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.store import LogEntry

SETTLED: Final = 3
"""Sessions after which one counts as asked for, if every host answered and none has a bar of it."""

LONG_AGO: Final = 20
"""Sessions after which `ENOUGH` answers do: a symbol that one host never gives must not cost three calls a day."""

ENOUGH: Final = 2
"""Hosts, independent of each other."""

NAMED: Final = 3
"""Sessions that a message names; beyond that they are counted."""


def unexplained(
    wanted: NDArray[np.datetime64], told: NDArray[np.datetime64], *spells: pd.DataFrame
) -> NDArray[np.datetime64]:
    """Return the sessions of which no host tells and no suspension is known.

    Parameters
    ----------
    wanted
        ``datetime64[D]``: sessions that should have a bar, ascending.
    told
        ``datetime64[D]``: sessions with a row, whether it was traded in or not.
    spells
        Rows of the table suspensions of this symbol.
    """
    left = wanted[~np.isin(wanted, told)]
    for frame in spells:
        left = left[~suspended(frame, left)]
    return left


def suspended(spells: pd.DataFrame, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Tell for each day whether a suspension holds it; both ends of a spell belong to it."""
    first, last = (spells[name].to_numpy().astype("datetime64[D]") for name in ("first", "last"))
    inside = (first <= days[:, None]) & (np.isnat(last) | (last >= days[:, None]))
    found: NDArray[np.bool_] = inside.any(axis=1)
    return found


def ended(spells: pd.DataFrame, traded: NDArray[np.datetime64]) -> pd.DataFrame:
    """Return the suspensions without an end after which there is trading, each with its end: the session before.

    Parameters
    ----------
    spells
        Rows of the table suspensions of one symbol.
    traded
        ``datetime64[D]``: sessions in which it was traded, ascending.
    """
    first, last = (spells[name].to_numpy().astype("datetime64[D]") for name in ("first", "last"))
    place = np.searchsorted(traded, first, side="right")
    over = np.isnat(last) & ~np.isnat(first) & (place < len(traded))
    days = calendar.all_sessions()
    before = days[np.searchsorted(days, traded[place[over]]) - 1]
    found: pd.DataFrame = spells[over].assign(last=np.maximum(before, first[over]).astype("datetime64[s]"))
    return found


def starts(left: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return the first session of every run of sessions."""
    place = np.searchsorted(calendar.all_sessions(), left)
    return left[np.diff(place, prepend=-2) > 1]


def answered(log: Collection[LogEntry]) -> frozenset[str]:
    """Return the hosts that answered and kept their contract, be it with nothing."""
    return frozenset(entry.host for entry in log if entry.outcome in {"ok", "empty"})


def settled(
    left: NDArray[np.datetime64], last: np.datetime64, answers: Collection[str], hosts: Collection[str]
) -> NDArray[np.bool_]:
    """Tell which sessions without a bar need not be asked for again.

    They are those that all hosts, asked for them, have none of, and that are
    so old that none comes late. They stay what they are: a gap in the data.

    Parameters
    ----------
    left
        ``datetime64[D]``, ascending.
    last
        Last session that is over.
    answers, hosts
        Hosts that answered, of which.
    """
    days = calendar.all_sessions()
    age = np.searchsorted(days, last) - np.searchsorted(days, left)
    every = set(hosts) <= set(answers)
    return (age > SETTLED) & every | (age > LONG_AGO) & (len(set(answers)) >= ENOUGH)


def covered(until: np.datetime64, left: NDArray[np.datetime64]) -> np.datetime64:
    """Return the last session up to which nothing is left: `until`, or the one before the first that is."""
    if not len(left):
        return until
    days = calendar.all_sessions()
    found: np.datetime64 = days[max(int(np.searchsorted(days, left[0])) - 1, 0)]
    return found


def sentence(left: NDArray[np.datetime64], log: Collection[LogEntry]) -> str:
    """Say which bars are missing, and what the hosts said that gave nothing."""
    named = ", ".join(str(day) for day in left[:NAMED]) + (", ..." if len(left) > NAMED else "")
    said = dict.fromkeys(entry.detail for entry in log if entry.outcome not in {"ok", "empty"} and entry.detail)
    why = "; ".join(said) or "no host has them and no suspension is known; the next fetch asks again"
    return f"bars of {len(left)} session{'s' * (len(left) > 1)} ({named}): {why}"
