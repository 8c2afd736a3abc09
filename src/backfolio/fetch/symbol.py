"""`refresh`: everything that one symbol's next batch needs, asked of the hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.fetch.gathered import Gathered
from backfolio.fetch.known import BARS, FACTS, Known, covers, first_to_ask, latest, mark
from backfolio.fetch.plan import FACTS_KEPT, SAMPLE, back
from backfolio.fetch.rights import with_references
from backfolio.source.akshare import cninfo, daily, eastmoney_facts, sina, sina_facts
from backfolio.store import TABLES, empty

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.fetch.plan import Window
    from backfolio.source.akshare.transport import Desk

SEEN: Final = ("symbol", "date", "open", "high", "low", "close", "volume", "pre_close", "traded", "source")
"""Columns of bars that a refresh looks at."""


@dataclass(frozen=True, slots=True, eq=False)
class Refresh:
    """What a symbol's refresh brought.

    Parameters
    ----------
    gathered
        For the store, and what is missing.
    asked
        Whether anything had to be asked.
    days
        Days whose suspensions were asked for, as YYYY-MM-DD.
    refused
        No host of bars would be asked: every one has refused or has had enough for today.
    silent
        No host of bars gave anything.
    """

    gathered: Gathered
    asked: bool = True
    days: frozenset[str] = frozenset()
    refused: bool = False
    silent: bool = False


def refresh(
    desk: Desk,
    symbol: str,
    known: Known,
    want: Window,
    *,
    full: bool = False,
    market: bool = False,
    days_asked: frozenset[str] = frozenset(),
    on_part: Callable[[str], None] | None = None,
) -> Refresh:
    """Ask for what is missing of one symbol.

    Bars come from the last one held (less `OVERLAP` sessions, so that a host's
    change of history shows), or from the first session wanted where earlier
    ones were never asked for. Corporate actions, factors and names are asked
    for when a session is new; where the bars tell reference prices themselves,
    or the whole market is wanted, only when those show an ex-date or
    `FACTS_KEPT` sessions have passed.

    Parameters
    ----------
    known
        What the store holds of it.
    want
        Sessions wanted.
    full
        Ask for all of it, whatever is held.
    market
        Whether the whole market is being fetched.
    days_asked
        Days whose suspensions need not be asked for again.
    on_part
        Is told what is asked for next, in a word or two.
    """
    told = on_part or (lambda _: None)
    since = want.since if np.isnat(known.listed) else max(want.since, known.listed)
    until = want.until if np.isnat(known.delisted) else min(want.until, known.delisted)
    got = Gathered()
    if since > until:
        return Refresh(got, asked=False)
    days, tried = frozenset[str](), frozenset[str]()
    fresh = full or not covers(known.asked, since, until)
    if fresh:
        told("bars")
        first = since if full else first_to_ask(_dates(known.bars), known.asked, since)
        bars = daily.daily_bars(desk, symbol, first, until)
        if not got.take(bars, "bars", "bars"):
            entries = bars.log
            refused = bool(entries) and all(entry.outcome == "refused" for entry in entries)
            silent = all(entry.outcome in {"refused", "failed"} for entry in entries)
            return Refresh(got, refused=refused, silent=silent)
        tried = frozenset(entry.host for entry in bars.log)
    held = merged(known.bars, got.rows("bars"))
    if not len(held) and np.isnat(known.listed):
        got.missing.append(f"no host has bars of it since {since}, and no list of an exchange names it: check the code")
        return Refresh(got)
    if full or _facts_due(known, held, until, market=market):
        told("dividends and factors")
        _facts(desk, symbol, known, got, until)
    if fresh:
        told("gaps")
        missing_before = len(got.missing)
        days = _suspensions(desk, symbol, known, held, until, got, days_asked)
        _second_host(desk, symbol, known, held, until, got, tried)
        if len(got.missing) == missing_before:
            covered = since if known.asked is None or full else min(since, known.asked[0])
            got.log.append(mark(BARS, symbol, covered, until, at=desk.now(), rows=len(held)))
    actions = merged_actions(known.actions, got.rows("actions"))
    _give(got, with_references(symbol, held, actions))
    return Refresh(got, asked=bool(got.log), days=days)


def _give(got: Gathered, referenced: pd.DataFrame) -> None:
    """Put reference prices into the bars that came, and beside them for bars that were held before."""
    if not len(referenced):
        return
    price = referenced.set_index("date")["pre_close"]
    came = got.tables.get("bars", [])
    told = [frame.reindex(columns=list(TABLES["bars"].columns)) for frame in came]
    given = [frame.assign(pre_close=frame["pre_close"].fillna(frame["date"].map(price))) for frame in told]
    held = referenced[~referenced["date"].isin([day for frame in came for day in frame["date"]])]
    got.tables["bars"] = [*given, held] if len(held) else given


def merged(held: pd.DataFrame, new: pd.DataFrame | None) -> pd.DataFrame:
    """Return the bars held and the new ones as one table by date, in the columns `SEEN`.

    A new bar takes the place of an old one, and keeps its reference price where
    it has none of its own.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    frames = [frame.reindex(columns=list(SEEN)) for frame in (held, new) if frame is not None and len(frame)]
    if not frames:
        return empty("bars")[list(SEEN)]
    both = pd.concat(frames, ignore_index=True).sort_values("date", kind="stable")
    both["pre_close"] = both.groupby("date")["pre_close"].ffill()
    both = both.drop_duplicates("date", keep="last", ignore_index=True)
    return both[both["traded"].astype("boolean").fillna(value=True).to_numpy(dtype=bool)].reset_index(drop=True)


def merged_actions(held: pd.DataFrame, new: pd.DataFrame | None) -> pd.DataFrame:
    """Return the corporate actions held and the new ones as one table; the newest of each source and ex-date."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    if new is None or not len(new):
        return held
    both = new if not len(held) else pd.concat([held, new], ignore_index=True)
    return both.drop_duplicates(["ex_date", "source"], keep="last", ignore_index=True)


def _facts_due(known: Known, held: pd.DataFrame, until: np.datetime64, *, market: bool) -> bool:
    """Tell whether corporate actions, factors and names must be asked for."""
    if np.isnat(known.facts):
        return True
    passed = len(calendar.sessions(known.facts, until)) - 1 if known.facts < until else 0
    if passed <= 0:
        return False
    if passed >= FACTS_KEPT:
        return True
    young = held[_dates(held) > known.facts]
    if not market and (not len(young) or young["pre_close"].isna().any()):
        return True
    close = held["close"].shift(1).reindex(young.index)
    told = young["pre_close"].notna() & close.notna()
    return bool((np.abs(young["pre_close"] - close)[told] > 1e-6).any())  # noqa: PLR2004  noise of binary fractions


def _facts(desk: Desk, symbol: str, known: Known, got: Gathered, until: np.datetime64) -> None:
    """Ask for corporate actions, factors, names and, where it is unknown, the listing."""
    before = len(got.missing)
    got.take(sina.factors(desk, symbol), "factors", "factors")
    ours = sina_facts.actions(desk, symbol)
    if not got.take(ours, "actions"):
        theirs = eastmoney_facts.actions(desk, symbol)
        if not got.take(theirs, "actions"):
            got.missing.append(f"dividends: {ours.error}; {theirs.error}")
    if got.rows("actions") is not None:
        got.take(cninfo.actions(desk, symbol), "actions", "pay dates")
    got.take(sina_facts.names(desk, symbol), "names", "former names")
    if np.isnat(known.listed):
        got.take(eastmoney_facts.listing(desk, symbol), "listings", "listing date")
    if len(got.missing) == before:
        got.log.append(mark(FACTS, symbol, until, at=desk.now()))


def _suspensions(
    desk: Desk,
    symbol: str,
    known: Known,
    held: pd.DataFrame,
    until: np.datetime64,
    got: Gathered,
    asked: frozenset[str],
) -> frozenset[str]:
    """Ask who was suspended on the first day of every gap that nothing explains; return the days asked."""
    days = frozenset(str(day) for day in gaps(held, until)) - asked
    done = set()
    for day in sorted(days):
        spells = got.rows("suspensions")
        mine = known.suspensions if spells is None else spells[spells["symbol"] == symbol]
        if _explained(mine, np.datetime64(day, "D")) or _explained(known.suspensions, np.datetime64(day, "D")):
            continue
        if got.take(eastmoney_facts.suspensions(desk, day), "suspensions", f"suspensions of {day}"):
            done.add(day)
    return frozenset(done)


def gaps(held: pd.DataFrame, until: np.datetime64) -> list[np.datetime64]:
    """Return the first session of every run of sessions without a bar, from the first bar up to `until`."""
    dates = _dates(held)
    if not len(dates) or dates[0] > until:
        return []
    wanted = calendar.sessions(dates[0], until)
    gone = ~np.isin(wanted, dates)
    starts = gone.copy()
    starts[1:] &= ~gone[:-1]
    return list(wanted[starts])


def _dates(bars: pd.DataFrame) -> NDArray[np.datetime64]:
    return bars["date"].to_numpy().astype("datetime64[D]")


def _explained(spells: pd.DataFrame, day: np.datetime64) -> bool:
    """Tell whether a suspension holds a day."""
    first = spells["first"].to_numpy().astype("datetime64[D]")
    last = spells["last"].to_numpy().astype("datetime64[D]")
    return bool(((first <= day) & (np.isnat(last) | (last >= day))).any())


def _second_host(
    desk: Desk,
    symbol: str,
    known: Known,
    held: pd.DataFrame,
    until: np.datetime64,
    got: Gathered,
    tried: frozenset[str],
) -> None:
    """Ask a host that was not asked yet for the last sessions, to compare; that it gives nothing is no loss."""
    others = tuple(host for host in daily.HOSTS if host not in tried)
    early = not np.isnat(known.sampled) and back(until, SAMPLE) < known.sampled
    if early or not others or not len(held):
        return
    dates = _dates(held)
    sample = daily.daily_bars(desk, symbol, dates[-min(SAMPLE, len(dates))], latest(dates), others)
    if got.take(sample, "second_bars") and "second_bars" in got.tables:
        rows = got.tables["second_bars"].pop()
        got.tables["second_bars"].append(rows.assign(host=sample.host)[list(TABLES["second_bars"].columns)])
