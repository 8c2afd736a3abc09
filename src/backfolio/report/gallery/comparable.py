"""Whether two results rest on the same data and rules, and what differs where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

CAUSES: Final = ("source", "universe", "window", "benchmark")
"""Why a fingerprint of data may be another one, as a reader can see."""

WORDS: Final = {
    "source": "other source",
    "universe": "other universe",
    "window": "other window",
    "benchmark": "other benchmark",
    "values": "other bars or catalysts",
    "rules": "other rules",
    "unknown": "data not recorded",
}
"""What differs, as pages say it; "values" where nothing that is named explains another fingerprint."""

NONE: Final = "none"


class Basis(NamedTuple):
    """What a result rests on, as text; "" = not recorded.

    `fingerprint` covers the bars of the universe, its members, the catalysts and
    the benchmark up to the last session, which is `window`; the first session is
    no part of it. `rules` is the version of the exchanges' rules. The others say
    where a fingerprint comes from.
    """

    fingerprint: str
    rules: str
    source: str
    universe: str
    window: str
    benchmark: str


def differs(one: Basis, other: Basis) -> tuple[str, ...]:
    """Return what differs, as keys of `WORDS`; () where two results can be compared.

    They can be where fingerprint and rules are the same. `gallery.js` holds the
    same rule, for a reference that a reader chooses.
    """
    found: list[str] = []
    if not one.fingerprint or not other.fingerprint:
        found = ["unknown"]
    elif one.fingerprint != other.fingerprint:
        found = [name for name in CAUSES if _apart(getattr(one, name), getattr(other, name))] or ["values"]
    return (*found, *(["rules"] if _apart(one.rules, other.rules) else []))


def basis_of(record: Mapping[str, object], headline: Mapping[str, object]) -> Basis:
    """Return the basis that a record states, and the headline in it; what either lacks is ""."""
    data = record.get("data")
    told = data if isinstance(data, dict) else {}
    return Basis(
        fingerprint=_text(told, "fingerprint"),
        rules=_text(record, "rules"),
        source=_text(headline, "source"),
        universe=_text(record, "universe"),
        window=_text(headline, "last"),
        benchmark=_text(record, "benchmark"),
    )


def _apart(one: str, other: str) -> bool:
    return bool(one and other) and one != other


def _text(told: Mapping[str, object], name: str) -> str:
    value = told.get(name, "")
    return NONE if value is None else value if isinstance(value, str) else ""
