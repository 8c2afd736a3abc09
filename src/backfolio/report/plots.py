"""What the charts of a page draw, as compact JSON: whole numbers, most of them steps from the one before.

A page has one block of it (`block`), which `assets/charts.js` reads:

``days``
    Its sessions: days since 1970-01-01, the first and then steps. A row of any
    chart is a place in this list.
``marks``
    The catalysts of the page, [row of the first open that can act, kind, title];
    a chart names them by their place here.
``reasons``, ``words``, ``lang``
    What a reader sees, in the page's language.
``charts``
    By key: `account`, `lines` or `candles`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from backfolio.ashare import fill
from backfolio.metrics.leaning import locked_down, locked_up
from backfolio.report import words
from backfolio.report.chart import drawdown
from backfolio.report.lang import sentence, translate
from backfolio.report.look import USUAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.history import History
    from backfolio.ledger import Ledger
    from backfolio.report.look import Look

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

Role = Literal["strategy", "benchmark", "null", "other"]

SHARE: Final = 10_000
"""Gains, drawdowns and exposure are whole basis points."""

FEN_MILLS: Final = 10
"""A name whose every price is whole fen is drawn in fen, any other in mills."""

PER_SHARE: Final = 10_000_000
"""Corporate actions are units of 1e-7 a share."""

REASONS: Final = (*words.FILLS, *words.REFUSALS)
"""Why orders were filled or refused; charts name a reason by its place here."""

OWN_DOING: Final = frozenset({"cash", "below_lot", "not_held"})
"""Refusals that are the account's and not the market's; a price chart leaves them out."""

WORDS: Final = {
    "gain": "Gain",
    "drawdown": "Drawdown",
    "exposure": "Exposure",
    "whole": "Whole window",
    "closer": "Zoom in",
    "wider": "Zoom out",
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "volume": "volume",
    "buy": "buy",
    "sell": "sell",
    "refused": "refused",
    "ex": "ex-date",
    "ex_short": "ex",
    "halted": "halted",
    "up": "closed at its upper limit",
    "down": "closed at its lower limit",
    "no_buy": "opened at its upper limit: no buy",
    "no_sell": "opened at its lower limit: no sale",
    "more": "and more",
    "help": "Chart: arrow keys read it, plus and minus zoom, 0 shows the whole window",
}
"""What the script says, English; pages look them up."""


class Mark(NamedTuple):
    """A catalyst on the charts: the row of the first open that can act on it, and the columns it touches."""

    row: int
    kind: str
    title: str
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A curve of returns.

    Parameters
    ----------
    name
        As shown.
    role
        How it is drawn: the strategy strongest, nulls dashed, others by colour.
    returns
        A session each, fractions.
    first
        Row of the page's sessions on which it begins.
    """

    name: str
    role: Role
    returns: Floats
    first: int = 0


def marks_of(history: History) -> tuple[Mark, ...]:
    """Return the catalysts that an open of the window can act on, by row, then as they became known."""
    last = len(history.bars.sessions) - 1
    found = [
        Mark(touch.row + 1, touch.catalyst.kind, touch.catalyst.title, touch.columns)
        for touch in history.touches()
        if touch.row < last
    ]
    return tuple(sorted(found, key=lambda mark: mark.row))


def block(
    sessions: NDArray[np.datetime64],
    charts: Mapping[str, object],
    marks: Sequence[Mark] = (),
    look: Look = USUAL,
) -> dict[str, object]:
    """Return what `backfolio.report.page.page` takes as `plots`.

    Parameters
    ----------
    sessions
        ``datetime64[D]``, of all charts of the page.
    charts
        By key, as a figure's ``data-plot`` names them.
    marks
        Of all charts of the page.
    """
    said = {name: translate(text, look.lang) for name, text in WORDS.items()}
    return {
        "lang": look.tag,
        "days": _steps(sessions.astype("datetime64[D]").astype(np.int64)),
        "words": said,
        "reasons": [translate(words.label(reason), look.lang) for reason in REASONS],
        "marks": [[mark.row, translate(words.label(mark.kind), look.lang), mark.title] for mark in marks],
        "charts": dict(charts),
    }


def account(ledger: Ledger, drawn: Sequence[Line], marks: Sequence[Mark] = ()) -> dict[str, object]:
    """Return gain, drawdown and exposure on one time axis.

    Parameters
    ----------
    ledger
        Its exposure is drawn: the share of the account in positions at the close.
    drawn
        As the legend lists them; the strategy first.
    marks
        All of the page.
    """
    held = (ledger.equity - ledger.cash).astype(np.float64)
    share = np.divide(held, ledger.equity, out=np.zeros(len(held)), where=ledger.equity > 0)
    return {
        "lines": [_line(line, fall=line.role in {"strategy", "benchmark"}) for line in drawn],
        "exposure": _steps(_points(share)),
        "marks": list(range(len(marks))),
    }


def lines(drawn: Sequence[Line]) -> dict[str, object]:
    """Return gain and drawdown of several curves, for a comparison."""
    return {"lines": [_line(line, fall=True) for line in drawn], "marks": []}


def candles(
    history: History,
    ledger: Ledger,
    column: int,
    marks: Sequence[Mark] = (),
    look: Look = USUAL,
) -> dict[str, object]:
    """Return the raw daily candles of one name, and all that happened to it.

    Parameters
    ----------
    history
        Of the window, with the ledger's symbols.
    column
        Of the name.
    marks
        All of the page; those that touch the name are drawn.

    Notes
    -----
    ``close`` steps from bar to bar, ``open`` from the close before, ``high``
    and ``low`` lie above and below the body: small numbers all. ``volume`` is
    in hundreds of shares, half up. ``gaps`` are runs without a bar, [row,
    sessions, 1 = halted, 0 = not listed yet or no more].
    """
    bars = history.bars
    there = bars.traded[:, column]
    prices = [getattr(bars, name)[there, column] for name in ("open", "high", "low", "close")]
    unit = 1 if any((price % FEN_MILLS).any() for price in prices) else FEN_MILLS
    open_, high, low, close = (price // unit for price in prices)
    before = np.concatenate(([0], close[:-1])) if len(close) else close
    shut_up, shut_down = _shut(bars, column, fill.BUY), _shut(bars, column, fill.SELL)
    own = [one for one in ledger.fills if one.symbol == column]
    refused = [one for one in ledger.refusals if one.symbol == column and one.reason not in OWN_DOING]
    return {
        "unit": unit,
        "gaps": _gaps(bars, column),
        "open": (open_ - before).tolist(),
        "high": (high - np.maximum(open_, close)).tolist(),
        "low": (np.minimum(open_, close) - low).tolist(),
        "close": _steps(close),
        "volume": ((bars.volume[there, column] + 50) // 100).tolist(),
        "up": _rows(locked_up(bars)[:, column] | shut_up),
        "down": _rows(locked_down(bars)[:, column] | shut_down),
        "no_buy": _rows(shut_up),
        "no_sell": _rows(shut_down),
        "ex": _ex_dates(bars, column, unit, look),
        "marks": [at for at, mark in enumerate(marks) if column in mark.columns],
        "fills": [[one.session, _side(one.side), one.shares, one.price, REASONS.index(one.reason)] for one in own],
        "refused": [[one.session, _side(one.side), one.shares, REASONS.index(one.reason)] for one in refused],
    }


def _line(line: Line, *, fall: bool) -> dict[str, object]:
    gain = np.asarray(np.cumprod(1.0 + line.returns) - 1.0, dtype=np.float64)
    told: dict[str, object] = {
        "name": line.name,
        "role": line.role,
        "first": line.first,
        "gain": _steps(_points(gain)),
    }
    return {**told, "fall": _steps(_points(drawdown(gain)))} if fall else told


def _points(shares: Floats) -> Ints:
    """Round fractions to basis points."""
    return np.rint(shares * SHARE).astype(np.int64)


def _steps(values: Ints) -> list[int]:
    """Return the first value, then the step to each that follows."""
    steps: list[int] = np.diff(values, prepend=0).tolist()
    return steps


def _rows(marked: NDArray[np.bool_]) -> list[int]:
    return _steps(np.flatnonzero(marked).astype(np.int64))


def _side(side: str) -> int:
    return fill.BUY if side == "buy" else fill.SELL


def _shut(bars: Bars, column: int, side: int) -> NDArray[np.bool_]:
    """Tell on which sessions the market would refuse an order at the open because of its price limit."""
    why = fill.LIMIT_UP if side == fill.BUY else fill.LIMIT_DOWN
    open_, up, down, state = (getattr(bars, name)[:, column] for name in ("open", "up", "down", "limit_state"))
    shut = np.zeros(len(open_), dtype=np.bool_)
    # The rule itself is asked, but only where the open is within a hundredth of a limit: it is slow to ask.
    near = (open_ * 101 >= up * 100) if side == fill.BUY else (open_ * 100 <= down * 101)
    for row in np.flatnonzero(near & bars.traded[:, column]).tolist():
        prices = (int(open_[row]), int(up[row]), int(down[row]), int(state[row]))
        shut[row] = fill.refused(side, True, False, *prices) == why  # noqa: FBT003
    return shut


def _gaps(bars: Bars, column: int) -> list[list[int]]:
    """Return the runs of sessions without a bar."""
    there = bars.traded[:, column]
    listed = np.maximum.accumulate(there)
    if not np.isnat(bars.delisted[column]):
        listed &= bars.sessions < bars.delisted[column]
    state = np.where(there, 2, listed.astype(np.int64))
    starts = np.flatnonzero(np.diff(state, prepend=-1))
    stops = np.append(starts[1:], len(state))
    runs = zip(starts.tolist(), stops.tolist(), state[starts].tolist(), strict=True)
    return [[start, stop - start, kind] for start, stop, kind in runs if kind != 2]  # noqa: PLR2004  a bar


def _ex_dates(bars: Bars, column: int, unit: int, look: Look) -> list[list[object]]:
    """Return [row, reference price, what was paid] of every ex-date."""
    cash, bonus, bare = (getattr(bars, name)[:, column] for name in ("cash_per_share", "share_ratio", "ratio_only"))
    found: list[list[object]] = []
    for row in np.flatnonzero((cash != 0) | (bonus != 0) | bare).tolist():
        paid = []
        if cash[row]:
            paid.append(sentence("%(cash)s CNY a share", look.lang, cash=_plain(int(cash[row]))))
        if bonus[row]:
            paid.append(sentence("%(bonus)s new shares a share", look.lang, bonus=_plain(int(bonus[row]))))
        if bare[row]:
            paid.append(sentence("price ratio only", look.lang))
        found.append([row, int(bars.reference[row, column]) // unit, ", ".join(paid)])
    return found


def _plain(amount: int) -> str:
    """Write units of 1e-7 with no more decimals than they need."""
    return f"{amount // PER_SHARE}.{amount % PER_SHARE:07d}".rstrip("0").rstrip(".")
