"""Bars from lines of text, with limits, marks and reference prices worked out here.

A symbol's line has one cell a session, separated by blanks:

* ``-`` no bar: before listing, suspended or delisted;
* ``10.2`` open and close, or ``10.2/10.35`` open / close, in CNY;
* then, each after a semicolon: ``h=`` and ``l=`` (else the higher and the lower
  of open and close), ``v=`` shares (else a million), ``a=`` amount in CNY (else
  unknown), ``pre=`` reference price, ``cash=`` and ``bonus=`` a share, and
``limits=unknown`` or ``limits=none`` where they are not what the rules make them.

``10;cash=0.5;bonus=0.3`` is an ex-date; ``9;pre=9.1`` after a close other than
9.1 is one of which only the price ratio is known; ``-;cash=0.5`` passes in a halt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from backfolio import calendar
from backfolio.bars.table import Bars
from backfolio.settings import MarketSettings
from backfolio.targets import Exits, Targets
from backfolio.testing.limits import LIMITED, UNKNOWN, UNLIMITED, Limits, limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DEFAULT_VOLUME = 1_000_000
NOT_A_DAY = np.datetime64("NaT", "D")
OVERRIDES = {"unknown": Limits(UNKNOWN), "none": Limits(UNLIMITED)}
INTEGERS = (
    "open", "high", "low", "close", "volume", "amount", "reference",
    "up", "down", "mark", "cash_per_share", "share_ratio",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """A market and what is ordered in it; its ``repr`` is the code that makes it again.

    Parameters
    ----------
    start
        A session; the first row.
    lines
        Symbol to line of cells (see the module), all of one length.
    weights
        Rows separated by ``|``, one basis-point weight a symbol (sorted) in
        each, ``.`` = leave alone. Missing rows leave all alone.
    listed, delisted
        Symbol to date. A symbol without a listing date is taken as listed
        before the data if it has a bar on the first row, else as listed on its
        first bar.
    st
        Symbols under risk warning throughout.
    """

    start: str
    lines: Mapping[str, str]
    weights: str = ""
    exits: Exits = field(default_factory=Exits)
    settings: MarketSettings = field(default_factory=MarketSettings)
    listed: Mapping[str, str] = field(default_factory=dict)
    delisted: Mapping[str, str] = field(default_factory=dict)
    st: tuple[str, ...] = ()

    @property
    def bars(self) -> Bars:
        """The market."""
        return build(self.start, self.lines, listed=self.listed, delisted=self.delisted, st=self.st)

    @property
    def targets(self) -> Targets:
        """The orders."""
        rows = len(next(iter(self.lines.values())).split())
        return build_targets(self.weights, rows, len(self.lines))

    @property
    def inputs(self) -> tuple[Bars, Targets, Exits, MarketSettings]:
        """What an engine takes."""
        return self.bars, self.targets, self.exits, self.settings

    def __repr__(self) -> str:
        parts = [f"{self.start!r}", "{" + ", ".join(f"{s!r}: {line!r}" for s, line in self.lines.items()) + "}"]
        parts += [f"{self.weights!r}"] if self.weights else []
        if self.exits != Exits():
            parts.append(f"exits={_differing(self.exits, Exits())}")
        if self.settings != MarketSettings():
            parts.append(f"settings={_differing(self.settings, MarketSettings())}")
        parts += [f"{name}={value!r}" for name in ("listed", "delisted", "st") if (value := getattr(self, name))]
        return f"World({', '.join(parts)})"

    def _repr_pretty_(self, printer: Any, cycle: object) -> None:  # noqa: ANN401, ARG002  Hypothesis calls it so
        printer.text(repr(self))


def build(
    start: str,
    lines: Mapping[str, str],
    *,
    listed: Mapping[str, str] | None = None,
    delisted: Mapping[str, str] | None = None,
    st: tuple[str, ...] = (),
) -> Bars:
    """Make `Bars` from lines of cells; see the module and `World` for the words.

    Raises
    ------
    ValueError
        If the lines differ in length or a cell cannot be read.
    """
    symbols = tuple(sorted(lines))
    cells = [lines[symbol].split() for symbol in symbols]
    rows = len(cells[0])
    if any(len(line) != rows for line in cells):
        message = f"the lines have {sorted({len(line) for line in cells})} cells: give all the same number"
        raise ValueError(message)
    sessions = _sessions(start, rows)
    columns = [
        _column(symbol, line, sessions, (listed or {}).get(symbol), (delisted or {}).get(symbol), st=symbol in st)
        for symbol, line in zip(symbols, cells, strict=True)
    ]
    arrays: dict[str, Any] = {name: np.stack([column.numbers[name] for column in columns], axis=1) for name in INTEGERS}
    return Bars(
        sessions=sessions,
        symbols=symbols,
        names=dict.fromkeys(symbols, ""),
        **arrays,
        traded=np.stack([column.traded for column in columns], axis=1),
        limit_state=np.stack([column.state for column in columns], axis=1),
        st=np.tile([symbol in st for symbol in symbols], (rows, 1)),
        ratio_only=np.stack([column.ratio_only for column in columns], axis=1),
        factor=np.stack([column.factor for column in columns], axis=1),
        listed=np.array([column.listed for column in columns], dtype="datetime64[D]"),
        listing_assumed=np.array([symbol not in (listed or {}) for symbol in symbols]),
        delisted=np.array([column.delisted for column in columns], dtype="datetime64[D]"),
        st_unknown=np.zeros(len(symbols), dtype=np.bool_),
    )


def build_targets(text: str, rows: int, symbols: int) -> Targets:
    """Read rows of weights; see `World`."""
    weights = np.full((rows, symbols), -1, dtype=np.int16)
    for row, line in enumerate(text.split("|") if text else ()):
        words = line.split()
        if words:
            weights[row] = [-1 if word == "." else int(word) for word in words]
    return Targets(weights)


@dataclass(frozen=True)
class Cell:
    """One cell of a line, in mills and shares; None where the text says nothing."""

    traded: bool
    open: int = 0
    close: int = 0
    high: int = 0
    low: int = 0
    volume: int = 0
    amount: int = -1
    pre: int | None = None
    cash: int = 0
    bonus: int = 0
    limits: str = ""

    @classmethod
    def read(cls, text: str) -> Cell:
        """Read a cell."""
        price, *rest = text.split(";")
        given = dict(part.split("=") for part in rest)
        if unknown := set(given) - {"h", "l", "v", "a", "pre", "cash", "bonus", "limits"}:
            message = f"cell {text!r} has unknown part(s) {sorted(unknown)}"
            raise ValueError(message)
        event = {
            "pre": _scaled(given["pre"], 1_000) if "pre" in given else None,
            "cash": _scaled(given.get("cash", "0"), 10_000_000),
            "bonus": _scaled(given.get("bonus", "0"), 10_000_000),
        }
        if price == "-":
            return cls(traded=False, **event)  # type: ignore[arg-type]
        opening, _, closing = price.partition("/")
        first, last = _scaled(opening, 1_000), _scaled(closing or opening, 1_000)
        return cls(
            traded=True,
            open=first,
            close=last,
            high=_scaled(given["h"], 1_000) if "h" in given else max(first, last),
            low=_scaled(given["l"], 1_000) if "l" in given else min(first, last),
            volume=int(given.get("v", DEFAULT_VOLUME)),
            amount=_scaled(given["a"], 1_000) if "a" in given else -1,
            limits=given.get("limits", ""),
            **event,  # type: ignore[arg-type]
        )


def reference_price(cell: Cell, previous: int) -> int:
    """Return the session's reference price, mills: given, else from the event, else `previous`; 0 = unknown."""
    if cell.pre is not None:
        return cell.pre
    if previous and (cell.cash or cell.bonus):
        unit = Decimal(10_000_000)
        exact = (Decimal(previous) - cell.cash * 1_000 / unit) / (1 + cell.bonus / unit)
        return int((exact / 10).quantize(Decimal(1), ROUND_HALF_UP)) * 10
    return previous


@dataclass(frozen=True)
class _Column:
    numbers: Mapping[str, NDArray[np.int64]]
    traded: NDArray[np.bool_]
    state: NDArray[np.int8]
    ratio_only: NDArray[np.bool_]
    factor: NDArray[np.float64]
    listed: np.datetime64
    delisted: np.datetime64


def _column(
    symbol: str,
    line: list[str],
    sessions: NDArray[np.datetime64],
    listed: str | None,
    delisted: str | None,
    *,
    st: bool,
) -> _Column:
    cells = [Cell.read(text) for text in line]
    rows = len(cells)
    numbers = {name: np.zeros(rows, dtype=np.int64) for name in INTEGERS}
    numbers["amount"][:] = -1
    traded = np.array([cell.traded for cell in cells], dtype=np.bool_)
    state, ratio_only, factor = np.zeros(rows, dtype=np.int8), np.zeros(rows, dtype=np.bool_), np.ones(rows)
    with_bar = np.flatnonzero(traded)
    first, last = (int(with_bar[0]), int(with_bar[-1])) if with_bar.size else (rows, -1)
    end = np.datetime64(delisted, "D") if delisted else NOT_A_DAY
    begin = np.datetime64(listed, "D") if listed else sessions[first] if 0 < first < rows else NOT_A_DAY
    mark, factors = 0, 1.0
    for row, cell in enumerate(cells):
        gone = row > last and not np.isnat(end) and sessions[row] >= end
        if gone:
            mark = 0
        event = bool(cell.cash or cell.bonus or cell.pre not in {None, mark}) and mark > 0
        if cell.traded or event:
            reference = reference_price(cell, mark)
            numbers["reference"][row] = reference
        if event:
            numbers["cash_per_share"][row], numbers["share_ratio"][row] = cell.cash, cell.bonus
            ratio_only[row] = not (cell.cash or cell.bonus)
            factors *= mark / reference
            mark = reference
        if cell.traded:
            bounds = OVERRIDES.get(cell.limits) or limits(symbol, sessions[row], reference, begin, st=st)
            state[row] = bounds.state
            if bounds.state == LIMITED:
                numbers["up"][row], numbers["down"][row] = bounds.up, bounds.down
            for name in ("open", "high", "low", "close", "volume", "amount"):
                numbers[name][row] = getattr(cell, name)
            mark = cell.close
        numbers["mark"][row] = mark
        factor[row] = factors
    return _Column(numbers, traded, state, ratio_only, factor, begin, end)


def _sessions(start: str, rows: int) -> NDArray[np.datetime64]:
    days = calendar.all_sessions()
    at = int(np.searchsorted(days, calendar.as_day(start)))
    return days[at : at + rows].copy()


def _scaled(text: str, unit: int) -> int:
    value = Decimal(text) * unit
    if value != int(value):
        message = f"{text} has more decimals than 1/{unit}"
        raise ValueError(message)
    return int(value)


def _differing(value: Exits | MarketSettings, default: object) -> str:
    names = value.__dataclass_fields__
    given = [f"{name}={getattr(value, name)!r}" for name in names if getattr(value, name) != getattr(default, name)]
    return f"{type(value).__name__}({', '.join(given)})"
