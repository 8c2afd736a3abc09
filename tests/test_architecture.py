"""ARCHITECTURE.md says what the tree is, and the tree is what it says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "backfolio"
MOST_LINES = 400

HEAVY = {
    "akshare": {"source"},
    "backtrader": {"replay"},
    "distributed": {"tune"},
    "numba": {"sweep"},
    "optuna": {"tune"},
    "quantstats": {"report"},
}
"""Package to the rungs that may import it."""

WORDS = """
thesis, catalyst, universe, session, bar, signal, target weight, order, fill, refusal, position, ledger, trial, sweep,
walk-forward, benchmark, tear sheet, event study, placebo
"""


@cache
def page() -> str:
    return (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def modules(folder: Path) -> list[Path]:
    """Return the modules and packages that lie in a folder, by name."""
    inside = [path for path in folder.iterdir() if path.suffix == ".py" and path.name != "__init__.py"]
    inside += [path for path in folder.iterdir() if (path / "__init__.py").is_file()]
    return sorted(inside)


def shown(path: Path) -> str:
    return path.name if path.suffix else f"{path.name}/"


def table_of_modules() -> dict[str, str]:
    """Return the rows of 'Where is what', by name."""
    section = page().split("## Where is what")[1].split("## ")[0]
    return dict(re.findall(r"^\| `([\w./]+)` \| (.+) \|$", section, re.MULTILINE))


def test_every_module_has_its_line_and_no_line_is_left_over() -> None:
    assert set(table_of_modules()) == {shown(path) for path in modules(PACKAGE)}


@pytest.mark.parametrize("package", [path.name for path in modules(PACKAGE) if path.is_dir()])
def test_the_line_of_a_package_names_all_that_is_in_it(package: str) -> None:
    told = {name for name in re.findall(r"`([\w./]+)`", table_of_modules()[f"{package}/"]) if not name[0].isupper()}
    told = {name for name in told if name.endswith((".py", "/")) and name != "templates/"}
    assert told == {shown(path) for path in modules(PACKAGE / package)}


def paths_named() -> list[str]:
    code = re.findall(r"`([^`\n]+)`", page()) + re.findall(r"\]\(([^)]+)\)", page())
    return sorted({word for word in code if re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?|[\w-]+\.(py|md|toml)", word)})


def test_every_path_named_exists() -> None:
    ignored = {line.strip() for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()}
    inside = {path.name for path in PACKAGE.rglob("*.py")}
    named = paths_named()
    missing = [
        word for word in named if not (ROOT / word).exists() and word not in ignored and word.strip("/") not in inside
    ]
    assert len(named) > 30
    assert missing == []


def test_the_ladder_is_the_one_import_linter_holds() -> None:
    block = page().split("<!-- ladder -->")[1].split("```")[1]
    printed = [{name.strip() for name in rung.split(",")} for rung in block.split("<")]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    assert printed == [{name.strip(" ()") for name in re.split(r"[|:]", layer)} for layer in reversed(layers)]


def test_the_ladder_names_every_module() -> None:
    block = page().split("<!-- ladder -->")[1].split("```")[1]
    printed = set(re.findall(r"\w+", block))
    assert printed - {"__main__"} == {path.stem for path in modules(PACKAGE)} - {"testing", "__main__"}


def test_every_word_is_in_the_glossary_once() -> None:
    section = page().split("## Words")[1].split("## ")[0]
    assert re.findall(r"^\| ([a-z -]+) \|", section, re.MULTILINE)[1:] == re.split(r",\s+", WORDS.strip())


def test_every_trap_names_a_test_that_exists() -> None:
    section = page().split("## Traps of backtrader")[1].split("## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 7
    for row in rows:
        tests = re.findall(r"`(tests/\w+\.py)::(\w+)`", row)
        assert tests, row
        for path, name in tests:
            assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), name


def python_files() -> Iterator[Path]:
    for folder in ("src", "strategies", "bench", "docs"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def test_no_module_is_long() -> None:
    lengths = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in python_files()}
    assert len(lengths) > 50
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def imports(path: Path) -> Iterator[str]:
    """Yield the top-level package of every import of a file, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in {
            "import_module",
            "__import__",
        }:
            yield from (str(given.value).partition(".")[0] for given in node.args if isinstance(given, ast.Constant))


@pytest.mark.parametrize("package", HEAVY)
def test_a_heavy_package_is_imported_in_its_place_only(package: str) -> None:
    found = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py") if package in imports(path)}
    assert found <= HEAVY[package]
    assert found or package == "akshare"


def test_nothing_imports_the_testing_package() -> None:
    others = [path for path in python_files() if "testing" not in path.parts]
    assert [path.name for path in others if "backfolio.testing" in path.read_text(encoding="utf-8")] == []


def test_help_loads_no_heavy_package() -> None:
    script = (
        "import sys\n"
        "sys.argv = ['backfolio', '--help']\n"
        "from backfolio.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        f"print(sorted(set({sorted(HEAVY)}) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "Usage" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
