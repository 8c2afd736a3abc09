"""What a thesis reads beside its history: files, the network, other programs; by Python's audit events (PEP 578)."""

from __future__ import annotations

import os
import sys
import sysconfig
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import FrameType

CODE: Final = (".py", ".pyc", ".so", ".pyd", ".dll", ".dylib", ".pth", ".egg-link", ".zip")
"""Ends of files that are code: importing reads them, and a run records the code."""

SYSTEM: Final = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/share/zoneinfo/")
OUTSIDE: Final = {
    "socket.connect": "the network",
    "socket.getaddrinfo": "the network",
    "subprocess.Popen": "another program",
    "os.system": "another program",
    "os.posix_spawn": "another program",
    "sqlite3.connect": "a database",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing read, and the line of the thesis that read it (0 = not seen)."""

    what: str
    file: str
    line: int


@dataclass(slots=True)
class _Watch:
    files: Collection[str]
    found: dict[Reading, None] = field(default_factory=dict)


_watches: list[_Watch] = []
_installed: list[bool] = []


@contextmanager
def watched(files: Collection[str]) -> Iterator[list[Reading]]:
    """Record on leaving what was read meanwhile by code of these files, or by what they call.

    Parameters
    ----------
    files
        Paths of the thesis and of its modules, as code objects name them.
    """
    if not _installed:
        # a hook cannot be taken away again: one for all, which does nothing while nobody watches
        sys.addaudithook(_hook)
        _installed.append(True)
    watch, readings = _Watch(files), list[Reading]()
    _watches.append(watch)
    try:
        yield readings
    finally:
        _watches.remove(watch)
        readings.extend(watch.found)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watches:
        return
    what = _file_read(arguments) if event == "open" else OUTSIDE.get(event, "")
    if not what:
        return
    watch = _watches[-1]
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  the only way to see who asked
    while frame is not None:
        name = frame.f_code.co_filename
        if name in watch.files:
            watch.found.setdefault(Reading(what, name, frame.f_lineno))
            return
        if name.startswith("<frozen importlib"):  # an import reads code, and packages read what belongs to them
            return
        frame = frame.f_back


def _file_read(arguments: tuple[Any, ...]) -> str:
    """Return the path of a file that is opened to be read; "" for code, the system's files, and writing."""
    path, mode, flags = (*arguments, None, None, None)[:3]
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, str) or path.endswith(CODE) or path.startswith(SYSTEM):
        return ""
    writing = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR) == os.O_WRONLY
    if writing or (isinstance(mode, str) and mode[:1] in {"w", "a", "x"} and "+" not in mode):
        return ""
    full = os.path.realpath(path)
    return "" if any(full.startswith(folder) for folder in _packages()) else path


def _packages() -> tuple[str, ...]:
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return tuple(f"{Path(folder).resolve()}{os.sep}" for folder in folders if folder)
