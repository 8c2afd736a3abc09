"""The steps of an event study: from a market and kinds of catalysts to a `Study`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from backfolio import ashare
from backfolio.errors import UsageError, counted
from backfolio.history.prices import floats
from backfolio.said import Said, said
from backfolio.sheets import EVERYONE
from backfolio.study import curves
from backfolio.study.decisions import OWN
from backfolio.study.events import find_events
from backfolio.study.judge import judge
from backfolio.study.measured import Group, Study
from backfolio.study.model import ALL, LEFT_OUT
from backfolio.study.returns import abnormal, panel
from backfolio.study.tradable import beside, tradable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.history import History
    from backfolio.prepare import Prepared
    from backfolio.source import Source
    from backfolio.study.chain import Portfolio
    from backfolio.study.model import Asked, Event
    from backfolio.study.returns import Panel

USUAL_BENCHMARK: Final = "000300.SH"
"""What is compared with where nobody chooses and the data has it."""


LEFT: Final = "%(n)s of %(found)s events could not be measured; the list of events says why."
CONFOUNDED: Final = (
    "%(n)s of %(found)s events have another catalyst of the same name in their window, so what is measured is not one "
    "catalyst's doing alone; --drop-confounded leaves them out."
)
CENSORED: Final = (
    "%(n)s of %(found)s events closed their first session at a price limit: the price stopped there, so that session "
    "understates the news."
)
TURNED: Final = (
    "%(n)s of %(found)s events are bad news: their returns are turned before they are counted, so that above 0 the "
    "names went the way of the news."
)
ONE_SESSION: Final = (
    "Every event falls on one session: what else happened to these names on those days cannot be told from the news."
)
NO_UNIVERSE: Final = (
    "%(n)s catalysts are given by segment, and without a universe no name belongs to one: they are left out; "
    "--universe NAME takes them in."
)
DECIDED: Final = (
    "This thesis asks for no catalyst. Studied are its own decisions to buy a name, each made at the close before the "
    "first tradable session; what it asks for on the first session of the window counts as decided there."
)
"""What a reader must know; templates, as pages look them up."""


class Subject(NamedTuple):
    """What is studied.

    Parameters
    ----------
    name
        Of the thesis, or the kind.
    thesis
        Whether it is a thesis.
    title
        The thesis in a line; "" of a kind.
    source
        Identity of the thesis' text; "" of a kind.
    own
        Whether the thesis' own decisions to buy are studied (see `decisions`).
    data
        Fingerprint of the data that these were made on, by which a run on the
        same data is known; "" = what is studied is the data as it is.
    """

    name: str
    thesis: bool = False
    title: str = ""
    source: str = ""
    own: bool = False
    data: str = ""


def default_benchmark(source: Source) -> str:
    """Return the benchmark of a study that names none: the CSI 300, else the first index of the data.

    Raises
    ------
    UsageError
        If the data has no index.
    """
    sound = [symbol for symbol in sorted(source.bars.index_close) if symbol not in source.doubtful]
    if not sound:
        message = (
            f"{source.label} has no index to compare with: add index.csv to the data, or study with --model mean, "
            "which needs none"
        )
        raise UsageError(message)
    return USUAL_BENCHMARK if USUAL_BENCHMARK in sound else sound[0]


def study(
    subject: Subject,
    source: Source,
    prepared: Prepared,
    kinds: Sequence[str],
    asked: Asked,
    command: str = "",
    portfolio: Portfolio | None = None,
) -> Study:
    """Conduct an event study.

    Parameters
    ----------
    subject
        For whom.
    source
        Where `prepared` was cut from.
    prepared
        The market; its benchmark is the model's, and its window says where
        events are looked for. Estimation windows reach before it.
    kinds
        Of catalysts, at least one.
    asked
        Windows and model.
    command
        The command line, for the page.
    portfolio
        What the thesis trades, to be held against the paper; None without one.

    Raises
    ------
    UsageError
        If there is no event, or one only, none can be measured, or the
        benchmark does not cover what it is compared with.
    """
    known = prepared.known
    market = _market(known, asked)
    seen = panel(floats(known.bars, "close", adjusted=True), known.bars.traded, market, log=asked.returns == "log")
    found = find_events(known, seen, kinds, asked, prepared.rows)
    _demand_events(subject, known, found, kinds, asked)
    _demand_cover(known, market, found, asked)
    names = [kinds[0]] if len(kinds) == 1 else [ALL, *kinds]
    groups = []
    for name in names:
        own = (
            found
            if name in {ALL, kinds[0]} and name == names[0]
            else find_events(known, seen, [name], asked, prepared.rows)
        )
        if own:
            groups.append(_group(name, own, seen, asked))
    record = _record(subject, source, prepared, kinds, asked, portfolio)
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    followed = None if portfolio is None else tradable(prepared, portfolio, kinds, asked)
    return Study(
        study_id=hashlib.blake2b(text.encode(), digest_size=6).hexdigest(),
        record=record,
        subject=subject.name,
        thesis=subject.thesis,
        title=subject.title,
        asked=asked,
        kinds=tuple(kinds),
        groups=tuple(groups),
        benchmark=prepared.benchmark_name if asked.needs_market else "",
        start=record["start"],
        end=record["end"],
        symbols=len(known.symbols),
        source_label=source.label,
        simulated=source.simulated,
        command=command,
        warnings=tuple(_warnings(subject, known, kinds, groups[0])),
        own=subject.own,
        tradable=None if followed is None else beside(followed, groups),
        settings=None if portfolio is None else portfolio.settings,
    )


def _market(known: History, asked: Asked) -> Any:  # noqa: ANN401  an array or None
    return known.bars.index_close[known.benchmark_symbol] if asked.needs_market and known.benchmark_symbol else None


def _group(name: str, found: Sequence[Event], seen: Panel, asked: Asked) -> Group:
    used = tuple(event for event in found if not event.left_out)
    rest = tuple(event for event in found if event.left_out)
    sessions = len({event.session for event in used})
    if not used:
        nothing = curves.nothing(asked.windows)
        return Group(name, (), rest, 0, (), (), nothing, (), (), judge(nothing[0], 0, len(found)))
    measured = abnormal(seen, [event.row for event in used], [event.column for event in used], asked)
    drawn = curves.sample(measured, np.array([event.direction for event in used], dtype=np.float64))
    windows = curves.over(drawn, asked.windows)
    sums = measured.sums(asked.headline) * drawn.directions
    first = asked.window.first
    at_zero: list[float | None] = [None] * len(used)
    if first <= 0 <= asked.window.last:
        at_zero = [float(value) for value in measured.values[:, -first] * drawn.directions]
    return Group(
        name=name,
        events=used,
        left_out=rest,
        sessions=sessions,
        days=curves.days(drawn),
        path=curves.path(drawn),
        windows=windows,
        cars=tuple(None if np.isnan(value) else float(value) for value in sums),
        first_days=tuple(at_zero),
        verdict=judge(windows[0], sessions, len(found)),
    )


def _demand_events(
    subject: Subject, known: History, found: Sequence[Event], kinds: Sequence[str], asked: Asked
) -> None:
    what = OWN if subject.own else " or ".join(kinds)
    if not found and subject.own:
        message = f"{subject.name} decides to buy no name from --start to --end: choose a longer window"
        raise UsageError(message)
    if not found:
        lost = _lost(known, kinds)
        if lost:
            message = (
                f"{counted(lost, 'catalyst')} of kind {what} are given by segment, and without a universe no name "
                "belongs to one: give --universe, as in --universe domestic-compute"
            )
            raise UsageError(message)
        have = sorted({event.kind for event in known.events})
        message = (
            f"no catalyst of kind {what} could act on a name of {subject.name} from --start to --end: "
            f"the data has {', '.join(have) or 'none'}; add rows to data/catalysts, or choose another --kind"
        )
        raise UsageError(message)
    if len(found) == 1:
        message = (
            f"{what} has one event only ({found[0].symbol} on {found[0].session}), and one event has no spread to be "
            "judged by: choose a longer window, more names, or another kind"
        )
        raise UsageError(message)
    if all(event.left_out for event in found):
        counts = {reason: sum(event.left_out == reason for event in found) for reason in LEFT_OUT}
        why = "; ".join(f"{count:,}: {LEFT_OUT[reason]}" for reason, count in counts.items() if count)
        message = (
            f"none of the {len(found):,} events of {what} can be measured ({why}): an estimation window needs "
            f"{counted(asked.least_days, 'return')} before the event window; choose a later --start, or a smaller "
            "--estimation or --window"
        )
        raise UsageError(message)


def _demand_cover(known: History, market: Any, found: Sequence[Event], asked: Asked) -> None:  # noqa: ANN401
    """Refuse a benchmark that lacks a close where an event is estimated or measured."""
    if market is None:
        return
    days = known.bars.sessions
    measured = [event.row for event in found if not event.left_out]
    begin = max(min(measured) + asked.window.first - asked.estimation - 1, 0)
    stop = max(measured) + asked.window.last + 1
    missing = begin + np.flatnonzero(~(market[begin:stop] > 0.0))
    if missing.size:
        message = (
            f"benchmark {known.benchmark_symbol} has no bar on {days[missing[0]]} and {missing.size - 1} more sessions "
            f"of the {days[begin]} to {days[stop - 1]} that events are estimated from and measured on: choose another "
            "--benchmark, a later --start, or --model mean"
        )
        raise UsageError(message)


def _record(
    subject: Subject,
    source: Source,
    prepared: Prepared,
    kinds: Sequence[str],
    asked: Asked,
    portfolio: Portfolio | None,
) -> dict[str, Any]:
    days = prepared.bars.sessions
    thesis = {"source": subject.source, "own_decisions": subject.own, **_traded(portfolio)} if subject.thesis else None
    return {
        "subject": subject.name,
        "thesis": thesis,
        "kinds": list(kinds),
        "universe": None if prepared.universe is None else prepared.universe.name,
        "symbols": list(prepared.known.symbols) if prepared.universe is None else None,
        "start": str(days[0]),
        "end": str(days[-1]),
        "window": [*asked.window],
        "model": asked.model,
        "estimation": asked.estimation,
        "returns": asked.returns,
        "drop_confounded": asked.drop_confounded,
        "benchmark": prepared.known.benchmark_symbol if asked.needs_market else None,
        "data": {"simulated": source.simulated, "fingerprint": subject.data or prepared.fingerprint},
        "rules": ashare.RULES_VERSION,
        "packages": {"backfolio": version("backfolio"), "numpy": version("numpy")},
    }


def _traded(portfolio: Portfolio | None) -> dict[str, Any]:
    """Return what the trades of a thesis follow from, beside its text."""
    if portfolio is None:
        return {}
    return {
        "params": dict(portfolio.params),
        "exits": portfolio.exits.as_dict(),
        "rebalance": portfolio.rebalance,
        "market": asdict(portfolio.settings),
    }


def _lost(known: History, kinds: Sequence[str]) -> int:
    """Return how many catalysts of some kinds touch nobody because there is no universe to say who is in a segment."""
    if known.universe is not None:
        return 0
    return sum(event.kind in kinds and event.segment not in {"", EVERYONE} for event in known.events)


def _warnings(subject: Subject, known: History, kinds: Sequence[str], group: Group) -> list[Said]:
    """Say what a reader must know of the events."""
    many = f"{len(group.events):,}"
    told = [said(DECIDED)] if subject.own else []
    lost = _lost(known, kinds)
    if lost:
        told.append(said(NO_UNIVERSE, n=f"{lost:,}"))
    if group.left_out:
        all_of = f"{len(group.events) + len(group.left_out):,}"
        told.append(said(LEFT, n=f"{len(group.left_out):,}", found=all_of))
    bad = sum(event.direction < 0 for event in group.events)
    if bad:
        told.append(said(TURNED, n=f"{bad:,}", found=many))
    if group.confounded:
        told.append(said(CONFOUNDED, n=f"{group.confounded:,}", found=many))
    if group.censored:
        told.append(said(CENSORED, n=f"{group.censored:,}", found=many))
    if group.sessions == 1 and len(group.events) > 1:
        told.append(said(ONE_SESSION))
    return told
