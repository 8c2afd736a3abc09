"""What a falsification follows from, and its id."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from backfolio import ashare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.backtest import ThesisFile
    from backfolio.falsify.model import Asked
    from backfolio.prepare import Prepared
    from backfolio.settings import MarketSettings
    from backfolio.source import Source
    from backfolio.strategy import Strategy

PACKAGES: Final = ("backfolio", "numpy", "pandas")
"""Whose versions can change a figure."""


def record(
    thesis: ThesisFile, strategy: Strategy, source: Source, prepared: Prepared, settings: MarketSettings, asked: Asked
) -> dict[str, Any]:
    """Return all that a falsification follows from, as JSON types."""
    sessions = prepared.bars.sessions
    return {
        "strategy": thesis.name,
        "thesis": {"file": thesis.path.name, "source": thesis.source},
        "modules": {module.name: module.source for module in thesis.modules},
        "params": strategy.params,
        "exits": strategy.exits.as_dict(),
        "rebalance": strategy.rebalance,
        "universe": None if prepared.universe is None else prepared.universe.name,
        "symbols": len(prepared.bars.symbols),
        "start": str(sessions[0]),
        "end": str(sessions[-1]),
        "market": asdict(settings),
        "benchmark": prepared.known.benchmark_symbol,
        "data": {"simulated": source.simulated, "fingerprint": prepared.fingerprint},
        "placebos": asked.placebos,
        "seed": asked.seed,
        "claims": [claim.as_dict() for claim in strategy.claims],
        "rules": ashare.RULES_VERSION,
        "packages": {name: version(name) for name in PACKAGES},
    }


def falsify_id(kept: Mapping[str, Any]) -> str:
    """Return 12 hex digits over a record; they name the report folder."""
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
