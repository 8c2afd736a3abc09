from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backfolio.backtest import Request, backtest
from backfolio.discover import Broken, load_file
from backfolio.settings import MarketSettings
from backfolio.source import load

ROOT = Path(__file__).resolve().parents[1]


def test_the_benchmark_is_held_from_the_first_close_of_the_window() -> None:
    found = load_file(ROOT / "strategies" / "buy_and_hold.py")
    assert not isinstance(found, Broken)
    request = Request(MarketSettings(), {}, end="2021-01-08", benchmark="999001.SH")
    result = backtest(found[0], load("sample", ROOT), request)
    held = replace(result, benchmark=pd.Series([100.0, 110.0, 99.0, 99.0, 198.0], index=result.history.sessions))
    returns = held.benchmark_returns()
    assert returns is not None
    assert returns == pytest.approx([0.0, 0.1, -0.1, 0.0, 1.0])
    assert np.prod(1 + returns) == pytest.approx(1.98)
    assert replace(result, benchmark=None).benchmark_returns() is None
