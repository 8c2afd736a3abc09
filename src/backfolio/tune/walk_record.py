"""What a walk-forward is, as JSON: the record that names its folder."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from backfolio import ashare
from backfolio.backtest import PACKAGES, fills_hash, installed_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from backfolio.backtest import ThesisFile
    from backfolio.ledger import Ledger
    from backfolio.prepare import Prepared
    from backfolio.source import Source
    from backfolio.tune.walk_model import WalkWindow
    from backfolio.tune.walk_plan import WalkRequest

ENGINES: Final = ("numba", "optuna")
"""Packages that can change a trial, beside those that can change a run."""


def asked_of(
    thesis: ThesisFile,
    source: Source,
    request: WalkRequest,
    params: Mapping[str, object],
    market: Prepared,
    count: int,
) -> dict[str, object]:
    """Return all that the trials of a walk follow from, as JSON types, finished or not.

    `params` are those that do not vary, by name.
    """
    return {
        "strategy": thesis.name,
        "params": dict(params),
        "vary": request.space.as_dict(),
        "score": request.score,
        "constraints": [str(each) for each in request.constraints],
        "sampler": request.sampler,
        "trials": count,
        "seed": request.seed,
        "train": request.train,
        "test": request.test,
        "anchored": request.anchored,
        "purge": request.purge,
        "start": str(market.bars.sessions[0]),
        "end": str(market.bars.sessions[-1]),
        "universe": market.universe.name if market.universe else None,
        "symbols": len(market.bars.symbols),
        "market": asdict(request.settings),
        "benchmark": request.benchmark,
        "data": {"simulated": source.simulated, "fingerprint": market.fingerprint},
        "rules": ashare.RULES_VERSION,
        "packages": {
            **{name: installed_version(name) for name in (*PACKAGES, *ENGINES)},
            "python": platform.python_version(),
        },
        "thesis": {"file": thesis.path.name, "source": thesis.source},
        "modules": {module.name: module.source for module in thesis.modules},
    }


def record_of(asked: Mapping[str, object], windows: Sequence[WalkWindow], ledger: Ledger) -> dict[str, object]:
    """Return what was asked and what was done, as JSON types; no two walks have the same."""
    return {
        **asked,
        "chosen": [None if window.chosen is None else dict(window.chosen) for window in windows],
        "fills": fills_hash(ledger),
    }


def identity(record: Mapping[str, object]) -> str:
    """Return 12 hex digits over a record: the whole names the folder, what was asked the line of the run ledger."""
    text = json.dumps(record, ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
