"""A little market whose hosts are answered on this machine, for tests of `fetch`; also as a process of its own.

``python tests/fetched.py FOLDER [CODE]`` fetches all of it into a store and prints each step; the
bars of CODE take a minute to come.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

import facts_payload as facts
import sina_payload as sina
from answered import Answer, answered, bars_of, eastmoney_bars, eastmoney_index, quick
from backfolio import calendar, store
from backfolio.fetch import Ask, desk_for, fetch
from backfolio.universe import Member, Universe

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from answered import Bar
    from backfolio.source.akshare.transport import Desk
    from backfolio.store import LogEntry

NOW: Final = dt.datetime(2025, 8, 2, 9, tzinfo=calendar.SHANGHAI)
"""A Saturday morning: the last session that is over is 2025-08-01."""

SINCE: Final = np.datetime64("2025-06-30", "D")
DAYS: Final = tuple(str(day) for day in calendar.sessions("2025-06-30", "2025-08-01"))
HALTED: Final = tuple(str(day) for day in calendar.sessions("2025-07-14", "2025-07-18"))
EX_DATE: Final = "2025-07-04"

BARS: Final[dict[str, list[Bar]]] = {
    "688256.SH": bars_of(DAYS, 100.0),
    "688041.SH": [bar for bar in bars_of(DAYS, 60.0) if bar[0] not in HALTED],
    "000977.SZ": bars_of(DAYS, 50.0),
}
"""Hygon halts for a week; Inspur pays 0.10 CNY a share on 2025-07-04."""

NAMES: Final = {"688256.SH": "寒武纪", "688041.SH": "海光信息", "000977.SZ": "浪潮信息"}
SYMBOLS: Final = tuple(sorted(BARS))
INDEX: Final = "000688.SH"
UNIVERSE: Final = Universe("three", tuple(Member(symbol, name, name, "server") for symbol, name in NAMES.items()))

_CASH: Final[dict[str, Any]] = {
    "F007V": "10派1.0元(含税)",
    "F011N": None,
    "F012N": 1.0,
    "F018D": "2025-07-03",
    "F023D": EX_DATE,
}

KLINE: Final = "push2his.eastmoney.com kline/get"


def of_symbol(symbol: str) -> list[Answer]:
    """Return what the hosts say of one symbol: eastmoney its bars, sina the same and its facts, cninfo pay dates."""
    code, bars = symbol[:6], BARS[symbol]
    prefixed = symbol[-2:].lower() + code
    days = [
        sina.Day(dt.date.fromisoformat(day), o, h, low, c, round(shares), round(amount or 0))
        for day, o, h, low, c, shares, amount in bars
    ]
    paid = [("2025-06-27", "0", "0", "1.0", "实施", EX_DATE, "2025-07-03", "--")] if symbol == "000977.SZ" else []
    steps = [(EX_DATE, "1.001953125")] if paid else []
    told = [facts.cninfo_dividend(EX_DATE, **_CASH)] if paid else []
    return [
        Answer(f"{KLINE} secid={1 if symbol.endswith('.SH') else 0}.{code}", eastmoney_bars(code, bars)),
        Answer(f"realstock/company/{prefixed} klc_kl.js", sina.klc(prefixed, sina.shares(days))),
        Answer(f"getAmountBySymbol {prefixed}", sina.share_amounts(prefixed, [("2020-07-20", 40_000.0)])),
        Answer(f"realstock/company/{prefixed} hfq.js", sina.hfq(prefixed, [*steps, ("1900-01-01", "1.0")])),
        Answer(f"vISSUE_ShareBonus {code}", sina.dividends(paid, code=code)),
        Answer(f"vCI_CorpInfo {code}", sina.company(None, code)),
        Answer(f"{facts.DIVIDENDS_AT} {code}", facts.cninfo(told)),
    ]


def of_market() -> list[Answer]:
    """Return what the exchanges and eastmoney's boards say."""
    listed = {"688256": "2020-07-20", "688041": "2022-08-12", "000977": "2000-06-08"}
    star = [(code, NAMES[f"{code}.SH"], listed[code]) for code in ("688041", "688256")]
    halt = facts.halt("688041", "2025-07-14 09:30:00", SUSPEND_END_TIME="2025-07-18 15:00:00",
                      PREDICT_RESUME_DATE="2025-07-21 00:00:00")  # fmt: skip
    return [
        Answer(facts.SSE_MAIN_AT, facts.sse([("600000", "浦发银行", "1999-11-10")])),
        Answer(facts.SSE_STAR_AT, facts.sse(star)),
        Answer(facts.SSE_LEFT_AT, facts.sse_left([("600001", "邯郸钢铁", "1998-01-22", "2009-12-29")])),
        Answer(facts.SZSE_AT, facts.szse([("000977", "浪潮信息", listed["000977"])])),
        Answer(facts.SZSE_LEFT_AT, facts.szse_left([("000005", "ST星源", "1990-12-10", "2024-04-26")])),
        Answer(facts.RENAMES_AT, facts.renames([("2021-05-06", "000670", "盈方微", "ST盈方")])),
        Answer(facts.BOARD_AT, facts.board([("600654", "ST中安")])),
        Answer(facts.SUSPENDED_AT, facts.datacenter([halt])),
        Answer(f"{KLINE} secid=1.000688", eastmoney_index("000688", bars_of(DAYS, 1000.0))),
    ]


def of_ratings() -> list[Answer]:
    """Return what is said of ratings: two targets for one name on two days, and reports on each symbol."""
    first = facts.rating("688256", "寒武纪", DECLAREDATE="2025-07-24", F009N=100.0, F010N=100.0)
    then = facts.rating("688256", "寒武纪", DECLAREDATE="2025-07-29", F009N=150.0, F010N=150.0)
    return [
        Answer(f"{facts.RATINGS_AT} 2025-07-24", facts.cninfo([first])),
        Answer(f"{facts.RATINGS_AT} 2025-07-29", facts.cninfo([then])),
        Answer(facts.RATINGS_AT, facts.cninfo([])),
        Answer(facts.REPORTS_AT, facts.reports([], pages=0)),
        Answer("vIR_StockSearch", sina.recommendations([["没有找到相关内容"] * 8])),
    ]


def hosts() -> list[Answer]:
    """Return every answer."""
    return [*of_market(), *(answer for symbol in SYMBOLS for answer in of_symbol(symbol)), *of_ratings()]


def but(answers: Sequence[Answer], of: str, **changes: Any) -> list[Answer]:
    """Return answers of which those that speak of `of` are changed."""
    words = set(of.split())
    found = [replace(answer, **changes) if words <= set(answer.of.split()) else answer for answer in answers]
    assert found != list(answers), f"no answer speaks of {of}"
    return found


def desk(folder: Path, now: dt.datetime = NOW, **policy: Any) -> Desk:
    return desk_for(folder, policies=quick(**policy), now=lambda: now.astimezone(dt.UTC), sleep=lambda _: None)


def ask(**changes: Any) -> Ask:
    return Ask(**{"universe": UNIVERSE, "indexes": (INDEX,), "since": SINCE, **changes})


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Return everything that was brought into a store, but for when."""
    with store.reading(folder) as reader:
        found = {name: reader.frame(name) for name in (*store.GIVEN, "findings", "revisions", "quarantine")}
    times = ["first_seen", "seen_at", "found_at", "at"]
    return {name: frame.drop(columns=times, errors="ignore") for name, frame in found.items()}


def log(folder: Path) -> list[LogEntry]:
    """Return the log, oldest first."""
    with store.reading(folder) as reader:
        return list(reader.log(10_000))[::-1]


def main(folder: str, slow: str = "") -> None:
    """Fetch, all but ratings; eastmoney takes a minute to give the bars of one code."""
    answers = [*of_market(), *(answer for symbol in SYMBOLS for answer in of_symbol(symbol))]
    if slow:
        answers = but(answers, f"{KLINE} secid=1.{slow}", delay=60.0)
    with answered(*answers, strict=False):
        fetch(Path(folder), ask(), desk(Path(folder)), lambda step: print(step.done, step.now, flush=True))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
