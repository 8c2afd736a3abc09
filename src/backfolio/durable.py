"""Files that one process writes at a time, and that are whole however it ends."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from backfolio.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place at once, durable: a reader sees all of it or none."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back until the block is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    if came:
        signal.raise_signal(came[0])


def locked(path: Path) -> IO[str]:
    """Open a file and lock it; the system lets go of the lock when the process ends, however it ends.

    Raises
    ------
    UsageError
        If another process holds it.
    """
    file = path.open("a+", encoding="ascii")
    try:
        _lock(file)
    except OSError:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        who = f"process {holder}" if holder.isdigit() else "another process"
        message = f"{who} is writing to {path.parent}: wait for it, or end it, then run this again"
        raise UsageError(message) from None
    file.seek(0)
    file.truncate()
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


if sys.platform == "win32":

    def _lock(file: IO[str]) -> None:
        import msvcrt  # noqa: PLC0415

        file.seek(1_000)  # a locked byte cannot be read: leave those of the number alone
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:

    def _lock(file: IO[str]) -> None:
        import fcntl  # noqa: PLC0415

        # Of the process, not of the open file: forked children that outlive a killed parent do not hold it.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
