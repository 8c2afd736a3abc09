"""The workspace: the folder with strategies/, data/ and reports/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where things are, and how the program was called.

    Parameters
    ----------
    folder
        Holds strategies/, data/, reports/ and backfolio.toml.
    program
        As it is typed: ``python run_backtest.py`` or ``backfolio``.
    """

    folder: Path
    program: str

    @property
    def strategies(self) -> Path:
        """The folder of theses."""
        return self.folder / "strategies"
