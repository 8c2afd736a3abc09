"""Hosts of market data, answered on this machine: akshare's own code runs, and no request leaves it.

In a test:

    with answered(Answer("push2his.eastmoney.com kline/get secid=1.688256", body), ...) as asked:
        ...                             # asked.urls: every URL that was asked for, in order

An `Answer` fits a request when every word of `Answer.of` stands in its URL (unquoted) or its
body. The first that fits and is not used up answers. A request that none fits gets status 404, and
the block fails at its end unless ``strict=False``.

For a whole process: ``python tests/answered.py SCENARIO.json -- fetch --symbols 688256.SH``
starts the command line in the current folder with the hosts answered from a file; see `scenario`.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import json
import re
import socket
import sys
import time
from dataclasses import dataclass, field, replace
from http.client import RemoteDisconnected
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import requests
import responses
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError

from backfolio.cli import main as run
from backfolio.source.akshare import policy, transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from requests import PreparedRequest


@dataclass(frozen=True)
class Answer:
    """What a host says.

    Parameters
    ----------
    of
        Words, all of which stand in the URL or the body of the request.
    body
        Text (sent as UTF-8) or bytes.
    status, headers
        Of the reply.
    raises
        Instead of a reply, one of `FAULTS`.
    times
        How often it answers before it is used up; 0 = always.
    delay
        Seconds before it answers.
    """

    of: str
    body: str | bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raises: str = ""
    times: int = 0
    delay: float = 0.0

    def fits(self, request: str) -> bool:
        return all(word in request for word in self.of.split())


@dataclass
class AskedFor:
    """What was asked while the hosts were answered here."""

    urls: list[str] = field(default_factory=list)
    timeouts: list[Any] = field(default_factory=list)
    unfit: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    """Seconds (`time.monotonic`) at which each request came."""


def _closed() -> Exception:
    end = RemoteDisconnected("Remote end closed connection without response")
    return requests.exceptions.ConnectionError(ProtocolError("Connection aborted.", end))


def _reset() -> Exception:
    end = ConnectionResetError(104, "Connection reset by peer")
    return requests.exceptions.ConnectionError(ProtocolError("Connection aborted.", end))


def _no_name() -> Exception:
    no_name = socket.gaierror(-3, "Temporary failure in name resolution")
    reason = NameResolutionError("the.host", HTTPSConnection("the.host"), no_name)
    return requests.exceptions.ConnectionError(MaxRetryError(None, "/", reason))


def _unreachable() -> Exception:
    text = "Failed to establish a new connection: [Errno 101] Network is unreachable"
    reason = NewConnectionError(HTTPSConnection("the.host"), text)
    return requests.exceptions.ConnectionError(MaxRetryError(None, "/", reason))


def _proxy() -> Exception:
    return requests.exceptions.ProxyError("Tunnel connection failed: 403 Forbidden")


def _certificate() -> Exception:
    return requests.exceptions.SSLError("certificate verify failed: self-signed certificate")


def _timeout() -> Exception:
    return requests.exceptions.ReadTimeout("Read timed out.")


def _not_taken() -> Exception:
    return requests.exceptions.ConnectTimeout("Connection to the.host timed out. (connect timeout=5.0)")


FAULTS: Final = {
    "closed": _closed,
    "reset": _reset,
    "no name": _no_name,
    "unreachable": _unreachable,
    "timeout": _timeout,
    "not taken": _not_taken,
    "proxy": _proxy,
    "certificate": _certificate,
}
"""Ways in which no reply comes: what `requests` raises for each."""


@contextlib.contextmanager
def answered(
    *answers: Answer, strict: bool = True, heard: Callable[[str], object] = lambda _: None
) -> Iterator[AskedFor]:
    """Answer every request of `requests` from `answers` while the block runs; `heard` is told each as it comes."""
    left = [answer.times or -1 for answer in answers]
    asked = AskedFor()

    def reply(request: PreparedRequest) -> tuple[int, dict[str, str], bytes | Exception]:
        body = request.body or b""
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
        wanted = f"{unquote(request.url or '')}\n{unquote(text)}"
        asked.urls.append(wanted.strip())
        heard(wanted.strip())
        asked.timeouts.append(getattr(request, "req_kwargs", {}).get("timeout"))
        asked.at.append(time.monotonic())
        for place, answer in enumerate(answers):
            if left[place] != 0 and answer.fits(wanted):
                left[place] -= 1
                time.sleep(answer.delay)
                if answer.raises:
                    return 0, {}, FAULTS[answer.raises]()
                raw = answer.body.encode() if isinstance(answer.body, str) else answer.body
                return answer.status, {"Content-Type": "text/plain; charset=utf-8", **answer.headers}, raw
        asked.unfit.append(wanted.strip())
        return 404, {"Content-Type": "text/plain"}, b"no answer was prepared for this request"

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in (responses.GET, responses.POST, responses.HEAD):
            mock.add_callback(method, re.compile(".*"), callback=reply, content_type=None)
        yield asked
    if strict:
        assert not asked.unfit, f"no answer was prepared for: {asked.unfit}"


class Clock:
    """A clock that only moves when somebody waits: what a `Desk` takes as clock, sleep and now."""

    def __init__(self, start: dt.datetime) -> None:
        self.start, self.passed = start, 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.passed += seconds

    def now(self) -> dt.datetime:
        return self.start + dt.timedelta(seconds=self.passed)


# --- payloads in the hosts' own shapes -----------------------------------------------------------

Bar = tuple[str, float, float, float, float, float, float | None]
"""(date YYYY-MM-DD, open, high, low, close, shares, CNY or None)."""


def bars_of(days: Iterable[str], start: float = 100.0, shares: int = 1_000_000) -> list[Bar]:
    """Return plain bars, one a day: each closes a tenth higher, and its amount fits its volume."""
    made: list[Bar] = []
    for place, day in enumerate(days):
        low = round(start + place * 0.1, 2)
        high, open_, close = round(low + 2, 2), round(low + 0.5, 2), round(low + 1, 2)
        volume = shares + 100 * place
        made.append((day, open_, high, low, close, volume, round(volume * (low + 1), 2)))
    return made


def eastmoney_bars(code: str, bars: Sequence[Bar], *, name: str = "寒武纪", hand: int = 100) -> str:
    """Return the reply of push2his.eastmoney.com to ``stock_zh_a_hist``: volume is in hands."""
    lines = [
        f"{day},{o:.2f},{c:.2f},{h:.2f},{low:.2f},{round(shares / hand)},{'-' if amount is None else f'{amount:.2f}'},"
        f"{(h - low) / (low or 1) * 100:.2f},1.00,0.50,0.80"
        for day, o, h, low, c, shares, amount in bars
    ]
    market = 1 if code.startswith("6") else 0
    data = {"code": code, "market": market, "name": name, "decimal": 2, "dktotal": len(lines), "klines": lines}
    return json.dumps({"rc": 0, "rt": 17, "svr": 177617930, "lt": 1, "full": 0, "data": data}, ensure_ascii=False)


def eastmoney_nothing() -> str:
    """Return what push2his.eastmoney.com says of a symbol that it does not know."""
    return json.dumps({"rc": 100, "rt": 17, "svr": 177617930, "lt": 1, "full": 0, "data": None})


def eastmoney_index(code: str, bars: Sequence[Bar], *, market: int = 1) -> str:
    """Return the reply of push2his.eastmoney.com to ``stock_zh_index_daily_em``: eight fields, hands."""
    lines = [
        f"{day},{o:.2f},{c:.2f},{h:.2f},{low:.2f},{round(shares / 100)},{amount or 0:.2f},0.80"
        for day, o, h, low, c, shares, amount in bars
    ]
    data = {"code": code, "market": market, "name": "指数", "decimal": 2, "dktotal": len(lines), "klines": lines}
    return json.dumps({"rc": 0, "rt": 17, "svr": 177617930, "lt": 1, "full": 0, "data": data}, ensure_ascii=False)


def tencent_first_day(day: str) -> str:
    """Return the reply of web.ifzq.gtimg.cn to akshare's question for a symbol's first day."""
    return "trend_qfq=" + json.dumps({"code": 0, "msg": "", "data": [[day, "10.00"], ["2024-01-05", "11.00"]]})


def tencent_bars(code: str, bars: Sequence[Bar], *, unit: int = 100, year: int = 2025, key: str = "day") -> str:
    """Return one year's reply of proxy.finance.qq.com to ``stock_zh_a_hist_tx``.

    Parameters
    ----------
    code
        As in sz000977.
    bars
        Bars of that year and the next.
    unit
        Shares in a unit of its volume: 100, and 1 for STAR shares.
    year
        Year asked for.
    key
        "day" for raw bars.
    """
    rows = [
        [day, f"{o:.3f}", f"{c:.3f}", f"{h:.3f}", f"{low:.3f}", f"{shares / unit:.3f}", {}, "0.83",
         f"{(amount or 0) / 10000:.2f}", ""]
        for day, o, h, low, c, shares, amount in bars
    ]  # fmt: skip
    data = {code: {key: rows, "qt": {}, "mx_price": {}, "prec": "10.00", "version": "16"}}
    return f"kline_day{year}=" + json.dumps({"code": 0, "msg": "", "data": data})


# --- a whole process -------------------------------------------------------------------------------


def scenario(path: Path) -> tuple[list[Answer], Mapping[str, Any]]:
    """Read a scenario file.

    It is an object with ``answers`` (objects with the fields of `Answer`; ``base64`` instead of
    ``body`` where the body is not text) and, where wanted, ``now`` (an instant with its offset:
    what the clock shows), ``spacing`` (seconds between requests of every host; 0 unless told),
    ``budget`` (requests a day of every host) and ``urls`` (a file to which each URL is added).
    """
    told = json.loads(path.read_text(encoding="utf-8"))
    answers = []
    for given in told["answers"]:
        fields = dict(given)
        if "base64" in fields:
            fields["body"] = base64.b64decode(fields.pop("base64"))
        answers.append(Answer(**fields))
    return answers, told


def quick(**changes: Any) -> dict[str, Any]:
    """Return the policies of all hosts with `changes`; unless told, nothing is waited for."""
    changes = {"spacing": 0.0, "jitter": 0.0, "backoff": 0.0, **changes}
    return {host: replace(kept, **changes) for host, kept in policy.POLICIES.items()}


@contextlib.contextmanager
def staged(path: Path) -> Iterator[None]:
    """Answer the hosts from a scenario file while the block runs; the policies and the clock are put back."""
    answers, told = scenario(path)
    policies, clock = dict(policy.POLICIES), transport.utc_now
    changes = {key: told[key] for key in ("spacing", "budget", "timeout", "retries", "backoff") if key in told}
    policy.POLICIES.update(quick(**changes))
    if "now" in told:
        fixed = dt.datetime.fromisoformat(told["now"])
        transport.utc_now = lambda: fixed.astimezone(dt.UTC)

    def note(url: str) -> None:
        if "urls" in told:
            with Path(told["urls"]).open("a", encoding="utf-8") as out:
                out.write(f"{url}\n")

    try:
        with answered(*answers, strict=False, heard=note):
            yield
    finally:
        policy.POLICIES.update(policies)
        transport.utc_now = clock


def main(arguments: Sequence[str]) -> None:
    """Run the command line with the hosts answered from a scenario file."""
    file, dashes, *rest = arguments
    assert dashes == "--", "python tests/answered.py SCENARIO.json -- run_backtest arguments"
    sys.argv = ["run_backtest.py", *rest]
    with staged(Path(file)):
        run(Path.cwd())


if __name__ == "__main__":
    main(sys.argv[1:])
