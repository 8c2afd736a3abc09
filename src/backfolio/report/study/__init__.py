"""The page of an event study and its files."""

from __future__ import annotations

from backfolio.report.study.writer import render_study, write_study

__all__ = ["render_study", "write_study"]
