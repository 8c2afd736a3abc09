"""What ends a command from outside, and the status with which it then leaves."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED: Final = 130
"""Exit status after Ctrl-C (SIGINT), as shells have it: 128 and the number of the signal."""

TERMINATED: Final = 143
"""Exit status after SIGTERM, as `kill`, schedulers and containers send it."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came: everything is put in order as after Ctrl-C."""


def heed_sigterm() -> None:
    """Let SIGTERM raise `Terminated` in the main thread, where it would end the process with nothing put in order."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)


def exit_status(stopped: KeyboardInterrupt) -> int:
    """Return the status of a command that was stopped."""
    return TERMINATED if isinstance(stopped, Terminated) else INTERRUPTED


def stopped_by(left: KeyboardInterrupt | SystemExit) -> KeyboardInterrupt | None:
    """Return the signal that ended a command; None where none did, or where the command answered it by itself.

    Typer takes a `KeyboardInterrupt` for an exit with 130, in silence.
    """
    if isinstance(left, KeyboardInterrupt):
        return left
    cause = left.__context__.__cause__ if left.__context__ is not None else None
    return cause if isinstance(cause, KeyboardInterrupt) else None


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise Terminated
