"""The whole market: who is in it, in which order it is asked for, and how far it is."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import facts_payload as facts
import fetched
from answered import Answer, answered, eastmoney_nothing
from backfolio import calendar
from backfolio.errors import SymbolError
from backfolio.fetch import Ask, fetch, whole
from backfolio.fetch.known import DIVIDENDS, FACTORS, Marks
from backfolio.fetch.loop import FACTS
from backfolio.fetch.plan import Window, window
from fetched import KLINE, NOW, SYMBOLS, ask, desk
from test_fetch import PLAIN
from test_fetch_parts import day

if TYPE_CHECKING:
    from pathlib import Path

WANT = Window(day("2025-06-30"), day("2025-08-01"), day("2025-08-01"))
NEVER = day("NaT")


def test_everyone_is_who_was_listed_in_the_time_that_is_wanted() -> None:
    listings = pd.DataFrame(
        {
            "symbol": ["600004.SH", "600001.SH", "600002.SH", "600003.SH", "600005.SH"],
            "listed": pd.to_datetime(["2000-01-04", "2000-01-04", "2025-08-04", None, "2000-01-04"]),
            "delisted": pd.to_datetime([None, "2025-06-30", None, None, "2025-07-01"]),
        }
    )
    found = whole.everyone(listings, ("688256.SH",), WANT)
    assert list(found) == ["600003.SH", "600004.SH", "600005.SH", "688256.SH"]
    assert found["600005.SH"] == day("2025-07-01")


def test_a_share_of_beijing_is_asked_for_under_one_code() -> None:
    listings = pd.DataFrame({"symbol": ["430047.BJ", "920047.BJ"], "listed": None, "delisted": None})
    last = day("2025-10-10")
    dated = listings.astype({"listed": "datetime64[s]", "delisted": "datetime64[s]"})
    assert list(whole.everyone(dated, (), Window(day("2025-06-30"), last, last))) == ["920047.BJ"]
    assert list(whole.everyone(dated, (), WANT)) == ["430047.BJ", "920047.BJ"]


def test_an_old_code_of_beijing_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    now = dt.datetime(2025, 10, 10, 20, tzinfo=calendar.SHANGHAI)
    wanted = fetched.ask(universe=None, symbols=("430047.BJ",), indexes=())
    with answered() as asked, pytest.raises(SymbolError, match="has had a code of 920xxx since 2025-10-09"):
        fetch(tmp_path / "store", wanted, fetched.desk(tmp_path / "store", now))
    assert asked.urls == []
    assert not (tmp_path / "store").exists()


def test_a_second_host_goes_round_the_market() -> None:
    count = 3 * whole.SAMPLED - 10
    sessions = fetched.DAYS[:3]
    asked = Counter(
        place for session in sessions for place in range(count) if whole.sampled(place, count, day(session))
    )
    assert asked == dict.fromkeys(range(count), 1)
    a_day = [sum(whole.sampled(place, count, day(session)) for place in range(count)) for session in sessions]
    assert max(a_day) <= whole.SAMPLED


def marks(**facts: str) -> Marks:
    asked = {f"{code}.SH": day(text) for code, text in facts.items()}
    return Marks(facts={FACTORS: asked, DIVIDENDS: asked})


def test_the_oldest_facts_are_asked_for_first() -> None:
    held = Marks(
        facts={
            FACTORS: {"600001.SH": day("2025-08-01"), "600002.SH": day("2025-07-01"), "600004.SH": day("2025-07-02")},
            DIVIDENDS: {"600001.SH": day("2025-08-01"), "600002.SH": day("2025-07-01")},
        }
    )
    symbols = ("600001.SH", "600002.SH", "600003.SH", "600004.SH")
    assert whole.oldest_first(symbols, held) == ["600003.SH", "600004.SH", "600002.SH", "600001.SH"]


def test_how_far_it_is_and_when_it_will_be_whole() -> None:
    shares = {f"{600000 + place}.SH": NEVER for place in range(5_000)}
    there = dict.fromkeys(list(shares)[:1_000], day("2025-07-31"))
    held = Marks(bars=dict.fromkeys(shares, (WANT.since, WANT.until)), facts={FACTORS: there, DIVIDENDS: there})
    assert whole.progress(shares, held, WANT) == (
        "the whole market: of 5,000 shares, 5,000 have all bars and 1,000 have dividends and factors; "
        "at 2,000 requests a day to sina it is whole in about 8 days, if the same command runs on each"
    )


def test_who_left_is_whole_with_the_last_session_before() -> None:
    left = {"600001.SH": day("2025-07-14")}
    held = Marks(bars={"600001.SH": (WANT.since, day("2025-07-11"))}, facts=marks(**{"600001": "2025-07-11"}).facts)
    assert whole.progress(left, held, WANT) == (
        "the whole market: of 1 share, 1 have all bars and 1 have dividends and factors"
    )


def test_everyone_is_asked_for_bars_of_all_before_facts_and_facts_go_on_the_next_day(tmp_path: Path) -> None:
    wanted = {"universe": None, "indexes": (), "all_market": True}
    seen: list[str] = []
    beijing = Answer("bse.cn", facts.bse([("920000", "安徽凤凰", "20201223")]))
    answers = [beijing, *PLAIN, Answer(KLINE, eastmoney_nothing())]
    # sina gives the facts of the first share, and then refuses.
    refusing = [Answer("hfq.js sh688041", b"", status=456), *answers]
    with answered(*refusing, strict=False) as asked:
        summary = fetch(tmp_path, ask(**wanted), desk(tmp_path, retries=0), lambda step: seen.append(step.now))
    everyone = {step[:9] for step in seen if step[:6].isdigit()}
    # all that are listed, and nobody who left before
    assert {*SYMBOLS, "600000.SH", "920000.BJ", "002100.SZ"} <= everyone
    assert not everyone & {"600001.SH", "000005.SZ"}
    assert {one.subject for one in summary.of("done")} >= set(SYMBOLS)
    bars = [place for place, url in enumerate(asked.urls) if KLINE.split()[1] in url]
    factors = [url for url in asked.urls if "hfq.js" in url]
    assert bars[-1] < asked.urls.index(factors[0])
    assert [url[-60:] for url in factors if "sz000977" in url or "sh688041" in url] == [url[-60:] for url in factors]
    assert not [url for url in asked.urls if "RPT_SHAREBONUS_DET" in url]
    assert f"{FACTS}688256.SH" in {one.subject for one in summary.of("not asked")}
    count = len([one for one in summary.outcomes if one.subject[:6].isdigit()])
    (said,) = (line for line in summary.lines() if line.startswith("the whole market"))
    assert said.startswith(
        f"the whole market: of {count} shares, 3 have all bars and 1 have dividends and factors; at "
    )
    assert "it is whole in about 1 day, if the same command runs on each" in said
    with answered(*answers, strict=False) as asked:
        again = fetch(tmp_path, ask(**wanted), desk(tmp_path, NOW + dt.timedelta(days=1), retries=0))
    symbols = [f"{FACTS}{symbol}" for symbol in SYMBOLS]
    assert {one.subject: one.state for one in again.outcomes if one.subject in symbols} == {
        symbols[0]: "up to date",
        symbols[1]: "done",
        symbols[2]: "done",
    }
    assert not [url for url in asked.urls if "secid=1.688256" in url or "hfq.js?d=sz000977" in url]


def test_a_market_without_a_first_date_begins_where_new_shares_do() -> None:
    want = window(Ask(all_market=True), NOW)
    assert (want.since, want.told) == (np.datetime64("2018-01-02"), False)
