"""`Frame`: a DataFrame of sessions x symbols that is quick with others of the same labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALONG_SESSIONS: Final = (0, "index")

ALONG_SYMBOLS: Final = ({"axis": 1}, {"axis": "columns"})

NUMBERS: Final = (float, int)
"""Of which a bool is none, nor a number of NumPy, which has a type of its own."""

BOUNDS: Final = (np.minimum, np.maximum)


class Frame(pd.DataFrame):
    """A DataFrame that gives the values, labels and flags that a DataFrame would, in less time.

    ``a & b``, ``a | b``, ``~a``, ``a.where(b)``, ``a.any(axis=1)``, what is
    above, below or added to a frame or a number, ``a * 0.3``, ``a.clip`` by
    numbers, ``np.minimum`` and ``np.maximum`` with a number, and ``sub``,
    ``mul`` and ``div`` by a series with ``axis=0`` are computed on whole arrays
    where the labels are those of one `History`, the values are of one type, and
    nothing is attached (attrs, flags). pandas compares the labels and goes
    through blocks and columns, which took three quarters of the time of a thesis
    evaluated again and again. Whatever else is asked is pandas' to answer.

    Who names the index or the columns of a result names those of the frame it
    came from where pandas does so, which is of operators and of NumPy's words.
    """

    @property
    def _constructor(self) -> type[Frame]:
        # pandas asks here of what class a result shall be
        return Frame

    def __and__(self, other: Any) -> Frame:  # noqa: ANN401  as pandas has it
        arrays = _arrays(self, other, np.bool_, np.bool_)
        return super().__and__(other) if arrays is None else self._labelled_as_it_is(arrays[0] & arrays[1])

    def __or__(self, other: Any) -> Frame:  # noqa: ANN401
        arrays = _arrays(self, other, np.bool_, np.bool_)
        return super().__or__(other) if arrays is None else self._labelled_as_it_is(arrays[0] | arrays[1])

    def __invert__(self) -> Frame:  # type: ignore[misc]  # final in the stubs alone
        array = _array(self, np.bool_)
        return super().__invert__() if array is None else self._with(~array)

    def __gt__(self, other: Any) -> Frame:  # noqa: ANN401
        arrays = _numbers(self, other)
        return super().__gt__(other) if arrays is None else self._labelled_as_it_is(arrays[0] > arrays[1])

    def __ge__(self, other: Any) -> Frame:  # noqa: ANN401
        arrays = _numbers(self, other)
        return super().__ge__(other) if arrays is None else self._labelled_as_it_is(arrays[0] >= arrays[1])

    def __lt__(self, other: Any) -> Frame:  # noqa: ANN401
        arrays = _numbers(self, other)
        return super().__lt__(other) if arrays is None else self._labelled_as_it_is(arrays[0] < arrays[1])

    def __le__(self, other: Any) -> Frame:  # noqa: ANN401
        arrays = _numbers(self, other)
        return super().__le__(other) if arrays is None else self._labelled_as_it_is(arrays[0] <= arrays[1])

    def __add__(self, other: Any) -> Frame:  # noqa: ANN401
        arrays = _numbers(self, other)
        if arrays is None:
            return super().__add__(other)
        with np.errstate(all="ignore"):
            return self._labelled_as_it_is(arrays[0] + arrays[1])

    def __radd__(self, other: Any) -> Frame:  # noqa: ANN401  `sum` begins with 0 + a
        return self + other if type(other) in NUMBERS else super().__radd__(other)

    def __mul__(self, other: Any) -> Frame:  # noqa: ANN401
        arrays = _numbers(self, other)
        if arrays is None:
            return super().__mul__(other)
        with np.errstate(all="ignore"):
            return self._labelled_as_it_is(arrays[0] * arrays[1])

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:  # noqa: ANN401
        """Answer NumPy; see ``DataFrame.__array_ufunc__``."""
        if ufunc in BOUNDS and method == "__call__" and not options and inputs[0] is self:
            arrays = _numbers(self, inputs[1]) if type(inputs[1]) in NUMBERS else None
            if arrays is not None:
                return self._labelled_as_it_is(ufunc(*arrays))
        return super().__array_ufunc__(ufunc, method, *inputs, **options)  # type: ignore[misc]  # not in the stubs

    def any(self, *axis: Any, **options: Any) -> Any:  # noqa: ANN401
        """Tell whether any is True; see ``DataFrame.any``."""
        array = _array(self, np.bool_) if not axis and options in ALONG_SYMBOLS and self.size else None
        if array is None:
            return super().any(*axis, **options)
        return pd.Series(array.any(axis=1), index=self.index.view(), copy=False)

    def clip(self, lower: Any = None, upper: Any = None, **options: Any) -> Frame:  # noqa: ANN401
        """Bound the values; see ``DataFrame.clip``."""
        bounds = [bound for bound in (lower, upper) if bound is not None]
        array = _array(self, np.float64) if not options and len(bounds) == 1 else None
        # a bound that is not a number compares with nothing, itself included
        if array is None or type(bounds[0]) not in NUMBERS or bounds[0] != bounds[0]:
            return super().clip(lower, upper, **options)
        outside = array > upper if lower is None else array < lower
        return self._with(np.where(outside, float(bounds[0]), array))

    def where(self, cond: Any, *other: Any, **options: Any) -> Frame:  # noqa: ANN401
        """Keep the values where `cond` is True; see ``DataFrame.where``."""
        instead = other[0] if other else np.nan
        if len(other) > 1 or options or type(instead) is not float:
            return super().where(cond, *other, **options)
        arrays = _arrays(self, cond, np.float64, np.bool_)
        return super().where(cond, *other) if arrays is None else self._with(np.where(arrays[1], arrays[0], instead))

    def sub(self, other: Any, axis: Any = "columns", *more: Any, **options: Any) -> Frame:  # noqa: ANN401
        """Subtract; see ``DataFrame.sub``."""
        arrays = _by_session(self, other) if axis in ALONG_SESSIONS and not more and not options else None
        if arrays is None:
            return super().sub(other, axis, *more, **options)
        with np.errstate(all="ignore"):
            return self._with(arrays[0] - arrays[1])

    def mul(self, other: Any, axis: Any = "columns", *more: Any, **options: Any) -> Frame:  # noqa: ANN401
        """Multiply; see ``DataFrame.mul``."""
        kind = getattr(other, "dtype", None)
        kind = np.bool_ if kind == np.bool_ else np.float64
        arrays = _by_session(self, other, kind) if axis in ALONG_SESSIONS and not more and not options else None
        if arrays is None:
            return super().mul(other, axis, *more, **options)
        with np.errstate(all="ignore"):
            return self._with(arrays[0] * arrays[1])

    def div(self, other: Any, axis: Any = "columns", *more: Any, **options: Any) -> Frame:  # noqa: ANN401
        """Divide; see ``DataFrame.div``."""
        arrays = _by_session(self, other) if axis in ALONG_SESSIONS and not more and not options else None
        if arrays is None:
            return super().div(other, axis, *more, **options)
        with np.errstate(all="ignore"):
            return self._with(arrays[0] / arrays[1])

    def _with(self, array: NDArray[Any]) -> Frame:
        return Frame(array, index=self.index.view(), columns=self.columns.view(), copy=False)

    def _labelled_as_it_is(self, array: NDArray[Any]) -> Frame:
        return Frame(array, index=self.index, columns=self.columns, copy=False)


PLAIN: Final = (Frame, pd.DataFrame)
"""Not what is derived from them, of which a result might be, too."""


def _array(frame: pd.DataFrame, kind: type[np.generic]) -> NDArray[Any] | None:
    """Return the values of a frame that holds one NumPy type and nothing besides, None of any other."""
    if type(frame) not in PLAIN or _attached(frame):
        return None
    blocks = frame._mgr.blocks  # noqa: SLF001  `dtypes` takes as long as all else
    values = blocks[0].values if len(blocks) == 1 else None  # noqa: PD011  of a block
    return values.T if isinstance(values, np.ndarray) and values.dtype == kind else None


def _arrays(
    one: Frame, other: object, kind: type[np.generic], other_kind: type[np.generic]
) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Return the values of two frames of the same labels and of these types, None of any others."""
    if not isinstance(other, pd.DataFrame) or not _same_labels(one, other):
        return None
    mine, theirs = _array(one, kind), _array(other, other_kind)
    return None if mine is None or theirs is None else (mine, theirs)


def _numbers(one: Frame, other: object) -> tuple[NDArray[Any], Any] | None:
    """Return the values of a frame of numbers, and a number or those of another of the same labels."""
    if type(other) not in NUMBERS:
        return _arrays(one, other, np.float64, np.float64)
    mine = _array(one, np.float64)
    return None if mine is None else (mine, other)


def _by_session(
    frame: Frame, series: object, kind: type[np.generic] = np.float64
) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Return the values of a frame, and those of a series as a column beside them, both of one type."""
    if not isinstance(series, pd.Series) or series.dtype != kind or _attached(series):
        return None
    values = _array(frame, kind)
    if values is None or not _same(frame.index, series.index):
        return None
    return values, series.to_numpy()[:, None]


def _attached(labelled: pd.DataFrame | pd.Series[Any]) -> bool:
    """Tell whether more than values and labels is there for pandas to pass on."""
    return bool(labelled.attrs) or not labelled.flags.allows_duplicate_labels


def _same_labels(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return _same(one.index, other.index) and _same(one.columns, other.columns)


def _same(one: pd.Index[Any], other: pd.Index[Any]) -> bool:
    """Tell whether two indexes are the very same, without a look at the labels."""
    return bool(one.is_(other)) and one.name == other.name
