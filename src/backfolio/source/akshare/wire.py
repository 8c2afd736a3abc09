"""The HTTP layer under akshare: its requests pass through here, and what goes wrong gets a name.

akshare calls `requests` everywhere, mostly without a timeout, and some of its
functions swallow every error. So `through` takes over `requests.Session.send`
while a call runs, `within` bounds a reply as a whole, and `fault_of` says in
one word why no reply came.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import threading
from email.utils import parsedate_to_datetime
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from backfolio.source.akshare.policy import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")

Timeout = tuple[float, float]

Fault = Literal["no name", "unreachable", "not taken", "closed", "reset", "timeout", "other"]
"""Why no reply came. The first three: this machine is offline, as far as that host can tell."""

UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})


class OverdueError(Exception):
    """A reply that did not end in time."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns, or raise `OverdueError` after so many seconds.

    The timeouts of `requests` bound the wait for each part of a reply, not
    the whole: a host that sends a byte now and then would hold us for ever.
    """
    came: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            came.append(call())
        except BaseException as error:  # noqa: BLE001  it is raised again where it belongs
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True, name="request")
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not came:
        message = f"the reply did not end within {seconds:.0f} seconds"
        raise OverdueError(message)
    return came[0]


@contextlib.contextmanager
def through(gate: Callable[[str, Callable[[Timeout], Any]], Any]) -> Iterator[None]:
    """Send every request of `requests` through ``gate(url, send)`` while the block runs.

    ``send(timeout)`` (seconds for the connection, and for each part of the
    reply) sends it and returns the whole `requests.Response`. The
    further requests of a redirect are sent as part of the first.
    """
    import requests  # noqa: PLC0415  as late as every heavy import

    original = requests.Session.send
    inside = threading.local()

    def sending(session: Any, request: Any, **given: Any) -> Any:  # noqa: ANN401  requests' own types
        if getattr(inside, "timeout", None) is not None:
            return original(session, request, **{**given, "timeout": inside.timeout})

        def send(timeout: Timeout) -> Any:  # noqa: ANN401
            inside.timeout = timeout
            try:
                response = original(session, request, **{**given, "timeout": timeout})
                response.content  # noqa: B018  the whole body is here before anything else happens
            finally:
                inside.timeout = None
            return response

        return gate(str(request.url), send)

    requests.Session.send = sending  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        requests.Session.send = original  # type: ignore[method-assign]


def fault_of(error: BaseException) -> Fault:
    """Return in one word why no reply came."""
    import requests  # noqa: PLC0415
    import urllib3.exceptions as urllib3  # noqa: PLC0415

    if isinstance(error, requests.exceptions.Timeout | OverdueError):
        return "not taken" if isinstance(error, requests.exceptions.ConnectTimeout) else "timeout"
    causes = tuple(_causes(error))
    if any(isinstance(cause, urllib3.NameResolutionError) for cause in causes):
        return "no name"
    if isinstance(error, requests.exceptions.ProxyError) or any(_unreachable(cause) for cause in causes):
        return "unreachable"
    if any(isinstance(cause, RemoteDisconnected) for cause in causes):
        return "closed"
    if any(isinstance(cause, ConnectionResetError | urllib3.ProtocolError) for cause in causes):
        return "reset"
    return "other"


def wait_told(header: str | None, now: dt.datetime) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for; None where it says nothing usable."""
    if not header:
        return None
    text = header.strip()
    if text.isdecimal():
        return float(text)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    return None


def made_at(headers: Mapping[str, str]) -> dt.datetime | None:
    """Return the time that a reply shows (header ``Date``, and ``Age`` where it was kept on the way); None without."""
    with contextlib.suppress(ValueError, TypeError):
        made = parsedate_to_datetime(headers.get("Date") or "")
        age = headers.get("Age") or ""
        return made.astimezone(dt.UTC) + dt.timedelta(seconds=int(age) if age.isdecimal() else 0)
    return None


def is_refusal(body: bytes) -> bool:
    """Tell whether a reply says in words that this address is refused; data (JSON) never does."""
    start = body[:4000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"{", b"[")):
        return False
    texts = (start.decode(encoding, "replace") for encoding in ("utf-8", "gb18030"))
    return any(word in "".join(text.split()) for text in texts for word in REFUSALS)


def is_page(body: bytes) -> bool:
    """Tell whether a reply is an HTML page."""
    start = body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<script"))


def _causes(error: object) -> Iterator[object]:
    """Yield an error and everything that it wraps, however urllib3 and requests keep it."""
    seen: set[int] = set()
    left = [error]
    while left:
        one = left.pop()
        if id(one) in seen or not isinstance(one, BaseException):
            continue
        seen.add(id(one))
        yield one
        left += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def _unreachable(cause: object) -> bool:
    if isinstance(cause, OSError) and cause.errno in UNREACHABLE:
        return True
    return "Network is unreachable" in str(cause) or "No route to host" in str(cause)
