from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from backfolio.calendar import SHANGHAI
from backfolio.errors import UsageError
from backfolio.prepare import prepare
from tunes import sample, shipped

INDEX = "999001.SH"


def test_a_window_is_cut_and_nothing_after_it_is_known() -> None:
    window = prepare(shipped().strategy, sample(), "2022-01-01", "2022-12-31", INDEX)
    first, stop = window.rows
    days = sample().bars.sessions
    assert (str(days[first]), str(days[stop - 1])) == ("2022-01-04", "2022-12-30")
    assert window.known.bars.sessions[0] == days[0]  # what lies before warms signals up
    assert window.known.bars.sessions[-1] == days[stop - 1]
    assert window.bars.sessions.tolist() == days[first:stop].tolist()
    assert window.bars.symbols == window.known.symbols == window.history.symbols
    assert len(window.history.sessions) == stop - first
    assert window.benchmark is not None
    assert len(window.benchmark) == stop - first
    assert window.benchmark_name.endswith(f"({INDEX})")
    opens = dt.datetime(2023, 1, 3, 9, 15, tzinfo=SHANGHAI)  # of the session after the window
    assert max(event.known_at for event in window.known.events) < opens
    assert max(event.known_at for event in sample().catalysts) > opens


def test_without_a_benchmark_there_is_no_name() -> None:
    window = prepare(shipped().strategy, sample())
    assert (window.benchmark, window.benchmark_name) == (None, "")
    assert window.rows == (0, len(sample().bars.sessions))


def test_an_index_without_a_name_is_called_by_its_symbol() -> None:
    nameless = replace(sample(), bars=replace(sample().bars, index_names={}))
    assert prepare(shipped().strategy, nameless, benchmark=INDEX).benchmark_name == INDEX


def test_a_gap_in_the_benchmark_and_a_window_outside_the_data_are_refused() -> None:
    closes = np.array(sample().bars.index_close[INDEX])
    closes[5] = np.nan
    gappy = replace(sample(), bars=replace(sample().bars, index_close={INDEX: closes}))
    with pytest.raises(UsageError, match=r"has no bar on 2021-01-11 and 0 more sessions"):
        prepare(shipped().strategy, gappy, benchmark=INDEX)
    with pytest.raises(UsageError, match="after the last bar"):
        prepare(shipped().strategy, sample(), start="2030-01-01")
