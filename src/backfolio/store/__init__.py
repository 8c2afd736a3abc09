"""The store: everything fetched or imported, in one DuckDB file that loses nothing."""

from backfolio.store.copies import restore
from backfolio.store.database import exists, folder_of
from backfolio.store.model import GIVEN, TABLES, Batch, Block, Count, LogEntry, Quarantined, Table, empty
from backfolio.store.read import Reader, reading
from backfolio.store.write import Writer, writing

__all__ = [
    "GIVEN",
    "TABLES",
    "Batch",
    "Block",
    "Count",
    "LogEntry",
    "Quarantined",
    "Reader",
    "Table",
    "Writer",
    "empty",
    "exists",
    "folder_of",
    "reading",
    "restore",
    "writing",
]
