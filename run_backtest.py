"""Run backfolio from its workspace: ``python run_backtest.py run domestic_compute``."""

import sys
from pathlib import Path

if __name__ == "__main__":
    try:
        from backfolio.cli import main
    except ModuleNotFoundError as error:
        sys.exit(
            f"{error.name} is not installed for {sys.executable}: run `make install` here once and call "
            ".venv/bin/python run_backtest.py, or install with `pip install -e .`"
        )
    main(Path(__file__).resolve().parent)
