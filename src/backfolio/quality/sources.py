"""What the sources of corporate actions say against each other: sizes and dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio.bars import events
from backfolio.bars.actions import BY_HAND
from backfolio.quality.scene import days_of, finding, floats, has

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from backfolio.quality.model import Finding
    from backfolio.quality.rules import Severity
    from backfolio.quality.scene import Scene

CASH_NOISE: Final = 5e-5
SHARE_NOISE: Final = 1e-6
"""CNY and shares a share by which two sources may differ: they print per ten shares, with few decimals."""


def actions_differ(scene: Scene) -> Iterator[Finding]:
    """Tell corporate actions of which two sources say other cash or shares, or another date.

    A note where somebody has put in what is right.
    """
    frame = scene.held.actions
    if not has(frame, "symbol", "ex_date", "source", "cash", "shares"):
        return
    said: dict[tuple[str, np.datetime64], dict[str, list[float]]] = {}
    amounts = floats(frame["cash"]), floats(frame["shares"])
    rows = zip(frame["symbol"], days_of(frame["ex_date"]), frame["source"], *amounts, strict=True)
    for symbol, day, source, cash, shares in rows:
        if not np.isnat(day) and not (np.isnan(cash) and np.isnan(shares)):
            total = said.setdefault((str(symbol), day), {}).setdefault(str(source), [0.0, 0.0])
            total[0] += 0.0 if np.isnan(cash) else float(cash)
            total[1] += 0.0 if np.isnan(shares) else float(shares)
    for (symbol, day), sources in said.items():
        cash, shares = zip(*sources.values(), strict=True)
        if max(cash) - min(cash) > CASH_NOISE or max(shares) - min(shares) > SHARE_NOISE:
            value = ", ".join(
                f"{source} {paid:g} CNY and {given:g} shares a share"
                for source, (paid, given) in sorted(sources.items())
            )
            yield finding("actions_differ", symbol, (day, day), value, len(sources), _severity(sources))
    days = days_of(frame["ex_date"])
    for row, others in events.paid(frame, scene.held.tables.bars).moved:
        value = f"one corporate action on two dates: {_told(frame, (row, *others))}; that of {days[row]} is used"
        ends = min(days[[row, *others]]), max(days[[row, *others]])
        count = len(set(days[[row, *others]].tolist()))
        severity = _severity(frame["source"].iloc[[row, *others]])
        yield finding("actions_differ", str(frame["symbol"].iloc[row]), ends, value, count, severity)


def action_dates(scene: Scene) -> Iterator[Finding]:
    """Tell rows that may be one corporate action or several, where nothing decides (see `bars.events`)."""
    frame = scene.held.actions
    if not has(frame, "symbol", "ex_date", "source"):
        return
    days = days_of(frame["ex_date"])
    bars = scene.held.tables.bars
    for rows in (*events.paid(frame, bars).doubts, *events.offered(frame).doubts):
        told = days[list(rows)]
        value = f"{_told(frame, rows)}: one of them, or each?"
        yield finding("action_dates", str(frame["symbol"].iloc[rows[0]]), (min(told), max(told)), value, len(rows))


def _told(frame: pd.DataFrame, rows: Iterable[int]) -> str:
    """Say what rows tell, by date and source."""
    units = {"cash": "CNY", "shares": "shares", "ratio": "of the price", "rights": "rights"}
    texts = []
    for day, source, row in sorted(
        (str(frame["ex_date"].iloc[row])[:10], str(frame["source"].iloc[row]), row) for row in rows
    ):
        values = {name: float(frame[name].iloc[row]) for name in units if name in frame}
        said = " and ".join(f"{value:g} {units[name]}" for name, value in values.items() if value > 0)
        texts.append(f"{source} {day} {said}")
    return ", ".join(texts)


def _severity(sources: Iterable[object]) -> Severity | None:
    return "note" if BY_HAND in set(sources) else None
