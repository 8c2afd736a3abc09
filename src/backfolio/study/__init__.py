"""Event study: what names did around their catalysts, against what was to be expected, and whether that is chance."""

from __future__ import annotations

from backfolio.study.chain import STEPS, Portfolio
from backfolio.study.conduct import Subject, default_benchmark, study
from backfolio.study.decisions import decided
from backfolio.study.measured import HEADLINE, LEVEL, TESTS, Group, Measured, Statistic, Study, Verdict
from backfolio.study.model import ALL, LEFT_OUT, Asked, Event, Window
from backfolio.study.tradable import Line, Tradable, Waterfall

__all__ = [
    "ALL",
    "HEADLINE",
    "LEFT_OUT",
    "LEVEL",
    "STEPS",
    "TESTS",
    "Asked",
    "Event",
    "Group",
    "Line",
    "Measured",
    "Portfolio",
    "Statistic",
    "Study",
    "Subject",
    "Tradable",
    "Verdict",
    "Waterfall",
    "Window",
    "decided",
    "default_benchmark",
    "study",
]
