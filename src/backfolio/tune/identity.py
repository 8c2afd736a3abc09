"""What a tune is: all that its trials follow from, its id, and where another tune differs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from backfolio import ashare
from backfolio.errors import UsageError, counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.backtest import ThesisFile
    from backfolio.history.clock import Day
    from backfolio.prepare import Prepared
    from backfolio.settings import MarketSettings
    from backfolio.source import Source
    from backfolio.strategy import Strategy
    from backfolio.tune.space import Space
    from backfolio.tune.trials import Constraint

FORMAT: Final = 2
"""Of the files in a tune's folder; since 2 ``final_equity`` is in CNY."""

LEAST_SESSIONS: Final = 32
"""Of a window: two for each of the sixteen blocks that the verdict cuts it into."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a tune.

    Parameters
    ----------
    settings
        Market settings, before what the space varies of them.
    params
        Fixed parameter values by name, as text or typed; none that varies.
    space
        What varies.
    sampler
        One of `samplers.KINDS`.
    trials
        How many, at least.
    score, constraints
        What is maximised, and what a trial must satisfy.
    seed
        Of the sampler.
    start, end
        Dates; None = as far as the data goes.
    benchmark
        Index symbol of the data, or None.
    workers
        Processes (or threads, where only exits or market settings vary).
    cluster
        Where chunks of trials go instead; None = this machine.
    command
        The command line that makes this tune.
    """

    settings: MarketSettings
    params: Mapping[str, object]
    space: Space
    sampler: str = "grid"
    trials: int = 1
    score: str = "sharpe"
    constraints: tuple[Constraint, ...] = ()
    seed: int = 0
    start: Day | None = None
    end: Day | None = None
    benchmark: str | None = None
    workers: int = 1
    cluster: str | None = None
    command: str = ""


def fixed_values(space: Space, strategy: Strategy) -> dict[str, object]:
    """Return every thesis parameter and exit that does not vary, by name; exits that are off are left out."""
    varied = {axis.name for axis in space.axes}
    exits = {f"exits.{name}": value for name, value in strategy.exits.as_dict().items() if value is not None}
    return {name: value for name, value in {**strategy.params, **exits}.items() if name not in varied}


def identify(thesis: ThesisFile, source: Source, window: Prepared, asked: Asked) -> dict[str, Any]:
    """Return all that the trials of a tune follow from, as JSON types.

    How many trials and how many processes is no part of it: more trials
    continue the same tune.

    Raises
    ------
    UsageError
        If a fixed parameter is unknown or not allowed, or the window is too short.
    """
    sessions = window.bars.sessions
    if len(sessions) < LEAST_SESSIONS:
        message = (
            f"the window from {sessions[0]} to {sessions[-1]} has {counted(len(sessions), 'session')}: "
            f"a tune needs at least {LEAST_SESSIONS}; choose a longer one with --train, or with --start and --end"
        )
        raise UsageError(message)
    strategy: Strategy = thesis.strategy.with_params(asked.params)  # type: ignore[attr-defined]
    market = {name: value for name, value in asdict(asked.settings).items() if name not in asked.space.market}
    made = {
        "format": FORMAT,
        "thesis": thesis.name,
        "file": thesis.path.name,
        "source": thesis.source,
        "modules": {module.name: module.source for module in thesis.modules},
        "data": {"simulated": source.simulated, "fingerprint": window.fingerprint},
        "rules": ashare.RULES_VERSION,
        "window": {"start": str(sessions[0]), "end": str(sessions[-1]), "sessions": len(sessions)},
        "benchmark": asked.benchmark,
        "space": asked.space.as_dict(),
        "params": fixed_values(asked.space, strategy),
        "market": market,
        "sampler": asked.sampler,
        "seed": None if asked.sampler == "grid" else asked.seed,
        "score": asked.score,
        "constraints": [str(constraint) for constraint in asked.constraints],
    }
    if asked.sampler == "tpe":
        made["optuna"] = version("optuna")
    return made


def tune_id(identity: Mapping[str, Any]) -> str:
    """Return 12 hex digits over an identity; they name the folder."""
    text = json.dumps(identity, ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def source_hash(identity: Mapping[str, Any]) -> str:
    """Return 16 hex digits over the text of a thesis and of what it imports."""
    text = json.dumps([identity["source"], identity["modules"]], ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def difference(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """Say in words where a recorded identity first differs from the one asked for; "" if nowhere."""
    for name, words in _WORDS.items():
        one, two = theirs.get(name), ours.get(name)
        if one == two:
            continue
        if name in {"source", "modules"}:
            return words
        if name == "data":
            return words.format(_data(one), _data(two))
        return words.format(_shown(one), _shown(two))
    return "" if theirs == ours else "it was written by another version"


_WORDS: Final = {
    "format": "it was written in format {}, and this version writes {}",
    "thesis": "it is of another thesis, {}, and here {} is asked for",
    "file": "its thesis stood in {}, and here it stands in {}",
    "source": "the text of the thesis has changed since",
    "modules": "a module that the thesis imports has changed since",
    "rules": "it was made under version {} of the rules, and this is {}",
    "window": "it covers {}, and here it is {}",
    "benchmark": "its benchmark is {}, and here it is {}",
    "data": "it is of other data, {}, and here it is {}",
    "space": "it varies {}, and here it is {}",
    "params": "its fixed parameters are {}, and here they are {}",
    "market": "its market settings are {}, and here they are {}",
    "sampler": "its sampler is {}, and here it is {}",
    "seed": "its seed is {}, and here it is {}",
    "score": "its score is {}, and here it is {}",
    "constraints": "its constraints are {}, and here they are {}",
    "optuna": "its trials were proposed by optuna {}, and this is {}",
}
"""Parts of an identity, the most telling first, and how a difference is said."""


def _data(value: Any) -> str:  # noqa: ANN401  of a file
    return str(value.get("fingerprint")) if isinstance(value, dict) else repr(value)


def _shown(value: Any) -> str:  # noqa: ANN401  of a file
    if isinstance(value, dict):
        return ", ".join(f"{name}={_shown(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list):
        return "/".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
