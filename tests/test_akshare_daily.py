"""Daily bars from three hosts in turn: the first whose reply is proved."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sina_payload
from answered import (
    Answer,
    Clock,
    answered,
    bars_of,
    eastmoney_bars,
    eastmoney_index,
    eastmoney_nothing,
    quick,
    tencent_bars,
    tencent_first_day,
)
from backfolio.errors import UsageError
from backfolio.source.akshare import daily
from backfolio.source.akshare.transport import Desk
from backfolio.store.model import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = dt.datetime(2025, 8, 25, 10, tzinfo=dt.UTC)
SINCE, UNTIL = np.datetime64("2025-08-18"), np.datetime64("2025-08-22")
DAYS = ["2025-08-18", "2025-08-19", "2025-08-20", "2025-08-21", "2025-08-22"]
WEEK = bars_of(DAYS)
KLINE, KLC = "push2his.eastmoney.com kline/get", "hisdata_klc2/klc_kl.js"

EASTMONEY = Answer(KLINE, eastmoney_bars("688256", WEEK))
SINA = (
    Answer(KLC, sina_payload.klc("sh688256", sina_payload.shares([
        sina_payload.Day(dt.date.fromisoformat(day), *prices, int(shares), round(amount or 0))
        for day, *prices, shares, amount in WEEK
    ]))),
    Answer("getAmountBySymbol", sina_payload.share_amounts("sh688256", (("2020-07-20", 40_000.0),))),
)  # fmt: skip
TENCENT = (
    Answer("weekTrends", tencent_first_day("2020-07-20")),
    Answer("newfqkline/get day,2025", tencent_bars("sh688256", WEEK, unit=1)),
)
GONE = Answer("://", raises="no name")
REFUSED = Answer("://", status=403)
COLUMNS = ["open", "high", "low", "close", "volume"]


def desk(now: dt.datetime = NOW, **changes: Any) -> Desk:
    clock = Clock(now)
    return Desk(policies=quick(**changes), clock=clock, sleep=clock.sleep, now=clock.now)


def came_of(*answers: Answer, **given: Any) -> tuple[daily.Delivery, list[str]]:
    with answered(*answers) as sent:
        return daily.daily_bars(desk(), "688256.SH", SINCE, UNTIL, **given), sent.urls


def test_eastmoney_is_asked_first_and_then_nobody() -> None:
    came, urls = came_of(EASTMONEY)
    assert (came.host, len(urls), came.error) == ("eastmoney", 1, "")


def test_the_three_hosts_agree_to_the_share() -> None:
    frames = []
    for host, answers in (("eastmoney", [EASTMONEY]), ("sina", SINA), ("tencent", TENCENT)):
        came, _ = came_of(*answers, hosts=(host,))
        assert came.frame is not None, came.error
        assert set(came.frame["source"]) == {host}
        frames.append(came.frame[["symbol", "date", *COLUMNS]])
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])


FAULTS: dict[str, tuple[Sequence[Answer], Sequence[tuple[str, str]]]] = {
    "the first is banned": ([Answer(KLINE, status=403), *SINA], [("eastmoney", "refused"), ("sina", "ok")]),
    "the first breaks its contract": (
        [Answer(KLINE, eastmoney_bars("688256", WEEK, hand=1)), *SINA], [("eastmoney", "quarantined"), ("sina", "ok")]
    ),
    "the first closes its connections": (
        [Answer(KLINE, raises="closed"), *SINA], [("eastmoney", "refused"), ("sina", "ok")]
    ),
    "the first does not know the symbol": (
        [Answer(KLINE, eastmoney_nothing()), *SINA], [("eastmoney", "empty"), ("sina", "ok")]
    ),
    "two are banned": (
        [Answer(KLINE, status=403), Answer(KLC, status=456), *TENCENT],
        [("eastmoney", "refused"), ("sina", "refused"), ("tencent", "ok")],
    ),
    "one cannot be reached, one breaks its contract": (
        [Answer(KLINE, raises="no name"), Answer(KLC, 'var KLC_K2_sh688256="";'), *SINA[1:], *TENCENT],
        [("eastmoney", "failed"), ("sina", "quarantined"), ("tencent", "ok")],
    ),
    "a page of robots' tests, then a timeout": (
        [Answer(KLINE, "<html>滑动验证</html>"), Answer(KLC, raises="timeout"), *TENCENT],
        [("eastmoney", "refused"), ("sina", "failed"), ("tencent", "ok")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_the_next_host_is_asked_and_the_log_tells_all(name: str) -> None:
    answers, told = FAULTS[name]
    came, _ = came_of(*answers)
    assert (came.error, came.offline, came.host) == ("", False, told[-1][0])
    assert came.frame is not None
    assert came.frame[COLUMNS].to_numpy().tolist() == [list(bar[1:6]) for bar in WEEK]
    assert [(entry.host, entry.outcome) for entry in came.log] == list(told)
    assert [kept.host for kept in came.quarantined] == [host for host, end in told if end == "quarantined"]
    assert [block.host for block in came.blocks] == [host for host, end in told if end == "refused"]


def test_where_every_host_refuses_the_error_names_each_and_its_time() -> None:
    came, urls = came_of(REFUSED)
    assert (came.frame, came.offline, len(urls)) == (None, False, 3)
    for host in daily.HOSTS:
        assert f"{host} answered 403 (Forbidden); try again after 2025-08-25 19:00 (Shanghai time)" in came.error
    assert [block.host for block in came.blocks] == list(daily.HOSTS)


def test_offline_is_told_after_one_request_a_host() -> None:
    came, urls = came_of(GONE)
    assert (came.frame, came.offline, len(urls)) == (None, True, 3)
    assert came.error.count("cannot be reached from here") == 3
    assert (came.blocks, came.quarantined) == ((), ())


def test_one_host_that_answers_with_an_error_means_that_the_line_is_up() -> None:
    came, _ = came_of(Answer("newfqkline", status=404), Answer("weekTrends", status=404), GONE)
    assert (came.frame, came.offline) == (None, False)


def test_no_bars_anywhere_is_an_answer_and_no_error() -> None:
    nothing = Answer("newfqkline/get day,2025", 'k={"code": 0, "data": {"sh688256": {"day": []}}}')
    came, _ = came_of(Answer(KLINE, eastmoney_nothing()), Answer(KLC, status=404), TENCENT[0], nothing)
    assert came.error == ""
    assert came.frame is not None
    assert (len(came.frame), tuple(came.frame.columns)) == (0, TABLES["bars"].columns)


def test_the_caller_chooses_the_hosts_and_their_order() -> None:
    came, urls = came_of(*TENCENT, EASTMONEY, hosts=("tencent", "eastmoney"))
    assert (came.host, len(urls)) == ("tencent", 2)


@pytest.mark.parametrize("hosts", [("tencant",), ()])
def test_an_unknown_host_is_wrong_use(hosts: Sequence[str]) -> None:
    with pytest.raises(UsageError, match=r"no host .*choose of eastmoney, sina, tencent"):
        came_of(hosts=hosts)


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2025-08-25T15:59:59+08:00", "2025-08-22"),  # Monday, before its bar is final: Friday's
        ("2025-08-25T16:00:00+08:00", "2025-08-25"),
        ("2025-08-25T08:00:00+00:00", "2025-08-25"),  # the same instant, told in UTC
        ("2025-08-24T20:00:00+08:00", "2025-08-22"),  # Sunday
        ("2025-10-05T20:00:00+08:00", "2025-09-30"),  # a holiday of a week
    ],
)
def test_a_session_counts_once_its_bar_is_final(now: str, last: str) -> None:
    assert daily.last_finished(dt.datetime.fromisoformat(now)) == np.datetime64(last)


def test_years_after_the_calendar_end_with_its_last_session() -> None:
    assert daily.last_finished(dt.datetime(2099, 1, 1, tzinfo=dt.UTC)) < np.datetime64("2099-01-01")


def test_a_bar_of_a_session_that_still_runs_is_not_taken() -> None:
    with answered(Answer(f"{KLINE} end=20250821", EASTMONEY.body)):
        noon = desk(dt.datetime(2025, 8, 22, 4, tzinfo=dt.UTC))
        came = daily.daily_bars(noon, "688256.SH", SINCE, UNTIL)
    assert came.frame is not None
    assert came.frame["date"].dt.strftime("%Y-%m-%d").tolist() == DAYS[:-1]


def test_where_nothing_is_final_yet_nobody_is_asked() -> None:
    with answered() as sent:
        came = daily.daily_bars(desk(), "688256.SH", np.datetime64("2025-08-26"), np.datetime64("2025-08-29"))
    assert sent.urls == []
    assert came.frame is not None
    assert (len(came.frame), came.error, came.log) == (0, "", ())


def test_an_index_takes_the_same_way() -> None:
    points = [(day, 1100.0, 1120.0, 1090.0, 1110.0, 2e9, 46e9) for day in DAYS]
    tencent = Answer("newfqkline/get day,2025 sh000688", tencent_bars("sh000688", points, unit=1))
    with answered(Answer(KLINE, eastmoney_index("000300", points)), Answer("sina", status=456), TENCENT[0], tencent):
        came = daily.index_bars(desk(), "000688.SH", SINCE, UNTIL)
    assert came.frame is not None, came.error
    assert [(entry.host, entry.outcome) for entry in came.log] == [
        ("eastmoney", "quarantined"), ("sina", "refused"), ("tencent", "ok")
    ]  # fmt: skip
    assert came.frame["close"].tolist() == [1110.0] * 5
