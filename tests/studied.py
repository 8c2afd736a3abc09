"""Simulated worlds and small markets with catalysts, for the tests of event studies."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from backfolio.calendar import SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.prepare import prepare
from backfolio.source.model import Source
from backfolio.study import Asked, Study, Subject, Window, curves, study
from backfolio.study.returns import abnormal, panel
from backfolio.testing.build import build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backfolio.study import Measured

    Floats = NDArray[np.float64]

INDEX = "000300.SH"
SYMBOLS = ("000977.SZ", "300750.SZ", "600519.SH", "603019.SH")
NAMED = SYMBOLS[0]
FIRST_DAYS = (145, 185, 225, 270, 310, 350)


@dataclass(frozen=True)
class Null:
    """Worlds in which nothing happens to the names but what the benchmark and a common factor do.

    Parameters
    ----------
    names, sessions
        Of each world.
    common
        Correlation between the shocks of any two names.
    days
        Each touches every name; () = one event a name, on a day of its own.
    effect
        What is added to day 0 after all.
    heavy
        Shocks of Student's t with five degrees of freedom.
    louder
        How many times larger the shocks of days 0 to 5 are.
    """

    names: int = 12
    sessions: int = 370
    common: float = 0.3
    days: tuple[int, ...] = FIRST_DAYS
    effect: float = 0.0
    heavy: bool = False
    louder: float = 1.0

    def measure(self, generator: np.random.Generator, windows: Sequence[Window]) -> tuple[Measured, ...]:
        """Draw a world and study it."""
        market = generator.normal(0.0, 0.012, self.sessions)
        factor = generator.normal(0.0, 1.0, (self.sessions, 1))
        shape = (self.sessions, self.names)
        own = generator.standard_t(5, shape) / np.sqrt(5 / 3) if self.heavy else generator.normal(0.0, 1.0, shape)
        shocks = np.sqrt(self.common) * factor + np.sqrt(1.0 - self.common) * own
        beta, size = generator.uniform(0.6, 1.5, self.names), generator.uniform(0.015, 0.03, self.names)
        returns = beta * market[:, None] + size * shocks
        own_days = generator.integers(140, self.sessions - 25, self.names)
        events = [(day, name) for day in self.days for name in range(self.names)] or list(
            zip(own_days.tolist(), range(self.names), strict=True)
        )
        for day, name in events:
            returns[day : day + 6, name] += (self.louder - 1.0) * size[name] * shocks[day : day + 6, name]
            returns[day, name] += self.effect
        prices = np.exp(np.cumsum(returns, axis=0))
        seen = panel(prices, np.ones(shape, dtype=np.bool_), np.exp(np.cumsum(market)), log=True)
        asked = Asked(Window(-2, 5))
        measured = abnormal(seen, [day for day, _ in events], [name for _, name in events], asked)
        return curves.over(curves.sample(measured, np.ones(len(events))), windows)


def rejections(world: Null, worlds: int, seed: int, windows: Sequence[Window]) -> list[dict[str, int]]:
    """Return, of each window, in how many worlds each test finds something at 5%."""
    generator = np.random.default_rng(seed)
    counts: list[dict[str, int]] = [{} for _ in windows]
    for _ in range(worlds):
        for count, one in zip(counts, world.measure(generator, windows), strict=True):
            for test in one.tests:
                count[test.name] = count.get(test.name, 0) + (test.p is not None and test.p < 0.05)
    return counts


def catalyst(
    name: str, session: object, symbols: Sequence[str] = (), kind: str = "model_release", **more: object
) -> Catalyst:
    """Return a catalyst that is known in the evening of a session."""
    known = dt.datetime.fromisoformat(f"{session}T20:00").replace(tzinfo=SHANGHAI)
    title = str(more.pop("title", f"News {name}"))
    fields: dict[str, object] = {
        "source": "https://example.org/a", "certainty": "high", "time_known": "yes", "segment": "" if symbols else "*",
        **more,
    }  # fmt: skip
    return Catalyst(name, kind, title, known, tuple(symbols), **fields)  # type: ignore[arg-type]


def market(
    sessions: int = 260,
    *,
    seed: int = 3,
    symbols: Sequence[str] = SYMBOLS,
    effects: dict[tuple[int, str], float] | None = None,
    cells: dict[tuple[int, str], str] | None = None,
) -> Source:
    """Return names that wander about an index.

    Parameters
    ----------
    effects
        (row, symbol) to what is added to the return of that session.
    cells
        (row, symbol) to a cell of `build` instead of the drawn one; "-" is a halt. The price goes on from there.
    """
    generator = np.random.default_rng(seed)
    moves = generator.normal(0.0, 0.01, sessions)
    lines = {}
    for symbol in symbols:
        price, line = 20.0, []
        for row in range(sessions):
            move = moves[row] + generator.normal(0.0, 0.015) + (effects or {}).get((row, symbol), 0.0)
            given = (cells or {}).get((row, symbol))
            if given == "-":
                line.append(given)
                continue
            if given is not None:
                line.append(given)
                price = float(given.split(";")[0].split("/")[-1])
                continue
            opened, price = price, round(price * (1.0 + float(np.clip(move, -0.09, 0.09))), 2)
            line.append(f"{opened:.2f}/{price:.2f}")
        lines[symbol] = " ".join(line)
    bars = build("2023-01-03", lines, listed=dict.fromkeys(symbols, "2001-08-27"))
    bars = replace(
        bars, index_close={INDEX: 4000.0 * np.cumprod(1.0 + moves)}, index_names={INDEX: "沪深300"},
        names={symbol: f"Name {symbol[:3]}" for symbol in symbols},
    )  # fmt: skip
    return Source("hand-made bars", False, bars, (), {}, "bars")


def with_news(source: Source, *catalysts: Catalyst) -> Source:
    """Return a source with catalysts."""
    return replace(source, catalysts=tuple(sorted(catalysts, key=lambda one: (one.known_at, one.id))))


class Everyone:
    """A thesis' universe: every symbol."""

    universe = None


def studied(source: Source, kinds: Sequence[str] = ("model_release",), asked: Asked | None = None, **cut: str) -> Study:
    """Study kinds over every name of a source."""
    wanted = Asked() if asked is None else asked
    prepared = prepare(Everyone, source, cut.get("start"), cut.get("end"), cut.get("benchmark", INDEX), covered=False)
    return study(Subject(kinds[0]), source, prepared, kinds, wanted, command="backfolio study --kind model_release")
