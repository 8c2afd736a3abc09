"""`Summary`: what a fetch or an import brought, what failed and why, in words and for scripts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from backfolio.calendar import clock_text
from backfolio.errors import command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.quality import Finding
    from backfolio.store import Block, Count

State = Literal["done", "up to date", "failed", "not asked"]

SHOWN: Final = 20
"""Failures named one by one; beyond that they are counted."""

NO_ROOM: Final = f"no room beside the store for a good copy of it: {command('data restore')} has none of today"

_ROWS: Final = {
    "bars": "bars",
    "actions": "corporate actions",
    "factors": "changes of factors",
    "suspensions": "suspensions",
    "st_spells": "ST spells",
    "names": "former names",
    "listings": "listings",
    "index_bars": "index bars",
    "second_bars": "bars of a second host",
    "ratings": "ratings",
    "catalysts": "catalysts from ratings",
    "universes": "members of universes",
}
"""Table to what its rows are called."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where the work stands; a progress bar shows it.

    Parameters
    ----------
    done, total
        Pieces of work finished, and how many there are.
    now
        What is in work, as in "688256.SH" or "ratings 2025-08-22"; "" at the end.
    """

    done: int
    total: int
    now: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one thing that was asked for.

    Parameters
    ----------
    subject
        A symbol, an index, "ratings 2025-08-22", a file.
    state
        "done", "up to date" (nothing had to be asked), "failed" or "not asked"
        (the fetch stopped before).
    why
        What is missing and why, where it failed.
    """

    subject: str
    state: State
    why: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was brought into the store.

    Parameters
    ----------
    work
        "fetch" or "import".
    counts
        Table to rows that were new, revised, or there already.
    outcomes
        One a thing asked, in the order of the work.
    findings
        Of quality, over what was touched.
    blocks
        Hosts that must be left alone for a while, and until when.
    notes
        What else the reader must know, a sentence each.
    calls
        HTTP requests spent.
    offline
        Whether no host could be reached.
    """

    work: str
    counts: Mapping[str, Count] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()
    findings: tuple[Finding, ...] = ()
    blocks: tuple[Block, ...] = ()
    notes: tuple[str, ...] = ()
    calls: int = 0
    offline: bool = False

    @property
    def missing(self) -> bool:
        """Whether anything that was asked for is not there: the exit status is then 1."""
        return self.offline or any(one.state in {"failed", "not asked"} for one in self.outcomes)

    def of(self, state: State) -> tuple[Outcome, ...]:
        """Return the outcomes of one state."""
        return tuple(one for one in self.outcomes if one.state == state)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON takes it."""
        return {
            "work": self.work,
            "missing": self.missing,
            "offline": self.offline,
            "calls": self.calls,
            "rows": {
                table: {"new": count.new, "revised": count.revised, "same": count.same, "filled": count.filled}
                for table, count in self.counts.items()
            },
            "outcomes": [{"subject": one.subject, "state": one.state, "why": one.why} for one in self.outcomes],
            "findings": [
                {
                    "key": one.key,
                    "rule": one.rule,
                    "severity": one.severity,
                    "symbol": one.symbol,
                    "first": None if one.first is None else one.first.isoformat(),
                    "last": None if one.last is None else one.last.isoformat(),
                    "count": one.count,
                    "value": one.value,
                    "remedy": one.remedy,
                    "accepted": one.accepted,
                }
                for one in self.findings
            ],
            "blocks": [{"host": one.host, "until": one.until.isoformat(), "reason": one.reason} for one in self.blocks],
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """Return the summary as sentences, the most important last."""
        lines = [
            f"{_ROWS.get(table, table)}: {_counted(count)}" for table, count in self.counts.items() if any_of(count)
        ]
        if self.offline:
            return [*lines, *self.notes]
        lines = lines or ["nothing new"]
        lines += self.notes
        current = self.of("up to date")
        if current:
            lines.append(f"up to date already: {_named(current)}")
        lines += _failures(self.of("failed"))
        untouched = self.of("not asked")
        if untouched:
            lines.append(f"not asked, because the fetch stopped before: {_named(untouched)}")
        lines += [f"{one.host} must be left alone until {clock_text(one.until)}: {one.reason}" for one in self.blocks]
        return lines


def any_of(count: Count) -> bool:
    """Tell whether anything changed in a table."""
    return bool(count.new or count.revised or count.filled)


def _counted(count: Count) -> str:
    parts = [(count.new, "new"), (count.revised, "revised"), (count.filled, "given a value where none was")]
    return ", ".join(f"{number:,} {word}" for number, word in parts if number)


def _failures(failed: tuple[Outcome, ...]) -> list[str]:
    lines = [f"{one.subject} failed: {one.why}" for one in failed[:SHOWN]]
    if len(failed) > SHOWN:
        lines.append(f"... and {len(failed) - SHOWN} more failed: {_named(failed[SHOWN:])}")
    return lines


def _named(outcomes: tuple[Outcome, ...]) -> str:
    subjects = [one.subject for one in outcomes]
    more = len(subjects) - SHOWN
    return ", ".join(subjects[:SHOWN]) + (f" and {more} more" if more > 0 else "")
