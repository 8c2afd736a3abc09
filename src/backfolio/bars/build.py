"""`build_bars`: tables to arrays, once everything in them has been checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backfolio import ashare
from backfolio.bars.actions import previous_rows, settle
from backfolio.bars.check import check_rows
from backfolio.bars.check_market import Placed, factor_explained, inside_limits, vendor_limits_agree
from backfolio.bars.faults import Fault, data_error, where, whole
from backfolio.bars.frames import FORMS, missing_columns
from backfolio.bars.rows import PRICES, BarRows, newest_names, price_mills, read_rows
from backfolio.bars.sides import Actions, Listings, read_accepted, read_actions, read_index, read_listings
from backfolio.bars.spells import read_spells
from backfolio.bars.table import Bars
from backfolio.money import MILLS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from backfolio.bars.frames import Tables


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What tables hold, whether or not they keep every rule.

    Parameters
    ----------
    faults
        Every rule that some rows break; () where `build_bars` raises nothing.
    rows
        The table of bars as flat arrays; None where its columns are wrong.
    bars
        The market, without the bars of symbols that a fault outside the rules
        of the market names; None where none is left.
    given
        int64 mills, sessions x symbols: reference price in the data; 0 = none.
    actions
        Corporate actions of the table ex_rights.
    passed
        Bars outside their limits that somebody looked at (`Tables.unlimited`).
    """

    faults: tuple[Fault, ...]
    rows: BarRows | None = None
    bars: Bars | None = None
    given: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))
    actions: Actions = field(default_factory=Actions)
    passed: tuple[Fault, ...] = ()


def build_bars(tables: Tables) -> Bars:
    """Check every table and turn them into `Bars`.

    Parameters
    ----------
    tables
        As `read_tables` returns them, or made by code.

    Raises
    ------
    DataError
        If anything breaks a rule of the import format or of the exchange. All
        faults are counted and up to twenty shown. Prices against limits are
        judged for the symbols that have no other fault.
    """
    looked = look(tables)
    if looked.faults or looked.bars is None:
        raise data_error(tables, looked.faults)
    return looked.bars


def look(tables: Tables) -> Looked:
    """Check every table as `build_bars` does, and return the faults beside what is sound."""
    wrong_forms = _present(_forms(tables))
    if wrong_forms:
        return Looked(wrong_forms)
    rows, faults = read_rows(tables)
    faults += check_rows(rows)
    listings, more = read_listings(tables, rows)
    faults += more
    actions, more = read_actions(tables, rows)
    faults += more
    index_close, index_names, more = read_index(tables, rows.sessions)
    faults += more
    accepted, more = read_accepted(tables, rows)
    faults += more
    warned, more = read_spells(tables, rows)
    faults += more
    if warned is not None:
        rows = replace(rows, values={**rows.values, "is_st": warned})
    keys = {"bars": rows.symbol, "ex_rights": actions.keys, "listings": listings.keys}
    doubtful = _doubtful(faults, keys, len(rows.symbols))
    if doubtful.all():
        return Looked(_present(faults), rows)
    arrays, given, more, passed = _market(rows, listings, actions, doubtful, (*tables.unlimited, *accepted))
    names = {
        **dict.fromkeys(rows.symbols, ""),
        # Within a file the dates of a symbol ascend; files may come in any order.
        **newest_names(tables.bars, rows.symbol, rows.symbols, rows.day if len(rows.origin.files) > 1 else None),
        **listings.names,
    }
    bars = Bars(
        sessions=rows.sessions,
        symbols=rows.symbols,
        names=names,
        index_close=index_close,
        index_names=index_names,
        **arrays,
    )
    return Looked(_present([*faults, *more]), rows, bars, given, actions, _present([passed]))


def _present(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(fault for fault in faults if len(fault.rows))


def _forms(tables: Tables) -> list[Fault]:
    faults = []
    for table, form in FORMS.items():
        frame = tables.frame(table)
        if frame is None:
            continue
        lacking = missing_columns(form, [str(column) for column in frame.columns])
        if lacking is not None:
            faults.append(whole(table, *lacking))
        elif not len(frame) and not form.may_be_empty:
            faults.append(whole(table, "no rows", "the table has at least one row", "fill it, or leave the table out"))
    return faults


def _doubtful(faults: Iterable[Fault], keys: dict[str, NDArray[np.intp]], symbols: int) -> NDArray[np.bool_]:
    """Return the symbols with a fault in any table."""
    doubtful = np.zeros(symbols + 1, dtype=np.bool_)  # the last takes the rows without a symbol
    for fault in faults:
        if fault.table in keys:
            found = fault.rows[fault.rows >= 0]
            doubtful[keys[fault.table][found]] = True
            doubtful |= len(found) < len(fault.rows)
    return doubtful[:-1]


def _market(
    rows: BarRows,
    listings: Listings,
    actions: Actions,
    doubtful: NDArray[np.bool_],
    unlimited: Iterable[tuple[str, np.datetime64, np.datetime64]],
) -> tuple[dict[str, Any], NDArray[np.int64], list[Fault], Fault]:
    """Place the bars of all symbols without a fault, and run the checks that need them in place.

    Bars outside their limits that were looked at come back apart, and their sessions count as without limits.
    """
    sound = rows.placed & ~np.append(doubtful, True)[rows.symbol]
    held = where(sound & rows.traded)
    cell = rows.session[held], rows.symbol[held]
    shape = (len(rows.sessions), len(rows.symbols))

    def grid(values: NDArray[np.int64] | NDArray[np.bool_], blank: int = 0) -> Any:  # noqa: ANN401  of any dtype
        placed = np.full(shape, blank, dtype=values.dtype)
        placed[cell] = values if len(values) == len(held) else values[held]
        return placed

    arrays: dict[str, Any] = {name: grid(rows.mills[name]) for name in PRICES}
    arrays["traded"] = grid(rows.traded)
    arrays["volume"] = grid(_whole(rows.values["volume"][held]))
    arrays["amount"] = grid(_amount(rows)[held], -1)
    given = grid(price_mills(rows.values["pre_close"])) if "pre_close" in rows.values else np.zeros(shape, np.int64)
    arrays["st"] = _risk_warning(rows, where(sound), shape)
    arrays["st_unknown"] = _untold(rows, held)
    arrays |= _listing(rows, listings, arrays["traded"])
    dead = _dead(rows.sessions, arrays["traded"], listings.delisted)
    settled, faults = settle(arrays["traded"], arrays["close"], given, actions, dead)
    arrays |= {name: getattr(settled, name) for name in settled.__slots__}
    up, down, state = ashare.limit_table(rows.symbols, rows.sessions, settled.reference, arrays["st"], arrays["listed"])
    market = Placed(rows, held, arrays["traded"], given, up, down, state)
    outside, passed = inside_limits(market, _looked_at(rows, unlimited))
    if len(passed.rows):  # what is said of them names the limits as they were
        up, down, state = up.copy(), down.copy(), state.copy()
        market = replace(market, up=up, down=down, limit_state=state)
    lifted = rows.session[passed.rows], rows.symbol[passed.rows]
    state[lifted] = ashare.UNLIMITED
    up[lifted] = down[lifted] = 0
    arrays |= {"up": up, "down": down, "limit_state": state}
    faults += [outside, *vendor_limits_agree(market), *factor_explained(market, actions)]
    return arrays, given, faults, passed


def _looked_at(rows: BarRows, unlimited: Iterable[tuple[str, np.datetime64, np.datetime64]]) -> NDArray[np.bool_]:
    """Return, sessions x symbols, where bars outside their limits are right (`Tables.unlimited`)."""
    place = {symbol: at for at, symbol in enumerate(rows.symbols)}
    found = np.zeros((len(rows.sessions), len(rows.symbols)), dtype=np.bool_)
    for symbol, first, last in unlimited:
        if symbol in place:
            found[(rows.sessions >= first) & (rows.sessions <= last), place[symbol]] = True
    return found


def _whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(values).astype(np.int64)


def _amount(rows: BarRows) -> NDArray[np.int64]:
    if "amount" not in rows.values:
        return np.full(len(rows.traded), -1, dtype=np.int64)
    amount = rows.values["amount"]
    return _whole(np.where(amount >= 0, amount * MILLS, -1.0))


def _risk_warning(rows: BarRows, held: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return ST status; between rows it stays what it was, before the first it is not."""
    st = np.zeros(shape, dtype=np.bool_)
    flags = rows.values.get("is_st")
    if flags is None or not (flags[held] == 1).any():
        return st
    said = np.zeros(shape, dtype=np.bool_)
    told = held[~np.isnan(flags[held])]
    at = rows.session[told], rows.symbol[told]
    said[at] = True
    st[at] = flags[told] == 1
    last = previous_rows(said)
    return np.take_along_axis(st, np.maximum(last, 0), axis=0) & (last >= 0)


def _untold(rows: BarRows, held: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return the symbols that have a bar of which the data does not say whether they were under risk warning."""
    unknown = np.zeros(len(rows.symbols), dtype=np.bool_)
    flags = rows.values.get("is_st")
    silent = held if flags is None else held[np.isnan(flags[held])]
    unknown[rows.symbol[silent]] = True
    return unknown


def _listing(rows: BarRows, listings: Listings, traded: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """Return listing dates; where none is given, what the first bar says (see DESIGN 6a)."""
    silent = np.isnat(listings.listed) & ~listings.assumed
    first = traded.argmax(axis=0)
    seen_later = traded.any(axis=0) & (first > 0)
    by_bar = np.where(seen_later, rows.sessions[first], np.datetime64("NaT", "D"))
    return {
        "listed": np.where(silent, by_bar, listings.listed),
        "listing_assumed": silent | listings.assumed,
        "delisted": listings.delisted,
    }


def _dead(
    sessions: NDArray[np.datetime64], traded: NDArray[np.bool_], delisted: NDArray[np.datetime64]
) -> NDArray[np.bool_]:
    """Return where a symbol is delisted: after its last bar, on or after the date of its delisting."""
    dead = sessions[:, None] >= delisted[None, :]
    if dead.any():
        last = len(traded) - 1 - traded[::-1].argmax(axis=0)
        dead &= (np.arange(len(traded))[:, None] > last) | ~traded.any(axis=0)
    return dead
