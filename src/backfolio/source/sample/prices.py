"""From returns to bars: a latent value that the exchange's limits let through in steps.

The loop over sessions holds only what depends on the session before: the close,
on the tick and inside the limits, and the part of the return that a limit or a
suspension held back, which comes out later. The rest is made for the whole
market at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from backfolio import ashare
from backfolio.money import BASIS_POINTS, FEN, MILLS, PER_SHARE, half_up_ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.source.sample.events import Events
    from backfolio.source.sample.stage import ExDate, Stage

_MARKET_SIGMA: Final = 0.0095
_THEME_SIGMA: Final = 0.0095
_MARKET_DRIFT: Final = 0.00038
_THEME_DRIFT: Final = 0.00016
_OWN_LUCK_TAKEN: Final = 0.5
"""Of what chance adds to a company over the whole window, the part that is taken out.

From the market and the theme all of it is: whatever the seed, they end near
where their drift leads, and a thesis is not made by the luck of one draw.
"""

_NIGHT: Final = 0.45
"""Part of a deviation that falls between close and open."""

_MEMORY: Final = 0.95
_INNOVATION: Final = 0.12
"""Volatility clusters: an AR(1) around 1 with a half-life of 14 sessions and a deviation near 0.4."""

_TAILS: Final = 0.025
_TAIL_FACTOR: Final = 3.2
"""One return in 40 is drawn that much wider."""

_PINNED: Final = 0.02
"""Return held back from which a limit price stands all session."""

_PINNED_VOLUME: Final = 0.05
_FREE_VOLUME: Final = 4.0
"""Volume of such a session, and of one without a limit, relative to a usual one."""

_WICK: Final = 0.4
"""Deviation of highs and lows beyond open and close, relative to the company's own."""

_NEAR: Final = 0.9
"""Fraction of a limit below which no rounding to the tick can reach it."""

_FREE_UP: Final = 990_000
_FREE_DOWN: Final = 9_900
"""Basis points that stand in for the limits of a session that has none."""

_PROBE: Final = 100_000 * MILLS


@dataclass(frozen=True, eq=False)
class Market:
    """A simulated market: int64 arrays sessions x symbols, prices in mills."""

    reference: NDArray[np.int64]
    open: NDArray[np.int64]
    high: NDArray[np.int64]
    low: NDArray[np.int64]
    close: NDArray[np.int64]
    volume: NDArray[np.int64]
    amount: NDArray[np.int64]
    ex_rights: tuple[tuple[int, int, str, float], ...]
    """(row, column, kind, value), in the words of the import format."""


def simulate(events: Events) -> Market:
    """Play the market of `events` and its stage."""
    stage = events.stage
    clusters = _clusters(stage)
    overnight, inside = _returns(stage, clusters)
    for add_overnight, add_inside in (stage.shocks, events.returns()):
        overnight += add_overnight
        inside += add_inside
    overnight *= stage.alive
    inside *= stage.alive
    reference, close, held_back, ex_rights = _closes(stage, 1.0 + overnight + inside)
    return _bars(stage, clusters, overnight, reference, close, held_back, ex_rights)


def _clusters(stage: Stage) -> NDArray[np.float64]:
    """Volatility multipliers: market, theme, then every company."""
    news = stage.draws(3).bell(len(stage.sessions), len(stage.roles) + 2)
    news *= _INNOVATION
    level = np.zeros(news.shape[1])
    for row in news:
        level *= _MEMORY
        level += row
        row[:] = level
    return np.clip(1.0 + news, 0.45, 3.0)


def _returns(stage: Stage, clusters: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return factor returns overnight and inside the session, sessions x symbols."""
    dice = stage.draws(4)
    rows, columns = stage.shape
    beta, theme = stage.numbers("beta"), stage.numbers("theme")
    sigma = np.concatenate([[_MARKET_SIGMA, _THEME_SIGMA], stage.numbers("sigma")]) * clusters
    sigma *= np.where(dice.uniform(rows, columns + 2) < _TAILS, _TAIL_FACTOR, 1.0)
    drift = np.concatenate([[_MARKET_DRIFT, _THEME_DRIFT], np.zeros(columns)])
    luck_taken = np.concatenate([[1.0, 1.0], np.full(columns, _OWN_LUCK_TAKEN)])
    parts = []
    for share, drift_share in ((_NIGHT, 0.0), (np.sqrt(1.0 - _NIGHT**2), 1.0)):
        own = dice.bell(rows, columns + 2) * sigma * share
        own += drift * drift_share - luck_taken * np.cumsum(own, axis=0)[-1] / rows
        parts.append(own[:, 2:] + own[:, :1] * beta + own[:, 1:2] * theme)
    return parts[0], parts[1]


def _closes(
    stage: Stage, growth: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], tuple[tuple[int, int, str, float], ...]]:
    """Return reference prices, closes (the mark where not traded), return held back, ex-rights rows."""
    rows, columns = stage.shape
    silent = ~stage.traded
    up_points, down_points = _points(stage)
    near = _NEAR / BASIS_POINTS * np.minimum(up_points, down_points)
    beijing = sum(ashare.board_of(symbol) != ashare.BSE for symbol in stage.symbols)
    reference, close = np.empty((rows, columns), dtype=np.int64), np.empty((rows, columns), dtype=np.int64)
    held_back = np.zeros((rows + 1, columns))
    mark = np.rint(stage.numbers("price") * 100) * FEN
    ex_rights: list[tuple[int, int, str, float]] = []
    wish, price = np.empty(columns), np.empty(columns)
    for row in range(rows):
        for event in stage.ex_dates.get(row, ()):
            mark[event.column], lines = _go_ex(int(mark[event.column]), event)
            ex_rights += [(row, event.column, kind, value) for kind, value in lines]
        reference[row] = mark
        np.add(growth[row], held_back[row], out=wish)
        np.multiply(mark, wish, out=price)
        price /= FEN
        np.rint(price, out=price)
        price *= FEN
        if (np.abs(wish - 1.0) > near[row]).any():
            for part, inward in ((slice(0, beijing), False), (slice(beijing, columns), True)):
                from_, over, under = cast("Any", (reference[row, part], up_points[row, part], down_points[row, part]))
                up, down = ashare.limit_prices(from_, over, under, inward)
                price[part] = np.minimum(np.maximum(price[part], np.maximum(down, FEN)), up)
        np.copyto(price, mark, where=silent[row])
        close[row] = price
        np.divide(price, mark, out=mark)
        np.subtract(wish, mark, out=held_back[row + 1])
        mark[:] = price
    return reference, close, held_back, tuple(ex_rights)


def _points(stage: Stage) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Read the limits in basis points off `ashare`, from a price at which no rounding shows."""
    probe = np.full(stage.shape, _PROBE, dtype=np.int64)
    up, down, state = ashare.limit_table(stage.symbols, stage.sessions, probe, stage.st, stage.listed)
    limited = state == ashare.LIMITED
    up_points = np.where(limited, (up - _PROBE) * BASIS_POINTS // _PROBE, _FREE_UP)
    down_points = np.where(limited, (_PROBE - down) * BASIS_POINTS // _PROBE, _FREE_DOWN)
    return up_points, down_points


def _go_ex(mark: int, event: ExDate) -> tuple[int, list[tuple[str, float]]]:
    """Return the reference price of an ex-date, and its rows in the words of the import format."""
    if event.ratio:
        ratio = round(event.ratio * PER_SHARE)
        return half_up_ratio(mark, ratio, PER_SHARE, FEN), [("price ratio", event.ratio)]
    cash = max(mark * event.cash_yield // BASIS_POINTS // FEN * FEN, FEN) if event.cash_yield else 0
    shares = round(event.shares * PER_SHARE)
    rows = [("cash/share", cash / MILLS), ("shares/share", event.shares)]
    return half_up_ratio(mark - cash, PER_SHARE, PER_SHARE + shares, FEN), [row for row in rows if row[1]]


def _bars(
    stage: Stage,
    clusters: NDArray[np.float64],
    overnight: NDArray[np.float64],
    reference: NDArray[np.int64],
    close: NDArray[np.int64],
    held_back: NDArray[np.float64],
    ex_rights: tuple[tuple[int, int, str, float], ...],
) -> Market:
    """Make opens, highs, lows, volumes and amounts that agree with the closes and the limits."""
    dice = stage.draws(5)
    up, down, state = ashare.limit_table(stage.symbols, stage.sessions, reference, stage.st, stage.listed)
    limited = state == ashare.LIMITED
    up, down = np.where(limited, up, reference * 100), np.where(limited, down, FEN)
    opened = _inside(reference * (1.0 + overnight + held_back[:-1]), down, up)
    spread = np.abs(dice.bell(2, *stage.shape)) * (stage.numbers("sigma") * clusters[:, 2:] * _WICK)
    high = _inside(np.maximum(opened, close) * (1.0 + spread[0]), down, up)
    low = _inside(np.minimum(opened, close) * (1.0 - spread[1]), down, up)
    left = held_back[1:]
    pinned_up = (opened == up) & (close == up) & (left > _PINNED)
    pinned_down = (opened == down) & (close == down) & (left < -_PINNED)
    low = np.where(pinned_up, up, low)
    high = np.where(pinned_down, down, high)
    luck = dice.uniform(2, *stage.shape)
    moved = np.abs(close - reference) / reference
    cny = stage.numbers("turnover") * clusters[:, 2:] * (0.55 + 0.9 * luck[0]) * (1.0 + 14.0 * np.minimum(moved, 0.2))
    cny *= np.where(pinned_up | pinned_down, _PINNED_VOLUME, np.where(limited, 1.0, _FREE_VOLUME))
    volume = np.maximum(np.rint(cny * (1e6 * MILLS / 100) / close).astype(np.int64), 1) * 100
    average = low + np.rint((high - low) * (0.25 + 0.5 * luck[1])).astype(np.int64)
    amount = (volume * average + FEN // 2) // FEN * FEN
    return Market(reference, opened, high, low, close, volume, amount, ex_rights)


def _inside(price: NDArray[np.float64], down: NDArray[np.int64], up: NDArray[np.int64]) -> NDArray[np.int64]:
    """Round to the tick, then keep inside the limits."""
    ticks = np.rint(price / FEN).astype(np.int64) * FEN
    return np.minimum(np.maximum(ticks, down), up)
