"""What an engine is told to do: target weights and exit rules, as integers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio.errors import UsageError
from backfolio.money import BASIS_POINTS, basis_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAVE_ALONE: Final = -1
"""The target that changes nothing."""


MOST_SESSIONS: Final = 100_000
"""Of `Exits.max_sessions`; four centuries, so that no window has as many."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Target weights after each session's close.

    Parameters
    ----------
    weights
        int16, sessions x symbols, basis points of equity; `LEAVE_ALONE` (-1)
        changes nothing, 0 sells all. Long only; what a row names sums to at
        most 10,000. Made read-only.

    Raises
    ------
    UsageError
        If a weight is below -1 or a row's sum is above 10,000.
    """

    weights: NDArray[np.int16]

    def __post_init__(self) -> None:
        given = np.asarray(self.weights)
        if given.ndim != 2:  # noqa: PLR2004
            message = f"targets have {given.ndim} dimension(s): give sessions x symbols"
            raise UsageError(message)
        if not np.issubdtype(given.dtype, np.integer):
            message = f"targets are {given.dtype}: give whole basis points, as Strategy.emit does"
            raise UsageError(message)
        if given.size and given.min() < LEAVE_ALONE:
            row = int(np.argmax((given < LEAVE_ALONE).any(axis=1)))
            message = f"a target weight of row {row} is negative: the A-share market here is long only"
            raise UsageError(message)
        # each cell that is left alone takes 1 from the sum of its row
        near = np.flatnonzero(row_sums(given) > BASIS_POINTS - given.shape[1])
        sums = np.maximum(given[near], 0).sum(axis=1, dtype=np.int64)
        if sums.size and sums.max() > BASIS_POINTS:
            at = int(sums.argmax())
            message = (
                f"the target weights of row {near[at]} sum to {sums[at] / BASIS_POINTS:.4f}: "
                "at most 1 is allowed; scale them, as equal_weight does"
            )
            raise UsageError(message)
        weights = np.array(given, dtype=np.int16, order="C")
        weights.setflags(write=False)
        object.__setattr__(self, "weights", weights)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Targets):
            return NotImplemented
        return bool(np.array_equal(self.weights, other.weights))

    __hash__ = None  # type: ignore[assignment]  # compared by value, never a key


def row_sums(numbers: NDArray[np.integer[Any] | np.bool_]) -> NDArray[np.signedinteger[Any]]:
    """Return the sum of each row of whole numbers, or how many of it are True."""
    whole = numbers.view(np.int8) if numbers.dtype == np.bool_ else numbers
    kind = np.int32 if whole.itemsize <= 2 else np.int64  # noqa: PLR2004  32 bits hold the sum of 65,000 of 16
    # twice as fast as `sum` and more where rows are short, never slower
    sums: NDArray[np.signedinteger[Any]] = np.einsum("ij->i", whole, dtype=kind, casting="same_kind")
    return sums


@dataclass(frozen=True, slots=True)
class Exits:
    """Rules that sell a position whatever the targets say; judged on each close.

    Parameters
    ----------
    stop_loss
        Fraction below the entry cost at which all is sold (0.15 = 15%).
    take_profit
        Fraction above the entry cost at which all is sold.
    trailing
        Fraction below the highest close since entry at which all is sold.
    max_sessions
        Sessions after the first fill at which all is sold.

    None switches a rule off.

    Raises
    ------
    UsageError
        If a fraction is not positive (stop_loss, trailing: above 1), or
        max_sessions is below 1 or above 100,000.
    """

    stop_loss: float | None = None
    take_profit: float | None = None
    trailing: float | None = None
    max_sessions: int | None = None

    def __post_init__(self) -> None:
        for name, highest in (("stop_loss", 1.0), ("take_profit", 100.0), ("trailing", 1.0)):
            value = getattr(self, name)
            if value is not None and not 1 / BASIS_POINTS <= value <= highest:
                message = f"exits.{name} is {value!r}: give a fraction from 0.0001 to {highest:g}, or None"
                raise UsageError(message)
        age = self.max_sessions
        if age is not None and not (1 <= age <= MOST_SESSIONS and float(age).is_integer()):
            message = (
                f"exits.max_sessions is {age!r}: give a whole number of sessions from 1 to {MOST_SESSIONS:,}, or None"
            )
            raise UsageError(message)

    def as_integers(self) -> tuple[int, int, int, int]:
        """Return (stop_loss, trailing, take_profit, max_sessions), 0 = off; basis points."""
        return (
            basis_points(self.stop_loss or 0.0),
            basis_points(self.trailing or 0.0),
            basis_points(self.take_profit or 0.0),
            int(self.max_sessions or 0),
        )

    def as_dict(self) -> dict[str, float | int | None]:
        """Return the rules by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
