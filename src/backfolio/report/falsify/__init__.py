"""The page of `falsify` and its files."""

from __future__ import annotations

from backfolio.report.falsify.writer import render_falsify, write_falsify

__all__ = ["render_falsify", "write_falsify"]
