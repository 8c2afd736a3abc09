"""Bringing data into the store, and out of it: fetch from the hosts, import and export files."""

from backfolio.fetch.exporting import export
from backfolio.fetch.importing import import_path
from backfolio.fetch.loop import desk_for, fetch
from backfolio.fetch.plan import Ask
from backfolio.fetch.summary import Outcome, Step, Summary

__all__ = ["Ask", "Outcome", "Step", "Summary", "desk_for", "export", "fetch", "import_path"]
