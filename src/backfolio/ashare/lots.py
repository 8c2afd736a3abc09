"""Lots: how many shares one order may name.

Sources: SSE Trading Rules 3.3.7 (hundreds), SSE STAR Special Provisions 3.3.5
(at least 200, then single shares), SZSE Trading Rules 3.3.9, BSE Trading Rules
3.2.5 (at least 100, then single shares; secondary source).
"""

from __future__ import annotations

from typing import Final

LOT_MINIMUM: Final = (100, 100, 200, 100)
"""Least shares of an order, by board."""

LOT_STEP: Final = (100, 100, 1, 1)
"""Shares by which an order grows beyond the minimum, by board."""


def whole_lots(shares: int, minimum: int, step: int) -> int:
    """Round shares down to what one order may name; 0 below the minimum."""
    if shares < minimum:
        return 0
    return shares - (shares - minimum) % step
