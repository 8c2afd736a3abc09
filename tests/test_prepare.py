from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.calendar import SHANGHAI
from backfolio.errors import UsageError
from backfolio.prepare import prepare
from tunes import sample, shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from backfolio.source import Source

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


def fingerprint(source: Source, end: str = "2023-12-29", benchmark: str | None = INDEX) -> str:
    return prepare(shipped().strategy, source, "2022-01-04", end, benchmark).fingerprint


def with_bars(**changed: object) -> Source:
    return replace(sample(), bars=replace(sample().bars, **changed))


def with_column(name: str, row: int, column: int, step: int) -> Source:
    array = getattr(sample().bars, name).copy()
    array[row, column] += step
    return with_bars(**{name: array})


MEMBER = sample().bars.symbols.index(sample().universes["domestic-compute"].symbols[0])
OUTSIDER = next(
    column
    for column, symbol in enumerate(sample().bars.symbols)
    if symbol not in sample().universes["domestic-compute"].symbols
)


def other_index() -> Source:
    closes = {name: array + (name != INDEX) for name, array in sample().bars.index_close.items()}
    return with_bars(index_close=closes)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: replace(sample(), label="another", where="store"), id="its label"),
        pytest.param(lambda: with_column("volume", 100, OUTSIDER, 1), id="a name that is not read"),
        pytest.param(lambda: with_column("volume", -1, MEMBER, 1), id="a session after the window"),
        pytest.param(other_index, id="an index that is not the benchmark"),
        pytest.param(lambda: replace(sample(), catalysts=sample().catalysts[:-1]), id="a catalyst after the window"),
    ],
)
def test_what_a_run_does_not_read_is_no_part_of_its_identity(other: Callable[[], Source]) -> None:
    assert fingerprint(other()) == fingerprint(sample())


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: with_column("volume", 100, MEMBER, 1), id="one share of volume"),
        pytest.param(lambda: with_column("close", 3, MEMBER, 10), id="one tick before the window"),
        pytest.param(lambda: with_column("cash_per_share", 300, MEMBER, 1), id="a dividend"),
        pytest.param(lambda: replace(sample(), catalysts=sample().catalysts[1:]), id="a catalyst"),
        pytest.param(
            lambda: with_bars(
                index_close={**sample().bars.index_close, INDEX: sample().bars.index_close[INDEX] + 0.01}
            ),
            id="the benchmark",
        ),
    ],
)
def test_whatever_it_reads_is(other: Callable[[], Source]) -> None:
    assert fingerprint(other()) != fingerprint(sample())


def test_another_window_or_benchmark_reads_other_data() -> None:
    assert len({fingerprint(sample()), fingerprint(sample(), "2023-12-28"), fingerprint(sample(), benchmark=None)}) == 3


def test_the_data_of_an_index_that_was_not_asked_for_is_out_of_reach() -> None:
    window = prepare(shipped().strategy, sample(), benchmark=INDEX)
    assert list(window.known.bars.index_close) == list(window.bars.index_close) == [INDEX]
    assert len(sample().bars.index_close) > 1


def test_real_trials_are_counted_over_one_market_whatever_shows_it() -> None:
    real = replace(sample(), simulated=False)
    assert real.market == replace(real, bars=real.bars.rows(0, 900)).market == "real"
    assert sample().market == sample().identity != replace(sample(), bars=sample().bars.rows(0, 900)).market
