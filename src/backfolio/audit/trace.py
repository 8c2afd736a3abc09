"""Find the line of a thesis at which the future came in.

The thesis is evaluated twice, on two histories that are the same up to a
session, and after every line of its file the variables are compared, of frames
and arrays along the sessions the rows up to that session alone. The first line
after which they differ is the one.
"""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from backfolio.audit.asked import quiet

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import FrameType

    from numpy.typing import NDArray

    from backfolio.audit.asked import Subject
    from backfolio.history import History

MOST_SEEN: Final = 60_000
"""Values that are looked at: a thesis with a loop over every cell is cut short."""

MOST_BYTES: Final = 16_000
"""Of one variable that are compared: its last rows before the cut, where most peeks show, and its first."""

DEEPEST: Final = 3
"""Containers within containers that are opened."""

RETURNED: Final = ""
"""Name of what a function returns."""


class Guilty(NamedTuple):
    """Where two evaluations first differed: file, line, and the variable."""

    path: str
    line: int
    name: str


class _Mark(NamedTuple):
    """What is compared of a variable; `dated` where it is of rows up to the cut alone."""

    digest: bytes
    dated: bool


class _Step(NamedTuple):
    """One line executed, and the variables after it."""

    path: str
    line: int
    marks: Mapping[str, _Mark]


def guilty(subject: Subject, one: History, other: History, cut: int) -> Guilty | None:
    """Return the first line after which what it computed of rows up to `cut` differs; None where none does.

    Values without sessions (a number, a figure for each symbol) are compared
    where both histories have as many sessions; where one is shorter they may
    differ rightly, as their count does, and count only if nothing else differs.
    """
    first, second = _steps(subject, one, cut), _steps(subject, other, cut)
    if len(one.sessions) == len(other.sessions):
        return _difference(first, second, dated_only=False)
    return _difference(first, second, dated_only=True) or _difference(first, second, dated_only=False)


def _difference(first: list[_Step], second: list[_Step], *, dated_only: bool) -> Guilty | None:
    before: _Step | None = None
    for one, other in zip(first, second, strict=False):
        if (one.path, one.line) != (other.path, other.line):  # a branch was taken by one alone
            return None if before is None else Guilty(before.path, before.line, RETURNED)
        for name, mark in one.marks.items():
            there = other.marks.get(name)
            if there is not None and there != mark and (mark.dated or not dated_only):
                return Guilty(one.path, one.line, name)
        before = one
    return None


def _steps(subject: Subject, history: History, cut: int) -> list[_Step]:
    """Evaluate a thesis and return every line that it executed; a thesis that fails, up to where it did."""
    strategy = subject.fresh()
    recorder = _Recorder(frozenset(subject.files), _Eye(history, cut))
    before = sys.gettrace()
    with quiet(), suppress(Exception):  # what was executed is what is asked for
        sys.settrace(recorder.call)
        try:
            strategy.targets(history)
        finally:
            sys.settrace(before)
    return recorder.steps


@dataclass(slots=True)
class _Recorder:
    files: Collection[str]
    eye: _Eye
    steps: list[_Step] = field(default_factory=list)
    _at: dict[int, int] = field(default_factory=dict)

    def call(self, frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401  a trace function
        """Follow the functions of the thesis alone."""
        if event != "call" or frame.f_code.co_filename not in self.files or self.eye.seen >= MOST_SEEN:
            return None
        caller = frame.f_back
        inside = caller is not None and caller.f_code.co_filename in self.files
        place = caller if inside and caller is not None else frame
        self._record(place.f_code.co_filename, place.f_lineno, frame)
        self._at[id(frame)] = frame.f_lineno
        return self.line

    def line(self, frame: FrameType, event: str, value: object) -> Any:  # noqa: ANN401
        """Look at the variables once a line is done."""
        if self.eye.seen >= MOST_SEEN:
            sys.settrace(None)
            return None
        if event == "exception":
            return self.line
        done = self._at.get(id(frame), frame.f_lineno)
        self._record(frame.f_code.co_filename, done, frame)
        if event == "return":
            mark = self.eye.see(value)
            if mark is not None:
                self.steps.append(_Step(frame.f_code.co_filename, done, {RETURNED: mark}))
            self._at.pop(id(frame), None)
        self._at[id(frame)] = frame.f_lineno
        return self.line

    def _record(self, path: str, line: int, frame: FrameType) -> None:
        marks = {
            name: mark for name, value in list(frame.f_locals.items()) if (mark := self.eye.see(value)) is not None
        }
        self.steps.append(_Step(path, line, marks))


@dataclass(slots=True)
class _Eye:
    """Looks at values of an evaluation on a history, of what lies along sessions up to a row, and counts them."""

    history: History
    cut: int
    seen: int = 0

    def see(self, value: object, depth: int = 0) -> _Mark | None:
        """Return what is compared of a value; None of one that cannot be."""
        self.seen += 1
        if isinstance(value, pd.DatetimeIndex):
            return self._frame(pd.Series(np.arange(len(value)), index=value))
        if isinstance(value, pd.DataFrame | pd.Series):
            return self._frame(value)
        if isinstance(value, np.ndarray):
            return self._array(value)
        if value is None or isinstance(value, bool | int | float | str | np.generic):
            return _Mark(repr(value).encode(), dated=False)
        if isinstance(value, dict | list | tuple) and depth < DEEPEST:
            return self._container(value, depth)
        return None

    @property
    def _rows(self) -> int:
        return len(self.history.bars.sessions)

    def _frame(self, value: pd.DataFrame | pd.Series[Any]) -> _Mark | None:
        index = value.index
        dated = True
        days = next((level for level in _levels(index) if isinstance(level, pd.DatetimeIndex)), None)
        if days is not None:
            last = pd.Timestamp(self.history.bars.sessions[self.cut])
            past = value[np.asarray(days.tz_localize(None) <= last)]
        elif len(value) == self._rows:
            past = value.iloc[: self.cut + 1]
        elif isinstance(value, pd.DataFrame) and len(value.columns) == self._rows:
            past = value.iloc[:, : self.cut + 1].T
        else:
            past, dated = value, False
        labels = past.columns if isinstance(past, pd.DataFrame) else pd.Index([past.name])
        return _Mark(_digest(past.to_numpy(), repr(list(labels[:50]))), dated)

    def _array(self, value: NDArray[Any]) -> _Mark | None:
        if value.ndim and value.shape[0] == self._rows:
            return _Mark(_digest(value[: self.cut + 1]), dated=True)
        if value.ndim > 1 and value.shape[1] == self._rows:
            return _Mark(_digest(value[:, : self.cut + 1].T), dated=True)
        return _Mark(_digest(value), dated=False)

    def _container(self, value: dict[Any, Any] | list[Any] | tuple[Any, ...], depth: int) -> _Mark | None:
        if len(value) > self._rows + 1_000:
            return None
        inside = list(value.values()) if isinstance(value, dict) else list(value)
        dated = len(inside) == self._rows
        marks = [self.see(one, depth + 1) for one in (inside[: self.cut + 1] if dated else inside)]
        digest = hashlib.blake2b(digest_size=16)
        if isinstance(value, dict):
            digest.update(repr(list(value)).encode())
        for mark in marks:
            digest.update(b"-" if mark is None else mark.digest)
        known = [mark for mark in marks if mark is not None]
        return _Mark(digest.digest(), dated or (bool(known) and all(mark.dated for mark in known)))


def _levels(index: pd.Index[Any]) -> list[pd.Index[Any]]:
    return [index.get_level_values(at) for at in range(index.nlevels)]


def _digest(values: NDArray[Any], labels: str = "") -> bytes:
    """Return 16 bytes over the first and the last rows of an array (`MOST_BYTES`); every NaN is the same."""
    row = max(values[:1].nbytes, 1)
    most = max(MOST_BYTES // row // 2, 1)
    last = np.concatenate((values[:most], values[-most:])) if values.ndim and len(values) > 2 * most else values
    digest = hashlib.blake2b(f"{values.shape} {labels}".encode(), digest_size=16)
    if last.dtype.kind == "f":
        last = np.where(np.isnan(last), np.nan, last)
    if last.dtype == object:
        digest.update(repr(last.tolist()).encode())
    else:
        digest.update(np.ascontiguousarray(last).tobytes())
    return digest.digest()
