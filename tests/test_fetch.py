"""`fetch` from end to end: akshare's own code runs, its hosts answered here; resumed, refused, offline."""

from __future__ import annotations

import datetime as dt
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest

import facts_payload as facts
import fetched
from answered import Answer, answered, eastmoney_bars, eastmoney_nothing
from backfolio import calendar, store
from backfolio.bars import build_bars
from backfolio.errors import StoreError
from backfolio.fetch import fetch, import_path
from fetched import BARS, KLINE, NOW, SYMBOLS, ask, but, desk, hosts, of_market, of_symbol

if TYPE_CHECKING:
    from backfolio.fetch import Step, Summary

PLAIN = [*of_market(), *(answer for symbol in SYMBOLS for answer in of_symbol(symbol))]


def run(folder: Path, answers: list[Answer] | None = None, **changes: object) -> tuple[Summary, list[str]]:
    """Fetch the little market, and return the summary and the URLs that were asked for."""
    now = changes.pop("now", NOW)
    assert isinstance(now, dt.datetime)
    with answered(*(PLAIN if answers is None else answers), strict=False) as asked:
        summary = fetch(folder, ask(**changes), desk(folder, now))
    return summary, asked.urls


def same(one: Path, other: Path) -> None:
    left, right = fetched.tables(one), fetched.tables(other)
    for name, frame in left.items():
        pd.testing.assert_frame_equal(frame, right[name], obj=name)


ALONE: Final[dict[str, Any]] = {"universe": None, "symbols": ("688256.SH",), "indexes": ()}
"""One name, where what is shown is a matter of one."""

EARLY = dt.datetime(2025, 7, 26, 9, tzinfo=calendar.SHANGHAI)
"""A week before `NOW`."""


@pytest.fixture(scope="module")
def week_old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store") / "store"
    run(folder, now=EARLY)
    return folder


@pytest.fixture
def early(week_old: Path, tmp_path: Path) -> Path:
    """Return a store of its own that was filled a week before `NOW`."""
    return Path(shutil.copytree(week_old, tmp_path / "early"))


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary, list[Step]]:
    folder = tmp_path_factory.mktemp("store") / "store"
    steps: list[Step] = []
    with answered(*PLAIN, strict=False):
        return folder, fetch(folder, ask(), desk(folder), steps.append), steps


@pytest.fixture
def whole(brought: tuple[Path, Summary, list[Step]]) -> tuple[Path, Summary]:
    """Return a store with the whole little market, and what its fetch said. Tests do not change it."""
    return brought[:2]


def test_all_that_is_asked_for_is_brought(whole: tuple[Path, Summary]) -> None:
    folder, summary = whole
    assert not summary.missing
    assert {one.state for one in summary.outcomes} == {"done"}
    assert [one.subject for one in summary.outcomes][-4:] == [fetched.INDEX, *SYMBOLS]
    assert {name: count.new for name, count in summary.counts.items()} == {
        "bars": 70, "actions": 2, "factors": 4, "suspensions": 1, "st_spells": 2, "listings": 18,
        "index_bars": 25, "second_bars": 60, "universes": 3,
    }  # fmt: skip
    assert summary.lines()[0] == "bars: 70 new"
    with store.reading(folder) as reader:
        bars = reader.frame("bars", ("000977.SZ",))
        assert (bars["source"] == "eastmoney").all()
        assert bars["close"].tolist() == [bar[4] for bar in BARS["000977.SZ"]]
        assert bars["volume"].tolist() == [bar[5] for bar in BARS["000977.SZ"]]  # hands made shares
        actions = reader.frame("actions").set_index("source")
        assert actions.loc["sina", "cash"] == pytest.approx(0.1)
        assert str(actions.loc["cninfo", "pay_date"])[:10] == fetched.EX_DATE
        assert [one.symbols for one in reader.universes()] == [SYMBOLS]
        assert set(reader.frame("second_bars")["host"]) == {"sina"}
        assert len(reader.log(1000)) > 20


def test_a_gap_is_explained_by_a_suspension_and_an_ex_date_by_its_dividend(whole: tuple[Path, Summary]) -> None:
    folder, summary = whole
    assert [one.rule for one in summary.findings if one.severity != "note"] == []
    with store.reading(folder) as reader:
        spell = reader.frame("suspensions").iloc[0]
        bars = build_bars(reader.tables())
    assert (str(spell["first"])[:10], str(spell["last"])[:10]) == (fetched.HALTED[0], fetched.HALTED[-1])
    at = int(np.flatnonzero(bars.sessions == np.datetime64(fetched.EX_DATE))[0])
    symbol = bars.symbols.index("000977.SZ")
    assert bars.reference[at, symbol] == bars.close[at - 1, symbol] - 100
    assert not bars.st_unknown.any()  # Shenzhen's renamings are dated; no name of the others ever had an ST
    assert not bars.listing_assumed.any()


def test_spells_of_risk_warning_are_known_from_their_first_telling(whole: tuple[Path, Summary]) -> None:
    with store.reading(whole[0]) as reader:
        known = reader.frame("listings").set_index("symbol")["st_known_from"].astype(str)
    assert (known["000977.SZ"], known["688256.SH"]) == ("1998-04-28", "1998-04-28")


def test_the_same_fetch_again_asks_nobody(whole: tuple[Path, Summary], tmp_path: Path) -> None:
    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True)
    before = fetched.tables(tmp_path)
    summary, urls = run(tmp_path)
    assert urls == []
    assert {one.state for one in summary.outcomes} == {"up to date"}
    assert summary.lines()[0] == "nothing new"
    assert not summary.missing
    pd.testing.assert_frame_equal(before["bars"], fetched.tables(tmp_path)["bars"])


def test_a_later_fetch_asks_from_the_last_bars_on(early: Path, whole: tuple[Path, Summary]) -> None:
    summary, urls = run(early)
    asked = [url for url in urls if KLINE.split()[1] in url and "secid=1.688256" in url]
    assert len(asked) == 1
    assert "beg=20250718" in asked[0]  # five sessions before the last one held
    assert summary.counts["bars"].new == 15
    assert summary.counts["bars"].revised == 0
    pd.testing.assert_frame_equal(fetched.tables(early)["bars"], fetched.tables(whole[0])["bars"])


def test_an_earlier_since_asks_for_all_of_it(tmp_path: Path, whole: tuple[Path, Summary]) -> None:
    run(tmp_path, **ALONE, since=np.datetime64("2025-07-21"))
    summary, urls = run(tmp_path, **ALONE)
    assert any("beg=20250630" in url for url in urls)
    assert not summary.missing
    own, others = fetched.tables(tmp_path)["bars"], fetched.tables(whole[0])["bars"]
    others = others[others["symbol"] == "688256.SH"].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, others)


def test_a_host_that_changes_its_past_is_seen(early: Path) -> None:
    changed = [
        (*bar[:4], round(bar[4] + 0.01, 2), *bar[5:]) if bar[0] == "2025-07-24" else bar for bar in BARS["688256.SH"]
    ]
    answers = but(PLAIN, f"{KLINE} secid=1.688256", body=eastmoney_bars("688256", changed))
    summary, _ = run(early, answers, **ALONE)
    assert summary.counts["bars"].revised == 1
    assert "revised" in {one.rule for one in summary.findings}


def test_a_bar_that_an_import_corrected_is_not_taken_back_by_the_next_fetch(early: Path, tmp_path: Path) -> None:
    wrong = next(bar for bar in BARS["688256.SH"] if bar[0] == "2025-07-24")
    right = [wrong[0], "688256.SH", *map(str, wrong[1:4]), str(round(wrong[4] - 0.5, 2)), str(wrong[5])]
    file = tmp_path / "mine" / "bars.csv"
    file.parent.mkdir()
    file.write_text("date,symbol,open,high,low,close,volume\n" + ",".join(right) + "\n", encoding="utf-8")
    assert import_path(early, file).counts["bars"].revised == 1
    summary, _ = run(early, **ALONE)
    assert summary.counts["bars"].revised == 0
    with store.reading(early) as reader:
        bars = reader.frame("bars", ("688256.SH",)).set_index("date").loc[["2025-07-24"]]
    assert bars[["close", "source"]].to_numpy().tolist() == [[round(wrong[4] - 0.5, 2), "import"]]
    (told,) = (one for one in summary.findings if one.rule == "hosts_differ")
    assert f"2025-07-24 (eastmoney): close {wrong[4] - 0.5:.2f} here, {wrong[4]:.2f} there" in told.value
    summary, _ = run(early, **ALONE, full=True)
    assert summary.counts["bars"].revised == 1


def test_a_process_killed_half_way_loses_only_the_piece_in_work(tmp_path: Path, whole: tuple[Path, Summary]) -> None:
    cut = tmp_path / "cut"
    process = subprocess.Popen(
        [sys.executable, str(Path(fetched.__file__)), str(cut), "688041"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "688041.SH" in line and "bars" in line:  # its host takes a minute to answer
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    with store.reading(cut) as reader:
        assert reader.symbols() == ("000977.SZ",)
        findings = reader.findings()
    assert [one for one in findings if one.severity == "error"] == []
    summary, urls = run(cut)
    assert not summary.missing
    assert [one.subject for one in summary.of("done")] == ["688041.SH", "688256.SH"]
    assert not [url for url in urls if "000977" in url]
    same(cut, whole[0])


def test_offline_is_one_sentence_and_leaves_the_store_alone(early: Path) -> None:
    before = {file.name: file.read_bytes() for file in early.iterdir() if file.suffix == ".duckdb"}
    summary, urls = run(early, [Answer("http", raises="no name")])
    assert summary.missing
    assert summary.offline
    assert len(summary.lines()) == 1
    assert "no host of market data can be reached" in summary.lines()[0]
    assert len(urls) <= 4
    assert {file.name: file.read_bytes() for file in early.iterdir() if file.suffix == ".duckdb"} == before


def test_offline_makes_no_store(tmp_path: Path) -> None:
    summary, _ = run(tmp_path / "store", [Answer("http", raises="unreachable")])
    assert summary.offline
    assert summary.as_dict()["offline"] is True
    assert not (tmp_path / "store").exists()


def test_one_exchange_that_cannot_be_reached_is_not_the_network(tmp_path: Path) -> None:
    told = [Answer(f"{facts.INFO_AT} secid=1.{code}", facts.info(code)) for code in ("688041", "688256")]
    summary, _ = run(tmp_path, [Answer("query.sse.com.cn", raises="no name"), *told, *PLAIN], indexes=())
    assert not summary.offline
    assert [one.subject for one in summary.of("failed")] == ["listings of Shanghai", "delistings of Shanghai"]
    with store.reading(tmp_path) as reader:
        assert reader.symbols() == SYMBOLS
        # eastmoney tells what the exchange did not
        assert reader.frame("listings", ("688256.SH",))["source"].tolist() == ["eastmoney"]


def test_a_ban_by_one_host_goes_on_with_the_next(tmp_path: Path) -> None:
    answers = [Answer(KLINE, b"", status=403), *PLAIN]
    summary, urls = run(tmp_path, answers, indexes=())
    assert sum(KLINE.split()[1] in url for url in urls) == 1  # nobody asks a host that has refused
    with store.reading(tmp_path) as reader:
        assert set(reader.frame("bars")["source"]) == {"sina"}
        assert reader.symbols() == SYMBOLS
        assert reader.blocks()["eastmoney"].until > NOW
    assert [block.host for block in summary.blocks] == ["eastmoney"]
    assert any("eastmoney must be left alone until" in line for line in summary.lines())
    # suspensions come from eastmoney alone: they are what is missing
    assert [one.subject for one in summary.of("failed")] == ["688041.SH"]
    again, urls = run(tmp_path, indexes=())
    assert not [url for url in urls if "eastmoney" in url]
    later = NOW + dt.timedelta(hours=2)
    assert again.missing
    healed, _ = run(tmp_path, indexes=(), now=later)
    assert not healed.missing


def test_where_every_host_refuses_the_fetch_stops_and_names_the_time(tmp_path: Path) -> None:
    refusing = [Answer(word, b"", status=403) for word in (KLINE, "sina.com.cn", "qq.com", "gtimg.cn")]
    summary, _ = run(tmp_path, [*refusing, *PLAIN], indexes=())
    assert summary.missing
    assert [one.state for one in summary.outcomes[-3:]] == ["failed", "not asked", "not asked"]
    assert any("no host of bars may be asked now" in line and "(Shanghai time)" in line for line in summary.lines())
    assert {block.host for block in summary.blocks} == {"eastmoney", "sina", "tencent"}


def test_a_spent_budget_stops_the_fetch(tmp_path: Path) -> None:
    with answered(*PLAIN, strict=False) as asked:
        summary = fetch(tmp_path, ask(), desk(tmp_path, budget=0))
    assert asked.urls == []
    assert summary.missing
    assert any("budget" in line for line in summary.lines())


def test_a_network_that_goes_away_stops_the_fetch(tmp_path: Path) -> None:
    gone = [Answer(word, raises="no name") for word in (KLINE, "sina.com.cn", "qq.com", "gtimg.cn")]
    summary, urls = run(tmp_path, [*gone, *PLAIN], indexes=())
    assert summary.offline
    assert summary.lines()[-1].startswith("no host of market data can be reached: what had come is in the store")
    assert [one.state for one in summary.outcomes] == ["done"] * 6 + ["failed"] + ["not asked"] * 2
    assert len(urls) < 15
    with store.reading(tmp_path) as reader:
        assert len(reader.frame("listings")) == 18


def test_hosts_that_all_break_stop_the_fetch(tmp_path: Path) -> None:
    broken = [Answer(word, b"", status=500) for word in (KLINE, "sina.com.cn", "qq.com", "gtimg.cn")]
    summary, _ = run(tmp_path, [*broken, *PLAIN], symbols=("688981.SH", "688012.SH"), indexes=())
    assert not summary.offline
    states = [one.state for one in summary.outcomes if one.subject[:6].isdigit()]
    assert states == ["failed"] * 3 + ["not asked"] * 2
    assert any("of 3 symbols in a row" in line for line in summary.lines())


def test_what_failed_of_a_symbol_is_all_that_is_asked_again(tmp_path: Path) -> None:
    broken = but(PLAIN, "vISSUE_ShareBonus 000977", body=b"", status=500)
    broken = [Answer("RPT_SHAREBONUS_DET", b"", status=500), *broken]
    alone = {**ALONE, "symbols": ("000977.SZ",)}
    summary, _ = run(tmp_path, broken, **alone)
    (failed,) = summary.of("failed")
    assert failed.subject == "000977.SZ"
    assert "dividends" in failed.why
    assert "sina" in failed.why
    assert "eastmoney" in failed.why
    again, urls = run(tmp_path, **alone)
    assert not again.missing
    assert not [url for url in urls if KLINE.split()[1] in url]
    with store.reading(tmp_path) as reader:
        assert len(reader.frame("actions")) == 2


def test_a_reply_that_breaks_its_contract_is_kept_aside_and_the_next_host_asked(tmp_path: Path) -> None:
    wrong = [(day, o, h, low, c, shares * 100, amount) for day, o, h, low, c, shares, amount in BARS["688256.SH"]]
    answers = but(PLAIN, f"{KLINE} secid=1.688256", body=eastmoney_bars("688256", wrong))
    summary, _ = run(tmp_path, answers, **ALONE)
    assert not summary.missing
    with store.reading(tmp_path) as reader:
        assert set(reader.frame("bars")["source"]) == {"sina"}
        (kept,) = reader.frame("quarantine").to_dict("records")
    assert (kept["host"], kept["subject"]) == ("eastmoney", "688256.SH")
    assert kept["payload"].startswith(b'{"rc": 0')


def test_a_symbol_that_no_host_knows_fails_alone(tmp_path: Path) -> None:
    summary, urls = run(tmp_path, [*PLAIN, Answer(KLINE, eastmoney_nothing())], symbols=("688999.SH",), indexes=())
    (failed,) = summary.of("failed")
    assert failed.subject == "688999.SH"
    assert "no host has bars of it" in failed.why
    assert not [url for url in urls if "vISSUE_ShareBonus" in url and "688999" in url]
    assert [one.subject for one in summary.of("done")][-3:] == list(SYMBOLS)


def test_ratings_become_catalysts(tmp_path: Path) -> None:
    wanted = {**ALONE, "ratings": True, "since": np.datetime64("2025-07-23")}
    summary, urls = run(tmp_path, hosts(), **wanted)
    assert not summary.missing
    assert summary.counts["ratings"].new == 2
    with store.reading(tmp_path) as reader:
        catalysts = reader.catalysts(("688256.SH",))
    assert [(one.kind, one.old, one.new) for one in catalysts] == [
        ("analyst_upgrade", None, 100.0),
        ("analyst_upgrade", 100.0, 150.0),
    ]
    days = [url for url in urls if "p_sysapi1089" in url]
    assert len(days) == 11
    again, urls = run(tmp_path, hosts(), **wanted)
    assert len(urls) == 4  # the days that are not over yet
    assert not again.missing


def test_a_rating_that_its_host_did_not_have_yesterday_is_known_when_it_came(tmp_path: Path) -> None:
    wanted = {"universe": None, "indexes": (), "ratings": True, "since": np.datetime64("2025-07-23")}
    run(tmp_path, fetched.of_ratings(), **wanted)
    late = facts.rating("688256", "寒武纪", DECLAREDATE="2025-07-31", F009N=200.0, F010N=200.0)
    answers = [Answer(f"{facts.RATINGS_AT} 2025-07-31", facts.cninfo([late])), *fetched.of_ratings()]
    tomorrow = NOW + dt.timedelta(days=1)
    run(tmp_path, answers, **wanted, now=tomorrow)
    with store.reading(tmp_path) as reader:
        known = [(one.known_at.isoformat(), one.new) for one in reader.catalysts(("688256.SH",))]
    assert known == [
        ("2025-07-24T18:00:00+08:00", 100.0),  # the first look at a past day: the day of the report
        ("2025-07-29T18:00:00+08:00", 150.0),
        ("2025-08-03T18:00:00+08:00", 200.0),
    ]


def test_steps_name_what_is_in_work(brought: tuple[Path, Summary, list[Step]]) -> None:
    steps = brought[2]
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert (steps[-1].done, steps[-1].total, steps[-1].now) == (10, 10, "")
    assert "688256.SH 寒武纪: bars" in [step.now for step in steps]


def test_a_second_fetch_at_the_same_time_is_refused(early: Path) -> None:
    with store.writing(early), pytest.raises(StoreError, match="writing"):
        run(early)


def test_a_run_can_read_while_a_fetch_waits_for_a_host(early: Path) -> None:
    seen: list[int] = []

    def look(step: Step) -> None:
        if step.now.endswith(": bars"):
            with store.reading(early) as reader:
                seen.append(len(reader.tables().bars))

    with answered(*PLAIN, strict=False):
        fetch(early, ask(), desk(early), look)
    assert seen == [55, 60, 65]


def test_ratings_alone_stop_where_their_only_host_refuses_or_is_gone(tmp_path: Path) -> None:
    wanted = {"universe": None, "indexes": (), "ratings": True, "since": np.datetime64("2025-07-23")}
    summary, urls = run(tmp_path, [Answer(facts.RATINGS_AT, b"", status=403)], **wanted)
    assert len(urls) == 1
    assert [one.state for one in summary.outcomes] == ["failed", *["not asked"] * 10]
    assert [block.host for block in summary.blocks] == ["cninfo"]
    gone, urls = run(tmp_path / "other", [Answer(facts.RATINGS_AT, raises="no name")], **wanted)
    assert gone.offline
    assert len(urls) == 3


def test_days_of_ratings_end_after_three_that_fail(tmp_path: Path) -> None:
    wanted = {"universe": None, "indexes": (), "ratings": True, "since": np.datetime64("2025-06-02")}
    summary, urls = run(tmp_path, [Answer(facts.RATINGS_AT, b"{}", status=500)], **wanted)
    states = [one.state for one in summary.outcomes if one.subject.startswith("ratings ")]
    assert states[:3] == ["failed"] * 3
    assert set(states[3:]) == {"not asked"}
    assert len(urls) < 20  # three days, each tried again a few times
    assert summary.missing


def test_all_of_it_can_be_asked_for_again(whole: tuple[Path, Summary], tmp_path: Path) -> None:
    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True)
    summary, urls = run(tmp_path, full=True)
    assert any("beg=20250630" in url for url in urls)
    assert {one.state for one in summary.outcomes} == {"done"}
    assert {(count.new, count.revised) for count in summary.counts.values()} == {(0, 0)}


def test_a_rights_issue_gets_its_reference_price(tmp_path: Path) -> None:
    offered = [("2025-07-10", "3", "90", "400000000", "2025-07-22", "2025-07-15", "2025-07-16", "2025-07-21",
                "2025-07-30", "1000")]  # fmt: skip
    answers = but(PLAIN, "vISSUE_ShareBonus 688256", body=fetched.sina.dividends(offered=offered, code="688256"))
    summary, _ = run(tmp_path, answers, **ALONE)
    assert not summary.missing
    with store.reading(tmp_path) as reader:
        bars = reader.frame("bars", ("688256.SH",)).set_index("date")
    before = bars.loc[:"2025-07-21", "close"].iloc[-1]
    told = bars["pre_close"].dropna()
    assert [str(day)[:10] for day in told.index] == ["2025-07-22"]
    assert told.iloc[0] == pytest.approx((before + 0.3 * 90) / 1.3, abs=0.0051)
    assert [one.rule for one in summary.findings if one.severity == "error"] == []
