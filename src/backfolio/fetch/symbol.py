"""`refresh`: everything that one symbol's next batch needs, asked of the hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import calendar
from backfolio.bars.actions import BY_HAND
from backfolio.fetch import facts, missing
from backfolio.fetch.gathered import Gathered
from backfolio.fetch.known import BARS, FACTS, SINCE, Known, covers, dates_of, first_to_ask, latest, mark
from backfolio.fetch.plan import SAMPLE, back, last_of
from backfolio.fetch.rights import with_references
from backfolio.source.akshare import daily, eastmoney_facts
from backfolio.store import TABLES, empty

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.fetch.plan import Window
    from backfolio.source.akshare.transport import Desk
    from backfolio.store import LogEntry

SEEN: Final = ("symbol", "date", "open", "high", "low", "close", "volume", "pre_close", "traded", "source")
"""Columns of bars that a refresh looks at."""

_DAY: Final = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class Part:
    """What of a symbol is asked for: everything by default, as of a symbol that is named.

    Parameters
    ----------
    bars, facts
        Whether bars are, with what explains and proves them, and whether facts are.
    market
        Whether the whole market is being fetched: facts are kept for longer then.
    sample
        Whether a second host may be asked for the last bars.
    full
        Ask for all of it, whatever is held.
    """

    bars: bool = True
    facts: bool = True
    market: bool = False
    sample: bool = True
    full: bool = False


EVERYTHING: Final = Part()


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
    facts_refused
        The host of facts would not be asked.
    """

    gathered: Gathered
    asked: bool = True
    days: frozenset[str] = frozenset()
    refused: bool = False
    silent: bool = False
    facts_refused: bool = False


def refresh(
    desk: Desk,
    symbol: str,
    known: Known,
    want: Window,
    part: Part = EVERYTHING,
    *,
    days_asked: frozenset[str] = frozenset(),
    on_part: Callable[[str], None] | None = None,
) -> Refresh:
    """Ask for what is missing of one symbol.

    Bars come from the last one held (less `OVERLAP` sessions, so that a host's
    change of history shows), or from the first session of which nothing is
    known. What the first host leaves out, suspensions explain or other hosts
    give; what is left then is missing, and the mark that bars are there ends
    before it. Of facts see `facts.due`.

    Parameters
    ----------
    known
        What the store holds of it.
    want
        Sessions wanted.
    part
        What of it is wanted.
    days_asked
        Days whose suspensions need not be asked for again.
    on_part
        Is told what is asked for next, in a word or two.
    """
    told = on_part or (lambda _: None)
    got = Gathered()
    since = known.start(want.since, told=want.told)
    since = since if np.isnat(known.listed) else max(since, known.listed)
    if known.asked is not None and not part.full:
        # What lies between what is there and a later first session belongs to it: no hole is left behind.
        since = min(since, known.asked[1] + _DAY)
    until = last_of(want.until, known.delisted)
    wanted = calendar.sessions(since, until) if since <= until else calendar.all_sessions()[:0]
    if not len(wanted):
        return Refresh(got, asked=False)
    until = wanted[-1]
    days = frozenset[str]()
    if part.bars and (part.full or not covers(known.asked, since, until)):
        told("bars")
        bars = _Bars(desk, symbol, known, got, wanted, want.last, full=part.full)
        if not bars.ask():
            return Refresh(got, refused=bars.refused, silent=bars.silent)
        if not len(bars.held) and np.isnat(known.listed):
            message = f"no host has bars of it since {since}, and no list of an exchange names it: check the code"
            got.missing.append(message)
            return Refresh(got)
        told("gaps")
        days = bars.complete(days_asked)
        if part.sample:
            bars.compare(daily.HOSTS[::-1] if part.market else daily.HOSTS)
    held = merged(known.bars, got.rows("bars"))
    _end(got, symbol, known, held)
    refused = False
    wanted_facts = FACTS if part.full else facts.due(known, held, until, market=part.market)
    if part.facts and wanted_facts and (len(held) or not part.market):
        told("dividends and factors")
        refused = facts.gather(desk, symbol, known, wanted_facts, got, until)
    _give(got, with_references(symbol, held, merged_actions(known.actions, got.rows("actions"))))
    return Refresh(got, asked=bool(got.log), days=days, facts_refused=refused)


class _Bars:
    """The bars of one symbol while they are asked for."""

    def __init__(
        self,
        desk: Desk,
        symbol: str,
        known: Known,
        got: Gathered,
        wanted: NDArray[np.datetime64],
        last: np.datetime64,
        *,
        full: bool,
    ) -> None:
        self.desk, self.symbol, self.known, self.got, self.wanted, self.last = desk, symbol, known, got, wanted, last
        self.asked = None if full else known.asked
        self.full = full
        self.log: tuple[LogEntry, ...] = ()
        self.refused = self.silent = False

    @property
    def held(self) -> pd.DataFrame:
        return merged(self.known.bars, self.got.rows("bars"))

    def ask(self) -> bool:
        """Ask host after host for all that is due until one tells; False where none does."""
        since, until = self.wanted[0], self.wanted[-1]
        first = since if self.full else first_to_ask(self.known.dates, self.asked, since, self._left())
        came = daily.daily_bars(self.desk, self.symbol, first, until)
        self.log = came.log
        taken = self.got.take(came, "bars", "bars")
        self._beside()
        if taken and not self.known.since <= since:
            self.got.log.append(mark(SINCE, self.symbol, since, at=self.desk.now()))
        outcomes = {entry.outcome for entry in came.log}
        self.refused, self.silent = outcomes == {"refused"}, outcomes <= {"refused", "failed"}
        return taken

    def complete(self, days_asked: frozenset[str]) -> frozenset[str]:
        """Have what is left out explained or given, and mark what is there; return the days of suspensions asked."""
        if np.isnat(self.known.listed):
            self.got.take(eastmoney_facts.listing(self.desk, self.symbol), "listings", "listing date")
        days, explained = _suspensions(self.desk, self.symbol, self._left(), self.got, days_asked)
        left = self._left()
        others = tuple(host for host in daily.HOSTS if host not in self._tried)
        lacking = np.union1d(left, self._unsure())
        if len(lacking) and others:
            came = daily.left_out(self.desk, self.symbol, lacking, others)
            self.got.take(came, "bars")
            self.log += came.log
            left = self._left()
        if explained:
            left = left[~missing.settled(left, self.last, missing.answered(self.log), daily.HOSTS)]
        if len(left):
            self.got.missing.append(missing.sentence(left, self.log))
        self._mark(missing.covered(self.wanted[-1], left))
        return days

    def compare(self, hosts: Sequence[str]) -> None:
        """Ask a host that was not asked yet for the last sessions; that it gives nothing is no loss.

        Of the whole market the last host is asked first: sina has facts to give.
        """
        until, held = self.wanted[-1], self.held
        others = tuple(host for host in hosts if host not in self._tried)
        early = not np.isnat(self.known.sampled) and back(until, SAMPLE) < self.known.sampled
        if early or not others or not len(held):
            return
        dates = dates_of(held)
        sample = daily.daily_bars(self.desk, self.symbol, dates[-min(SAMPLE, len(dates))], latest(dates), others)
        tables = self.got.tables
        if self.got.take(sample, "second_bars") and "second_bars" in tables:
            tables["second_bars"].append(_second(tables["second_bars"].pop()))

    def _beside(self) -> None:
        """Leave bars that were put in by hand as they are: what a host says of their sessions stands beside them.

        Else the sessions that are asked for again would take a correction back. A
        halt that was put in gives way to a bar, and who asks for all of it asks
        for that as well; `revisions` tells of both.
        """
        held = self.known.bars
        by_hand = held.loc[(held["source"] == BY_HAND) & held["traded"].fillna(value=True), "date"]
        if self.full or not len(by_hand):
            return
        came = self.got.tables.pop("bars", [])
        for frame in came:
            known = frame["date"].isin(by_hand)
            for table, rows in (("bars", frame[~known]), ("second_bars", _second(frame[known]))):
                if len(rows):
                    self.got.tables.setdefault(table, []).append(rows)

    @property
    def _tried(self) -> frozenset[str]:
        return frozenset(entry.host for entry in self.log)

    def _left(self) -> NDArray[np.datetime64]:
        """Return the sessions of which nothing is known; those before the first bar of an unknown listing are none."""
        rows = self.got.rows("bars")
        told = self.known.dates if rows is None else np.union1d(self.known.dates, dates_of(rows))
        came = self.got.rows("listings")
        listed = self.known.listed if came is None else latest(came["listed"])
        if np.isnat(listed):
            listed = told[0] if len(told) else self.wanted[-1] + _DAY
        wanted = self.wanted[self.wanted >= listed]
        if self.asked is not None:
            wanted = wanted[(wanted < self.asked[0]) | (wanted > self.asked[1])]
        traded = dates_of(self.held)
        closed = [frame.assign(last=frame["last"].fillna(missing.ended(frame, traded)["last"]))
                  for frame in self._spells()]  # fmt: skip
        return missing.unexplained(wanted, told, *closed)

    def _unsure(self) -> NDArray[np.datetime64]:
        """Return the sessions of a suspension without an end but its first: only the next bar says how long it was.

        The bar with which trading went on may be one that the host has left out.
        """
        traded = dates_of(self.held)
        inside = self.wanted[~np.isin(self.wanted, np.union1d(self.known.dates, traded))]
        over = [missing.ended(frame, traded) for frame in self._spells()]
        unsure = [missing.suspended(frame.assign(first=frame["first"] + _DAY), inside) for frame in over]
        return inside[np.logical_or.reduce(unsure)]

    def _spells(self) -> list[pd.DataFrame]:
        """Return the suspensions that are known, and those that came."""
        came = self.got.rows("suspensions")
        return [self.known.suspensions, *([] if came is None else [came[came["symbol"] == self.symbol]])]

    def _mark(self, until: np.datetime64) -> None:
        """Mark the sessions up to `until` as there, with those that were before."""
        since = self.wanted[0] if self.asked is None else min(self.wanted[0], self.asked[0])
        if until >= since:
            rows = len(self.held)
            self.got.log.append(mark(BARS, self.symbol, since, until, at=self.desk.now(), rows=rows))


def _second(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of the table bars as those of a second host: their source."""
    return rows.rename(columns={"source": "host"})[list(TABLES["second_bars"].columns)]


def _suspensions(
    desk: Desk, symbol: str, left: NDArray[np.datetime64], got: Gathered, asked: frozenset[str]
) -> tuple[frozenset[str], bool]:
    """Ask who was suspended on the first day of every gap that nothing explains.

    Returns
    -------
    days
        Those asked, as YYYY-MM-DD.
    whole
        Whether all were asked that had to be.
    """
    done = set[str]()
    for day in missing.starts(left):
        spells = got.rows("suspensions")
        mine = empty("suspensions") if spells is None else spells[spells["symbol"] == symbol]
        if str(day) in asked or missing.suspended(mine, np.array([day])).any():
            continue
        if not got.take(eastmoney_facts.suspensions(desk, day), "suspensions", f"suspensions of {day}"):
            # The host of one day is the host of all.
            return frozenset(done), False
        done.add(str(day))
    return frozenset(done), True


def _end(got: Gathered, symbol: str, known: Known, held: pd.DataFrame) -> None:
    """Put in the ends of suspensions after which the bars go on: a host that lists them while they last tells none."""
    came = got.rows("suspensions")
    traded = dates_of(held)
    for spells in (known.suspensions, came[came["symbol"] == symbol] if came is not None else known.suspensions[:0]):
        over = missing.ended(spells, traded)
        if len(over):
            got.tables.setdefault("suspensions", []).append(over)


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
