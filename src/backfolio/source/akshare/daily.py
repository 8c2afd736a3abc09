"""Daily bars of shares and indexes from three independent hosts: the first whose reply is proved."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.calendar import SHANGHAI, all_sessions
from backfolio.errors import UsageError, did_you_mean
from backfolio.source.akshare.delivery import Delivery
from backfolio.store.model import empty

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from backfolio.source.akshare.transport import Desk

__all__ = ["FINAL", "HOSTS", "Delivery", "daily_bars", "index_bars", "last_finished"]

HOSTS: Final = ("eastmoney", "sina", "tencent")
"""In the order in which they are asked."""

FINAL: Final = dt.time(16, 0)
"""From then on (Shanghai) a session's bar is final: STAR shares trade at the close until 15:30."""


def daily_bars(
    desk: Desk, symbol: str, since: np.datetime64, until: np.datetime64, hosts: Sequence[str] = HOSTS
) -> Delivery:
    """Ask for raw daily bars of a share, host after host until a reply is proved.

    Parameters
    ----------
    desk
        From where to ask.
    symbol
        As in 688256.SH.
    since, until
        First and last day, both included. A session whose bar is not final
        yet (`last_finished`) is left out.
    hosts
        Some of `HOSTS`, in order.

    Returns
    -------
    Delivery
        `frame` in columns of the store's `bars`, volume in shares, amount in
        CNY, prices raw; without rows where the hosts that answered say that
        there are none; None where no host gave a reply that is believed.

    Raises
    ------
    UsageError
        If a host is not one of `HOSTS`.
    """
    from backfolio.source.akshare import eastmoney, sina, tencent  # noqa: PLC0415  they hand on deliveries themselves

    ways = {"eastmoney": eastmoney.bars, "sina": sina.bars, "tencent": tencent.bars}
    return _in_turn(desk, symbol, since, until, hosts, ways, "bars")


def index_bars(
    desk: Desk, symbol: str, since: np.datetime64, until: np.datetime64, hosts: Sequence[str] = HOSTS
) -> Delivery:
    """Ask for daily bars of an index such as 000688.SH, as `daily_bars` does; columns of `index_bars`."""
    from backfolio.source.akshare import eastmoney, sina, tencent  # noqa: PLC0415

    ways = {"eastmoney": eastmoney.index_bars, "sina": sina.index_bars, "tencent": tencent.index_bars}
    return _in_turn(desk, symbol, since, until, hosts, ways, "index_bars")


def last_finished(now: dt.datetime) -> np.datetime64:
    """Return the last session whose bar is final at `now` (time-zone aware)."""
    local = now.astimezone(SHANGHAI)
    day = np.datetime64(local.date(), "D") - (local.time() < FINAL)
    sessions = all_sessions()
    found: np.datetime64 = sessions[max(0, int(np.searchsorted(sessions, day, side="right")) - 1)]
    return found


def _in_turn(
    desk: Desk,
    symbol: str,
    since: np.datetime64,
    until: np.datetime64,
    hosts: Sequence[str],
    ways: Mapping[str, Callable[[Desk, str, np.datetime64, np.datetime64], Delivery]],
    table: str,
) -> Delivery:
    unknown = next((host for host in hosts if host not in ways), None)
    if unknown is not None or not hosts:
        message = f"no host {unknown!r}{did_you_mean(str(unknown), ways)}: choose of {', '.join(ways)}"
        raise UsageError(message)
    until = min(until, last_finished(desk.now()))
    if since > until:
        return Delivery(empty(table), hosts[0])
    so_far: Delivery | None = None
    nothing, errors = None, []
    for host in hosts:
        came = ways[host](desk, symbol, since, until)
        so_far = came if so_far is None else came.after(so_far)
        if came.frame is not None and len(came.frame):
            return replace(so_far, error="", offline=False)
        if came.frame is not None and nothing is None:
            nothing = came
        errors += [came.error] if came.error else []
    assert so_far is not None  # noqa: S101  there is a host
    if nothing is not None:
        return replace(so_far, frame=nothing.frame, host=nothing.host, error="", offline=False)
    return replace(so_far, frame=None, error="; ".join(errors), offline=desk.offline)
