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

    from numpy.typing import NDArray

    from backfolio.source.akshare.transport import Desk

__all__ = ["FINAL", "HOSTS", "Delivery", "daily_bars", "index_bars", "last_finished", "left_out"]

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


def left_out(
    desk: Desk, symbol: str, sessions: NDArray[np.datetime64], hosts: Sequence[str], *, index: bool = False
) -> Delivery:
    """Ask hosts in turn for sessions that another one left out, until none is.

    Parameters
    ----------
    sessions
        ``datetime64[D]``, ascending; at least one.
    hosts
        Some of `HOSTS`, in order.
    index
        Whether it is an index.

    Returns
    -------
    Delivery
        `frame` has rows of exactly these sessions, of whichever host has them
        (`source`); None where no host gave a reply that is believed.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    from backfolio.source.akshare import eastmoney, sina, tencent  # noqa: PLC0415

    shares = {"eastmoney": eastmoney.bars, "sina": sina.bars, "tencent": tencent.bars}
    indexes = {"eastmoney": eastmoney.index_bars, "sina": sina.index_bars, "tencent": tencent.index_bars}
    table = "index_bars" if index else "bars"
    so_far: Delivery | None = None
    frames, errors = [], []
    for host in hosts:
        if not len(sessions):
            break
        came = (indexes if index else shares)[host](desk, symbol, sessions[0], sessions[-1])
        so_far = came if so_far is None else came.after(so_far)
        if came.frame is None:
            errors.append(came.error)
            continue
        frames.append(came.frame[came.frame["date"].isin(sessions)])
        sessions = sessions[~np.isin(sessions, frames[-1]["date"].to_numpy().astype("datetime64[D]"))]
    assert so_far is not None  # noqa: S101  there is a host, and a session
    if not frames:
        return replace(so_far, frame=None, error="; ".join(errors), offline=desk.offline)
    rows = [frame for frame in frames if len(frame)]
    frame = pd.concat(rows, ignore_index=True) if rows else empty(table)
    return replace(so_far, frame=frame, error="", offline=False)


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
