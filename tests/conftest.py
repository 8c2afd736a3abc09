"""What every test file may ask for."""

from __future__ import annotations

import difflib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from called import COLUMNS, called

if TYPE_CHECKING:
    from collections.abc import Callable

# A deadline is an assertion about time, and machines are noisy.
settings.register_profile("backfolio", deadline=None)
settings.load_profile("backfolio")

# A shell lets what it starts in the background ignore SIGINT, and so would every process that a test interrupts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite golden texts from what the code gives now, and run only the tests that have one",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has no golden text when they are rewritten."""
    if not config.getoption("--update-golden"):
        return
    kept = [item for item in items if {"golden", "update_golden"} & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real market data beside the project, or skip."""
    folder = ROOT.parent / "shared"
    if not (folder / "market").is_dir():
        pytest.skip("no ../shared beside the project: real bars and published vectors are not here to check against")
    return folder


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden texts are to be rewritten (`make golden`)."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def golden(root: Path, update_golden: bool) -> Callable[[str, str], None]:
    """Return ``golden(name, text)``: compare a text with ``tests/golden/<name>``, or rewrite that file."""

    def compare(name: str, text: str) -> None:
        path = root / "tests" / "golden" / name
        if update_golden:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        if not path.is_file():
            pytest.fail(f"tests/golden/{name} is not there: write it with `make golden` and read it")
        expected = path.read_text(encoding="utf-8")
        if text != expected:
            lines = difflib.unified_diff(
                expected.splitlines(), text.splitlines(), f"tests/golden/{name}", "now", lineterm="", n=1
            )
            shown = "\n".join(list(lines)[:60])
            pytest.fail(f"{shown}\n(if the change is meant: `make golden`, and say why in changelog.d/)")

    return compare


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a workspace with the shipped theses and facts."""
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(ROOT / "run_backtest.py", folder)
    for name in ("strategies", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("store", "__pycache__"))
    return folder


@pytest.fixture
def cli(workspace: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return ``cli(*words)``, which does in the workspace what ``python run_backtest.py`` does (see `called`)."""

    def call(*words: str, check: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = called(workspace, *words)
        if check is not None:
            assert done.returncode == check, done.stderr + done.stdout
        return done

    return call


@pytest.fixture
def process(workspace: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return ``process(*words)``, which starts ``python run_backtest.py`` in the workspace, as a person would."""

    def call(*words: str, check: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "run_backtest.py", *words],
            cwd=workspace,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**os.environ, "COLUMNS": COLUMNS, "PYTHONWARNINGS": "default"},
            check=False,
        )
        if check is not None:
            assert done.returncode == check, done.stderr + done.stdout
        return done

    return call
