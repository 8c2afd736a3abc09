"""`Gathered`: deliveries of several hosts on their way into one batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backfolio.store import TABLES, Batch

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from backfolio.source.akshare.daily import Delivery
    from backfolio.store import Block, LogEntry, Quarantined, Reader
    from backfolio.universe import Universe


@dataclass
class Gathered:
    """What comes together for one batch.

    Parameters
    ----------
    tables
        Table to the frames that came for it.
    missing
        A sentence for each thing that did not come.
    """

    tables: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)
    quarantine: list[Quarantined] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    offline: bool = False

    def take(self, delivery: Delivery, table: str, what: str = "") -> bool:
        """Take in a delivery, and tell whether it came; where it did not and `what` is given, that is missing.

        The rows of a list that is not whole are taken, and it has not come.
        """
        # A host that is left alone was not asked: nothing to log.
        self.log += [entry for entry in delivery.log if entry.calls or entry.outcome != "refused"]
        self.quarantine += delivery.quarantined
        self.blocks += delivery.blocks
        self.offline |= delivery.offline
        if delivery.frame is None:
            if what:
                self.missing.append(f"{what}: {delivery.error}")
            return False
        if len(delivery.frame):
            self.tables.setdefault(table, []).append(delivery.frame)
        if delivery.short and what:
            self.missing.append(f"{what}: {delivery.short}")
        return not delivery.short

    def rows(self, table: str) -> pd.DataFrame | None:
        """Return what came for a table."""
        import pandas as pd  # noqa: PLC0415  as late as every heavy import

        frames = self.tables.get(table)
        if not frames:
            return None
        # Told twice in one batch, the later word counts.
        key = list(TABLES[table].key)
        return pd.concat(frames, ignore_index=True).drop_duplicates(key, keep="last", ignore_index=True)

    def batch(self) -> Batch:
        """Return it all as one batch."""
        tables = {table: rows for table in self.tables if (rows := self.rows(table)) is not None}
        return Batch(tables, tuple(self.log), tuple(self.quarantine), tuple(self.blocks))


def universe_batch(universe: Universe | None, at: dt.datetime, reader: Reader | None) -> list[Batch]:
    """Return the members of the universe that is asked for; nothing where the store has them so."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    if universe is None:
        return []
    stored = () if reader is None else reader.universes()
    held = {member for one in stored if one.name == universe.name for member in one.members}
    # Who is no longer in the file stays in the store: what is gone from a theme was once in it.
    if set(universe.members) == {member for member in held if member.symbol in universe.symbols}:
        return []
    rows = [
        {
            "universe": universe.name,
            "symbol": member.symbol,
            "from_": member.from_,
            "name": member.name,
            "name_zh": member.name_zh,
            "segment": member.segment,
            "route": member.route,
            "to": member.to,
            "seen_at": at,
        }
        for member in universe.members
    ]
    frame = pd.DataFrame(rows, columns=list(TABLES["universes"].columns))
    return [Batch({"universes": frame.astype({"from_": "datetime64[s]", "to": "datetime64[s]"})})]
