"""A fetch as a whole: cut off while it finishes, hosts that swallow everything, and where it begins unless told."""

from __future__ import annotations

import datetime as dt
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import facts_payload as facts
import fetched
from answered import Answer, answered
from backfolio import calendar, store
from backfolio.fetch import fetch
from backfolio.universe import Member, Universe
from fetched import KLINE, NOW, UNIVERSE, ask, desk, hosts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.fetch import Summary

SINCE = np.datetime64("2025-07-23", "D")
UNSAID = np.datetime64("NaT", "D")
WITH_RATINGS = {"ratings": True, "since": SINCE}

CUT = """
import sys, time
from pathlib import Path
import numpy as np
import fetched
from answered import answered
from backfolio.fetch import fetch

def tell(step):
    print(step.now, flush=True)
    if step.now == "checking quality":
        time.sleep(60)

folder = Path(sys.argv[1])
with answered(*fetched.hosts(), strict=False):
    fetch(folder, fetched.ask(ratings=True, since=np.datetime64("2025-07-23")), fetched.desk(folder), tell)
"""


def run(
    folder: Path, answers: Sequence[Answer] | None = None, now: dt.datetime = NOW, **changes: object
) -> tuple[Summary, list[str]]:
    with answered(*(hosts() if answers is None else answers), strict=False) as asked:
        summary = fetch(folder, ask(**changes), desk(folder, now, retries=0))
    return summary, asked.urls


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that was filled with ratings, whole."""
    folder = tmp_path_factory.mktemp("store") / "store"
    summary, _ = run(folder, **WITH_RATINGS)
    assert not summary.missing, summary.lines()
    return folder


@pytest.fixture
def held(rated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rated, tmp_path / "held"))


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix == ".duckdb"}


# --- cut off while it finishes ---------------------------------------------------------------------


def test_a_fetch_that_was_killed_while_it_finished_is_finished_by_the_next(tmp_path: Path, rated: Path) -> None:
    cut = tmp_path / "cut"
    process = subprocess.Popen(
        [sys.executable, "-c", CUT, str(cut)], stdout=subprocess.PIPE, text=True, cwd=Path(fetched.__file__).parent
    )
    assert process.stdout is not None
    assert any(line.strip() == "checking quality" for line in process.stdout)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with store.reading(cut) as reader:
        assert len(reader.frame("ratings"))
        assert reader.catalysts() == ()
    assert not (cut / "market.good.duckdb").exists()
    summary, urls = run(cut, since=SINCE)
    assert urls == []
    assert not summary.missing
    left, right = fetched.tables(cut), fetched.tables(rated)
    assert len(left["catalysts"]) == 2
    assert left["catalysts"].equals(right["catalysts"])
    assert left["findings"]["key"].tolist() == right["findings"]["key"].tolist()
    assert (cut / "market.good.duckdb").exists()
    with store.reading(cut) as reader:
        assert reader.unexamined() == ()


def test_a_fetch_that_was_finished_and_has_nothing_to_ask_changes_nothing(held: Path) -> None:
    before = files(held)
    summary, urls = run(held, since=SINCE)
    assert (urls, summary.lines()[0]) == ([], "nothing new")
    assert files(held) == before


# --- nobody is reached -----------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [{}, {"universe": None, "indexes": (), **WITH_RATINGS}], ids=["bars", "ratings"])
@pytest.mark.parametrize("fault", ["not taken", "timeout"])
def test_a_network_that_swallows_everything_is_one_sentence_and_no_store(
    tmp_path: Path, wanted: dict[str, object], fault: str
) -> None:
    summary, urls = run(tmp_path / "store", [Answer("http", raises=fault)], **wanted)
    assert summary.offline
    assert summary.lines() == [
        "no host of market data can be reached: the store is as it was; check the network, then run this again"
    ]
    assert len(urls) <= 3
    assert not (tmp_path / "store").exists()


def test_a_network_that_swallows_everything_leaves_the_store_as_it_was(held: Path) -> None:
    before = files(held)
    summary, _ = run(held, [Answer("http", raises="timeout")], NOW + dt.timedelta(days=4), since=SINCE)
    assert summary.offline
    assert files(held) == before


@pytest.mark.parametrize(
    ("headers", "stopped"),
    [
        ({"Date": "Fri, 01 Aug 2025 17:00:00 GMT"}, True),
        ({"Date": "Fri, 01 Aug 2025 17:00:00 GMT", "Age": "28800"}, False),  # kept on the way, and sent now
        ({"Date": "Sat, 02 Aug 2025 01:00:05 GMT"}, False),
        ({"Date": "yesterday"}, False),
    ],
)
def test_a_clock_that_is_ahead_of_the_hosts_brings_no_bar(
    tmp_path: Path, headers: dict[str, str], stopped: bool
) -> None:
    dated = [replace(answer, headers=headers) for answer in hosts()]
    with answered(*dated, strict=False):
        summary = fetch(tmp_path, ask(symbols=("688256.SH",), universe=None), desk(tmp_path))
    assert bool(summary.missing) is stopped
    with store.reading(tmp_path) as reader:
        assert (reader.symbols() == ()) is stopped
    said = "the clock of this machine is 8.0 hours ahead of what the hosts' replies show"
    assert any(note.startswith(said) for note in summary.notes) is stopped


def test_requests_are_counted_over_midnight(tmp_path: Path) -> None:
    at = dt.datetime(2025, 8, 1, 23, 59, tzinfo=calendar.SHANGHAI)
    clock = iter(at + dt.timedelta(seconds=second) for second in range(100_000))
    with answered(*hosts(), strict=False) as asked:
        watched = desk(tmp_path, at)
        watched._now = lambda: next(clock).astimezone(dt.UTC)
        summary = fetch(tmp_path, ask(symbols=("688256.SH",), universe=None), watched)
    assert summary.calls == len(asked.urls)


# --- where it begins -------------------------------------------------------------------------------


def test_without_a_first_date_each_symbol_keeps_its_own_and_a_new_one_begins_in_2018(held: Path) -> None:
    told = facts.sse([("600000", "浦发银行", "1999-11-10")])
    answers = [Answer(facts.SSE_MAIN_AT, told), *hosts()]
    monday = dt.datetime(2025, 8, 4, 20, tzinfo=calendar.SHANGHAI)
    _, urls = run(held, answers, monday, since=UNSAID, symbols=("600000.SH",))
    begins = {url.partition("secid=")[2][:8]: url.partition("beg=")[2][:8] for url in urls if KLINE.split()[1] in url}
    assert begins == {
        "1.600000": "20180102",
        "1.000688": "20250725",
        "0.000977": "20250725",
        "1.688041": "20250725",
        "1.688256": "20250725",
    }


def test_data_of_files_alone_begins_with_its_first_bar(tmp_path: Path) -> None:
    rows = [bar[:5] for bar in fetched.BARS["688256.SH"]][10:20]
    bars = pd.DataFrame(rows, columns=["date", "open", "high", "low", "close"]).assign(
        symbol="688256.SH", volume=1000.0, traded=True, source="import"
    )
    with store.writing(tmp_path) as writer:
        writer.put(store.Batch({"bars": bars.assign(date=pd.to_datetime(bars["date"]))}))
    _, urls = run(tmp_path, since=UNSAID, universe=None, symbols=("688256.SH",), indexes=())
    (asked,) = [url for url in urls if KLINE.split()[1] in url]
    assert f"beg={fetched.DAYS[14].replace('-', '')}" in asked


def test_a_former_member_that_the_file_no_longer_names_makes_no_difference(held: Path) -> None:
    before = files(held)
    fewer = Universe(UNIVERSE.name, UNIVERSE.members[:2])
    summary, urls = run(held, since=SINCE, universe=fewer)
    assert (urls, summary.counts) == ([], {})
    assert files(held) == before
    with store.reading(held) as reader:
        assert len(reader.universes()[0].members) == 3


def test_a_member_whose_dates_are_corrected_has_the_new_ones_alone(held: Path) -> None:
    first, *rest = UNIVERSE.members
    for dates in ({"from_": np.datetime64("2021-01-04")}, {"to": np.datetime64("2024-01-02")}, {}):
        member = replace(first, **dates)
        run(held, since=SINCE, universe=Universe(UNIVERSE.name, (member, *rest)))
        with store.reading(held) as reader:
            (found,) = reader.universes()
        assert set(found.members) == {member, *rest}
        assert isinstance(found.members[0], Member)


def test_a_share_that_has_left_is_asked_for_no_more(tmp_path: Path) -> None:
    left = Answer(facts.SSE_LEFT_AT, facts.sse_left([("688256", "寒武纪", "2020-07-20", "2025-07-21")]))
    alone = {"universe": None, "symbols": ("688256.SH",), "indexes": (), "since": fetched.SINCE, "ratings": True}
    short = [bar for bar in fetched.BARS["688256.SH"] if bar[0] < "2025-07-21"]
    gone = fetched.but(hosts(), f"{KLINE} secid=1.688256", body=fetched.eastmoney_bars("688256", short))
    summary, _ = run(tmp_path, [left, *gone], **alone)
    assert not summary.missing, summary.lines()
    later, urls = run(tmp_path, [left, *gone], NOW + dt.timedelta(days=4), **alone)
    assert not later.missing, later.lines()
    assert not [url for url in urls if "688256" in url]
