"""Every rule that the table of bars must keep, one small function a rule.

A check yields `Fault`s: the rows that break its rule. One wrong cell should be
one fault, so a check looks only at rows that the checks before it left sound.
Rows of suspensions (traded = 0) must only have a date and a symbol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.bars.cells import text_of
from backfolio.bars.faults import Fault, where
from backfolio.bars.rows import FEN_A_CNY, FLAGS, MOST_A_SHARE, PRICES, BarRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

TICK_NOISE: Final = 1e-6
"""CNY by which a price may miss its tick: the noise of binary fractions."""

MOST_SHARES: Final = 1e12
MOST_AMOUNT: Final = 1e14
"""Shares and CNY of a bar; both far beyond any session's, and safe in int64."""

SUSPENDED: Final = "correct it; if the share was suspended, remove the row or set traded to 0"


def check_rows(rows: BarRows) -> Iterator[Fault]:
    """Run every check of the bars that needs no other table."""
    for check in CHECKS:
        yield from check(rows)


def symbols_known(rows: BarRows) -> Iterator[Fault]:
    """Every row belongs to a share of an A-share board."""
    yield Fault(
        "bars",
        where(rows.text < 0),
        lambda _: "symbol is missing",
        "every row has its symbol",
        "write it as in 688256.SH, or remove the row",
    )
    if rows.bad_symbols:
        wrong = np.array([text in rows.bad_symbols for text in rows.texts] + [False])
        yield Fault(
            "bars",
            where(wrong[rows.text]),
            lambda row: rows.bad_symbols[rows.texts[rows.text[row]]],
            "bars are of A-shares; an index belongs into the table index",
            "correct the symbol, or remove its rows",
        )


def one_row_a_bar(rows: BarRows) -> Iterator[Fault]:
    """No symbol has two rows on one date."""
    duplicate = _duplicates(rows)

    def value(row: int) -> str:
        file, line = rows.origin.place(int(rows.first[rows.session[row], rows.symbol[row]]))
        return f"{rows.bar(row)} stands at {file}:{line} already"

    yield Fault("bars", where(duplicate), value, "a symbol has one row a date", "remove one of them")


def dates_ascend(rows: BarRows) -> Iterator[Fault]:
    """Within a file, the dates of a symbol ascend."""
    held = where(rows.placed & ~_duplicates(rows))
    symbol = rows.symbol[held]
    # 16-bit keys sort by radix, which matters on a million rows ordered by date.
    key = symbol.astype(np.int16) if len(rows.symbols) < np.iinfo(np.int16).max else symbol
    order = held[np.argsort(key, kind="stable")]
    before, after = order[:-1], order[1:]
    back = (rows.symbol[before] == rows.symbol[after]) & (rows.session[after] < rows.session[before])
    if len(rows.origin.files) > 1:
        back &= rows.origin.file(before) == rows.origin.file(after)
    pairs = dict(zip(after[back].tolist(), before[back].tolist(), strict=True))

    def value(row: int) -> str:
        file, line = rows.origin.place(pairs[row])
        return f"{rows.bar(row)} comes after {rows.day[pairs[row]]} ({file}:{line})"

    yield Fault("bars", np.sort(after[back]), value, "the dates of a symbol ascend", "sort the rows by symbol and date")


def flags_are_flags(rows: BarRows) -> Iterator[Fault]:
    """`traded` and `is_st` are 0 or 1; `is_st` may be unknown, and `Bars.st_unknown` then says so."""
    for name in FLAGS:
        if name in rows.values:
            flag = rows.values[name]
            wrong = ~((flag == 0) | (flag == 1)) & ~np.isnan(flag)
            if name != "is_st":
                wrong |= rows.missing(name) & rows.traded  # in a suspension it may be left out
            yield Fault("bars", where(wrong), _cells(rows, (name,)), f"{name} is 0 or 1", "write 0 or 1")


def prices_given(rows: BarRows) -> Iterator[Fault]:
    """All four prices and the volume of a bar are there."""
    needed = (*PRICES, "volume")
    missing = {name: rows.missing(name) & rows.traded for name in needed}
    yield Fault(
        "bars",
        where(_any(missing)),
        lambda row: f"{rows.bar(row)} has no {', '.join(name for name in needed if missing[name][row])}",
        "a bar has open, high, low, close and volume",
        "fill it in; if the share was suspended, remove the row or set traded to 0",
    )


def prices_positive(rows: BarRows) -> Iterator[Fault]:
    """Prices lie above 0 (and below what no share ever cost)."""
    wrong = {name: rows.traded & ((value <= 0) | (value >= MOST_A_SHARE)) for name, value in _prices(rows).items()}
    rule = f"a price lies above 0 and below {MOST_A_SHARE:,.0f} CNY"
    yield Fault("bars", where(_any(wrong)), _cells(rows, tuple(wrong), wrong), rule, SUSPENDED)


def prices_on_tick(rows: BarRows) -> Iterator[Fault]:
    """Prices are whole fen."""
    off = {}
    for name, value in _prices(rows).items():
        fen = value * FEN_A_CNY
        wide = np.abs(fen - np.rint(fen)) > TICK_NOISE * FEN_A_CNY
        off[name] = rows.traded & wide & (value > 0) & (value < MOST_A_SHARE)
    yield Fault(
        "bars",
        where(_any(off)),
        _cells(rows, tuple(off), off),
        "a price of a share is a multiple of 0.01 CNY",
        "give raw prices as the exchange printed them, not adjusted or averaged ones",
    )


def prices_in_order(rows: BarRows) -> Iterator[Fault]:
    """High is the highest of the four prices, low the lowest."""
    opened, high, low, closed = (rows.mills[name] for name in PRICES)
    sound = rows.traded & (opened > 0) & (high > 0) & (low > 0) & (closed > 0)
    remedy = "correct the row from another source"
    yield Fault("bars", where(sound & (high < low)), _cells(rows, ("high", "low")), "high is not below low", remedy)
    sound &= high >= low
    outside = {name: sound & ((rows.mills[name] > high) | (rows.mills[name] < low)) for name in ("open", "close")}
    yield Fault(
        "bars",
        where(_any(outside)),
        lambda row: f"{_cells(rows, tuple(outside), outside)(row)}, {_named(rows, row, ('low', 'high'))}",
        "open and close lie within low and high",
        remedy,
    )


def volume_whole(rows: BarRows) -> Iterator[Fault]:
    """Volume is a whole number of shares, not negative; an amount is not negative."""
    volume = rows.values["volume"]
    wrong = rows.traded & ((volume < 0) | (volume > MOST_SHARES) | (volume != np.rint(volume))) & ~np.isnan(volume)
    yield Fault(
        "bars",
        where(wrong),
        _cells(rows, ("volume",)),
        "volume is a whole number of shares, 0 or more",
        "give shares, not lots of a hundred",
    )
    if "amount" in rows.values:
        amount = rows.values["amount"]
        yield Fault(
            "bars",
            where(rows.traded & ((amount < 0) | (amount > MOST_AMOUNT))),
            _cells(rows, ("amount",)),
            "amount is CNY, 0 or more",
            "correct it, or leave it empty where it is unknown",
        )


def factor_positive(rows: BarRows) -> Iterator[Fault]:
    """Refuse an adjustment factor of 0 or less."""
    if "factor" in rows.values:
        yield Fault(
            "bars",
            where(rows.traded & (rows.values["factor"] <= 0)),
            _cells(rows, ("factor",)),
            "an adjustment factor lies above 0",
            "correct it, or leave it empty where it is unknown",
        )


CHECKS: Final = (
    symbols_known,
    one_row_a_bar,
    dates_ascend,
    flags_are_flags,
    prices_given,
    prices_positive,
    prices_on_tick,
    prices_in_order,
    volume_whole,
    factor_positive,
)


def _duplicates(rows: BarRows) -> NDArray[np.bool_]:
    duplicate = rows.placed
    held = where(duplicate)
    duplicate[held] = rows.first[rows.session[held], rows.symbol[held]] != held
    return duplicate


def _prices(rows: BarRows) -> dict[str, NDArray[np.float64]]:
    return {name: rows.values[name] for name in (*PRICES, "pre_close") if name in rows.values}


def _any(masks: dict[str, NDArray[np.bool_]]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.logical_or.reduce(list(masks.values()))
    return found


def _named(rows: BarRows, row: int, names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {text_of(rows.values[name][row])}" for name in names)


def _cells(
    rows: BarRows, names: tuple[str, ...], masks: dict[str, NDArray[np.bool_]] | None = None
) -> Callable[[int], str]:
    """Say what stands in the columns `names` of a row, or in those of them whose mask holds."""

    def value(row: int) -> str:
        return f"{rows.bar(row)} {_named(rows, row, tuple(n for n in names if masks is None or masks[n][row]))}"

    return value
