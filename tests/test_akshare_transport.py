"""The desk: what each thing that a host does becomes, and that the hosts are asked politely.

Only the HTTP layer is answered here; akshare's own function bodies run.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.server
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests

import sina_payload as payload
from answered import Answer, Clock, answered, bars_of, eastmoney_bars, quick
from backfolio.source.akshare import wire
from backfolio.source.akshare.library import library, version
from backfolio.source.akshare.policy import POLICIES
from backfolio.source.akshare.transport import Asked, Desk
from backfolio.store.model import Block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd

NOW = dt.datetime(2025, 8, 25, 10, tzinfo=dt.UTC)  # 18:00 in Shanghai
KLINE = "push2his.eastmoney.com kline/get"
GOOD = eastmoney_bars("688256", bars_of(["2025-08-21", "2025-08-22"]))
PAGE = "<!DOCTYPE html>\n<html><head><title>安全验证</title></head><body></body></html>"


def fetched(desk: Desk, host: str = "eastmoney") -> Asked[pd.DataFrame]:
    return desk.ask(host, "stock_zh_a_hist", "688256.SH", lambda: library().stock_zh_a_hist(symbol="688256"))


def at_clock(clock: Clock, **changes: Any) -> Desk:
    """Return a desk on a clock of the test, with the shipped policies but for `changes`."""
    kept = {key: changes.pop(key) for key in ("spent", "blocks") if key in changes}
    policies = quick(**changes) if changes else POLICIES
    return Desk(policies=policies, clock=clock, sleep=clock.sleep, now=clock.now, random=lambda: 0.0, **kept)


@dataclass(frozen=True)
class Case:
    """What a host does, and what must become of it."""

    answers: tuple[Answer, ...]
    kind: str | None
    says: str = ""
    requests: int = 1
    blocked_minutes: float | None = None


def once(*answers: Answer) -> tuple[Answer, ...]:
    """Return the answers, each given once, and then a good one."""
    return (*(Answer(a.of, a.body, a.status, a.headers, a.raises, 1) for a in answers), Answer(KLINE, GOOD))


HTTP_DATE = "Mon, 25 Aug 2025 13:00:00 GMT"

CASES = {
    "forbidden": Case((Answer(KLINE, status=403),), "banned", "answered 403 (Forbidden)", 1, 60),
    "sina's own status of a ban": Case(
        (Answer(KLINE, status=456),), "banned", "answered 456 (no standard status)", 1, 60
    ),
    "too many requests, without end": Case(
        (Answer(KLINE, status=429),), "banned", "answered 429 (Too Many Requests)", 3, 15
    ),
    "too many requests, once": Case(once(Answer(KLINE, status=429)), None, requests=2),
    "too many, come back soon": Case(once(Answer(KLINE, status=429, headers={"Retry-After": "30"})), None, requests=2),
    "too many, come back late": Case(
        (Answer(KLINE, status=429, headers={"Retry-After": "7200"}),), "banned", "left alone for 7200 seconds", 1, 120
    ),
    "unavailable until a date": Case(
        (Answer(KLINE, status=503, headers={"Retry-After": HTTP_DATE}),), "banned", "2025-08-25 21:00 (Shanghai", 1, 180
    ),
    "come back soon, without end": Case(
        (Answer(KLINE, status=503, headers={"Retry-After": "20"}),), "banned", "left alone for 20 seconds", 3, 20 / 60
    ),
    "come back, but nobody can say when": Case(
        once(Answer(KLINE, status=503, headers={"Retry-After": "soon"})), None, requests=2
    ),
    "server error, once": Case(once(Answer(KLINE, PAGE, status=502)), None, requests=2),
    "server error, without end": Case(
        (Answer(KLINE, status=500),), "failed", "500 (Internal Server Error), 3 times", 3
    ),
    "no such page": Case((Answer(KLINE, status=404),), "failed", "answered 404 (Not Found)", 1),
    "connection reset, once": Case(once(Answer(KLINE, raises="reset")), None, requests=2),
    "connection reset, without end": Case(
        (Answer(KLINE, raises="reset"),), "failed", "broke the connection, 3 times", 3
    ),
    "closed without a reply, once": Case(once(Answer(KLINE, raises="closed")), None, requests=2),
    "closed without a reply, three times": Case(
        (Answer(KLINE, raises="closed"),), "banned", "closed 3 connections in a row without a reply", 3, 30
    ),
    "no reply in time": Case((Answer(KLINE, raises="timeout"),), "failed", "gave no reply in time, 3 times", 3),
    "no name resolution": Case(
        (Answer(KLINE, raises="no name"),), "offline", "cannot be reached from here: its name is not", 1
    ),
    "no network": Case((Answer(KLINE, raises="unreachable"),), "offline", "no way through the network", 1),
    "a connection that nobody takes": Case(
        (Answer(KLINE, raises="not taken"),), "offline", "nothing takes the connection", 1
    ),
    "a refusal in words, not as a page": Case(
        (Answer(KLINE, "你的 IP 存在异常访问(例如: 爬虫/攻击/探测 等), 已被新浪安全部门封禁.".encode("gbk")),),
        "banned",
        "sent a page that refuses this address",
        1,
        60,
    ),
    "the words of a refusal inside of data": Case((Answer(KLINE, GOOD.replace("寒武纪", "拒绝访问")),), None),
    "a proxy that refuses": Case((Answer(KLINE, raises="proxy"),), "offline", "or the proxy lets nothing through", 1),
    "a bad certificate": Case((Answer(KLINE, raises="certificate"),), "failed", "SSLError", 3),
    "a page where data is due": Case((Answer(KLINE, PAGE),), "banned", "a web page where data was due", 1, 60),
    "no JSON": Case((Answer(KLINE, "callback("),), "broken", "JSONDecodeError", 1),
    "nothing at all": Case((Answer(KLINE, ""),), "broken", "JSONDecodeError", 1),
    "another shape of JSON": Case((Answer(KLINE, '{"rc": 0, "klines": []}'),), "broken", "KeyError: 'data'", 1),
}
OUTCOME = {
    None: "ok", "banned": "refused", "failed": "failed", "offline": "failed", "broken": "quarantined"
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_a_host_does_becomes_a_value(name: str) -> None:
    case, clock = CASES[name], Clock(NOW)
    desk = at_clock(clock)
    with answered(*case.answers) as sent:
        came = fetched(desk)
    assert len(sent.urls) == case.requests == came.entry.calls == desk.spent["eastmoney"]
    assert (came.error.kind if came.error else None) == case.kind
    assert came.entry.outcome == OUTCOME[case.kind]
    if case.kind is None:
        assert came.value is not None
        assert len(came.value) == came.entry.rows == 2
    else:
        assert came.value is None
        assert came.error is not None
        assert case.says in came.error.text
        assert came.entry.detail == came.error.text
    if case.blocked_minutes is None:
        assert came.block is None
        assert desk.blocks == {}
    else:
        assert came.error is not None
        assert came.block == desk.blocks["eastmoney"]
        assert came.block.until == came.error.until == clock.now() + dt.timedelta(minutes=case.blocked_minutes)
        assert "; try again after 2025-08-25 " in came.error.text
    assert desk.offline == (case.kind == "offline")


def test_the_log_entry_says_who_was_asked_what_and_by_which_version() -> None:
    with answered(Answer(KLINE, GOOD)):
        entry = fetched(at_clock(Clock(NOW))).entry
    assert (entry.source, entry.host, entry.function) == ("akshare", "eastmoney", "stock_zh_a_hist")
    assert (entry.subject, entry.version, entry.at) == ("688256.SH", version(), NOW)
    assert version() == library().__version__


def test_the_hash_of_a_reply_changes_with_its_bytes() -> None:
    with answered(Answer(KLINE, GOOD)):
        first, again = (fetched(at_clock(Clock(NOW))).entry.hash for _ in range(2))
    with answered(Answer(KLINE, GOOD.replace("0.80", "0.81", 1))):
        other = fetched(at_clock(Clock(NOW))).entry.hash
    assert len(first) == 16
    assert first == again != other


def test_replies_are_handed_on_as_they_came() -> None:
    with answered(*once(Answer(KLINE, "overloaded", status=503))):
        came = fetched(at_clock(Clock(NOW)))
    assert [(reply.status, reply.body) for reply in came.replies] == [(503, b"overloaded"), (200, GOOD.encode())]
    assert all("secid=1.688256" in reply.url for reply in came.replies)


@pytest.mark.parametrize(("body", "text"), [("寒武纪".encode(), "寒武纪"), ("寒武纪".encode("gbk"), "寒武纪")])
def test_a_reply_reads_as_text_in_the_hosts_encodings(body: bytes, text: str) -> None:
    with answered(Answer(KLINE, body)):
        assert fetched(at_clock(Clock(NOW))).replies[0].text == text


def test_a_reply_that_akshare_cannot_read_is_kept_whole() -> None:
    with answered(Answer(KLINE, '{"rc": 0, "klines": []}')):
        (kept,) = fetched(at_clock(Clock(NOW))).quarantined
    assert (kept.payload, kept.host, kept.at) == (b'{"rc": 0, "klines": []}', "eastmoney", NOW)
    assert kept.reason == "KeyError: 'data'"


def test_a_failure_without_a_reply_leaves_nothing_to_keep() -> None:
    def call() -> pd.DataFrame:
        message = "wrong argument"
        raise TypeError(message)

    came = at_clock(Clock(NOW)).ask("eastmoney", "x", "688256.SH", call)
    assert came.error is not None
    assert (came.error.kind, came.quarantined, came.entry.outcome) == ("broken", (), "failed")


# --- politeness --------------------------------------------------------------------------------------


def test_requests_of_a_host_keep_their_distance() -> None:
    clock = Clock(NOW)
    desk = Desk(clock=clock, sleep=clock.sleep, now=clock.now, random=lambda: 0.5)
    with answered(Answer(KLINE, GOOD)):
        for _ in range(3):
            fetched(desk)
        policy = POLICIES["eastmoney"]
        assert clock.waits == [policy.spacing + policy.jitter / 2] * 2
        fetched(desk, "tencent")  # another host is not kept waiting
        clock.passed += 60
        fetched(desk)  # long enough ago
    assert len(clock.waits) == 2


def test_pauses_after_failures_grow_and_vary() -> None:
    clock = Clock(NOW)
    policies = quick(backoff=2.0, retries=3)
    desk = Desk(policies=policies, clock=clock, sleep=clock.sleep, now=clock.now, random=lambda: 0.5)
    with answered(Answer(KLINE, status=500)):
        fetched(desk)
    assert clock.waits == [2 * 1.25, 4 * 1.25, 8 * 1.25]


@pytest.mark.parametrize("told", ["30", "Mon, 25 Aug 2025 10:00:30 GMT"])
def test_retry_after_is_waited_out(told: str) -> None:
    clock = Clock(NOW)
    with answered(*once(Answer(KLINE, status=429, headers={"Retry-After": told}))):
        assert fetched(at_clock(clock)).error is None
    assert clock.passed >= 30


def test_a_redirect_is_part_of_the_request_and_has_the_timeout_too() -> None:
    elsewhere = Answer(KLINE, status=302, headers={"Location": "https://elsewhere.eastmoney.com/data"})
    with answered(elsewhere, Answer("elsewhere.eastmoney.com", GOOD)) as sent:
        came = fetched(at_clock(Clock(NOW)))
    assert came.error is None
    assert sent.timeouts == [(5.0, POLICIES["eastmoney"].timeout)] * 2
    assert came.entry.calls == 1


def test_every_request_has_a_timeout_where_akshare_gives_none() -> None:
    with answered(Answer(KLINE, GOOD)) as sent:
        fetched(at_clock(Clock(NOW), timeout=7.0))
    assert sent.timeouts == [(5.0, 7.0)]


def test_a_budget_that_is_spent_ends_the_asking_until_midnight_in_shanghai() -> None:
    desk = at_clock(Clock(NOW), budget=2, spent={"eastmoney": 1})
    with answered(Answer(KLINE, GOOD)) as sent:
        assert fetched(desk).error is None
        came = fetched(desk)
    assert len(sent.urls) == 1
    assert came.error is not None
    assert (came.error.kind, came.entry.outcome, came.entry.calls, came.block) == ("budget", "refused", 0, None)
    assert came.error.until == dt.datetime(2025, 8, 25, 16, tzinfo=dt.UTC)
    assert came.error.text == (
        "eastmoney: the budget of 2 requests a day is spent; try again after 2025-08-26 00:00 (Shanghai time)"
    )


def test_a_budget_begins_anew_at_midnight_in_shanghai_and_calls_are_counted_on() -> None:
    clock = Clock(NOW)
    desk = at_clock(clock, budget=2, spent={"eastmoney": 1})
    with answered(Answer(KLINE, GOOD)):
        assert fetched(desk).error is None
        assert fetched(desk).error is not None
        clock.passed = (dt.datetime(2025, 8, 25, 16, tzinfo=dt.UTC) - NOW).total_seconds() - 1
        assert fetched(desk).error is not None
        clock.passed += 1
        kinds = [came.error.kind if came.error else None for came in (fetched(desk) for _ in range(3))]
    assert kinds == [None, None, "budget"]
    assert (desk.spent, desk.made) == ({"eastmoney": 2}, {"eastmoney": 3})


def test_a_budget_also_ends_the_retries_of_a_request() -> None:
    desk = at_clock(Clock(NOW), budget=2)
    with answered(Answer(KLINE, status=500)) as sent:
        came = fetched(desk)
    assert came.error is not None
    assert (len(sent.urls), came.error.kind) == (2, "budget")


def test_a_blocked_host_is_not_asked_until_its_time() -> None:
    clock = Clock(NOW)
    block = Block("eastmoney", NOW + dt.timedelta(minutes=10), "eastmoney answered 403 (Forbidden)")
    desk = at_clock(clock, blocks={"eastmoney": block})
    with answered(Answer(KLINE, GOOD)) as sent:
        came = fetched(desk)
        assert sent.urls == []
        assert came.error is not None
        assert (came.error.kind, came.error.until, came.block) == ("blocked", block.until, None)
        assert "left alone until 2025-08-25 18:10 (Shanghai time): eastmoney answered 403" in came.error.text
        clock.passed = 600
        assert fetched(desk).error is None


def test_a_ban_holds_for_what_is_asked_next() -> None:
    desk = at_clock(Clock(NOW))
    with answered(Answer(KLINE, status=403)) as sent:
        fetched(desk)
        again = fetched(desk)
    assert len(sent.urls) == 1
    assert again.error is not None
    assert again.error.kind == "blocked"


def test_closed_connections_count_over_calls_and_a_reply_ends_the_count() -> None:
    desk = at_clock(Clock(NOW), retries=0)
    closed = Answer(KLINE, raises="closed", times=2)
    with answered(closed, Answer(KLINE, GOOD, times=1), closed, Answer(KLINE, raises="closed", times=1)):
        kinds = [came.error.kind if came.error else None for came in (fetched(desk) for _ in range(6))]
    assert kinds == ["failed", "failed", None, "failed", "failed", "banned"]


# --- akshare's habits --------------------------------------------------------------------------------


def test_a_call_that_swallows_every_error_does_not_hide_a_ban() -> None:
    def call() -> str:
        for _ in range(5):
            with suppress(BaseException):
                requests.get("https://push2his.eastmoney.com/kline/get", timeout=1)
        return "as if nothing had happened"

    with answered(Answer(KLINE, status=403)) as sent:
        came = at_clock(Clock(NOW)).ask("eastmoney", "x", "y", call)
    assert len(sent.urls) == 1  # not one more request after the ban
    assert came.value is None
    assert came.error is not None
    assert came.error.kind == "banned"


def test_akshares_own_retries_do_not_multiply_ours() -> None:
    ask = library().stock_zh_a_st_em
    began = time.monotonic()
    with answered(Answer("clist/get", status=403)) as sent:
        came = at_clock(Clock(NOW)).ask("eastmoney", "stock_zh_a_st_em", "", ask)
    assert came.error is not None
    assert (len(sent.urls), came.error.kind) == (1, "banned")
    assert time.monotonic() - began < 1  # it would wait between its retries


@pytest.mark.parametrize("host", ["vip.stock.finance.sina.com.cn", "stock.finance.sina.com.cn/stock/go.php"])
@pytest.mark.parametrize(
    ("page", "says"),
    [
        (PAGE, "has no table"),
        (payload.banned(), "refuses this address"),
        (payload.banned().replace("<body>", "<body><table></table>"), "refuses this address"),
    ],
)
def test_fault_another_page_where_a_page_is_due_is_a_ban(host: str, page: str, says: str) -> None:
    desk = at_clock(Clock(NOW))
    with answered(Answer("sina", page.encode("gbk"))) as sent:
        came = [desk.ask("sina", "x", "y", lambda: requests.get(f"https://{host}/600000.phtml", timeout=1).text)
                for _ in range(2)]  # fmt: skip
    assert len(sent.urls) == 1
    assert [one.error.kind if one.error else None for one in came] == ["banned", "blocked"]
    assert came[0].error is not None
    assert says in came[0].error.text
    assert came[0].error.text.endswith("; try again after 2025-08-25 19:00 (Shanghai time)")


def test_a_page_is_no_ban_where_a_page_is_due() -> None:
    where = "https://vip.stock.finance.sina.com.cn/corp/go.php/vISSUE_ShareBonus/stockid/600000.phtml"
    page = PAGE.replace("<body>", "<body><table></table>")
    with answered(Answer("vISSUE_ShareBonus", page)):
        came = at_clock(Clock(NOW)).ask("sina", "x", "600000.SH", lambda: requests.get(where, timeout=1).text)
    assert came.value == page


def test_what_akshare_warns_of_is_not_ours_to_show(recwarn: pytest.WarningsRecorder) -> None:
    def call() -> list[int]:
        import warnings  # noqa: PLC0415  as akshare's functions do

        warnings.warn("pandas will change", FutureWarning, stacklevel=1)
        return [1]

    assert at_clock(Clock(NOW)).ask("sina", "x", "y", call).value == [1]
    assert not recwarn.list


def test_akshares_progress_bars_stay_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    library()
    from akshare.stock_feature import stock_hist_tx  # noqa: PLC0415  as late as the product imports it

    assert list(stock_hist_tx.get_tqdm()(range(3), leave=False)) == [0, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_passes_through_and_leaves_requests_as_they_were() -> None:
    before = requests.Session.send

    def call() -> None:
        raise KeyboardInterrupt

    desk = at_clock(Clock(NOW))
    with pytest.raises(KeyboardInterrupt):
        desk.ask("eastmoney", "x", "y", call)
    assert requests.Session.send is before
    with answered(Answer(KLINE, GOOD)):
        assert fetched(desk).error is None  # and the desk can be asked again
    assert requests.Session.send is before


def test_the_desk_is_imported_without_akshare() -> None:
    code = (
        "import sys; from backfolio.source.akshare import daily, transport; from backfolio.source.akshare.library "
        "import version; version(); print({'akshare', 'requests', 'pandas', 'duckdb'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# --- offline -----------------------------------------------------------------------------------------


def test_one_reply_before_means_that_one_host_alone_is_away() -> None:
    desk = at_clock(Clock(NOW))
    gone = Answer("secid", raises="no name", times=1)
    with answered(Answer(KLINE, GOOD, times=1), gone, gone, Answer(KLINE, GOOD)):
        fetched(desk)
        fetched(desk)
        assert not desk.offline
        fetched(desk, "tencent")
        assert desk.offline  # two hosts since the last reply: the line is down
        fetched(desk)
        assert not desk.offline


def test_who_was_reached_is_told() -> None:
    desk = at_clock(Clock(NOW))
    assert not desk.reached
    with answered(Answer(KLINE, raises="not taken", times=2), Answer(KLINE, status=500)):
        fetched(desk)
        fetched(desk, "tencent")
        assert (desk.reached, desk.unreached) == (False, {"eastmoney", "tencent"})
        fetched(desk)
    assert (desk.reached, desk.unreached) == (True, frozenset())


def test_fault_a_host_that_takes_no_connection_while_others_answer_is_left_alone() -> None:
    desk = at_clock(Clock(NOW))
    with answered(Answer(KLINE, raises="not taken"), Answer("sina", "x")) as sent:
        kinds = []
        for _ in range(4):
            desk.ask("sina", "x", "y", lambda: requests.get("https://hq.sinajs.cn/sina", timeout=1).text)
            came = fetched(desk)
            kinds.append(came.error.kind if came.error else None)
    assert kinds == ["offline", "offline", "banned", "blocked"]
    assert sum("kline" in url for url in sent.urls) == 3
    assert desk.blocks["eastmoney"].reason == "eastmoney took none of 3 connections in a row, while others answer"


@pytest.mark.enable_socket
def test_fault_packets_that_are_swallowed_cost_one_wait() -> None:
    with socket.socket() as server, contextlib.ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        # A queue that is full takes no further connection: what asks for one is not answered.
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        desk = at_clock(Clock(NOW), timeout=0.2)
        began = time.monotonic()
        came = desk.ask("eastmoney", "x", "y", got(url))
        took = time.monotonic() - began
    assert came.error is not None
    assert (came.error.kind, came.entry.calls) == ("offline", 1)
    assert "nothing takes the connection" in came.error.text
    assert took < 0.2 * 4  # the wait for a whole reply: the connection itself was given up before


def test_a_second_host_that_hangs_while_offline_is_not_waited_for() -> None:
    desk = at_clock(Clock(NOW), timeout=0.05)
    hangs = Answer(KLINE, GOOD, delay=0.5)
    with answered(Answer(KLINE, raises="no name", times=1), hangs):
        fetched(desk)
        came = fetched(desk, "tencent")
    assert came.error is not None
    assert came.error.kind == "offline"
    time.sleep(0.5)  # the reply that nobody waits for ends before the test does


# --- a real server on the loopback --------------------------------------------------------------------


class Host(http.server.BaseHTTPRequestHandler):
    """Drips a reply a byte at a time, or ends it early, by path."""

    def do_GET(self) -> None:
        body = b'{"data": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            for at in range(len(body)):
                if self.path == "/short" and at == 5:
                    return
                self.wfile.write(body[at : at + 1])
                self.wfile.flush()
                if self.path == "/drip":
                    time.sleep(0.15)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def served() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def got(url: str) -> Callable[[], Any]:
    def call() -> Any:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url).json()

    return call


@pytest.mark.enable_socket
def test_a_reply_that_drips_without_end_is_cut_off(served: str) -> None:
    desk = Desk(policies=quick(timeout=0.2, retries=0))
    began = time.monotonic()
    came = desk.ask("eastmoney", "x", "y", got(f"{served}/drip"))
    assert time.monotonic() - began < 1.5  # four timeouts; the reply takes 1.8 seconds
    assert came.error is not None
    assert (came.error.kind, "did not end within" in came.error.text) == ("failed", True)
    time.sleep(1.2)


@pytest.mark.enable_socket
def test_a_reply_that_breaks_off_is_no_reply(served: str) -> None:
    came = Desk(policies=quick(retries=1)).ask("eastmoney", "x", "y", got(f"{served}/short"))
    assert came.error is not None
    assert (came.error.kind, came.entry.calls) == ("failed", 2)


@pytest.mark.enable_socket
def test_a_whole_reply_over_a_real_connection_comes_through(served: str) -> None:
    came = Desk(policies=quick()).ask("eastmoney", "x", "y", got(f"{served}/whole"))
    assert came.value == {"data": []}


@pytest.mark.enable_socket
def test_a_port_that_nobody_serves_is_a_failure(served: str) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host) as gone:
        url = f"http://127.0.0.1:{gone.server_address[1]}"
    came = Desk(policies=quick(retries=0)).ask("eastmoney", "x", "y", got(url))
    assert came.error is not None
    assert came.error.kind == "failed"


# --- small parts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("", None), ("soon", None), ("-5", None), ("0", 0.0), (" 12 ", 12.0),
        ("Mon, 25 Aug 2025 10:01:00 GMT", 60.0), ("Mon, 25 Aug 2025 09:00:00 GMT", 0.0),
    ],
)  # fmt: skip
def test_retry_after_in_both_of_its_forms(header: str | None, seconds: float | None) -> None:
    assert wire.wait_told(header, NOW) == seconds


@pytest.mark.parametrize(
    ("body", "page"),
    [
        (b"<!DOCTYPE html><html>", True), (b"\xef\xbb\xbf\r\n <HTML lang='zh'>", True), (b"<script>location=", True),
        (b'{"data": "<html>"}', False), (b"PK\x03\x04", False), (b"", False), (b"var KLC=1", False),
        (b"/*<script>location.href='//sina.com';</script>*/", False),
    ],
)  # fmt: skip
def test_pages_are_told_from_data(body: bytes, page: bool) -> None:
    assert wire.is_page(body) is page


def test_a_scenario_answers_a_whole_process(root: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.json"
    scenario.write_text('{"answers": [], "now": "2025-08-25T18:00:00+08:00", "budget": 3}', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(root / "tests" / "answered.py"), str(scenario), "--", "--help"],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "run" in done.stdout
