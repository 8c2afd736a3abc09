"""Falsification: a thesis against those who know nothing, against worse markets, and without what it rests on."""

from backfolio.falsify.conduct import falsify
from backfolio.falsify.model import (
    LABELS,
    LEAST_PLACEBOS,
    LEVEL,
    MOST_PLACEBOS,
    USUAL_PLACEBOS,
    Answer,
    Asked,
    Attempt,
    Falsified,
    Family,
    Grade,
    Held,
    Outcome,
    Placebos,
    Variant,
)
from backfolio.tune.stated import Stamp

__all__ = [
    "LABELS",
    "LEAST_PLACEBOS",
    "LEVEL",
    "MOST_PLACEBOS",
    "USUAL_PLACEBOS",
    "Answer",
    "Asked",
    "Attempt",
    "Falsified",
    "Family",
    "Grade",
    "Held",
    "Outcome",
    "Placebos",
    "Stamp",
    "Variant",
    "falsify",
]
