"""The folder of a tune: what it is, and every finished trial, written as it finishes.

``tune.json`` names the tune and is written first. ``trials.jsonl`` has one line
a trial; ``equity.bin`` has its equity curve, int64 mills in little-endian
order, at row `number`. Amounts in a line are CNY. A curve is written before its line, and the line holds a
checksum of it, so that whatever is cut short is seen and evaluated again.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from backfolio.durable import locked, uninterrupted, write_whole
from backfolio.errors import UsageError
from backfolio.tune.trials import FIGURES, as_kept, in_cny

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from backfolio.tune.evaluate import Batch
    from backfolio.tune.space import Space

TUNE: Final = "tune.json"
TRIALS: Final = "trials.jsonl"
EQUITY: Final = "equity.bin"
LOCK: Final = ".lock"

MILLS: Final = np.dtype("<i8")

SYNC_SECONDS: Final = 1.0
"""Finished trials are on the disk itself, not only with the system, at least this often."""


@dataclass(slots=True)
class Columns:
    """Finished trials by number; grows as needed.

    Parameters
    ----------
    done
        bool (numbers,).
    places
        int64 (numbers,).
    figures
        float64, `trials.FIGURES` x numbers.
    errors
        Number to message.
    """

    done: NDArray[np.bool_]
    places: NDArray[np.int64]
    figures: NDArray[np.float64]
    errors: dict[int, str]

    @classmethod
    def empty(cls) -> Columns:
        """Return columns without a trial."""
        return cls(np.zeros(0, np.bool_), np.zeros(0, np.int64), np.zeros((len(FIGURES), 0)), {})

    def reserve(self, count: int) -> None:
        """Make room for the numbers below `count`."""
        more = count - len(self.done)
        if more > 0:
            more = max(more, len(self.done))
            self.done = np.concatenate([self.done, np.zeros(more, np.bool_)])
            self.places = np.concatenate([self.places, np.zeros(more, np.int64)])
            self.figures = np.concatenate([self.figures, np.full((len(FIGURES), more), np.nan)], axis=1)

    def put(self, numbers: NDArray[np.int64], batch: Batch) -> None:
        """Take in finished trials."""
        self.reserve(int(numbers.max(initial=-1)) + 1)
        self.places[numbers] = batch.places
        for at, name in enumerate(FIGURES):
            self.figures[at, numbers] = batch.figures[name]
        for number in numbers.tolist():
            self.errors.pop(number, None)
        self.errors.update({int(numbers[row]): text for row, text in batch.errors.items()})
        self.done[numbers] = True

    @property
    def count(self) -> int:
        """How many are finished."""
        return int(self.done.sum())

    @property
    def end(self) -> int:
        """The number after the highest finished one."""
        finished = np.flatnonzero(self.done)
        return int(finished[-1]) + 1 if finished.size else 0

    def numbers(self) -> NDArray[np.int64]:
        """Return the numbers of the finished trials, rising."""
        return np.flatnonzero(self.done).astype(np.int64)


class Log:
    """A tune's folder, open for writing by this process alone; a context manager.

    Parameters
    ----------
    folder
        Made where it is not there.
    head
        What ``tune.json`` holds; an existing file is kept.
    space
        Names the values of a trial.
    sessions
        Length of an equity curve.

    Raises
    ------
    UsageError
        On entering, if another process writes there, or the folder cannot be
        written.
    """

    def __init__(self, folder: Path, head: Mapping[str, Any], space: Space, sessions: int) -> None:
        self.folder = folder
        self.columns = Columns.empty()
        self.found = 0
        self._head = head
        self._space = space
        self._sessions = sessions
        self._lock: IO[str] | None = None
        self._lines: IO[bytes] | None = None
        self._curves: IO[bytes] | None = None
        self._synced = time.monotonic()

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = locked(self.folder / LOCK)
            if not (self.folder / TUNE).exists():
                self.describe(self._head)
            for name in (TRIALS, EQUITY):
                (self.folder / name).touch()
            self._lines = (self.folder / TRIALS).open("r+b")
            self._curves = (self.folder / EQUITY).open("r+b")
            self._read()
        except OSError as error:
            self._close()
            message = f"{self.folder} cannot be written ({error}): choose another folder with --reports"
            raise UsageError(message) from error
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.sync()
        finally:
            self._close()

    def describe(self, head: Mapping[str, Any]) -> None:
        """Let ``tune.json`` hold `head`, unless it does."""
        path = self.folder / TUNE
        text = (json.dumps(head, ensure_ascii=False, indent=2) + "\n").encode()
        if not path.exists() or path.read_bytes() != text:
            write_whole(path, text)

    def append(self, numbers: NDArray[np.int64], batch: Batch) -> None:
        """Write finished trials; Ctrl-C and SIGTERM wait until they are written."""
        if self._lines is None or self._curves is None or not len(numbers):
            return
        with uninterrupted():
            curves = np.ascontiguousarray(batch.equity, dtype=MILLS)
            lines = []
            for row, number in enumerate(numbers.tolist()):
                curve = curves[row].tobytes()
                self._curves.seek(number * len(curve))
                self._curves.write(curve)
                lines.append(self._line(number, row, batch, zlib.crc32(curve)))
            self._curves.flush()
            self._lines.write("".join(lines).encode())
            self._lines.flush()
            self.columns.put(numbers, batch)
        if time.monotonic() - self._synced > SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Make what was written durable: curves before the lines that speak of them."""
        for file in (self._curves, self._lines):
            if file is not None:
                file.flush()
                os.fsync(file.fileno())
        self._synced = time.monotonic()

    def _line(self, number: int, row: int, batch: Batch, checksum: int) -> str:
        place = int(batch.places[row])
        figures = {name: _json_number(name, float(batch.figures[name][row])) for name in FIGURES}
        line = {
            "number": number,
            "place": place,
            "values": self._space.values(place),
            "figures": figures,
            "error": batch.errors.get(row),
            "equity_crc32": checksum,
        }
        return json.dumps(line, ensure_ascii=False) + "\n"

    def _read(self) -> None:
        """Take in the trials that are whole, and cut off a last line that is not; a broken one before it is passed."""
        if self._lines is None or self._curves is None:
            return
        end = 0
        for line in self._lines:
            if line.endswith(b"\n"):
                end += len(line)
            trial = _parsed(line)
            if trial is not None:
                self._take(trial)
        self._lines.truncate(end)
        self._lines.seek(end)
        self.found = self.columns.count

    def _take(self, trial: Mapping[str, Any]) -> None:
        number = trial["number"]
        size = self._sessions * MILLS.itemsize
        if self._curves is None:
            return
        self._curves.seek(number * size)
        curve = self._curves.read(size)
        if len(curve) != size or zlib.crc32(curve) != trial["equity_crc32"]:
            return
        self.columns.reserve(number + 1)
        self.columns.done[number] = True
        self.columns.places[number] = trial["place"]
        figures = trial["figures"]
        self.columns.figures[:, number] = [
            np.nan if figures[name] is None else as_kept(name, figures[name]) for name in FIGURES
        ]
        if trial["error"] is not None:
            self.columns.errors[number] = trial["error"]

    def _close(self) -> None:
        for file in (self._lines, self._curves, self._lock):
            if file is not None:
                file.close()
        self._lines = self._curves = self._lock = None


def equity_rows(folder: Path, numbers: NDArray[np.int64], sessions: int) -> NDArray[np.int64]:
    """Return the equity curves of finished trials, (trials, sessions) int64 mills.

    They stay on the disk where the numbers leave none out.
    """
    if not len(numbers):
        return np.zeros((0, sessions), dtype=np.int64)
    count = int(numbers[-1]) + 1
    curves = np.memmap(folder / EQUITY, dtype=MILLS, mode="r", shape=(count, sessions))
    return curves if count == len(numbers) else np.asarray(curves[numbers])


def read_head(folder: Path) -> dict[str, Any]:
    """Read the ``tune.json`` of a folder.

    Raises
    ------
    UsageError
        If there is none, or it is not one of ours.
    """
    path = folder / TUNE
    try:
        head = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = f"{folder} is no folder of a tune, it has no {TUNE}: name the folder that the tune printed, or its id"
        raise UsageError(message) from None
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read ({error}): move the folder away, and run the tune again"
        raise UsageError(message) from error
    if not isinstance(head, dict) or not isinstance(head.get("identity"), dict):
        message = f"{path} is not what a tune writes: move the folder away, and run the tune again"
        raise UsageError(message)
    return head


def count_trials(folder: Path) -> int:
    """Return how many distinct trials a folder's log holds, while nobody or somebody writes there."""
    path = folder / TRIALS
    if not path.is_file():
        return 0
    with path.open("rb") as lines:
        return len({trial["number"] for trial in map(_parsed, lines) if trial is not None})


def _json_number(name: str, value: float) -> float | int | None:
    if not np.isfinite(value):
        return None
    shown: float = in_cny(name, value)
    return int(shown) if name in {"fills", "refusals"} else shown


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return a whole line of the log; None for what was cut short."""
    if not line.endswith(b"\n"):
        return None
    try:
        trial = json.loads(line)
        good = (trial["number"] >= 0 and trial["place"] >= 0 and set(trial["figures"]) >= set(FIGURES)) and {
            "error",
            "equity_crc32",
        } <= set(trial)
    except (ValueError, KeyError, TypeError):
        return None
    found: dict[str, Any] = trial
    return found if good else None
