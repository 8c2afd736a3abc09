"""The tables beside the bars: listings, corporate actions and indexes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare
from backfolio.bars.cells import (
    date_faults,
    days,
    factorize,
    number_fault,
    numbers,
    session_faults,
    session_numbers,
    text_of,
)
from backfolio.bars.faults import Fault, where
from backfolio.bars.frames import OUTSIDE_LIMITS
from backfolio.bars.rows import newest_names
from backfolio.errors import SymbolError, did_you_mean
from backfolio.money import PER_SHARE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.bars.frames import Tables
    from backfolio.bars.rows import BarRows

CASH: Final = "cash/share"
SHARES: Final = "shares/share"
RATIO: Final = "price ratio"
KINDS: Final = (CASH, SHARES, RATIO)

RATIO_UNIT: Final = 10_000_000_000
"""Units in one of a price ratio: fine enough that a fen stands for one ratio at any price."""

DECIMAL_NOISE: Final = 1e-3
"""Units of `PER_SHARE` by which a value may miss a whole one: noise of binary fractions."""

MOST_PER_SHARE: Final = 10_000.0


def _none() -> NDArray[np.intp]:
    return np.empty(0, dtype=np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Listings:
    """Listing and delisting by symbol; `keys` gives the symbol of each row, `assumed` whose date is a first bar's."""

    listed: NDArray[np.datetime64]
    delisted: NDArray[np.datetime64]
    assumed: NDArray[np.bool_]
    names: Mapping[str, str] = field(default_factory=dict)
    keys: NDArray[np.intp] = field(default_factory=_none)


@dataclass(frozen=True, slots=True, eq=False)
class Actions:
    """Corporate actions, one entry a session and symbol, sessions ascending.

    Parameters
    ----------
    session, symbol
        (actions,): place in the sessions and symbols of the bars.
    cash, shares
        int64 (actions,): 1e-7 CNY and 1e-7 shares a share, rows of a date summed.
    ratio
        int64 (actions,): reference / previous close in 1 / `RATIO_UNIT`; 0 where
        cash or shares are known.
    row
        (actions,): a row of the table that says so.
    keys
        Symbol of each row of the table, -1 where it has no bars.
    """

    session: NDArray[np.intp] = field(default_factory=_none)
    symbol: NDArray[np.intp] = field(default_factory=_none)
    cash: NDArray[np.int64] = field(default_factory=_none)
    shares: NDArray[np.int64] = field(default_factory=_none)
    ratio: NDArray[np.int64] = field(default_factory=_none)
    row: NDArray[np.intp] = field(default_factory=_none)
    keys: NDArray[np.intp] = field(default_factory=_none)


def read_listings(tables: Tables, rows: BarRows) -> tuple[Listings, list[Fault]]:
    """Read listing and delisting dates and check the bars against them."""
    listed = np.full(len(rows.symbols), np.datetime64("NaT", "D"))
    delisted = listed.copy()
    assumed = np.zeros(len(rows.symbols), dtype=np.bool_)
    frame = tables.listings
    if frame is None or not len(frame):
        return Listings(listed, delisted, assumed), []
    faults: list[Fault] = []
    code, texts, keys = symbols_of("listings", frame, rows, faults)
    dates = {}
    for column in ("listed", "delisted"):
        day, state = days(frame[column]) if column in frame else (np.full(len(frame), listed.dtype.type("NaT")), None)
        if state is not None:
            faults += date_faults("listings", frame, column, state, may_be_missing=True)
        dates[column] = day
    again = np.ones(len(frame), dtype=np.bool_)
    again[np.unique(code, return_index=True)[1]] = False
    faults += [
        Fault(
            "listings",
            where(again & (code >= 0)),
            lambda row: f"{texts[code[row]]} has a row already",
            "a symbol has one listing row",
            "keep the right one",
        ),
        Fault(
            "listings",
            where(dates["delisted"] <= dates["listed"]),
            lambda row: f"{texts[code[row]]} listed {dates['listed'][row]}, delisted {dates['delisted'][row]}",
            "delisting comes after listing",
            "correct one of the dates",
        ),
    ]
    held = where(keys >= 0)
    listed[keys[held]], delisted[keys[held]] = dates["listed"][held], dates["delisted"][held]
    if "assumed" in frame:
        flag, unreadable = numbers(frame["assumed"])
        faults += _flag_faults(frame, flag, unreadable)
        assumed[keys[held]] = flag[held] == 1
    if assumed.any():
        listed = np.where(assumed & ~np.isnat(listed), np.fmin(listed, _first_bars(rows)), listed)
    faults += _bars_outside(rows, listed, delisted)
    return Listings(listed, delisted, assumed, newest_names(frame, keys, rows.symbols), keys), faults


def _first_bars(rows: BarRows) -> NDArray[np.datetime64]:
    """Return the day of each symbol's first bar; NaT where it has none: no assumed listing is later than that."""
    held = rows.placed & rows.traded
    first = np.full(len(rows.symbols), np.iinfo(np.int64).max)
    np.minimum.at(first, rows.symbol[held], rows.day[held].astype(np.int64))
    return np.where(first < np.iinfo(np.int64).max, first, np.datetime64("NaT").astype(np.int64)).astype(
        "datetime64[D]"
    )


def _flag_faults(frame: pd.DataFrame, flag: NDArray[np.float64], unreadable: NDArray[np.bool_]) -> list[Fault]:
    odd = ~(np.isnan(flag) | (flag == 0) | (flag == 1))
    return [
        number_fault("listings", frame, "assumed", unreadable),
        Fault(
            "listings",
            where(odd),
            lambda row: f"assumed {text_of(flag[row])}",
            "assumed is 0, 1 or empty",
            "write 1 where the listing date was taken from the first bar",
        ),
    ]


def _bars_outside(rows: BarRows, listed: NDArray[np.datetime64], delisted: NDArray[np.datetime64]) -> list[Fault]:
    traded = rows.traded & (rows.symbol >= 0)
    no_day = np.datetime64("NaT", "D")
    from_, to = np.append(listed, no_day)[rows.symbol], np.append(delisted, no_day)[rows.symbol]
    return [
        Fault(
            "bars",
            where(traded & (rows.day < from_)),
            lambda row: f"{rows.bar(row)}, listed {from_[row]}",
            "no bar comes before the listing",
            "correct the date of the bar or of the row in listings",
        ),
        Fault(
            "bars",
            where(traded & (rows.day > to)),
            lambda row: f"{rows.bar(row)}, delisted {to[row]}",
            "no bar comes after the delisting",
            "correct the date of the bar or of the row in listings",
        ),
    ]


def read_actions(tables: Tables, rows: BarRows) -> tuple[Actions, list[Fault]]:
    """Read corporate actions.

    Rows of symbols without bars, and of dates outside the bars, are checked
    and then have nothing to act on.
    """
    frame = tables.ex_rights
    if frame is None or not len(frame):
        return Actions(), []
    faults: list[Fault] = []
    code, texts, keys = symbols_of("ex_rights", frame, rows, faults)
    day, state = days(frame["ex_date"])
    number = session_numbers(day)
    faults += [
        *date_faults("ex_rights", frame, "ex_date", state),
        *session_faults("ex_rights", "ex_date", day, number),
    ]
    kind, value, sound = _kind_and_value(frame, faults)
    faults.append(_ratio_apart(code, texts, day, kind, sound))
    session = number - int(session_numbers(rows.sessions[:1])[0]) if len(rows.sessions) else number
    inside = (number >= 0) & (session >= 0) & (session < len(rows.sessions)) & (keys >= 0) & sound
    return _by_cell(where(inside), session, keys, kind, value, len(rows.symbols)), faults


def _kind_and_value(
    frame: pd.DataFrame, faults: list[Fault]
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """Return each row's place in `KINDS` (-1: none), its value, and whether both are sound."""
    code, texts = factorize(frame["kind"])
    kind = np.array([KINDS.index(text) if text in KINDS else -1 for text in texts] + [-1], dtype=np.intp)[code]
    value, unreadable = numbers(frame["value"])
    cash_or_shares = (kind == 0) | (kind == 1)

    def said(row: int) -> str:
        cells = frame.iloc[row]
        return f"{cells['symbol']} {str(cells['ex_date'])[:10]} {cells['kind']} {text_of(value[row])}"

    def unknown(row: int) -> str:
        text = texts[code[row]] if code[row] >= 0 else ""
        return f"kind {text!r}{did_you_mean(text, KINDS)}" if text else "kind is missing"

    units = value * PER_SHARE
    rules = (
        (kind < 0, unknown, f"kind is one of {', '.join(KINDS)}", "write one of them"),
        (np.isnan(value) & ~unreadable, said, "every row has a value", "fill it in, or remove the row"),
        (
            cash_or_shares & ((value < 0) | (value > MOST_PER_SHARE)),
            said,
            f"cash and shares per share lie from 0 to {MOST_PER_SHARE:,.0f}",
            "give CNY or shares for one share held",
        ),
        (
            cash_or_shares & (value >= 0) & (np.abs(units - np.rint(units)) > DECIMAL_NOISE),
            said,
            "a value per share has at most 7 decimals",
            "give the announced figure (per ten shares, divided by ten)",
        ),
        (
            (kind == KINDS.index(RATIO)) & ((value <= 0) | (value > 1)),
            said,
            "a price ratio is reference price / previous close: above 0, at most 1",
            "turn the ratio round, or give cash/share and shares/share instead",
        ),
    )
    faults.append(number_fault("ex_rights", frame, "value", unreadable))
    faults += [Fault("ex_rights", where(mask), text, rule, remedy) for mask, text, rule, remedy in rules]
    sound = ~np.logical_or.reduce([unreadable, *(mask for mask, *_ in rules)])
    return kind, value, sound


def _ratio_apart(
    code: NDArray[np.intp],
    texts: list[str],
    day: NDArray[np.datetime64],
    kind: NDArray[np.intp],
    sound: NDArray[np.bool_],
) -> Fault:
    """Find dates on which a price ratio stands beside another row."""
    held = where(sound & (code >= 0) & ~np.isnat(day))
    order = held[np.lexsort((held, day[held], code[held]))]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (code[order[1:]] != code[order[:-1]]) | (day[order[1:]] != day[order[:-1]])
    group = np.cumsum(new) - 1
    size = np.bincount(group, minlength=1)
    ratios = np.bincount(group, weights=kind[order] == KINDS.index(RATIO), minlength=1)
    last = order[np.append(new[1:], True)[: len(order)]]
    return Fault(
        "ex_rights",
        np.sort(last[((size > 1) & (ratios > 0))[: len(last)]]),
        lambda row: f"{texts[code[row]]} {day[row]} has a price ratio beside another row",
        "a price ratio already holds all that happens on its date",
        "keep the ratio, or cash/share and shares/share",
    )


def _by_cell(
    held: NDArray[np.intp],
    session: NDArray[np.intp],
    symbol: NDArray[np.intp],
    kind: NDArray[np.intp],
    value: NDArray[np.float64],
    width: int,
) -> Actions:
    cell, first, group = np.unique(session[held] * width + symbol[held], return_index=True, return_inverse=True)
    sums = np.zeros((len(KINDS), len(cell)), dtype=np.int64)
    unit = np.array([PER_SHARE, PER_SHARE, RATIO_UNIT])
    np.add.at(sums, (kind[held], group), np.rint(value[held] * unit[kind[held]]).astype(np.int64))
    happened = sums.any(axis=0)  # a date whose every value is 0 says that nothing did
    cell, first, (cash, shares, ratio) = cell[happened], first[happened], sums[:, happened]
    return Actions(cell // max(width, 1), cell % max(width, 1), cash, shares, ratio, held[first], symbol)


def read_accepted(
    tables: Tables, rows: BarRows
) -> tuple[tuple[tuple[str, np.datetime64, np.datetime64], ...], list[Fault]]:
    """Read the sessions whose bars outside their limits somebody looked at, as `Tables.unlimited` has them."""
    frame = tables.accepted
    if frame is None or not len(frame):
        return (), []
    faults: list[Fault] = []
    code, texts, _ = symbols_of("accepted", frame, rows, faults)
    day, state = days(frame["date"])
    faults += date_faults("accepted", frame, "date", state)
    rule = frame["rule"].to_numpy(dtype=object)
    silent = ~frame["because"].fillna("").astype(str).str.strip().astype(bool).to_numpy()
    faults.append(
        Fault(
            "accepted",
            where(silent),
            lambda row: f"{texts[code[row]] if code[row] >= 0 else '(no symbol)'} {day[row]}: because is missing",
            "every row says why the bar is right",
            "fill it in, or remove the row",
        )
    )
    held = where((code >= 0) & ~np.isnat(day) & (rule == OUTSIDE_LIMITS))
    return tuple((texts[code[row]], day[row], day[row]) for row in held.tolist()), faults


def read_index(
    tables: Tables, sessions: NDArray[np.datetime64]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, str], list[Fault]]:
    """Read index closes onto the sessions of the bars; NaN where an index has none above 0.

    A row without one is left out: it touches no fill, and a benchmark must
    cover its window anyway.
    """
    frame = tables.index
    if frame is None:
        return {}, {}, []
    day, state = days(frame["date"])
    number = session_numbers(day)
    code, texts = factorize(frame["symbol"])
    close, unreadable = numbers(frame["close"])

    def bar(row: int) -> str:
        return f"{texts[code[row]] if code[row] >= 0 else '(no symbol)'} {day[row]}"

    order = np.lexsort((number, code))
    again = np.zeros(len(frame), dtype=np.bool_)
    again[order[1:]] = (code[order[1:]] == code[order[:-1]]) & (number[order[1:]] == number[order[:-1]])
    again &= (code >= 0) & (number >= 0)
    by_code = np.argsort(code, kind="stable")
    by_code = by_code[(number >= 0)[by_code] & ~again[by_code]]
    before, after = by_code[:-1], by_code[1:]
    origin = tables.origin("index")
    back = (code[before] == code[after]) & (number[after] < number[before])
    back &= origin.file(before) == origin.file(after)
    faults = [
        *date_faults("index", frame, "date", state),
        *session_faults("index", "date", day, number),
        number_fault("index", frame, "close", unreadable),
        Fault("index", where(code < 0), lambda _: "symbol is missing", "every row has its symbol", "fill it in"),
        Fault("index", where(again), lambda row: f"{bar(row)} again", "an index has one row a date", "remove one"),
        Fault("index", np.sort(after[back]), bar, "the dates of an index ascend", "sort by symbol and date"),
    ]
    at = np.searchsorted(sessions, day)
    inside = (number >= 0) & (at < len(sessions)) & (code >= 0) & (close > 0)
    inside[inside] = sessions[at[inside]] == day[inside]
    table = np.full((len(texts), len(sessions)), np.nan)
    table[code[inside], at[inside]] = close[inside]
    symbols = tuple(texts)
    return dict(zip(symbols, table, strict=True)), newest_names(frame, code, symbols, day), faults


def symbols_of(
    table: str, frame: pd.DataFrame, rows: BarRows, faults: list[Fault]
) -> tuple[NDArray[np.intp], list[str], NDArray[np.intp]]:
    """Return each row's symbol as a code of its text, the texts, and as a symbol of the bars (-1: no bars)."""
    code, texts = factorize(frame["symbol"])
    place = {symbol: at for at, symbol in enumerate(rows.symbols)}
    wrong = {}
    for text in texts:
        try:
            ashare.board_of(text)
        except SymbolError as error:
            wrong[text] = str(error)
    bad = np.array([text in wrong for text in texts] + [False])[code]
    faults += [
        Fault(
            table, where(code < 0), lambda _: "symbol is missing", "every row has its symbol", "fill it in as 688256.SH"
        ),
        Fault(
            table, where(bad), lambda row: wrong[texts[code[row]]], "rows are of A-shares", "correct or remove the row"
        ),
    ]
    return code, texts, np.array([place.get(text, -1) for text in texts] + [-1], dtype=np.intp)[code]
