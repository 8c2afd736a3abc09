"""One backtest: a thesis, data and market settings in; a `Result` out.

Effects (reading files, printing, writing pages) happen elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast

from backfolio import ashare
from backfolio.caveats import caveats
from backfolio.errors import UsageError, did_you_mean
from backfolio.prepare import prepare
from backfolio.result import Result
from backfolio.strategy.claims import claims_of
from backfolio.strategy.listening import emit_listening
from backfolio.targets import Exits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from backfolio.audit import Audit
    from backfolio.history.clock import Day
    from backfolio.ledger import Ledger
    from backfolio.prepare import Prepared
    from backfolio.settings import MarketSettings
    from backfolio.source import Source
    from backfolio.strategy import Strategy
    from backfolio.targets import Targets

PACKAGES: Final = ("backfolio", "backtrader", "exchange-calendars", "numpy", "pandas", "quantstats")
"""Packages whose versions a run records: they can change a fill or a figure."""


class WorkspaceModule(Protocol):
    """A module of the workspace that a thesis imports."""

    @property
    def name(self) -> str:
        """Its name in the import."""

    @property
    def source(self) -> str:
        """Its text."""


class ThesisFile(Protocol):
    """A thesis as it was found in a file; see `discover.Thesis`."""

    @property
    def name(self) -> str:
        """Snake-case name."""

    @property
    def title(self) -> str:
        """First paragraph of its docstring."""

    @property
    def doc(self) -> str:
        """Whole docstring."""

    @property
    def strategy(self) -> type:
        """The class."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def kind(self) -> Literal["backfolio", "backtrader"]:
        """Whether it is a thesis or a plain backtrader strategy."""

    @property
    def source(self) -> str:
        """Text of the file."""

    @property
    def modules(self) -> tuple[WorkspaceModule, ...]:
        """What it imports from the workspace."""


@dataclass(frozen=True)
class Run:
    """The identity of a run: everything its fills follow from, as canonical JSON.

    Two runs are the same run when their records are; the record holds the
    parameters, the window, the market settings, the benchmark, the data's
    fingerprint, the rules' version, package versions, the text of the thesis
    and of every workspace module it imports, and a hash of its fills.
    """

    text: str
    """The record as JSON with sorted keys."""

    @property
    def record(self) -> dict[str, Any]:
        """The record as plain data."""
        return cast("dict[str, Any]", json.loads(self.text))

    @cached_property
    def run_id(self) -> str:
        """Window and 12 hex digits over the whole record; names the report folder."""
        record = self.record
        digest = hashlib.blake2b(self.text.encode(), digest_size=6).hexdigest()
        return f"{record['start']}_{record['end']}_{digest}"


@dataclass(frozen=True)
class Request:
    """What is asked of a backtest.

    Parameters
    ----------
    params
        Parameter values by name, as text or typed; ``exits.stop_loss`` and the
        like among them.
    start, end
        Dates; None = as far as the data goes.
    benchmark
        Index symbol of the data, or None.
    settings
        Cash, costs and liquidity.
    command
        The command line that makes this run, for the page.
    """

    settings: MarketSettings
    params: Mapping[str, object]
    start: Day | None = None
    end: Day | None = None
    benchmark: str | None = None
    command: str = ""


def backtest(
    thesis: ThesisFile,
    source: Source,
    request: Request,
    on_session: Callable[[int, int], None] | None = None,
    audit: Callable[[Strategy | None, Prepared], Audit] | None = None,
) -> Result:
    """Run a thesis over a source.

    Parameters
    ----------
    thesis
        From `discover`.
    source
        Bars, catalysts and universes.
    request
        Parameters, window, benchmark, settings.
    on_session
        Called with (sessions done, sessions in all) while replaying.
    audit
        Called with the thesis (None for a plain backtrader strategy) and its
        window when all is done: whether it looks ahead.

    Raises
    ------
    UsageError
        If a parameter, the universe, the window or the benchmark does not fit.
    ThesisError
        If the thesis fails.
    """
    strategy = _built(thesis, request.params)
    window = prepare(thesis.strategy, source, request.start, request.end, request.benchmark)
    bars, universe = window.bars, window.universe
    report_session = None if on_session is None else lambda row: on_session(row + 1, len(bars.sessions))
    ledger, targets, kinds, exits, rebalance, params = _replayed(
        thesis, strategy, request.params, window, request.settings, report_session
    )
    record = {
        "strategy": thesis.name,
        "params": dict(params),
        "exits": exits.as_dict(),
        "rebalance": rebalance,
        "universe": universe.name if universe else None,
        "symbols": len(bars.symbols),
        "start": str(bars.sessions[0]),
        "end": str(bars.sessions[-1]),
        "market": asdict(request.settings),
        "benchmark": request.benchmark,
        "data": {"simulated": source.simulated, "fingerprint": window.fingerprint},
        "rules": ashare.RULES_VERSION,
        "packages": {**{name: installed_version(name) for name in PACKAGES}, "python": platform.python_version()},
        "thesis": {"file": thesis.path.name, "source": thesis.source},
        "modules": {module.name: module.source for module in thesis.modules},
        "fills": fills_hash(ledger),
    }
    run = Run(json.dumps(record, ensure_ascii=False, sort_keys=True))
    return Result(
        run=run,
        run_id=run.run_id,
        strategy=thesis.name,
        title=thesis.title,
        doc=thesis.doc,
        source=thesis.source,
        path=f"{thesis.path.parent.name}/{thesis.path.name}",
        params=params,
        exits=exits,
        rebalance=rebalance,
        settings=request.settings,
        history=window.history,
        ledger=ledger,
        benchmark=window.benchmark,
        benchmark_name=window.benchmark_name,
        simulated=source.simulated,
        source_label=source.label,
        command=request.command,
        warnings=tuple(caveats(window.known, source, request.settings, ledger, targets, window.history, kinds)),
        record={
            **run.record,
            "run_id": run.run_id,
            "command": request.command,
            "source": {"label": source.label, "where": source.where},
        },
        targets=targets,
        kinds=kinds,
        audit=None if audit is None else audit(strategy, window),
        claims=claims_of(thesis.strategy),
        param_words={name: param.doc for name, param in getattr(thesis.strategy, "declared", {}).items() if param.doc},
    )


def fills_hash(ledger: Ledger) -> str:
    """Return 16 hex digits over every fill with its session and symbol."""
    return hash_of_fills(
        (str(ledger.sessions[fill.session]), ledger.symbols[fill.symbol], *fill[2:]) for fill in ledger.fills
    )


def hash_of_fills(fills: Iterable[tuple[object, ...]]) -> str:
    """Return the same over fills as tuples: session and symbol as text, then what `Fill` holds after them."""
    digest = hashlib.blake2b(digest_size=8)
    for fill in fills:
        digest.update(repr(fill).encode())
    return digest.hexdigest()


def _built(thesis: ThesisFile, params: Mapping[str, object]) -> Strategy | None:
    """Build the thesis; None for a plain backtrader strategy, which backtrader builds."""
    if thesis.kind == "backtrader":
        return None
    return cast("type[Strategy]", thesis.strategy).with_params(params)


def _replayed(
    thesis: ThesisFile,
    strategy: Strategy | None,
    asked: Mapping[str, object],
    window: Prepared,
    settings: MarketSettings,
    on_session: Callable[[int], None] | None,
) -> tuple[Ledger, Targets | None, tuple[str, ...] | None, Exits, str, dict[str, object]]:
    from backfolio import replay  # noqa: PLC0415  imports backtrader: only when a run needs it

    bars = window.bars
    if strategy is None:
        params = plain_params(thesis.strategy, asked)
        ledger = replay.replay_plain(bars, thesis.strategy, params, settings, on_session=on_session)
        return ledger, None, None, Exits(), "by the strategy", params
    targets, kinds = emit_listening(strategy, window.known, window.rows)
    ledger = replay.replay(bars, targets, strategy.exits, settings, on_session=on_session)
    return ledger, targets, kinds, strategy.exits, strategy.rebalance, strategy.params


def plain_params(strategy: type, asked: Mapping[str, object]) -> dict[str, object]:
    """Return a plain backtrader strategy's parameters; text is read as the default's type."""
    declared: Any = getattr(strategy, "params")  # noqa: B009  of a backtrader class, which has no types
    params = dict(declared._getpairs())  # noqa: SLF001  backtrader's only way to list them
    for name, value in asked.items():
        if name not in params:
            known = ", ".join(params) or "it has none"
            message = f"{strategy.__name__} has no parameter {name!r}{did_you_mean(name, params)}: choose from {known}"
            raise UsageError(message)
        kind = type(params[name])
        try:
            params[name] = _read(value, kind) if isinstance(value, str) else value
        except ValueError:
            message = f"{strategy.__name__}: {name} is {value!r}: give a value like its default, {params[name]!r}"
            raise UsageError(message) from None
    return params


def _read(text: str, kind: type) -> object:
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise ValueError
        return text.lower() == "true"
    return kind(text) if kind in {int, float} else text


def installed_version(package: str) -> str:
    """Return the version of a package, "not installed" where it is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
