"""Which kinds of catalysts a thesis looks at: found by listening to what it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backfolio.catalysts import KINDS
from backfolio.history import History

if TYPE_CHECKING:
    import pandas as pd

    from backfolio.history.clock import Day
    from backfolio.history.frames import Counted, Touch
    from backfolio.strategy.base import Strategy
    from backfolio.targets import Targets


class _Listening(History):
    """A history that notes the kinds it was asked for."""

    heard: set[str]

    @classmethod
    def over(cls, history: History, heard: set[str]) -> _Listening:
        """Return the same history, noting into `heard`."""
        made = cls.__new__(cls)
        made.__dict__.update(history.__dict__, heard=heard)
        return made

    def catalysts(self, *kinds: str, within: int = 1) -> pd.DataFrame:
        self.heard.update(kinds or KINDS)
        return super().catalysts(*kinds, within=within)

    def strength(self, *kinds: str, within: int = 1, of: Counted = "latest") -> pd.DataFrame:
        self.heard.update(kinds or KINDS)
        return super().strength(*kinds, within=within, of=of)

    def touches(self, first: int = 0, stop: int | None = None) -> tuple[Touch, ...]:
        self.heard.update(KINDS)
        return super().touches(first, stop)

    def until(self, session: Day, *, share: bool = False) -> History:
        return _Listening.over(super().until(session, share=share), self.heard)


def emit_listening(strategy: Strategy, known: History, rows: tuple[int, int]) -> tuple[Targets, tuple[str, ...]]:
    """Return what a thesis emits, and the kinds of catalysts that it asked the history for, in the order of `KINDS`.

    A thesis that walks through the touches itself may use any, and has all.

    Raises
    ------
    ThesisError
        If it fails.
    """
    heard: set[str] = set()
    targets = strategy.emit(_Listening.over(known, heard), *rows)
    return targets, tuple(kind for kind in KINDS if kind in heard)
