"""What `falsify` found as plain data, for the command line's JSON and the report's."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from backfolio.money import MILLS

if TYPE_CHECKING:
    from backfolio.falsify.model import Answer, Attempt, Falsified, Family, Held, Outcome, Placebos, Variant
    from backfolio.tune.stated import Stamp


def as_dict(found: Falsified) -> dict[str, Any]:
    """Return all of it as JSON types; sentences in English, money in CNY."""
    return {
        "falsify_id": found.falsify_id,
        "strategy": found.strategy,
        "params": dict(found.params),
        "start": found.start,
        "end": found.end,
        "sessions": found.sessions,
        "symbols": found.symbols,
        "benchmark": found.benchmark,
        "placebos": found.asked.placebos,
        "seed": found.asked.seed,
        "grade": found.grade,
        "sentence": str(found.sentence),
        "base": _outcome(found.base),
        "random_dates": _placebos(found.dates),
        "random_names": _placebos(found.names),
        "families": {family.name: _family(family) for family in found.families},
        "held": None if found.held is None else _held(found.held),
        "attempts": [_attempt(one) for one in found.attempts],
        "claims": [_answer(one) for one in found.answers],
        "stamp": None if found.stamp is None else _stamp(found.stamp),
        "figures": dict(found.figures),
        "warnings": [str(one) for one in found.warnings],
    }


def _outcome(one: Outcome) -> dict[str, Any]:
    return {**asdict(one), "final_equity": one.final_equity / MILLS}


def _placebos(one: Placebos) -> dict[str, Any]:
    return {
        "drawn": one.drawn,
        "beats": one.beats,
        "same": one.same,
        "p": one.p_value,
        "why": str(one.why),
        "totals": one.totals.tolist(),
    }


def _family(one: Family) -> dict[str, Any]:
    return {"of": one.of, "why": str(one.why), "variants": [_variant(each) for each in one.variants]}


def _variant(one: Variant) -> dict[str, Any]:
    return {
        "name": one.name,
        "label": str(one.label),
        "value": one.value,
        "kept": one.kept,
        "source": one.source,
        **_outcome(one.outcome),
    }


def _held(one: Held) -> dict[str, Any]:
    return {
        **_outcome(one.outcome),
        "exposure": one.exposure,
        "names": one.names,
        "excess": one.excess,
        "lead_p": one.p,
        "equity": [each / MILLS for each in one.equity.tolist()],
        "own_equity": [each / MILLS for each in one.own.tolist()],
        "leads": one.leads.tolist(),
    }


def _attempt(one: Attempt) -> dict[str, Any]:
    return {"name": one.name, "figure": one.figure, "text": one.text, "held": one.held, "words": str(one.words)}


def _answer(one: Answer) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("figure", "value", "mean", "low", "high", "p", "events", "effective")}
    return {"claim": one.claim.as_dict(), "grade": one.grade, "words": str(one.words), **told}


def _stamp(one: Stamp) -> dict[str, Any]:
    return {**asdict(one), "words": str(one.words)}
