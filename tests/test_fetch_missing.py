"""What the first host leaves out: other hosts give it, a suspension explains it, or it is missing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import fetched
from answered import (
    Answer,
    answered,
    eastmoney_bars,
    eastmoney_index,
    eastmoney_nothing,
    tencent_bars,
    tencent_first_day,
)
from backfolio import calendar, store
from backfolio.fetch import fetch, missing
from fetched import BARS, DAYS, INDEX, KLINE, NOW, ask, but, desk, of_market, of_symbol
from test_fetch import PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from answered import Bar
    from backfolio.fetch import Summary

CODE, SYMBOL = "688256", "688256.SH"
OF = f"{KLINE} secid=1.{CODE}"
ALONE = {"universe": None, "symbols": (SYMBOL,), "indexes": ()}
TENCENT = (Answer("weekTrends", tencent_first_day("2020-07-20")), f"newfqkline sh{CODE}")


def days(*texts: str) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array(texts, dtype="datetime64[D]")


# --- which they are ------------------------------------------------------------------------------


def spells(*rows: tuple[str, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["first", "last"])
    return frame.apply(pd.to_datetime).astype("datetime64[s]")


def test_a_session_without_a_row_and_without_a_suspension_is_unexplained() -> None:
    wanted = calendar.sessions("2025-08-18", "2025-08-29")
    told = days("2025-08-18", "2025-08-19", "2025-08-29")
    halts = spells(("2025-08-20", "2025-08-20"), ("2025-08-27", None))
    left = missing.unexplained(wanted, told, halts)
    assert left.tolist() == days("2025-08-21", "2025-08-22", "2025-08-25", "2025-08-26").tolist()
    assert missing.starts(left).tolist() == days("2025-08-21").tolist()
    assert missing.starts(days("2025-08-22", "2025-08-26")).tolist() == days("2025-08-22", "2025-08-26").tolist()
    assert missing.starts(left[:0]).tolist() == []


def test_a_suspension_without_an_end_is_over_where_trading_goes_on() -> None:
    halts = spells(("2025-08-18", "2025-08-19"), ("2025-08-20", None), ("2025-08-28", None))
    over = missing.ended(halts, days("2025-08-20", "2025-08-26", "2025-08-27"))
    assert over.astype(str).to_numpy().tolist() == [["2025-08-20", "2025-08-25"]]
    at_once = missing.ended(spells(("2025-08-20", None)), days("2025-08-20", "2025-08-21"))
    assert at_once["last"].astype(str).tolist() == ["2025-08-20"]
    assert missing.ended(halts, days()).empty


@pytest.mark.parametrize(
    ("answers", "settled"),
    [
        (("eastmoney", "sina", "tencent"), [True, True, False]),
        (("eastmoney", "sina"), [True, False, False]),
        (("eastmoney",), [False, False, False]),
    ],
)
def test_an_old_session_that_no_host_has_is_asked_for_no_more(answers: Sequence[str], settled: list[bool]) -> None:
    left = days("2025-07-01", "2025-08-25", "2025-08-26")
    found = missing.settled(left, np.datetime64("2025-08-29"), answers, ("eastmoney", "sina", "tencent"))
    assert found.tolist() == settled


def test_what_is_there_ends_before_the_first_session_that_is_missing() -> None:
    until = np.datetime64("2025-08-29")
    assert missing.covered(until, days()) == until
    assert missing.covered(until, days("2025-08-25", "2025-08-29")) == np.datetime64("2025-08-22")


# --- from end to end -----------------------------------------------------------------------------


def run(
    folder: Path, answers: Sequence[Answer], now: dt.datetime = NOW, **changes: object
) -> tuple[Summary, list[str]]:
    with answered(*answers, strict=False) as asked:
        summary = fetch(folder, ask(**{**ALONE, **changes}), desk(folder, now, retries=0))
    return summary, asked.urls


def eastmoney(bars: Sequence[Bar]) -> list[Answer]:
    """Return the answers of all hosts, eastmoney's with these bars; sina and tencent give none."""
    told = [answer for answer in of_symbol(SYMBOL) if "klc_kl" not in answer.of and "getAmount" not in answer.of]
    return [*of_market(), *but(told, OF, body=eastmoney_bars(CODE, bars))]


def sessions(folder: Path, symbol: str = SYMBOL) -> dict[str, str]:
    with store.reading(folder) as reader:
        bars = reader.frame("bars", (symbol,))
    return dict(zip(bars["date"].dt.strftime("%Y-%m-%d"), bars["source"], strict=True))


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(DAYS[-1:], id="the bar of today"),
        pytest.param(DAYS[4:5], id="a row in the middle"),
        pytest.param(DAYS[:3], id="the first sessions"),
    ],
)
def test_what_the_first_host_leaves_out_the_next_one_gives(tmp_path: Path, lost: tuple[str, ...]) -> None:
    part = [bar for bar in BARS[SYMBOL] if bar[0] not in lost]
    summary, _ = run(tmp_path, but(PLAIN, OF, body=eastmoney_bars(CODE, part)))
    assert not summary.missing
    assert sessions(tmp_path) == {day: "sina" if day in lost else "eastmoney" for day in DAYS}
    again, urls = run(tmp_path, PLAIN)
    assert (urls, [one.state for one in again.outcomes][-1]) == ([], "up to date")


def test_what_no_host_gives_is_missing_and_asked_for_again(tmp_path: Path) -> None:
    short = BARS[SYMBOL][:-1]
    summary, _ = run(tmp_path, eastmoney(short))
    assert summary.missing
    (failed,) = summary.of("failed")
    assert failed.subject == SYMBOL
    assert failed.why.startswith(f"bars of 1 session ({DAYS[-1]}): sina")
    assert set(sessions(tmp_path)) == set(DAYS[:-1])
    again, urls = run(tmp_path, PLAIN)
    assert not again.missing
    assert any(f"secid=1.{CODE}" in url for url in urls)
    assert set(sessions(tmp_path)) == set(DAYS)
    # nothing of what is there is asked for once more
    assert not [url for url in urls if "vISSUE_ShareBonus" in url]


def test_no_bars_and_no_word_of_the_others_is_not_done(tmp_path: Path) -> None:
    nothing = [Answer(OF, eastmoney_nothing()), Answer("sina.com.cn klc_kl", b"", status=500),
               Answer("gtimg.cn", b"", status=500)]  # fmt: skip
    summary, _ = run(tmp_path, [*nothing, *PLAIN])
    (failed,) = summary.of("failed")
    assert f"bars of {len(DAYS)} sessions ({DAYS[0]}, {DAYS[1]}, {DAYS[2]}, ...): sina answered 500" in failed.why
    healed, _ = run(tmp_path, PLAIN)
    assert not healed.missing
    assert set(sessions(tmp_path)) == set(DAYS)


def test_a_hole_of_long_ago_that_no_host_fills_is_asked_for_once_and_stays_a_gap(tmp_path: Path) -> None:
    holed = [bar for bar in BARS[SYMBOL] if bar[0] != DAYS[4]]
    rest = [
        Answer("klc_kl.js", fetched.sina.klc(f"sh{CODE}", fetched.sina.shares(sina_days(holed)))),
        Answer(f"getAmountBySymbol sh{CODE}", fetched.sina.share_amounts(f"sh{CODE}", [("2020-07-20", 40_000.0)])),
        TENCENT[0],
        Answer(TENCENT[1], tencent_bars(f"sh{CODE}", holed, unit=1)),
    ]
    summary, _ = run(tmp_path, [*rest, *eastmoney(holed)])
    assert not summary.missing, summary.lines()
    assert "gap" in {one.rule for one in summary.findings}
    again, urls = run(tmp_path, PLAIN)
    assert urls == []
    assert not again.missing


def sina_days(bars: Sequence[Bar]) -> list[fetched.sina.Day]:
    return [
        fetched.sina.Day(dt.date.fromisoformat(day), o, h, low, c, round(shares), round(amount or 0))
        for day, o, h, low, c, shares, amount in bars
    ]


def test_a_hole_of_yesterday_that_no_host_fills_is_missing(tmp_path: Path) -> None:
    holed = [bar for bar in BARS[SYMBOL] if bar[0] != DAYS[-2]]
    rest = [
        Answer("klc_kl.js", fetched.sina.klc(f"sh{CODE}", fetched.sina.shares(sina_days(holed)))),
        Answer(f"getAmountBySymbol sh{CODE}", fetched.sina.share_amounts(f"sh{CODE}", [("2020-07-20", 40_000.0)])),
        TENCENT[0],
        Answer(TENCENT[1], tencent_bars(f"sh{CODE}", holed, unit=1)),
    ]
    summary, _ = run(tmp_path, [*rest, *eastmoney(holed)])
    (failed,) = summary.of("failed")
    assert failed.why == (
        f"bars of 1 session ({DAYS[-2]}): no host has them and no suspension is known; the next fetch asks again"
    )
    healed, _ = run(tmp_path, PLAIN)
    assert not healed.missing
    assert set(sessions(tmp_path)) == set(DAYS)


def test_before_the_first_bar_of_a_share_of_which_no_list_tells_nothing_is_missing(tmp_path: Path) -> None:
    late = BARS[SYMBOL][5:]
    lists = Answer("query.sse.com.cn", b"", status=500)
    summary, _ = run(tmp_path, [lists, *eastmoney(late)])
    assert not [one for one in summary.of("failed") if "bars of" in one.why]
    with store.reading(tmp_path) as reader:
        (mark,) = reader.asked("bars are there")
    assert mark == f"{SYMBOL} {DAYS[0]} {DAYS[-1]}"


def test_an_index_is_filled_by_the_next_host(tmp_path: Path) -> None:
    bars = fetched.bars_of(DAYS, 1000.0)
    part = [bar for bar in bars if bar[0] != DAYS[7]]
    answers = but(of_market(), f"{KLINE} secid=1.000688", body=eastmoney_index("000688", part))
    tencent = Answer("newfqkline sh000688", tencent_bars("sh000688", bars, unit=1))
    only = {"symbols": (), "indexes": (INDEX,)}
    summary, _ = run(tmp_path / "one", [TENCENT[0], tencent, *answers], **only)
    assert not summary.missing, summary.lines()
    assert summary.counts["index_bars"].new == len(DAYS)
    summary, _ = run(tmp_path / "two", answers, **only)
    assert f"bars of 1 session ({DAYS[7]})" in summary.of("failed")[0].why


def test_a_bar_over_a_halt_is_a_new_state_and_kept_in_the_revisions(tmp_path: Path) -> None:
    halted = pd.DataFrame({"symbol": SYMBOL, "date": pd.to_datetime(DAYS[5:6]), "traded": [False], "source": "import"})
    with store.writing(tmp_path) as writer:
        writer.put(store.Batch({"bars": halted}))
    summary, _ = run(tmp_path, PLAIN)
    count = summary.counts["bars"]
    assert (count.new, count.revised, count.filled) == (len(DAYS) - 1, 1, 0)
    with store.reading(tmp_path) as reader:
        told = reader.frame("revisions")
        assert reader.frame("bars", (SYMBOL,))["traded"].all()
    assert told.loc[told["column"] == "traded", ["old", "new"]].to_numpy().tolist() == [["false", "true"]]


def test_a_suspension_that_is_listed_without_an_end_ends_with_the_bars_after_it(tmp_path: Path) -> None:
    halted = "688041.SH"
    wanted = {"universe": None, "symbols": (halted,), "indexes": ()}
    open_ = fetched.facts.datacenter(
        [fetched.facts.halt("688041", "2025-07-14 09:30:00", SUSPEND_END_TIME=None, PREDICT_RESUME_DATE=None)]
    )
    later = DAYS.index("2025-07-24")
    lost = [bar for bar in BARS[halted] if bar[0] != DAYS[later]]
    hosts = but([*of_market(), *of_symbol(halted)], fetched.facts.SUSPENDED_AT, body=open_)
    hosts = but(hosts, f"{KLINE} secid=1.688041", body=eastmoney_bars("688041", lost))
    hosts = [answer for answer in hosts if "klc_kl" not in answer.of]
    run(tmp_path, hosts, now=dt.datetime(2025, 7, 16, 20, tzinfo=calendar.SHANGHAI), **wanted)
    run(tmp_path, hosts, **wanted)
    with store.reading(tmp_path) as reader:
        spell = reader.frame("suspensions", (halted,))
        log = reader.log(1000)
    assert spell[["first", "last"]].astype(str).to_numpy().tolist() == [["2025-07-14", "2025-07-18"]]
    asked = {entry.subject for entry in log if entry.function == "stock_tfp_em"}
    assert asked == {"2025-07-14", DAYS[later]}  # the session that is lost is not explained by a halt that is over


def test_the_bar_that_ends_a_suspension_without_an_end_is_asked_of_the_others(tmp_path: Path) -> None:
    halted, first = "688041.SH", "2025-07-21"
    listed = fetched.facts.datacenter(
        [fetched.facts.halt("688041", "2025-07-14 09:30:00", SUSPEND_END_TIME=None, PREDICT_RESUME_DATE=None)]
    )
    lost = [bar for bar in BARS[halted] if bar[0] != first]
    answers = but([*of_market(), *of_symbol(halted)], f"{KLINE} secid=1.688041", body=eastmoney_bars("688041", lost))
    summary, _ = run(tmp_path, but(answers, fetched.facts.SUSPENDED_AT, body=listed), symbols=(halted,))
    assert not summary.missing
    assert sessions(tmp_path, halted)[first] == "sina"
    with store.reading(tmp_path) as reader:
        spell = reader.frame("suspensions", (halted,))
    assert spell[["first", "last"]].astype(str).to_numpy().tolist() == [["2025-07-14", "2025-07-18"]]
