"""A universe beside its bars: cut to it, and its segments and routes as frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from backfolio.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from backfolio.bars import Bars
    from backfolio.universe import Universe


class Groups(Mapping[str, pd.DataFrame]):
    """Names of a universe by segment or by route: name to frame, bool, sessions x symbols.

    Who belongs is dated as membership is. A group that nobody belongs to (or
    nobody yet) has a frame without True, not an error: whoever asks for it
    must get the same answer before its first name joined.
    """

    def __init__(self, names: Sequence[str], frame: Callable[[str], pd.DataFrame]) -> None:
        self._names = tuple(names)
        self._frame = frame

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._frame(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def cut_to(universe: Universe, bars: Bars) -> tuple[Bars, tuple[str, ...]]:
    """Return the bars of a universe's symbols, and those of its symbols that have none.

    Raises
    ------
    UsageError
        If no symbol of it has bars.
    """
    have = set(bars.symbols)
    present = tuple(symbol for symbol in universe.symbols if symbol in have)
    absent = tuple(symbol for symbol in universe.symbols if symbol not in have)
    if not present:
        message = (
            f"no name of the universe {universe.name!r} has bars ({_few(universe.symbols)}; the data has "
            f"{_few(bars.symbols)}): choose another universe, or data that holds its names"
        )
        raise UsageError(message)
    return (bars if present == bars.symbols else bars.columns(present)), absent


def _few(symbols: Sequence[str]) -> str:
    shown = ", ".join(symbols[:3])
    return f"{shown} and {len(symbols) - 3} more" if len(symbols) > 3 else shown or "none"  # noqa: PLR2004
