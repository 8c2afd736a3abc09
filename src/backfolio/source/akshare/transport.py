"""`Desk`: the one place from which hosts are asked, politely, and where what they do becomes a value.

One call at a time; requests of a host keep their distance; every request has
a timeout; what may pass is tried again with growing pauses; a ``Retry-After``
is obeyed; a ban is recognised, named with the time to try again, and from
then on the host is left alone. Nothing that a host does raises: `Desk.ask`
returns `Asked`, with a value or with a `HostError`.
"""

from __future__ import annotations

import datetime as dt
import random as chance
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, NoReturn, TypeVar

from backfolio.calendar import SHANGHAI
from backfolio.source.akshare import wire
from backfolio.source.akshare.asked import (
    OUTCOMES,
    Asked,
    HostError,
    Kind,
    Reply,
    as_they_came,
    hash_of,
    with_outcome,
)
from backfolio.source.akshare.library import version
from backfolio.source.akshare.policy import (
    AHEAD,
    BANS,
    CLOSED,
    CONNECT,
    LONGEST_WAIT,
    MASKED,
    PAGES,
    POLICIES,
    WHOLE,
    Policy,
)
from backfolio.store.model import Block, LogEntry, Quarantined

__all__ = ["POLICIES", "Asked", "Desk", "HostError", "Policy", "Reply", "as_they_came", "utc_now", "with_outcome"]

T = TypeVar("T")

CLOSINGS: Final = 3
"""So many connections in a row, closed without a reply or not taken at all, are a refusal."""

AWAY: Final[Mapping[wire.Fault, str]] = {
    "no name": "its name is not resolved",
    "unreachable": "no way through the network, or the proxy lets nothing through",
    "not taken": "nothing takes the connection",
    "timeout": "no reply, as from the hosts before it",
}
SECOND_LOOK: Final = 5.0
"""Seconds for a whole reply while one host could not be reached and none has answered yet."""


def utc_now() -> dt.datetime:
    """Return the time, in UTC."""
    return dt.datetime.now(dt.UTC)


class _Stopped(Exception):  # noqa: N818  not an error of ours: it carries one out of akshare's code
    """Leaves akshare's code; neither a `ValueError` nor one of requests' errors, which it would retry."""


@dataclass
class _Call:
    """One call while it runs."""

    host: str
    replies: list[Reply] = field(default_factory=list)
    spent: int = 0
    error: HostError | None = None
    block: Block | None = None

    def stop(self, kind: Kind, text: str, until: dt.datetime | None = None) -> NoReturn:
        self.error = HostError(self.host, kind, text, until)
        raise _Stopped(text)


class Desk:
    """From where hosts are asked during one fetch.

    Parameters
    ----------
    policies
        Host to `Policy`.
    spent
        Requests already made today (Shanghai time), by host.
    blocks
        Hosts to leave alone for now.
    clock, sleep
        Seconds that only go forward, and how to wait.
    random
        Numbers in [0, 1).
    now
        The time, time-zone aware.

    Attributes
    ----------
    spent
        Requests made today (Shanghai time), by host; a new day begins with none.
    made
        Requests made by this desk, by host, whatever the day.
    """

    def __init__(
        self,
        *,
        policies: Mapping[str, Policy] | None = None,
        spent: Mapping[str, int] | None = None,
        blocks: Mapping[str, Block] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = chance.random,
        now: Callable[[], dt.datetime] | None = None,
    ) -> None:
        self._policies = dict(POLICIES if policies is None else policies)
        self.spent = dict(spent or {})
        self.made: Counter[str] = Counter()
        self.blocks = dict(blocks or {})
        self._clock, self._sleep, self._random = clock, sleep, random
        self._now = now
        self._day = self._today()
        self._last: dict[str, float] = {}
        self._closings: Counter[str] = Counter()
        self._not_taken: Counter[str] = Counter()
        self._reached = False
        self._unreached: set[str] = set()
        self._clocks: dict[str, float] = {}
        self._lock = threading.Lock()

    def now(self) -> dt.datetime:
        """Return the time."""
        return (self._now or utc_now)()

    @property
    def reached(self) -> bool:
        """Whether any host has answered yet, with whatever."""
        return self._reached

    @property
    def unreached(self) -> frozenset[str]:
        """The hosts that could not be reached since one last answered."""
        return frozenset(self._unreached)

    @property
    def offline(self) -> bool:
        """Whether this machine seems to be offline.

        So it is if a host could not be reached before any answered, or two
        could not since one last did.
        """
        return len(self._unreached) > (1 if self._reached else 0)

    @property
    def ahead(self) -> float:
        """Hours by which this machine's clock is ahead, as the replies of two hosts or more show; 0 where it is not."""
        least = min(self._clocks.values(), default=0.0)
        return least / 3600 if len(self._clocks) > 1 and least > AHEAD else 0.0

    def ask(self, host: str, function: str, subject: str, call: Callable[[], T]) -> Asked[T]:
        """Run `call`, which asks `host` through akshare.

        Parameters
        ----------
        host
            One of the policies' hosts.
        function
            akshare's function, as the log names it.
        subject
            What is asked for: a symbol, an index, a day.
        call
            Calls akshare; each of its requests passes through here.

        Returns
        -------
        Asked
            Never raises for what a host does; Ctrl-C passes through.
        """
        with self._lock:
            running = _Call(host)
            value, reason = self._run(call, running)
        at = self.now()
        quarantined: tuple[Quarantined, ...] = ()
        if reason:
            text = f"{host}: akshare's {function} could not read what came for {subject}: {reason}"
            running.error = HostError(host, "broken", text)
            if running.replies:
                quarantined = (Quarantined(at, host, function, subject, reason, as_they_came(running.replies)),)
        error = running.error
        rows = len(value) if isinstance(value, Sized) and error is None else 0
        outcome = ("ok" if rows or not isinstance(value, Sized) else "empty") if error is None else OUTCOMES[error.kind]
        entry = LogEntry(
            at=at,
            source="akshare",
            host=host,
            function=function,
            version=version(),
            subject=subject,
            rows=rows,
            hash=hash_of(running.replies),
            outcome=outcome if quarantined or outcome != "quarantined" else "failed",
            detail="" if error is None else error.text,
            calls=running.spent,
        )
        kept = value if error is None else None
        return Asked(kept, tuple(running.replies), entry, quarantined, error, running.block)

    def _run(self, call: Callable[[], T], running: _Call) -> tuple[T | None, str]:
        """Return the value, and why akshare could not read the reply ("" where it could)."""
        try:
            self._still_welcome(running)
            with wire.through(lambda url, send: self._request(running, url, send)), warnings.catch_warnings():
                # akshare and what it calls warn of changes inside themselves.
                warnings.simplefilter("ignore")
                value = call()
        except _Stopped:
            return None, ""
        except Exception as error:  # noqa: BLE001  akshare raises anything at all where a reply is not as it expects
            return None, "" if running.error else f"{type(error).__name__}: {error}"[:300]
        # Some of akshare's functions swallow every exception: what was stopped did not succeed.
        return (None if running.error else value), ""

    def _still_welcome(self, running: _Call) -> None:
        host, now = running.host, self.now()
        block = self.blocks.get(host)
        if block is not None and block.until > now:
            running.stop("blocked", f"{host} is left alone until {_told(block.until)}: {block.reason}", block.until)
        budget = self._policies[host].budget
        if self._day != self._today():
            self._day = self._today()
            self.spent.clear()
        if self.spent.get(host, 0) >= budget:
            local = now.astimezone(SHANGHAI)
            until = dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time(), tzinfo=SHANGHAI)
            text = f"{host}: the budget of {budget:,} requests a day is spent; try again after {_told(until)}"
            running.stop("budget", text, until.astimezone(dt.UTC))

    def _today(self) -> dt.date:
        return self.now().astimezone(SHANGHAI).date()

    def _request(self, running: _Call, url: str, send: Callable[[wire.Timeout], Any]) -> Any:  # noqa: ANN401  requests' Response
        """Send one request until a reply came or nothing more is to be hoped for."""
        if running.error is not None:
            raise _Stopped(running.error.text)
        policy = self._policies[running.host]
        for attempt in range(policy.retries + 1):
            self._still_welcome(running)
            self._wait_turn(running.host, policy)
            last = attempt == policy.retries
            response = self._once(running, url, send, policy, last=last)
            if response is not None:
                pause = self._judged(running, url, response, last=last)
                if pause == 0:
                    return response
            else:
                pause = None
            backed_off = policy.backoff * 2**attempt * (1 + self._random() / 2)
            self._sleep(backed_off if pause is None else max(pause, policy.spacing))
        message = "the last attempt always ends in a reply or in a stop"
        raise AssertionError(message)

    def _wait_turn(self, host: str, policy: Policy) -> None:
        if host in self._last:
            due = self._last[host] + policy.spacing + policy.jitter * self._random()
            left = due - self._clock()
            if left > 0:
                self._sleep(left)
        self._last[host] = self._clock()

    def _once(
        self, running: _Call, url: str, send: Callable[[wire.Timeout], Any], policy: Policy, *, last: bool
    ) -> Any:  # noqa: ANN401  requests' Response
        """Return the response, or None where none came and trying again makes sense."""
        import requests  # noqa: PLC0415  as late as every heavy import

        host = running.host
        self.spent[host] = self.spent.get(host, 0) + 1
        self.made[host] += 1
        running.spent += 1
        whole = min(policy.timeout * WHOLE, SECOND_LOOK) if self.offline else policy.timeout * WHOLE
        try:
            response = wire.within(whole, lambda: send((min(CONNECT, policy.timeout), policy.timeout)))
        except (requests.exceptions.RequestException, wire.OverdueError) as error:
            self._no_reply(running, url, error, last=last)
            return None
        self._closings[host] = self._not_taken[host] = 0
        self._reached = True
        self._unreached.clear()
        made = wire.made_at(response.headers)
        if made is not None:
            ahead = (self.now() - made).total_seconds()
            self._clocks[host] = min(ahead, self._clocks.get(host, ahead))
        running.replies.append(Reply(url, response.status_code, response.content, self.now()))
        return response

    def _no_reply(self, running: _Call, url: str, error: Exception, *, last: bool) -> None:
        host = running.host
        place = url.split("/")[2] if "//" in url else url
        fault = wire.fault_of(error)
        if fault == "not taken":
            self._not_taken[host] += 1
            if self._not_taken[host] >= CLOSINGS and self._reached and self._unreached <= {host}:
                self._not_taken[host] = 0
                self._ban(running, CLOSED, f"{host} took none of {CLOSINGS} connections in a row, while others answer")
        if fault in {"no name", "unreachable", "not taken"} or (fault == "timeout" and self.offline):
            self._unreached.add(host)
            running.stop("offline", f"{host} ({place}) cannot be reached from here: {AWAY.get(fault, _short(error))}")
        if fault == "closed":
            self._closings[host] += 1
            if self._closings[host] >= CLOSINGS:
                self._closings[host] = 0
                self._ban(running, CLOSED, f"{host} closed {CLOSINGS} connections in a row without a reply")
        if last:
            words = {"timeout": "gave no reply in time", "closed": "closed the connection without a reply"}
            text = words.get(fault, "broke the connection" if fault == "reset" else "gave no reply")
            running.stop(
                "failed", f"{host} ({place}) {text}, {self._policies[host].retries + 1} times: {_short(error)}"
            )

    def _judged(self, running: _Call, url: str, response: Any, *, last: bool) -> float | None:  # noqa: ANN401
        """Return 0 where the response is one to hand on, else the seconds to wait (None: as the policy says)."""
        host, status = running.host, response.status_code
        named = f"{host} answered {status} ({_phrase(status)})"
        told = wire.wait_told(response.headers.get("Retry-After"), self.now())
        if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE} and told is not None:
            if told > LONGEST_WAIT or last:
                self._ban(running, max(told, 1.0), f"{named} and asked to be left alone for {told:.0f} seconds")
            return told or None
        if status in BANS and (last or status != HTTPStatus.TOO_MANY_REQUESTS):
            self._ban(running, BANS[status], named)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            if last:
                running.stop("failed", f"{named}, {self._policies[host].retries + 1} times")
            return None
        if status >= HTTPStatus.BAD_REQUEST:
            running.stop("failed", f"{named} to {url.split('?', maxsplit=1)[0]}")
        self._still_data(running, url, response.content)
        return 0

    def _still_data(self, running: _Call, url: str, body: bytes) -> None:
        """Stop where a page came that is not the one due: it has no table, or says that this address is refused."""
        host = running.host
        if wire.is_refusal(body):
            self._ban(running, MASKED, f"{host} sent a page that refuses this address")
        if not wire.is_page(body):
            return
        if not any(part in url for part in PAGES):
            self._ban(running, MASKED, f"{host} sent a web page where data was due (a test for robots, or a login)")
        if b"<table" not in body.lower():
            self._ban(running, MASKED, f"{host} sent another page than the one asked for: it has no table")

    def _ban(self, running: _Call, seconds: float, reason: str) -> NoReturn:
        until = self.now() + dt.timedelta(seconds=seconds)
        running.block = Block(running.host, until, reason)
        self.blocks[running.host] = running.block
        running.stop("banned", f"{reason}; try again after {_told(until)}", until)


def _told(until: dt.datetime) -> str:
    return f"{until.astimezone(SHANGHAI):%Y-%m-%d %H:%M} (Shanghai time)"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no standard status"


def _short(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
