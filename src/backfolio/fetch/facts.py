"""Facts of one symbol: factors, dividends and rights, pay dates, former names; each kept and asked for by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.fetch.known import DIVIDENDS, FACTORS, FORMER, NEVER, PAY_DATES, REFUSED, dates_of, mark
from backfolio.fetch.plan import FACTS_KEPT, MARKET_KEPT
from backfolio.source.akshare import cninfo, eastmoney_facts, sina, sina_facts

if TYPE_CHECKING:
    import pandas as pd

    from backfolio.fetch.gathered import Gathered
    from backfolio.fetch.known import Known
    from backfolio.source.akshare.delivery import Delivery
    from backfolio.source.akshare.transport import Desk

PATIENCE: Final = 10
"""Sessions for which sina may refuse a symbol's dividends before eastmoney is asked for them."""

MOST_GONE: Final = 2
"""Corporate actions that a host may take back at a time: one that lacks more has sent a part of its list."""

VALUES: Final = ("cash", "shares", "bonus", "transfer", "rights", "ratio")
"""Columns of actions that say what happened."""


def due(known: Known, held: pd.DataFrame, until: np.datetime64, *, market: bool) -> tuple[str, ...]:
    """Return which facts must be asked for, of `FACTS`.

    Factors and corporate actions are asked for when a session is new; where the
    bars tell reference prices themselves, or the whole market is wanted, only
    when those show an ex-date, or `FACTS_KEPT` (`MARKET_KEPT`) sessions have
    passed. Former names come with them; of the whole market they are asked for
    once, and again when the short name is another one.

    Parameters
    ----------
    held
        Its bars, `known` and new, as `merged` returns them.
    until
        Last session wanted of it.
    market
        Whether the whole market is being fetched.
    """
    kept = MARKET_KEPT if market else FACTS_KEPT
    wanted = [
        what for what in (FACTORS, DIVIDENDS, PAY_DATES, FORMER)
        if _due(known.facts.get(what, NEVER), held, until, kept, market=market)
    ]  # fmt: skip
    if market and FORMER in known.facts:
        wanted = [what for what in wanted if what != FORMER]
    if known.facts.get(FORMER, until) < until and known.name != known.called and FORMER not in wanted:
        wanted.append(FORMER)
    return tuple(wanted)


def gather(desk: Desk, symbol: str, known: Known, wanted: tuple[str, ...], got: Gathered, until: np.datetime64) -> bool:
    """Ask for facts, with a mark for each that came; tell whether sina refuses now.

    Dividends and rights are sina's. eastmoney is asked where sina answers with
    something that is not believed, or lacks what it told before; that sina is
    left alone for an hour or has been asked enough today is no reason, for two
    hosts would then tell of one event. Only where it has refused a symbol for
    `PATIENCE` sessions, eastmoney steps in.
    """
    refused = False
    if FACTORS in wanted:
        came = sina.factors(desk, symbol)
        refused |= _refused(came)
        if got.take(came, "factors", "factors"):
            got.log.append(mark(FACTORS, symbol, until, at=desk.now()))
    if DIVIDENDS in wanted:
        refused |= _dividends(desk, symbol, known, got, until)
    if PAY_DATES in wanted and (len(known.actions) or got.rows("actions") is not None):
        came = cninfo.actions(desk, symbol)
        if _take(got, came, known.actions, "pay dates"):
            got.log.append(mark(PAY_DATES, symbol, until, at=desk.now()))
    if FORMER in wanted:
        came = sina_facts.names(desk, symbol)
        refused |= _refused(came)
        if got.take(came, "names", "former names"):
            got.log.append(mark(FORMER, symbol, until, known.name, at=desk.now()))
    return refused


def withdrawn(held: pd.DataFrame, told: pd.DataFrame, host: str) -> pd.DataFrame:
    """Return the corporate actions that a host told before and has no longer in its list, with noughts.

    A nought says that nothing happened on the date; the old numbers go into
    `revisions` with it. So an ex-date that a host moves does not stand twice.

    Parameters
    ----------
    held
        Rows of the table actions of one symbol.
    told
        All that the host tells now.
    host
        As in the column `source`.
    """
    values = [column for column in VALUES if column in held]
    mine = held[(held["source"] == host) & (held[values].fillna(0) != 0).any(axis=1)]
    gone = mine[~mine["ex_date"].isin(told["ex_date"])]
    noughts = {column: gone[column].where(gone[column].isna(), 0.0) for column in values}
    return gone.assign(**noughts)


def _due(asked: np.datetime64, held: pd.DataFrame, until: np.datetime64, kept: int, *, market: bool) -> bool:
    if np.isnat(asked):
        return True
    passed = len(calendar.sessions(asked, until)) - 1 if asked < until else 0
    if passed <= 0:
        return False
    if passed >= kept:
        return True
    young = held[dates_of(held) > asked]
    if not market and (not len(young) or young["pre_close"].isna().any()):
        return True
    close = held["close"].shift(1).reindex(young.index)
    told = young["pre_close"].notna() & close.notna()
    return bool((np.abs(young["pre_close"] - close)[told] > 1e-6).any())  # noqa: PLR2004  noise of binary fractions


def _dividends(desk: Desk, symbol: str, known: Known, got: Gathered, until: np.datetime64) -> bool:
    """Ask for dividends and rights issues; tell whether sina refuses."""
    ours = sina_facts.actions(desk, symbol)
    if _take(got, ours, known.actions):
        got.log.append(mark(DIVIDENDS, symbol, until, at=desk.now()))
        return False
    why = ours.error or _lacking(ours, known.actions)
    if _refused(ours):
        since = until if np.isnat(known.refused) else known.refused
        if np.isnat(known.refused):
            got.log.append(mark(REFUSED, symbol, until, at=desk.now()))
        if len(calendar.sessions(since, until)) <= PATIENCE:
            got.missing.append(f"dividends: {why}")
            return True
    theirs = eastmoney_facts.actions(desk, symbol)
    if _take(got, theirs, known.actions):
        got.log.append(mark(DIVIDENDS, symbol, until, at=desk.now()))
    else:
        got.missing.append(f"dividends: {why}; {theirs.error or _lacking(theirs, known.actions)}")
    return _refused(ours)


def _take(got: Gathered, came: Delivery, held: pd.DataFrame, what: str = "") -> bool:
    """Take in a host's list of corporate actions, with noughts for what it takes back.

    A list that lacks more than `MOST_GONE` of what it told before, or all of
    it, is not whole: its rows are taken, but it has not come.
    """
    taken = got.take(came, "actions", what)
    if not taken or came.frame is None or came.quarantined:
        return taken
    gone = withdrawn(held, came.frame, came.host)
    if not len(gone):
        return True
    if len(gone) > MOST_GONE or not len(came.frame):
        if what:
            got.missing.append(f"{what}: {_lacking(came, held)}")
        return False
    got.tables["actions"].append(gone)
    return True


def _lacking(came: Delivery, held: pd.DataFrame) -> str:
    """Say that a list is not whole."""
    if came.frame is None:
        return came.error
    gone = withdrawn(held, came.frame, came.host)
    return f"{came.host}'s list lacks {len(gone)} of the events that it told before: they stay as they are"


def _refused(came: Delivery) -> bool:
    """Tell whether a host would not be asked: it has refused, is left alone, or has had enough for today."""
    return came.frame is None and bool(came.log) and came.log[-1].outcome == "refused"
