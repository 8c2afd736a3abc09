"""Event study: what names did around their catalysts, against what was to be expected, and whether that is chance."""

from __future__ import annotations

from backfolio.study.conduct import Subject, default_benchmark, study
from backfolio.study.measured import ALL, HEADLINE, LEVEL, TESTS, Group, Measured, Statistic, Study, Verdict
from backfolio.study.model import LEFT_OUT, Asked, Event, Window

__all__ = [
    "ALL",
    "HEADLINE",
    "LEFT_OUT",
    "LEVEL",
    "TESTS",
    "Asked",
    "Event",
    "Group",
    "Measured",
    "Statistic",
    "Study",
    "Subject",
    "Verdict",
    "Window",
    "default_benchmark",
    "study",
]
