"""The claims of a thesis in the run ledger: under which ones every report was made, and since when they stand.

A claim that is written once the result is known is no test of the thesis
(Kerr 1998, "HARKing"). Whoever makes a report leaves a line of the kind
"claims" in the ledger, under none where the thesis states none, so that claims
that came after a run on the same data show.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from backfolio.said import counted, said
from backfolio.strategy.claims import claims_of
from backfolio.tune import ever
from backfolio.tune.identity import source_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from backfolio.backtest import ThesisFile
    from backfolio.said import Said
    from backfolio.strategy.claims import Claim

KIND: Final = "claims"
"""Of a line. Such a line counts no trials."""

RUNS: Final = ("tune", "walk-forward")
"""Kinds of lines that tell of a run of their own, with or without a report."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When the claims were stated, by the run ledger.

    Parameters
    ----------
    claims, source
        Hashes of the claims and of the thesis' text.
    since
        When these claims were first seen, ISO 8601 UTC.
    runs_before
        Different runs of this thesis on this data, under other claims or none, that came before them.
    earlier
        How many other sets of claims were seen with a run on this data, before these or since.
    words
        In a sentence.
    """

    claims: str
    source: str
    since: str
    runs_before: int
    earlier: int
    words: Said


FIRST: Final = (
    "These claims stand since %(since)s, and no run of a thesis of this name on this data came before them in the run "
    "ledger."
)
AFTER: Final = (
    "These claims were first seen at %(since)s, after %(runs)s of this thesis on the same data without them: they may "
    "have been written to fit what came out, and to survive says less than if they had come first."
)
CHANGED: Final = (
    "The claims were changed: these were first seen at %(since)s, after %(runs)s of this thesis on the same data, and "
    "the run ledger holds %(sets)s of claims for it. Claims that change after a run may fit what was seen, and to "
    "survive says little."
)
OTHERS: Final = (
    "These claims stand since %(since)s, before any other run of a thesis of this name on this data in the run ledger, "
    "but it holds %(sets)s of claims since: whoever chooses among claims after a run can find some that survive."
)
"""What the ledger says of claims; templates, as pages look them up."""


def claims_hash(claims: Sequence[Claim]) -> str:
    """Return 16 hex digits over claims, whatever their order and that of their kinds and kills; "" for none."""
    if not claims:
        return ""
    stated = [
        {**claim.as_dict(), "kinds": sorted(claim.kinds), "kills": sorted(map(str, claim.criteria))} for claim in claims
    ]
    told = sorted(json.dumps(one, ensure_ascii=False, sort_keys=True) for one in stated)
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=8).hexdigest()


def record(reports: Path, thesis: ThesisFile, data: str, *, command: str, run_id: str) -> None:
    """Leave a line in the ledger of a reports folder, unless the same one is there.

    Parameters
    ----------
    thesis
        Whose report was made.
    data
        The market that was looked at; see `Source.market`.
    command
        What made it: "run", "tune", "walk-forward", "study" or "falsify".
    run_id
        Of the report.

    Notes
    -----
    The line of a run names the claims by their hash; the first line with a
    text and claims holds them as they were stated as well.
    """
    claims, source = claims_of(thesis.strategy), _source(thesis)
    own = _Line(source, claims_hash(claims), command, run_id)
    seen = [line for line in _read(reports, thesis.name, data) if line.claims is not None]
    if any(line[:-1] == own[:-1] for line in seen):
        return
    line: dict[str, Any] = {"kind": KIND, "thesis": thesis.name, "source": source, "claims": own.claims}
    if not any((line.source, line.claims) == (source, own.claims) for line in seen):
        line["stated"] = [claim.as_dict() for claim in claims]
    ever.append(reports, {**line, "data": data, "command": command, "id": run_id})


def stamp(reports: Path, thesis: ThesisFile, data: str) -> Stamp | None:
    """Return since when the claims of a thesis stand; None where it states none, or no report was made under them.

    Parameters
    ----------
    data
        The market; see `Source.market`.
    """
    claims = claims_hash(claims_of(thesis.strategy))
    lines = _read(reports, thesis.name, data)
    first = next((at for at, line in enumerate(lines) if claims and line.claims == claims), None)
    if first is None:
        return None
    # a tune notes itself before its report is made: what its text claims is known from the report's line
    by_source = {line.source for line in lines if line.claims == claims}
    before = {
        (line.command, line.run_id) for line in lines[:first] if line.claims is not None or line.source not in by_source
    }
    others = {line.claims for line in lines if line.claims} - {claims}
    since = lines[first].time
    return Stamp(claims, _source(thesis), since, len(before), len(others), _in_words(since, len(before), len(others)))


def _in_words(since: str, runs: int, others: int) -> Said:
    values = {
        "since": f"{_instant(since):%Y-%m-%d %H:%M} UTC",
        "runs": counted(runs, "run"),
        "sets": counted(others, "other set"),
    }
    if not runs:
        return said(OTHERS if others else FIRST, **values)
    return said(CHANGED if others else AFTER, **values)


class _Line(NamedTuple):
    """What a line of the ledger says of one run."""

    source: str
    claims: str | None
    """Hash; "" = none were stated, None = the line does not say."""
    command: str
    run_id: str
    time: str = ""


def _read(reports: Path, thesis: str, data: str) -> list[_Line]:
    """Return what the ledger says of a thesis on a market, in order; lines that make no sense are passed over."""
    found = []
    for line in ever.lines(reports):
        if line.get("thesis") != thesis or line.get("data") != data:
            continue
        kind = line.get("kind")
        claims = line.get("claims") if kind == KIND else None
        told = (line.get("source"), line.get("command") if kind == KIND else kind, line.get("id"), line.get("time"))
        known = all(isinstance(value, str) for value in told)
        source, command, run_id, time = map(str, told)
        if known and _instant(time) and (isinstance(claims, str) if kind == KIND else kind in RUNS):
            found.append(_Line(source, claims, command, run_id, time))
    return found


def _instant(text: str) -> dt.datetime | None:
    """Read a time of the ledger, as UTC; None where it is none."""
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except ValueError:
        return None


def _source(thesis: ThesisFile) -> str:
    return source_hash({"source": thesis.source, "modules": {module.name: module.source for module in thesis.modules}})
