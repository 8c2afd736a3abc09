"""Reference prices against corporate actions, and both against vendors' factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.bars.actions import BY_HAND, previous_rows
from backfolio.money import FEN, cny_text
from backfolio.quality.rules import FACTOR_DRIFT, FACTOR_ERROR, FACTOR_STEP, LEAST_DIFFERENTIATED
from backfolio.quality.scene import by_column, days_of, finding, floats, has, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.quality.model import Finding
    from backfolio.quality.rules import Severity
    from backfolio.quality.scene import Scene

ALONE: Final = "known by the reference price alone"
"""Said of a symbol of which no corporate action is known: such symbols are told together."""

IN_BARS: Final = "the bars"
"""Where a factor stands that came with the bars and not from a table of factors."""


def reference_prices(scene: Scene) -> Iterator[Finding]:
    """Compare the reference prices in the data with what corporate actions make of the previous close.

    Of a differentiated dividend (shares that the company has bought back take
    none) the exchange takes off ``cash x shares that take part / all shares``,
    while who holds the share gets the whole cash. Source: the formula in such
    companies' announcements of their ex-dates, after the exchanges' Trading
    Rules, which let them ask for another than the usual one; read in secondary
    sources.
    """
    bars, expected, given = scene.bars, scene.expected, scene.looked.given
    if bars is None or expected is None:
        return
    judged: NDArray[np.bool_] = bars.traded & (given > 0) & (expected.price > 0)
    off: NDArray[np.int64] = given - expected.price
    wrong = judged & ((expected.acted & (np.abs(off) > expected.room)) | (~expected.acted & (off > 0)))
    for column, sessions in by_column(wrong):
        for at in sessions.tolist():
            here, before, due = (int(grid[at, column]) for grid in (given, expected.before, expected.price))
            severity: Severity | None = None
            if expected.acted[at, column]:
                value = f"reference price {cny_text(here)}, by its corporate action {cny_text(due)}"
                value += f" (previous close {cny_text(before)})"
                if here > due and before - here >= LEAST_DIFFERENTIATED * (before - due) - int(
                    expected.room[at, column]
                ):
                    less = 1 - (before - here) / (before - due)
                    value += f": {less:.1%} less, as where the company's own shares take no dividend"
                    severity = "warning"
            else:
                value = f"reference price {cny_text(here)} above the previous close {cny_text(before)}"
            yield finding("reference_price", bars.symbols[column], (bars.sessions[at],) * 2, value, severity=severity)
    yield from _ex_dates_unknown(scene, bars, judged & ~expected.acted & (off < -FEN))


def _ex_dates_unknown(scene: Scene, bars: Bars, unknown: NDArray[np.bool_]) -> Iterator[Finding]:
    """Tell ex-dates of which only the reference price is known; at once where no action of the symbol is known.

    A drop of a tick is left alone: it is as much as rounding makes.
    """
    expected, given = scene.expected, scene.looked.given
    if expected is None:
        return
    has_actions: NDArray[np.bool_] = np.logical_or.reduce(expected.acted, axis=0)
    if has(scene.held.actions, "symbol"):
        columns = scene.columns(scene.held.actions["symbol"])
        has_actions[columns[columns >= 0]] = True
    for column, sessions in by_column(unknown):
        told = [
            f"{bars.sessions[at]} {cny_text(int(given[at, column]))} after {cny_text(int(expected.before[at, column]))}"
            for at in sessions.tolist()
        ]
        if has_actions[column]:
            for at, text in zip(sessions.tolist(), told, strict=True):
                value = f"reference price {text.partition(' ')[2]}, and no corporate action"
                yield finding("ex_date_unknown", bars.symbols[column], (bars.sessions[at],) * 2, value)
            continue
        count = len(told)
        value = f"{count} ex-date{'s' * (count > 1)} {ALONE} ({some(told)})"
        days = (bars.sessions[sessions[0]], bars.sessions[sessions[-1]])
        yield finding("ex_date_unknown", bars.symbols[column], days, value, count)


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """A vendor's factor beside ours, at each bar that has one and had one before; flat, sorted by column."""

    session: NDArray[np.intp]
    column: NDArray[np.intp]
    theirs: NDArray[np.float64]
    ours: NDArray[np.float64]
    room: NDArray[np.float64]

    @property
    def off(self) -> NDArray[np.bool_]:
        """Where the steps differ by more than their rounding."""
        apart: NDArray[np.bool_] = np.abs(self.theirs / self.ours - 1) > FACTOR_STEP + self.room
        return apart


def factors(scene: Scene) -> Iterator[Finding]:
    """Compare each vendor's factor with ours, ex-date by ex-date and over the whole stretch.

    Ours is made of reference prices and corporate actions, so raw close x our
    factor is the return of who held the share and got what it paid; raw close
    x their factor is the vendor's adjusted return. The closes are the same: the
    factors alone are compared.
    """
    bars = scene.bars
    if bars is None:
        return
    told: dict[tuple[str, int], list[str]] = {}
    grave: set[tuple[str, int]] = set()
    drifts: dict[str, list[tuple[str, tuple[np.datetime64, np.datetime64], str]]] = {}
    vendors = [(source, _steps(bars, grid)) for source, grid in _vendors(scene, bars)]
    borne = _borne_out(scene, [steps for _, steps in vendors])
    for source, steps in vendors:
        off = steps.off
        alone = off & ~borne[steps.session, steps.column] & (source != IN_BARS)
        alone &= np.abs(steps.theirs / steps.ours - 1) > FACTOR_ERROR + steps.room
        grave |= {(bars.symbols[steps.column[at]], int(steps.session[at])) for at in np.flatnonzero(alone).tolist()}
        for at in np.flatnonzero(off).tolist():
            session, column = int(steps.session[at]), int(steps.column[at])
            text = _step_text(source, float(steps.theirs[at]), float(steps.ours[at]))
            told.setdefault((bars.symbols[column], session), []).append(text)
        for column, value, days in _drifts(bars, steps, off):
            drifts.setdefault(bars.symbols[column], []).append((source, days, value))
    for (symbol, session), texts in told.items():
        severity: Severity | None = "error" if (symbol, session) in grave else None
        yield finding("factor_step", symbol, (bars.sessions[session],) * 2, "; ".join(texts), len(texts), severity)
    for symbol, every in drifts.items():
        days = (min(first for _, (first, _), _ in every), max(last for _, (_, last), _ in every))
        value = "; ".join(f"the factor of {source} {value}" for source, _, value in every)
        yield finding("adjusted_return", symbol, days, value, len(every))


def _borne_out(scene: Scene, vendors: list[_Steps]) -> NDArray[np.bool_]:
    """Return, sessions x symbols, where something besides one host says what reference price or action we have.

    That is the exchange's own reference price, a row put in by hand, a second
    source of corporate actions, or a vendor whose factor moves as ours does.
    """
    borne: NDArray[np.bool_] = scene.looked.given > 0
    for steps in vendors:
        same = ~steps.off & (np.abs(steps.ours - 1) > FACTOR_STEP)
        borne[steps.session[same], steps.column[same]] = True
    frame = scene.held.actions
    if has(frame, "symbol", "ex_date", "source"):
        session, column = scene.cells(frame["symbol"], frame["ex_date"])
        source = frame["source"].to_numpy(dtype=object)
        inside = np.flatnonzero(session >= 0)
        by_hand = inside[source[inside] == BY_HAND]
        borne[session[by_hand], column[by_hand]] = True
        cells = session[inside] * borne.shape[1] + column[inside]
        pairs = {(int(cell), str(name)) for cell, name in zip(cells, source[inside], strict=True)}
        cell, count = np.unique(np.array([cell for cell, _ in pairs], dtype=np.intp), return_counts=True)
        borne[np.divmod(cell[count > 1], borne.shape[1])] = True
    return borne


def _step_text(source: str, theirs: float, ours: float) -> str:
    if abs(ours - 1) <= FACTOR_STEP / 10:
        return f"the factor of {source} moves by {theirs - 1:+.2%} without an ex-date"
    if abs(theirs - 1) <= FACTOR_STEP / 10:
        return f"an ex-date of {ours - 1:+.2%}, and the factor of {source} stays"
    return f"an ex-date of {ours - 1:+.2%}, and the factor of {source} moves by {theirs - 1:+.2%}"


def _steps(bars: Bars, grid: NDArray[np.float64]) -> _Steps:
    there = ~np.isnan(grid)
    before = np.full(grid.shape, -1, dtype=np.intp)
    before[1:] = previous_rows(there)[:-1]
    column, session = np.nonzero((there & (before >= 0)).T)
    since = before[session, column]
    theirs = grid[session, column] / grid[since, column]
    ours = bars.factor[session, column] / bars.factor[since, column]
    reference = np.maximum(bars.reference[session, column], FEN)
    room = np.where(np.abs(ours - 1) > 0, FEN / 2 / reference, 0.0)
    return _Steps(session, column, theirs, ours, room)


def _drifts(
    bars: Bars, steps: _Steps, off: NDArray[np.bool_]
) -> Iterator[tuple[int, str, tuple[np.datetime64, np.datetime64]]]:
    """Add up what each step may miss; steps told already are left out."""
    width = len(bars.symbols)
    apart = np.where(off, 0.0, np.log(steps.theirs / steps.ours))
    drift = np.bincount(steps.column, weights=apart, minlength=width)
    room = FACTOR_DRIFT + np.bincount(steps.column, weights=np.where(off, 0.0, steps.room), minlength=width)
    for column in np.flatnonzero(np.abs(drift) > room).tolist():
        mine = np.flatnonzero(steps.column == column)
        days = (bars.sessions[steps.session[mine[0]]], bars.sessions[steps.session[mine[-1]]])
        value = f"ends {np.expm1(drift[column]):+.2%} away from raw returns with corporate actions added"
        yield column, value, days


def _vendors(scene: Scene, bars: Bars) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield each vendor's factor at the bars, sessions x symbols; NaN where it says nothing."""
    rows = scene.rows
    if rows is not None and "factor" in rows.values:
        grid = np.full(bars.traded.shape, np.nan)
        held = np.flatnonzero(rows.placed & rows.traded & (rows.values["factor"] > 0))
        grid[rows.session[held], rows.symbol[held]] = rows.values["factor"][held]
        grid[~bars.traded] = np.nan
        if not np.isnan(grid).all():
            yield IN_BARS, grid
    frame = scene.held.factors
    if not has(frame, "symbol", "date", "factor", "source"):
        return
    value, day, column = floats(frame["factor"]), days_of(frame["date"]), scene.columns(frame["symbol"])
    source = frame["source"].to_numpy(dtype=str)
    # A change on a day that is no session, or before the bars, holds from the next session of them.
    session = np.searchsorted(bars.sessions, day)
    good = (value > 0) & (column >= 0) & ~np.isnat(day) & (session < len(bars.sessions))
    for name in sorted(set(source[good].tolist())):
        mine = np.flatnonzero(good & (source == name))
        mine = mine[np.argsort(day[mine], kind="stable")]
        changes = np.full(bars.traded.shape, np.nan)
        changes[session[mine], column[mine]] = value[mine]
        since = previous_rows(~np.isnan(changes))
        grid = np.where(since >= 0, np.take_along_axis(changes, np.maximum(since, 0), axis=0), np.nan)
        grid[~bars.traded] = np.nan
        yield name, grid
