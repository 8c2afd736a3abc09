"""The command line: ``run_backtest.py`` and the installed command ``backfolio``."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import traceback
from pathlib import Path

from backfolio.cli import console
from backfolio.cli.stop import exit_status, heed_sigterm, stopped_by
from backfolio.errors import BackfolioError, program


def main(workspace: Path | None = None) -> None:
    """Run the command line and leave the process.

    The status is 0 where it did what was asked, 1 where the answer is no, 2
    after wrong use, 130 after Ctrl-C and 143 after SIGTERM.

    Parameters
    ----------
    workspace
        Folder of ``run_backtest.py``; None = the current folder, for the
        installed command.
    """
    debug = "--debug" in sys.argv
    # Nothing here is garbage until the process ends; looking for it costs a quarter of a short run.
    gc.disable()
    atexit.register(gc.freeze)
    heed_sigterm()
    try:
        from backfolio.cli.app import app  # noqa: PLC0415  typer: only when the command runs
        from backfolio.cli.workspace import Workspace  # noqa: PLC0415

        app(obj=Workspace(Path.cwd() if workspace is None else workspace, program()))
    except BackfolioError as error:
        if debug:
            traceback.print_exc()
        console.err(f"Error: {error}")
        sys.exit(error.exit_status)
    except (KeyboardInterrupt, SystemExit) as left:
        stopped = stopped_by(left)
        if stopped is None:
            raise
        console.err("Interrupted: no report was left half-written; the same command starts anew.")
        sys.exit(exit_status(stopped))
    except BrokenPipeError:
        # The reader went away (``| head``); Python would complain once more while closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
