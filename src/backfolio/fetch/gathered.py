"""`Gathered`: deliveries of several hosts on their way into one batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backfolio.store import TABLES, Batch

if TYPE_CHECKING:
    import pandas as pd

    from backfolio.source.akshare.daily import Delivery
    from backfolio.store import Block, LogEntry, Quarantined


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
        """Take in a delivery, and tell whether it came; where it did not and `what` is given, that is missing."""
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
        return True

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
