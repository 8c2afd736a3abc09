"""The house around the code: files, licence, make, and what must never be committed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "backfolio"

FORBIDDEN = tuple("".join(parts) for parts in (
    ("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/"), (":\\Us", "ers"), ("python", "hosted"),
    ("index", "-url"), ("index", "_url"), ("py", "pi."),
))  # fmt: skip
"""Paths of one machine and addresses of one package index; written in parts, for this file is searched too."""

KINDS = {"added", "changed", "fixed", "rule", "removed"}

LARGEST = 1_000_000
"""Bytes of a committed file."""

pytest_make = pytest.mark.skipif(shutil.which("make") is None, reason="no make here: its targets cannot be tried")


@cache
def repository() -> tuple[Path, ...]:
    """Return the files that are, or would be, committed."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("no git checkout here: what is committed cannot be told")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout  # fmt: skip
    return tuple(path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file())


@cache
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_path_of_a_machine_and_no_package_index_is_named() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in repository()
        for word in FORBIDDEN
        if word in text_of(path)
    ]  # fmt: skip
    assert found == []


def test_no_prices_and_nothing_huge_is_committed() -> None:
    names = {path.relative_to(ROOT).as_posix(): path for path in repository()}
    assert [name for name in names if name.endswith((".parquet", ".duckdb", ".feather", ".xlsx", ".h5"))] == []
    priced = re.compile(r"\bopen,high,low,close\b")
    tables = {name: path for name, path in names.items() if name.endswith(".csv")}
    assert tables
    assert [name for name, path in tables.items() if priced.search(text_of(path).partition("\n")[0])] == []
    assert [name for name, path in names.items() if path.stat().st_size > LARGEST] == []
    assert [name for name in names if name.startswith(("reports/", "data/store/"))] == []


@pytest.mark.parametrize("folder", ["data", "strategies", "tests"])
def test_a_folder_of_the_workspace_is_no_package(folder: str) -> None:
    assert (ROOT / folder).is_dir()
    assert list((ROOT / folder).rglob("__init__.py")) == []


@pytest.mark.parametrize("name", sorted(
    path.stem for path in PACKAGE.iterdir()
    if path.name not in {"__init__.py", "__pycache__", "testing", "__main__.py"}
    and (path.suffix == ".py" or (path / "__init__.py").is_file())
))  # fmt: skip
def test_every_module_has_its_test_file(name: str) -> None:
    assert list((ROOT / "tests").glob(f"test_{name}.py")) or list((ROOT / "tests").glob(f"test_{name}_*.py"))


def test_the_licence_is_the_gpl_3_in_full() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert " ".join(licence.split()).startswith("GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007 Copyright")
    assert licence.count("\n") > 600
    assert "END OF TERMS AND CONDITIONS" in licence
    table = project()["project"]
    assert isinstance(table, dict)
    assert table["license"] == "GPL-3.0-or-later"


def test_the_starter_says_what_to_do_where_nothing_is_installed() -> None:
    assert len((ROOT / "run_backtest.py").read_text(encoding="utf-8").splitlines()) < 20
    done = subprocess.run(
        [sys.executable, "-I", "-S", "run_backtest.py", "list"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(r"\w+ is not installed for \S+: run `make install` .+\n", done.stderr)


def test_fragments_of_the_changelog_are_named_by_their_rule() -> None:
    names = [path.name for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    assert [name for name in names if not re.fullmatch(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md", name)] == []
    told = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "changelog.d" / "README.md").read_text("utf-8"), re.MULTILINE))
    assert told == KINDS


@pytest.mark.parametrize(
    "page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ".ci/run", "changelog.d/README.md"]
)
def test_every_make_target_named_exists(page: str) -> None:
    named = set(re.findall(r"(?<=\bmake )[a-z]+", "\n".join(
        line for line in (ROOT / page).read_text(encoding="utf-8").splitlines()
        if re.search(r"`make |^\s*make |\"\s?make |make [a-z]+$", line)
    )))  # fmt: skip
    targets = set(re.findall(r"^([a-z]+):", makefile(), re.MULTILINE))
    assert named <= targets


def test_targets_of_the_makefile_are_phony_and_explained() -> None:
    targets = re.findall(r"^([a-z]+):", makefile(), re.MULTILINE)
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile(), re.MULTILINE)
    explained = re.findall(r"^([a-z]+):.*## \w", makefile(), re.MULTILINE)
    assert sorted(targets) == sorted(phony.split()) == sorted(explained)
    assert {"demo", "test", "check", "bench", "golden", "docs", "slow", "clean"} <= set(targets)


def test_dependency_groups_of_the_makefile_exist() -> None:
    groups = project()["dependency-groups"]
    assert isinstance(groups, dict)
    assert set(re.findall(r"--group (\w+)", makefile())) <= set(groups)


def make(*words: str) -> tuple[int, str]:
    """Call make as from a shell, even where make started these tests; return its status and what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest_make
def test_an_old_python_is_refused_in_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1\n', encoding="utf-8")
    old.chmod(0o755)
    status, printed = make("demo", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert status != 0
    assert printed == (
        f"{old} is Python 3.9.2, and backfolio needs 3.11 or newer: name one, as in 'make demo PYTHON=python3.12'\n"
    )


@pytest_make
def test_a_missing_python_is_told_in_one_sentence(tmp_path: Path) -> None:
    status, printed = make("test", "PYTHON=python-that-is-nowhere", f"VENV={tmp_path / 'venv'}")
    assert status != 0
    assert printed.startswith("python-that-is-nowhere is not here: install Python 3.11 or newer, or name one")


def test_the_ci_run_is_a_program_that_calls_everything() -> None:
    path = ROOT / ".ci" / "run"
    assert os.access(path, os.X_OK)
    text = path.read_text(encoding="utf-8")
    assert [target for target in ("check", "test", "slow") if f"make {target}" not in text] == []
    subprocess.run(["bash", "-n", str(path)], check=True)
