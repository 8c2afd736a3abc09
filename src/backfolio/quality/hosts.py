"""What hosts say against each other and against themselves: second hosts, revised history, quarantined replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import ashare
from backfolio.bars.rows import PRICES, price_mills
from backfolio.errors import SymbolError
from backfolio.money import cny_text
from backfolio.quality.rules import VOLUME_SHARE
from backfolio.quality.scene import days_of, finding, floats, has, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.quality.model import Finding
    from backfolio.quality.scene import Scene

VOLUME_ROOM: Final = 100
"""Shares by which the volumes of two hosts may always differ: one of them counts in lots."""

MOVES_FILLS: Final = frozenset(
    {*PRICES, "pre_close", "is_st", "traded", "cash", "shares", "ratio", "rights", "rights_price", "delisted", "listed"}
)
"""Columns of which a changed value changes fills or limits."""

WATCHED: Final = frozenset({"bars", "index_bars", "actions", "factors", "listings"})
UNTOLD: Final = frozenset({"name", "plan", "announced", "record_date", "pay_date", "assumed", "st_known_from"})
"""Tables whose past should stay, and columns of them that may change without harm."""


def hosts_differ(scene: Scene) -> Iterator[Finding]:
    """Compare the bars with those of a second host, where a sample of them was taken."""
    bars, frame = scene.bars, scene.held.second_bars
    if bars is None or not has(frame, "symbol", "date", "host", *PRICES, "volume"):
        return
    sound: NDArray[np.bool_] = np.logical_or.reduce(bars.traded, axis=0)
    session, column = scene.cells(frame["symbol"], frame["date"])
    at = np.flatnonzero((column >= 0) & sound[column])
    cell = session[at], column[at]
    host = frame["host"].to_numpy(dtype=str)[at]
    theirs = {name: price_mills(floats(frame[name]))[at] for name in PRICES}
    volume = floats(frame["volume"])[at]
    ours = bars.volume[cell]
    lost = ~bars.traded[cell] & (volume > 0)
    prices = {
        name: bars.traded[cell] & (theirs[name] > 0) & (theirs[name] != getattr(bars, name)[cell]) for name in PRICES
    }
    room = np.maximum(VOLUME_SHARE * ours, VOLUME_ROOM)
    volumes = bars.traded[cell] & (np.abs(volume - ours) > room)  # NaN compares false
    differ: NDArray[np.bool_] = np.logical_or.reduce([lost, volumes, *prices.values()])
    told: dict[int, list[tuple[int, str]]] = {}
    for k in np.flatnonzero(differ).tolist():
        day, symbol = int(cell[0][k]), int(cell[1][k])
        parts = ["no bar here"] if lost[k] else []
        for name in PRICES:
            if prices[name][k]:
                mine = cny_text(int(getattr(bars, name)[day, symbol]))
                parts.append(f"{name} {mine} here, {cny_text(int(theirs[name][k]))} there")
        parts += [f"volume {ours[k]:,} here, {volume[k]:,.0f} there"] if volumes[k] else []
        told.setdefault(symbol, []).append((day, f"{bars.sessions[day]} ({host[k]}): {', '.join(parts)}"))
    compared = np.bincount(cell[1], minlength=len(bars.symbols))
    for symbol, rows in sorted(told.items()):
        days = (bars.sessions[min(rows)[0]], bars.sessions[max(rows)[0]])
        value = (
            f"{len(rows)} of {compared[symbol]} bars compared differ: {some((text for _, text in sorted(rows)), '; ')}"
        )
        yield finding("hosts_differ", bars.symbols[symbol], days, value, len(rows))


def revised(scene: Scene) -> Iterator[Finding]:
    """Tell stored values that a later answer changed."""
    frame = scene.held.revisions
    if not has(frame, "table", "symbol", "date", "column", "old", "new"):
        return
    kept = frame["table"].isin(WATCHED) & ~frame["column"].isin(UNTOLD)
    told: dict[str, list[tuple[np.datetime64, str, bool]]] = {}
    rows = frame[kept]
    came = (
        rows.get("old_source", rows["column"].map(lambda _: "")),
        rows.get("new_source", rows["column"].map(lambda _: "")),
    )
    every = zip(rows["symbol"], days_of(rows["date"]), rows["column"], rows["old"], rows["new"], *came, strict=True)
    for symbol, day, column, old, new, old_source, new_source in every:
        hosts = f" ({old_source}, then {new_source})" if old_source and new_source and old_source != new_source else ""
        dated = "" if np.isnat(day) else f"{day} "
        told.setdefault(str(symbol or ""), []).append(
            (day, f"{dated}{column} {old} -> {new}{hosts}", column in MOVES_FILLS)
        )
    for symbol, changes in sorted(told.items()):
        days = sorted(day for day, _, _ in changes if not np.isnat(day))
        ends = (days[0], days[-1]) if days else (None, None)
        grave = any(moves for _, _, moves in changes)
        changes.sort(key=lambda change: (not change[2], str(change[0])))
        value = f"{len(changes):,} values changed: {some((text for _, text, _ in changes), '; ')}"
        yield finding("revised", symbol, ends, value, len(changes), "warning" if grave else "note")


def quarantined(scene: Scene) -> Iterator[Finding]:
    """Tell replies that broke the contract of their endpoint, one finding a symbol."""
    frame = scene.held.quarantine
    if not has(frame, "at", "host", "function", "subject", "reason"):
        return
    told: dict[str, list[str]] = {}
    when: dict[str, list[np.datetime64]] = {}
    for at, host, function, subject, reason in zip(
        days_of(frame["at"].dt.tz_convert(None)),
        frame["host"],
        frame["function"],
        frame["subject"],
        frame["reason"],
        strict=True,
    ):
        symbol = str(subject) if _is_symbol(str(subject)) else ""
        about = "" if symbol else f" {subject}"
        told.setdefault(symbol, []).append(f"{host} {function}{about}: {reason}")
        when.setdefault(symbol, []).append(at)
    for symbol, replies in sorted(told.items()):
        each = list(dict.fromkeys(replies))
        count = len(replies)
        value = f"replies kept: {count} ({some(each, '; ')})"
        yield finding("quarantined", symbol, (min(when[symbol]), max(when[symbol])), value, count)


def _is_symbol(text: str) -> bool:
    try:
        ashare.board_of(text)
    except SymbolError:
        return False
    return True
