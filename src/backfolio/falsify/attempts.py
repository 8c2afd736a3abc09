"""The figures of a falsification, and each attempt to break the thesis in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backfolio.falsify import words
from backfolio.falsify.claims import figure_text
from backfolio.falsify.model import LEVEL, Attempt
from backfolio.said import Said, chance, said
from backfolio.strategy.claims import FIGURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from backfolio.falsify.model import Family, Held, Outcome, Placebos

LEAST_KEPT: Final = 0.5
"""Of the profit, when all is known one session later: who needs the news within a day does not trade a thesis that is
taken up slowly."""

WORST: Final[Mapping[str, str]] = {
    "without_best_catalyst": "without_catalyst",
    "without_best_name": "without_name",
}
"""A figure of the variant that makes least, and its family."""

NOT_AVAILABLE: Final = "n/a"


def figures(
    base: Outcome, dates: Placebos, names: Placebos, held: Held | None, families: Sequence[Family]
) -> dict[str, float | None]:
    """Return every figure of `strategy.claims.FIGURES` but "study.mean"; None where it does not exist."""
    found: dict[str, float | None] = {
        "total_return": base.total_return,
        "random_dates.p": dates.p_value,
        "random_names.p": names.p_value,
        "hold.excess": None if held is None else held.excess,
        "hold.p": None if held is None else held.p,
    }
    for family in families:
        for one in family.variants:
            found[f"{one.name}.kept"] = one.kept
            found[f"{one.name}.total_return"] = one.outcome.total_return
    for name, family_name in WORST.items():
        worst = next((family.worst for family in families if family.name == family_name), None)
        found[f"{name}.total_return"] = None if worst is None else worst.outcome.total_return
    return {name: found.get(name) for name in FIGURES if name != "study.mean"}


def attempts(found: Mapping[str, float | None], held: Held | None, drawn: Sequence[Placebos]) -> tuple[Attempt, ...]:
    """Return every attempt to break the thesis.

    Parameters
    ----------
    found
        As `figures` gives them.
    held
        Its names held.
    drawn
        The placebos.
    """
    placebos = {f"{one.name}.p": one for one in drawn}
    made = []
    for name, label in words.ATTEMPTS.items():
        value = found[name]
        if value is None:
            made.append(Attempt(name, label, None, NOT_AVAILABLE, None, _untold(name, found, placebos)))
            continue
        text = figure_text(name, value)
        if name in placebos:
            one = placebos[name]
            told = said(words.BEATEN[name], beats=f"{one.beats:,}", drawn=f"{one.drawn:,}", p=chance(value))
            made.append(Attempt(name, label, value, text, value < LEVEL, told))
        elif name == "hold.excess" and held is not None:
            own = figure_text(name, held.outcome.total_return + value)
            told = said(words.HELD, own=own, theirs=figure_text(name, held.outcome.total_return))
            made.append(Attempt(name, label, value, text, value > 0.0, told))
        elif name == "lag_1.kept":
            made.append(Attempt(name, label, value, text, value >= LEAST_KEPT, said(words.KEPT, kept=text)))
        else:
            told = said(words.LEFT[name], total=text)
            made.append(Attempt(name, label, value, text, value > 0.0, told))
    return tuple(made)


def _untold(name: str, found: Mapping[str, float | None], placebos: Mapping[str, Placebos]) -> Said:
    if name in placebos and placebos[name].why:
        return placebos[name].why
    total = found["total_return"]
    if name == "lag_1.kept" and total is not None and total <= 0.0:
        return said(words.NO_PROFIT)
    return said(words.UNTOLD)
