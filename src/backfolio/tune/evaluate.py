"""Evaluation of trials: each place of a space to its figures and its equity curve.

A thesis is asked once for each set of its own parameters; trials that differ
in exits or market settings alone share what it answered.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio.errors import BackfolioError
from backfolio.history import History
from backfolio.sweep import Rows, Trial, sparse, sweep
from backfolio.tune.portable import Code
from backfolio.tune.space import Space, Value, split_values
from backfolio.tune.trials import FIGURES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeVar

    from numpy.typing import NDArray

    from backfolio.backtest import ThesisFile
    from backfolio.bars import Bars
    from backfolio.settings import MarketSettings
    from backfolio.strategy import Strategy
    from backfolio.sweep import Outcomes
    from backfolio.targets import Exits

    Made = TypeVar("Made")

MOST_EMITTED: Final = 256
"""Sets of targets that are swept together, at most."""

HELD_BYTES: Final = 64_000_000
"""Of sparse targets after which they are swept: those of dense daily weights on a whole market take 50 MB a set."""

KEPT_BYTES: Final = 64_000_000
"""Of sparse targets kept for later trials of the same thesis parameters."""

LONGEST_ERROR: Final = 500
"""Characters of a failed trial's message."""


@dataclass(frozen=True, eq=False)
class Job:
    """All that the evaluation of a trial needs; it can be pickled.

    Parameters
    ----------
    strategy
        The thesis.
    history
        What was known at the window's end: `History.until` its last session.
    rows
        First row of the window and the row after its last.
    settings
        Market settings, before what the space varies of them.
    fixed
        Parameter values that do not vary, by name, ``exits.`` included.
    space
        What varies.
    code
        The thesis as text; without it the class must be importable where the
        job is unpickled.
    """

    strategy: type[Strategy]
    history: History
    rows: tuple[int, int]
    settings: MarketSettings
    fixed: Mapping[str, object]
    space: Space
    code: Code | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        known = {name: getattr(self.history, name) for name in _KNOWN}
        thesis = self.strategy if self.code is None else self.code
        return _unpickled, (thesis, known, self.rows, self.settings, dict(self.fixed), self.space)

    @cached_property
    def bars(self) -> Bars:
        """The window's bars."""
        return self.history.bars.rows(*self.rows)

    @property
    def sessions(self) -> NDArray[np.datetime64]:
        """The window's sessions."""
        return self.history.bars.sessions[self.rows[0] : self.rows[1]]

    def built(self, values: Mapping[str, Value]) -> tuple[Strategy, MarketSettings]:
        """Return the thesis and the settings of a trial."""
        params, settings = split_values(values, self.settings)
        return self.strategy.with_params({**self.fixed, **params}), settings


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What came of some places, in their order.

    Parameters
    ----------
    places
        int64 (trials,).
    figures
        Every one of `FIGURES`, float64 (trials,); NaN where a trial failed or
        a figure does not exist.
    errors
        Row to one line, of the trials that failed.
    equity
        int64 mills, trials x sessions; 0 where a trial failed.
    """

    places: NDArray[np.int64]
    figures: Mapping[str, NDArray[np.float64]]
    errors: Mapping[int, str]
    equity: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)


def make_job(
    thesis: ThesisFile,
    history: History,
    rows: tuple[int, int],
    settings: MarketSettings,
    fixed: Mapping[str, object],
    space: Space,
) -> Job:
    """Return the job of a thesis that was found in a file; `history` is cut to what was known at the window's end."""
    return Job(thesis.strategy, history, rows, settings, dict(fixed), space, Code.of(thesis))


def evaluate(job: Job, places: NDArray[np.int64], *, workers: int = 1) -> Batch:
    """Evaluate places.

    A trial that fails is a row with its message. Neither numbers nor order
    depend on `workers`.

    Parameters
    ----------
    places
        int64 (trials,), in any order.
    workers
        1 evaluates here. More evaluate in as many processes where the thesis'
        own parameters vary, else in as many threads.
    """
    if workers == 1 or len(np.unique(job.space.thesis_keys(places))) <= 1:
        return Evaluator(job, threads=workers).run(places)
    from backfolio.tune.pool import Pool  # noqa: PLC0415  processes: only where there are several

    parts = []
    with Pool(job, workers) as pool:
        parts = list(pool.run(places))
    return joined(places, len(job.sessions), parts)


def joined(places: NDArray[np.int64], sessions: int, parts: Sequence[tuple[NDArray[np.int64], Batch]]) -> Batch:
    """Put batches together: each with the rows of `places` that it holds."""
    whole = empty(places, sessions)
    errors = dict(whole.errors)
    for rows, part in parts:
        whole.equity[rows] = part.equity
        for name in FIGURES:
            whole.figures[name][rows] = part.figures[name]
        errors.update({int(rows[row]): text for row, text in part.errors.items()})
    return Batch(places, whole.figures, dict(sorted(errors.items())), whole.equity)


def empty(places: NDArray[np.int64], sessions: int, error: str | None = None) -> Batch:
    """Return a batch without figures: every trial failed with `error`, if one is given."""
    return Batch(
        places=places,
        figures={name: np.full(len(places), np.nan) for name in FIGURES},
        errors={} if error is None else dict.fromkeys(range(len(places)), one_line(error)),
        equity=np.zeros((len(places), sessions), dtype=np.int64),
    )


def one_line(error: BaseException | str) -> str:
    """Return an error as one line of bounded length."""
    text = error if isinstance(error, str | BackfolioError) else f"{type(error).__name__}: {error}"
    return " ".join(str(text).split())[:LONGEST_ERROR]


@dataclass(slots=True, eq=False)
class _Load:
    """Trials that are swept together, and the targets that they name."""

    rows: list[int] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    targets: list[Rows] = field(default_factory=list)
    key: int = -1
    size: int = 0

    @property
    def full(self) -> bool:
        """Whether no other targets should come."""
        return len(self.targets) >= MOST_EMITTED or self.size >= HELD_BYTES

    def add(self, row: int, key: int, targets: Rows, exits: Exits, settings: MarketSettings) -> None:
        """Take in a trial; those of one key follow one another."""
        if key != self.key:
            self.key = key
            self.targets.append(targets)
            self.size += _bytes(targets)
        self.rows.append(row)
        self.trials.append(Trial(len(self.targets) - 1, exits, settings))


class _Kept:
    """The targets of the last keys, or why a thesis has none: as many as `KEPT_BYTES` hold, one at least."""

    def __init__(self) -> None:
        self._found: OrderedDict[int, Rows | str] = OrderedDict()
        self._size = 0

    def get(self, key: int) -> Rows | str | None:
        """Return those of a key; None where they are not kept."""
        found = self._found.get(key)
        if found is not None:
            self._found.move_to_end(key)
        return found

    def put(self, key: int, found: Rows | str) -> Rows | str:
        """Keep those of a new key, and return them."""
        self._found[key] = found
        self._size += _bytes(found)
        while self._size > KEPT_BYTES and len(self._found) > 1:
            _, oldest = self._found.popitem(last=False)
            self._size -= _bytes(oldest)
        return found


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Evaluates places in this process, and keeps the targets of the last ones.

    Parameters
    ----------
    job
        What to evaluate.
    threads
        Of the sweep.
    """

    job: Job
    threads: int = 1
    _kept: _Kept = field(default_factory=_Kept)

    def run(self, places: NDArray[np.int64]) -> Batch:
        """Evaluate places; see `evaluate`."""
        keys = self.job.space.thesis_keys(places)
        made = empty(places, len(self.job.sessions))
        errors: dict[int, str] = {}
        load = _Load()
        for row in np.argsort(keys, kind="stable").tolist():
            key = int(keys[row])
            asked = self._asked(key, int(places[row]))
            if isinstance(asked, str):
                errors[row] = asked
                continue
            if load.full and key != load.key:
                errors |= self._swept(made, load.targets, load.trials, load.rows)
                load = _Load()
            load.add(row, key, *asked)
        errors |= self._swept(made, load.targets, load.trials, load.rows)
        return Batch(places, made.figures, dict(sorted(errors.items())), made.equity)

    def _asked(self, key: int, place: int) -> tuple[Rows, Exits, MarketSettings] | str:
        """Return what is swept of a place, or why nothing is."""
        built = _attempted(lambda: self.job.built(self.job.space.values(place)))
        if isinstance(built, str):
            return built
        strategy, settings = built
        found = self._kept.get(key)
        if found is None:
            emitted = _attempted(lambda: sparse(strategy.emit(self.job.history, *self.job.rows)))
            found = self._kept.put(key, emitted)
        return found if isinstance(found, str) else (found, strategy.exits, settings)

    def _swept(
        self, into: Batch, targets: Sequence[Rows], trials: Sequence[Trial], rows: Sequence[int]
    ) -> dict[int, str]:
        """Sweep the trials into `rows` of a batch; return the messages of those that the engine refuses."""
        if not trials:
            return {}
        try:
            outcomes = sweep(self.job.bars, targets, trials, equity=True, workers=self.threads)
        except BackfolioError as error:
            if len(trials) == 1:
                return {rows[0]: one_line(error)}
            alone = (
                self._swept(into, [targets[trial.targets]], [Trial(0, trial.exits, trial.settings)], [row])
                for trial, row in zip(trials, rows, strict=True)
            )
            return {row: text for one in alone for row, text in one.items()}
        _fill(into, rows, outcomes)
        return {}


def _attempted(what: Callable[[], Made]) -> Made | str:
    """Return what a thesis makes, or its error: whatever it raises, even by `sys.exit`, is its trial's; not Ctrl-C."""
    try:
        return what()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001
        return one_line(error)


def _fill(into: Batch, rows: Sequence[int], outcomes: Outcomes) -> None:
    at = list(rows)
    for name in FIGURES:
        into.figures[name][at] = getattr(outcomes, name)
    if outcomes.equity is not None:
        into.equity[at] = outcomes.equity


def _bytes(emitted: Rows | str) -> int:
    if isinstance(emitted, str):
        return len(emitted)
    starts = emitted.row.nbytes + emitted.buy_start.nbytes + emitted.sell_start.nbytes
    return starts + emitted.buy_symbol.nbytes + emitted.buy_weight.nbytes + emitted.sell_symbol.nbytes


_KNOWN: Final = ("bars", "events", "universe", "benchmark_symbol", "absent")
"""What a `History` is made of; what it keeps for later is not sent."""


def _unpickled(
    thesis: type[Strategy] | Code,
    known: dict[str, Any],
    rows: tuple[int, int],
    settings: MarketSettings,
    fixed: dict[str, object],
    space: Space,
) -> Job:
    bars = known["bars"]
    # Arrays come out of a pickle writable; making the bars anew seals them.
    known["bars"] = type(bars)(**{name: getattr(bars, name) for name in type(bars).__dataclass_fields__})
    history = History.__new__(History)
    history._set(**known)  # noqa: SLF001  a history that `until` cut is not what its constructor would make
    code = thesis if isinstance(thesis, Code) else None
    strategy = code.load() if code else thesis
    return Job(strategy, history, rows, settings, fixed, space, code)  # type: ignore[arg-type]
