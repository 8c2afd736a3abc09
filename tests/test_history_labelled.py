"""Frame: whatever it is asked, it answers as a DataFrame would, on the short way or not."""

from __future__ import annotations

import pickle
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfolio.history.labelled import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES = st.sampled_from((np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -2.5, 1e300))


class Four:
    """Two frames of numbers and two of True and False, with the same labels; as Frame and as pandas has them."""

    def __init__(self, numbers: np.ndarray, truths: np.ndarray, kind: type[pd.DataFrame]) -> None:
        _, rows, columns = numbers.shape
        sessions = pd.date_range("2025-01-02", periods=rows)
        symbols = pd.Index([f"{600000 + at}.SH" for at in range(columns)], dtype=object)
        arrays = [*numbers.copy(), *truths.copy()]
        for array in arrays:
            array.setflags(write=False)
        labels = {"index": sessions.view(), "columns": symbols.view()}
        self.a, self.b, self.x, self.y = (kind(array, **labels, copy=False) for array in arrays)


def grown(frame: pd.DataFrame) -> pd.DataFrame:
    wider = frame.copy()
    wider["600000.SH"] = 1
    return wider


def tagged(frame: pd.DataFrame) -> pd.DataFrame:
    frame.attrs["of"] = "a paper"
    return frame


def unique(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_flags(allows_duplicate_labels=False)


SHORT: dict[str, Callable[[Four], Any]] = {
    "and": lambda four: four.x & four.y,
    "or": lambda four: four.x | four.y,
    "not": lambda four: ~four.x,
    "where": lambda four: four.a.where(four.x),
    "where, else a number": lambda four: four.a.where(four.x, 0.0),
    "less the mean": lambda four: four.a.sub(four.b.mean(axis=1), axis=0),
    "by the sum": lambda four: four.a.div(four.b.sum(axis=1), axis="index"),
    "by True and False": lambda four: four.x.mul(four.y.any(axis=1), axis=0),
    "times the mean": lambda four: four.a.mul(four.b.mean(axis=1), axis=0),
    "above": lambda four: (four.a > 0) & (four.a >= four.b) & (four.b > -2.5),
    "below": lambda four: (four.a < 0) | (four.a <= four.b) | (four.b <= 1.0),
    "added": lambda four: four.a + four.b,
    "added to a number": lambda four: 1.0 + four.a + 1,
    "all added": lambda four: sum([four.a, four.b, four.a]),
    "times a number": lambda four: four.a * 0.3,
    "times a whole number": lambda four: four.a * 3,
    "at least": lambda four: four.a.clip(lower=0.0),
    "at most": lambda four: four.a.clip(upper=1),
    "the smaller": lambda four: np.minimum(four.a, 0.5),
    "the larger": lambda four: np.maximum(four.a, 0),
    "all of it": lambda four: four.a.where((four.x | ~four.y) & four.x).div(four.b.max(axis=1).clip(lower=1.0), axis=0),
}
LONG: dict[str, Callable[[Four], Any]] = {
    "where, else a whole number": lambda four: four.a.where(four.x, 0),
    "where, else a frame": lambda four: four.a.where(four.x, four.b),
    "where, by name": lambda four: four.a.where(cond=four.x, other=four.b),
    "where not": lambda four: four.a.mask(four.x),
    "where a function says": lambda four: four.a.where(lambda frame: frame > 0),
    "where an array says": lambda four: four.a.where(four.x.to_numpy()),
    "where fewer rows say": lambda four: four.a.where(four.x.iloc[1:]),
    "where columns turned round say": lambda four: four.a.where(four.x.iloc[:, ::-1]),
    "True where": lambda four: four.x.where(four.y),
    "and, turned round": lambda four: four.x & four.y.iloc[:, ::-1],
    "and, with a switch": lambda four: four.x & True,
    "or, with a series": lambda four: four.x | pd.Series(True, index=four.x.columns),
    "and, one of them grown": lambda four: grown(four.x) & four.y,
    "where, grown": lambda four: grown(four.a).where(four.x),
    "not, grown": lambda four: ~grown(four.x),
    "and, of numbers": lambda four: four.a & four.b,
    "not a number": lambda four: ~four.a,
    "not a whole number": lambda four: ~four.x.astype("int64"),
    "where, half as exact": lambda four: four.a.astype("float32").where(four.x),
    "where, pandas' own": lambda four: four.a.astype("Float64").where(four.x),
    "less a frame": lambda four: four.a.sub(four.b),
    "less a frame, filled": lambda four: four.a.sub(four.b, fill_value=0.0),
    "less a number": lambda four: four.a.sub(2.0),
    "less a series by column": lambda four: four.a.sub(four.b.mean()),
    "less a series of fewer rows": lambda four: four.a.sub(four.b.mean(axis=1).iloc[1:], axis=0),
    "by whole numbers": lambda four: four.a.div(four.x.sum(axis=1), axis=0),
    "by a number": lambda four: four.a.div(2.0),
    "by a frame": lambda four: four.a.div(four.b, "columns", None, 1.0),
    "and, its columns named": lambda four: four.x.rename_axis(columns="symbol") & four.y,
    "where, its rows named": lambda four: four.a.rename_axis(index="day").where(four.x),
    "where, more attached": lambda four: tagged(four.a).where(four.x).attrs,
    "and, once no label may stand twice": lambda four: [unique(four.x) & four.y, four.x & unique(four.y)],
    "not, once no label may stand twice": lambda four: ~unique(four.x),
    "where, once no label may stand twice": lambda four: [unique(four.a).where(four.x), four.a.where(unique(four.x))],
    "less the mean, once no label may stand twice": lambda four: [
        unique(four.a).sub(four.b.mean(axis=1), axis=0),
        four.a.sub(unique(four.b).mean(axis=1), axis=0),
    ],
    "by the sum, once no label may stand twice": lambda four: unique(four.a).div(four.b.sum(axis=1), axis=0),
    "any by column": lambda four: [four.x.any(), four.x.any(axis=0), four.a.any(axis=1)],
    "any, once no label may stand twice": lambda four: unique(four.x).any(axis=1),
    "between": lambda four: [four.a.clip(-1.0, 1.0), four.a.clip(1.0, -1.0), four.a.clip(0.0)],
    "between what is no number": lambda four: [four.a.clip(upper=np.nan), four.a.clip(), four.x.clip(upper=0.5)],
    "at most, by row": lambda four: four.a.clip(upper=four.b.mean(axis=1), axis=0),
    "above a row, a column and a truth": lambda four: [four.a.gt(four.b.mean()), four.a > True, four.x > False],
    "above fewer rows": lambda four: four.a > four.b.iloc[1:],
    "above what is whole": lambda four: four.x.astype("int64") > 0,
    "above a number of NumPy": lambda four: [four.a > np.float32(0.1), four.a + np.float64(2.0)],
    "added, turned round": lambda four: [four.a + four.b.iloc[:, ::-1], four.a + four.x, four.x + four.y],
    "added, a row": lambda four: [four.a + four.b.mean(), four.b.mean() + four.a],
    "times a frame, a row and a truth": lambda four: [four.a * four.b, four.a * four.b.mean(), four.a * True],
    "times what is of another type": lambda four: [
        four.a.mul(four.x.any(axis=1), axis=0),
        four.x.mul(four.a.mean(axis=1), axis=0),
        four.a.mul(2.0),
    ],
    "the smaller of two": lambda four: [np.minimum(four.a, four.b), np.minimum(0.5, four.a), np.minimum(four.x, 1.0)],
    "the larger, half as exact": lambda four: np.maximum(four.a, 0.0, dtype=np.float32, casting="same_kind"),
    "once no label may stand twice": lambda four: [
        unique(four.a) > 0,
        unique(four.a) + four.b,
        unique(four.a) * 2.0,
        unique(four.a).clip(upper=1.0),
        np.minimum(unique(four.a), 0.5),
        unique(four.x).mul(four.y.any(axis=1), axis=0),
    ],
    "other words": lambda four: [four.a > 0, four.a.ffill(limit=2), four.x.cummax(), four.a * 2.0, np.fmax(four.a, 0)],
}


@st.composite
def cells(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = (2, draw(st.integers(0, 5)), draw(st.integers(0, 4)))
    size = int(np.prod(shape))
    numbers = np.array(draw(st.lists(VALUES, min_size=size, max_size=size)), dtype=np.float64)
    truths = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), dtype=np.bool_)
    return numbers.reshape(shape), truths.reshape(shape)


def answer(ask: Callable[[Four], Any], four: Four) -> list[Any]:
    """Return what comes of it, or the words of the error."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            made = ask(four)
        except (TypeError, ValueError) as error:
            return [type(error), str(error)]
    return made if isinstance(made, list) else [made]


@pytest.mark.parametrize("name", [*SHORT, *LONG])
@settings(max_examples=25)
@given(cells())
def test_it_answers_as_a_dataframe(name: str, given: tuple[np.ndarray, np.ndarray]) -> None:
    ask = {**SHORT, **LONG}[name]
    for mine, theirs in zip(answer(ask, Four(*given, Frame)), answer(ask, Four(*given, pd.DataFrame)), strict=True):
        if isinstance(theirs, pd.DataFrame):
            assert type(mine) is Frame
            assert mine.flags == theirs.flags
            pd.testing.assert_frame_equal(pd.DataFrame(mine), theirs, check_flags=False)
            assert np.array_equal(np.signbit(mine.to_numpy(float)), np.signbit(theirs.to_numpy(float)))
        elif isinstance(theirs, pd.Series):
            assert type(mine) is type(theirs)
            pd.testing.assert_series_equal(mine, theirs)
        else:
            assert mine == theirs


@pytest.fixture
def four() -> Four:
    dice = np.random.default_rng(1)
    return Four(dice.random((2, 6, 4)), dice.random((2, 6, 4)) < 0.5, Frame)


@pytest.mark.parametrize("name", SHORT)
def test_the_short_way_is_taken(monkeypatch: pytest.MonkeyPatch, four: Four, name: str) -> None:
    asked: list[str] = []

    def tell(way: str, long: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given, **options: asked.append(way) or long(*given, **options)  # type: ignore[func-returns-value]

    ways = "__and__ __or__ __invert__ __gt__ __ge__ __lt__ __le__ __add__ __radd__ __mul__ __array_ufunc__"
    for way in (*ways.split(), "any", "clip", "where", "sub", "mul", "div"):
        monkeypatch.setattr(pd.DataFrame, way, tell(way, getattr(pd.DataFrame, way)))
    SHORT[name](four)
    assert asked == []
    assert answer(LONG["where, else a frame"], four)
    assert asked == ["where"]


@pytest.mark.parametrize("name", SHORT)
def test_what_comes_of_it_is_ones_own(four: Four, name: str) -> None:
    before = [frame.copy() for frame in (four.a, four.b, four.x, four.y)]
    made = SHORT[name](four)
    made.iloc[0, 0] = made.iloc[1, 1]
    made["new"] = 1
    made.columns.name = "symbol"
    for frame, as_it_was in zip((four.a, four.b, four.x, four.y), before, strict=True):
        pd.testing.assert_frame_equal(frame, as_it_was)


def named(ask: Callable[[Four], Any], four: Four, labels: str) -> list[Any]:
    """Return the names that labels of the frames have once those of the result were named."""
    getattr(ask(four), labels).name = "q"
    return [getattr(frame, labels).name for frame in (four.a, four.b, four.x, four.y)]


@pytest.mark.parametrize("labels", ["index", "columns"])
@pytest.mark.parametrize("name", SHORT)
def test_naming_the_labels_of_a_result_names_no_others_than_in_pandas(name: str, labels: str) -> None:
    arrays = np.random.default_rng(1).random((2, 6, 4))
    mine, theirs = (named(SHORT[name], Four(arrays, arrays < 0.5, kind), labels) for kind in (Frame, pd.DataFrame))
    assert mine == theirs


def test_what_is_derived_from_it_stays_so(four: Four) -> None:
    class Derived(Frame):
        @property
        def _constructor(self) -> type[Frame]:
            return Derived

    assert type(Derived(four.x) & four.y) is Derived
    assert type(Derived(four.a).where(four.x)) is Derived


def test_it_travels_and_can_be_copied(four: Four) -> None:
    for other in (pickle.loads(pickle.dumps(four.a)), four.a.copy()):  # noqa: S301  our own bytes
        assert type(other) is Frame
        pd.testing.assert_frame_equal(other, four.a)
        other.iloc[0, 0] = 7.0
        assert four.a.iloc[0, 0] != 7.0
