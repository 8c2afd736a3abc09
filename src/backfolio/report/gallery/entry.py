"""`Entry`: one line of the gallery, and how values are taken from a file that may hold anything."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.report.gallery.comparable import Basis

MOST_POINTS: Final = 400
"""Of a small line; a longer one is none of ours."""


class Place(NamedTuple):
    """Where a record was found: thesis and name of the folder, and when the record was written, in seconds."""

    thesis: str
    name: str
    made: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the gallery.

    Parameters
    ----------
    kind
        "run", "tune" or "walk-forward".
    place
        Folder, and when it was made.
    title, first, last, source, simulated
        The thesis in a line, the window, and where the bars came from.
    basis
        What it rests on.
    params
        Parameters, exits and market settings by name; of a tune those of its best trial.
    line, benchmark_line
        Gains in basis points at evenly spaced sessions; () where none were kept.
    total_return, sharpe, max_drawdown
        None where there is none.
    benchmark, benchmark_return
        As shown, and its total return.
    told
        What else came out, in a few words each.
    """

    kind: str
    place: Place
    title: str
    first: str
    last: str
    source: str
    simulated: bool
    basis: Basis
    line: tuple[int, ...]
    benchmark_line: tuple[int, ...]
    total_return: float | None
    sharpe: float | None
    max_drawdown: float | None
    benchmark: str
    benchmark_return: float | None
    told: tuple[str, ...]
    params: Mapping[str, object] = field(default_factory=dict)


def text(told: Mapping[str, Any], name: str) -> str:
    """Return a text of a record.

    Raises
    ------
    ValueError
        If it is missing or no text; so do the functions below.
    """
    value = told.get(name)
    if not isinstance(value, str):
        message = f"its {name} is {'missing' if value is None else 'no text'}"
        raise ValueError(message)  # noqa: TRY004  a fault of a file, whichever it is
    return value


def number(told: Mapping[str, Any], name: str) -> float | None:
    """Return a number of a record; None where it says null."""
    if name not in told:
        message = f"its {name} is missing"
        raise ValueError(message)
    value = told[name]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        message = f"its {name} is no number"
        raise ValueError(message)
    return float(value)


def count(told: Mapping[str, Any], name: str) -> int:
    """Return a count of a record."""
    value = number(told, name)
    if value is None or value < 0 or value != int(value):
        message = f"its {name} is no count"
        raise ValueError(message)
    return int(value)


def table(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a table of a record."""
    value = told.get(name)
    if not isinstance(value, dict):
        message = f"its {name} is {'missing' if value is None else 'no table'}"
        raise ValueError(message)  # noqa: TRY004  the same
    return value


def points(told: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """Return a small line of a record; () where it has none, or what stands there is none."""
    value = told.get(name)
    if not isinstance(value, list) or len(value) > MOST_POINTS or set(map(type, value)) != {int}:
        return ()
    return tuple(value)
