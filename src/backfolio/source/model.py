"""`Source`: market data, catalysts and universes that belong together."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.bars import Bars
    from backfolio.catalysts import Catalyst
    from backfolio.universe import Universe


@dataclass(frozen=True, eq=False)
class Source:
    """What a run reads.

    Parameters
    ----------
    label
        What the data is called on pages and in tables; says SIMULATED where it is.
    simulated
        Whether the bars are made by code. Every page and table must say so.
    bars
        All bars of the source.
    catalysts
        By (known_at, id).
    universes
        Name to `Universe`.
    identity
        16 hex digits over every bar, catalyst and member; see `identify`.
    """

    label: str
    simulated: bool
    bars: Bars
    catalysts: tuple[Catalyst, ...]
    universes: Mapping[str, Universe]
    identity: str


def identify(bars: Bars, catalysts: tuple[Catalyst, ...], universes: Mapping[str, Universe]) -> str:
    """Return 16 hex digits that change whenever a bar, a catalyst or a membership does."""
    digest = hashlib.blake2b(bars.fingerprint.encode(), digest_size=8)
    for catalyst in catalysts:
        fields = (field.isoformat() if field is catalyst.known_at else field for field in astuple(catalyst))
        digest.update(repr(tuple(fields)).encode())
    for name in sorted(universes):
        digest.update(name.encode())
        for member in universes[name].members:
            digest.update("\x1f".join(map(str, astuple(member))).encode())
    return digest.hexdigest()
