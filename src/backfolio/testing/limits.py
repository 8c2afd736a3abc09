"""Price limits of one session of a test world: `ashare`'s, for a single symbol."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backfolio import ashare
from backfolio.ashare import LIMITED, UNKNOWN, UNLIMITED

__all__ = ["LIMITED", "UNKNOWN", "UNLIMITED", "Limits", "limits"]


@dataclass(frozen=True)
class Limits:
    """State and limit prices of one session, mills; 0 where there is none."""

    state: int
    up: int = 0
    down: int = 0


def limits(symbol: str, day: np.datetime64, reference: int, listed: np.datetime64, *, st: bool) -> Limits:
    """Return the limits of `symbol` in the session `day`; `reference` 0 = unknown, `listed` NaT = long ago."""
    up, down, state = ashare.limit_table(
        (symbol,), np.array([day]), np.array([[reference]]), np.array([[st]]), np.array([listed], dtype="datetime64[D]")
    )
    return Limits(int(state[0, 0]), int(up[0, 0]), int(down[0, 0]))
