"""Small markets and theses to walk forward over, for the tests of the walk, its command and its page."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backfolio.calendar import SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.discover import load_file
from backfolio.settings import MarketSettings
from backfolio.source.model import Source
from backfolio.testing.build import build
from backfolio.tune.space import read_space
from backfolio.tune.trials import read_constraints
from backfolio.tune.walk import walk_forward
from backfolio.tune.walk_plan import WalkRequest

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.discover import Thesis
    from backfolio.tune.walk_model import Walk

INDEX = "000300.SH"
SYMBOLS = ("000001.SZ", "000977.SZ", "300750.SZ", "600000.SH", "600519.SH", "603019.SH")
HEAD = "import numpy as np\nimport pandas as pd\n\nfrom backfolio import Exits, Param, Strategy, equal_weight, top\n\n"
MOMENTUM = (
    HEAD
    + '''
class Momentum(Strategy):
    """Hold what rose most.

    And nothing else.
    """

    back = Param(5, low=1, high=60, doc="sessions of the rise")
    names = Param(2, low=1, high=6, doc="names held")

    def targets(self, history):
        return equal_weight(top(history.returns(self.back), self.names), slots=self.names)
'''
)


def market(sessions: int = 90, seed: int = 1) -> Source:
    """Return a market of six names that wander, with an index and a catalyst every few sessions."""
    generator = np.random.default_rng(seed)
    lines = {}
    for symbol in SYMBOLS:
        cells, price = [], float(generator.uniform(10.0, 40.0))
        for move in generator.normal(0.003, 0.02, sessions):
            opened = price
            price = round(price * (1.0 + float(np.clip(move, -0.08, 0.08))), 2)
            cells.append(f"{opened:.2f}/{price:.2f};v=9000000")
        lines[symbol] = " ".join(cells)
    bars = build("2024-01-02", lines, listed=dict.fromkeys(lines, "2001-08-27"))
    closes = 3000.0 * np.cumprod(1.0 + generator.normal(0.0003, 0.01, sessions))
    bars = replace(bars, index_close={INDEX: closes}, index_names={INDEX: "沪深300"})
    catalysts = tuple(
        Catalyst(
            f"news-{at}",
            "model_release",
            "news",
            dt.datetime.fromisoformat(f"{bars.sessions[at]}T20:00").replace(tzinfo=SHANGHAI),
            (SYMBOLS[at % len(SYMBOLS)],),
            source="https://example.org/a",
            certainty="memory, unverified",
            time_known="yes",
        )
        for at in range(1, sessions, 4)
    )
    return Source("hand-made bars", False, bars, catalysts, {})


def thesis(folder: Path, text: str = MOMENTUM) -> Thesis:
    """Write a thesis into a folder and load it."""
    path = folder / "a_thesis.py"
    path.write_text(text, encoding="utf-8")
    found = load_file(path, folder)
    assert isinstance(found, tuple), found
    (loaded,) = found
    return loaded


def request(loaded: Thesis, vary: tuple[str, ...] = ("back=2:8:3", "names=1,2"), **changes: Any) -> WalkRequest:
    """Return what is asked of a small walk: thirty sessions to train on, fifteen to trade."""
    constraints = read_constraints(changes.pop("constraints", ()))
    words = {"settings": MarketSettings(cash=200_000.0), "params": {}, "train": 30, "test": 15, **changes}
    space = read_space(vary, loaded.strategy, words["params"])
    return WalkRequest(space=space, constraints=constraints, **words)


def walked(folder: Path, text: str = MOMENTUM, source: Source | None = None, **changes: Any) -> Walk:
    """Walk a thesis forward over a small market."""
    loaded = thesis(folder, text)
    return walk_forward(loaded, source or market(), request(loaded, **changes))
