"""How the score of a sweep, and the values of its parameters, are called and written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.metrics import DEFINITIONS, NOT_AVAILABLE, TRADE_DEFINITIONS, Definition
from backfolio.report import plot
from backfolio.report.lang import translate
from backfolio.report.text import plain
from backfolio.report.words import MINUS
from backfolio.tune.trials import SCORES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from backfolio.report.look import Lang
    from backfolio.tune.space import Axis

BY_NAME: Final = {entry.name: entry for entry in (*DEFINITIONS, *TRADE_DEFINITIONS)}


@dataclass(frozen=True, slots=True)
class Score:
    """What trials are ranked by; higher is better.

    Parameters
    ----------
    definition
        Its entry in the table of figures.
    lang
        In which it is called and written.
    """

    definition: Definition
    lang: Lang = "en"

    @property
    def label(self) -> str:
        """As tables show it."""
        return translate(self.definition.label, self.lang)

    def text(self, value: float) -> str:
        """Write a value, "n/a" where there is none."""
        return translate(self.definition.text(value), self.lang).replace("-", MINUS)

    def short(self, value: float) -> str:
        """Write a value in the room of a cell."""
        if not math.isfinite(value) or self.definition.style == "ratio" or abs(value) < 0.1:  # noqa: PLR2004
            return self.text(value)
        return f"{value:+,.0%}".replace("-", MINUS)

    def levels(self, steps: Sequence[float]) -> Callable[[float], str]:
        """Return how the levels of a drawing are written."""
        return plot.plain_numbers(steps) if self.definition.style == "ratio" else plot.percents(steps)


def score_of(name: str, lang: Lang = "en") -> Score:
    """Return the score of that name: "sharpe", "sortino", "calmar", "cagr" or "total"."""
    return Score(BY_NAME[SCORES[name]], lang)


def figure_text(name: str, value: float) -> str:
    """Write a figure of a trial by its name; whole counts, amounts in CNY and fractions each in their way."""
    if not math.isfinite(value):
        return NOT_AVAILABLE
    if name == "final_equity":
        return f"{value / 1_000:,.0f}"
    return BY_NAME[name].text(value).replace("-", MINUS)


@dataclass(frozen=True, slots=True)
class Levels:
    """The values of an axis as a drawing shows them: one by one, or neighbours together.

    Parameters
    ----------
    name
        Of the axis.
    labels
        One a level.
    of
        int64 (values,): the level of every value of the axis.
    ordered
        Whether a line from level to level means something.
    """

    name: str
    labels: tuple[str, ...]
    of: NDArray[np.int64]
    ordered: bool

    def __len__(self) -> int:
        return len(self.labels)


def levels_of(axis: Axis, most: int, lang: Lang = "en") -> Levels:
    """Return at most `most` levels of an axis; first and last value where one stands for several."""
    texts = [translate(plain(value), lang) for value in axis.values]
    # An exit that is off is no neighbour of the smallest number.
    apart = 1 if axis.values[0] is None else 0
    numbers, count = len(texts) - apart, min(len(texts), most) - apart
    of = np.arange(-apart, numbers, dtype=np.int64)
    of[apart:] = of[apart:] * count // max(numbers, 1) + apart
    of[:apart] = 0
    labels = []
    for level in range(count + apart):
        inside = np.flatnonzero(of == level)
        first, last = texts[inside[0]], texts[inside[-1]]
        labels.append(first if first == last else f"{first}\N{EN DASH}{last}")
    return Levels(axis.name, tuple(labels), of, axis.ordered)
