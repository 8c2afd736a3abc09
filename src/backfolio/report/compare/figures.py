"""The table of figures of compared runs: each run's, and how far it is from the first's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.metrics import DEFINITIONS, TRADE_DEFINITIONS, Definition
from backfolio.report.compare.facts import RELATIVE
from backfolio.report.text import signed
from backfolio.report.words import MINUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.report.compare.facts import Comparison

SHOWN: Final = (
    "total_return", "cagr", "volatility", "max_drawdown", "drawdown_sessions", "sharpe", "sortino", "calmar",
    "value_at_risk", "best_session", "worst_session",
)  # fmt: skip
"""Of the returns."""

TRADED: Final = ("fills", "refusals", "turnover", "exposure", "cost_share")
"""Of the trades."""

COST: Final = Definition("cost", "Fees and taxes", "Commission, stamp duty, transfer fee and dividend tax.", "money")

BETTER: Final = frozenset({
    "total_return", "cagr", "sharpe", "sortino", "calmar", "max_drawdown", "alpha", "information_ratio",
    "worst_session",
})  # fmt: skip
"""Figures of which more is better without a doubt; a difference is shown as a gain or loss there."""


class Row(NamedTuple):
    """One figure.

    Parameters
    ----------
    name, label, words
        Its field, what it is called, and its definition.
    values
        Of each run, as numbers.
    cells
        The same as text.
    differences
        To the first run, as text; "" for that itself, and where there is none.
    tones
        Class of each difference.
    """

    name: str
    label: str
    words: str
    values: tuple[float | None, ...]
    cells: tuple[str, ...]
    differences: tuple[str, ...]
    tones: tuple[str, ...]


def rows(found: Comparison) -> tuple[Row, ...]:
    """Return the figures in order; one that no run has is left out."""
    return tuple(_rows(found))


def difference(entry: Definition, first: float | None, other: float | None) -> str:
    """Write how far a figure is from the first run's; percentages in points, "" where there is no difference to give.

    Examples
    --------
    >>> difference(_BY_NAME["total_return"], 1.2, 1.35), difference(_BY_NAME["sharpe"], 1.2, 1.2)
    ('+15.00 pp', '=')
    """
    if first is None or other is None:
        return ""
    if entry.text(first) == entry.text(other):
        return "="
    by = other - first
    if entry.style == "money":
        return signed(round(by))
    written = {"count": f"{by:+,.0f}", "ratio": f"{by:+,.2f}"}
    return written.get(entry.style, f"{by * 100:+,.2f} pp").replace("-", MINUS)


def _rows(found: Comparison) -> Iterator[Row]:
    for name in (*SHOWN, *RELATIVE):
        yield from _row(_BY_NAME[name], tuple(getattr(each, name) for each in found.metrics))
    for name in TRADED:
        yield from _row(_BY_NAME[name], tuple(_traded(found, at, name) for at in range(len(found.sides))))
    yield from _row(COST, tuple(each.costs.total for each in found.trading))


def _traded(found: Comparison, at: int, name: str) -> float | None:
    known = name != "refusals" or found.sides[at].knows_refusals
    value: float | None = getattr(found.trading[at], name)
    return value if known else None


def _row(entry: Definition, values: tuple[float | None, ...]) -> Iterator[Row]:
    if all(value is None for value in values):
        return
    apart = tuple("" if at == 0 else difference(entry, values[0], value) for at, value in enumerate(values))
    tones = tuple(
        "" if text in {"", "="} else _tone(entry.name, values[0], value)
        for value, text in zip(values, apart, strict=True)
    )
    yield Row(entry.name, entry.label, entry.words, values, tuple(map(entry.text, values)), apart, tones)


def _tone(name: str, first: float | None, other: float | None) -> str:
    if first is None or other is None or name not in BETTER:
        return ""
    return "gain" if other > first else "loss"


_BY_NAME: Final = {entry.name: entry for entry in (*DEFINITIONS, *TRADE_DEFINITIONS)}
