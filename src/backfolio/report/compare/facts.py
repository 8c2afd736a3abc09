"""What differs between runs: figures over their common sessions, settings, data, fills."""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from backfolio.errors import UsageError
from backfolio.metrics import Metrics, TradeStatistics, summary, trade_statistics
from backfolio.metrics.ratios import correlation
from backfolio.report.gallery import differs
from backfolio.report.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from backfolio.ledger import Ledger
    from backfolio.report.compare.sides import Side

LETTERS: Final = "ABCDEFGH"
"""How runs are called, in the order in which they were named; so many can be compared at once."""

RELATIVE: Final = ("beta", "alpha", "information_ratio")
"""Figures against a benchmark: a folder has no closes of it, so they are taken from the record or not at all."""

LEAST: Final = 2
"""Common sessions; one has no return."""

ABSENT: Final = "\N{EN DASH}"

GROUPS: Final = ("Thesis", "Parameters", "Exits", "Market", "Window", "Data and rules", "Programs")
"""What is set, in the order in which a page lists it."""

NAMES: Final = (
    "name", "first session", "last session", "universe", "symbols", "benchmark", "rebalance", "source",
    "fingerprint of the data", "version of the rules",
)  # fmt: skip
"""What is set of the first, fifth and sixth of them."""

SOFT: Final = frozenset({"window", "benchmark"})
"""What gives another fingerprint although every bar may be the same."""


class Setting(NamedTuple):
    """Something that was chosen or read, and is not the same in every run; `values` as text."""

    group: str
    name: str
    values: tuple[str, ...]


class Order(NamedTuple):
    """Shares that one run traded of a name on a session, on one side, at which price in mills; several fills summed."""

    shares: int
    price: int


class Parting(NamedTuple):
    """A session, name and side in which runs did not trade the same number of shares; None = did not trade."""

    session: str
    symbol: str
    side: str
    orders: tuple[Order | None, ...]


class Shared(NamedTuple):
    """How the fills of one run are found in the others: to the share in all, of another size or in some, in none."""

    fills: int
    same: int
    other: int
    alone: int


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Runs beside each other; all but the settings is over their common sessions.

    Parameters
    ----------
    sides
        The runs, the first being what the others are held against.
    sessions
        ``datetime64[D]``, those that every run has.
    whole
        Whether every run has just these.
    returns
        float64 (runs, sessions), from common session to common session; the
        first is 0.
    metrics, trading
        Of each run. Of the trade figures those that need no positions hold.
    apart
        What each run's data and rules have other than the first's, as keys of
        `backfolio.report.gallery.comparable.WORDS`.
    settings
        Those that differ.
    correlations
        Pearson's, runs x runs; None where a curve is constant.
    partings
        By session, name, side.
    shared
        Of each run.
    texts
        For each run after the first: how the text of its thesis differs from
        the first's, as a unified diff; () where it does not, or where it is
        another thesis.
    """

    sides: tuple[Side, ...]
    sessions: NDArray[np.datetime64]
    whole: bool
    returns: NDArray[np.float64]
    metrics: tuple[Metrics, ...]
    trading: tuple[TradeStatistics, ...]
    apart: tuple[tuple[str, ...], ...]
    settings: tuple[Setting, ...]
    correlations: tuple[tuple[float | None, ...], ...]
    partings: tuple[Parting, ...]
    shared: tuple[Shared, ...]
    texts: tuple[tuple[str, ...], ...]

    @property
    def comparable(self) -> bool:
        """Whether data and rules are the same, as far as the records can tell."""
        return not any(self.hard)

    @property
    def hard(self) -> tuple[str, ...]:
        """What makes the runs not comparable: each key once."""
        return tuple(dict.fromkeys(name for names in self.apart for name in names if name not in SOFT))

    @property
    def soft(self) -> tuple[str, ...]:
        """What hides whether the data is the same."""
        return tuple(dict.fromkeys(name for names in self.apart for name in names if name in SOFT))


def compare(sides: Sequence[Side]) -> Comparison:
    """Hold runs against the first of them.

    Raises
    ------
    UsageError
        If there are fewer than two or more than eight, one is named twice, or
        they have fewer than two common sessions.
    """
    _check(sides)
    sessions = reduce(np.intersect1d, (side.ledger.sessions for side in sides))
    if len(sessions) < LEAST:
        windows = "; ".join(f"{side.strategy} {side.digits}: {' to '.join(side.window)}" for side in sides)
        message = f"the runs have {'one' if len(sessions) else 'no'} common session, and it takes two ({windows})"
        raise UsageError(message)
    cut = [_cut(side.ledger, sessions) for side in sides]
    returns = np.stack([_returns(ledger) for ledger in cut])
    whole = all(len(side.ledger.sessions) == len(sessions) for side in sides)
    known = whole and len({side.basis.benchmark for side in sides}) == 1
    partings, shared = _fills(cut)
    return Comparison(
        sides=tuple(sides),
        sessions=sessions,
        whole=whole,
        returns=returns,
        metrics=tuple(_metrics(side, own, known) for side, own in zip(sides, returns, strict=True)),
        trading=tuple(trade_statistics(ledger) for ledger in cut),
        apart=tuple(() if side is sides[0] else differs(sides[0].basis, side.basis) for side in sides),
        settings=tuple(_settings(sides)),
        correlations=tuple(tuple(correlation(one, other) for other in returns) for one in returns),
        partings=partings,
        shared=shared,
        texts=tuple(_text(sides[0], side) for side in sides[1:]),
    )


def _check(sides: Sequence[Side]) -> None:
    if len(sides) < LEAST:
        message = "one run cannot be compared: name two or more"
        raise UsageError(message)
    if len(sides) > len(LETTERS):
        message = f"{len(sides)} runs are too many for one page: name at most {len(LETTERS)}"
        raise UsageError(message)
    seen: dict[str, Side] = {}
    for side in sides:
        if side.run_id in seen:
            message = f"run {side.run_id} of {side.strategy} is named twice: name each run once"
            raise UsageError(message)
        seen[side.run_id] = side


def _cut(ledger: Ledger, sessions: NDArray[np.datetime64]) -> Ledger:
    """Return the ledger of some of its sessions; it starts with what it had before the first."""
    rows = np.searchsorted(ledger.sessions, sessions)
    first = int(rows[0])
    place = {int(row): at for at, row in enumerate(rows)}
    return replace(
        ledger,
        sessions=sessions,
        fills=tuple(fill._replace(session=place[fill.session]) for fill in ledger.fills if fill.session in place),
        refusals=tuple(each._replace(session=place[each.session]) for each in ledger.refusals if each.session in place),
        cash=ledger.cash[rows],
        equity=ledger.equity[rows],
        positions=ledger.positions[rows],
        mark=ledger.mark[rows],
        dividends=ledger.dividends[rows],
        start_cash=int(ledger.equity[first - 1]) if first else ledger.start_cash,
    )


def _returns(ledger: Ledger) -> NDArray[np.float64]:
    """Return what was earned from the close of the first session on, as a benchmark is held."""
    returns = ledger.returns()
    returns[0] = 0.0
    return returns


def _metrics(side: Side, returns: NDArray[np.float64], known: bool) -> Metrics:  # noqa: FBT001  said at its one call
    """Return the figures; those against the benchmark, as recorded, where all runs have one and just these sessions."""
    figures, told = summary(returns), side.headline["metrics"]
    relative = {name: told[name] for name in RELATIVE if known and isinstance(told.get(name), float)}
    return replace(figures, **relative)


# ---------------------------------------------------------------- settings
def _settings(sides: Sequence[Side]) -> Iterator[Setting]:
    told = [dict(_flat(side)) for side in sides]
    for key in dict.fromkeys(key for each in told for key in each):
        values = tuple(each.get(key, ABSENT) for each in told)
        if len(set(values)) > 1:
            yield Setting(*key, values)


def _flat(side: Side) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield group, name and text of everything that a run was made with."""
    record: Mapping[str, Any] = side.record
    thesis, parameters, exits, market, window, data, programs = GROUPS
    basis = side.basis
    own = (side.strategy, *side.window, *(_none(record.get(name)) for name in NAMES[3:7]))
    told = dict(zip(NAMES, (*own, basis.source, basis.fingerprint, basis.rules), strict=True))
    yield (thesis, NAMES[0]), told[NAMES[0]]
    for group, name in ((parameters, "params"), (exits, "exits"), (market, "market")):
        inside = record.get(name)
        for key, value in sorted(inside.items()) if isinstance(inside, dict) else ():
            yield (group, str(key) if group == parameters else str(key).replace("_", " ")), plain(value)
    for at, name in enumerate(NAMES[1:]):
        yield (data if at > 1 else window, name), told[name]
    packages = record.get("packages")
    for name, version in sorted(packages.items()) if isinstance(packages, dict) else ():
        yield (programs, str(name)), _none(version)


def _none(value: object) -> str:
    return "none" if value is None else str(value)


def _text(first: Side, other: Side) -> tuple[str, ...]:
    if first.strategy != other.strategy:
        return ()
    one, two = (_source(side).splitlines() for side in (first, other))
    return tuple(difflib.unified_diff(one, two, first.digits, other.digits, lineterm="", n=2))


def _source(side: Side) -> str:
    told = side.record.get("thesis")
    source = told.get("source") if isinstance(told, dict) else None
    return source if isinstance(source, str) else ""


# ---------------------------------------------------------------- fills
def _fills(ledgers: Sequence[Ledger]) -> tuple[tuple[Parting, ...], tuple[Shared, ...]]:
    """Return where runs did not trade the same, and how many of each run's fills the others have."""
    orders: dict[tuple[str, str, str], list[Order | None]] = defaultdict(lambda: [None] * len(ledgers))
    for at, ledger in enumerate(ledgers):
        for fill in ledger.fills:
            key = str(ledger.sessions[fill.session]), ledger.symbols[fill.symbol], fill.side
            before = orders[key][at]
            orders[key][at] = Order(fill.shares + (before.shares if before else 0), fill.price)
    counts = [[0, 0, 0, 0] for _ in ledgers]
    partings = []
    for key in sorted(orders):
        traded = orders[key]
        there = [order for order in traded if order is not None]
        same = len(there) == len(traded) and all(one.shares == two.shares for one, two in pairwise(there))
        if not same:
            partings.append(Parting(*key, tuple(traded)))
        for count, order in zip(counts, traded, strict=True):
            if order is not None:
                count[0] += 1
                count[1 if same else 3 if len(there) == 1 else 2] += 1
    return tuple(partings), tuple(Shared(*count) for count in counts)
