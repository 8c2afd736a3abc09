"""Random worlds: every kind of day that a Chinese stock can have, with orders in it.

One generator serves two choosers: Hypothesis (`worlds`: small, shrinks toward a
quiet market) and a seeded random one (`random_world`: as large as wanted). In
every list of choices the plainest comes first, since that is where shrinking
goes; a choice repeated is one more likely.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from backfolio import calendar
from backfolio.settings import MarketSettings
from backfolio.targets import Exits
from backfolio.testing.build import Cell, World, reference_price
from backfolio.testing.limits import LIMITED, limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis import strategies as st
    from numpy.typing import NDArray

T = TypeVar("T")

SYMBOLS = (
    "600000.SH", "688256.SH", "920002.BJ", "300750.SZ", "000001.SZ",
    "688981.SH", "430047.BJ", "301236.SZ", "603019.SH", "002371.SZ",
)  # fmt: skip
"""The pool; every board has at least two."""

STARTS = ("2024-01-02", "2022-04-25", "2023-08-22", "2023-04-04", "2026-06-30")
"""Quiet, then around: transfer fee, stamp duty, main-board listing reform, limits of risk-warning stocks."""

DAYS = (
    "flat", *["walk"] * 5, "round", "round", "near_up", "near_down",
    "gap_up", "gap_down", "all_day_up", "all_day_down", "fades_from_up",
)  # fmt: skip
HALTS = (*[False] * 12, True)
EVENTS = (*["none"] * 9, "cash", "bonus", "both", "ratio", "cash_given")
VOLUMES = (1_000_000, 1_000_000, 100_000, 20_000, 5_210, 1_999, 999, 0)
WEIGHTS = (".", ".", ".", "0", "5000", "2500", "1000", "3333", "400", "37", "10000")
LIVES = (*["whole"] * 5, "listed", "listing_assumed", "late", "delisted", "delisted_later")


class Chooser(Protocol):
    """Where the choices come from."""

    def pick(self, options: Sequence[T]) -> T:
        """Return one of `options`; the first is the plainest."""

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""

    def group(self, make: Callable[[Chooser], T]) -> T:
        """Make something whose choices belong together."""


@dataclass(frozen=True)
class Drawn:
    """Choices of Hypothesis."""

    draw: st.DrawFn

    def pick(self, options: Sequence[T]) -> T:
        """Draw one of `options`."""
        return options[self.whole(0, len(options) - 1)]

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number; shrinks toward 0, or toward the bound nearest to it."""
        from hypothesis import strategies as st  # noqa: PLC0415  a development dependency

        return self.draw(st.integers(low, high))

    def group(self, make: Callable[[Chooser], T]) -> T:
        """Draw `make` as one piece, which shrinking can take out as one."""
        from hypothesis import strategies as st  # noqa: PLC0415  a development dependency

        return self.draw(st.composite(lambda draw: make(Drawn(draw)))())


@dataclass(frozen=True)
class Seeded:
    """Choices of a pseudo-random generator."""

    source: random.Random

    def pick(self, options: Sequence[T]) -> T:
        """Choose one of `options`."""
        return self.source.choice(options)

    def whole(self, low: int, high: int) -> int:
        """Choose a whole number."""
        return self.source.randint(low, high)

    def group(self, make: Callable[[Chooser], T]) -> T:
        """Make it."""
        return make(self)


def worlds(
    *,
    exits: bool = True,
    rising_reference: bool = True,
    most_symbols: int = 4,
    most_sessions: int = 14,
) -> st.SearchStrategy[World]:
    """Worlds for Hypothesis.

    Parameters
    ----------
    exits
        Whether exit rules are drawn.
    rising_reference
        Whether a reference price may stand above the previous close, which
        takes cash away.
    most_symbols, most_sessions
        Size.
    """
    from hypothesis import strategies as st  # noqa: PLC0415  a development dependency

    @st.composite
    def drawn(draw: st.DrawFn) -> World:
        chooser = Drawn(draw)
        offset = chooser.whole(0, len(SYMBOLS) - 1)
        symbols, sessions = chooser.whole(1, most_symbols), chooser.whole(2, most_sessions)
        names = [SYMBOLS[(offset + k) % len(SYMBOLS)] for k in range(symbols)]
        return _world(chooser, names, sessions, exits=exits, rising_reference=rising_reference)

    return drawn()


def random_world(seed: int, sessions: int = 60, symbols: int = 10, *, rising_reference: bool = True) -> World:
    """Return a world of any size; the same for the same seed."""
    chooser = Seeded(random.Random(seed))  # noqa: S311  a test market, not a secret
    prefixes = ("600{:03d}.SH", "688{:03d}.SH", "920{:03d}.BJ", "300{:03d}.SZ", "002{:03d}.SZ")
    names = [prefixes[k % len(prefixes)].format(k) for k in range(symbols)]
    return _world(chooser, names, sessions, exits=True, rising_reference=rising_reference)


def _world(chooser: Chooser, names: list[str], sessions: int, *, exits: bool, rising_reference: bool) -> World:
    days = calendar.all_sessions()
    start = chooser.pick([day for day in STARTS if (days >= np.datetime64(day, "D")).sum() >= sessions])
    at = int(np.searchsorted(days, np.datetime64(start, "D")))
    window = days[at : at + sessions]
    settings = _settings(chooser)
    rules = _exits(chooser) if exits else Exits()
    stocks = [chooser.group(partial(_stock, symbol=name, window=window)) for name in sorted(names)]
    make_row = partial(_row, stocks=stocks, rising_reference=rising_reference)
    weights = [chooser.group(partial(make_row, row=row, day=day)) for row, day in enumerate(window)]
    while weights and not weights[-1]:
        weights.pop()
    return World(
        start=start,
        lines={stock.symbol: " ".join(stock.cells) for stock in stocks},
        weights="|".join(weights),
        exits=rules,
        settings=settings,
        listed={stock.symbol: stock.listed for stock in stocks if stock.listed},
        delisted={stock.symbol: stock.delisted for stock in stocks if stock.delisted},
        st=tuple(stock.symbol for stock in stocks if stock.st),
    )


@dataclass
class _Stock:
    """A symbol while its line grows."""

    symbol: str
    first: int
    stop: int
    listed: str
    delisted: str
    begin: np.datetime64
    st: bool
    cells: list[str]
    mark: int = 0
    halted: int = 0


def _stock(chooser: Chooser, symbol: str, window: NDArray[np.datetime64]) -> _Stock:
    rows = len(window)
    life = chooser.pick(LIVES)
    first, stop, listed, delisted = 0, rows, "", ""
    begin = np.datetime64("NaT", "D")
    if life in {"listed", "listing_assumed", "late"}:
        first = chooser.whole(1, rows - 1)
        listed = {"listed": str(window[first]), "listing_assumed": "", "late": "2015-06-01"}[life]
        begin = np.datetime64(listed or window[first], "D")
    elif life in {"delisted", "delisted_later"}:
        stop = chooser.whole(1, rows)
        gone = stop + (chooser.whole(0, 3) if life == "delisted" else rows)
        delisted = str(window[gone]) if gone < rows else str(window[-1] + np.timedelta64(30, "D"))
    st = chooser.pick((False, False, False, False, False, True))
    return _Stock(symbol, first, stop, listed, delisted, begin, st, [])


def _row(
    chooser: Chooser,
    row: int,
    day: np.datetime64,
    stocks: list[_Stock],
    *,
    rising_reference: bool,
) -> str:
    """Add one cell to every stock and return the row of weights."""
    for stock in stocks:
        if not stock.first <= row < stock.stop:
            stock.cells.append("-")
            continue
        # The bars with which a life begins or ends are never halted away.
        fixed = bool(stock.delisted and row == stock.stop - 1) or (row == stock.first > 0)
        if not stock.halted and not fixed and chooser.pick(HALTS):
            stock.halted = chooser.pick((1, 1, 2, 3, 6, 40))
        halt = stock.halted > 0 and not fixed
        stock.halted -= halt
        stock.cells.append(_cell(chooser, stock, day, halt=halt, rising_reference=rising_reference))
    return _weights(chooser, len(stocks))


def _cell(chooser: Chooser, stock: _Stock, day: np.datetime64, *, halt: bool, rising_reference: bool) -> str:
    """Return a cell's text and move the stock's mark."""
    mark = stock.mark
    event = _event(chooser, mark, rising_reference=rising_reference)
    if halt:
        text = ";".join(["-", *event])
        stock.mark = reference_price(Cell.read(text), mark)
        return text
    reference = reference_price(Cell.read(";".join(["-", *event])), mark)
    if mark == 0 and not reference:
        reference = chooser.pick((10_000, 4_370, 55_550, 250_000, 1_230))
        if chooser.pick((True, False)):
            event = [f"pre={_cny(reference)}"]
    known = reference if mark or event else 0
    limit = limits(stock.symbol, day, known, stock.begin, st=stock.st)
    if limit.state == LIMITED:
        down, up = limit.down, limit.up
    else:
        down, up = max(reference * 7 // 100 * 10, 10), reference * 14 // 100 * 10
    opening, closing = _open_close(chooser, reference // 10 * 10, down, up)
    volume = chooser.pick(VOLUMES)
    parts = [_cny(opening) if opening == closing else f"{_cny(opening)}/{_cny(closing)}", *event, f"v={volume}"]
    low, high = min(opening, closing), max(opening, closing)
    if volume and chooser.pick((True, True, True, True, False)):
        amount = volume * (low + (high - low) * chooser.whole(0, 7) // 7)
        amount += min(chooser.whole(0, volume), volume * high - amount)
        parts.append(f"a={_cny(amount)}")
    if chooser.pick((False,) * 19 + (True,)):
        parts.append(f"limits={chooser.pick(('none', 'unknown'))}")
    stock.mark = closing
    return ";".join(parts)


def _open_close(chooser: Chooser, reference: int, down: int, up: int) -> tuple[int, int]:
    kind = chooser.pick(DAYS)
    if kind == "flat":
        price = min(max(reference, down), up)
        return price, price
    if kind == "all_day_up":
        return up, up
    if kind == "all_day_down":
        return down, down
    if kind == "fades_from_up":
        return up, max(up - 10, down)
    if kind == "round":  # a move that hits the threshold of an exit to the mill
        closing = reference * chooser.pick((100, 95, 90, 99, 101, 105, 110)) // 1_000 * 10
        return min(max(reference, down), up), min(max(closing, down), up)
    opening = {"gap_up": up, "gap_down": down, "near_up": up - 10, "near_down": down + 10}.get(kind)
    if opening is None or not down <= opening <= up:
        opening = _between(chooser, down, up)
    return opening, _between(chooser, down, up)


def _between(chooser: Chooser, down: int, up: int) -> int:
    step = chooser.whole(-20, 20)
    price = (down + up) // 20 * 10 + (up - down) * step // 400 * 10 + 10 * chooser.whole(-1, 1)
    return min(max(price, down), up)


def _event(chooser: Chooser, mark: int, *, rising_reference: bool) -> list[str]:
    kind = chooser.pick(EVENTS)
    if mark < 100 or kind == "none":  # noqa: PLR2004  below 0.10 CNY nothing is left to pay
        return []
    if kind == "ratio":
        share = chooser.pick((95, 70, 99, 101, 120) if rising_reference else (95, 70, 99))
        return [f"pre={_cny(mark * share // 1_000 * 10)}"]
    parts = []
    if kind in {"cash", "both", "cash_given"}:
        cash = chooser.pick((500_000, 100_000, 123_456, 33_333, 1_000_000)) * min(mark // 1_000, 10) or 10_000
        parts.append("cash=" + f"{cash // 10_000_000}.{cash % 10_000_000:07d}".rstrip("0").rstrip("."))
    if kind in {"bonus", "both"}:
        parts.append(f"bonus={chooser.pick(('0.3', '0.4', '1', '0.1234567'))}")
    if kind == "cash_given":
        given = reference_price(Cell.read(";".join(["-", *parts])), mark) + chooser.pick((0, -10, 10))
        parts.append(f"pre={_cny(min(given, mark))}")
    return parts


def _weights(chooser: Chooser, symbols: int) -> str:
    if not chooser.pick((False, False, True)):
        return ""
    left, words = 10_000, []
    for _ in range(symbols):
        word = chooser.pick(WEIGHTS)
        if word != ".":
            word = str(min(int(word), left))
            left -= int(word)
        words.append(word)
    return " ".join(words) if set(words) - {"."} else ""


def _exits(chooser: Chooser) -> Exits:
    return Exits(
        stop_loss=chooser.pick((None, None, None, 0.05, 0.1, 0.01, 1.0)),
        take_profit=chooser.pick((None, None, None, 0.05, 0.1, 0.01, 0.0001)),
        trailing=chooser.pick((None, None, None, 0.05, 0.1, 0.01, 1.0)),
        max_sessions=chooser.pick((None, None, None, 1, 2, 3, 5)),
    )


def _settings(chooser: Chooser) -> MarketSettings:
    return MarketSettings(
        cash=chooser.pick((1_000_000.0, 20_000.0, 50_000.0, 3_000.0, 123_456.78, 100_000_000.0, 600.0)),
        slippage=chooser.pick((0, 0, 5, 13, 50)),
        participation=chooser.pick((0.10, 1.0, 0.01, 0.0333)),
        chase=chooser.pick((0, 1, 2, 3)),
        price=chooser.pick(("open", "open", "vwap")),
        commission=chooser.pick((0.0003, 0.0, 0.00025, 0.003, 0.0001234)),
        min_commission=chooser.pick((5.0, 0.0, 1.0, 20.0, 0.13)),
    )


def _cny(mills: int) -> str:
    text = f"{mills // 1_000}.{mills % 1_000:03d}".rstrip("0")
    return text.rstrip(".")
