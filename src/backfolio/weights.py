"""From a choice of names to target weights.

Every helper takes sessions x symbols, as a DataFrame or an array, and returns
the same kind, new; it never writes to what it was given. A row depends on
nothing but rows up to and including itself.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from backfolio.errors import ThesisError
from backfolio.history.labelled import Frame
from backfolio.targets import row_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

Table = TypeVar("Table", pd.DataFrame, "NDArray[Any]")

NO_VOLATILITY = 1e-9
"""Standard deviation of daily returns at or below which a name did not move at all."""


def top(scores: Table, n: int) -> Table:
    """Choose the `n` highest scores of each session.

    Parameters
    ----------
    scores
        Sessions x symbols. NaN and infinite scores are never chosen.
    n
        Most names to choose; fewer are chosen where fewer have a score.

    Returns
    -------
    bool, of the same shape. Equal scores are taken in the order of the
    columns (symbols, in a frame of `History`).

    Raises
    ------
    ThesisError
        If `n` is below 1, or `scores` holds True and False.

    Examples
    --------
    >>> top(np.array([[0.1, np.nan, 0.3, 0.3]]), 2).tolist()
    [[False, False, True, True]]
    """
    values = _values(scores)
    if values.dtype == np.bool_:
        message = "top(scores) was given True and False: give scores, as in history.returns(20).where(fresh)"
        raise ThesisError(message)
    values = _floats("top(scores)", values)
    n = min(_whole("n", n), values.shape[1])
    if not n:
        return _like(scores, np.zeros(values.shape, dtype=np.bool_))
    chosen = np.isfinite(values)
    crowded = np.flatnonzero(row_sums(chosen) > n)
    if crowded.size:
        chosen[crowded] = _highest(values[crowded], n)
    return _like(scores, chosen)


def equal_weight(chosen: Table, *, slots: int | None = None, most: float | None = None) -> Table:
    """Give the chosen names of each session the same weight.

    Parameters
    ----------
    chosen
        bool, sessions x symbols (a missing value is False).
    slots
        Number of places the capital is divided into: a name gets ``1/slots``
        at most, and places that are not taken stay cash. Without it one
        chosen name alone gets all the capital.
    most
        Largest weight of one name, as a fraction; the rest stays cash.

    Returns
    -------
    float64 of the same shape; a row sums to 1, or less where `slots` or
    `most` leave cash, or to 0 where nothing is chosen.

    Raises
    ------
    ThesisError
        If `chosen` is not made of True and False, `slots` is below 1, or
        `most` is not in (0, 1].

    Examples
    --------
    >>> equal_weight(np.array([[True, True, False]]), slots=5).tolist()
    [[0.2, 0.2, 0.0]]
    """
    mask = _choice("equal_weight(chosen)", chosen)
    places = np.maximum(row_sums(mask), 1 if slots is None else _whole("slots", slots))
    share = np.minimum(1.0 / places, 1.0 if most is None else _fraction("most", most))
    weights = mask.astype(np.float64)
    weights *= share[:, None]
    return _like(chosen, weights)


def cap(weights: Table, most: float) -> Table:
    """Bound each weight, giving what is cut off to the names below the bound.

    The excess goes to the uncapped names in proportion to their weights, again
    and again until none is above `most`; where all are at the bound the rest
    stays cash.

    Parameters
    ----------
    weights
        Sessions x symbols, fractions from 0; NaN (leave alone) stays NaN.
    most
        Largest weight of one name, as a fraction.

    Returns
    -------
    float64 of the same shape. A row sums to what it did before, or to `most`
    times its names above 0 where that is less.

    Raises
    ------
    ThesisError
        If `most` is not in (0, 1].

    Examples
    --------
    >>> cap(np.array([[0.7, 0.2, 0.1]]), 0.5).round(4).tolist()
    [[0.5, 0.3333, 0.1667]]
    """
    most = _fraction("most", most)
    given = _floats("cap(weights)", _values(weights))
    capped = np.where(np.isnan(given), 0.0, given)
    # Every round but the last brings at least one more name to the bound, so this ends.
    for _ in range(capped.shape[1]):
        excess = np.maximum(capped - most, 0.0).sum(axis=1, keepdims=True)
        if not excess.any():
            break
        np.minimum(capped, most, out=capped)
        free = np.where(capped < most, capped, 0.0)
        capped += excess * _normalised(free)
    np.minimum(capped, most, out=capped)
    return _like(weights, np.where(np.isnan(given), np.nan, capped))


def inverse_volatility(chosen: Table, returns: Table, window: int = 20) -> Table:
    """Weigh each session's chosen names by the inverse of their volatility.

    Volatility is the standard deviation (n - 1) of the last `window` daily
    returns, the session's own included, of which at least half must be known.
    A chosen name whose volatility is not known, or which did not move at all,
    gets nothing.

    Parameters
    ----------
    chosen
        bool, sessions x symbols.
    returns
        One-session returns as fractions, same shape: ``history.returns()``.
    window
        Sessions, at least 2.

    Returns
    -------
    float64 of the same shape; a row sums to 1, or to 0 where no chosen name
    has a volatility. Bound single names with `cap`.

    Raises
    ------
    ThesisError
        If the two differ in shape or labels, or `window` is below 2.
    """
    mask = _choice("inverse_volatility(chosen)", chosen)
    moves = _floats("inverse_volatility(returns)", _values(returns))
    window = _whole("window", window, least=2)
    if moves.shape != mask.shape or not _same_labels(chosen, returns):
        message = (
            f"inverse_volatility was given a choice of shape {mask.shape} and returns of shape {moves.shape}: "
            "both need the same sessions and symbols, as the frames of history have"
        )
        raise ThesisError(message)
    volatility = _volatility(moves, window)
    usable = mask & (volatility > NO_VOLATILITY)
    return _like(chosen, _normalised(np.divide(1.0, volatility, out=np.zeros_like(volatility), where=usable)))


def _volatility(moves: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the trailing standard deviation, NaN where fewer than half the returns are known."""
    known = np.isfinite(moves)
    filled = np.where(known, moves, 0.0)
    count, total = np.zeros(moves.shape), np.zeros(moves.shape)
    for lag in range(min(window, len(moves))):
        count[lag:] += known[: len(moves) - lag]
        total[lag:] += filled[: len(moves) - lag]
    mean = total / np.maximum(count, 1)
    # Second pass over deviations: a difference of running sums would leave noise where nothing moved.
    squares = np.zeros(moves.shape)
    for lag in range(min(window, len(moves))):
        squares[lag:] += np.where(known[: len(moves) - lag], filled[: len(moves) - lag] - mean[lag:], 0.0) ** 2
    enough = count >= max(2, window / 2)
    return np.where(enough, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)


def _highest(values: NDArray[np.float64], n: int) -> NDArray[np.bool_]:
    """Choose the `n` highest finite values of each row, which has more; the first of equal ones."""
    scores = np.where(np.isfinite(values), values, -np.inf)
    last = np.partition(scores, -n, axis=1)[:, -n, None]
    chosen: NDArray[np.bool_] = scores >= last
    if np.count_nonzero(chosen) > n * len(chosen):
        better = scores > last
        tied = chosen & ~better
        room = n - row_sums(better)[:, None]
        chosen = better | (tied & (np.cumsum(tied, axis=1) <= room))
    return chosen


def _normalised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = values.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.divide(values, sums, out=np.zeros_like(values), where=sums > 0)
    return shares


def _values(frame: pd.DataFrame | NDArray[Any]) -> NDArray[Any]:
    values = frame.to_numpy() if isinstance(frame, pd.DataFrame) else np.asarray(frame)
    if values.ndim != 2:  # noqa: PLR2004
        message = f"weights helpers were given {values.ndim} dimension(s): give sessions x symbols"
        raise ThesisError(message)
    return values


def _floats(where: str, values: NDArray[Any]) -> NDArray[np.float64]:
    try:
        floats: NDArray[np.float64] = values.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        message = f"{where} was given something that is not a number ({error}): give numbers, NaN where there is none"
        raise ThesisError(message) from error
    return floats


def _choice(where: str, chosen: pd.DataFrame | NDArray[Any]) -> NDArray[np.bool_]:
    values = _values(chosen)
    if values.dtype == np.bool_:
        return values
    # A shifted bool frame is an object frame with NaN in its first rows.
    if values.dtype == np.object_ and pd.api.types.infer_dtype(values.ravel(), skipna=True) in {"boolean", "empty"}:
        return np.where(pd.isna(values), np.False_, values).astype(np.bool_)
    message = f"{where} was given {values.dtype} values: give True and False, as top(scores, n) or scores > 0 do"
    raise ThesisError(message)


def _like(template: Table, values: NDArray[Any]) -> Table:
    if isinstance(template, pd.DataFrame):
        kind = Frame if isinstance(template, Frame) else pd.DataFrame
        return kind(values, index=template.index, columns=template.columns, copy=False)
    return values


def _same_labels(one: object, other: object) -> bool:
    if isinstance(one, pd.DataFrame) and isinstance(other, pd.DataFrame):
        return one.index.equals(other.index) and one.columns.equals(other.columns)
    return True


def _whole(name: str, value: int, least: int = 1) -> int:
    try:
        number = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        message = f"{name} is {value!r}: give a whole number from {least}"
        raise ThesisError(message)
    return number


def _fraction(name: str, value: float) -> float:
    if not 0 < value <= 1:
        message = f"{name} is {value!r}: give a fraction above 0, at most 1"
        raise ThesisError(message)
    return float(value)
