"""Every error a user can cause: one clear message, one exit status.

A message names the thing, what came, what is allowed and what to do. The
command line prints it as it is and leaves with `BackfolioError.exit_status`.
"""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from backfolio.said import counted as counted  # noqa: PLC0414  who raises errors counts things in them

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class BackfolioError(Exception):
    """Base of all errors that have a remedy on the user's side."""

    exit_status = 2


class UsageError(BackfolioError):
    """A parameter, flag or setting is unknown or outside what is allowed."""


class CalendarError(BackfolioError):
    """A date outside the exchange calendar's bounds, or not a session."""


class SymbolError(BackfolioError):
    """A symbol that belongs to no board of the exchanges."""


class ThesisError(BackfolioError):
    """A strategy class that cannot be loaded, built or evaluated."""


class StoreError(BackfolioError):
    """The store of fetched data cannot be read or written as it is."""


class FetchError(BackfolioError):
    """The network or a host did not give what was asked."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in an input file.

    Parameters
    ----------
    where
        File name, as the user knows it.
    row
        1-based line of the file, the header being line 1; 0 where the fault
        belongs to the file as a whole.
    value
        What stands there.
    rule
        What is demanded.
    remedy
        What to do about it.
    """

    where: str
    row: int
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.where}:{self.row}" if self.row else self.where
        return f"{place}: {self.value}: {self.rule}; {self.remedy}"


class DataError(BackfolioError):
    """Faults in input data: up to twenty of them in words, and their count."""

    shown = 20

    def __init__(self, problems: Sequence[Problem], total: int | None = None) -> None:
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        super().__init__(self._text())

    def _text(self) -> str:
        lines = [str(problem) for problem in self.problems[: self.shown]]
        if self.total == 1:
            return lines[0]
        more = self.total - len(lines)
        tail = [f"... and {more} more"] if more else []
        return "\n".join([f"{self.total} problems in the data:", *lines, *tail])


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the nearest known word, else ``""``."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def program() -> str:
    """Return how this process was called: ``python run_backtest.py``, ``python -m backfolio`` or ``backfolio``."""
    called = PurePath(sys.argv[0] if sys.argv else "")
    if called.name == "run_backtest.py":
        return "python run_backtest.py"
    if called.parts[-2:] == ("backfolio", "__main__.py"):
        return "python -m backfolio"
    return "backfolio"


def command(words: str) -> str:
    """Return a command as it is typed where this process was called; every message names commands so."""
    return f"{program()} {words}"
