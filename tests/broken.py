"""Small theses and markets for the tests of falsification."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from backfolio import Exits, Param, Strategy, equal_weight
from backfolio.falsify.catalysts import Catalogue
from backfolio.falsify.luck import Luck
from backfolio.falsify.scene import Scene
from backfolio.prepare import prepare
from backfolio.settings import MarketSettings
from backfolio.strategy.listening import emit_listening
from backfolio.sweep import ledger, sparse
from studied import catalyst, market

if TYPE_CHECKING:
    from backfolio.catalysts import Catalyst
    from backfolio.history import History
    from backfolio.prepare import Prepared
    from backfolio.source import Source

SYMBOLS = (
    "000001.SZ", "000002.SZ", "000977.SZ", "300014.SZ", "300059.SZ", "300750.SZ",
    "600000.SH", "600016.SH", "600519.SH", "603019.SH", "688012.SH", "688981.SH",
)  # fmt: skip
RICH = MarketSettings(cash=10_000_000)


class News(Strategy):
    """Buy what news touches."""

    exits = Exits(stop_loss=0.2)
    hold = Param(5, low=1, high=50, doc="sessions that news stays fresh")

    def targets(self, history: History) -> object:  # type: ignore[override]
        return equal_weight(history.catalysts("model_release", within=self.hold) & history.tradable)


class Lots(Strategy):
    """Hold names by lot, drawn anew every few sessions."""

    seed = Param(1, low=0, high=100_000, doc="of the lottery")
    hold = Param(10, low=1, high=50, doc="sessions from draw to draw")
    names = Param(3, low=1, high=10, doc="held at once")

    def targets(self, history: History) -> object:  # type: ignore[override]
        rows, columns = len(history.sessions), len(history.symbols)
        lots = np.random.default_rng(self.seed).random((rows, columns))[np.arange(rows) // self.hold]
        chosen = np.argsort(-lots, axis=1)[:, : self.names]
        weights = np.zeros((rows, columns))
        np.put_along_axis(weights, chosen, 1 / self.names, axis=1)
        return weights


@cache
def twelve(sessions: int = 260, seed: int = 5) -> Source:
    """Return twelve names of four boards, without news."""
    return market(sessions, seed=seed, symbols=SYMBOLS)


def news(source: Source, rows: list[int], generator: np.random.Generator, names: int = 3) -> tuple[Catalyst, ...]:
    """Return news on some rows, each of some names."""
    symbols = np.array(source.bars.symbols)
    return tuple(
        catalyst(f"news-{at:02d}", source.bars.sessions[row], generator.choice(symbols, names, replace=False).tolist())
        for at, row in enumerate(rows)
    )


def with_news(rows: list[int], sessions: int = 260, seed: int = 5) -> Source:
    """Return the twelve names with news on some rows, the same for the same rows."""
    source = twelve(sessions, seed)
    return replace(source, catalysts=news(source, rows, np.random.default_rng(seed)))


def scene(strategy: Strategy, prepared: Prepared, settings: MarketSettings = RICH) -> Scene:
    """Return a thesis as it stands, without the bootstrap, which takes longer than all else."""
    targets, kinds = emit_listening(strategy, prepared.known, prepared.rows)
    rows = sparse(targets)
    sessions = len(prepared.bars.sessions)
    return Scene(
        strategy, prepared, settings, kinds, targets, rows, ledger(prepared.bars, rows, strategy.exits, settings),
        Catalogue(prepared.known, kinds), Luck(np.empty((0, sessions)), np.zeros(sessions)),
    )  # fmt: skip


def prepared(strategy: type[Strategy], source: Source, start: str | None = None) -> Prepared:
    """Return a thesis' market."""
    return prepare(strategy, source, start)
