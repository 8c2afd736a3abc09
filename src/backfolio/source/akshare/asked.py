"""`Asked`: what became of one call of a host, as values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeVar

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from backfolio.store.model import Block, LogEntry, Quarantined

T = TypeVar("T")

Kind = Literal["banned", "blocked", "budget", "offline", "failed", "broken"]
"""What went wrong: the host refused now, had refused before, has been asked enough today, cannot be
reached from here, gave no usable reply, or gave one that akshare could not read."""

OUTCOMES: Final[Mapping[Kind, str]] = {
    "banned": "refused",
    "blocked": "refused",
    "budget": "refused",
    "offline": "failed",
    "failed": "failed",
    "broken": "quarantined",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of a host, as it came."""

    url: str
    status: int
    body: bytes
    at: dt.datetime

    @property
    def text(self) -> str:
        """The body as text: UTF-8, else GBK."""
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            return self.body.decode("gb18030", "replace")


@dataclass(frozen=True, slots=True)
class HostError:
    """Why a host gave nothing: `text` is one sentence, `until` the time before which asking again is useless."""

    host: str
    kind: Kind
    text: str
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What became of one call.

    Parameters
    ----------
    value
        What the call returned; None where `error` says why not.
    replies
        Every reply that came, in order, those of failed attempts too.
    entry
        For the log.
    quarantined
        A reply that akshare could not read.
    error
        None where a value came.
    block
        A ban that this call met.
    """

    value: T | None
    replies: tuple[Reply, ...]
    entry: LogEntry
    quarantined: tuple[Quarantined, ...] = ()
    error: HostError | None = None
    block: Block | None = None


def as_they_came(replies: Sequence[Reply]) -> bytes:
    """Return replies as bytes to keep: one as it is, several each under a line with its URL."""
    if len(replies) == 1:
        return replies[0].body
    return b"".join(f"--- {reply.status} {reply.url}\n".encode() + reply.body + b"\n" for reply in replies)


def with_outcome(entry: LogEntry, outcome: str, detail: str) -> LogEntry:
    """Return a log entry that ends otherwise than its call did: its rows were looked at since."""
    return replace(entry, outcome=outcome, detail=detail)


def hash_of(replies: Sequence[Reply]) -> str:
    """Return 16 hex digits over the bytes of replies."""
    digest = hashlib.blake2b(digest_size=8)
    for reply in replies:
        digest.update(reply.body)
    return digest.hexdigest()
