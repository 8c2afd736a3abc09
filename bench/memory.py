"""How much memory a process takes, and a process with all that it starts."""

from __future__ import annotations

import resource
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

MEGABYTE: Final = 1024**2
PROCESSES: Final = Path("/proc")
PAUSE: Final = 0.05
"""Seconds from one look to the next."""


def forget_peak() -> None:
    """Let `peak` count from now on, where the system can."""
    try:
        (PROCESSES / "self" / "clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak() -> float:
    """Return the most memory this process took since `forget_peak` (else ever), MB."""
    try:
        lines = (PROCESSES / "self" / "status").read_text(encoding="utf-8").splitlines()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEGABYTE
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


class Watch:
    """Looks, again and again, at how much a process and all that it started take together.

    Memory that several of them share counts once. `most` is in MB, `processes`
    how many there were at most; `most` stays None where the system tells nothing.
    """

    def __init__(self, process: int) -> None:
        self.most: float | None = None
        self.processes = 0
        self._process = process
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            family = _family(self._process)
            taken = [size for process in family if (size := _share(process)) is not None]
            if taken:
                self.most = max(self.most or 0.0, sum(taken))
                self.processes = max(self.processes, len(taken))
            time.sleep(PAUSE)


def _family(process: int) -> list[int]:
    """Return a process and all that it, and they, started."""
    found = [process]
    for parent in found:
        for children in (PROCESSES / str(parent) / "task").glob("*/children"):
            try:
                found.extend(map(int, children.read_text(encoding="ascii").split()))
            except OSError:
                continue
    return found


def _share(process: int) -> float | None:
    """Return a process's share of the memory it uses, MB: of what n processes use together, an n-th."""
    try:
        lines = (PROCESSES / str(process) / "smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), None)
