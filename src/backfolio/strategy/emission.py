"""From the weights a thesis returns to the sparse targets an engine is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from backfolio.errors import ThesisError
from backfolio.money import BASIS_POINTS
from backfolio.targets import LEAVE_ALONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backfolio.history import History

Rebalance = Literal["on_change", "daily", "weekly", "monthly"]

TOLERANCE: Final = 1e-9
"""Of weight: what float arithmetic may leave of 0, of 1, or of a whole basis point."""


def checked_weights(result: object, history: History) -> NDArray[np.float64]:
    """Return what a thesis returned as float64 weights, sessions x symbols.

    Parameters
    ----------
    result
        DataFrame over the history's sessions and symbols (columns in any
        order), or an array in the history's own order. NaN = leave alone.

    Raises
    ------
    ThesisError
        If it is something else, of another shape, or holds a weight below 0,
        an infinite one, or a row that sums to more than 1.
    """
    weights = _as_array(result, history)
    if _surely_sound(weights):
        return weights
    _check_cells(weights, history)
    sums = np.nansum(weights, axis=1)
    over = np.flatnonzero(sums > 1 + TOLERANCE)
    if over.size:
        row = int(over[0])
        message = (
            f"the weights of session {_day(history, row)} sum to {sums[row]:.6g} ({over.size} such session(s)): "
            "at most 1 is allowed; divide them by their sum, or wrap the choice in equal_weight(...)"
        )
        raise ThesisError(message)
    return weights


def to_points(weights: NDArray[np.float64]) -> NDArray[np.int16]:
    """Convert weights to whole basis points, rounded down; NaN to `LEAVE_ALONE`.

    Rounding down keeps a row from summing to more than one; a float within
    `TOLERANCE` below a basis point is that basis point (0.57 is 5700).

    Parameters
    ----------
    weights
        As `checked_weights` returns them.
    """
    points = weights + TOLERANCE  # none is below 0 now, so that cutting a fraction off rounds down
    points *= BASIS_POINTS
    return np.fmax(points, LEAVE_ALONE, out=points).astype(np.int16)


def sparse_rows(
    points: NDArray[np.int16],
    sessions: NDArray[np.datetime64],
    rebalance: Rebalance,
    first: int,
    stop: int,
) -> NDArray[np.int16]:
    """Keep of the rows ``first:stop`` only what `rebalance` emits.

    A weight is emitted where it differs from the row before. Row `first` emits
    everything, and so does every row ("daily") or the first session of each
    ISO week or month.

    Returns
    -------
    int16, (stop - first) x symbols; `LEAVE_ALONE` where nothing is emitted.
    """
    window = points[first:stop]
    if rebalance == "daily":
        return window
    emitted = np.full(window.shape, LEAVE_ALONE, dtype=np.int16)
    emitted[:1] = window[:1]
    if rebalance != "on_change":
        whole = _period_starts(sessions, rebalance)[first:stop]
        emitted[whole] = window[whole]
    changed = np.flatnonzero(window[1:] != window[:-1])
    emitted[1:].reshape(-1)[changed] = window[1:].reshape(-1)[changed]
    return emitted


def _period_starts(sessions: NDArray[np.datetime64], rebalance: Literal["weekly", "monthly"]) -> NDArray[np.bool_]:
    """Tell which sessions are the first of their week or month."""
    days = sessions.astype("datetime64[D]")
    if rebalance == "weekly":
        monday = np.datetime64("1970-01-05")
        period = (days - monday).astype(np.int64) // 7
    else:
        period = days.astype("datetime64[M]").astype(np.int64)
    starts = np.ones(len(days), dtype=np.bool_)
    np.not_equal(period[1:], period[:-1], out=starts[1:])
    return starts


def _as_array(result: object, history: History) -> NDArray[np.float64]:
    if isinstance(result, pd.DataFrame):
        return _numbers(_aligned(result, history))
    shape = (len(history.sessions), len(history.symbols))
    if not isinstance(result, np.ndarray):
        message = (
            f"targets(history) returned {'nothing' if result is None else f'a {type(result).__name__}'}: "
            "return a DataFrame (or an array) of weights, sessions x symbols"
        )
        raise ThesisError(message)
    if result.shape != shape:
        turned = "; it is turned round, return its transpose" if result.shape == shape[::-1] else ""
        message = (
            f"targets(history) returned an array of shape {result.shape}: "
            f"{shape} (sessions x symbols) is needed{turned}"
        )
        raise ThesisError(message)
    return _numbers(result)


def _aligned(frame: pd.DataFrame, history: History) -> pd.DataFrame:
    sessions, symbols = history.sessions, history.columns
    if frame.index.equals(sessions) and frame.columns.equals(symbols):
        return frame
    _check_labels("session", frame.index, sessions, ".reindex(history.sessions)")
    _check_labels("symbol", frame.columns, symbols, ".reindex(columns=history.symbols)")
    return frame.reindex(index=sessions, columns=symbols)


def _check_labels(what: str, labels: pd.Index[Any], wanted: pd.Index[Any], remedy: str) -> None:
    lacking, strange = wanted[~wanted.isin(labels)], labels[~labels.isin(wanted)]
    if labels.has_duplicates:
        fault, which = "names more than once", labels[labels.duplicated()]
    elif len(lacking):
        fault, which = "lack", lacking
    elif len(strange):
        fault, which = "have, beyond the history,", strange
    else:
        return
    more = f" and {len(which) - 1} more" if len(which) > 1 else ""
    message = (
        f"the weights that targets(history) returned {fault} the {what} {_label(which[0])}{more}: every {what} "
        f"of the history is needed once and no other; keep the frames of history whole, or use {remedy}"
    )
    raise ThesisError(message)


def _label(label: object) -> str:
    return f"{label:%Y-%m-%d}" if isinstance(label, pd.Timestamp) else repr(label)


def _numbers(values: pd.DataFrame | NDArray[Any]) -> NDArray[np.float64]:
    plain = values.to_numpy() if isinstance(values, pd.DataFrame) else np.asarray(values)
    if plain.dtype == np.float64:  # no column can be of True and False then
        return plain
    kinds = values.dtypes if isinstance(values, pd.DataFrame) else [values.dtype]
    if any(pd.api.types.is_bool_dtype(kind) for kind in kinds):
        message = (
            "targets(history) returned True and False: weights are needed; "
            "wrap the choice, as in equal_weight(chosen, slots=5)"
        )
        raise ThesisError(message)
    try:
        if isinstance(values, pd.DataFrame):
            return values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        message = f"targets(history) returned something that is not a number ({error}): return weights from 0 to 1"
        raise ThesisError(message) from error


def _surely_sound(weights: NDArray[np.float64]) -> bool:
    """Tell in few passes that every cell and every row's sum is right; False where a closer look is needed."""
    if not weights.size:
        return True
    lowest = np.fmin.reduce(weights, axis=None)  # NaN where all are
    # rounded otherwise than the sum that is judged in the end, by far less than half of what is tolerated
    sums = np.einsum("ij->i", np.fmax(weights, 0.0))
    return not lowest < -TOLERANCE and bool(sums.max() <= 1 + TOLERANCE / 2)


def _check_cells(weights: NDArray[np.float64], history: History) -> None:
    bad = np.isinf(weights) | (weights < -TOLERANCE)
    if not bad.any():
        return
    row, column = (int(at) for at in np.argwhere(bad)[0])
    value = weights[row, column]
    reason = "a weight is a finite number" if np.isinf(value) else "positions here are long only"
    remedy = "check for a division by zero" if np.isinf(value) else "use .clip(lower=0)"
    message = (
        f"the weight of {history.symbols[column]} on {_day(history, row)} is {value:.6g} ({int(bad.sum())} such "
        f"weight(s)): {reason}; {remedy}, 0 sells and NaN leaves alone"
    )
    raise ThesisError(message)


def _day(history: History, row: int) -> str:
    return f"{history.sessions[row]:%Y-%m-%d}"
