"""The command line called in this process: what ``python run_backtest.py ...`` does, without starting Python anew.

Arguments, current folder, streams and status are those of a command; a warning
is an error, as in every test. What only a process shows (what it imports, how
it takes a signal, a closed pipe, the bytes that it prints) is tested in processes.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import signal
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING

from backfolio.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

COLUMNS = "100"
"""How wide the terminal says it is, here and in the processes that tests start."""


@contextlib.contextmanager
def at_a_prompt(folder: Path, words: Sequence[str]) -> Iterator[None]:
    """Be a process that was started in `folder` with `words`; put everything back afterwards."""
    arguments, collects, columns = sys.argv, gc.isenabled(), os.environ.get("COLUMNS")
    heeded = signal.getsignal(signal.SIGTERM)
    sys.argv, os.environ["COLUMNS"] = ["run_backtest.py", *words], COLUMNS
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        sys.argv = arguments
        if columns is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = columns
        signal.signal(signal.SIGTERM, heeded)
        atexit.unregister(gc.freeze)
        gc.unfreeze()
        if collects:
            gc.enable()


def called(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a workspace and return what it printed and its status."""
    status: object = 0
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
        at_a_prompt(folder, words),
    ):
        try:
            main(folder)
        except SystemExit as end:
            status = end.code
        except Exception:  # noqa: BLE001  as Python leaves with what nobody caught
            traceback.print_exc()
            status = 1
    left = status if isinstance(status, int) else int(status is not None)
    return subprocess.CompletedProcess(words, left, out.getvalue(), err.getvalue())
