"""The CSV files of `falsify`: one line a placebo, a variant, a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backfolio.money import cny_text
from backfolio.report.tables import csv_text

if TYPE_CHECKING:
    from backfolio.falsify.model import Falsified, Outcome

OUTCOME = ("total_return", "sharpe", "max_drawdown", "fills", "final_equity", "p")


def placebos_csv(found: Falsified) -> str:
    """Write the total return of every placebo, rising."""
    rows = ((one.name, repr(total)) for one in (found.dates, found.names) for total in one.totals.tolist())
    return csv_text(("placebo", "total_return"), rows)


def variants_csv(found: Falsified) -> str:
    """Write every variant, the thesis as it is and its names held among them."""
    rows: list[tuple[object, ...]] = [("thesis", "", "", "", *_outcome(found.base), "1.0")]
    for family in found.families:
        rows += [
            (family.name, one.name, one.label, repr(one.value), *_outcome(one.outcome), _number(one.kept))
            for one in family.variants
        ]
    if found.held is not None:
        rows.append(("held", "", "", "", *_outcome(found.held.outcome), ""))
    return csv_text(("family", "name", "label", "value", *OUTCOME, "kept"), rows)


def claims_csv(found: Falsified) -> str:
    """Write every claim with its answer."""
    rows = (
        (
            one.claim.says,
            one.grade,
            one.figure,
            *(_number(value) for value in (one.value, one.mean, one.low, one.high, one.p)),
            one.events,
            repr(one.effective),
            one.claim.sign,
            one.claim.horizon,
            repr(one.claim.least),
            ";".join(one.claim.kinds),
            ";".join(str(kill) for kill in one.claim.criteria),
            one.words,
        )
        for one in found.answers
    )
    header = (
        "claim", "grade", "figure", "value", "mean", "low", "high", "p", "events", "effective_events", "sign",
        "horizon", "least", "kinds", "kills", "words",
    )  # fmt: skip
    return csv_text(header, rows)


def _outcome(one: Outcome) -> tuple[object, ...]:
    return (
        repr(one.total_return),
        _number(one.sharpe),
        repr(one.max_drawdown),
        one.fills,
        cny_text(one.final_equity),
        _number(one.p),
    )


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)
