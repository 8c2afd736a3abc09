"""One question to a host about facts, its reply proved, as a `Delivery`.

The steps are the same for every table: akshare is called, a reply that says
"nothing" is told from one that could not be read (akshare stumbles over both),
columns and rows are proved, and what fails is kept aside with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from backfolio.source.akshare.contract import breaches
from backfolio.source.akshare.delivery import Delivery, failed, quarantined
from backfolio.source.akshare.library import library
from backfolio.source.akshare.transport import with_outcome
from backfolio.store.model import Quarantined, empty

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from backfolio.source.akshare.contract import Contract
    from backfolio.source.akshare.facts import Sifted
    from backfolio.source.akshare.transport import Asked, Desk


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What was made of a reply.

    Parameters
    ----------
    rows
        In the columns of the store.
    sifted
        Which rows of the reply are good, and which are set aside; None where
        nothing can be believed.
    breaches
        Why none of it can be believed.
    short
        How much the host's own count lacks; the rows stand all the same.
    """

    rows: pd.DataFrame | None = None
    sifted: Sifted | None = None
    breaches: tuple[str, ...] = ()
    short: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Inquiry:
    """What is asked of whom, and how the reply is read.

    Parameters
    ----------
    host, subject
        As in the log.
    table
        Of the store, to which the rows belong.
    contract
        What the columns must hold.
    call
        Gets akshare, returns its frame.
    read
        Makes rows of a frame that keeps its contract.
    nothing
        Tells whether the last reply says that there is nothing to tell.
    """

    host: str
    subject: str
    table: str
    contract: Contract
    call: Callable[[Any], pd.DataFrame]
    read: Callable[[pd.DataFrame, Asked[pd.DataFrame]], Reading]
    nothing: Callable[[bytes], bool]


def inquire(desk: Desk, inquiry: Inquiry) -> Delivery:
    """Ask, and prove what came; never raises for what a host does."""
    function = inquiry.contract.function
    asked = desk.ask(inquiry.host, function, inquiry.subject, lambda: inquiry.call(_fresh(function)))
    if asked.value is None:
        return _without_a_frame(desk, inquiry, asked)
    reasons = breaches(asked.value, inquiry.contract)
    if reasons:
        return quarantined(asked, "; ".join(reasons))
    if asked.value.empty:
        return Delivery(empty(inquiry.table), inquiry.host, (asked.entry,))
    reading = inquiry.read(asked.value, asked)
    sifted = reading.sifted
    if reading.breaches or sifted is None or sifted.broken:
        return quarantined(asked, "; ".join(reading.breaches or (sifted.reasons if sifted else ())))
    return _proved(inquiry, asked, reading, sifted)


def _proved(inquiry: Inquiry, asked: Asked[pd.DataFrame], reading: Reading, sifted: Sifted) -> Delivery:
    """Return the good rows, the faulty ones kept aside."""
    rows = empty(inquiry.table) if reading.rows is None else reading.rows
    kept: tuple[Quarantined, ...] = ()
    notes = [reading.short] if reading.short else []
    entry = asked.entry
    if sifted.reasons:
        count = len(sifted.aside)
        reason = f"{count} of {count + len(sifted.kept)} rows set aside: {'; '.join(sifted.reasons)}"
        aside = sifted.aside.to_csv(index=False).encode()
        kept = (Quarantined(entry.at, inquiry.host, entry.function, inquiry.subject, reason, aside),)
        notes.append(reason)
    # What is not whole has not been answered: it is asked for again, and nothing is made of what it lacks.
    outcome = "failed" if reading.short else entry.outcome
    entry = replace(with_outcome(entry, outcome, "; ".join(notes)), rows=len(rows))
    return Delivery(rows, inquiry.host, (entry,), kept, short=reading.short)


def _fresh(function: str) -> Any:  # noqa: ANN401  a module without types
    """Return akshare, which then asks: some of its functions answer from memory for as long as the process lives."""
    akshare = library()
    forget = getattr(getattr(akshare, function, None), "cache_clear", None)
    if forget is not None:
        forget()
    return akshare


def _without_a_frame(desk: Desk, inquiry: Inquiry, asked: Asked[pd.DataFrame]) -> Delivery:
    error = asked.error
    if error is not None and error.kind == "broken" and asked.replies and inquiry.nothing(asked.replies[-1].body):
        # akshare stumbles over an empty list; its host did answer: there is nothing.
        return Delivery(empty(inquiry.table), inquiry.host, (with_outcome(asked.entry, "empty", ""),))
    return failed(desk, asked)
