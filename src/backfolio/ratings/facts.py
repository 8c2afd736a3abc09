"""Ratings of research houses to catalysts: what rose, what fell, and when it could be known."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.catalysts import MOST_STRENGTH, Catalyst
from backfolio.ratings import words
from backfolio.ratings.merge import ID, LOOK_BACK, joined_sources, reports_of, same_target
from backfolio.ratings.rows import rows_of
from backfolio.ratings.shares import shares_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    import pandas as pd

    from backfolio.ratings.merge import Report
    from backfolio.ratings.rows import Asked
    from backfolio.ratings.shares import Shares

COLUMNS: Final = (
    "id",
    "kind",
    "title",
    "known_at",
    "symbols",
    "segment",
    "strength",
    "source",
    "certainty",
    "time_known",
    "note",
    "house",
    "old",
    "new",
    "first_seen",
)
"""The columns of the store's table `catalysts`."""


class Rated(NamedTuple):
    """A catalyst from data, and when its report was first seen (None = nobody noted it)."""

    catalyst: Catalyst
    first_seen: dt.datetime | None


class _Target(NamedTuple):
    """The change of a target: CNY a share on today's share count, and what must be said of it."""

    old: float | None
    new: float | None
    notes: tuple[str, ...] = ()

    @property
    def change(self) -> float | None:
        if self.old is None or self.new is None:
            return None
        return round(self.new / self.old - 1, 6)

    @property
    def moved(self) -> bool:
        return self.old is not None and self.new is not None and not same_target(self.old, self.new)


def rated(
    ratings: pd.DataFrame,
    factors: pd.DataFrame | None = None,
    actions: pd.DataFrame | None = None,
    asked: Asked | None = None,
) -> tuple[Rated, ...]:
    """Return the catalysts that ratings tell of, sorted by (known_at, id).

    A rating that rises or falls is an ``analyst_upgrade`` or ``analyst_downgrade``,
    together with its target; a target that moves by more than 0.5% under a rating
    that stays, or whose change is unknown, is a ``target_raise`` or ``target_cut``.
    A report that changes neither is left out: it tells the market nothing new, and
    among every kind of catalyst the many of them would hide those that do.

    Each report is held only against what the same house had published before it,
    at most 18 months back; nothing published later changes it but for `source` and
    the time it was first seen, which a later copy may add to. It is known at its
    hour where a host gives one, else at 18:00 Shanghai of its date; but where its
    host had been asked since and did not have it, not before it was first seen: it
    came late, and nobody who asked could have known it sooner.

    Parameters
    ----------
    ratings
        Columns of the store's table `ratings`; in any order of rows.
    factors, actions
        Columns of the tables of those names: old targets are restated by the share
        issues since. Where a symbol is in neither, the note says that they are not
        known.
    asked
        (host, day or symbol) to the instants at which the host told of it.
    """
    shares = shares_of(factors, actions)
    found = (_rated(report, shares) for report in reports_of(rows_of(ratings, asked)))
    return tuple(
        sorted((one for one in found if one is not None), key=lambda one: (one.catalyst.known_at, one.catalyst.id))
    )


def as_frame(found: Iterable[Rated]) -> pd.DataFrame:
    """Return catalysts from data as rows of the store's table `catalysts`."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    rows = [
        (
            one.id,
            one.kind,
            one.title,
            one.known_at.isoformat(),
            ";".join(one.symbols),
            one.segment,
            one.strength,
            one.source,
            one.certainty,
            one.time_known,
            one.note,
            one.house,
            one.old,
            one.new,
            first_seen,
        )
        for one, first_seen in found
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype="object")
    numbers = dict.fromkeys(("strength", "old", "new"), "float64")
    return frame.astype({**numbers, "first_seen": "datetime64[us, UTC]"})


def _rated(report: Report, shares: Shares) -> Rated | None:
    target = _target(report, shares)
    kind = _kind(report, target)
    if kind is None:
        return None
    lead = report.lead
    strength, notes = _strength(report, target, kind)
    if lead.late:
        notes.append(f"Dated {lead.day}, but {lead.host} did not have it when it was asked after that")
    catalyst = Catalyst(
        id=_id(report),
        kind=kind,
        title=_title(report, target, kind),
        known_at=lead.instant,
        symbols=(lead.symbol,),
        strength=strength,
        source=joined_sources(f"{row.host} {row.url}" for row in (*report.rows, *report.copies)),
        certainty=(
            f"seen on {lead.instant:%Y-%m-%d}, given late"
            if lead.late
            else f"{'date and hour' if lead.timed else 'date'} given"
        )
        + f" by {_and(row.host for row in report.rows)}",
        time_known="yes" if lead.timed else "no",
        note=". ".join(notes),
        house=lead.house,
        old=target.old,
        new=target.new,
    )
    seen = (row.first_seen for row in (*report.rows, *report.copies) if row.first_seen is not None)
    return Rated(catalyst, min(seen, default=None))


def _kind(report: Report, target: _Target) -> str | None:
    if report.move in {"up", "down"}:
        return "analyst_upgrade" if report.move == "up" else "analyst_downgrade"
    if not target.moved:
        return None
    return "target_raise" if (target.change or 0) > 0 else "target_cut"


def _target(report: Report, shares: Shares) -> _Target:
    priced, before = report.priced, report.before
    if priced is None or priced.target is None:
        return _Target(None, None, ("the report gives no target",))
    new = priced.target
    others = (row for row in report.rows if row.target is not None and not same_target(new, row.target))
    notes = list(dict.fromkeys(f"{row.host} has a target of {_cny(row.target)} CNY" for row in others))
    if priced.low != priced.high:
        notes.append(f"The target is the middle of {_cny(priced.low)} to {_cny(priced.high)} CNY")
    if before is None or before.target is None:
        months = round(LOOK_BACK.days / 365.25 * 12)
        return _Target(None, new, (f"no target of this house in the {months} months before", *notes))
    split = shares.between(priced.symbol, before.day, priced.day)
    if split is None:
        notes.append(f"Share issues since the old target of {before.day} are not known: it stands as it was published")
        return _Target(before.target, new, ("", *notes))
    if split == 1:
        return _Target(before.target, new, ("", *notes))
    was = f"the old target of {before.day} was {_cny(before.target)} CNY, and one share has become {split:.6g} since"
    if same_target(before.target, new):
        return _Target(None, new, (f"{was}: whether the same figure is meant a new share is unclear", *notes))
    return _Target(round(before.target / split, 4), new, ("", f"{was[0].upper()}{was[1:]}", *notes))


def _strength(report: Report, target: _Target, kind: str) -> tuple[float, list[str]]:
    reason, *notes = target.notes or ("",)
    change = target.change
    if report.move == "unclear":
        notes.append("The hosts contradict each other on the change of the rating: none is taken")
    if change is None:
        unknown = "raise" if kind == "analyst_upgrade" else "cut"
        return 0.0, [f"{unknown} unknown: {reason}", *notes]
    if target.moved and (change > 0) != (kind in {"analyst_upgrade", "target_raise"}):
        notes.append("The rating and the target move in opposite directions; the strength is that of the target")
    if abs(change) > MOST_STRENGTH:
        notes.append(f"The change of {change:+.1%} is cut to {MOST_STRENGTH:g}: one of the targets may be wrong")
    return max(-MOST_STRENGTH, min(MOST_STRENGTH, change)), notes


def _title(report: Report, target: _Target, kind: str) -> str:
    lead = report.lead
    name = next((row.name for row in report.rows if row.name), lead.symbol)
    rating = words.label_of(report.rating)
    if kind in {"target_raise", "target_cut"}:
        verb = "raises" if kind == "target_raise" else "cuts"
        kept = {"kept": f", {rating} kept", "first": f", first rating {rating}"}.get(report.move or "", f", {rating}")
        return f"{lead.house} {verb} its {name} target {_from_to(target)}{kept if rating else ''}"
    verb = "lifts" if kind == "analyst_upgrade" else "cuts"
    old = f" from {words.label_of(report.old_rating)}" if report.old_rating else ""
    head = f"{lead.house} {verb} {name}{old} to {rating}" if rating else f"{lead.house} {verb} its rating of {name}"
    if target.new is None:
        return head
    if target.old is None:
        return f"{head}, target {_cny(target.new)} CNY"
    return f"{head}, target {_from_to(target)}" if target.moved else f"{head}, target kept at {_cny(target.new)} CNY"


def _from_to(target: _Target) -> str:
    return f"from {_cny(target.old)} to {_cny(target.new)} CNY ({target.change:+.1%})"


def _cny(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _and(names: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(name or "its page" for name in names))


def _id(report: Report) -> str:
    lead = report.lead
    text = f"{lead.symbol}|{lead.key}|{lead.instant.isoformat()}"
    digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    return ID.format(code=lead.symbol[:6], day=lead.day, digest=digest)
