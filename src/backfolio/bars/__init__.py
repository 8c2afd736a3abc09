"""Bars: the daily prices of many shares, read from files, checked, and held as integers."""

from backfolio.bars.build import build_bars
from backfolio.bars.frames import Origin, Tables
from backfolio.bars.read import read_tables
from backfolio.bars.table import Bars

__all__ = ["Bars", "Origin", "Tables", "build_bars", "read_tables"]
