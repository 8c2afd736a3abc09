"""`Source`: market data, catalysts and universes that belong together, and what their identity is."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import astuple, dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Final

from backfolio.catalysts import Catalyst

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from backfolio.bars import Bars
    from backfolio.quality import Finding
    from backfolio.universe import Universe

REAL: Final = "real"
"""The market of every source that is not simulated: there is one, whatever file or store shows it."""

_TOLD: Final = tuple(one.name for one in fields(Catalyst) if one.name != "known_at")


@dataclass(frozen=True, eq=False)
class Source:
    """What runs read.

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
    where
        What ``--data`` says to read it again.
    findings
        What quality found in this data; a run tells what touches it.
    doubtful
        Index to what is known to be wrong with it, in words: no run may take
        it as its benchmark.
    """

    label: str
    simulated: bool
    bars: Bars
    catalysts: tuple[Catalyst, ...]
    universes: Mapping[str, Universe]
    where: str = ""
    findings: tuple[Finding, ...] = ()
    doubtful: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def identity(self) -> str:
        """16 hex digits over every bar, catalyst and member; see `identify`."""
        return identify(self.bars, self.catalysts, self.universes.values())

    @property
    def market(self) -> str:
        """Name what the trials of a thesis are counted over.

        The real market has one history: whoever tries on the store what was
        tried on a file before has looked at it again. A simulated one is its own.
        """
        return self.identity if self.simulated else REAL


def identify(bars: Bars, catalysts: Iterable[Catalyst], universes: Iterable[Universe]) -> str:
    """Return 16 hex digits that change whenever a bar, a catalyst or a membership does.

    They are made from values alone: the same data gives the same digits on
    every machine, from every file or store that holds it.
    """
    digest = hashlib.blake2b(bars.fingerprint.encode(), digest_size=8)
    for catalyst in catalysts:
        instant = catalyst.known_at.astimezone(dt.UTC).isoformat()  # a zone has many names
        digest.update(repr((instant, *(getattr(catalyst, name) for name in _TOLD))).encode())
    for universe in sorted(universes, key=lambda one: one.name):
        digest.update(universe.name.encode())
        for member in universe.members:
            digest.update("\x1f".join(map(str, astuple(member))).encode())
    return digest.hexdigest()
