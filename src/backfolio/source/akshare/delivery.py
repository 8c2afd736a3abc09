"""`Delivery`: what an endpoint hands on, and the way from a call's outcome to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backfolio.source.akshare.contract import breaches
from backfolio.source.akshare.transport import Asked, Desk, as_they_came, with_outcome
from backfolio.store.model import Quarantined, empty

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from backfolio.source.akshare.contract import Contract
    from backfolio.store.model import Block, LogEntry


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """What came of asking for one thing, of one host or of several in turn.

    Parameters
    ----------
    frame
        Rows in columns of the store's tables, units normalised (shares, CNY),
        with `source`; no rows where a host says that there is nothing; None
        where nothing usable came.
    host
        Whose rows they are; the last one asked where there are none.
    log, quarantined, blocks
        For the store, of every host that was asked.
    error
        Why there is no frame; "" where there is one.
    short
        How much of the list is lacking by the host's own count; "" where it is
        whole, or the host does not count.
    offline
        Whether no host can be reached from this machine.
    """

    frame: pd.DataFrame | None
    host: str
    log: tuple[LogEntry, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    blocks: tuple[Block, ...] = ()
    error: str = ""
    short: str = ""
    offline: bool = False

    def after(self, earlier: Delivery) -> Delivery:
        """Return this delivery with the log, the quarantine and the blocks of the ones before it."""
        return replace(
            self,
            log=earlier.log + self.log,
            quarantined=earlier.quarantined + self.quarantined,
            blocks=earlier.blocks + self.blocks,
        )


def deliver(
    desk: Desk,
    asked: Asked[pd.DataFrame],
    contract: Contract,
    normal: Callable[[pd.DataFrame], pd.DataFrame],
    proofs: Callable[[pd.DataFrame], tuple[str, ...]] | None = None,
    *,
    note: Callable[[pd.DataFrame], str] | None = None,
    table: str = "bars",
) -> Delivery:
    """Judge a reply and bring it into the store's form.

    Parameters
    ----------
    desk, asked
        Who asked, and what came.
    contract
        What the reply must hold. A breach sends it, whole, into quarantine.
    normal
        From the reply's columns to the store's; gets a frame that keeps the
        contract. Of an empty reply it is not asked: the frame is empty then.
    proofs
        Of the normalised rows: sentences on what is wrong with them; () = proved.
    note
        Of the normalised rows: what a reader of the log should know, or "".
    table
        The store's table whose columns an empty frame has.
    """
    if asked.error is not None or asked.value is None:
        return failed(desk, asked)
    reasons = breaches(asked.value, contract)
    if not reasons and not len(asked.value):
        return Delivery(empty(table), asked.entry.host, (asked.entry,))
    frame = None
    if not reasons:
        frame = normal(asked.value)
        reasons = () if proofs is None else proofs(frame)
    if reasons or frame is None:
        return quarantined(asked, "; ".join(reasons))
    told = "" if note is None else note(frame)
    entry = with_outcome(asked.entry, asked.entry.outcome, told) if told else asked.entry
    return Delivery(frame, asked.entry.host, (entry,))


def failed(desk: Desk, asked: Asked[pd.DataFrame]) -> Delivery:
    """Return the delivery of a call that gave no value."""
    error = asked.error
    text = f"{asked.entry.host} gave nothing" if error is None else error.text
    return Delivery(
        None,
        asked.entry.host,
        (asked.entry,),
        asked.quarantined,
        () if asked.block is None else (asked.block,),
        text,
        offline=desk.offline,
    )


def quarantined(asked: Asked[pd.DataFrame], reason: str) -> Delivery:
    """Return the delivery of a reply that is not believed: kept whole, with the reason."""
    entry = asked.entry
    payload = as_they_came(asked.replies)
    if not payload and asked.value is not None:
        payload = asked.value.to_csv(index=False).encode()
    kept = Quarantined(entry.at, entry.host, entry.function, entry.subject, reason, payload)
    text = f"{entry.host}: the reply to {entry.function} for {entry.subject} is not believed: {reason}"
    return Delivery(None, entry.host, (with_outcome(entry, "quarantined", reason),), (kept,), (), text)
