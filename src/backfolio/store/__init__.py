"""The store: everything fetched or imported, in one DuckDB file that loses nothing."""

from backfolio.bars.spells import UNKNOWN, UNWARNED
from backfolio.store.copies import Restored, restore
from backfolio.store.database import exists, folder_of
from backfolio.store.model import (
    GIVEN,
    TABLES,
    Batch,
    Block,
    Count,
    LogEntry,
    Quarantined,
    Table,
    empty,
)
from backfolio.store.read import Reader, demand, reading
from backfolio.store.write import Writer, writing

__all__ = [
    "GIVEN",
    "TABLES",
    "UNKNOWN",
    "UNWARNED",
    "Batch",
    "Block",
    "Count",
    "LogEntry",
    "Quarantined",
    "Reader",
    "Restored",
    "Table",
    "Writer",
    "demand",
    "empty",
    "exists",
    "folder_of",
    "reading",
    "restore",
    "writing",
]
