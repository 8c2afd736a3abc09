"""Other futures: what a thesis is asked on, the same up to a session and different after it.

Each function takes all that is known and a row, and returns a `History` of
which nothing differs that was known on the evening of that row (bars up to it,
catalysts known before 09:15 of the next session); None where it has nothing to
change. The new futures are no likely ones: they are far from what happened, so
that whoever looked at it answers differently.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import numpy as np

from backfolio import ashare, calendar
from backfolio.catalysts import KINDS, Catalyst
from backfolio.history import History
from backfolio.money import FEN
from backfolio.universe import Universe

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from backfolio.bars import Bars

NEVER: Final = np.datetime64("NaT", "D")
PRICES: Final = ("open", "high", "low", "close", "reference", "up", "down", "mark")
HALT: Final = 20
"""Sessions of a made-up suspension."""


class Change(NamedTuple):
    """A kind of other future.

    Parameters
    ----------
    name
        As findings call it.
    words
        What was done, with ``%(day)s`` for the last session that is left as it was.
    make
        From what is known and a row to the other history, or None.
    remedy
        What to do where a thesis answers to it.
    """

    name: str
    words: str
    make: Callable[[History, int], History | None]
    remedy: str


def truncated(known: History, cut: int) -> History | None:
    """Cut everything off that was not known on the evening of a row."""
    return known.until(known.bars.sessions[cut])


def mirrored(known: History, cut: int) -> History | None:
    """Let every price fall by twice what it rose, and rise by twice what it fell (in logarithms)."""
    bars = known.bars
    anchor = _anchor(bars, cut)
    new = {name: _mirror(getattr(bars, name), anchor, cut) for name in PRICES}
    new["high"], new["low"] = _later(bars.high, new["low"], cut), _later(bars.low, new["high"], cut)
    new["up"], new["down"] = _later(bars.up, new["down"], cut), _later(bars.down, new["up"], cut)
    return _with(known, **new)


def permuted(known: History, cut: int) -> History | None:
    """Let every name go on as the name beside it did, from its own last close."""
    bars = known.bars
    if len(bars.symbols) < 2:  # noqa: PLR2004  nobody stands beside the only one
        return None
    anchor = _anchor(bars, cut).astype(np.float64)
    ratio = anchor / np.roll(anchor, 1)
    new: dict[str, Any] = {}
    for name in PRICES:
        array = getattr(bars, name)
        moved = np.roll(array[cut + 1 :], 1, axis=1) * ratio
        new[name] = _later(array, _fen(moved), cut)
    for name in ("traded", "volume", "amount", "limit_state"):
        array = getattr(bars, name)
        new[name] = _later(array, np.roll(array[cut + 1 :], 1, axis=1), cut)
    return _with(known, **new)


def trading(known: History, cut: int) -> History | None:
    """Let volumes and values run backward in time, a tenth for one name and ten times as many for the next."""
    bars = known.bars
    tenfold = (np.arange(len(bars.symbols)) + cut) % 2 == 0
    new: dict[str, Any] = {}
    for name in ("volume", "amount"):
        back = getattr(bars, name)[cut + 1 :][::-1]
        changed = np.where(tenfold, back * 10, back // 10)
        changed = np.where(bars.traded[cut + 1 :], np.maximum(changed, 1), getattr(bars, name)[cut + 1 :])
        new[name] = _later(getattr(bars, name), changed, cut)
    return _with(known, **new)


def suspended(known: History, cut: int) -> History | None:
    """Suspend every other name for a month, from the next session on; the others can be traded without limits."""
    bars = known.bars
    new = {name: getattr(bars, name).copy() for name in (*PRICES, "volume", "amount", "traded", "limit_state")}
    rows = slice(cut + 1, cut + 1 + HALT)
    halted = (np.arange(len(bars.symbols)) + cut) % 2 == 0
    halted &= bars.traded[cut]
    for name in ("open", "high", "low", "close", "reference", "up", "down", "volume"):
        new[name][rows, halted] = 0
    new["amount"][rows, halted] = -1
    new["traded"][rows, halted] = False
    new["mark"][rows, halted] = bars.mark[cut, halted]
    new["limit_state"][cut + 1 :] = ashare.UNLIMITED
    new["up"][cut + 1 :], new["down"][cut + 1 :] = 0, 0
    return _with(known, **new)


def warned(known: History, cut: int) -> History | None:
    """Turn risk warnings round."""
    return _with(known, st=_later(known.bars.st, ~known.bars.st[cut + 1 :], cut))


def acted(known: History, cut: int) -> History | None:
    """Let every name go ex-rights on the next session: some double their shares, others merge them."""
    bars = known.bars
    step = np.where((np.arange(len(bars.symbols)) + cut) % 2 == 0, 8.0, 0.125)
    ratio, cash, shares = bars.ratio_only.copy(), bars.cash_per_share.copy(), bars.share_ratio.copy()
    ratio[cut + 1 :], cash[cut + 1 :], shares[cut + 1 :] = False, 0, 0
    ratio[cut + 1] = True
    reference = bars.reference.copy()
    reference[cut + 1] = _fen(bars.mark[cut] / step)
    factor = _later(bars.factor, bars.factor[cut + 1 :] * step, cut)
    return _with(known, ratio_only=ratio, cash_per_share=cash, share_ratio=shares, reference=reference, factor=factor)


def delisted(known: History, cut: int) -> History | None:
    """Delist after the next session whoever was not, and keep whoever was; later listings come later still."""
    bars = known.bars
    day, end = bars.sessions[cut], bars.sessions[-1]
    gone = ~np.isnat(bars.delisted) & (bars.delisted <= day)
    open_end = np.isnat(bars.delisted)
    ends = np.where(gone, bars.delisted, np.where(open_end, bars.sessions[cut + 1], NEVER))
    starts = np.where(bars.listed > day, end, bars.listed)
    return _with(known, delisted=ends.astype("datetime64[D]"), listed=starts.astype("datetime64[D]"))


def indexes(known: History, cut: int) -> History | None:
    """Let every index fall by twice what it rose, and the other way round."""
    if not known.bars.index_close:
        return None
    new = {}
    for symbol, closes in known.bars.index_close.items():
        past = closes[: cut + 1][~np.isnan(closes[: cut + 1])]
        anchor = past[-1] if past.size else 1000.0
        new[symbol] = np.concatenate((closes[: cut + 1], anchor * (anchor / closes[cut + 1 :]) ** 2))
    return _with(known, index_close=new)


def renamed(known: History, cut: int) -> History | None:  # noqa: ARG001  names have no date
    """Give every name another one, with a risk warning where it had none."""
    names = {symbol: name[3:] if name.startswith("*ST") else f"*ST{name}" for symbol, name in known.bars.names.items()}
    return _with(known, names=names)


def newly_told(known: History, cut: int) -> History | None:
    """Add catalysts of every kind for everybody and for every other name, from 09:16 of the next session on."""
    sessions = known.bars.sessions
    new = []
    for row in range(cut + 1, min(cut + 4, len(sessions))):
        at = _instant(sessions[row], dt.time(9, 16))
        some = known.symbols[row % 2 :: 2] or known.symbols
        for number, kind in enumerate(KINDS):
            strength = 2.0 if (row + number) % 2 else -2.0
            new.append(_catalyst(f"audit-{row}-{kind}", kind, at, (), "*", strength))
            new.append(_catalyst(f"audit-{row}-{kind}-some", kind, at, some, "", -strength))
    return _told(known, _past(known, cut) + new)


def told_at_once(known: History, cut: int) -> History | None:
    """Let every later catalyst be known at 09:16 of the next session already."""
    later = _future(known, cut)
    if not later:
        return None
    at = _instant(known.bars.sessions[cut + 1], dt.time(9, 16))
    return _told(known, _past(known, cut) + [replace(event, known_at=at) for event in later])


def told_later(known: History, cut: int) -> History | None:
    """Let every later catalyst be known some weeks later, with the other sign."""
    later = _future(known, cut)
    if not later:
        return None
    moved = [
        replace(event, known_at=event.known_at + dt.timedelta(days=35), strength=-event.strength) for event in later
    ]
    return _told(known, _past(known, cut) + moved)


def members_changed(known: History, cut: int) -> History | None:
    """Let every member leave after the session, and whoever joins later join on the last session only."""
    if known.universe is None:
        return None
    day, end = known.bars.sessions[cut], known.bars.sessions[-1]
    members = []
    for one in known.universe.members:
        if one.from_ > day:
            members.append(replace(one, from_=max(end, one.from_), to=NEVER))
        elif np.isnat(one.to) or one.to > day:
            members.append(replace(one, to=day))
        else:
            members.append(one)
    rejoining = {one.symbol for one in members if one.from_ > day}
    once = [one for at, one in enumerate(members) if not (one.from_ > day and _repeated(members, at, rejoining))]
    return History(known.bars, known.events, Universe(known.universe.name, tuple(once)), known.benchmark_symbol)


def without_later_names(known: History, cut: int) -> History | None:
    """Leave names out that belong to the universe, or have their first bar, only later."""
    bars = known.bars
    there = np.asarray(bars.traded[: cut + 1].any(axis=0))
    if known.universe is not None:
        there &= known.universe.mask(bars.sessions[: cut + 1], bars.symbols).any(axis=0)
    if there.all() or not there.any():
        return None
    kept = tuple(symbol for symbol, inside in zip(bars.symbols, there, strict=True) if inside)
    return History(bars.columns(kept), known.events, known.universe, known.benchmark_symbol)


SHIFT: Final = "let no row use what comes after it: shift(1) is yesterday, shift(-1) is tomorrow"
MEMBERS: Final = "use history.members or history.tradable, which are dated, and mask with them before comparing names"

CUT_OFF: Final = Change("history cut off", "the history ended on %(day)s", truncated, SHIFT)
OTHER_FUTURES: Final = (
    Change("prices", "prices after %(day)s went the other way", mirrored, SHIFT),
    Change("other names' prices", "after %(day)s every name went on as another did", permuted, SHIFT),
    Change("volume", "volumes after %(day)s were other ones", trading, SHIFT),
    Change(
        "suspensions and limits",
        "after %(day)s other names were suspended and none had a limit",
        suspended,
        "who is suspended or locked tomorrow is not known today: use history.tradable of the row itself",
    ),
    Change("risk warnings", "risk warnings after %(day)s were other ones", warned, "use history.bars.st row by row"),
    Change(
        "corporate actions",
        "after %(day)s every name went ex-rights",
        acted,
        "never divide by the last factor (forward-adjusted prices): use history.adjusted, whose past no later "
        "action changes",
    ),
    Change(
        "listings and delistings",
        "after %(day)s other names were listed and delisted",
        delisted,
        "who will be delisted is not known: do not choose by history.bars.delisted",
    ),
    Change("index", "the index after %(day)s went the other way", indexes, SHIFT),
    Change(
        "catalysts added",
        "catalysts were added that were known after %(day)s",
        newly_told,
        "use history.catalysts and history.strength, which show a catalyst from the row on which it was known",
    ),
    Change(
        "catalysts told earlier",
        "catalysts that were known after %(day)s were all known on the next session",
        told_at_once,
        "act on known_at as history.catalysts does, not on the date of the event",
    ),
    Change(
        "catalysts told later",
        "catalysts that were known after %(day)s were known five weeks later",
        told_later,
        "act on known_at as history.catalysts does, not on the date of the event",
    ),
    Change("membership", "membership after %(day)s was another one", members_changed, MEMBERS),
    Change("later names", "names that joined after %(day)s were left out", without_later_names, MEMBERS),
)
"""Every other future, each with the same sessions as what is known."""

RENAMED: Final = Change(
    "names",
    "names were other ones",
    renamed,
    "a name is today's, *ST included: use history.bars.st, which is dated",
)


def _with(known: History, **arrays: Any) -> History:  # noqa: ANN401  fields of `Bars`, but for sessions and symbols
    other = History(replace(known.bars, **arrays), known.events, known.universe, known.benchmark_symbol)
    if "_touches" in known.__dict__:  # which rests on sessions, symbols and universe alone, and takes a while to find
        other.__dict__["_touches"] = known.__dict__["_touches"]
    return other


def _told(known: History, events: list[Catalyst]) -> History:
    return History(known.bars, events, known.universe, known.benchmark_symbol)


def _later(array: NDArray[Any], future: NDArray[Any], cut: int) -> NDArray[Any]:
    """Return an array with other rows after the cut; `future` may hold all rows, or those alone."""
    new = array.copy()
    new[cut + 1 :] = future[-(len(array) - cut - 1) :]
    return new


def _anchor(bars: Bars, cut: int) -> NDArray[np.int64]:
    """Return each name's last close, or for one that has none yet its first."""
    first = bars.close[bars.traded.argmax(axis=0), np.arange(len(bars.symbols))]
    return cast("NDArray[np.int64]", np.maximum(np.where(bars.mark[cut] > 0, bars.mark[cut], first), FEN))


def _mirror(array: NDArray[np.int64], anchor: NDArray[np.int64], cut: int) -> NDArray[np.int64]:
    future = array[cut + 1 :]
    there = future > 0
    turned = anchor * (anchor / np.where(there, future, 1)) ** 2
    return _later(array, np.where(there, _fen(turned), future), cut)


def _fen(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round mills to whole fen, from one fen to a million CNY; what is 0 stays so."""
    fen = np.clip(np.rint(values / FEN), 1, 1e8).astype(np.int64) * FEN
    return np.where(values > 0, fen, 0)


def _past(known: History, cut: int) -> list[Catalyst]:
    return list(known.until(known.bars.sessions[cut]).events)


def _future(known: History, cut: int) -> list[Catalyst]:
    past = {event.id for event in _past(known, cut)}
    return [event for event in known.events if event.id not in past]


def _instant(session: np.datetime64, clock: dt.time) -> dt.datetime:
    return dt.datetime.combine(cast("dt.date", session.astype(dt.date)), clock, tzinfo=calendar.SHANGHAI)


def _catalyst(
    name: str, kind: str, at: dt.datetime, symbols: tuple[str, ...], segment: str, strength: float
) -> Catalyst:
    return Catalyst(
        id=name,
        kind=kind,
        title="Made up by the audit",
        known_at=at,
        symbols=symbols,
        segment=segment,
        strength=strength,
        source="made up by the audit",
        certainty="made up",
        time_known="yes",
    )


def _repeated(members: list[Any], at: int, rejoining: set[str]) -> bool:
    """Tell whether a later period of this symbol stands earlier in the list: moved, both would overlap."""
    symbol = members[at].symbol
    return symbol in rejoining and any(
        other.symbol == symbol and other.from_ == members[at].from_ for other in members[:at]
    )
