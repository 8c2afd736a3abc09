"""Paper against tradable: what the news was worth, what the portfolio kept of it, and where the rest went.

`chain` says how one ask is valued; here asks are found, valued and added up by
kind of catalyst.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from backfolio.catalysts import KINDS
from backfolio.history.prices import floats
from backfolio.metrics import dividends_by_symbol, round_trips
from backfolio.metrics.attribution import LOOK_BACK, NO_CATALYST, Governing
from backfolio.study.asks import asks
from backfolio.study.chain import STEPS, Chain
from backfolio.study.decisions import asked_weights
from backfolio.study.model import ALL, Window
from backfolio.study.paper import Event, papers
from backfolio.study.returns import panel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from backfolio.bars import Bars
    from backfolio.ledger import Ledger
    from backfolio.prepare import Prepared
    from backfolio.study.asks import Ask
    from backfolio.study.chain import Portfolio
    from backfolio.study.measured import Group
    from backfolio.study.model import Asked


@dataclass(frozen=True, slots=True)
class Line:
    """One ask, from paper to kept; money in mills.

    Parameters
    ----------
    session
        On whose close it was asked for first, ISO.
    symbol, name
        Whom.
    kind, catalyst
        Kind and id of the catalyst; "" without one.
    news, until
        On whose closes the paper begins and ends, ISO; `until` is no later than the data.
    notional
        0 where an event was counted before.
    paper
        First value.
    steps
        Of each name of `STEPS`.
    kept
        Last value: `paper` and all steps.
    bought
        Session of the first fill, ISO; "" where there is none.
    again
        Whether the event was counted before.
    measured
        Whether a model of the name could be estimated (see `paper.Paper`).
    over
        Whether the window was over by the end of the data.
    """

    session: str
    symbol: str
    name: str
    kind: str
    catalyst: str
    news: str
    until: str
    notional: int
    paper: int
    steps: tuple[int, ...]
    kept: int
    bought: str
    again: bool
    measured: bool
    over: bool


class Picked(NamedTuple):
    """What events of a study returned, and those of them that a thesis asked for: means over the judged window.

    Each event counts alike, as in the study, and bad news is turned as there:
    what the thesis chose can do the contrary of what all did.
    """

    events: int
    """Measured."""
    mean: float
    asked: int
    """Of them those that explain an ask."""
    asked_mean: float
    weighed: float
    """The same weighed by the money asked for, as paper is."""
    turned: bool
    """Whether there is bad news among them."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The asks of one kind of catalyst, added up; money in mills.

    Parameters
    ----------
    kind
        "" = what no catalyst explains; `ALL` = the sum of all.
    asks, bought, again
        How many; of them bought; of them counted on paper before.
    unmeasured, unfinished
        Asks counted on paper without a model of their own, and those whose window was not over.
    overlapping
        Asks counted on paper while the window of an earlier one of the same name still ran: what the name did on the
        sessions that they share is on paper for each.
    notional, paper, steps, kept
        Sums of `Line`'s.
    events, unasked, covered
        Catalysts of this kind in the window, each with each name that it touches (several of one name on one row
        are one); those of them that explain no ask; and of these those whose name was asked for on their row all the
        same, because it was held already or other news explains the ask.
    picked
        Beside the study's mean; None where nothing measured was asked for, and where no study is told.
    """

    kind: str
    asks: int
    bought: int
    again: int
    unmeasured: int
    unfinished: int
    overlapping: int
    notional: int
    paper: int
    steps: tuple[int, ...]
    kept: int
    events: int
    unasked: int
    covered: int
    picked: Picked | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types; money in mills."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in {"steps", "picked"}}
        picked = None if self.picked is None else self.picked._asdict()
        return {**told, "steps": dict(zip(STEPS, self.steps, strict=True)), "picked": picked}


@dataclass(frozen=True, slots=True)
class Tradable:
    """From paper to kept.

    Parameters
    ----------
    window
        Sessions of the CAR.
    lines
        Every ask, by session and symbol.
    kinds
        The sums by kind, in the order of `catalysts.KINDS`, what no catalyst explains last.
    total
        Of all kinds; what it kept is what all round trips made.
    """

    window: Window
    lines: tuple[Line, ...]
    kinds: tuple[Waterfall, ...]

    total: Waterfall

    @property
    def shown(self) -> tuple[Waterfall, ...]:
        """The sums as pages show them: of all where there are several kinds, then each."""
        return (self.total, *self.kinds) if len(self.kinds) > 1 else self.kinds

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types; money in mills."""
        return {
            "window": [*self.window],
            "kinds": [one.as_dict() for one in self.kinds],
            "total": self.total.as_dict(),
        }


def tradable(prepared: Prepared, portfolio: Portfolio, kinds: Sequence[str], asked: Asked) -> Tradable | None:
    """Follow every ask of a thesis from paper to what was kept; the module says how.

    The trades are those of the compiled engine, which are the run's.

    Parameters
    ----------
    prepared
        The market.
    portfolio
        What is traded in its window.
    kinds
        Studied; each has its sum, also where nothing was asked for.
    asked
        Of the study: the window from session 0 on, and the model.

    Returns
    -------
    Tradable | None
        None where the study's window ends before session 0: nothing can be
        bought there. The sum of a kind is what `metrics.attribute` says that
        it brought.
    """
    if asked.window.last < 0:
        return None
    from backfolio import sweep  # noqa: PLC0415  numba: only when something is traded

    ledger = sweep.ledger(prepared.bars, portfolio.targets, portfolio.exits, portfolio.settings)
    return follow(prepared, portfolio, ledger, kinds, asked)


def follow(prepared: Prepared, portfolio: Portfolio, ledger: Ledger, kinds: Sequence[str], asked: Asked) -> Tradable:
    """Do as `tradable`, of a ledger that is there already."""
    history, known, first = prepared.history, prepared.known, prepared.rows[0]
    touches = history.touches(-LOOK_BACK)
    trips = round_trips(ledger, dividends_by_symbol(ledger, prepared.bars))
    found = asks(portfolio.targets, ledger, trips, Governing(touches, portfolio.heard), touches)
    news = [_news(known.bars, ask, first) for ask in found]
    market = None if known.benchmark_symbol is None else known.bars.index_close[known.benchmark_symbol]
    seen = panel(
        floats(known.bars, "close", adjusted=True),
        known.bars.traded,
        market if asked.needs_market else None,
        log=asked.returns == "log",
    )
    worth = papers(known.bars, seen, asked, [Event(row, ask.column) for row, ask in zip(news, found, strict=True)])
    chain = Chain(prepared, portfolio, ledger)
    lines = []
    for ask, row, paper in zip(found, news, worth, strict=True):
        notional, values = chain.values(ask, row, paper)
        lines.append(
            Line(
                session=str(ledger.sessions[ask.row]),
                symbol=ledger.symbols[ask.column],
                name=prepared.bars.names.get(ledger.symbols[ask.column], ""),
                kind=ask.kind,
                catalyst="" if ask.place is None else touches[ask.place].catalyst.id,
                news=str(known.bars.sessions[row]),
                until=str(known.bars.sessions[paper.end]),
                notional=notional,
                paper=values[0],
                steps=tuple(after - before for before, after in pairwise(values)),
                kept=values[-1],
                bought="" if ask.trip is None else str(ledger.sessions[ask.trip.opened]),
                again=ask.again,
                measured=paper.measured or ask.again,
                over=paper.over or ask.again,
            )
        )
    events: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for touch in touches:
        if 0 <= touch.row < len(ledger.sessions) - 1:
            events[touch.catalyst.kind] |= {(touch.row, column) for column in touch.columns}
    met = {(ask.kind, ask.news, ask.column) for ask in found}
    wanted = asked_weights(portfolio.targets) > 0
    counts: dict[str, tuple[int, ...]] = {}
    for kind, own in events.items():
        rest = [one for one in own if (kind, *one) not in met]
        counts[kind] = (len(own), len(rest), sum(bool(wanted[one]) for one in rest))
    shown: list[str] = [kind for kind in KINDS if kind in {*kinds, *(line.kind for line in lines)}]
    if any(line.kind == NO_CATALYST for line in lines):
        shown.append(NO_CATALYST)
    none = (0, 0, 0)
    sums = [_sum(kind, [line for line in lines if line.kind == kind], counts.get(kind, none)) for kind in shown]
    of_all = tuple(sum(counts.get(kind, none)[at] for kind in shown) for at in range(len(none)))
    return Tradable(Window(0, asked.window.last), tuple(lines), tuple(sums), _sum(ALL, lines, of_all))


def beside(made: Tradable, groups: Sequence[Group]) -> Tradable:
    """Return the sums with what the study's events returned in the mean, and those that were asked for.

    Parameters
    ----------
    groups
        Of the study, all kinds together first.
    """
    met: dict[tuple[str, str], int] = defaultdict(int)
    for line in made.lines:
        met[line.catalyst, line.symbol] += line.notional
    by_kind = {group.name: _picked(group, met) for group in groups}
    kinds = tuple(replace(one, picked=by_kind.get(one.kind)) for one in made.kinds)
    return replace(made, kinds=kinds, total=replace(made.total, picked=by_kind[groups[0].name]))


def _picked(group: Group, met: Mapping[tuple[str, str], int]) -> Picked | None:
    """Compare; `met` has the money of every catalyst and symbol that explains an ask."""
    measured = [(event, car) for event, car in zip(group.events, group.cars, strict=True) if car is not None]
    asked, money = [], []
    for event, car in measured:
        behind = [met[one, event.symbol] for one in event.catalysts if (one, event.symbol) in met]
        if behind:
            asked.append(car)
            money.append(sum(behind))
    if not any(money):
        return None
    return Picked(
        events=len(measured),
        mean=sum(car for _, car in measured) / len(measured),
        asked=len(asked),
        asked_mean=sum(asked) / len(asked),
        weighed=sum(car * mills for car, mills in zip(asked, money, strict=True)) / sum(money),
        turned=any(event.direction < 0 for event, _ in measured),
    )


def _news(bars: Bars, ask: Ask, first: int) -> int:
    """Return the news' row in `known`; the ask's own where nothing had a price then."""
    row = first + ask.news
    return row if row >= 0 and bars.mark[row, ask.column] > 0 else first + ask.row


def _overlapping(lines: Sequence[Line]) -> int:
    """Count lines on paper that begin before the window of an earlier one of the same name is over."""
    until: dict[str, str] = {}
    found = 0
    for line in lines:
        if not line.again:
            found += line.news < until.get(line.symbol, "")
            until[line.symbol] = max(line.until, until.get(line.symbol, ""))
    return found


def _sum(kind: str, lines: Sequence[Line], counts: tuple[int, ...]) -> Waterfall:
    events, unasked, covered = counts
    return Waterfall(
        kind=kind,
        asks=len(lines),
        bought=sum(bool(line.bought) for line in lines),
        again=sum(line.again for line in lines),
        unmeasured=sum(not line.measured for line in lines),
        unfinished=sum(not line.over for line in lines),
        overlapping=_overlapping(lines),
        notional=sum(line.notional for line in lines),
        paper=sum(line.paper for line in lines),
        steps=tuple(sum(line.steps[at] for line in lines) for at in range(len(STEPS))),
        kept=sum(line.kept for line in lines),
        events=events,
        unasked=unasked,
        covered=covered,
    )
