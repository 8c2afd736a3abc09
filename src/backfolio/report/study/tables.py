"""The CSV files of an event study: one line an event, a session around it, a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backfolio.report.tables import csv_text
from backfolio.study import TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backfolio.study import Event, Measured, Study

EVENT_COLUMNS = (
    "session", "symbol", "name", "kinds", "catalysts", "title", "direction", "first_day", "car", "censored", "locked",
    "moved", "halted", "confounded", "left_out",
)  # fmt: skip

MEASURED_COLUMNS = ("group", "first", "last", "events", "mean", "low", "high", "correlation", "effective_events")
"""Before the statistic and the p of each test."""


def events_csv(study: Study) -> str:
    """Write every event, measured or not, by session and symbol; returns in full, turned the way of the news."""
    whole = study.whole
    rows: list[tuple[Event, tuple[object, ...]]] = [
        (event, (_number(first), _number(car)))
        for event, first, car in zip(whole.events, whole.first_days, whole.cars, strict=True)
    ]
    rows += [(event, ("", "")) for event in whole.left_out]
    rows.sort(key=lambda row: (row[0].session, row[0].symbol))
    return csv_text(
        EVENT_COLUMNS,
        (
            (
                event.session,
                event.symbol,
                event.name,
                ";".join(event.kinds),
                ";".join(event.catalysts),
                event.title,
                event.direction,
                *figures,
                event.censored,
                "yes" if event.locked else "",
                event.moved,
                event.halted,
                ";".join(event.confounded),
                event.left_out,
            )
            for event, figures in rows
        ),
    )


def days_csv(study: Study) -> str:
    """Write each session around the events alone, group by group."""
    return csv_text(_columns(), (_row(group.name, one) for group in study.groups for one in group.days))


def path_csv(study: Study) -> str:
    """Write the sums from the window's first session on, group by group."""
    return csv_text(MEASURED_COLUMNS, (_figures(group.name, one) for group in study.groups for one in group.path))


def windows_csv(study: Study) -> str:
    """Write the sums over windows, that of the judgement first, group by group."""
    return csv_text(_columns(), (_row(group.name, one) for group in study.groups for one in group.windows))


def _columns() -> tuple[str, ...]:
    return (*MEASURED_COLUMNS, *(f"{name}_{part}" for name in TESTS for part in ("statistic", "p")))


def _row(group: str, one: Measured) -> tuple[object, ...]:
    return (*_figures(group, one), *_tests(one))


def _figures(group: str, one: Measured) -> tuple[object, ...]:
    bounds = (_number(value) for value in (one.mean, one.low, one.high))
    return (group, *one.window, one.events, *bounds, repr(one.correlation), repr(one.effective))


def _tests(one: Measured) -> Iterator[str]:
    for test in one.tests:
        yield _number(test.statistic)
        yield _number(test.p)


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)
