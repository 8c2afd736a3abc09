"""Monthly returns, year by year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.report.words import MINUS

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHADES: Final = (0.01, 0.03, 0.06, 0.10)
"""Size of a month's return from which its cell is one shade stronger."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One month: its return as text and its shade, ``up3`` or ``down1`` or ""."""

    text: str
    shade: str


@dataclass(frozen=True, slots=True)
class Year:
    """Twelve months (None outside the window), the year, and the benchmark's year or ""."""

    year: int
    months: tuple[Cell | None, ...]
    total: Cell
    benchmark: str


def month_table(
    sessions: NDArray[np.datetime64],
    returns: NDArray[np.float64],
    benchmark: NDArray[np.float64] | None,
) -> list[Year]:
    """Compound daily returns by month and year, newest year first.

    A month that the window cuts counts only its sessions in the window.
    """
    months = sessions.astype("datetime64[M]").astype(np.int64)
    rows = []
    for year in sorted({int(month) // 12 for month in months}, reverse=True):
        cells = [
            _cell(returns[months == year * 12 + month]) if (months == year * 12 + month).any() else None
            for month in range(12)
        ]
        inside = months // 12 == year
        others = "" if benchmark is None else _cell(benchmark[inside]).text
        rows.append(Year(1970 + year, tuple(cells), _cell(returns[inside]), others))
    return rows


def _cell(returns: NDArray[np.float64]) -> Cell:
    total = float(np.prod(1.0 + returns) - 1.0)
    shade = sum(abs(total) >= limit for limit in SHADES)
    sign = "up" if total > 0 else "down"
    text = f"{total * 100:+.1f}" if abs(total) >= 0.0005 else "0.0"  # noqa: PLR2004  what rounds to 0.0
    return Cell(text.replace("-", MINUS), f"{sign}{shade}" if shade else "")
