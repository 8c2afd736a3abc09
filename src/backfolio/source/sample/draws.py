"""Random numbers that are the same everywhere, for good.

numpy promises the raw words of a bit generator for ever, but not what
`Generator.normal` makes of them. So the sample draws raw words and turns them
into uniform and bell-shaped numbers with whole-number arithmetic: one seed is
one market on every platform and numpy.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIECES: Final = 8
"""16-bit pieces summed to one bell-shaped number (Irwin-Hall)."""

_CENTRE: Final = _PIECES * (2**16 - 1) // 2
_SPREAD: Final = math.sqrt(_PIECES * (2**32 - 1) / 12)


class Draws:
    """A stream of draws for one purpose.

    Parameters
    ----------
    seed
        Names the market; from 0.
    purpose
        Number of the stream; another draw in one stream moves no other.
    """

    def __init__(self, seed: int, purpose: int) -> None:
        self._words = np.random.PCG64([seed, purpose])

    def uniform(self, *shape: int) -> NDArray[np.float64]:
        """Return float64 in [0, 1), 53 bits each."""
        words = self._words.random_raw(math.prod(shape))
        drawn: NDArray[np.float64] = (words >> np.uint64(11)).astype(np.float64).reshape(shape) * 2.0**-53
        return drawn

    def bell(self, *shape: int) -> NDArray[np.float64]:
        """Return float64 with mean 0, deviation 1, near normal, never beyond 4.9."""
        size = math.prod(shape)
        words = self._words.random_raw(size * _PIECES // 4)
        pieces = words.astype("<u8").view("<u2").reshape(_PIECES, size)
        drawn: NDArray[np.float64] = (pieces.sum(axis=0, dtype=np.int64) - _CENTRE) / _SPREAD
        return drawn.reshape(shape)
