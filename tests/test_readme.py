"""The README's thesis is the shipped one, its commands run, and they print what it shows.

`make docs` (``--update-golden``) writes what they print into the README.
"""

from __future__ import annotations

import ast
import difflib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"<!-- (run|printed|file: [\w.]+) -->\n```\w+\n(.*?)```", re.DOTALL)
RUN_ID = re.compile(r"_[0-9a-f]{12}/")


class Block(NamedTuple):
    kind: str
    text: str
    start: int
    """Of the text, in the README."""


def blocks() -> list[Block]:
    found = BLOCK.finditer(README.read_text(encoding="utf-8"))
    return [Block(match[1], match[2], match.start(2)) for match in found]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what a user starts with."""
    folder = tmp_path_factory.mktemp("workspace")
    for name in ("strategies", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "store"))
    shutil.copy(ROOT / "run_backtest.py", folder)
    return folder


def run(command: str, workspace: Path) -> str:
    """Run a line as a reader would, in a shell where `python` is this one; return what it prints."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        ["bash", "-c", command], cwd=workspace, env={**os.environ, "PATH": path}, capture_output=True, check=False
    )
    printed, errors = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == 0, f"{command}\n{printed}{errors}"
    assert not errors, f"{command}\n{errors}"
    lines = [line.rstrip() for line in printed.replace(f"{workspace}{os.sep}", "").splitlines()]
    return "\n".join(lines).strip("\n") + "\n"


def comparable(text: str) -> str:
    """Return a printed text without run ids: they cover package versions."""
    return RUN_ID.sub("_…/", text)


def test_every_command_runs_and_prints_what_is_shown(workspace: Path, update_golden: bool) -> None:
    printed: list[str] = []
    commands = 0
    changes: list[tuple[Block, str]] = []
    for block in blocks():
        if block.kind == "run":
            printed = [run(line, workspace) for line in block.text.splitlines()]
            commands += len(printed)
        elif block.kind == "printed":
            if comparable(printed[-1]) != comparable(block.text):
                changes.append((block, printed[-1]))
        else:
            (workspace / block.kind.removeprefix("file: ")).write_text(block.text, encoding="utf-8")
    assert commands >= 8
    if update_golden:
        text = README.read_text(encoding="utf-8")
        for block, now in reversed(changes):
            text = text[: block.start] + now + text[block.start + len(block.text) :]
        README.write_text(text, encoding="utf-8", newline="\n")
    else:
        lines = [
            line
            for block, now in changes
            for line in difflib.unified_diff(
                block.text.splitlines(), now.splitlines(), "README.md", "printed now", "", "", 0, ""
            )
        ]
        assert lines == [], "\n".join(["if the change is meant, `make docs`:", *lines])


def test_the_settings_file_shown_is_read(workspace: Path) -> None:
    (block,) = [block for block in blocks() if block.kind == "file: backfolio.toml"]
    (workspace / "backfolio.toml").write_text(block.text, encoding="utf-8")
    shown = run("python run_backtest.py show-config", workspace)
    (workspace / "backfolio.toml").unlink()
    assert re.search(r"^ ?slippage +5 +backfolio.toml$", shown, re.MULTILINE)
    assert re.search(r"^ ?params.domestic_compute.hold +30 +backfolio.toml$", shown, re.MULTILINE)


def code_of(text: str) -> str:
    """Return a thesis as its code and the first paragraph of its docstring."""
    tree = ast.parse(text)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            assert isinstance(first.value, ast.Constant)
            first.value.value = str(first.value.value).split("\n\n")[0].strip()
    return ast.unparse(tree)


def test_the_thesis_shown_is_the_one_that_runs() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert code_of(shown) == code_of((ROOT / "strategies" / "domestic_compute.py").read_text(encoding="utf-8"))


def test_the_first_command_is_the_demo_of_the_makefile() -> None:
    command = blocks()[0].text.strip().removeprefix("python run_backtest.py ")
    assert f"$(RUN) {command}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_links_and_pictures_of_the_pages_exist() -> None:
    for page in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "changelog.d/README.md"):
        path = ROOT / page
        targets = re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))
        assert [
            target for target in targets if "://" not in target and not (path.parent / target).exists()
        ] == [], page  # fmt: skip
