"""Paper against tradable: what the news was worth, what the portfolio kept of it, and where the rest went.

`chain` says how one ask is valued; here asks are found, valued and added up by
kind of catalyst.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from backfolio.catalysts import KINDS
from backfolio.history.prices import floats
from backfolio.metrics import dividends_by_symbol, round_trips
from backfolio.metrics.attribution import LOOK_BACK, NO_CATALYST, Governing
from backfolio.study.asks import asks
from backfolio.study.chain import STEPS, Chain
from backfolio.study.model import ALL, Window
from backfolio.study.paper import Event, papers
from backfolio.study.returns import panel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.bars import Bars
    from backfolio.ledger import Ledger
    from backfolio.prepare import Prepared
    from backfolio.study.asks import Ask
    from backfolio.study.chain import Portfolio
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
    notional: int
    paper: int
    steps: tuple[int, ...]
    kept: int
    bought: str
    again: bool
    measured: bool
    over: bool


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
    notional, paper, steps, kept
        Sums of `Line`'s.
    events, unasked
        Catalysts of this kind in the window, each with each name that it touches (several of one name on one row
        are one), and those of them that explain no ask.
    """

    kind: str
    asks: int
    bought: int
    again: int
    unmeasured: int
    unfinished: int
    notional: int
    paper: int
    steps: tuple[int, ...]
    kept: int
    events: int
    unasked: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types; money in mills."""
        names = ("kind", "asks", "bought", "again", "unmeasured", "unfinished", "notional", "paper", "kept", "events", "unasked")  # fmt: skip  # noqa: E501
        return {**{name: getattr(self, name) for name in names}, "steps": dict(zip(STEPS, self.steps, strict=True))}


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
    counts = {kind: (len(own), sum((kind, *one) not in met for one in own)) for kind, own in events.items()}
    shown: list[str] = [kind for kind in KINDS if kind in {*kinds, *(line.kind for line in lines)}]
    if any(line.kind == NO_CATALYST for line in lines):
        shown.append(NO_CATALYST)
    sums = [_sum(kind, [line for line in lines if line.kind == kind], *counts.get(kind, (0, 0))) for kind in shown]
    events_of_all = [sum(counts.get(kind, (0, 0))[at] for kind in shown) for at in (0, 1)]
    return Tradable(Window(0, asked.window.last), tuple(lines), tuple(sums), _sum(ALL, lines, *events_of_all))


def _news(bars: Bars, ask: Ask, first: int) -> int:
    """Return the news' row in `known`; the ask's own where nothing had a price then."""
    row = first + ask.news
    return row if row >= 0 and bars.mark[row, ask.column] > 0 else first + ask.row


def _sum(kind: str, lines: Sequence[Line], events: int, unasked: int) -> Waterfall:
    return Waterfall(
        kind=kind,
        asks=len(lines),
        bought=sum(bool(line.bought) for line in lines),
        again=sum(line.again for line in lines),
        unmeasured=sum(not line.measured for line in lines),
        unfinished=sum(not line.over for line in lines),
        notional=sum(line.notional for line in lines),
        paper=sum(line.paper for line in lines),
        steps=tuple(sum(line.steps[at] for line in lines) for at in range(len(STEPS))),
        kept=sum(line.kept for line in lines),
        events=events,
        unasked=unasked,
    )
