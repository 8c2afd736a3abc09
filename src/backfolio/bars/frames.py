"""`Tables`: market data as it came, and which line of which file each row was."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

ALIKE: Final = 0.8
"""How like an optional column's name another must be to be taken for a slip."""

WHOLE: Final = -1
"""Stands for a row where a fault belongs to the table as a whole."""


OUTSIDE_LIMITS: Final = "outside_limits"
"""The rule of bars outside their limits: one that somebody looked at counts as of a session without limits."""


@dataclass(frozen=True, slots=True)
class Form:
    """The columns of one table of the import format."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    may_be_empty: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        """Every column that is read."""
        return (*self.needed, *self.optional)


FORMS: Final = {
    "bars": Form(
        needed=("date", "symbol", "open", "high", "low", "close", "volume"),
        optional=("pre_close", "amount", "factor", "name", "is_st", "traded", "up_limit", "down_limit"),
        dates=("date",),
        texts=("symbol", "name"),
    ),
    "index": Form(
        needed=("date", "symbol", "close"),
        optional=("open", "high", "low", "name"),
        dates=("date",),
        texts=("symbol", "name"),
    ),
    "ex_rights": Form(
        needed=("symbol", "ex_date", "kind", "value"),
        dates=("ex_date",),
        texts=("symbol", "kind"),
        may_be_empty=True,
    ),
    "listings": Form(
        needed=("symbol", "listed"),
        optional=("name", "delisted", "assumed", "st_known_from"),
        dates=("listed", "delisted", "st_known_from"),
        texts=("symbol", "name"),
        may_be_empty=True,
    ),
    "st_spells": Form(
        needed=("symbol", "first", "last", "kind"),
        optional=("source",),
        dates=("first", "last"),
        texts=("symbol", "kind", "source"),
        may_be_empty=True,
    ),
    "accepted": Form(
        needed=("symbol", "date", "rule", "because"),
        dates=("date",),
        texts=("symbol", "rule", "because"),
        may_be_empty=True,
    ),
}
"""Table name to its columns; what else a file holds is not read."""


def missing_columns(form: Form, came: Sequence[str]) -> tuple[str, str, str] | None:
    """Say which needed columns did not come: value, rule and remedy of the fault; None if all did.

    A column that came under a name much like an optional one that did not is
    told as well, since it would not be read.
    """
    lacking = [column for column in form.needed if column not in came]
    foreign = [column for column in came if column not in form.known]
    wanted = [column for column in form.known if column not in came]
    meant = {column: near[0] for column in foreign if (near := get_close_matches(column, wanted, n=1, cutoff=ALIKE))}
    if lacking:
        loose = {column: near[0] for column in foreign if (near := get_close_matches(column, lacking, n=1))}
        meant |= loose
    if not lacking and not meant:
        return None
    hints = ", ".join(f"rename {column!r} (did you mean {near!r}?)" for column, near in meant.items())
    need = f"{', '.join(lacking)} missing: " if lacking else ""
    return (
        f"columns {', '.join(column for column in came if column)}",
        f"{need}the columns are {', '.join(form.needed)}"
        + (f", and optional {', '.join(form.optional)}" if form.optional else ""),
        hints or "add what is missing",
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows of a table stood.

    Parameters
    ----------
    files
        File names in the order in which their rows follow each other.
    starts
        (files,): the table's row at which each file begins.
    lines
        (rows,): 1-based line in its file, the header being line 1; in a
        Parquet file, the number of the row plus one.
    """

    files: tuple[str, ...]
    starts: NDArray[np.intp]
    lines: NDArray[np.intp]

    @classmethod
    def of_one(cls, name: str, rows: int) -> Origin:
        """Return the origin of a table that is one file without gaps."""
        return cls((name,), np.zeros(1, dtype=np.intp), np.arange(2, rows + 2, dtype=np.intp))

    def file(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the number of the file that each row stood in."""
        return np.searchsorted(self.starts, rows, side="right") - 1

    def place(self, row: int) -> tuple[str, int]:
        """Return file name and line of a row; line 0 for `WHOLE`."""
        if row == WHOLE:
            return ", ".join(self.files), 0
        at = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self.files[at], int(self.lines[row])


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables of the import format, not yet checked.

    Parameters
    ----------
    bars
        One row a symbol and session: date, symbol, open, high, low, close
        (CNY), volume (shares); optional pre_close, amount (CNY), factor, name,
        is_st, traded, up_limit, down_limit.
    index
        date, symbol, close (points); optional open, high, low, name.
    ex_rights
        symbol, ex_date, kind, value.
    listings
        symbol, listed; optional name, delisted, assumed (1: `listed` was taken
        from the first bar, or is empty for "before the data"), st_known_from
        (from when on `st_spells` has every spell of the symbol).
    st_spells
        symbol, first, last, kind (see `bars.spells`); optional source.
    accepted
        symbol, date, rule, because: what a person looked at and found right,
        and why. Of the rule ``outside_limits`` it says what `unlimited` does.
    label
        What the data is called in messages and on pages.
    last
        The last session of the whole that these bars are a part of; None = that
        of the last bar here. Sessions go on until then, for a delisting or a
        halt of every name here is a fact as well.
    unlimited
        (symbol, first day, last day): stretches in which bars outside their
        computed limits were looked at and are right, as on the days without
        limits of a relisting or of a delisting period, which free data do not
        tell. Such a session counts as one without limits.
    origins
        Table name to `Origin`; a table without one is taken as one file of
        the name ``<label> <table>``.

    Notes
    -----
    Dates may be ``datetime64``, dates, or text as in ``2025-08-22``; `build_bars`
    checks every cell, whoever made the frames.
    """

    bars: pd.DataFrame
    index: pd.DataFrame | None = None
    ex_rights: pd.DataFrame | None = None
    listings: pd.DataFrame | None = None
    label: str = "data"
    origins: Mapping[str, Origin] = field(default_factory=dict)
    last: np.datetime64 | None = None
    unlimited: tuple[tuple[str, np.datetime64, np.datetime64], ...] = ()
    st_spells: pd.DataFrame | None = None
    accepted: pd.DataFrame | None = None

    def frame(self, table: str) -> pd.DataFrame | None:
        """Return a table by its name in `FORMS`."""
        found: pd.DataFrame | None = getattr(self, table)
        return found

    def origin(self, table: str) -> Origin:
        """Return where the rows of a table stood."""
        frame = self.frame(table)
        rows = 0 if frame is None else len(frame)
        return self.origins.get(table) or Origin.of_one(f"{self.label} {table}", rows)
