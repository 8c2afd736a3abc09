"""Risk warnings told as dated spells, and the bars of which they speak.

Hosts tell from when to when a symbol was under risk warning, not bar by bar.
Where it is known that the spells are all there were (`st_known_from` of the
listings), a bar that says nothing itself follows from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.bars.cells import date_faults, days, factorize
from backfolio.bars.faults import Fault, where
from backfolio.bars.sides import symbols_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.bars.frames import Tables
    from backfolio.bars.rows import BarRows

UNKNOWN: Final = "?"
"""Kind of a spell of which nobody knows whether a symbol was under risk warning."""

UNWARNED: Final = "none"
"""Kind of a spell that was unknown and is so no longer: it says nothing."""


def filled(
    flag: NDArray[np.float64],
    symbol: NDArray[np.intp],
    day: NDArray[np.datetime64],
    names: Sequence[str],
    known: Mapping[str, np.datetime64],
    spells: pd.DataFrame,
) -> NDArray[np.float64]:
    """Return whether each bar was under risk warning, where it does not say so itself, by the spells.

    Parameters
    ----------
    flag
        float64 (rows,): 1, 0, or NaN where the bar says nothing.
    symbol, day
        (rows,): place in `names` (-1 = none of them), and ``datetime64``.
    names
        Symbols.
    known
        Symbol to the first day from which its spells are all there were.
    spells
        symbol, first, last, kind; a first or last day that is missing has no bound.
    """
    place = {name: at for at, name in enumerate(names) if name in known}
    if not place:
        return flag
    since = np.full(len(names) + 1, np.datetime64("NaT", "D"))  # the last answers for -1
    for name, at in place.items():
        since[at] = known[name]
    flag = flag.copy()
    silent = np.isnan(flag) & (day >= since[symbol])
    flag[silent] = 0.0
    order = np.arange(len(symbol)) if bool((symbol[1:] >= symbol[:-1]).all()) else np.argsort(symbol, kind="stable")
    in_order = symbol[order]
    code, texts = factorize(spells["symbol"])
    kinds = spells["kind"].to_numpy(dtype=object)
    firsts, lasts = (days(spells[name])[0] for name in ("first", "last"))
    unknown = kinds == UNKNOWN
    # What is unknown comes last: a spell may go on into it.
    for at in [*np.flatnonzero(~unknown), *np.flatnonzero(unknown)]:
        name = texts[code[at]] if code[at] >= 0 else ""
        if name not in place or kinds[at] == UNWARNED:
            continue
        rows = order[slice(*np.searchsorted(in_order, [place[name], place[name] + 1]))]
        inside = silent[rows]
        if not np.isnat(firsts[at]):
            inside &= day[rows] >= firsts[at]
        if not np.isnat(lasts[at]):
            inside &= day[rows] <= lasts[at]
        flag[rows[inside]] = np.nan if unknown[at] else 1.0
    return flag


def read_spells(tables: Tables, rows: BarRows) -> tuple[NDArray[np.float64] | None, list[Fault]]:
    """Read the spells that come beside bars.

    Returns
    -------
    flag
        `is_st` of each row as `filled` has it; None where nothing is told beside the bars.
    faults
        Cells that cannot be read.
    """
    known, faults = _known(tables, rows)
    frame = tables.st_spells
    if frame is None:
        frame = _none()
    if len(frame):
        symbols_of("st_spells", frame, rows, faults)
        for column in ("first", "last"):
            faults += date_faults("st_spells", frame, column, days(frame[column])[1], may_be_missing=True)
        faults.append(
            Fault(
                "st_spells",
                where(frame["kind"].isna().to_numpy()),
                lambda row: f"{frame['symbol'].iloc[row]}: kind is missing",
                "every spell has its kind",
                f"write ST or *ST, or {UNKNOWN} where nobody knows",
            )
        )
    if not known:
        return None, faults
    flag = rows.values.get("is_st", np.full(len(rows.symbol), np.nan))  # noqa: PD011  no frame
    return filled(flag, rows.symbol, rows.day, rows.symbols, known, frame), faults


def _known(tables: Tables, rows: BarRows) -> tuple[dict[str, np.datetime64], list[Fault]]:
    frame = tables.listings
    if frame is None or "st_known_from" not in frame or not len(frame):
        return {}, []
    since, state = days(frame["st_known_from"])
    held = where(~np.isnat(since))
    known = {str(frame["symbol"].iloc[row]): since[row] for row in held.tolist()}
    faults = [*date_faults("listings", frame, "st_known_from", state, may_be_missing=True)]
    return {symbol: known[symbol] for symbol in rows.symbols if symbol in known}, faults


def _none() -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    return pd.DataFrame({name: pd.Series([], dtype="object") for name in ("symbol", "first", "last", "kind")})
